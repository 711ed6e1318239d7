//! A stream that broke in the middle goes on elsewhere: the request for the rest, and its way.
//!
//! How the rest is joined to what the client has heard is `protocol::continuation`'s to know. A stream is continued only where its
//! caller or the configuration allows it, and not more often than the bound says.

use std::pin::Pin;
use std::sync::Arc;

use paceway_domain::{Failure, Tokens};
use paceway_protocol::continuation::Heard;
use paceway_protocol::framing::Framing;
use paceway_upstream::Answer as Response;

use crate::admission::Progress;
use crate::ask::Ask;
use crate::bill::Bill;
use crate::journey::{Journey, Sent};
use crate::target::Plan;
use crate::upstream_error::ErrorAnswer;
use crate::{Gateway, attempts, crossing};

/// How often one stream is continued at most.
const MOST_TIMES: u32 = 3;

/// What a stream needs to go on elsewhere.
pub(crate) struct Continuation {
    gateway: Arc<Gateway>,
    ask: Ask,
    journey: Journey,
    times_left: u32,
}

/// A stream that is being continued.
pub(crate) type Going = Pin<Box<dyn Future<Output = Resumed> + Send>>;

/// What came of it.
pub(crate) struct Resumed {
    pub(crate) bill: Bill,
    /// The likely input of the part that broke off.
    pub(crate) expected_input: Tokens,
    /// The answer that goes on and how it comes, and what is needed should it break too; or why there is none.
    pub(crate) outcome: Result<(Plan, Response, Framing, Continuation), String>,
}

impl Continuation {
    pub(crate) fn new(gateway: &Arc<Gateway>, ask: Ask, journey: Journey) -> Self {
        Self { gateway: Arc::clone(gateway), ask, journey, times_left: MOST_TIMES }
    }

    /// Whether what was heard can be gone on from by another target that is well and free.
    pub(crate) fn may_ask(&self, heard: &Heard) -> bool {
        // The one that serves is the last.
        let place = self.journey.legs.len() - 1;
        self.times_left > 0
            && crossing::can_go_on(&self.ask, heard).is_ok()
            && self.journey.has_free_other(&self.gateway, place)
    }

    /// Whether what was heard can be gone on from; if so, how.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn asks(&mut self, heard: &Heard) -> Result<(), String> {
        if self.times_left == 0 {
            return Err(format!("it has been continued {MOST_TIMES} times already"));
        }
        crossing::can_go_on(&self.ask, heard)?;
        self.times_left -= 1;
        self.ask.go_on_from(heard);
        self.journey.sets_out_again();
        Ok(())
    }

    /// Goes on with the request that [`Self::asks`] has made.
    pub(crate) fn go(self, mut bill: Bill) -> Going {
        Box::pin(async move {
            let Self { gateway, ask, journey, times_left } = self;
            let expected_input = bill.expected_input();
            let progress = Progress::default();
            let sent = attempts::send(&gateway, &ask, journey, None, &progress, &mut bill).await;
            let outcome = match sent {
                Err(refusal) => Err(refusal.to_string()),
                Ok(Sent { plan, answer, rest, .. }) => match framing_of(&answer) {
                    Some(framing) => {
                        let next = Self { gateway, ask, journey: rest, times_left };
                        Ok((plan, answer, framing, next))
                    }
                    None => Err(ErrorAnswer::read(answer).await.told(plan.dialect)),
                },
            };
            Resumed { bill, expected_input, outcome }
        })
    }
}

fn framing_of(answer: &Response) -> Option<Framing> {
    let kind = answer.headers.get(http::header::CONTENT_TYPE)?.to_str().ok()?;
    Framing::of(kind).filter(|_| answer.status.is_success())
}

/// In words, for whoever is told that a stream broke and could not be continued.
pub(crate) fn told(failure: &Failure, why_not: Option<&str>) -> String {
    match why_not {
        None => failure.to_string(),
        Some(why) => format!("{failure}; it could not be continued elsewhere: {why}"),
    }
}

//! Who asks: an SDK with its own retries, or a client that leaves them to Paceway.

use std::net::SocketAddr;
use std::time::Duration;

use fastrand::Rng;
use tokio::time::{Instant, sleep, timeout_at};

use crate::retries;
use crate::upstream::Dialect;
use crate::wire::{self, Answer};

/// What a client waits for the end of an answer at most, with all retries. Paceway is told, and may take a second more to
/// say that it has none.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(1);
/// How long nothing may come, at an SDK and at Paceway alike: an SDK's `timeout` bounds each read, not the whole.
pub(crate) const SILENCE: Duration = Duration::from_secs(2);
/// At Paceway, what comes at fewer bytes a second for so long is too slow; an SDK has no such bound.
pub(crate) const LOW_SPEED: u32 = 5_000;
pub(crate) const DRIPPING: Duration = Duration::from_secs(1);
/// `max_retries` of the official SDKs, if nobody sets it (anthropic 2.12 and openai 3.54, Python, `_constants.py`).
const SDK_RETRIES: u32 = 2;

/// Where requests go, and how.
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
    /// Whether who asks has an SDK's retries.
    pub(crate) is_sdk: bool,
}

/// A request and how it is sent.
pub(crate) struct Request {
    address: SocketAddr,
    dialect: Dialect,
    is_streamed: bool,
    is_sdk: bool,
    bytes: Vec<u8>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Answered from the beginning to the end.
    Answered,
    /// A stream whose answer had begun, and then did not come to its end.
    BrokeMidway,
    /// No answer: the status that was last seen, 0 if there was none.
    Failed(u16),
}

impl Request {
    /// A short question to this model, as an SDK sends it; one number more is another question.
    pub(crate) fn new(door: &Door, dialect: Dialect, model: &str, is_streamed: bool, number: u64) -> Self {
        let &Door { address, ref key, is_sdk } = door;
        let (path, bound, version) = match dialect {
            Dialect::Anthropic => ("/v1/messages", "max_tokens", "anthropic-version: 2023-06-01\r\n"),
            Dialect::OpenAi => ("/v1/chat/completions", "max_completion_tokens", ""),
        };
        let body = format!(
            r#"{{"model":"{model}","{bound}":1024,"stream":{is_streamed},"messages":[{{"role":"user","content":"Why do queues form? Give reason {number}."}}]}}"#
        );
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\ncontent-type: application/json\r\n{version}\
             authorization: Bearer {key}\r\nx-paceway-timeout: {}\r\ncontent-length: {}\r\n\r\n",
            PATIENCE.as_secs(),
            body.len()
        );
        Self { address, dialect, is_streamed, is_sdk, bytes: (head + &body).into_bytes() }
    }

    /// Asks, again if it is an SDK and its rules say so, until `due` and the patience are over.
    pub(crate) async fn ask(&self, due: Instant, dice: &mut Rng) -> End {
        let (patience, grace) =
            if self.is_sdk { (SILENCE, Duration::ZERO) } else { (PATIENCE + GRACE, GRACE) };
        let deadline = due + PATIENCE + grace;
        let mut retries = 0;
        loop {
            let mut answer = Answer::default();
            let receiving = wire::receive(self.address, &self.bytes, self.is_streamed, patience, &mut answer);
            let received = timeout_at(deadline, receiving).await;
            let is_whole = matches!(received, Ok(Ok(())));
            let end = self.judge(&answer, is_whole);
            if !self.is_sdk || retries == SDK_RETRIES || received.is_err() {
                return end;
            }
            let Some(pause) = self.pause(&answer, is_whole, retries, dice.f64()) else { return end };
            if timeout_at(deadline, sleep(Duration::from_secs_f64(pause))).await.is_err() {
                return end;
            }
            retries += 1;
        }
    }

    /// Seconds until an SDK asks again, if it does. It hands a stream out when its head has come, and reads an answer that
    /// is not streamed to its end before (`_base_client.py`, `request`): what breaks later it does not see.
    fn pause(&self, answer: &Answer, is_whole: bool, retries: u32, chance: f64) -> Option<f64> {
        let is_handed_out = answer.status == 200 && (self.is_streamed || is_whole);
        if is_handed_out {
            return None;
        }
        retries::pause(is_whole.then_some(answer), self.dialect, retries, chance)
    }

    fn judge(&self, answer: &Answer, is_whole: bool) -> End {
        let is_answer = self.is_streamed || serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok();
        if is_whole && is_answer && answer.is_success(self.is_streamed) {
            End::Answered
        } else if self.is_streamed && answer.status == 200 && answer.first.is_some() {
            End::BrokeMidway
        } else {
            End::Failed(answer.status)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(is_streamed: bool) -> Request {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let door = Door { address, key: "k".into(), is_sdk: true };
        Request::new(&door, Dialect::Anthropic, "m", is_streamed, 1)
    }

    fn answer(status: u16, body: &str) -> Answer {
        let first = (!body.is_empty()).then(Instant::now);
        Answer { status, first, body: body.into(), ..Answer::default() }
    }

    #[test]
    fn an_answer_counts_if_it_is_whole_and_what_was_asked_for() {
        let judge = |is_streamed: bool, status, body, is_whole| {
            request(is_streamed).judge(&answer(status, body), is_whole)
        };
        assert_eq!(judge(false, 200, "{}", true), End::Answered);
        assert_eq!(judge(false, 200, "{", false), End::Failed(200));
        assert_eq!(judge(false, 200, "<!DOCTYPE html>", true), End::Failed(200));
        assert_eq!(judge(false, 529, "{}", true), End::Failed(529));
        assert_eq!(judge(true, 200, "message_start message_stop", true), End::Answered);
        assert_eq!(judge(true, 200, "message_start event: error", true), End::BrokeMidway);
        assert_eq!(judge(true, 200, "message_start", false), End::BrokeMidway);
        assert_eq!(judge(true, 200, "", false), End::Failed(200));
        assert_eq!(judge(true, 0, "", false), End::Failed(0));
    }

    #[test]
    fn an_sdk_asks_again_for_what_failed_before_it_handed_it_out() {
        let is_asked_again = |is_streamed: bool, status, is_whole| {
            request(is_streamed).pause(&answer(status, "{}"), is_whole, 0, 0.0).is_some()
        };
        assert!(is_asked_again(false, 0, false) && is_asked_again(true, 0, false));
        assert!(is_asked_again(false, 200, false), "cut off while it was read");
        assert!(!is_asked_again(true, 200, false), "a stream that is handed out is the caller's");
        assert!(!is_asked_again(false, 200, true) && !is_asked_again(false, 400, true));
        assert!(is_asked_again(false, 500, true) && is_asked_again(true, 529, true));
    }
}

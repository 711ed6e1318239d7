//! Streams of `response.…` events: the eye on one that passes through, and what its reader and writer share.
//!
//! Source: `types/responses/response_*_event.py` of the openai SDK, and how its stream helpers put events together
//! (`lib/streaming/responses/_responses.py`, `src/lib/responses/ResponseStream.ts`).

mod calls;
mod events;
mod incoming;
mod items;
mod message;
mod reader;
mod thoughts;
mod whole;
mod writer;

use memchr::memmem::Finder;
use paceway_domain::Dialect;
use serde::Deserialize;

use super::errors;
use super::usage::WireSold;
use crate::finish::Finish;
use crate::formats::{Edit, Ending, Seen, StreamWatch, text_bytes_after};
use crate::neutral::ErrorReport;
use crate::sse::Event;

pub(super) use reader::Reader;
pub(super) use writer::Writer;

/// Reads usage and ending on the way; changes nothing.
pub(super) struct Watch {
    seen: Seen,
    /// What a piece of generated text begins with; made ready once.
    delta: Finder<'static>,
    /// The response's id, as its first event says.
    id: Option<String>,
}

impl Default for Watch {
    fn default() -> Self {
        Self { seen: Seen::default(), delta: Finder::new("\"delta\":\""), id: None }
    }
}

impl StreamWatch for Watch {
    fn event(&mut self, event: Event<'_>) -> Edit {
        let Some(data) = event.data() else { return Edit::Pass };
        match events::kind(&event, &data).as_ref() {
            delta if delta.ends_with(b".delta") => {
                self.seen.output_bytes += text_bytes_after(&data, &self.delta);
            }
            b"response.created" => self.id = id_of(&data),
            b"response.completed" | b"response.incomplete" => {
                self.read_usage(&data);
                self.seen.finish = Finish::of(Dialect::Responses, &data);
                self.seen.ending = Ending::Complete;
            }
            b"response.failed" => {
                self.read_usage(&data);
                self.seen.ending = Ending::Failed;
            }
            b"error" => self.seen.ending = Ending::Failed,
            _ => {}
        }
        Edit::Pass
    }

    fn seen(&self) -> Seen {
        self.seen
    }

    fn kept_as(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn edits(&self) -> bool {
        false
    }
}

fn id_of(data: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Begun {
        response: Named,
    }
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    serde_json::from_slice(data).ok().map(|begun: Begun| begun.response.id)
}

impl Watch {
    fn read_usage(&mut self, data: &[u8]) {
        #[derive(Deserialize)]
        struct Ended<'a> {
            #[serde(borrow)]
            response: WireSold<'a>,
        }
        let ended: Option<Ended<'_>> = serde_json::from_slice(data).ok();
        if let Some(sold) = ended.and_then(|ended| ended.response.read()) {
            self.seen.usage = sold.usage;
            self.seen.terms = sold.terms;
            self.seen.usage_is_final = true;
        }
    }
}

/// An error in a stream of which nothing is known: in the place of its number stands 0, of its id nothing.
pub(super) fn write_error(error: &ErrorReport, out: &mut Vec<u8>) {
    let mut events = events::Events::default();
    events.error(error, out);
    events.write("response.failed", out, |event| {
        event.object("response", |response| {
            response.field("id", "").field("object", "response").field("status", "failed");
            response.object("error", |fields| errors::write_failure(error, fields));
            response.field("output", &[(); 0]);
        });
    });
}

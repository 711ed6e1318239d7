//! Events as they come in: their fields, and the errors in those that end a stream.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::formats::openai_responses::errors::{WireError, WireErrorFields};
use crate::formats::openai_responses::wire::{Str, WireResponse};
use crate::known;
use crate::neutral::{ErrorKind, ErrorReport};

/// An event about an item or a part of one. No kind has all of these fields.
#[derive(Deserialize)]
pub(super) struct ItemEvent<'a> {
    pub(super) output_index: Option<u64>,
    pub(super) content_index: Option<u64>,
    pub(super) summary_index: Option<u64>,
    #[serde(borrow)]
    pub(super) delta: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) logprobs: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) annotation: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) part: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) item: Option<&'a RawValue>,
    /// Counts the events.
    #[serde(borrow)]
    pub(super) sequence_number: Option<&'a RawValue>,
    /// Hides how long an event is.
    #[serde(borrow)]
    pub(super) obfuscation: Option<&'a RawValue>,
}

/// An event about the response as a whole.
#[derive(Deserialize)]
pub(super) struct Lifecycle<'a> {
    #[serde(borrow)]
    pub(super) response: WireResponse<'a>,
}

/// Reads an event's data.
pub(super) fn parse<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Result<T, String> {
    known::parse(data).map_err(|error| format!("an event is not what the dialect allows: {error}"))
}

/// The error in a failed response.
pub(super) fn failure(data: &[u8]) -> ErrorReport {
    let lifecycle: Option<Lifecycle<'_>> = serde_json::from_slice(data).ok();
    let raw = lifecycle.and_then(|lifecycle| lifecycle.response.error);
    match raw.and_then(|raw| serde_json::from_str::<WireError>(raw.get()).ok()) {
        Some(error) => error.report(None),
        None => ErrorReport::new(ErrorKind::Server, "the response failed, and the provider gave no reason"),
    }
}

/// The error in an `error` event: an object of its own, or among the event's fields.
pub(super) fn error(data: &[u8]) -> ErrorReport {
    #[derive(Deserialize)]
    struct Nested {
        error: WireError,
    }
    match serde_json::from_slice::<Nested>(data) {
        Ok(Nested { error }) => error.report(None),
        Err(_) => {
            let fields: WireErrorFields = serde_json::from_slice(data).unwrap_or_default();
            WireError::Object(fields.without_type()).report(None)
        }
    }
}

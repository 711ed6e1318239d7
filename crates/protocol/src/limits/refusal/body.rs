//! An error body taken apart, whatever provider wrote it.
//!
//! Objects with `error` as an object or a text, objects without it, arrays of one, and plain text. Not here: what the
//! parts mean.

use std::borrow::Cow;

use serde_json::Value;

/// So much of a message is read; what matters stands at its beginning.
const MOST_MESSAGE: usize = 4_096;

/// The parts of an error body that say why a call was refused.
#[derive(Debug, Default)]
pub(super) struct ErrorBody<'b> {
    /// Every code and type, from all places where providers put them.
    pub(super) codes: Vec<&'b str>,
    /// The message for people.
    pub(super) message: Cow<'b, str>,
    /// The HTTP status that the body repeats.
    pub(super) status: Option<u16>,
    /// Google's `details`.
    pub(super) details: &'b [Value],
    /// An aggregator says that a provider behind it refused.
    pub(super) is_upstreams: bool,
    /// The headers that OpenRouter puts into its body.
    headers: Option<&'b Value>,
}

/// The body as JSON, if it is an object or an array of one.
pub(super) fn json(body: &[u8]) -> Option<Value> {
    match serde_json::from_slice(body).ok()? {
        Value::Array(mut items) if items.len() == 1 => items.pop().filter(Value::is_object),
        value => Some(value).filter(Value::is_object),
    }
}

impl<'b> ErrorBody<'b> {
    pub(super) fn of(body: &'b Value) -> Self {
        let error = body.get("error").filter(|error| error.is_object()).unwrap_or(body);
        let details = &error["details"];
        let metadata = &error["metadata"];
        let codes = [
            &error["code"],
            &error["type"],
            &error["status"],
            &error["reason"],
            &details["error_code"],
            &metadata["error_type"],
            &body["code"],
            &body["type"],
            &body["__type"],
        ];
        let messages =
            [&error["message"], &error["Message"], &body["error"], &body["message"], &body["detail"]];
        let message = messages.into_iter().find_map(Value::as_str).unwrap_or_default();
        Self {
            codes: codes.into_iter().filter_map(Value::as_str).collect(),
            message: Cow::Borrowed(beginning(message)),
            status: [&error["code"], &error["status"], &error["status_code"]].into_iter().find_map(status),
            details: details.as_array().map_or(&[], Vec::as_slice),
            is_upstreams: metadata["provider_name"].as_str().is_some_and(|name| !name.is_empty()),
            headers: metadata.get("headers").filter(|headers| headers.is_object()),
        }
    }

    pub(super) fn of_text(body: &'b [u8]) -> Self {
        let message = String::from_utf8_lossy(&body[..body.len().min(MOST_MESSAGE)]);
        Self { message, ..Self::default() }
    }

    /// The value of `x-ratelimit-{part}` among the headers within the body.
    pub(super) fn rate_header(&self, part: &str) -> Option<&'b str> {
        let is_it = |name: &str| {
            let name = name.as_bytes();
            name.len() == "x-ratelimit-".len() + part.len()
                && name[..12].eq_ignore_ascii_case(b"x-ratelimit-")
                && name[12..].eq_ignore_ascii_case(part.as_bytes())
        };
        self.headers?.as_object()?.iter().find(|(name, _)| is_it(name))?.1.as_str()
    }
}

/// A status as a number or as a text of digits.
fn status(value: &Value) -> Option<u16> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u16::try_from(number).ok().filter(|status| (400..600).contains(status))
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(MOST_MESSAGE)]
}

//! Requests: what the gateway has to know of one, and the two ways between a body and the neutral form.

mod messages;
mod model;
mod read;
mod turns;
mod write;

use paceway_domain::{Refusal, Tokens};

pub(super) use self::read::read;
pub(super) use self::write::write;
use crate::envelope::Envelope;
use crate::formats::Summary;
use crate::object::{self, Path};

pub(super) fn summary(envelope: &Envelope<'_>) -> Result<Summary, Refusal> {
    let path = Path::root("messages");
    let messages = envelope
        .raw("messages")
        .ok_or_else(|| path.invalid("this field is required: send an array of messages"))?;
    if object::array(messages, &path, "an array of messages")?.is_empty() {
        return Err(path.invalid("at least one message is required"));
    }
    Ok(Summary {
        model: envelope.required("model", "a model's name as a string")?,
        stream: envelope.field("stream", "true or false")?.unwrap_or(false),
        max_output: envelope.field("max_tokens", "a positive integer")?.map(Tokens),
        wants_stream_usage: true,
    })
}

//! Requests: what the gateway has to know of one, and the two ways between a body and the neutral form.

mod blocks;
mod content;
mod fields;
mod files;
mod messages;
mod read;
mod reasoning;
mod tools;
mod write;

use paceway_domain::{Refusal, Tokens};

pub(super) use self::read::read;
pub(super) use self::write::write;
use crate::envelope::Envelope;
use crate::formats::{Address, Summary};
use crate::object::{self, Object, Path};

pub(super) fn summary(envelope: &Envelope<'_>, address: &Address) -> Result<Summary, Refusal> {
    let model = address.model.clone().ok_or_else(|| {
        Path::root("modelId").invalid("the address names no model: post to /model/{modelId}/converse")
    })?;
    if let Some(raw) = envelope.raw("messages") {
        object::is_empty(raw, &Path::root("messages"), "an array of messages")?;
    }
    let mut max_output = None;
    if let Some(raw) = envelope.raw("inferenceConfig").filter(|raw| raw.get() != "null") {
        let mut config = Object::read(raw, Path::root("inferenceConfig"))?;
        max_output = config.value("maxTokens", "a positive integer")?.map(Tokens);
    }
    Ok(Summary { model, stream: address.stream.unwrap_or(false), max_output, wants_stream_usage: true })
}

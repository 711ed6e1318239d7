//! Requests, read: what the gateway has to know, and the whole of it in the neutral form.

use paceway_domain::{Refusal, Tokens};

use super::{config, contents, names, tools};
use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::formats::{Address, Summary};
use crate::neutral::{Chat, ServiceTier};
use crate::object::{Object, Path};

/// What is for the account or the log and not for the model.
const HINTS: [&str; 4] = ["safetySettings", "labels", "store", "modelArmorConfig"];

pub(super) fn summary(envelope: &Envelope<'_>, address: &Address) -> Result<Summary, Refusal> {
    let model = match &address.model {
        Some(model) => model.clone(),
        None => envelope.required("model", "a model's name in the address or as a string")?,
    };
    if envelope.raw("contents").is_none_or(|raw| matches!(raw.get(), "null" | "[]")) {
        return Err(Path::root("contents").invalid("at least one content is required"));
    }
    Ok(Summary {
        model,
        stream: address.stream.unwrap_or(false),
        max_output: max_output(envelope)?,
        wants_stream_usage: true,
    })
}

fn max_output(envelope: &Envelope<'_>) -> Result<Option<Tokens>, Refusal> {
    let Some(raw) = names::take(&mut envelope.object(), "generationConfig") else { return Ok(None) };
    config::max_output(&mut Object::read(raw, Path::root("generationConfig"))?)
}

pub(super) fn chat<'a>(
    envelope: &Envelope<'a>,
    summary: &Summary,
    changes: &mut Changes,
) -> Result<Chat<'a>, Refusal> {
    let mut body = envelope.object();
    let mut chat = Chat { stream: summary.stream, ..Chat::default() };
    body.take("model");
    if let Some(raw) = names::take(&mut body, "systemInstruction") {
        contents::read_system(raw, body.path.name("systemInstruction"), &mut chat.turns, changes)?;
    }
    let raw = body.need("contents", "an array of contents")?;
    contents::read(raw, &body.path.name("contents"), &mut chat.turns, changes)?;
    if chat.turns.is_empty() {
        return Err(Path::root("contents").invalid("at least one content with a part is required"));
    }
    if let Some(raw) = names::take(&mut body, "generationConfig") {
        config::read(raw, Path::root("generationConfig"), &mut chat, changes)?;
    }
    if let Some(raw) = body.take("tools") {
        tools::read(raw, &body.path.name("tools"), &mut chat, changes)?;
    }
    if let Some(raw) = names::take(&mut body, "toolConfig") {
        tools::read_config(raw, Path::root("toolConfig"), &mut chat, changes)?;
    }
    if let Some(tier) = names::text(&mut body, "serviceTier")? {
        chat.service_tier = match tier.to_ascii_lowercase().as_str() {
            "standard" => Some(ServiceTier::Standard),
            "flex" => Some(ServiceTier::Flex),
            "priority" => Some(ServiceTier::Priority),
            _ => None,
        };
    }
    names::note_unread(&body, &HINTS, changes);
    Ok(chat)
}

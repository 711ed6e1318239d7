//! A body's top level read into the neutral form. Messages and tools are read by their own files.

use std::borrow::Cow;

use paceway_domain::{Refusal, Tokens};
use serde_json::value::RawValue;

use super::{content, fields, tools};
use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::formats::Summary;
use crate::neutral::{AnswerForm, Chat, Role, Schema, ServiceTier, Text, Turn};
use crate::object::{self, Object, Path};

/// What tells nothing that bears on an answer.
const HINTS: &[&str] = &["requestMetadata", "projectIdentifier", "performanceConfig"];

pub(crate) fn read<'a>(
    envelope: &Envelope<'a>,
    summary: &Summary,
    changes: &mut Changes,
) -> Result<Chat<'a>, Refusal> {
    let mut body = envelope.object();
    let mut chat = Chat { stream: summary.stream, ..Chat::default() };
    if let Some(raw) = body.take("system") {
        let path = body.path.name("system");
        let blocks = object::array(raw, &path, "an array of system blocks")?;
        let parts = content::read(&blocks, &path, changes)?;
        if !parts.is_empty() {
            chat.turns.push(Turn { role: Role::System, name: None, parts });
        }
    }
    let messages = body.need("messages", "an array of messages")?;
    let path = body.path.name("messages");
    for (place, raw) in object::array(messages, &path, "an array of messages")?.into_iter().enumerate() {
        let turn = read_message(Object::read(raw, path.index(place))?, changes)?;
        chat.turns.extend(turn);
    }
    if let Some(raw) = body.take("inferenceConfig") {
        read_inference(Object::read(raw, Path::root("inferenceConfig"))?, &mut chat, changes)?;
    }
    if let Some(raw) = body.take("toolConfig") {
        tools::read(Object::read(raw, body.path.name("toolConfig"))?, &mut chat, changes)?;
    }
    if let Some(raw) = body.take("outputConfig") {
        read_output(Object::read(raw, Path::root("outputConfig"))?, &mut chat, changes)?;
    }
    if let Some(raw) = body.take("additionalModelRequestFields") {
        let path = Path::root("additionalModelRequestFields");
        fields::read(Object::read(raw, path)?, &mut chat, changes)?;
    }
    read_service_tier(&mut body, &mut chat, changes)?;
    read_field_paths(&mut body, changes)?;
    body.note_unread(HINTS, changes);
    Ok(chat)
}

/// A message; `None` if nothing in it is sayable.
fn read_message<'a>(mut message: Object<'a, '_>, changes: &mut Changes) -> Result<Option<Turn<'a>>, Refusal> {
    let role = match &*message.need_text("role")? {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        other => {
            let expected = format!("expected \"user\", \"assistant\" or \"system\", got \"{other}\"");
            return Err(message.path.name("role").invalid(expected));
        }
    };
    let raw = message.need("content", "an array of content blocks")?;
    let path = message.path.name("content");
    let blocks = object::array(raw, &path, "an array of content blocks")?;
    let parts = content::read(&blocks, &path, changes)?;
    message.note_unread(&[], changes);
    Ok((!parts.is_empty()).then_some(Turn { role, name: None, parts }))
}

fn read_inference<'a>(
    mut config: Object<'a, '_>,
    chat: &mut Chat<'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    chat.max_output = config.count("maxTokens")?.map(Tokens);
    chat.sampling.temperature = config.value("temperature", "a number from 0 to 1")?;
    chat.sampling.top_p = config.value("topP", "a number from 0 to 1")?;
    if let Some(raw) = config.take("stopSequences") {
        let path = config.path.name("stopSequences");
        for (place, raw) in object::array(raw, &path, "an array of strings")?.into_iter().enumerate() {
            chat.stop.push(object::text(raw, &path.index(place))?);
        }
    }
    config.note_unread(&[], changes);
    Ok(())
}

fn read_output<'a>(
    mut config: Object<'a, '_>,
    chat: &mut Chat<'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    if let Some(effort) = config.text("effort")? {
        let path = config.path.name("effort");
        fields::set_effort(chat, &effort, &path)?;
    }
    if let Some(raw) = config.take("textFormat") {
        let mut format = Object::read(raw, config.path.name("textFormat"))?;
        format.need_text("type")?;
        let structure = format.need("structure", "an object with `jsonSchema`")?;
        let mut structure = Object::read(structure, format.path.name("structure"))?;
        let schema = structure.need("jsonSchema", "an object with `schema`")?;
        let mut schema = Object::read(schema, structure.path.name("jsonSchema"))?;
        chat.form = AnswerForm::Schema(read_schema(&mut schema)?);
        schema.note_unread(&[], changes);
        structure.note_unread(&[], changes);
        format.note_unread(&[], changes);
    }
    config.note_unread(&[], changes);
    Ok(())
}

/// A schema, which this format writes as a text.
fn read_schema<'a>(object: &mut Object<'a, '_>) -> Result<Schema<'a>, Refusal> {
    let text = object.need_text("schema")?;
    let schema: Box<RawValue> = serde_json::from_str(&text)
        .map_err(|error| object.path.name("schema").invalid(format!("expected JSON in a string: {error}")))?;
    if !schema.get().starts_with('{') {
        return Err(object.path.name("schema").invalid("expected a JSON schema as an object, in a string"));
    }
    Ok(Schema {
        name: object.text("name")?,
        description: object.text("description")?,
        schema: Cow::Owned(schema),
        strict: None,
    })
}

fn read_service_tier<'a>(
    body: &mut Object<'a, '_>,
    chat: &mut Chat<'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let Some(raw) = body.take("serviceTier") else { return Ok(()) };
    let mut tier = Object::read(raw, Path::root("serviceTier"))?;
    let kind: Text<'a> = tier.need_text("type")?;
    chat.service_tier = match &*kind {
        "default" => Some(ServiceTier::Standard),
        "flex" => Some(ServiceTier::Flex),
        "priority" => Some(ServiceTier::Priority),
        _ => {
            changes.hint("serviceTier", "only this account of this provider has such a tier");
            None
        }
    };
    tier.note_unread(&[], changes);
    Ok(())
}

/// The stop sequence is told wherever the provider tells it, asked or not.
fn read_field_paths(body: &mut Object<'_, '_>, changes: &mut Changes) -> Result<(), Refusal> {
    const NAME: &str = "additionalModelResponseFieldPaths";
    let Some(raw) = body.take(NAME) else { return Ok(()) };
    let path = Path::root(NAME);
    for (place, raw) in object::array(raw, &path, "an array of JSON pointers")?.into_iter().enumerate() {
        let path = path.index(place);
        if object::text(raw, &path)? != "/stop_sequence" {
            changes.lost(path.to_string(), "another provider's answers have no such fields");
        }
    }
    Ok(())
}

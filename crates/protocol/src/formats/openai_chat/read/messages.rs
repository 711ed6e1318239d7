//! The conversation: messages of every role become turns.
//!
//! What a message contains is read elsewhere.

use paceway_domain::{Dialect, Refusal};
use serde_json::value::RawValue;

use super::content;
use crate::changes::Changes;
use crate::formats::openai_chat::content as answers;
use crate::formats::openai_chat::thoughts::{self, Thought, Thoughts};
use crate::formats::openai_chat::wire;
use crate::neutral::{Image, Media, Part, PartBody, Role, Seal, Text, ToolCall, ToolResult, Turn};
use crate::object::{self, Object, Path};
use crate::seals;

const ROLES: &str = "system, developer, user, assistant, tool or function";
/// Fields of messages that clients send back and that say nothing more.
const HINTS: &[&str] = &["id", "parsed", "provider_specific_fields", "weight"];

pub(super) fn read<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    changes: &mut Changes,
) -> Result<Vec<Turn<'a>>, Refusal> {
    let messages = object::array(raw, path, "an array of messages")?;
    let turns = Vec::with_capacity(messages.len());
    let mut reader = Messages { turns, custom: Vec::new(), function: None, follows_result: false };
    for (place, raw) in messages.iter().enumerate() {
        let mut message = Object::at(path.index(place));
        message.fill(raw)?;
        reader.message(&mut message, place, changes)?;
        message.note_unread(HINTS, changes);
    }
    Ok(reader.turns)
}

struct Messages<'a> {
    turns: Vec<Turn<'a>>,
    /// The ids of calls of custom tools.
    custom: Vec<Text<'a>>,
    /// The made-up id of the last deprecated `function_call`.
    function: Option<Text<'a>>,
    /// Whether the last turn is made of results only.
    follows_result: bool,
}

impl<'a> Messages<'a> {
    fn message(
        &mut self,
        message: &mut Object<'a, '_>,
        place: usize,
        changes: &mut Changes,
    ) -> Result<(), Refusal> {
        let role = message.need_text("role")?;
        match &*role {
            "system" | "developer" => {
                self.turn(Role::System, content::take(message, changes)?, message)?;
            }
            "user" => {
                self.turn(Role::User, content::take(message, changes)?, message)?;
            }
            "assistant" => {
                let parts = self.assistant(message, place, changes)?;
                self.turn(Role::Assistant, parts, message)?;
            }
            "tool" => {
                let id = message.need_text("tool_call_id")?;
                let (call_id, _) = seals::split_id(id);
                self.result(call_id, content::take(message, changes)?, name(message)?);
            }
            "function" => {
                let call_id = self.function.clone().unwrap_or_else(|| function_id(place));
                self.result(call_id, content::take(message, changes)?, name(message)?);
            }
            other => {
                let why = format!("expected {ROLES}, got {other}");
                return Err(message.path.name("role").invalid(why));
            }
        }
        Ok(())
    }

    fn turn(
        &mut self,
        role: Role,
        parts: Vec<Part<'a>>,
        message: &mut Object<'a, '_>,
    ) -> Result<(), Refusal> {
        let name = name(message)?;
        if !parts.is_empty() {
            self.turns.push(Turn { role, name, parts });
            self.follows_result = false;
        }
        Ok(())
    }

    /// Results that follow each other are one turn.
    fn result(&mut self, call_id: Text<'a>, mut content: Vec<Part<'a>>, name: Option<Text<'a>>) {
        let cache = content.last_mut().and_then(|part| part.cache.take());
        let is_custom = self.custom.contains(&call_id);
        let result = ToolResult { call_id, name, content, is_error: false, is_custom };
        let part = Part { body: PartBody::ToolResult(result), cache };
        match self.turns.last_mut() {
            Some(turn) if self.follows_result => turn.parts.push(part),
            _ => self.turns.push(Turn { role: Role::User, name: None, parts: vec![part] }),
        }
        self.follows_result = true;
    }

    /// Thoughts, words, pictures, calls: in this order, which the format does not tell.
    fn assistant(
        &mut self,
        message: &mut Object<'a, '_>,
        place: usize,
        changes: &mut Changes,
    ) -> Result<Vec<Part<'a>>, Refusal> {
        let mut said = content::take(message, changes)?;
        // Half of what a model says is words and nothing else.
        if message.is_taken() {
            return Ok(said);
        }
        let mut thoughts = take_thoughts(message)?;
        let calls = self.take_calls(message, &mut thoughts, place, changes)?;
        cite(message, &mut said)?;
        let refusal = message.text("refusal")?.filter(|refusal| !refusal.is_blank());
        said.extend(refusal.map(|refusal| Part::new(PartBody::Refusal(refusal))));
        if message.take("audio").is_some() {
            changes.lost(message.path.name("audio").to_string(), "only OpenAI has the recording");
        }
        let images = answers::images(message.take("images")).into_iter().map(|(media_type, data)| {
            Part::new(PartBody::Image(Image { media: Media::Base64 { media_type, data }, detail: None }))
        });
        said.extend(images);
        let thoughts = thoughts.into_list().into_iter().map(|thought| {
            Part::new(match thought {
                Thought::Words { text, seal } => PartBody::Thinking { text, seal },
                Thought::Redacted(seal) => PartBody::Redacted(seal),
            })
        });
        Ok(joined(joined(thoughts.collect(), said), calls))
    }

    fn take_calls(
        &mut self,
        message: &mut Object<'a, '_>,
        thoughts: &mut Thoughts<'a>,
        place: usize,
        changes: &mut Changes,
    ) -> Result<Vec<Part<'a>>, Refusal> {
        let mut calls = Vec::new();
        if let Some(raw) = message.take("tool_calls") {
            let path = message.path.name("tool_calls");
            for (place, raw) in object::array(raw, &path, "an array of calls")?.iter().enumerate() {
                let mut call = Object::at(path.index(place));
                call.fill(raw)?;
                calls.push(Part::new(PartBody::ToolCall(self.call(&mut call, thoughts, changes)?)));
                call.note_unread(&["index", "provider_specific_fields"], changes);
            }
        }
        if let Some(raw) = message.take("function_call") {
            let id = function_id(place);
            self.function = Some(id.clone());
            let mut function = Object::read(raw, message.path.name("function_call"))?;
            calls.push(Part::new(PartBody::ToolCall(ToolCall {
                id,
                name: function.need_text("name")?,
                namespace: None,
                arguments: function.text("arguments")?.unwrap_or_default(),
                is_custom: false,
                seal: None,
            })));
        }
        Ok(calls)
    }

    fn call(
        &mut self,
        call: &mut Object<'a, '_>,
        thoughts: &mut Thoughts<'a>,
        changes: &mut Changes,
    ) -> Result<ToolCall<'a>, Refusal> {
        let given = call.need_text("id")?;
        let beside = thoughts.take_call_seal(&given);
        let (id, seal) = seals::split_id(given);
        let seal = seal.or_else(|| google_seal(call)).or(beside);
        let path = call.path;
        let is_custom = call.text("type")?.is_some_and(|kind| kind == "custom");
        let (field, input) = if is_custom { ("custom", "input") } else { ("function", "arguments") };
        let mut body = Object::at(path.name(field));
        body.fill(call.need(field, "an object with the tool's name")?)?;
        let name = body.need_text("name")?;
        let arguments = body.text(input)?.unwrap_or_default();
        // OpenAI's SDK for Python adds it to answers that it has parsed, and sends it back with them.
        body.note_unread(&["parsed_arguments"], changes);
        if is_custom {
            self.custom.push(id.clone());
        }
        Ok(ToolCall { id, name, namespace: None, arguments, is_custom, seal })
    }
}

/// Who speaks, if that is said.
fn name<'a>(message: &mut Object<'a, '_>) -> Result<Option<Text<'a>>, Refusal> {
    Ok(message.text("name")?.filter(|name| !name.is_empty()))
}

/// One list behind another. Mostly one of the two is empty.
fn joined<'a>(mut first: Vec<Part<'a>>, mut next: Vec<Part<'a>>) -> Vec<Part<'a>> {
    if first.is_empty() {
        return next;
    }
    first.append(&mut next);
    first
}

/// The deprecated form has no ids.
fn function_id(place: usize) -> Text<'static> {
    format!("function_{place}").into()
}

/// Google's place for the seal of a call, which Google's own clients of this format send back.
fn google_seal<'a>(call: &mut Object<'a, '_>) -> Option<Seal<'a>> {
    let raw = call.take("extra_content")?;
    let mut extra = Object::read(raw, call.path).ok()?;
    let mut google = Object::read(extra.take("google")?, call.path).ok()?;
    let data = google.text("thought_signature").ok()??;
    Some(Seal { by: Dialect::OpenAi, data })
}

/// Takes thoughts in whichever place they are. Details win over blocks, both over plain words.
fn take_thoughts<'a>(message: &mut Object<'a, '_>) -> Result<Thoughts<'a>, Refusal> {
    let mut taken = [None; 2];
    for (place, name) in ["reasoning_details", "thinking_blocks"].into_iter().enumerate() {
        taken[place] = message.take(name);
        if let Some(raw) = taken[place] {
            object::array(raw, &message.path.name(name), "an array of thoughts")?;
        }
    }
    let mut plain = [None; 2];
    for (place, name) in ["reasoning_content", "reasoning"].into_iter().enumerate() {
        plain[place] = message.take(name);
        if let Some(raw) = plain[place] {
            object::text(raw, &message.path.name(name))?;
        }
    }
    let [details, blocks] = taken;
    let details: Vec<_> = thoughts::places(details, blocks, plain);
    Ok(Thoughts::of(details))
}

/// Puts the sources of `annotations` to the first text.
fn cite<'a>(message: &mut Object<'a, '_>, said: &mut [Part<'a>]) -> Result<(), Refusal> {
    let Some(raw) = message.take("annotations") else { return Ok(()) };
    object::array(raw, &message.path.name("annotations"), "an array of annotations")?;
    let found: wire::Raw<'a> = Some(raw);
    for part in said {
        if let PartBody::Text { citations, .. } = &mut part.body {
            *citations = answers::citations(found);
            break;
        }
    }
    Ok(())
}

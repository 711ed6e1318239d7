//! The items of `input`, gathered into turns: what the model said in one go is one turn, and so are results that follow
//! each other.

use paceway_domain::Refusal;
use serde_json::value::RawValue;

use super::{content, tools};
use crate::changes::Changes;
use crate::formats::openai_responses::thought::{self, Thought};
use crate::neutral::{Chat, Part, PartBody, Role, Text, ToolCall, ToolResult, Turn};
use crate::object::{Object, Path, array};
use crate::seals;

/// What the provider's own tools did, on earlier turns. What came of it stands in the messages that follow.
const HOSTED: [&str; 9] = [
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_approval_response",
    "tool_search_call",
    "configuration_update",
];

/// What items carry besides what is read: they are numbered, dated and traced, and OpenAI's SDKs parse arguments.
const HINTS: [&str; 7] = ["id", "status", "phase", "caller", "async", "created_by", "parsed_arguments"];

/// What may be added to the turn that was read last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Assistant,
    Results,
}

/// The turns so far.
struct Turns<'c, 'a> {
    list: &'c mut Vec<Turn<'a>>,
    open: Open,
}

impl<'a> Turns<'_, 'a> {
    /// Adds to the turn that is open if it is of this sort, else begins one.
    fn add(&mut self, sort: Open, role: Role, parts: Vec<Part<'a>>) {
        if parts.is_empty() {
            return;
        }
        match self.list.last_mut().filter(|_| sort != Open::Nothing && self.open == sort) {
            Some(turn) => turn.parts.extend(parts),
            None => self.list.push(Turn { role, name: None, parts }),
        }
        self.open = sort;
    }

    fn said(&mut self, body: PartBody<'a>) {
        self.add(Open::Assistant, Role::Assistant, vec![Part::new(body)]);
    }
}

/// Reads the items of `input` into the chat's turns, and tools that stand among them into its tools.
pub(super) fn read<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    chat: &mut Chat<'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let items = array(raw, path, "a string or an array of items")?;
    chat.turns.reserve(items.len());
    let mut turns = Turns { list: &mut chat.turns, open: Open::Nothing };
    for (index, raw) in items.iter().enumerate() {
        let mut item = Object::at(path.index(index));
        item.fill(raw)?;
        let kind = kind(&mut item)?;
        match kind.as_ref() {
            "message" => message(&mut item, &mut turns, changes)?,
            "function_call" => call(&mut item, false, &mut turns)?,
            "custom_tool_call" => call(&mut item, true, &mut turns)?,
            "function_call_output" => result(&mut item, false, &mut turns, changes)?,
            "custom_tool_call_output" => result(&mut item, true, &mut turns, changes)?,
            "reasoning" => reasoning(&mut item, &mut turns)?,
            "additional_tools" | "tool_search_output" => {
                let raw = item.need("tools", "an array of tools")?;
                tools::read(raw, &item.path.name("tools"), &mut chat.tools, changes)?;
                changes.adapted(item.path.to_string(), "its tools are sent from the beginning");
                continue;
            }
            "item_reference" => {
                return Err(Refusal::Unsupported {
                    field: item.path.to_string(),
                    why: "the item that it names is not to be found here: send the item itself, or choose a model of \
                          OpenAI's own API"
                        .into(),
                });
            }
            hosted if HOSTED.contains(&hosted) => {
                changes.hint(
                    item.path.to_string(),
                    format!("`{hosted}` is a tool's doing that only OpenAI has"),
                );
                continue;
            }
            other => {
                changes.lost(item.path.to_string(), format!("`{other}` has no counterpart in other APIs"));
                continue;
            }
        }
        note(&item, changes);
    }
    Ok(())
}

/// An item's type; messages may leave it out, and so may references, which are nothing but an id.
fn kind<'a>(item: &mut Object<'a, '_>) -> Result<Text<'a>, Refusal> {
    if let Some(kind) = item.text("type")? {
        return Ok(kind);
    }
    let names: Vec<_> = item.unread().collect();
    if names.contains(&"role") {
        return Ok("message".into());
    }
    if names == ["id"] {
        return Ok("item_reference".into());
    }
    item.need_text("type")
}

/// One note for all items, since every item has its id and status.
fn note(item: &Object<'_, '_>, changes: &mut Changes) {
    for name in item.unread() {
        match name {
            "id" | "status" => {}
            known if HINTS.contains(&known) => {
                changes.hint(format!("input.{known}"), "it has no counterpart");
            }
            other => {
                let field = item.path.name(other).to_string();
                changes.lost(field, "it cannot be carried over to another provider's API");
            }
        }
    }
}

fn message<'a>(
    item: &mut Object<'a, '_>,
    turns: &mut Turns<'_, 'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let (sort, role) = match item.need_text("role")?.as_ref() {
        "user" => (Open::Nothing, Role::User),
        "system" | "developer" => (Open::Nothing, Role::System),
        "assistant" => (Open::Assistant, Role::Assistant),
        other => {
            let why = format!("expected `user`, `assistant`, `system` or `developer`, got `{other}`");
            return Err(item.path.name("role").invalid(why));
        }
    };
    let raw = item.need("content", "a string or an array of content parts")?;
    turns.add(sort, role, content::read(raw, &item.path.name("content"), changes)?);
    Ok(())
}

fn call<'a>(item: &mut Object<'a, '_>, is_custom: bool, turns: &mut Turns<'_, 'a>) -> Result<(), Refusal> {
    let (id, seal) = seals::split_id(item.need_text("call_id")?);
    let arguments = item.need_text(if is_custom { "input" } else { "arguments" })?;
    let name = item.need_text("name")?;
    let namespace = item.text("namespace")?;
    turns.said(PartBody::ToolCall(ToolCall { id, name, namespace, arguments, is_custom, seal }));
    Ok(())
}

fn result<'a>(
    item: &mut Object<'a, '_>,
    is_custom: bool,
    turns: &mut Turns<'_, 'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let (call_id, _) = seals::split_id(item.need_text("call_id")?);
    let raw = item.need("output", "a string or an array of content parts")?;
    let content = content::read(raw, &item.path.name("output"), changes)?;
    let name = item.text("name")?;
    item.take("namespace");
    let result = ToolResult { call_id, name, content, is_error: false, is_custom };
    turns.add(Open::Results, Role::User, vec![Part::new(PartBody::ToolResult(result))]);
    Ok(())
}

fn reasoning<'a>(item: &mut Object<'a, '_>, turns: &mut Turns<'_, 'a>) -> Result<(), Refusal> {
    let id = item.text("id")?.unwrap_or_default();
    let encrypted = item.text("encrypted_content")?.unwrap_or_default();
    let words = thought::words(paragraphs(item, "content")?, paragraphs(item, "summary")?);
    match thought::read(&id, words, encrypted) {
        Some(Thought::Open { text, seal }) => turns.said(PartBody::Thinking { text, seal }),
        Some(Thought::Redacted(seal)) => turns.said(PartBody::Redacted(seal)),
        None => {}
    }
    Ok(())
}

fn paragraphs<'a>(item: &mut Object<'a, '_>, field: &str) -> Result<Vec<Text<'a>>, Refusal> {
    let Some(raw) = item.take(field) else { return Ok(Vec::new()) };
    let path = item.path.name(field);
    let parts = array(raw, &path, "an array of texts")?;
    parts
        .into_iter()
        .enumerate()
        .map(|(index, raw)| Object::read(raw, path.index(index))?.need_text("text"))
        .collect()
}

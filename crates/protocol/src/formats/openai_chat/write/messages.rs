//! The conversation: turns become messages of every role.
//!
//! What a message contains is said elsewhere. Where there are only words they are written as one text, since several
//! providers of this format refuse arrays (`invalid type: sequence, expected a string`).

use paceway_domain::Dialect;

use super::said::{self, Said};
use crate::changes::Changes;
use crate::compose::{ArrayWriter, Joined, ObjectWriter};
use crate::formats::openai_chat::words::short_call_id;
use crate::neutral::{Chat, Form, Part, PartBody, Role, ToolCall, ToolResult, Turn};
use crate::object::Path;

/// What stands between texts that were separate.
const BETWEEN: &str = "\n\n";
/// What stands before the words of a tool that failed: this format has no flag for it.
const FAILED: &str = "Error";

/// Writes all messages and returns how many there are.
pub(super) fn write(chat: &Chat<'_>, list: &mut ArrayWriter<'_>, changes: &mut Changes) -> usize {
    let mut written = 0;
    let messages = Path::root("messages");
    for (place, turn) in chat.turns.iter().enumerate() {
        let message = messages.index(place);
        let path = message.name("content");
        written += match turn.role {
            Role::System => usize::from(words(turn, "system", &path, list, changes)),
            Role::User => user(turn, &path, list, changes),
            Role::Assistant => usize::from(assistant(turn, &path, list, changes)),
        };
    }
    written
}

/// A message of words alone.
fn words(
    turn: &Turn<'_>,
    role: &str,
    path: &Path<'_>,
    list: &mut ArrayWriter<'_>,
    changes: &mut Changes,
) -> bool {
    let said = said::all(turn.parts.iter().enumerate(), false, path, changes);
    let Some(pieces) = said::only_words(&said, BETWEEN).filter(|pieces| !pieces.is_empty()) else {
        return false;
    };
    list.object(|message| {
        message.field("role", role).field("content", &Joined(&pieces));
        name(turn, message);
    });
    true
}

/// OpenAI takes names without spaces and `<|\/>`.
fn name(turn: &Turn<'_>, message: &mut ObjectWriter<'_>) {
    if let Some(name) = turn.name.as_deref().filter(|name| !name.is_empty()) {
        let is_odd = |c: char| c.is_whitespace() || matches!(c, '<' | '|' | '\\' | '/' | '>');
        message.field("name", &name.replace(is_odd, "_"));
    }
}

/// Results come first, each as a message of its own: they have to follow their calls at once.
fn user(turn: &Turn<'_>, path: &Path<'_>, list: &mut ArrayWriter<'_>, changes: &mut Changes) -> usize {
    let mut written = 0;
    for (place, part) in turn.parts.iter().enumerate() {
        if let PartBody::ToolResult(found) = &part.body {
            if part.cache.is_some() {
                changes.hint("cache_control", "this API caches on its own");
            }
            result(found, &path.index(place), list, changes);
            written += 1;
        }
    }
    let is_other = |(_, part): &(usize, &Part<'_>)| !matches!(part.body, PartBody::ToolResult(_));
    let said = said::all(turn.parts.iter().enumerate().filter(is_other), true, path, changes);
    if said.is_empty() {
        return written;
    }
    list.object(|message| {
        message.field("role", "user");
        match said::only_words(&said, BETWEEN) {
            Some(pieces) => message.field("content", &Joined(&pieces)),
            None => message.array("content", |list| said::write(&said, list)),
        };
        name(turn, message);
    });
    written + 1
}

fn result(found: &ToolResult<'_>, path: &Path<'_>, list: &mut ArrayWriter<'_>, changes: &mut Changes) {
    let said = said::all(found.content.iter().enumerate(), false, &path.name("content"), changes);
    let mut pieces = said::only_words(&said, BETWEEN).unwrap_or_default();
    if found.is_error && !says_so(&said) {
        changes.adapted(format!("{path}.is_error"), "said in words");
        let colon = if pieces.is_empty() { "" } else { ": " };
        pieces.insert_many(0, [FAILED, colon].map(Form::from));
    }
    list.object(|message| {
        message
            .field("role", "tool")
            .field("tool_call_id", &short_call_id(&found.call_id))
            .field("content", &Joined(&pieces));
    });
}

/// Whether the words of a tool that failed begin with that.
fn says_so(said: &[Said<'_>]) -> bool {
    let Some(Said::Words(text)) = said.first() else { return false };
    text.trim_start().get(..FAILED.len()).is_some_and(|start| start.eq_ignore_ascii_case(FAILED))
}

fn assistant(turn: &Turn<'_>, path: &Path<'_>, list: &mut ArrayWriter<'_>, changes: &mut Changes) -> bool {
    let is_call = |part: &Part<'_>| matches!(part.body, PartBody::ToolCall(_));
    let is_refusal = |part: &Part<'_>| matches!(part.body, PartBody::Refusal(_));
    let is_other = |(_, part): &(usize, &Part<'_>)| !is_call(part) && !is_refusal(part);
    let said = said::all(turn.parts.iter().enumerate().filter(is_other), false, path, changes);
    // An answer's texts are one text that was cut (at citations, say).
    let pieces = said::only_words(&said, "").unwrap_or_default();
    let refusals: Vec<Form<'_>> = turn
        .parts
        .iter()
        .filter_map(|part| match &part.body {
            PartBody::Refusal(text) => Some(text.form()),
            _ => None,
        })
        .collect();
    let has_calls = turn.parts.iter().any(is_call);
    if pieces.is_empty() && refusals.is_empty() && !has_calls {
        return false;
    }
    list.object(|message| {
        message.field("role", "assistant").field("content", &(!pieces.is_empty()).then_some(Joined(&pieces)));
        name(turn, message);
        if !refusals.is_empty() {
            message.field("refusal", &Joined(&refusals));
        }
        if has_calls {
            message.array("tool_calls", |list| {
                for part in &turn.parts {
                    if let PartBody::ToolCall(found) = &part.body {
                        call(found, list, changes);
                    }
                }
            });
        }
    });
    true
}

fn call(call: &ToolCall<'_>, list: &mut ArrayWriter<'_>, changes: &mut Changes) {
    list.object(|body| {
        body.field("id", &short_call_id(&call.id));
        if call.is_custom {
            body.field("type", "custom").object("custom", |custom| {
                custom.field("name", &call.name).field("input", &call.arguments);
            });
        } else {
            let is_empty = call.arguments.is_blank();
            let arguments = if is_empty { "{}".into() } else { call.arguments.form() };
            body.field("type", "function").object("function", |function| {
                function.field("name", &call.name).field("arguments", &arguments);
            });
        }
        match &call.seal {
            // Google's models behind this format refuse a call that comes back without it; no other provider makes one.
            Some(seal) if seal.by == Dialect::OpenAi => {
                body.object("extra_content", |extra| {
                    extra.object("google", |google| {
                        google.field("thought_signature", &seal.data);
                    });
                });
            }
            Some(_) => changes.hint("thinking", "this API takes no thoughts back"),
            None => {}
        }
    });
}

//! What a conversation or an answer says, whatever the format that carried it.
//!
//! Turns of one role are one, words beside each other are one text, ids are the order in which they come up: formats differ
//! in these and mean the same.

use std::collections::HashMap;

use paceway_domain::Usage;
use paceway_protocol::fit::WayBack;
use paceway_protocol::neutral::{
    Chat, Finish, Media, Part, PartBody, Reply, ReplyPart, Role, ToolCall, ToolKind,
};
use serde_json::Value;

/// One thing that is said.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Said {
    Words(Role, String),
    Picture(String, String),
    Call { place: usize, name: String, arguments: Value },
    Result { place: usize, words: String, is_error: bool },
    Thought(String, Option<String>),
    Refusal(String),
}

/// The conversation, its tools' names as its client gave them.
pub(crate) fn of_chat(chat: &Chat<'_>, way_back: &WayBack) -> Vec<Said> {
    let mut said = Vec::new();
    let mut places = HashMap::new();
    for turn in &chat.turns {
        for part in &turn.parts {
            one(turn.role, part, way_back, &mut places, &mut said);
        }
    }
    joined(said)
}

fn one(
    role: Role,
    part: &Part<'_>,
    way_back: &WayBack,
    places: &mut HashMap<String, usize>,
    said: &mut Vec<Said>,
) {
    let next = places.len();
    said.push(match &part.body {
        PartBody::Text { text, .. } => return said.extend(words(role, text)),
        PartBody::Image(image) => picture(&image.media),
        PartBody::ToolCall(call) => {
            call_of(call, way_back, *places.entry(call.id.to_string()).or_insert(next))
        }
        PartBody::ToolResult(result) => {
            let words = result.content.iter().map(|part| match &part.body {
                PartBody::Text { text, .. } => text.to_string(),
                other => format!("{other:?}"),
            });
            Said::Result {
                place: places[&*result.call_id],
                words: words.collect(),
                is_error: result.is_error,
            }
        }
        PartBody::Thinking { text, seal } => {
            Said::Thought(text.to_string(), seal.as_ref().map(|seal| format!("{}: {}", seal.by, seal.data)))
        }
        PartBody::Redacted(seal) => Said::Thought(String::new(), Some(format!("{}: {}", seal.by, seal.data))),
        PartBody::Refusal(text) => Said::Refusal(text.to_string()),
        other => panic!("nobody said {other:?}"),
    });
}

/// Words, instructions among them that are marked as such where a format has them only at the beginning.
fn words(role: Role, text: &str) -> Vec<Said> {
    let mut said = Vec::new();
    for piece in text.split("<system>\n") {
        let (instructions, rest) = piece.split_once("\n</system>").unwrap_or(("", piece));
        said.extend((!instructions.is_empty()).then(|| Said::Words(Role::System, instructions.to_owned())));
        said.extend((!rest.is_empty()).then(|| Said::Words(role, rest.to_owned())));
    }
    said
}

fn picture(media: &Media<'_>) -> Said {
    match media {
        Media::Base64 { media_type, data } => Said::Picture(media_type.to_string(), data.to_string()),
        other => panic!("nobody showed {other:?}"),
    }
}

fn call_of(call: &ToolCall<'_>, way_back: &WayBack, place: usize) -> Said {
    Said::Call {
        place,
        name: original(&call.name, way_back),
        arguments: serde_json::from_str(&call.arguments).unwrap_or(Value::Null),
    }
}

/// The name that the client gave to the tool of this name.
pub(crate) fn original(name: &str, way_back: &WayBack) -> String {
    let call = ToolCall {
        id: "x".into(),
        name: name.to_owned().into(),
        namespace: None,
        arguments: "{}".into(),
        is_custom: false,
        seal: None,
    };
    let reply = Reply {
        id: "".into(),
        model: "".into(),
        parts: vec![ReplyPart::ToolCall(call)],
        logprobs: None,
        finish: Finish::ToolCalls,
        usage: Usage::default(),
    };
    match way_back.reply(reply).parts.pop() {
        Some(ReplyPart::ToolCall(call)) => call.name.into_owned(),
        other => panic!("a call became {other:?}"),
    }
}

/// Words of one role beside each other as one text. What stands between them is the format's.
fn joined(said: Vec<Said>) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    for one in said {
        match (all.last_mut(), one) {
            (Some(Said::Words(before, text)), Said::Words(role, more)) if *before == role => {
                text.push_str(&more);
            }
            (_, Said::Words(_, text)) if text.trim().is_empty() => {}
            (_, one) => all.push(one),
        }
    }
    for one in &mut all {
        if let Said::Words(_, text) | Said::Result { words: text, .. } = one {
            text.retain(|letter| letter != '\n');
        }
    }
    all
}

/// The tools: names as the client gave them, descriptions, schemas.
pub(crate) fn tools(chat: &Chat<'_>, way_back: &WayBack) -> Vec<(String, String, Value)> {
    let tool = |tool: &paceway_protocol::neutral::Tool<'_>| {
        let ToolKind::Function { schema: Some(schema), .. } = &tool.kind else {
            panic!("no function: {tool:?}")
        };
        let schema = serde_json::from_str(schema.get()).unwrap();
        (original(&tool.name, way_back), tool.description.as_deref().unwrap_or_default().to_owned(), schema)
    };
    chat.tools.iter().map(tool).collect()
}

/// What an answer says.
pub(crate) fn of_reply(reply: &Reply<'_>) -> Vec<Said> {
    let mut calls = 0;
    let parts = reply.parts.iter().map(|part| match part {
        ReplyPart::Text { text, .. } => Said::Words(Role::Assistant, text.to_string()),
        ReplyPart::Thinking { text, seal } => {
            Said::Thought(text.to_string(), seal.as_ref().map(|seal| format!("{}: {}", seal.by, seal.data)))
        }
        ReplyPart::Redacted(seal) => {
            Said::Thought(String::new(), Some(format!("{}: {}", seal.by, seal.data)))
        }
        ReplyPart::ToolCall(call) => {
            calls += 1;
            call_of(call, &WayBack::default(), calls - 1)
        }
        ReplyPart::Refusal(text) => Said::Refusal(text.to_string()),
        ReplyPart::Image { media_type, data } => Said::Picture(media_type.to_string(), data.to_string()),
    });
    joined(parts.collect())
}

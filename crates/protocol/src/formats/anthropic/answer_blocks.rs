//! Content blocks of answers, read; the same in whole answers and at the start of a block in a stream.

use paceway_domain::Dialect;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::{self, Str};
use crate::neutral::{Citation, ReplyPart, Seal, Text, ToolCall};
use crate::seals;

/// A block that has a neutral form.
#[derive(Debug)]
pub(super) enum Block<'a> {
    /// Words, with their sources.
    Text { text: Text<'a>, citations: Vec<Citation<'a>> },
    /// A thought.
    Thinking { text: Text<'a>, seal: Option<Seal<'a>> },
    /// A thought that cannot be seen.
    Redacted(Seal<'a>),
    /// A call. Its arguments may be `{}` for now.
    ToolCall { id: Text<'a>, name: Text<'a>, input: &'a str },
}

impl<'a> Block<'a> {
    /// The part of a whole answer that it is; `None` if it says nothing.
    pub(super) fn into_part(self) -> Option<ReplyPart<'a>> {
        Some(match self {
            Self::Text { text, .. } if text.is_empty() => return None,
            Self::Text { text, citations } => ReplyPart::Text { text, citations },
            Self::Thinking { text, seal: None } if text.is_empty() => return None,
            Self::Thinking { text, seal } => ReplyPart::Thinking { text, seal },
            Self::Redacted(seal) => ReplyPart::Redacted(seal),
            Self::ToolCall { id, name, input } => ReplyPart::ToolCall(ToolCall {
                id,
                name,
                namespace: None,
                arguments: Text::of(input),
                is_custom: false,
                seal: None,
            }),
        })
    }
}

#[derive(Deserialize)]
struct WireText<'a> {
    #[serde(borrow)]
    text: Str<'a>,
    #[serde(borrow)]
    citations: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct WireThinking<'a> {
    #[serde(borrow, default)]
    thinking: Str<'a>,
    #[serde(borrow)]
    signature: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct WireRedacted<'a> {
    #[serde(borrow)]
    data: Str<'a>,
}

#[derive(Deserialize)]
struct WireToolUse<'a> {
    #[serde(borrow)]
    id: Str<'a>,
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

/// A block; `None` for one that has no neutral form.
pub(super) fn read(raw: &RawValue) -> Result<Option<Block<'_>>, String> {
    Ok(Some(match &*wire::type_of(raw.get()) {
        "text" => {
            let WireText { text, citations } = parse(raw)?;
            let citations = citations.unwrap_or_default().into_iter().filter_map(wire::citation).collect();
            Block::Text { text: text.0, citations }
        }
        "thinking" => {
            let WireThinking { thinking, signature } = parse(raw)?;
            Block::Thinking { text: thinking.0, seal: signature.and_then(|Str(signature)| seal(signature)) }
        }
        "redacted_thinking" => {
            let WireRedacted { data } = parse(raw)?;
            Block::Redacted(seals::unwrap(data.0, Dialect::Anthropic))
        }
        "tool_use" => {
            let WireToolUse { id, name, input } = parse(raw)?;
            // Some servers open a call with an empty string for its input.
            let input = input.map_or("{}", RawValue::get);
            Block::ToolCall {
                id: id.0,
                name: name.0,
                input: if input.starts_with('{') { input } else { "{}" },
            }
        }
        _ => return Ok(None),
    }))
}

/// The seal that a signature is; an empty one is none.
pub(super) fn seal(signature: Text<'_>) -> Option<Seal<'_>> {
    (!signature.is_empty()).then(|| seals::unwrap(signature, Dialect::Anthropic))
}

fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, String> {
    serde_json::from_str(raw.get()).map_err(|error| error.to_string())
}

/// What is said in the place of a picture that a model made: answers of this format hold none.
pub(super) fn told_image(media_type: &str) -> String {
    format!("[The model made a picture ({media_type}), which this API cannot carry.]")
}

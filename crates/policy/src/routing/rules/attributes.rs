//! What a rule may ask of a request.
//!
//! Scalars, texts and tags only: nothing here grows with the request's content.

use cel::common::types::{CelBool, CelDouble, CelInt, CelString};
use cel::common::value::CowVal;
use cel::context::VariableResolver;

/// What the names of headers that rules see begin with; in lower case, as HTTP libraries hand them out.
pub const TAG_PREFIX: &str = "x-paceway-tag-";

/// The attributes of one request.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Attributes<'a> {
    /// The model's name as the caller asked for it.
    pub model: &'a str,
    /// The name of the caller's key.
    pub key: &'a str,
    /// The id of the team that the caller's key belongs to.
    pub team: &'a str,
    /// The priority's name.
    pub priority: &'a str,
    /// The dialect in which the request came.
    pub dialect: &'a str,
    /// What is wanted: `generate`, `count_tokens`, `embeddings`, `rerank`, `images`, `transcription` or `speech`.
    pub endpoint: &'a str,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// The estimated prompt, in tokens.
    pub input_tokens: u64,
    /// The longest answer asked for, in tokens; 0 if not said.
    pub max_tokens: u64,
    /// How many tools are offered.
    pub tools: u64,
    /// How many images it holds.
    pub images: u64,
    /// Whether it asks for an answer by a schema.
    pub structured: bool,
    /// How hard it seems, 0 to 1.
    pub complexity: f64,
    /// The hour of the day in UTC, 0 to 23.
    pub hour: u8,
    /// The day of the week in UTC, 1 (Monday) to 7.
    pub weekday: u8,
    /// Headers by name (in lower case) and value. Only those that begin with [`TAG_PREFIX`] are seen.
    pub headers: &'a [(&'a str, &'a str)],
}

/// What kind of value an expression has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    Double,
    Text,
    Ints,
    Texts,
    Tags,
}

/// The attributes' names as rules write them.
pub const NAMES: [&str; 16] = [
    "model",
    "key",
    "team",
    "priority",
    "dialect",
    "endpoint",
    "stream",
    "input_tokens",
    "max_tokens",
    "tools",
    "images",
    "structured",
    "complexity",
    "hour",
    "weekday",
    "headers",
];

/// The kind of an attribute; `None` if there is none of this name.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    Some(match name {
        "model" | "key" | "team" | "priority" | "dialect" | "endpoint" => Kind::Text,
        "stream" | "structured" => Kind::Bool,
        "input_tokens" | "max_tokens" | "tools" | "images" | "hour" | "weekday" => Kind::Int,
        "complexity" => Kind::Double,
        "headers" => Kind::Tags,
        _ => return None,
    })
}

impl<'a> Attributes<'a> {
    /// The value of a tag; empty if it was not sent.
    fn tag(&self, name: &str) -> &'a str {
        self.headers.iter().find(|(header, _)| *header == name).map_or("", |(_, value)| value)
    }
}

impl VariableResolver for Attributes<'_> {
    /// The value of an attribute, or of a tag by its header's whole name (the check has put it there).
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        let text = |text: &'b str| CowVal::owned(CelString::from(text));
        let bool = |bool: bool| CowVal::owned(CelBool::from(bool));
        let int = |count: u64| CowVal::owned(CelInt::from(i64::try_from(count).unwrap_or(i64::MAX)));
        Some(match name {
            "model" => text(self.model),
            "key" => text(self.key),
            "team" => text(self.team),
            "priority" => text(self.priority),
            "dialect" => text(self.dialect),
            "endpoint" => text(self.endpoint),
            "stream" => bool(self.stream),
            "structured" => bool(self.structured),
            "input_tokens" => int(self.input_tokens),
            "max_tokens" => int(self.max_tokens),
            "tools" => int(self.tools),
            "images" => int(self.images),
            "hour" => int(u64::from(self.hour)),
            "weekday" => int(u64::from(self.weekday)),
            "complexity" => CowVal::owned(CelDouble::from(self.complexity)),
            tag if tag.starts_with(TAG_PREFIX) => text(self.tag(tag)),
            _ => return None,
        })
    }
}

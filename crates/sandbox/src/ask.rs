//! What is asked, in no dialect's words: the part of a request that decides what the answer says.
//!
//! It does not hold what only the writer of an answer needs to know; each dialect keeps that beside it.

use serde_json::Value;

use crate::hashing::hash;

/// A request as every dialect has it.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools)] // Each is a yes or no of the wire's own.
pub(crate) struct Ask {
    pub(crate) model: String,
    /// What the answer calls the model, if not as the request does.
    pub(crate) told_model: Option<String>,
    pub(crate) stream: bool,
    pub(crate) max_tokens: Option<u64>,
    /// The last thing that the user said, if no tool has answered since: what a tool was asked is not asked again.
    pub(crate) question: String,
    pub(crate) input_tokens: u64,
    pub(crate) stops: Vec<String>,
    /// The tools that may be called.
    pub(crate) tools: Vec<Tool>,
    pub(crate) choice: Choice,
    /// Whether at most one tool may be called.
    pub(crate) one_call: bool,
    /// What tools answered, when that is what came last.
    pub(crate) results: Vec<ToolResult>,
    pub(crate) format: Format,
    /// What is to be looked at, in order.
    pub(crate) media: Vec<Media>,
    /// The most tokens that may be spent on thinking; none: it does not think.
    pub(crate) thinking: Option<u64>,
    /// Whether it may search the web by itself.
    pub(crate) search: bool,
    /// How many answers, beyond the first.
    pub(crate) more_answers: u64,
    /// Whether the answer has no words, as embeddings have none.
    pub(crate) wordless: bool,
    /// The hash and tokens of the part of the prompt that may be cached, and whether for an hour (Anthropic).
    pub(crate) cacheable: Option<(u64, u64, bool)>,
    /// The caller's own seed.
    pub(crate) seed: Option<i64>,
}

/// A function that the model may call.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tool {
    pub(crate) name: String,
    /// The group that the name stands in (OpenAI Responses).
    pub(crate) namespace: Option<String>,
    pub(crate) schema: Value,
    /// Whether its input is free text and not JSON (OpenAI's custom tools).
    pub(crate) free_text: bool,
}

impl Tool {
    pub(crate) fn new(name: &str, schema: &Value) -> Self {
        Self { name: name.to_owned(), namespace: None, schema: schema.clone(), free_text: false }
    }
}

/// Whether a tool is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    #[default]
    Auto,
    Never,
    Any,
    Named(String),
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolResult {
    pub(crate) text: String,
    pub(crate) is_error: bool,
}

/// What the answer's text has to be.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Format {
    #[default]
    Prose,
    /// Any JSON object.
    Json,
    /// JSON that fits this schema.
    Schema(Value),
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Media {
    pub(crate) kind: MediaKind,
    /// Its media type, or `url` or `file` where the request names none.
    pub(crate) media_type: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaKind {
    Image,
    Document,
    Audio,
    Video,
}

impl MediaKind {
    /// Tokens of one of these, whatever its size. Round numbers of the size that providers state for a usual one.
    pub(crate) fn tokens(self) -> u64 {
        match self {
            Self::Image => 1_000,
            Self::Document => 1_500,
            Self::Audio => 500,
            Self::Video => 3_000,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Document => "document",
            Self::Audio => "recording",
            Self::Video => "video",
        }
    }

    /// What a media type is of. What nobody knows is a document.
    pub(crate) fn of(media_type: &str) -> Self {
        match media_type.split('/').next() {
            Some("image") => Self::Image,
            Some("audio") => Self::Audio,
            Some("video") => Self::Video,
            _ => Self::Document,
        }
    }
}

impl Ask {
    /// Where the chance of its answer begins: the same whether it is streamed or not, with usage or without.
    pub(crate) fn seed(&self) -> u64 {
        let Self { model, max_tokens, question, input_tokens, stops, .. } = self;
        let own = self.seed.map_or_else(String::new, |seed| seed.to_string());
        hash(format!("{model}{max_tokens:?}{question}{input_tokens}{stops:?}{own}").as_bytes())
    }

    /// The model as the answer calls it.
    pub(crate) fn told_model(&self) -> &str {
        self.told_model.as_deref().unwrap_or(&self.model)
    }
}

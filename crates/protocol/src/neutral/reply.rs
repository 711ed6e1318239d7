//! An answer, whole or in pieces.

use paceway_domain::Usage;

use super::{ErrorReport, Json, Seal, Text, ToolCall};

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Reply<'a> {
    /// The provider's id of it; may be empty.
    pub id: Text<'a>,
    /// The model that gave it; may be empty.
    pub model: Text<'a>,
    /// What it is made of, in order.
    pub parts: Vec<ReplyPart<'a>>,
    /// How likely its words were, in OpenAI's form: the array of tokens (`choices[].logprobs.content`).
    pub logprobs: Option<Json<'a>>,
    /// Why it ended.
    pub finish: Finish<'a>,
    /// What it used.
    pub usage: Usage,
}

/// A piece of a whole answer.
#[derive(Debug, Clone)]
pub enum ReplyPart<'a> {
    /// Words, with their sources.
    Text {
        /// The words.
        text: Text<'a>,
        /// Where they are from.
        citations: Vec<Citation<'a>>,
    },
    /// A thought.
    Thinking {
        /// Its words; may be empty where only the seal is given.
        text: Text<'a>,
        /// What its provider wants back.
        seal: Option<Seal<'a>>,
    },
    /// A thought of which only the seal is to be seen.
    Redacted(Seal<'a>),
    /// A call of a tool.
    ToolCall(ToolCall<'a>),
    /// The model declined, in these words.
    Refusal(Text<'a>),
    /// A picture that it made: media type and base64.
    Image {
        /// `image/png`, …
        media_type: Text<'a>,
        /// Base64.
        data: Text<'a>,
    },
}

/// Where words are from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Citation<'a> {
    /// The page.
    pub url: Option<Text<'a>>,
    /// Its title, or the document's.
    pub title: Option<Text<'a>>,
    /// The words that are quoted from there.
    pub quoted: Option<Text<'a>>,
    /// Where in the answer's text the words begin and end, in characters, if the format says.
    pub place: Option<(u64, u64)>,
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish<'a> {
    /// The model was done.
    Done,
    /// The output limit, or the context window, was reached.
    Length,
    /// A stop sequence came up; which one, if the provider says.
    StopSequence(Option<Text<'a>>),
    /// It waits for the results of its calls.
    ToolCalls,
    /// The model or a filter refused.
    Refused,
    /// A long turn of a server tool was interrupted and may be gone on with (Anthropic's `pause_turn`).
    Paused,
}

/// A piece of a streamed answer. A well-formed stream is `Begin (Open Delta* Close)* End`, parts strictly one after the
/// other; an `Error` may come in place of the rest.
#[derive(Debug, Clone)]
pub enum Piece<'a> {
    /// The answer begins.
    Begin {
        /// The provider's id of it; may be empty.
        id: Text<'a>,
        /// The model that gives it; may be empty.
        model: Text<'a>,
        /// What is known of its usage by now.
        usage: Usage,
    },
    /// A part begins.
    Open(Opening<'a>),
    /// More of the open part.
    Delta(Delta<'a>),
    /// The open part is whole.
    Close,
    /// The answer ends.
    End {
        /// Why.
        finish: Finish<'a>,
        /// What it used in all.
        usage: Usage,
    },
    /// The provider reports an error in mid-stream.
    Error(ErrorReport),
}

/// The part that begins.
#[derive(Debug, Clone)]
pub enum Opening<'a> {
    /// Words.
    Text,
    /// A thought.
    Thinking,
    /// A thought of which only the seal is to be seen. Nothing more comes before its `Close`.
    Redacted(Seal<'a>),
    /// A call. Its arguments follow as texts; no text at all stands for `{}`.
    ToolCall {
        /// By which its result will refer to it.
        id: Text<'a>,
        /// The tool's name.
        name: Text<'a>,
        /// The group that the tool is in.
        namespace: Option<Text<'a>>,
        /// Whether its argument is plain text.
        is_custom: bool,
        /// What the provider wants back with it.
        seal: Option<Seal<'a>>,
    },
    /// The model declines; its words follow.
    Refusal,
    /// A picture that it made, whole. Nothing more comes before its `Close`.
    Image {
        /// `image/png`, …
        media_type: Text<'a>,
        /// Base64.
        data: Text<'a>,
    },
}

/// More of the open part.
#[derive(Debug, Clone)]
pub enum Delta<'a> {
    /// Words of a text, a thought or a refusal; or a piece of a call's arguments.
    Text(Text<'a>),
    /// What the provider wants back with the open thought.
    Seal(Seal<'a>),
    /// Where words of the open text are from.
    Citation(Citation<'a>),
    /// How likely the words were that came last, in OpenAI's form: an array of tokens.
    Logprobs(Json<'a>),
}

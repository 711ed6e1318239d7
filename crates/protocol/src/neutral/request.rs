//! A request: the conversation so far and how to go on with it.

use paceway_domain::Tokens;

use super::tools::{Tool, ToolCall, ToolChoice, ToolResult};
use super::{Citation, Json, Seal, Text};

/// A request for the next turn.
#[derive(Debug, Clone, Default)]
pub struct Chat<'a> {
    /// The conversation, system turns in their places. No turn is without parts.
    pub turns: Vec<Turn<'a>>,
    /// What the model may call.
    pub tools: Vec<Tool<'a>>,
    /// Whether and which it has to.
    pub tool_choice: Option<ToolChoice<'a>>,
    /// Whether it may call several in one turn; `None`: the provider's default, which is yes everywhere.
    pub parallel_tools: Option<bool>,
    /// The form of the answer.
    pub form: AnswerForm<'a>,
    /// How much it thinks.
    pub reasoning: Option<Reasoning>,
    /// How it chooses words.
    pub sampling: Sampling<'a>,
    /// The most output tokens, thoughts included; `None` where the caller's format does not demand one and none was given.
    pub max_output: Option<Tokens>,
    /// Texts at which the answer ends.
    pub stop: Vec<Text<'a>>,
    /// How many answers are wanted; `None` is one.
    pub answers: Option<u32>,
    /// How long answers should be: `low`, `medium` or `high`.
    pub verbosity: Option<Text<'a>>,
    /// Who the end user is, as an opaque name.
    pub user: Option<Text<'a>>,
    /// Which requests share a prompt cache.
    pub cache_key: Option<Text<'a>>,
    /// How fast and dear the answer may be; `None`: as the provider chooses.
    pub service_tier: Option<ServiceTier>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions, at the start or in mid-conversation (OpenAI's `developer` too).
    System,
    /// The human side; results of tools are told by it.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation. Consecutive turns of one role are allowed; a format that demands alternation joins them.
#[derive(Debug, Clone)]
pub struct Turn<'a> {
    /// Who speaks.
    pub role: Role,
    /// The speaker's name, where a format has one.
    pub name: Option<Text<'a>>,
    /// What, in order; not empty.
    pub parts: Vec<Part<'a>>,
}

/// A piece of a message.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// What it is.
    pub body: PartBody<'a>,
    /// Whether a prompt cache is to be written up to here.
    pub cache: Option<CacheMark>,
}

impl<'a> Part<'a> {
    /// A part without a mark for the cache.
    pub fn new(body: PartBody<'a>) -> Self {
        Self { body, cache: None }
    }

    /// A text without a mark for the cache.
    pub fn text(text: impl Into<Text<'a>>) -> Self {
        Self::new(PartBody::Text { text: text.into(), citations: Vec::new() })
    }
}

/// What a piece of a message is.
#[derive(Debug, Clone)]
pub enum PartBody<'a> {
    /// Words; in an answer that comes back, with their sources.
    Text {
        /// The words; not blank.
        text: Text<'a>,
        /// Where they are from.
        citations: Vec<Citation<'a>>,
    },
    /// A picture.
    Image(Image<'a>),
    /// A document: PDF or text.
    Document(Document<'a>),
    /// A recording.
    Audio(Media<'a>),
    /// A film.
    Video(Media<'a>),
    /// What the model thought, returned on a later turn. Its words may be empty where only the seal was given.
    Thinking {
        /// The words.
        text: Text<'a>,
        /// What its provider wants back.
        seal: Option<Seal<'a>>,
    },
    /// A thought of which only the seal is to be seen (Anthropic's `redacted_thinking`).
    Redacted(Seal<'a>),
    /// The model calls a tool.
    ToolCall(ToolCall<'a>),
    /// What a call brought.
    ToolResult(ToolResult<'a>),
    /// The model declined, in these words.
    Refusal(Text<'a>),
}

/// How long what is written to a prompt cache is to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheMark {
    /// Five minutes, or the provider's default.
    FiveMinutes,
    /// One hour.
    OneHour,
}

/// A picture.
#[derive(Debug, Clone)]
pub struct Image<'a> {
    /// Its bytes or where they are.
    pub media: Media<'a>,
    /// How closely to look.
    pub detail: Option<Detail>,
}

/// How closely to look at a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// A glance.
    Low,
    /// Closely.
    High,
    /// In its original size.
    Original,
    /// As the provider chooses.
    Auto,
}

/// Bytes, or where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Media<'a> {
    /// In the request.
    Base64 {
        /// `image/png`, …, lower case, already corrected (`image/jpg` is `image/jpeg`).
        media_type: Text<'a>,
        /// Standard base64 with padding.
        data: Text<'a>,
    },
    /// At an address.
    Url {
        /// Where.
        url: Text<'a>,
        /// What it is, if the request says.
        media_type: Option<Text<'a>>,
    },
    /// Uploaded earlier to this dialect's provider.
    File {
        /// The dialect whose provider has it.
        at: paceway_domain::Dialect,
        /// Its id there.
        id: Text<'a>,
    },
}

/// A document.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    /// Bytes, or words.
    pub source: DocumentSource<'a>,
    /// Its title or file name.
    pub title: Option<Text<'a>>,
    /// What to know of it.
    pub context: Option<Text<'a>>,
    /// Whether answers are to cite it.
    pub wants_citations: bool,
}

/// What a document is made of.
#[derive(Debug, Clone)]
pub enum DocumentSource<'a> {
    /// A file.
    Media(Media<'a>),
    /// Plain words.
    Text(Text<'a>),
    /// Parts of its own: texts and images.
    Parts(Vec<Part<'a>>),
}

/// The form of an answer.
#[derive(Debug, Clone, Default)]
pub enum AnswerForm<'a> {
    /// Words.
    #[default]
    Text,
    /// Some JSON object.
    Json,
    /// JSON of a schema.
    Schema(Schema<'a>),
}

/// A schema that an answer has to fit.
#[derive(Debug, Clone)]
pub struct Schema<'a> {
    /// Its name, which OpenAI demands.
    pub name: Option<Text<'a>>,
    /// What it is for.
    pub description: Option<Text<'a>>,
    /// The JSON schema.
    pub schema: Json<'a>,
    /// Whether the fit is guaranteed; `None`: as the provider chooses.
    pub strict: Option<bool>,
}

/// How much the model thinks before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reasoning {
    /// Whether at all.
    pub mode: ReasoningMode,
    /// How hard.
    pub effort: Option<Effort>,
    /// At most so many tokens.
    pub budget: Option<Tokens>,
    /// Whether its thoughts, or a summary, are to be shown; `None`: as the provider chooses.
    pub is_shown: Option<bool>,
}

/// Whether the model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasoningMode {
    /// No.
    Off,
    /// Yes.
    On,
    /// As the model sees fit.
    Adaptive,
}

/// How hard the model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// Hardly.
    Minimal,
    /// A little.
    Low,
    /// Moderately.
    Medium,
    /// Hard.
    High,
    /// Very hard.
    ExtraHigh,
    /// As hard as it can.
    Max,
}

/// No budget is smaller, in tokens (Anthropic's bound).
const LEAST_BUDGET: u64 = 1_024;
/// The output bound that a budget is a share of where none is known, in tokens.
const USUAL_OUTPUT: u64 = 8_192;

/// Formats say how hard a model thinks either way; the two convert alike in all of them.
impl Effort {
    /// The effort that a budget stands for.
    pub fn of_budget(budget: Tokens) -> Self {
        match budget.get() {
            0..1_024 => Self::Minimal,
            1_024..=4_096 => Self::Low,
            4_097..=16_384 => Self::Medium,
            16_385.. => Self::High,
        }
    }

    /// The budget that an effort stands for: a share of the output bound, rounded down, at least 1,024 tokens and less than all
    /// of it.
    pub fn budget(self, max_output: Option<Tokens>) -> Tokens {
        let max_output = max_output.map_or(USUAL_OUTPUT, Tokens::get);
        let percent = match self {
            Self::Minimal => 10,
            Self::Low => 20,
            Self::Medium => 50,
            Self::High => 80,
            Self::ExtraHigh | Self::Max => 95,
        };
        let share = max_output / 100 * percent + max_output % 100 * percent / 100;
        Tokens(share.max(LEAST_BUDGET).min(max_output.saturating_sub(1)))
    }
}

/// How the model chooses words. Everything is as the caller wrote it: the ranges of formats differ, and each format that
/// writes checks its own.
#[derive(Debug, Clone, Default)]
pub struct Sampling<'a> {
    /// 0–2; formats with a smaller range say so.
    pub temperature: Option<f64>,
    /// 0–1.
    pub top_p: Option<f64>,
    /// At least 1.
    pub top_k: Option<u64>,
    /// −2 to 2.
    pub presence_penalty: Option<f64>,
    /// −2 to 2.
    pub frequency_penalty: Option<f64>,
    /// For answers that repeat.
    pub seed: Option<i64>,
    /// Token ids with their bias, as OpenAI writes them.
    pub logit_bias: Option<Json<'a>>,
    /// Whether to tell how likely words were.
    pub logprobs: Option<Logprobs>,
}

/// How likely the words of an answer were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logprobs {
    /// How many alternatives to tell for each, 0–20.
    pub top: u8,
}

/// How fast and dear an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceTier {
    /// As the account is set up.
    Auto,
    /// The standard tier and no other.
    Standard,
    /// Cheaper and slower.
    Flex,
    /// Dearer and faster.
    Priority,
}

#[cfg(test)]
mod tests {
    use super::Effort::{High, Low, Max, Medium, Minimal};
    use super::*;

    #[test]
    fn efforts_and_budgets_convert_at_the_agreed_borders() {
        let efforts =
            [0, 1_023, 1_024, 4_096, 4_097, 16_384, 16_385].map(|budget| Effort::of_budget(Tokens(budget)));
        assert_eq!(efforts, [Minimal, Minimal, Low, Low, Medium, Medium, High]);
        let of = |effort: Effort, most: Option<u64>| effort.budget(most.map(Tokens)).get();
        assert_eq!((of(High, Some(10_000)), of(Minimal, Some(2_000)), of(Low, None)), (8_000, 1_024, 1_638));
        assert_eq!(
            (of(Max, Some(1_000)), of(Max, Some(u64::MAX)) < u64::MAX, of(Low, Some(0))),
            (999, true, 0)
        );
    }
}

//! Tools: what the model may call, its calls and their results.

use super::{CacheMark, Json, Part, Seal, Text};

/// Something that the model may call.
#[derive(Debug, Clone)]
pub struct Tool<'a> {
    /// Its name, as the caller wrote it.
    pub name: Text<'a>,
    /// The group that it is in, where a format has groups (Responses' `namespace`).
    pub namespace: Option<Text<'a>>,
    /// What it does.
    pub description: Option<Text<'a>>,
    /// What kind of tool it is.
    pub kind: ToolKind<'a>,
    /// Whether a prompt cache is to be written up to here.
    pub cache: Option<CacheMark>,
}

/// Kinds of tools.
#[derive(Debug, Clone)]
pub enum ToolKind<'a> {
    /// A function of the caller's with JSON arguments.
    Function {
        /// The JSON schema of its arguments; `None` where it takes none.
        schema: Option<Json<'a>>,
        /// Whether arguments are guaranteed to fit; `None`: as the provider chooses.
        strict: Option<bool>,
    },
    /// A function of the caller's whose argument is plain text (OpenAI's `custom`).
    Custom {
        /// The grammar of its text, as OpenAI writes it.
        format: Option<Json<'a>>,
    },
    /// The provider's own search of the web.
    WebSearch(WebSearch<'a>),
    /// Another tool that the provider runs, by the type its format gives it. Only that format can have it.
    Hosted {
        /// The type: `code_execution_20250825`, `file_search`, `googleMaps`, …
        kind: Text<'a>,
    },
}

/// A search of the web that the provider runs.
#[derive(Debug, Clone, Default)]
pub struct WebSearch<'a> {
    /// At most so many searches.
    pub max_uses: Option<u64>,
    /// Only these sites; empty: all.
    pub allowed_domains: Vec<Text<'a>>,
    /// None of these sites.
    pub blocked_domains: Vec<Text<'a>>,
    /// Where the user is, as OpenAI and Anthropic both write it (`{"type":"approximate",…}`).
    pub user_location: Option<Json<'a>>,
}

/// Whether and which tool is to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice<'a> {
    /// As the model sees fit.
    Auto,
    /// None.
    None,
    /// At least one, whichever (`any`, `required`).
    Any,
    /// This one.
    Named(Text<'a>),
    /// One of these, or as the model sees fit if `is_required` is false (OpenAI's `allowed_tools`, Gemini's
    /// `allowedFunctionNames`).
    Among {
        /// The names.
        names: Vec<Text<'a>>,
        /// Whether one has to be called.
        is_required: bool,
    },
}

/// The model calls a tool.
#[derive(Debug, Clone)]
pub struct ToolCall<'a> {
    /// By which its result refers to it. Formats without ids make one up that is the same on every reading.
    pub id: Text<'a>,
    /// The tool's name.
    pub name: Text<'a>,
    /// The group that the tool is in.
    pub namespace: Option<Text<'a>>,
    /// For a function the text of a JSON object as the model wrote it, which may be empty or broken; for a custom tool its
    /// plain text.
    pub arguments: Text<'a>,
    /// Whether `arguments` is plain text.
    pub is_custom: bool,
    /// What the provider wants back with it (Gemini's `thoughtSignature`).
    pub seal: Option<Seal<'a>>,
}

/// What a call brought.
#[derive(Debug, Clone)]
pub struct ToolResult<'a> {
    /// The call's id.
    pub call_id: Text<'a>,
    /// The tool's name where the format repeats it; otherwise it is that of the call with this id.
    pub name: Option<Text<'a>>,
    /// Texts, images and documents; may be empty.
    pub content: Vec<Part<'a>>,
    /// Whether the tool failed.
    pub is_error: bool,
    /// Whether it answers a custom tool.
    pub is_custom: bool,
}

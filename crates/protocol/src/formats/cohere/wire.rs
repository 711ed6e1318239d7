//! Small shapes that answers and streams have in common, and the words for why an answer ended.

use serde::Deserialize;

use crate::neutral::Text;
use crate::neutral::{ErrorKind, ErrorReport, Finish};

/// A text, borrowed where it holds no escapes. (An `Option<Cow<str>>` would always be copied.)
#[derive(Debug, Deserialize)]
pub(super) struct Words<'a>(#[serde(borrow)] pub(super) Text<'a>);

/// A call of a tool, whole or in its beginning.
#[derive(Debug, Deserialize)]
pub(super) struct WireCall<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Words<'a>>,
    #[serde(borrow)]
    pub(super) function: Option<WireFunction<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireFunction<'a> {
    #[serde(borrow)]
    pub(super) name: Option<Words<'a>>,
    #[serde(borrow)]
    pub(super) arguments: Option<Words<'a>>,
}

impl<'a> WireCall<'a> {
    /// Id, name and arguments. For tools without arguments `null` comes in their place (so does the AI SDK of Vercel
    /// correct it).
    pub(super) fn parts(self) -> (Text<'a>, Text<'a>, Text<'a>) {
        let text = |words: Option<Words<'a>>| words.map_or(Text::default(), |Words(text)| text);
        let (name, arguments) = self.function.map_or((None, None), |call| (call.name, call.arguments));
        let arguments = Some(text(arguments)).filter(|arguments| arguments != "null").unwrap_or_default();
        (text(self.id), text(name), arguments)
    }
}

/// Why an answer ended, or the error that it ended with.
pub(super) fn finish(
    reason: &str,
    has_calls: bool,
    error: Option<&str>,
) -> Result<Finish<'static>, ErrorReport> {
    match reason {
        "TOOL_CALL" => Ok(Finish::ToolCalls),
        "MAX_TOKENS" | "ERROR_LIMIT" => Ok(Finish::Length),
        "STOP_SEQUENCE" => Ok(Finish::StopSequence(None)),
        "ERROR_TOXIC" => Ok(Finish::Refused),
        "ERROR" => {
            let message = error.unwrap_or("the model failed while it answered");
            Err(ErrorReport::new(ErrorKind::Server, message))
        }
        "TIMEOUT" => {
            let message = error.unwrap_or("the model took too long to answer");
            Err(ErrorReport::new(ErrorKind::Timeout, message))
        }
        _ if has_calls => Ok(Finish::ToolCalls),
        _ => Ok(Finish::Done),
    }
}

/// `finish_reason`. For a refusal it is the one that version 1 had.
pub(super) fn finish_reason(finish: &Finish<'_>) -> &'static str {
    match finish {
        Finish::Done | Finish::Paused => "COMPLETE",
        Finish::Length => "MAX_TOKENS",
        Finish::StopSequence(_) => "STOP_SEQUENCE",
        Finish::ToolCalls => "TOOL_CALL",
        Finish::Refused => "ERROR_TOXIC",
    }
}

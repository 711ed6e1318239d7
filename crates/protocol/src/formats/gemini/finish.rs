//! Why an answer ended, both ways.

use crate::neutral::Finish;

/// What a `finishReason` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The model was done, or waits for its calls' results.
    Done,
    /// A limit was reached.
    Length,
    /// The model or a filter refused.
    Refused,
    /// Something went wrong: an answer that holds nothing else is none.
    Failed,
}

/// Source: ai.google.dev/api/generate-content#FinishReason and the types of googleapis/python-genai 3.6.
pub(super) fn ended(reason: &str) -> Ended {
    match reason {
        "MAX_TOKENS" | "CONTINUATION" => Ended::Length,
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "MODEL_ARMOR"
        | "ESCALATION"
        | "PUP_LIMITED_DISABLED" => Ended::Refused,
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MALFORMED_RESPONSE"
        | "MISSING_THOUGHT_SIGNATURE"
        | "IMAGE_OTHER"
        | "NO_IMAGE"
        | "OTHER" => Ended::Failed,
        _ => Ended::Done,
    }
}

/// What that comes to for an answer with calls or without.
pub(super) fn finish(ended: Ended, has_calls: bool) -> Finish<'static> {
    match ended {
        Ended::Length => Finish::Length,
        Ended::Refused => Finish::Refused,
        Ended::Done | Ended::Failed if has_calls => Finish::ToolCalls,
        Ended::Done | Ended::Failed => Finish::Done,
    }
}

/// A sentence for an answer that failed.
pub(super) fn failure(reason: &str, message: Option<&str>) -> String {
    match message {
        Some(message) => format!("the model gave no answer ({reason}): {message}"),
        None => format!("the model gave no answer ({reason})"),
    }
}

/// A `finishReason`.
pub(super) fn reason(finish: &Finish<'_>) -> &'static str {
    match finish {
        Finish::Done | Finish::StopSequence(_) | Finish::ToolCalls | Finish::Paused => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::Refused => "SAFETY",
    }
}

//! Small shapes that answers and streams have in common, and the words for why an answer ended.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::neutral::{Finish, Text};

/// A text, borrowed where it holds no escapes. (An `Option<Cow<str>>` would always be copied.)
#[derive(Debug, Deserialize)]
pub(super) struct Words<'a>(#[serde(borrow)] pub(super) Text<'a>);

/// What a model may be asked to tell besides its answer; of it only the stop sequence is read.
#[derive(Debug, Deserialize)]
pub(super) struct MoreFields<'a> {
    #[serde(borrow)]
    pub(super) stop_sequence: Option<Words<'a>>,
}

/// Reads `additionalModelResponseFields`, which may be any JSON.
pub(super) fn stop_sequence(raw: Option<&RawValue>) -> Option<Text<'_>> {
    let fields: MoreFields<'_> = serde_json::from_str(raw?.get()).ok()?;
    fields.stop_sequence.map(|Words(text)| text)
}

/// Some models say `end_turn` after calls (strands-agents/harness-sdk carries the same correction), which would make a
/// client take the calls for a finished answer.
pub(super) fn finish<'a>(reason: &str, sequence: Option<Text<'a>>, has_calls: bool) -> Finish<'a> {
    match reason {
        "tool_use" => Finish::ToolCalls,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "stop_sequence" => Finish::StopSequence(sequence),
        "guardrail_intervened" | "content_filtered" => Finish::Refused,
        _ if has_calls => Finish::ToolCalls,
        _ => Finish::Done,
    }
}

/// `stopReason` and the stop sequence.
pub(super) fn stop_reason<'f>(finish: &'f Finish<'_>) -> (&'static str, Option<&'f str>) {
    match finish {
        Finish::Done | Finish::Paused => ("end_turn", None),
        Finish::Length => ("max_tokens", None),
        Finish::StopSequence(sequence) => ("stop_sequence", sequence.as_deref()),
        Finish::ToolCalls => ("tool_use", None),
        Finish::Refused => ("content_filtered", None),
    }
}

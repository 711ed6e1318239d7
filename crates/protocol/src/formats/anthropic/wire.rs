//! Small shapes that requests, answers and streams share: borrowed texts, ids, reasons for stopping, sources.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::compose::ObjectWriter;
use crate::neutral::{Citation, Finish, Seal, Text};
use crate::seals;

/// A text that borrows even inside an `Option`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Str<'a>(#[serde(borrow)] pub(super) Text<'a>);

/// The type of a block or a delta.
#[derive(Deserialize)]
pub(super) struct Typed<'a> {
    #[serde(rename = "type", borrow)]
    kind: Str<'a>,
}

/// The `type` of an object; empty if it has none.
pub(super) fn type_of(json: &str) -> Text<'_> {
    serde_json::from_str(json).map_or(Text::default(), |Typed { kind }| kind.0)
}

/// Anthropic's ids begin with `msg_`; another provider's id keeps its own text behind that.
pub(super) fn message_id(id: &str, request_id: &str) -> String {
    match id {
        "" => format!("msg_{request_id}"),
        id if id.starts_with("msg_") => id.to_owned(),
        id => format!("msg_{id}"),
    }
}

/// A call's id in the characters that are allowed: letters, digits, `_` and `-`.
pub(super) fn call_id(id: &str) -> Cow<'_, str> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.is_empty() {
        Cow::Borrowed("call")
    } else if id.bytes().all(|byte| is_allowed(byte.into())) {
        Cow::Borrowed(id)
    } else {
        Cow::Owned(id.chars().map(|c| if is_allowed(c) { c } else { '_' }).collect())
    }
}

/// A call's id for a client, with what its provider wants back, since `tool_use` has no place for that.
pub(super) fn call_id_with(id: &str, seal: Option<&Seal<'_>>) -> String {
    seals::id_with(&call_id(id), seal).into_owned()
}

/// Why an answer ended.
pub(super) fn finish<'a>(reason: Option<&str>, sequence: Option<Text<'a>>) -> Finish<'a> {
    match reason {
        Some("max_tokens" | "model_context_window_exceeded") => Finish::Length,
        Some("stop_sequence") => Finish::StopSequence(sequence),
        Some("tool_use") => Finish::ToolCalls,
        Some("refusal") => Finish::Refused,
        // A compaction that the client asked to be told of is gone on with like a pause.
        Some("pause_turn" | "compaction") => Finish::Paused,
        _ => Finish::Done,
    }
}

/// Writes `stop_reason` and `stop_sequence`. Some providers call an answer done that waits for its calls; clients of this
/// format run tools only when it says so.
pub(super) fn write_stop(object: &mut ObjectWriter<'_>, finish: &Finish<'_>, has_calls: bool) {
    let (reason, sequence) = match finish {
        Finish::Done if has_calls => ("tool_use", None),
        Finish::Done => ("end_turn", None),
        Finish::Length => ("max_tokens", None),
        Finish::StopSequence(sequence) => ("stop_sequence", sequence.as_deref()),
        Finish::ToolCalls => ("tool_use", None),
        Finish::Refused => ("refusal", None),
        Finish::Paused => ("pause_turn", None),
    };
    object.field("stop_reason", reason).field("stop_sequence", &sequence);
}

#[derive(Deserialize)]
struct WireCitation<'a> {
    #[serde(borrow)]
    url: Option<Str<'a>>,
    #[serde(borrow)]
    source: Option<Str<'a>>,
    #[serde(borrow)]
    title: Option<Str<'a>>,
    #[serde(borrow)]
    document_title: Option<Str<'a>>,
    #[serde(borrow)]
    cited_text: Option<Str<'a>>,
}

/// Where words are from; `None` for a form that is not known.
pub(super) fn citation(raw: &RawValue) -> Option<Citation<'_>> {
    let wire: WireCitation<'_> = serde_json::from_str(raw.get()).ok()?;
    let citation = Citation {
        url: filled(wire.url.or(wire.source)),
        title: filled(wire.title.or(wire.document_title)),
        quoted: filled(wire.cited_text),
        place: None,
    };
    (citation != Citation::default()).then_some(citation)
}

fn filled(text: Option<Str<'_>>) -> Option<Text<'_>> {
    text.map(|Str(text)| text).filter(|text| !text.is_empty())
}

/// Writes a source as the web search does. A source without an address has no form here: the others point into documents
/// of the request by number, which nobody knows any more.
pub(super) fn write_citation(object: &mut ObjectWriter<'_>, url: &str, citation: &Citation<'_>) {
    object
        .field("type", "web_search_result_location")
        .field("cited_text", citation.quoted.as_deref().unwrap_or_default())
        .field("url", url)
        .field("title", &citation.title.as_deref())
        .field("encrypted_index", "");
}

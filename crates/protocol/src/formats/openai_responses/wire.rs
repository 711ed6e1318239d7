//! The items of an answer as they stand on the wire, read leniently: what a type does not need is not looked at, and items
//! of types never heard of are nothing.

use std::borrow::Cow;

use paceway_domain::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::usage::{self, WireUsage};
use crate::neutral::{Citation, Finish, Text};

/// A text that is borrowed where it holds no escapes, also within an `Option`.
#[derive(Debug, Deserialize)]
pub(super) struct Str<'a>(#[serde(borrow)] pub(super) Text<'a>);

/// A text or nothing, as a text.
pub(super) fn text(text: Option<Str<'_>>) -> Text<'_> {
    text.map_or("".into(), |Str(text)| text)
}

/// A response, whole or as lifecycle events carry it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WireResponse<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) model: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) status: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) output: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    incomplete_details: Option<IncompleteDetails<'a>>,
    usage: Option<WireUsage>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct IncompleteDetails<'a> {
    #[serde(borrow)]
    reason: Option<Str<'a>>,
}

impl WireResponse<'_> {
    /// What it used.
    pub(super) fn usage(&self) -> Usage {
        let searches = || usage::searches(self.output.as_deref().unwrap_or_default());
        self.usage.as_ref().map(|usage| usage.read_with(searches())).unwrap_or_default()
    }

    /// Why it ended, given what it is made of. Only `status` and its details bear on it otherwise.
    pub(super) fn finish(&self, has_calls: bool, has_refusal: bool) -> Finish<'static> {
        let is_incomplete = self.status.as_ref().is_some_and(|Str(status)| status == "incomplete");
        let reason = self.incomplete_details.as_ref().and_then(|details| details.reason.as_ref());
        match reason.map(|Str(reason)| reason.as_ref()).filter(|_| is_incomplete) {
            Some("content_filter") => Finish::Refused,
            Some("max_output_tokens") => Finish::Length,
            Some(_) => Finish::Paused,
            None if is_incomplete => Finish::Length,
            None if has_calls => Finish::ToolCalls,
            None if has_refusal => Finish::Refused,
            None => Finish::Done,
        }
    }
}

/// An item of `output`.
#[derive(Debug)]
pub(super) enum WireItem<'a> {
    Message(WireMessage<'a>),
    Reasoning(WireReasoning<'a>),
    Call(WireCall<'a>),
    Image(WireImage<'a>),
    /// What the provider's own tools did, and whatever else there may be.
    Other,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct WireMessage<'a> {
    #[serde(borrow)]
    pub(super) content: Option<Vec<WireContent<'a>>>,
}

/// A part of a message: `output_text` or `refusal`.
#[derive(Debug, Deserialize)]
pub(super) struct WireContent<'a> {
    #[serde(borrow)]
    pub(super) text: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) refusal: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) annotations: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) logprobs: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct WireReasoning<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) summary: Option<Vec<WireWords<'a>>>,
    #[serde(borrow)]
    pub(super) content: Option<Vec<WireWords<'a>>>,
    #[serde(borrow)]
    pub(super) encrypted_content: Option<Str<'a>>,
}

/// `summary_text` or `reasoning_text`.
#[derive(Debug, Deserialize)]
pub(super) struct WireWords<'a> {
    #[serde(borrow)]
    pub(super) text: Option<Str<'a>>,
}

/// Paragraphs as texts.
pub(super) fn words(paragraphs: Option<Vec<WireWords<'_>>>) -> Vec<Text<'_>> {
    paragraphs.unwrap_or_default().into_iter().map(|words| text(words.text)).collect()
}

/// `function_call` or `custom_tool_call`.
#[derive(Debug, Deserialize)]
pub(super) struct WireCall<'a> {
    #[serde(borrow)]
    pub(super) call_id: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) namespace: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) arguments: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) input: Option<Str<'a>>,
    #[serde(skip)]
    pub(super) is_custom: bool,
}

impl<'a> WireCall<'a> {
    /// The JSON of a function's arguments, or the text for a custom tool.
    pub(super) fn take_arguments(&mut self) -> Text<'a> {
        text(if self.is_custom { self.input.take() } else { self.arguments.take() })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct WireImage<'a> {
    #[serde(borrow)]
    result: Option<Str<'a>>,
    #[serde(borrow)]
    output_format: Option<Str<'a>>,
}

impl<'a> WireImage<'a> {
    /// Media type and base64, if the picture is there.
    pub(super) fn read(self) -> Option<(Text<'a>, Text<'a>)> {
        let data = text(self.result);
        let media_type = match text(self.output_format).as_ref() {
            "jpeg" | "jpg" => Cow::Borrowed("image/jpeg"),
            "svg" => Cow::Borrowed("image/svg+xml"),
            "" => Cow::Borrowed("image/png"),
            other => Cow::Owned(format!("image/{other}")),
        };
        (!data.is_empty()).then_some((media_type.into(), data))
    }
}

impl<'a> WireItem<'a> {
    /// Reads an item by its type.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub(super) fn read(item: &'a str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Typed<'a> {
            #[serde(rename = "type", borrow)]
            kind: Option<Str<'a>>,
        }
        let kind = text(parse::<Typed<'_>>(item)?.kind);
        Ok(match kind.as_ref() {
            "message" => Self::Message(parse(item)?),
            "reasoning" => Self::Reasoning(parse(item)?),
            "function_call" => Self::Call(parse(item)?),
            "custom_tool_call" => Self::Call(WireCall { is_custom: true, ..parse(item)? }),
            "image_generation_call" => Self::Image(parse(item)?),
            _ => Self::Other,
        })
    }
}

fn parse<'a, T: Deserialize<'a>>(item: &'a str) -> Result<T, String> {
    serde_json::from_str(item).map_err(|error| format!("an item is not what the dialect allows: {error}"))
}

/// The source that an annotation names; `None` for what names none, such as a file that was made.
pub(super) fn citation(annotation: &RawValue) -> Option<Citation<'_>> {
    #[derive(Deserialize)]
    struct Annotation<'a> {
        #[serde(rename = "type", borrow)]
        kind: Option<Str<'a>>,
        #[serde(borrow)]
        url: Option<Str<'a>>,
        #[serde(borrow)]
        title: Option<Str<'a>>,
        #[serde(borrow)]
        filename: Option<Str<'a>>,
        start_index: Option<u64>,
        end_index: Option<u64>,
    }
    let annotation: Annotation<'_> = serde_json::from_str(annotation.get()).ok()?;
    let (url, title) = match text(annotation.kind).as_ref() {
        "url_citation" => (annotation.url, annotation.title),
        "file_citation" | "container_file_citation" => (None, annotation.filename),
        _ => return None,
    };
    Some(Citation {
        url: url.map(|Str(url)| url),
        title: title.map(|Str(title)| title).filter(|title| !title.is_empty()),
        quoted: None,
        place: annotation.start_index.zip(annotation.end_index),
    })
}

/// The likelihoods, unless the list is empty.
pub(super) fn some_logprobs(logprobs: Option<&RawValue>) -> Option<&RawValue> {
    logprobs.filter(|raw| raw.get().bytes().any(|byte| byte == b'{'))
}

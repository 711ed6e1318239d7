//! The shapes of answers and of the chunks of streams, read leniently: values stay unread slices until somebody wants them.
//!
//! What they mean is not decided here. Sources: openai-python `types/chat/chat_completion_chunk.py` and
//! `chat_completion_message.py`; the extensions are those of DeepSeek, Groq, OpenRouter, Mistral, vLLM, LiteLLM and Google.

use std::borrow::Cow;

use paceway_domain::Terms;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::neutral::{Json, Text};
use crate::{known, lenient};

/// An unread value; `null` and nothing are the same.
pub(super) type Raw<'a> = Option<&'a RawValue>;

/// A chunk of a stream, or a whole answer.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(borrow, default)]
    pub(super) id: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) model: Raw<'a>,
    #[serde(borrow, default)]
    created: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    pub(super) usage: Raw<'a>,
    /// Groq's own.
    #[serde(borrow, default)]
    pub(super) x_groq: Raw<'a>,
    /// How it was served, which need not be as it was asked.
    #[serde(borrow, default)]
    service_tier: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) error: Raw<'a>,
    /// `error` where vLLM writes an error bare.
    #[serde(borrow, default)]
    object: Raw<'a>,
    /// OpenAI's: letters that hide the length of a chunk.
    #[serde(borrow, default)]
    obfuscation: Raw<'a>,
}

/// One of the answers asked for.
#[derive(Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(borrow, default)]
    index: Raw<'a>,
    #[serde(borrow, default)]
    delta: Option<Message<'a>>,
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Raw<'a>,
    /// vLLM's: the stop sequence that came up.
    #[serde(borrow, default)]
    pub(super) stop_reason: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) logprobs: Raw<'a>,
    /// OpenRouter's.
    #[serde(borrow, default)]
    pub(super) error: Raw<'a>,
}

/// A message, or what a chunk adds to it.
#[derive(Default, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    pub(super) content: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) refusal: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) reasoning_content: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) reasoning: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) reasoning_details: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) thinking_blocks: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) annotations: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) images: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) tool_calls: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) function_call: Raw<'a>,
}

impl Message<'_> {
    fn has_content_only(&self) -> bool {
        let others = [
            self.refusal,
            self.reasoning_content,
            self.reasoning,
            self.reasoning_details,
            self.thinking_blocks,
            self.annotations,
            self.images,
            self.tool_calls,
            self.function_call,
        ];
        others.iter().all(Option::is_none)
    }
}

/// A call, or what a chunk adds to it.
#[derive(Deserialize)]
pub(super) struct Call<'a> {
    #[serde(borrow, default)]
    index: Raw<'a>,
    #[serde(borrow, default)]
    id: Raw<'a>,
    #[serde(borrow, default)]
    function: Option<Function<'a>>,
    #[serde(borrow, default)]
    custom: Option<Custom<'a>>,
    #[serde(borrow, default)]
    extra_content: Raw<'a>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Raw<'a>,
    #[serde(borrow, default)]
    arguments: Raw<'a>,
}

#[derive(Deserialize)]
struct Custom<'a> {
    #[serde(borrow, default)]
    name: Raw<'a>,
    #[serde(borrow, default)]
    input: Raw<'a>,
}

impl<'a> Answer<'a> {
    /// The first of the answers: the others, if more than one was asked for, have no place in the neutral form.
    pub(super) fn into_first_choice(self) -> Option<Choice<'a>> {
        self.choices.into_iter().flatten().find(Choice::is_first)
    }

    /// The words of an answer's text if the chunk says nothing else, as they stand between their quotes.
    pub(super) fn only_words(&self) -> Option<&'a str> {
        let [choice] = self.choices.as_deref()? else { return None };
        let content = choice.delta.as_ref()?.content;
        let is_rest_empty = choice.is_first()
            && choice.delta.as_ref().is_some_and(Message::has_content_only)
            && [choice.finish_reason, choice.stop_reason, choice.logprobs, choice.error]
                .iter()
                .all(Option::is_none)
            && [self.usage, self.x_groq, self.error].iter().all(Option::is_none)
            && !self.is_error();
        known::inside(content.filter(|_| is_rest_empty)?.get()).filter(|words| !words.is_empty())
    }

    /// What nobody reads and is another in every chunk.
    pub(super) fn obfuscation(&self) -> Option<&'a str> {
        self.obfuscation.map(RawValue::get)
    }

    /// What is particular to it: its id and the time at which it was made, as far as it says.
    pub(super) fn print(&self) -> String {
        let created = self.created.map_or("", |created| created.get());
        format!("{}{created}", text(self.id).unwrap_or_default())
    }

    /// On which terms it was served.
    pub(super) fn terms(&self) -> Terms {
        Terms::at(text(self.service_tier).map(|name| lenient::tier_named(&name)).unwrap_or_default())
    }

    /// Whether it reports an error in place of an answer, or beside one.
    pub(super) fn is_error(&self) -> bool {
        let is_bare = || self.object.is_some_and(|object| object.get() == "\"error\"");
        self.error.is_some_and(|error| !matches!(error.get(), "false" | "\"\"")) || is_bare()
    }
}

impl<'a> Choice<'a> {
    /// Whether it is the answer that is read, where more than one was asked for.
    pub(super) fn is_first(&self) -> bool {
        self.index.is_none_or(|index| index.get() == "0")
    }

    /// The message, or what the chunk adds to it.
    pub(super) fn take_message(&mut self) -> Message<'a> {
        self.delta.take().or_else(|| self.message.take()).unwrap_or_default()
    }
}

impl<'a> Call<'a> {
    pub(super) fn index(&self) -> Option<u64> {
        self.index?.get().parse().ok()
    }

    /// Its id; empty where there is none.
    pub(super) fn id(&self) -> Text<'a> {
        text(self.id).unwrap_or_default()
    }

    /// The tool's name; empty where there is none.
    pub(super) fn name(&self) -> Text<'a> {
        let function = self.function.as_ref().and_then(|function| function.name);
        text(function.or_else(|| self.custom.as_ref()?.name)).unwrap_or_default()
    }

    pub(super) fn is_custom(&self) -> bool {
        self.custom.is_some() && self.function.is_none()
    }

    /// Its arguments, or their next piece. Some providers write an object in place of its text.
    pub(super) fn arguments(&self) -> Text<'a> {
        let raw = match (&self.function, &self.custom) {
            (Some(function), _) => function.arguments,
            (None, Some(custom)) => custom.input,
            (None, None) => None,
        };
        let Some(raw) = raw else { return Text::default() };
        text(Some(raw)).unwrap_or(Text::of(raw.get()))
    }

    /// What Google wants back with the call (ai.google.dev/gemini-api/docs/thought-signatures, under OpenAI).
    pub(super) fn signature(&self) -> Option<Text<'a>> {
        #[derive(Deserialize)]
        struct Extra<'a> {
            #[serde(borrow)]
            google: Google<'a>,
        }
        #[derive(Deserialize)]
        struct Google<'a> {
            #[serde(borrow)]
            thought_signature: Raw<'a>,
        }
        let extra: Extra<'a> = serde_json::from_str(self.extra_content?.get()).ok()?;
        text(extra.google.thought_signature).filter(|signature| !signature.is_empty())
    }
}

/// The deprecated `function_call` as a call.
pub(super) fn function_call(raw: &RawValue) -> Option<Call<'_>> {
    let function = serde_json::from_str(raw.get()).ok()?;
    Some(Call { index: None, id: None, function: Some(function), custom: None, extra_content: None })
}

/// A string; `None` for anything else.
pub(super) fn text(raw: Raw<'_>) -> Option<Text<'_>> {
    known::string(raw?.get()).map(Text::from)
}

/// The elements of an array that have this shape; none if it is something else.
pub(super) fn list<'a, T: Deserialize<'a>>(raw: Raw<'a>) -> Vec<T> {
    let Some(raw) = raw.filter(|raw| raw.get().starts_with('[')) else { return Vec::new() };
    if let Ok(list) = serde_json::from_str(raw.get()) {
        return list;
    }
    let elements: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    elements.into_iter().filter_map(|element| serde_json::from_str(element.get()).ok()).collect()
}

/// The tokens of `logprobs.content`, if there are any.
pub(super) fn tokens(logprobs: Raw<'_>) -> Option<Json<'_>> {
    #[derive(Deserialize)]
    struct Logprobs<'a> {
        #[serde(borrow)]
        content: Raw<'a>,
    }
    let logprobs: Logprobs<'_> = serde_json::from_str(logprobs?.get()).ok()?;
    let tokens = logprobs.content?;
    let is_filled = tokens.get().strip_prefix('[').is_some_and(|rest| !rest.trim_start().starts_with(']'));
    is_filled.then_some(Cow::Borrowed(tokens))
}

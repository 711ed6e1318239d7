//! What an answer, whole or a chunk of a stream, is made of on the wire; the two have one shape. Also the usage's arithmetic.
//!
//! Fields that are not read here are not modelled.

use paceway_domain::{Tokens, Usage};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::compose::ObjectWriter;
use crate::neutral::Text;

/// A text, borrowed where it holds no escapes; inside an `Option` a bare `Cow` would never be.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Words<'a>(#[serde(borrow)] pub(super) Text<'a>);

/// A `GenerateContentResponse`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireAnswer<'a> {
    #[serde(borrow)]
    pub(super) candidates: Option<Vec<WireCandidate<'a>>>,
    #[serde(borrow)]
    pub(super) prompt_feedback: Option<WireFeedback<'a>>,
    pub(super) usage_metadata: Option<WireUsage>,
    #[serde(borrow)]
    pub(super) model_version: Option<Words<'a>>,
    #[serde(borrow)]
    pub(super) response_id: Option<Words<'a>>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireCandidate<'a> {
    #[serde(borrow)]
    pub(super) content: Option<WireContent<'a>>,
    #[serde(borrow)]
    pub(super) finish_reason: Option<Words<'a>>,
    #[serde(borrow)]
    pub(super) finish_message: Option<Words<'a>>,
    #[serde(borrow)]
    pub(super) grounding_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) citation_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) logprobs_result: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireContent<'a> {
    #[serde(borrow)]
    pub(super) parts: Option<Vec<WirePart<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WirePart<'a> {
    #[serde(borrow)]
    pub(super) text: Option<Words<'a>>,
    pub(super) thought: Option<bool>,
    #[serde(borrow)]
    pub(super) thought_signature: Option<Words<'a>>,
    #[serde(borrow)]
    pub(super) function_call: Option<WireCall<'a>>,
    #[serde(borrow)]
    pub(super) inline_data: Option<WireBlob<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireCall<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Words<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Words<'a>>,
    #[serde(borrow)]
    pub(super) args: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireBlob<'a> {
    #[serde(borrow)]
    pub(super) mime_type: Words<'a>,
    #[serde(borrow)]
    pub(super) data: Words<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireFeedback<'a> {
    #[serde(borrow)]
    pub(super) block_reason: Option<Words<'a>>,
    #[serde(borrow)]
    pub(super) block_reason_message: Option<Words<'a>>,
}

impl<'a> WireAnswer<'a> {
    /// The words of the answer if the chunk says nothing else, as they stand between their quotes where they hold no escapes.
    pub(super) fn only_words(&self) -> Option<&'a str> {
        let is_rest_empty =
            self.prompt_feedback.is_none() && self.usage_metadata.is_none() && self.error.is_none();
        let candidate = self.candidates.as_deref().filter(|_| is_rest_empty)?.first()?;
        let [part] = candidate.content.as_ref()?.parts.as_deref()? else { return None };
        let is_more =
            [&candidate.finish_reason, &candidate.finish_message].iter().any(|words| words.is_some())
                || [candidate.grounding_metadata, candidate.citation_metadata, candidate.logprobs_result]
                    .iter()
                    .any(Option::is_some);
        let is_text = part.thought != Some(true) && part.thought_signature.is_none();
        part.text.as_ref().filter(|_| is_text && !is_more)?.0.lent()
    }

    /// The first candidate: others are not asked for.
    pub(super) fn candidate(&mut self) -> Option<WireCandidate<'a>> {
        self.candidates.take()?.into_iter().next()
    }
}

/// The id of a call that came without one: the answer's own with the call's place in it, the same on every reading.
pub(super) fn call_id(answer: &str, place: usize) -> String {
    let answer: String = answer
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
        .take(24)
        .collect();
    if answer.is_empty() { format!("call_{place}") } else { format!("call_{answer}_{place}") }
}

/// `usageMetadata`. The prompt includes what was cached; the candidates exclude the thoughts.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct WireUsage {
    #[serde(rename = "promptTokenCount")]
    prompt: Option<u64>,
    #[serde(rename = "cachedContentTokenCount")]
    cached: Option<u64>,
    #[serde(rename = "toolUsePromptTokenCount")]
    tools: Option<u64>,
    #[serde(rename = "candidatesTokenCount")]
    candidates: Option<u64>,
    #[serde(rename = "thoughtsTokenCount")]
    thoughts: Option<u64>,
    #[serde(rename = "totalTokenCount")]
    total: Option<u64>,
}

impl WireUsage {
    /// This report laid over an earlier one of the same stream: the counts are cumulative, and one that is left out holds on.
    pub(super) fn over(self, earlier: Self) -> Self {
        Self {
            prompt: self.prompt.or(earlier.prompt),
            cached: self.cached.or(earlier.cached),
            tools: self.tools.or(earlier.tools),
            candidates: self.candidates.or(earlier.candidates),
            thoughts: self.thoughts.or(earlier.thoughts),
            total: self.total.or(earlier.total),
        }
    }

    /// Whether it counts the output yet.
    pub(super) fn has_output(self) -> bool {
        self.candidates.is_some() || self.thoughts.is_some()
    }

    pub(super) fn read(self) -> Usage {
        let prompt = self.prompt.unwrap_or(0);
        let cached = self.cached.unwrap_or(0).min(prompt);
        let tools = self.tools.unwrap_or(0);
        let candidates = self.candidates.unwrap_or(0);
        let thoughts = self.thoughts.unwrap_or(0);
        // Some servers behind this dialect count the thoughts among the candidates; the total tells.
        let seen = prompt.saturating_add(tools).saturating_add(candidates);
        let is_inclusive = thoughts <= candidates && self.total == Some(seen);
        let output = if is_inclusive { candidates } else { candidates.saturating_add(thoughts) };
        Usage {
            input: Tokens((prompt - cached).saturating_add(tools)),
            cache_read: Tokens(cached),
            output: Tokens(output),
            reasoning: Tokens(thoughts),
            ..Usage::default()
        }
    }
}

/// Writes `usageMetadata`.
pub(super) fn write_usage(usage: &Usage, object: &mut ObjectWriter<'_>) {
    let Tokens(input) = usage.input_total();
    let Tokens(output) = usage.output;
    let thoughts = usage.reasoning.0.min(output);
    object.object("usageMetadata", |metadata| {
        metadata.field("promptTokenCount", &input);
        if usage.cache_read.0 > 0 {
            metadata.field("cachedContentTokenCount", &usage.cache_read);
        }
        metadata.field("candidatesTokenCount", &(output - thoughts));
        if thoughts > 0 {
            metadata.field("thoughtsTokenCount", &thoughts);
        }
        metadata.field("totalTokenCount", &input.saturating_add(output));
    });
}

//! What an answer, whole or a chunk of a stream, is made of on the wire; the two have one shape. Also the usage's arithmetic.
//!
//! Fields that are not read here are not modelled.

use paceway_domain::{Apart, ServiceTier, Terms, Tokens, Usage};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::compose::ObjectWriter;
use crate::lenient;
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

impl WireAnswer<'_> {
    /// Searches of the web that it rests on.
    pub(super) fn searches(&self) -> u32 {
        let candidates = self.candidates.as_deref().unwrap_or_default();
        candidates.iter().filter_map(|candidate| candidate.grounding_metadata).map(searches).sum()
    }
}

/// Searches of the web that grounding tells of.
fn searches(grounding: &RawValue) -> u32 {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Grounding {
        #[serde(deserialize_with = "lenient::maybe")]
        web_search_queries: Option<Vec<serde::de::IgnoredAny>>,
    }
    let queries = serde_json::from_str::<Grounding>(grounding.get()).unwrap_or_default().web_search_queries;
    u32::try_from(queries.map_or(0, |queries| queries.len())).unwrap_or(u32::MAX)
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
    #[serde(rename = "promptTokensDetails", deserialize_with = "by_modality")]
    of_prompt: Option<ByModality>,
    #[serde(rename = "cacheTokensDetails", deserialize_with = "by_modality")]
    of_cached: Option<ByModality>,
    #[serde(rename = "candidatesTokensDetails", deserialize_with = "by_modality")]
    of_candidates: Option<ByModality>,
    /// Vertex AI's: `ON_DEMAND`, `ON_DEMAND_FLEX`, `PROVISIONED_THROUGHPUT`, …
    #[serde(rename = "trafficType", deserialize_with = "lenient::tier")]
    traffic: Option<ServiceTier>,
    /// The Gemini API's: `standard`, `flex`, `priority`.
    #[serde(rename = "serviceTier", deserialize_with = "lenient::tier")]
    tier: Option<ServiceTier>,
}

/// Tokens of the kinds that have prices of their own.
#[derive(Debug, Default, Clone, Copy)]
struct ByModality {
    audio: u64,
    image: u64,
}

/// `[{"modality":"AUDIO","tokenCount":5}, …]`.
fn by_modality<'de, D: Deserializer<'de>>(from: D) -> Result<Option<ByModality>, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    #[derive(Default)]
    struct Detail {
        modality: String,
        #[serde(deserialize_with = "lenient::count")]
        token_count: u64,
    }
    let details: Option<Vec<Detail>> = lenient::maybe(from)?;
    let of = |details: &[Detail], wanted: &str| -> u64 {
        let counts = details.iter().filter(|detail| detail.modality == wanted);
        counts.map(|detail| detail.token_count).fold(0, u64::saturating_add)
    };
    Ok(details.map(|details| ByModality { audio: of(&details, "AUDIO"), image: of(&details, "IMAGE") }))
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
            of_prompt: self.of_prompt.or(earlier.of_prompt),
            of_cached: self.of_cached.or(earlier.of_cached),
            of_candidates: self.of_candidates.or(earlier.of_candidates),
            traffic: self.traffic.or(earlier.traffic),
            tier: self.tier.or(earlier.tier),
        }
    }

    pub(super) fn terms(self) -> Terms {
        Terms::at(self.tier.or(self.traffic).unwrap_or_default())
    }

    /// What has a price of its own and no place in the usage.
    pub(super) fn apart(self) -> Apart {
        let of = |details: Option<ByModality>| details.unwrap_or_default();
        let (prompt, cached) = (of(self.of_prompt), of(self.of_cached));
        Apart {
            image_input: Tokens(prompt.image.saturating_sub(cached.image)),
            audio_cache_read: Tokens(cached.audio),
            ..Apart::default()
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
        let of = |details: Option<ByModality>| details.unwrap_or_default();
        let heard = of(self.of_prompt).audio.saturating_sub(of(self.of_cached).audio);
        let made = of(self.of_candidates);
        Usage {
            input: Tokens((prompt - cached).saturating_add(tools)),
            cache_read: Tokens(cached),
            output: Tokens(output),
            reasoning: Tokens(thoughts),
            audio_input: Tokens(heard.min(prompt - cached)),
            audio_output: Tokens(made.audio.min(candidates)),
            image_output: Tokens(made.image.min(candidates)),
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

//! Thoughts beside a message: `reasoning_content`, OpenRouter's `reasoning_details` and LiteLLM's `thinking_blocks`.
//!
//! OpenAI's own API shows no thoughts; these are the places where its followers and their clients keep them. Sources:
//! openrouter.ai/docs/use-cases/reasoning-tokens; github.com/OpenRouterTeam/ai-sdk-provider, `src/schemas`;
//! docs.litellm.ai/docs/reasoning_content. Streams are put in order elsewhere.

use std::borrow::Cow;

use paceway_domain::Dialect;
use serde::Deserialize;

use super::wire::{self, Raw};
use crate::compose::ObjectWriter;
use crate::neutral::{Seal, Text};
use crate::seals;

const TEXT: &str = "reasoning.text";
const SUMMARY: &str = "reasoning.summary";
const ENCRYPTED: &str = "reasoning.encrypted";

/// One of the `reasoning_details`, or a piece of one.
#[derive(Debug, Clone)]
pub(super) enum Detail<'a> {
    /// Words, or the seal of words that came before.
    Words {
        text: Text<'a>,
        seal: Option<Seal<'a>>,
        /// Which thought it belongs to.
        index: Option<u64>,
        is_summary: bool,
    },
    /// Only a seal: of a hidden thought, of the summary before it, or of the call with this id.
    Sealed { seal: Seal<'a>, id: Option<Text<'a>> },
}

/// A thought of a whole message.
#[derive(Debug, Clone)]
pub(super) enum Thought<'a> {
    Words { text: Text<'a>, seal: Option<Seal<'a>> },
    Redacted(Seal<'a>),
}

/// The thoughts of a whole message, and the seals of its calls by their ids.
#[derive(Debug, Default)]
pub(super) struct Thoughts<'a> {
    pub(super) list: Vec<Thought<'a>>,
    call_seals: Vec<(Text<'a>, Seal<'a>)>,
}

#[derive(Deserialize)]
struct WireDetail<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Raw<'a>,
    #[serde(borrow, default)]
    text: Raw<'a>,
    #[serde(borrow, default)]
    summary: Raw<'a>,
    #[serde(borrow, default)]
    data: Raw<'a>,
    #[serde(borrow, default)]
    signature: Raw<'a>,
    #[serde(borrow, default)]
    format: Raw<'a>,
    #[serde(borrow, default)]
    id: Raw<'a>,
    #[serde(borrow, default)]
    index: Raw<'a>,
}

impl<'a> Detail<'a> {
    fn read(wire: &WireDetail<'a>) -> Option<Self> {
        let filled = |raw| wire::text(raw).filter(|text| !text.is_empty());
        let format = wire::text(wire.format);
        let kind = wire::text(wire.kind)?;
        if kind == ENCRYPTED {
            let seal = seal_of(filled(wire.data)?, format.as_deref());
            return Some(Self::Sealed { seal, id: filled(wire.id) });
        }
        let is_summary = kind == SUMMARY;
        let text = if is_summary { wire.summary } else { wire.text };
        Some(Self::Words {
            text: wire::text(text).unwrap_or_default(),
            seal: filled(wire.signature).map(|signature| seal_of(signature, format.as_deref())),
            index: wire.index.and_then(|index| index.get().parse().ok()),
            is_summary,
        })
    }

    fn has_words(&self) -> bool {
        matches!(self, Self::Words { text, .. } if !text.is_empty())
    }
}

/// What a message or a chunk says of thoughts, in the best of the places where it may be said.
pub(super) fn details<'a>(message: &wire::Message<'a>) -> Vec<Detail<'a>> {
    places(message.reasoning_details, message.thinking_blocks, [message.reasoning_content, message.reasoning])
}

/// The same of the fields as such. Details win over blocks, both over plain words; plain words that are said nowhere else
/// come first.
pub(super) fn places<'a>(details: Raw<'a>, blocks: Raw<'a>, plain: [Raw<'a>; 2]) -> Vec<Detail<'a>> {
    if details.or(blocks).or(plain[0]).or(plain[1]).is_none() {
        return Vec::new();
    }
    let wire: Vec<WireDetail<'a>> = wire::list(details);
    let mut found: Vec<_> = wire.iter().filter_map(Detail::read).collect();
    if found.is_empty() {
        found = read_blocks(blocks);
    }
    if found.iter().any(Detail::has_words) {
        return found;
    }
    let words = plain.into_iter().find_map(|raw| wire::text(raw).filter(|text| !text.is_empty()));
    if let Some(text) = words {
        found.insert(0, Detail::Words { text, seal: None, index: None, is_summary: false });
    }
    found
}

/// LiteLLM's blocks, which are Anthropic's.
fn read_blocks<'a>(blocks: Raw<'a>) -> Vec<Detail<'a>> {
    #[derive(Deserialize)]
    struct Block<'a> {
        #[serde(borrow, default)]
        thinking: Raw<'a>,
        #[serde(borrow, default)]
        signature: Raw<'a>,
        #[serde(borrow, default)]
        data: Raw<'a>,
    }
    let blocks: Vec<Block<'a>> = wire::list(blocks);
    let filled = |raw| wire::text(raw).filter(|text| !text.is_empty());
    let read = |(index, block): (usize, Block<'a>)| match filled(block.data) {
        Some(data) => Some(Detail::Sealed { seal: seals::unwrap(data, Dialect::Anthropic), id: None }),
        None => {
            let text = wire::text(block.thinking)?;
            let seal = filled(block.signature).map(|signature| seals::unwrap(signature, Dialect::Anthropic));
            Some(Detail::Words { text, seal, index: Some(index as u64), is_summary: false })
        }
    };
    blocks.into_iter().enumerate().filter_map(read).collect()
}

impl<'a> Thoughts<'a> {
    /// Joins details: clients may return them as the pieces in which they came.
    pub(super) fn of(details: Vec<Detail<'a>>) -> Self {
        let mut thoughts = Self::default();
        let mut open: Option<(Option<u64>, bool)> = None;
        for detail in details {
            match detail {
                Detail::Words { text, seal: None, .. } if text.is_empty() => {}
                Detail::Words { text, seal, index, is_summary } => {
                    let is_next = open == Some((index, is_summary));
                    open = seal.is_none().then_some((index, is_summary));
                    thoughts.words(text, seal, is_next);
                }
                Detail::Sealed { seal, id } => {
                    let is_of_summary = matches!(open, Some((_, true))) && seal.by == Dialect::Responses;
                    open = None;
                    thoughts.sealed(seal, id, is_of_summary);
                }
            }
        }
        thoughts
    }

    fn words(&mut self, text: Text<'a>, seal: Option<Seal<'a>>, is_next: bool) {
        match self.list.last_mut() {
            Some(Thought::Words { text: known, seal: place }) if is_next => {
                known.push_str(&text);
                *place = seal;
            }
            _ => self.list.push(Thought::Words { text, seal }),
        }
    }

    fn sealed(&mut self, seal: Seal<'a>, id: Option<Text<'a>>, is_of_summary: bool) {
        match (self.list.last_mut(), id) {
            (Some(Thought::Words { seal: place, .. }), _) if is_of_summary => *place = Some(seal),
            (_, Some(id)) if seal.by == Dialect::Gemini => self.call_seals.push((id, seal)),
            _ => self.list.push(Thought::Redacted(seal)),
        }
    }

    /// The seal of the call with this id, if it came beside the thoughts.
    pub(super) fn take_call_seal(&mut self, id: &str) -> Option<Seal<'a>> {
        let place = self.call_seals.iter().position(|(call, _)| call == id)?;
        Some(self.call_seals.remove(place).1)
    }

    /// All thoughts; the seals that no call took are thoughts of their own.
    pub(super) fn into_list(mut self) -> Vec<Thought<'a>> {
        self.list.extend(self.call_seals.into_iter().map(|(_, seal)| Thought::Redacted(seal)));
        self.list
    }
}

/// The seal that a detail's signature or data is. A detail without a format is Anthropic's (the default in OpenRouter's own
/// client, `ReasoningFormat`).
fn seal_of<'a>(text: Text<'a>, format: Option<&str>) -> Seal<'a> {
    let home = match format {
        None | Some("anthropic-claude-v1") => Dialect::Anthropic,
        Some("openai-responses-v1" | "azure-openai-responses-v1") => Dialect::Responses,
        Some("google-gemini-v1") => Dialect::Gemini,
        Some(_) => Dialect::OpenAi,
    };
    seals::unwrap(text, home)
}

/// The format of a seal and its text. What OpenRouter has no format for is marked with its dialect.
fn said<'s>(seal: &'s Seal<'_>) -> (&'static str, Cow<'s, str>) {
    match seal.by {
        Dialect::Anthropic => ("anthropic-claude-v1", Cow::Borrowed(&*seal.data)),
        Dialect::Responses => ("openai-responses-v1", Cow::Borrowed(&*seal.data)),
        Dialect::Gemini => ("google-gemini-v1", Cow::Borrowed(&*seal.data)),
        Dialect::OpenAi | Dialect::Converse | Dialect::Cohere => {
            ("unknown", seals::wrap(seal, Dialect::OpenAi))
        }
    }
}

/// Writes the fields of a detail of words, or of their seal.
pub(super) fn write_words(text: &str, seal: Option<&Seal<'_>>, index: usize, detail: &mut ObjectWriter<'_>) {
    detail.field("type", TEXT);
    if !text.is_empty() || seal.is_none() {
        detail.field("text", text);
    }
    if let Some(seal) = seal {
        let (format, signature) = said(seal);
        detail.field("signature", &signature).field("format", format);
    }
    detail.field("index", &index);
}

/// Writes the fields of a detail of which only the seal is to be seen.
pub(super) fn write_redacted(seal: &Seal<'_>, index: usize, detail: &mut ObjectWriter<'_>) {
    let (format, data) = said(seal);
    detail.field("type", ENCRYPTED).field("data", &data).field("format", format).field("index", &index);
}

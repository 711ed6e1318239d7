//! Where an answer's words are from: `groundingMetadata` and `citationMetadata` here, citations in the neutral form.
//!
//! This API counts places in bytes of a part, the neutral form in characters of the whole answer's text.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::compose::ObjectWriter;
use crate::neutral::{Citation, Text};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireGrounding {
    grounding_chunks: Option<Vec<WireChunk>>,
    grounding_supports: Option<Vec<WireSupport>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireChunk {
    web: Option<WireSource>,
    retrieved_context: Option<WireSource>,
    maps: Option<WireSource>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireSource {
    uri: Option<String>,
    title: Option<String>,
    text: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireSupport {
    segment: Option<WireSegment>,
    grounding_chunk_indices: Option<Vec<usize>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireSegment {
    #[serde(rename = "partIndex")]
    part: usize,
    #[serde(rename = "startIndex")]
    start: usize,
    #[serde(rename = "endIndex")]
    end: usize,
}

/// `citationMetadata`; AI Studio calls its list `citationSources`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireCitations {
    #[serde(alias = "citationSources")]
    citations: Option<Vec<WireCitation>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireCitation {
    start_index: usize,
    end_index: Option<usize>,
    uri: Option<String>,
    title: Option<String>,
}

/// The citations that `groundingMetadata` comes to. `text` is the whole answer's, `start_of` says where in it, in bytes,
/// the text of a part begins.
pub(super) fn read_grounding(
    raw: &RawValue,
    text: &str,
    start_of: impl Fn(usize) -> usize,
) -> Vec<Citation<'static>> {
    let grounding: WireGrounding = serde_json::from_str(raw.get()).unwrap_or_default();
    let mut sources: Vec<Option<WireSource>> = grounding
        .grounding_chunks
        .unwrap_or_default()
        .into_iter()
        .map(|chunk| chunk.web.or(chunk.retrieved_context).or(chunk.maps))
        .collect();
    let mut citations = Vec::new();
    let mut is_used = vec![false; sources.len()];
    for support in grounding.grounding_supports.unwrap_or_default() {
        let place = support.segment.map(|segment| {
            let start = start_of(segment.part);
            place_in(text, start.saturating_add(segment.start), start.saturating_add(segment.end))
        });
        // A source may stand there many times, each a few bytes that would become a citation with its text.
        let mut indices = support.grounding_chunk_indices.unwrap_or_default();
        let mut known = HashSet::new();
        indices.retain(|index| known.insert(*index));
        for index in indices {
            if let Some(Some(source)) = sources.get(index) {
                is_used[index] = true;
                citations.push(citation(source, place));
            }
        }
    }
    let unused = sources.iter_mut().zip(is_used).filter(|(_, is_used)| !is_used);
    citations.extend(unused.filter_map(|(source, _)| source.take()).map(|source| citation(&source, None)));
    citations
}

fn citation(source: &WireSource, place: Option<(u64, u64)>) -> Citation<'static> {
    let owned = |text: &Option<String>| text.clone().map(Text::from);
    Citation { url: owned(&source.uri), title: owned(&source.title), quoted: owned(&source.text), place }
}

/// The citations in `citationMetadata`.
pub(super) fn read_citations(raw: &RawValue, text: &str) -> Vec<Citation<'static>> {
    let list: WireCitations = serde_json::from_str(raw.get()).unwrap_or_default();
    let read = |wire: WireCitation| Citation {
        url: wire.uri.map(Text::from),
        title: wire.title.map(Text::from),
        quoted: None,
        place: wire.end_index.map(|end| place_in(text, wire.start_index, end)),
    };
    list.citations.unwrap_or_default().into_iter().map(read).collect()
}

/// A place in bytes as one in characters.
fn place_in(text: &str, start: usize, end: usize) -> (u64, u64) {
    let characters_before = |byte: usize| {
        let byte = text.floor_char_boundary(byte.min(text.len()));
        text[..byte].chars().count() as u64
    };
    (characters_before(start), characters_before(end))
}

/// A place in characters as one in bytes.
fn bytes_of(text: &str, (start, end): (u64, u64)) -> (usize, usize) {
    let byte_of = |character: u64| {
        let character = usize::try_from(character).unwrap_or(usize::MAX);
        text.char_indices().nth(character).map_or(text.len(), |(byte, _)| byte)
    };
    (byte_of(start), byte_of(end))
}

/// Writes `groundingMetadata`. `part_at` says which part of the answer a byte of its whole text is in and where in that
/// text the part begins.
pub(super) fn write(
    citations: &[Citation<'_>],
    text: &str,
    part_at: impl Fn(usize) -> (usize, usize),
    object: &mut ObjectWriter<'_>,
) {
    if citations.is_empty() {
        return;
    }
    let mut sources: Vec<Source<'_>> = Vec::new();
    let mut indices = Vec::new();
    for citation in citations {
        let source: Source<'_> = (&citation.url, &citation.title, &citation.quoted);
        let known = sources.iter().position(|known| *known == source);
        indices.push(known.unwrap_or(sources.len()));
        if known.is_none() {
            sources.push(source);
        }
    }
    object.object("groundingMetadata", |grounding| {
        grounding.array("groundingChunks", |chunks| {
            for (url, title, quoted) in sources {
                // Only what was retrieved has a place for the words there.
                let kind = if quoted.is_some() { "retrievedContext" } else { "web" };
                chunks.object(|chunk| {
                    chunk.object(kind, |source| {
                        source.maybe("uri", url.as_ref()).maybe("title", title.as_ref());
                        source.maybe("text", quoted.as_ref());
                    });
                });
            }
        });
        grounding.array("groundingSupports", |supports| {
            for (citation, index) in citations.iter().zip(indices) {
                let Some(place) = citation.place else { continue };
                let (start, end) = bytes_of(text, place);
                let (part, part_start) = part_at(start);
                supports.object(|support| {
                    support.object("segment", |segment| {
                        if part > 0 {
                            segment.field("partIndex", &part);
                        }
                        segment.field("startIndex", &start.saturating_sub(part_start));
                        segment.field("endIndex", &end.saturating_sub(part_start));
                        segment.field("text", text.get(start..end).unwrap_or_default());
                    });
                    support.field("groundingChunkIndices", &[index]);
                });
            }
        });
    });
}

type Source<'s> = (&'s Option<Text<'s>>, &'s Option<Text<'s>>, &'s Option<Text<'s>>);

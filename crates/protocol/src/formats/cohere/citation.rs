//! Where an answer's words are from, in whole answers and in streams.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::Words;
use crate::compose::ObjectWriter;
use crate::neutral::Citation;

/// A citation: a place in the answer and the sources of what is said there.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WireCitation<'a> {
    start: Option<u64>,
    end: Option<u64>,
    #[serde(borrow)]
    sources: Option<Vec<WireSource<'a>>>,
    /// Of which block of the content.
    pub(super) content_index: Option<usize>,
    /// Only those of texts are carried, not those of thoughts and plans.
    #[serde(rename = "type", borrow)]
    kind: Option<Words<'a>>,
}

#[derive(Debug, Deserialize)]
struct WireSource<'a> {
    #[serde(borrow)]
    document: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_output: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<Words<'a>>,
}

/// What documents are made of by custom; they may hold anything.
#[derive(Debug, Default, Deserialize)]
struct Known<'a> {
    #[serde(borrow)]
    title: Option<Words<'a>>,
    #[serde(borrow)]
    url: Option<Words<'a>>,
    #[serde(borrow)]
    snippet: Option<Words<'a>>,
    #[serde(borrow)]
    text: Option<Words<'a>>,
}

impl<'a> WireCitation<'a> {
    /// Whether it is one of a text.
    pub(super) fn is_of_text(&self) -> bool {
        self.kind.as_ref().is_none_or(|Words(kind)| kind == "TEXT_CONTENT")
    }

    /// One citation for each source.
    pub(super) fn read(self) -> Vec<Citation<'a>> {
        let place = self.start.zip(self.end);
        let sources = self.sources.unwrap_or_default();
        if sources.is_empty() {
            return vec![Citation { place, ..Citation::default() }];
        }
        sources.into_iter().map(|source| Citation { place, ..source.read() }).collect()
    }
}

impl<'a> WireSource<'a> {
    fn read(self) -> Citation<'a> {
        let raw = self.document.or(self.tool_output);
        let known: Known<'a> = raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        let text = |words: Option<Words<'a>>| words.map(|Words(text)| text);
        Citation {
            url: text(known.url),
            title: text(known.title.or(self.id)),
            quoted: text(known.snippet.or(known.text)),
            place: None,
        }
    }
}

/// Writes a citation of the text that stands in block `content_index`; without a place it is of all of it.
pub(super) fn write(
    citation: &Citation<'_>,
    text: &str,
    content_index: usize,
    fields: &mut ObjectWriter<'_>,
) {
    let (start, end) = citation.place.unwrap_or_else(|| (0, text.chars().count() as u64));
    fields.field("start", &start).field("end", &end).field("text", &between(text, start, end));
    fields.array("sources", |sources| {
        sources.object(|source| {
            source.field("type", "document");
            source.maybe("id", citation.url.as_ref().or(citation.title.as_ref()));
            source.object("document", |document| {
                document.maybe("title", citation.title.as_ref());
                document.maybe("url", citation.url.as_ref());
                document.maybe("snippet", citation.quoted.as_ref());
            });
        });
    });
    fields.field("content_index", &content_index).field("type", "TEXT_CONTENT");
}

/// The characters from `start` to `end`.
fn between(text: &str, start: u64, end: u64) -> Cow<'_, str> {
    let at = |place: u64| {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        text.char_indices().nth(place).map_or(text.len(), |(at, _)| at)
    };
    Cow::Borrowed(&text[at(start).min(at(end))..at(end)])
}

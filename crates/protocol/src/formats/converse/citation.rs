//! Where an answer's words are from: `Citation` in whole answers and `CitationsDelta` in streams, which are alike.
//!
//! Places inside a document (characters, pages, chunks) are not carried: the neutral form's place is one in the answer.

use serde::Deserialize;

use super::wire::Words;
use crate::compose::ObjectWriter;
use crate::neutral::{Citation, Text};

/// A citation.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireCitation<'a> {
    #[serde(borrow)]
    title: Option<Words<'a>>,
    #[serde(borrow)]
    source: Option<Words<'a>>,
    #[serde(borrow)]
    source_content: Option<Vec<WireQuote<'a>>>,
    #[serde(borrow)]
    location: Option<WireLocation<'a>>,
}

#[derive(Debug, Deserialize)]
struct WireQuote<'a> {
    #[serde(borrow)]
    text: Option<Words<'a>>,
}

#[derive(Debug, Deserialize)]
struct WireLocation<'a> {
    #[serde(borrow)]
    web: Option<WireWeb<'a>>,
}

#[derive(Debug, Deserialize)]
struct WireWeb<'a> {
    #[serde(borrow)]
    url: Option<Words<'a>>,
}

impl<'a> WireCitation<'a> {
    pub(super) fn read(self) -> Citation<'a> {
        let web = self.location.and_then(|location| location.web).and_then(|web| web.url);
        // A search result that the caller handed in has its address as source.
        let source = self.source.filter(|Words(source)| source.starts_with("http"));
        let mut quotes =
            self.source_content.unwrap_or_default().into_iter().filter_map(|quote| quote.text).map(text);
        let quoted = quotes.next().map(|first| quotes.fold(first, Text::followed_by));
        Citation { url: web.or(source).map(text), title: self.title.map(text), quoted, place: None }
    }
}

fn text(Words(text): Words<'_>) -> Text<'_> {
    text
}

/// Writes a citation's fields.
pub(super) fn write(citation: &Citation<'_>, fields: &mut ObjectWriter<'_>) {
    fields.maybe("title", citation.title.as_ref());
    if let Some(quoted) = &citation.quoted {
        fields.array("sourceContent", |quotes| {
            quotes.object(|quote| {
                quote.field("text", quoted);
            });
        });
    }
    if let Some(url) = &citation.url {
        fields.object("location", |location| {
            location.object("web", |web| {
                web.field("url", url);
            });
        });
    }
}

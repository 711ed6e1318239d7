//! The content of answers: words, sources and pictures.
//!
//! The content of requests is read elsewhere, and strictly.

use serde::Deserialize;

use super::wire::{self, Raw};
use crate::compose::{Joined, ObjectWriter};
use crate::neutral::{Citation, Text};

/// A piece of an answer's `content`.
pub(super) enum Content<'a> {
    Text(Text<'a>),
    Refusal(Text<'a>),
    Thinking(Text<'a>),
}

#[derive(Deserialize)]
struct WirePart<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Raw<'a>,
    #[serde(borrow, default)]
    text: Raw<'a>,
    #[serde(borrow, default)]
    refusal: Raw<'a>,
    /// Mistral's: a text, or an array of texts.
    #[serde(borrow, default)]
    thinking: Raw<'a>,
}

/// Hands out the pieces of `content`: a text, or an array of parts as Mistral writes it.
pub(super) fn each<'a>(content: Raw<'a>, mut take: impl FnMut(Content<'a>)) {
    let Some(raw) = content else { return };
    if let Some(text) = wire::text(content) {
        return take(Content::Text(text));
    }
    let parts: Vec<WirePart<'a>> = wire::list(Some(raw));
    for part in parts {
        match wire::text(part.kind).as_deref() {
            Some("thinking") => match wire::text(part.thinking) {
                Some(text) => take(Content::Thinking(text)),
                None => {
                    let texts: Vec<WirePart<'a>> = wire::list(part.thinking);
                    texts.iter().filter_map(|part| wire::text(part.text)).for_each(|text| {
                        take(Content::Thinking(text));
                    });
                }
            },
            Some("refusal") => wire::text(part.refusal).into_iter().for_each(|text| {
                take(Content::Refusal(text));
            }),
            _ => wire::text(part.text).into_iter().for_each(|text| take(Content::Text(text))),
        }
    }
}

#[derive(Deserialize)]
struct WireAnnotation<'a> {
    #[serde(borrow)]
    url_citation: WireCitation<'a>,
}

#[derive(Deserialize)]
struct WireCitation<'a> {
    #[serde(borrow, default)]
    url: Raw<'a>,
    #[serde(borrow, default)]
    title: Raw<'a>,
    /// OpenRouter's: the words that were found there.
    #[serde(borrow, default)]
    content: Raw<'a>,
    #[serde(borrow, default)]
    start_index: Raw<'a>,
    #[serde(borrow, default)]
    end_index: Raw<'a>,
}

/// The sources in `annotations`.
pub(super) fn citations(annotations: Raw<'_>) -> Vec<Citation<'_>> {
    let number = |raw: Raw<'_>| raw.and_then(|raw| raw.get().parse::<u64>().ok());
    let annotations: Vec<WireAnnotation<'_>> = wire::list(annotations);
    annotations
        .into_iter()
        .map(|WireAnnotation { url_citation: wire }| Citation {
            url: wire::text(wire.url),
            title: wire::text(wire.title),
            quoted: wire::text(wire.content),
            place: number(wire.start_index).zip(number(wire.end_index)),
        })
        .collect()
}

/// Writes the fields of an annotation of words that begin and end at these characters. Clients of OpenAI's own format demand
/// all of `url`, `title` and the places.
pub(super) fn write_citation(
    url: &str,
    citation: &Citation<'_>,
    (start, end): (u64, u64),
    annotation: &mut ObjectWriter<'_>,
) {
    annotation.field("type", "url_citation").object("url_citation", |body| {
        body.field("start_index", &start)
            .field("end_index", &end)
            .field("title", citation.title.as_deref().unwrap_or(url))
            .field("url", url)
            .maybe("content", citation.quoted.as_deref());
    });
}

/// The pictures in `images`, as media type and base64. OpenRouter's and LiteLLM's place for them.
pub(super) fn images(images: Raw<'_>) -> Vec<(Text<'_>, Text<'_>)> {
    #[derive(Deserialize)]
    struct WireImage<'a> {
        #[serde(borrow)]
        image_url: WireUrl<'a>,
    }
    #[derive(Deserialize)]
    struct WireUrl<'a> {
        #[serde(borrow)]
        url: Raw<'a>,
    }
    let images: Vec<WireImage<'_>> = wire::list(images);
    images.into_iter().filter_map(|image| split_data_url(wire::text(image.image_url.url)?)).collect()
}

/// Writes the fields of a picture.
pub(super) fn write_image(media_type: &str, data: &str, index: usize, image: &mut ObjectWriter<'_>) {
    image
        .field("type", "image_url")
        .object("image_url", |url| {
            url.field("url", &Joined(&["data:", media_type, ";base64,", data]));
        })
        .field("index", &index);
}

/// Media type and base64 of a `data:` URL; `None` for another URL or another encoding.
pub(super) fn split_data_url(url: Text<'_>) -> Option<(Text<'_>, Text<'_>)> {
    let header = url.strip_prefix("data:")?.split_once(',')?.0;
    let header_end = "data:".len() + header.len();
    let declared = header.strip_suffix(";base64")?.split(';').next()?;
    let kind_end = "data:".len() + declared.len();
    let kind = url.slice("data:".len()..kind_end);
    Some((media_type(kind), url.tail(header_end + 1)))
}

/// A media type in lower case, with the name that everybody knows.
pub(super) fn media_type(kind: Text<'_>) -> Text<'_> {
    let kind = if kind.bytes().any(|byte| byte.is_ascii_uppercase()) {
        kind.to_ascii_lowercase().into()
    } else {
        kind
    };
    if kind == "image/jpg" { "image/jpeg".into() } else { kind }
}

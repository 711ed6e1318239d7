//! What the parts of a turn come to in this format: words, pictures, recordings and files.
//!
//! What has no place here is noted as lost and left out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paceway_domain::Dialect;
use smallvec::SmallVec;

use crate::changes::Changes;
use crate::compose::{ArrayWriter, Joined};
use crate::neutral::{Detail, Document, DocumentSource, Form, Image, Media, Part, PartBody, Text};
use crate::object::Path;

/// A part as this format says it.
pub(super) enum Said<'t> {
    Words(Text<'t>),
    Image { url: Url<'t>, detail: Option<&'static str> },
    Audio { data: Form<'t>, format: &'static str },
    File { name: &'t str, media_type: &'t str, data: Form<'t> },
    FileId(&'t str),
}

/// What the parts of a turn say. Most turns have one part.
pub(super) type SaidList<'t> = SmallVec<[Said<'t>; 2]>;
/// The pieces of a text.
pub(super) type Pieces<'s> = SmallVec<[Form<'s>; 3]>;

/// An address, or bytes that are written as one.
pub(super) enum Url<'t> {
    At(&'t str),
    Data { media_type: &'t str, data: Form<'t> },
}

/// What these parts say, and whether the place allows more than words. `path` is that of the parts, for notes.
pub(super) fn all<'t>(
    parts: impl Iterator<Item = (usize, &'t Part<'t>)>,
    allows_media: bool,
    path: &Path<'_>,
    changes: &mut Changes,
) -> SaidList<'t> {
    let mut said = SaidList::new();
    for (place, part) in parts {
        if part.cache.is_some() {
            changes.hint("cache_control", "this API caches on its own");
        }
        each(&part.body, &path.index(place), changes, &mut said);
    }
    if !allows_media {
        said.retain(|said| {
            let is_words = matches!(said, Said::Words(_));
            if !is_words {
                changes.lost(path, "this API takes only text here");
            }
            is_words
        });
    }
    said
}

fn each<'t>(body: &'t PartBody<'t>, path: &Path<'_>, changes: &mut Changes, said: &mut SaidList<'t>) {
    match body {
        PartBody::Text { text, citations } => {
            if !citations.is_empty() {
                changes.hint("citations", "this API does not take them back");
            }
            said.push(Said::Words(text.borrowed()));
        }
        PartBody::Image(image) => said.extend(read_image(image, path, changes)),
        PartBody::Audio(media) => said.extend(audio(media, path, changes)),
        PartBody::Document(document) => read_document(document, path, changes, said),
        PartBody::Video(_) => changes.lost(path, "this API takes no films"),
        PartBody::Refusal(text) => said.push(Said::Words(text.borrowed())),
        PartBody::Thinking { .. } | PartBody::Redacted(_) => {
            changes.hint("thinking", "this API takes no thoughts back");
        }
        PartBody::ToolCall(_) | PartBody::ToolResult(_) => changes.lost(path, "this has no place here"),
    }
}

fn read_image<'t>(image: &'t Image<'t>, path: &Path<'_>, changes: &mut Changes) -> Option<Said<'t>> {
    let url = match &image.media {
        Media::Base64 { media_type, data } => Url::Data { media_type, data: data.form() },
        Media::Url { url, .. } if url.starts_with("https:") || url.starts_with("http:") => Url::At(url),
        Media::Url { .. } => {
            changes.lost(path, "this API fetches pictures from http and https only");
            return None;
        }
        Media::File { .. } => {
            changes.lost(path, "this API takes no uploaded pictures: send an address or bytes");
            return None;
        }
    };
    let detail = image.detail.map(|detail| match detail {
        Detail::Low => "low",
        Detail::High => "high",
        Detail::Auto => "auto",
        Detail::Original => {
            changes.adapted(format!("{path}.detail"), "sent as high");
            "high"
        }
    });
    Some(Said::Image { url, detail })
}

fn audio<'t>(media: &'t Media<'t>, path: &Path<'_>, changes: &mut Changes) -> Option<Said<'t>> {
    if let Media::Base64 { media_type, data } = media {
        let format = match &**media_type {
            "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => Some("wav"),
            "audio/mpeg" | "audio/mp3" => Some("mp3"),
            _ => None,
        };
        if let Some(format) = format {
            return Some(Said::Audio { data: data.form(), format });
        }
    }
    changes.lost(path, "this API takes recordings only as bytes of WAV or MP3");
    None
}

fn read_document<'t>(
    document: &'t Document<'t>,
    path: &Path<'_>,
    changes: &mut Changes,
    said: &mut SaidList<'t>,
) {
    if document.wants_citations {
        changes.lost(format!("{path}.citations"), "this API does not cite documents");
    }
    let title = document.title.as_deref();
    if let Some(context) = document.context.as_deref() {
        said.push(Said::Words(context.into()));
    }
    match &document.source {
        DocumentSource::Text(text) => {
            changes.adapted(path, "sent as text");
            said.push(Said::Words(titled(title, text.borrowed())));
        }
        DocumentSource::Parts(parts) => {
            said.extend(title.map(|title| Said::Words(title.into())));
            for (place, part) in parts.iter().enumerate() {
                each(&part.body, &path.index(place), changes, said);
            }
        }
        DocumentSource::Media(Media::Base64 { media_type, data }) if media_type.starts_with("text/") => {
            match STANDARD.decode(data.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
                Some(text) => {
                    changes.adapted(path, "sent as text");
                    said.push(Said::Words(titled(title, text.into())));
                }
                None => changes.lost(path, "its bytes are not text"),
            }
        }
        DocumentSource::Media(Media::Base64 { media_type, data }) => {
            said.push(Said::File { name: title.unwrap_or("document.pdf"), media_type, data: data.form() });
        }
        DocumentSource::Media(Media::File { at: Dialect::OpenAi | Dialect::Responses, id }) => {
            said.push(Said::FileId(id));
        }
        DocumentSource::Media(Media::File { .. }) => {
            changes.lost(path, "the file lies at another provider: send its bytes");
        }
        DocumentSource::Media(Media::Url { .. }) => {
            changes.lost(path, "this API does not fetch documents: send their bytes");
        }
    }
}

fn titled<'t>(title: Option<&str>, text: Text<'t>) -> Text<'t> {
    match title {
        Some(title) => format!("{title}\n\n{text}").into(),
        None => text,
    }
}

/// The words of parts that are nothing else; `None` if there is more.
pub(super) fn only_words<'s>(said: &'s [Said<'_>], between: &'static str) -> Option<Pieces<'s>> {
    let mut pieces = Pieces::new();
    for said in said {
        let Said::Words(text) = said else { return None };
        if !pieces.is_empty() {
            pieces.push(between.into());
        }
        pieces.push(text.form());
    }
    Some(pieces)
}

/// Writes parts as an array.
pub(super) fn write(said: &[Said<'_>], list: &mut ArrayWriter<'_>) {
    for said in said {
        list.object(|part| match said {
            Said::Words(text) => {
                part.field("type", "text").field("text", text);
            }
            Said::Image { url, detail } => {
                part.field("type", "image_url").object("image_url", |image| {
                    match url {
                        Url::At(url) => image.field("url", url),
                        Url::Data { media_type, data } => image.field(
                            "url",
                            &Joined(&["data:".into(), (*media_type).into(), ";base64,".into(), *data]),
                        ),
                    };
                    image.maybe("detail", *detail);
                });
            }
            Said::Audio { data, format } => {
                part.field("type", "input_audio").object("input_audio", |audio| {
                    audio.field("data", data).field("format", format);
                });
            }
            Said::File { name, media_type, data } => {
                part.field("type", "file").object("file", |file| {
                    file.field("filename", name).field(
                        "file_data",
                        &Joined(&["data:".into(), (*media_type).into(), ";base64,".into(), *data]),
                    );
                });
            }
            Said::FileId(id) => {
                part.field("type", "file").object("file", |file| {
                    file.field("file_id", id);
                });
            }
        });
    }
}

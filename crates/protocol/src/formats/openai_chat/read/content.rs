//! The content of messages: texts, pictures, recordings and documents.
//!
//! Who says it is read elsewhere.

use std::borrow::Cow;

use paceway_domain::{Dialect, Refusal};
use serde_json::value::RawValue;

use crate::changes::Changes;
use crate::formats::openai_chat::content::{media_type, split_data_url};
use crate::neutral::{CacheMark, Detail, Document, DocumentSource, Image, Media, Part, PartBody, Text};
use crate::object::{self, Object, Path};
use crate::seals;

const PARTS: &str = "text, refusal, image_url, input_audio, file or video_url";

/// Takes the `content` of a message: a text or parts. Blank texts are left out.
pub(super) fn take<'a>(
    message: &mut Object<'a, '_>,
    changes: &mut Changes,
) -> Result<Vec<Part<'a>>, Refusal> {
    let content = message.take("content");
    let mark = take_mark(message)?;
    let Some(raw) = content else { return Ok(Vec::new()) };
    let path = message.path.name("content");
    let mut parts = if object::is_string(raw) {
        let text = object::text(raw, &path)?;
        if text.is_blank() { Vec::new() } else { vec![Part::text(text)] }
    } else {
        let elements = object::array(raw, &path, "a string or an array of parts")?;
        let mut parts = Vec::with_capacity(elements.len());
        for (place, raw) in elements.into_iter().enumerate() {
            parts.push(part(raw, path.index(place), changes)?);
        }
        parts.retain(|part| !matches!(&part.body, PartBody::Text { text, .. } if text.is_blank()));
        parts
    };
    if let Some(last) = parts.last_mut() {
        last.cache = last.cache.or(mark);
    }
    Ok(parts)
}

/// `cache_control`, as clients that know Anthropic's models behind this format write it (LiteLLM, OpenRouter, aider).
pub(super) fn take_mark(object: &mut Object<'_, '_>) -> Result<Option<CacheMark>, Refusal> {
    let Some(raw) = object.take("cache_control") else { return Ok(None) };
    let mut mark = Object::read(raw, object.path.name("cache_control"))?;
    let is_long = mark.text("ttl")?.is_some_and(|ttl| ttl == "1h");
    Ok(Some(if is_long { CacheMark::OneHour } else { CacheMark::FiveMinutes }))
}

fn part<'a>(raw: &'a RawValue, path: Path<'_>, changes: &mut Changes) -> Result<Part<'a>, Refusal> {
    let mut part = Object::at(path);
    part.fill(raw)?;
    let kind = part.need_text("type")?;
    let cache = take_mark(&mut part)?;
    let body = match &*kind {
        "text" | "input_text" | "output_text" => {
            PartBody::Text { text: part.need_text("text")?, citations: Vec::new() }
        }
        "refusal" => PartBody::Refusal(part.need_text("refusal")?),
        "thinking" => thought(&mut part)?,
        "image_url" => image(&mut part, changes)?,
        "video_url" => video(&mut part)?,
        "input_audio" => audio(&mut part, changes)?,
        "file" => file(&mut part, changes)?,
        other => {
            let why = format!("expected one of {PARTS}, got {other}");
            return Err(part.path.name("type").invalid(why));
        }
    };
    part.note_unread(&[], changes);
    Ok(Part { body, cache })
}

/// A thought as Mistral writes it, a text or an array of texts, or as Anthropic does, with its signature.
fn thought<'a>(part: &mut Object<'a, '_>) -> Result<PartBody<'a>, Refusal> {
    let raw = part.need("thinking", "a string or an array of texts")?;
    let at = part.path;
    let path = at.name("thinking");
    let text = if object::is_string(raw) {
        object::text(raw, &path)?
    } else {
        let mut joined = String::new();
        for (place, raw) in
            object::array(raw, &path, "a string or an array of texts")?.into_iter().enumerate()
        {
            joined.push_str(&Object::read(raw, path.index(place))?.need_text("text")?);
        }
        joined.into()
    };
    let signature = part.text("signature")?.filter(|signature| !signature.is_empty());
    Ok(PartBody::Thinking { text, seal: signature.map(|data| seals::unwrap(data, Dialect::Anthropic)) })
}

fn image<'a>(part: &mut Object<'a, '_>, changes: &mut Changes) -> Result<PartBody<'a>, Refusal> {
    let raw = part.need("image_url", "an object with `url`")?;
    let at = part.path;
    let path = at.name("image_url");
    let (url, detail, declared) = if object::is_string(raw) {
        (object::text(raw, &path)?, part.text("detail")?, None)
    } else {
        let mut image = Object::read(raw, path)?;
        let said = (image.need_text("url")?, image.text("detail")?, image.text("format")?);
        image.note_unread(&[], changes);
        said
    };
    let detail = match detail.as_deref() {
        None => None,
        Some("auto") => Some(Detail::Auto),
        Some("low") => Some(Detail::Low),
        Some("high") => Some(Detail::High),
        Some("original") => Some(Detail::Original),
        Some(other) => {
            let why = format!("expected auto, low, high or original, got {other}");
            return Err(path.name("detail").invalid(why));
        }
    };
    Ok(body_of(media(url, declared, &path.name("url"))?, detail))
}

/// What the bytes are decides what part they make: clients of Google's models send documents and recordings as `image_url`.
fn body_of(media: Media<'_>, detail: Option<Detail>) -> PartBody<'_> {
    let kind = match &media {
        Media::Base64 { media_type, .. } => Some(&**media_type),
        Media::Url { media_type, .. } => media_type.as_deref(),
        Media::File { .. } => None,
    };
    match kind.map(|kind| kind.split('/').next().unwrap_or(kind)) {
        Some("application" | "text") => document(DocumentSource::Media(media), None),
        Some("audio") => PartBody::Audio(media),
        Some("video") => PartBody::Video(media),
        _ => PartBody::Image(Image { media, detail }),
    }
}

fn video<'a>(part: &mut Object<'a, '_>) -> Result<PartBody<'a>, Refusal> {
    let raw = part.need("video_url", "an object with `url`")?;
    let mut video = Object::read(raw, part.path.name("video_url"))?;
    let url = video.need_text("url")?;
    Ok(PartBody::Video(media(url, None, &video.path.name("url"))?))
}

fn audio<'a>(part: &mut Object<'a, '_>, changes: &mut Changes) -> Result<PartBody<'a>, Refusal> {
    let raw = part.need("input_audio", "an object with `data` and `format`")?;
    let mut audio = Object::read(raw, part.path.name("input_audio"))?;
    let data = audio.need_filled("data")?;
    let format = audio.text("format")?;
    audio.note_unread(&[], changes);
    // Qwen wants a `data:` URL here.
    if data.starts_with("data:") {
        return Ok(PartBody::Audio(media(data, None, &audio.path.name("data"))?));
    }
    let media_type = match format.as_deref() {
        Some("mp3" | "mpeg") => Cow::Borrowed("audio/mpeg"),
        Some("wav") | None => Cow::Borrowed("audio/wav"),
        Some(other) => Cow::Owned(format!("audio/{other}")),
    };
    Ok(PartBody::Audio(Media::Base64 { media_type: media_type.into(), data }))
}

fn file<'a>(part: &mut Object<'a, '_>, changes: &mut Changes) -> Result<PartBody<'a>, Refusal> {
    let raw = part.need("file", "an object with `file_data` or `file_id`")?;
    let mut file = Object::read(raw, part.path.name("file"))?;
    let title = file.text("filename")?;
    let declared = file.text("format")?;
    let media = match (file.text("file_data")?, file.text("file_id")?) {
        (Some(data), _) if data.starts_with("data:") || data.starts_with("https:") => {
            media(data, declared, &file.path.name("file_data"))?
        }
        (Some(data), _) if data.is_empty() => {
            return Err(file.path.name("file_data").invalid("expected a string that is not empty"));
        }
        (Some(data), _) => {
            let media_type = media_type(declared.unwrap_or_else(|| by_name(title.as_deref()).into()));
            Media::Base64 { media_type, data }
        }
        (None, Some(id)) => Media::File { at: Dialect::OpenAi, id },
        (None, None) => {
            return Err(file.path.invalid("expected `file_data` or `file_id`, got neither"));
        }
    };
    file.note_unread(&[], changes);
    Ok(match body_of(media, None) {
        PartBody::Image(Image { media: media @ Media::Base64 { .. }, detail }) => {
            PartBody::Image(Image { media, detail })
        }
        PartBody::Image(Image { media, .. }) => document(DocumentSource::Media(media), title),
        PartBody::Document(known) => PartBody::Document(Document { title, ..known }),
        other => other,
    })
}

fn document<'a>(source: DocumentSource<'a>, title: Option<Text<'a>>) -> PartBody<'a> {
    PartBody::Document(Document { source, title, context: None, wants_citations: false })
}

/// The media type of a file whose bytes come without one.
fn by_name(name: Option<&str>) -> &'static str {
    match name.and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending) {
        Some("txt") => "text/plain",
        Some("md") => "text/markdown",
        Some("csv") => "text/csv",
        Some("html") => "text/html",
        _ => "application/pdf",
    }
}

/// What a URL stands for: bytes within it, or an address.
fn media<'a>(url: Text<'a>, declared: Option<Text<'a>>, path: &Path<'_>) -> Result<Media<'a>, Refusal> {
    if !url.starts_with("data:") {
        return Ok(Media::Url { url, media_type: declared.map(media_type) });
    }
    let got = crate::fields::shortened(&url);
    let (media_type, data) = split_data_url(url).filter(|(_, data)| !data.is_empty()).ok_or_else(|| {
        path.invalid(format!("expected a URL or `data:<media type>;base64,<data>`, got {got}"))
    })?;
    let media_type = if media_type.is_empty() { declared.unwrap_or("image/png".into()) } else { media_type };
    Ok(Media::Base64 { media_type, data })
}

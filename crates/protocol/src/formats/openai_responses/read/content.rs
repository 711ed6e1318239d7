//! The content of messages and of tools' results: words, pictures, files.

use paceway_domain::{Dialect, Refusal};
use serde_json::value::RawValue;

use crate::changes::Changes;
use crate::formats::openai_responses::wire;
use crate::neutral::{
    CacheMark, Citation, Detail, Document, DocumentSource, Image, Media, Part, PartBody, Text,
};
use crate::object::{Object, Path, array, is_string, text};

/// What OpenAI's SDKs add to a text that they have parsed, and send back with it.
const PARSED: &str = "parsed";

/// A text or a list of parts. What is blank is left out.
pub(super) fn read<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    changes: &mut Changes,
) -> Result<Vec<Part<'a>>, Refusal> {
    if is_string(raw) {
        let words = text(raw, path)?;
        return Ok(if words.is_blank() { Vec::new() } else { vec![Part::text(words)] });
    }
    let parts = array(raw, path, "a string or an array of content parts")?;
    let mut read = Vec::with_capacity(parts.len());
    for (index, raw) in parts.iter().enumerate() {
        let mut object = Object::at(path.index(index));
        object.fill(raw)?;
        part(&mut object, &mut read, changes)?;
    }
    Ok(read)
}

/// Adds what a part is to what was read. It is made where it stays: parts are large, and most of a conversation.
fn part<'a>(
    part: &mut Object<'a, '_>,
    read: &mut Vec<Part<'a>>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let place = read.len();
    let kind = part.need_text("type")?;
    match kind.as_ref() {
        "input_text" | "output_text" | "text" => {
            let text = part.need_text("text")?;
            let citations = citations(part)?;
            if !text.is_blank() {
                read.push(Part::new(PartBody::Text { text, citations }));
            }
        }
        "refusal" => {
            let words = part.need_text("refusal")?;
            if !words.is_blank() {
                read.push(Part::new(PartBody::Refusal(words)));
            }
        }
        "input_image" | "computer_screenshot" => read.push(Part::new(PartBody::Image(image(part)?))),
        "input_file" => read.push(Part::new(PartBody::Document(file(part)?))),
        "input_audio" => read.push(Part::new(PartBody::Audio(audio(part)?))),
        other => {
            changes.lost(part.path.to_string(), format!("`{other}` has no counterpart in other APIs"));
            return Ok(());
        }
    }
    let cache = cache_mark(part)?;
    if let Some(part) = read.get_mut(place) {
        part.cache = cache;
    }
    part.note_unread(&["detail", PARSED], changes);
    Ok(())
}

fn citations<'a>(part: &mut Object<'a, '_>) -> Result<Vec<Citation<'a>>, Refusal> {
    part.take("logprobs");
    let Some(raw) = part.take("annotations") else { return Ok(Vec::new()) };
    let annotations = array(raw, &part.path.name("annotations"), "an array of annotations")?;
    Ok(annotations.into_iter().filter_map(wire::citation).collect())
}

/// `prompt_cache_breakpoint`. OpenAI's lifetimes are 30 minutes, its default, and 12 hours.
fn cache_mark(part: &mut Object<'_, '_>) -> Result<Option<CacheMark>, Refusal> {
    let Some(raw) = part.take("prompt_cache_breakpoint") else { return Ok(None) };
    let path = part.path.name("prompt_cache_breakpoint");
    let lifetime = Object::read(raw, path)?.text("ttl")?;
    Ok(Some(if lifetime.as_deref() == Some("12h") { CacheMark::OneHour } else { CacheMark::FiveMinutes }))
}

fn image<'a>(part: &mut Object<'a, '_>) -> Result<Image<'a>, Refusal> {
    let detail = match part.text("detail")?.as_deref() {
        None => None,
        Some("low") => Some(Detail::Low),
        Some("high") => Some(Detail::High),
        Some("original") => Some(Detail::Original),
        Some("auto") => Some(Detail::Auto),
        Some(other) => {
            let why = format!("expected `low`, `high`, `original` or `auto`, got `{other}`");
            return Err(part.path.name("detail").invalid(why));
        }
    };
    let media = match (part.text("image_url")?, part.text("file_id")?) {
        (Some(url), _) => at_url(url, &part.path.name("image_url"))?,
        (None, Some(id)) => Media::File { at: Dialect::Responses, id },
        (None, None) => return Err(part.path.invalid("send `image_url` or `file_id`")),
    };
    Ok(Image { media, detail })
}

fn file<'a>(part: &mut Object<'a, '_>) -> Result<Document<'a>, Refusal> {
    let title = part.text("filename")?;
    let data = part.text("file_data")?;
    let media = match (data, part.text("file_url")?, part.text("file_id")?) {
        (Some(data), ..) if data.starts_with("data:") => at_url(data, &part.path.name("file_data"))?,
        (Some(data), ..) if data.is_empty() => {
            return Err(part.path.name("file_data").invalid("expected a string that is not empty"));
        }
        (Some(data), ..) => Media::Base64 { media_type: type_of_file(title.as_deref()).into(), data },
        (None, Some(url), _) => Media::Url { url, media_type: None },
        (None, None, Some(id)) => Media::File { at: Dialect::Responses, id },
        (None, None, None) => return Err(part.path.invalid("send `file_data`, `file_url` or `file_id`")),
    };
    let source = DocumentSource::Media(media);
    Ok(Document { source, title, context: None, wants_citations: false })
}

/// What a file is by its name, where its data does not say.
fn type_of_file(name: Option<&str>) -> &'static str {
    match name.and_then(|name| name.rsplit_once('.')).map(|(_, end)| end.to_ascii_lowercase()).as_deref() {
        Some("txt" | "log") => "text/plain",
        Some("md") => "text/markdown",
        Some("csv") => "text/csv",
        Some("html" | "htm") => "text/html",
        Some("json") => "application/json",
        _ => "application/pdf",
    }
}

fn audio<'a>(part: &mut Object<'a, '_>) -> Result<Media<'a>, Refusal> {
    let raw = part.need("input_audio", "an object with `data` and `format`")?;
    let mut audio = Object::read(raw, part.path.name("input_audio"))?;
    let data = audio.need_filled("data")?;
    let media_type = match audio.need_text("format")?.as_ref() {
        "mp3" => "audio/mpeg".into(),
        other => format!("audio/{other}").into(),
    };
    Ok(Media::Base64 { media_type, data })
}

fn at_url<'a>(url: Text<'a>, path: &Path<'_>) -> Result<Media<'a>, Refusal> {
    if !url.starts_with("data:") {
        return Ok(Media::Url { url, media_type: None });
    }
    let Some((media_type, data)) = split_data_url(&url) else {
        let came: String = url.chars().take(60).collect();
        return Err(path.invalid(format!("expected `data:<media type>;base64,<data>`, got `{came}`")));
    };
    let media_type = media_type.to_ascii_lowercase();
    let media_type = if media_type == "image/jpg" { "image/jpeg".to_owned() } else { media_type };
    let start = url.len() - data.len();
    Ok(Media::Base64 { media_type: media_type.into(), data: url.tail(start) })
}

/// Media type, without its parameters, and data.
fn split_data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let (described, _) =
        head.rsplit_once(';').filter(|(_, encoding)| encoding.eq_ignore_ascii_case("base64"))?;
    let media_type = described.split(';').next().unwrap_or_default().trim();
    (!media_type.is_empty() && !data.is_empty()).then_some((media_type, data))
}

//! Content blocks read into parts: of messages, of system prompts, of tools' results. Which of them may stand where is
//! not checked; the provider does.

use std::borrow::Cow;

use paceway_domain::{Dialect, Refusal};
use serde_json::value::RawValue;

use crate::changes::Changes;
use crate::formats::converse::media::{self, Use};
use crate::neutral::{
    CacheMark, Citation, Document, DocumentSource, Image, Media, Part, PartBody, Text, ToolCall, ToolResult,
};
use crate::object::{self, Object, Path};
use crate::seals;

/// Reads blocks; blank texts are left out, cache points become marks of the parts before them.
pub(crate) fn read<'a>(
    blocks: &[&'a RawValue],
    path: &Path<'_>,
    changes: &mut Changes,
) -> Result<Vec<Part<'a>>, Refusal> {
    let mut parts: Vec<Part<'a>> = Vec::with_capacity(blocks.len());
    for (place, raw) in blocks.iter().enumerate() {
        let mut block = Object::read(raw, path.index(place))?;
        if let Some(raw) = block.take("cachePoint") {
            let mark = read_cache_point(Object::read(raw, block.path.name("cachePoint"))?, changes)?;
            match parts.last_mut() {
                Some(part) => part.cache = Some(mark),
                None => changes.hint(block.path.to_string(), "there is nothing before it to be cached"),
            }
        } else if let Some(body) = read_block(&mut block, changes)? {
            parts.push(Part::new(body));
        }
        block.note_unread(&[], changes);
    }
    Ok(parts)
}

/// How long a `cachePoint` lets the cache live.
pub(crate) fn read_cache_point(
    mut point: Object<'_, '_>,
    changes: &mut Changes,
) -> Result<CacheMark, Refusal> {
    point.take("type");
    let mark = match point.text("ttl")?.as_deref() {
        Some("1h") => CacheMark::OneHour,
        _ => CacheMark::FiveMinutes,
    };
    point.note_unread(&["ttl"], changes);
    Ok(mark)
}

/// The part that a block is; `None` if it is blank, or of a kind that is left for `note_unread`.
fn read_block<'a>(
    block: &mut Object<'a, '_>,
    changes: &mut Changes,
) -> Result<Option<PartBody<'a>>, Refusal> {
    if let Some(text) = block.text("text")? {
        return Ok(said(text, Vec::new()));
    }
    if let Some(raw) = block.take("toolUse") {
        return read_call(Object::read(raw, block.path.name("toolUse"))?, changes).map(Some);
    }
    if let Some(raw) = block.take("toolResult") {
        return read_result(Object::read(raw, block.path.name("toolResult"))?, changes).map(Some);
    }
    if let Some(raw) = block.take("reasoningContent") {
        return read_thought(Object::read(raw, block.path.name("reasoningContent"))?, changes).map(Some);
    }
    if let Some(raw) = block.take("json") {
        return Ok(said(Text::of(raw.get()), Vec::new()));
    }
    if let Some(raw) = block.take("citationsContent") {
        return read_cited(Object::read(raw, block.path.name("citationsContent"))?, changes);
    }
    if let Some(raw) = block.take("guardContent") {
        return read_guarded(Object::read(raw, block.path.name("guardContent"))?, changes);
    }
    if let Some(raw) = block.take("searchResult") {
        return read_search_result(Object::read(raw, block.path.name("searchResult"))?, changes).map(Some);
    }
    if let Some(raw) = block.take("document") {
        return read_document(Object::read(raw, block.path.name("document"))?, changes).map(Some);
    }
    for used_as in [Use::Image, Use::Video, Use::Audio] {
        if let Some(raw) = block.take(used_as.name()) {
            let mut file = Object::read(raw, block.path.name(used_as.name()))?;
            let media = read_media(&mut file, used_as, changes)?;
            file.note_unread(&[], changes);
            return Ok(Some(match used_as {
                Use::Video => PartBody::Video(media),
                Use::Audio => PartBody::Audio(media),
                _ => PartBody::Image(Image { media, detail: None }),
            }));
        }
    }
    Ok(None)
}

fn said<'a>(text: Text<'a>, citations: Vec<Citation<'a>>) -> Option<PartBody<'a>> {
    (!text.is_blank()).then_some(PartBody::Text { text, citations })
}

fn read_call<'a>(mut call: Object<'a, '_>, changes: &mut Changes) -> Result<PartBody<'a>, Refusal> {
    let (id, seal) = seals::split_id(call.need_text("toolUseId")?);
    let name = call.need_text("name")?;
    let input = call.need("input", "the arguments as an object")?;
    call.note_unread(&[], changes);
    let arguments = Cow::Borrowed(input.get());
    Ok(PartBody::ToolCall(ToolCall {
        id,
        name,
        namespace: None,
        arguments: arguments.into(),
        is_custom: false,
        seal,
    }))
}

fn read_result<'a>(mut result: Object<'a, '_>, changes: &mut Changes) -> Result<PartBody<'a>, Refusal> {
    let (call_id, _) = seals::split_id(result.need_text("toolUseId")?);
    let raw = result.need("content", "an array of content blocks")?;
    let path = result.path.name("content");
    let blocks = object::array(raw, &path, "an array of content blocks")?;
    let content = read(&blocks, &path, changes)?;
    let is_error = result.text("status")?.as_deref() == Some("error");
    result.note_unread(&[], changes);
    Ok(PartBody::ToolResult(ToolResult { call_id, name: None, content, is_error, is_custom: false }))
}

fn read_thought<'a>(mut thought: Object<'a, '_>, changes: &mut Changes) -> Result<PartBody<'a>, Refusal> {
    if let Some(data) = thought.text("redactedContent")? {
        thought.note_unread(&[], changes);
        return Ok(PartBody::Redacted(seals::unwrap_base64(data, Dialect::Converse)));
    }
    let raw = thought.need("reasoningText", "an object with `text`, or `redactedContent` in its place")?;
    let mut words = Object::read(raw, thought.path.name("reasoningText"))?;
    let text = words.text("text")?.unwrap_or_default();
    let seal = words.text("signature")?.map(|signature| seals::unwrap(signature, Dialect::Converse));
    words.note_unread(&[], changes);
    thought.note_unread(&[], changes);
    Ok(PartBody::Thinking { text, seal })
}

/// An earlier answer's words with their sources. The sources are left out: no other API takes them back in this form.
fn read_cited<'a>(mut cited: Object<'a, '_>, changes: &mut Changes) -> Result<Option<PartBody<'a>>, Refusal> {
    let here = cited.path;
    let path = here.name("content");
    let mut text: Text<'a> = "".into();
    if let Some(raw) = cited.take("content") {
        for (place, raw) in object::array(raw, &path, "an array of texts")?.into_iter().enumerate() {
            let mut piece = Object::read(raw, path.index(place))?;
            let words = piece.text("text")?.unwrap_or_default();
            text = text.followed_by(words);
            piece.note_unread(&[], changes);
        }
    }
    cited.note_unread(&["citations"], changes);
    Ok(said(text, Vec::new()))
}

/// What a guardrail is to look at is said to the model as well; only that it is marked is lost.
fn read_guarded<'a>(
    mut guarded: Object<'a, '_>,
    changes: &mut Changes,
) -> Result<Option<PartBody<'a>>, Refusal> {
    changes.lost(
        guarded.path.to_string(),
        "another provider has not your guardrails: its words are sent unmarked",
    );
    if let Some(raw) = guarded.take("text") {
        let mut text = Object::read(raw, guarded.path.name("text"))?;
        return Ok(said(text.need_text("text")?, Vec::new()));
    }
    let raw = guarded.need("image", "an object with `text` or `image`")?;
    let mut image = Object::read(raw, guarded.path.name("image"))?;
    let media = read_media(&mut image, Use::Image, changes)?;
    Ok(Some(PartBody::Image(Image { media, detail: None })))
}

/// A search result that the caller hands in is a document of texts whose address is what to know of it.
fn read_search_result<'a>(
    mut result: Object<'a, '_>,
    changes: &mut Changes,
) -> Result<PartBody<'a>, Refusal> {
    let raw = result.need("content", "an array of texts")?;
    let path = result.path.name("content");
    let blocks = object::array(raw, &path, "an array of texts")?;
    let document = Document {
        source: DocumentSource::Parts(read(&blocks, &path, changes)?),
        title: result.text("title")?,
        context: result.text("source")?,
        wants_citations: wants_citations(&mut result)?,
    };
    changes.adapted(result.path.to_string(), "sent as a document");
    result.note_unread(&[], changes);
    Ok(PartBody::Document(document))
}

fn read_document<'a>(mut document: Object<'a, '_>, changes: &mut Changes) -> Result<PartBody<'a>, Refusal> {
    let title = document.text("name")?;
    let context = document.text("context")?;
    let format = document.text("format")?;
    let wants_citations = wants_citations(&mut document)?;
    let raw = document.need("source", "an object with `bytes`, `text`, `content` or `s3Location`")?;
    let mut source = Object::read(raw, document.path.name("source"))?;
    let source = if let Some(text) = source.text("text")? {
        DocumentSource::Text(text)
    } else if let Some(raw) = source.take("content") {
        let path = source.path.name("content");
        let blocks = object::array(raw, &path, "an array of texts")?;
        DocumentSource::Parts(read(&blocks, &path, changes)?)
    } else {
        let media = read_source(&mut source, format.as_ref(), Use::Document, &document.path, changes)?;
        DocumentSource::Media(media)
    };
    document.note_unread(&[], changes);
    Ok(PartBody::Document(Document { source, title, context, wants_citations }))
}

fn wants_citations(object: &mut Object<'_, '_>) -> Result<bool, Refusal> {
    let Some(raw) = object.take("citations") else { return Ok(false) };
    let mut citations = Object::read(raw, object.path.name("citations"))?;
    Ok(citations.value("enabled", "true or false")?.unwrap_or(false))
}

/// `format` and `source`.
fn read_media<'a>(
    file: &mut Object<'a, '_>,
    used_as: Use,
    changes: &mut Changes,
) -> Result<Media<'a>, Refusal> {
    let format = file.text("format")?;
    let raw = file.need("source", "an object with `bytes` or `s3Location`")?;
    let mut source = Object::read(raw, file.path.name("source"))?;
    read_source(&mut source, format.as_ref(), used_as, &file.path, changes)
}

fn read_source<'a>(
    source: &mut Object<'a, '_>,
    format: Option<&Text<'_>>,
    used_as: Use,
    file: &Path<'_>,
    changes: &mut Changes,
) -> Result<Media<'a>, Refusal> {
    let media_type = match format {
        None => None,
        Some(format) => Some(media::media_type(used_as, format).ok_or_else(|| {
            file.name("format").invalid(format!("expected a format of {}, got \"{format}\"", used_as.name()))
        })?),
    };
    if let Some(raw) = source.take("s3Location") {
        let mut location = Object::read(raw, source.path.name("s3Location"))?;
        let url = location.need_text("uri")?;
        location.note_unread(&["bucketOwner"], changes);
        return Ok(Media::Url { url, media_type: media_type.map(Text::of) });
    }
    let data = source.need_filled("bytes")?;
    let media_type = media_type
        .ok_or_else(|| file.name("format").invalid("this field is required: send the format of the bytes"))?;
    source.note_unread(&[], changes);
    Ok(Media::Base64 { media_type: Text::of(media_type), data })
}

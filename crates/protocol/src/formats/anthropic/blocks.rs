//! Content blocks of requests, read.
//!
//! Blocks that record what the provider's own tools did have no place in another provider's conversation and are left out.

use paceway_domain::{Dialect, Refusal};
use serde_json::value::RawValue;

use super::wire;
use crate::changes::Changes;
use crate::neutral::{
    CacheMark, Citation, Document, DocumentSource, Image, Media, Part, PartBody, Role, Text, ToolCall,
    ToolResult, Turn,
};
use crate::object::{Object, Path, array, is_string, text};
use crate::seals;

/// Fields of blocks that do not bear on what is answered.
const HINTS: [&str; 1] = ["caller"];

/// Reads the content of one message. Instructions inside it (`mid_conv_system`) become a turn of their own.
pub(super) fn turns<'a>(
    role: Role,
    content: &'a RawValue,
    path: &Path<'_>,
    turns: &mut Vec<Turn<'a>>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let mut push = |role, parts: Vec<Part<'a>>| {
        if !parts.is_empty() {
            turns.push(Turn { role, name: None, parts });
        }
    };
    if is_string(content) {
        push(role, said(text(content, path)?));
        return Ok(());
    }
    let raws = array(content, path, "a string or an array of blocks")?;
    let mut parts = Vec::with_capacity(raws.len());
    for (index, raw) in raws.iter().enumerate() {
        let mut block = Object::at(path.index(index));
        block.fill(raw)?;
        if block.says("type", "mid_conv_system") {
            push(role, std::mem::take(&mut parts));
            push(Role::System, instructions(&mut block, changes)?);
        } else {
            part(&mut block, &mut parts, changes)?;
        }
    }
    push(role, parts);
    Ok(())
}

fn said(text: Text<'_>) -> Vec<Part<'_>> {
    if text.is_blank() { Vec::new() } else { vec![Part::text(text)] }
}

fn instructions<'a>(block: &mut Object<'a, '_>, changes: &mut Changes) -> Result<Vec<Part<'a>>, Refusal> {
    let path = block.path;
    block.take("type");
    let cache = cache_mark(block)?;
    let mut parts = match block.take("content") {
        Some(content) => blocks(content, &path.name("content"), changes)?,
        None => Vec::new(),
    };
    if let Some(last) = parts.last_mut() {
        last.cache = last.cache.or(cache);
    }
    block.note_unread(&HINTS, changes);
    Ok(parts)
}

/// The content of a block that holds blocks: a string or an array.
fn blocks<'a>(
    content: &'a RawValue,
    path: &Path<'_>,
    changes: &mut Changes,
) -> Result<Vec<Part<'a>>, Refusal> {
    if is_string(content) {
        return Ok(said(text(content, path)?));
    }
    let raws = array(content, path, "a string or an array of blocks")?;
    let mut parts = Vec::with_capacity(raws.len());
    for (index, raw) in raws.iter().enumerate() {
        let mut block = Object::at(path.index(index));
        block.fill(raw)?;
        part(&mut block, &mut parts, changes)?;
    }
    Ok(parts)
}

/// One block; `None` for one that is blank, or left out and noted.
/// Adds what a block is to the parts. It is made where it stays: parts are large, and most of a conversation.
fn part<'a>(
    block: &mut Object<'a, '_>,
    parts: &mut Vec<Part<'a>>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let path = block.path;
    let place = parts.len();
    let kind = block.need_text("type")?;
    match &*kind {
        "text" => words(block, parts)?,
        "image" => {
            let media = media(block, changes)?;
            parts.extend(media.map(|media| Part::new(PartBody::Image(Image { media, detail: None }))));
        }
        "document" => parts.extend(document(block, changes)?.map(PartBody::Document).map(Part::new)),
        "search_result" => {
            parts.extend(search_result(block, changes)?.map(PartBody::Document).map(Part::new));
        }
        "thinking" => parts.extend(thought(block)?.map(Part::new)),
        "redacted_thinking" => {
            let data = block.need_text("data")?;
            if !data.is_empty() {
                parts.push(Part::new(PartBody::Redacted(seals::unwrap(data, Dialect::Anthropic))));
            }
        }
        "tool_use" => parts.push(Part::new(PartBody::ToolCall(tool_use(block, changes)?))),
        "tool_result" => parts.push(Part::new(PartBody::ToolResult(tool_result(block, changes)?))),
        kind if records_own_tool(kind) => {
            changes.hint(path.to_string(), "it records what Anthropic's own tool did");
            return Ok(());
        }
        other => {
            changes.lost(path.to_string(), format!("blocks of type `{other}` are Anthropic's alone"));
            return Ok(());
        }
    }
    let cache = cache_mark(block)?;
    if let Some(part) = parts.get_mut(place) {
        part.cache = cache;
    }
    block.note_unread(&HINTS, changes);
    Ok(())
}

fn records_own_tool(kind: &str) -> bool {
    matches!(kind, "server_tool_use" | "mcp_tool_use") || kind.ends_with("_tool_result")
}

/// Takes `cache_control`.
pub(super) fn cache_mark(object: &mut Object<'_, '_>) -> Result<Option<CacheMark>, Refusal> {
    let path = object.path;
    let Some(raw) = object.take("cache_control") else { return Ok(None) };
    let mut control = Object::read(raw, path.name("cache_control"))?;
    match control.text("ttl")?.as_deref() {
        Some("1h") => Ok(Some(CacheMark::OneHour)),
        _ => Ok(Some(CacheMark::FiveMinutes)),
    }
}

fn words<'a>(block: &mut Object<'a, '_>, parts: &mut Vec<Part<'a>>) -> Result<(), Refusal> {
    let text = block.need_text("text")?;
    let citations = citations(block)?;
    if !text.is_blank() {
        parts.push(Part::new(PartBody::Text { text, citations }));
    }
    Ok(())
}

fn citations<'a>(block: &mut Object<'a, '_>) -> Result<Vec<Citation<'a>>, Refusal> {
    let path = block.path;
    let Some(raw) = block.take("citations") else { return Ok(Vec::new()) };
    let raws = array(raw, &path.name("citations"), "an array of citations")?;
    Ok(raws.into_iter().filter_map(wire::citation).collect())
}

fn thought<'a>(block: &mut Object<'a, '_>) -> Result<Option<PartBody<'a>>, Refusal> {
    let text = block.need_text("thinking")?;
    let signature = block.text("signature")?.filter(|signature| !signature.is_empty());
    let seal = signature.map(|signature| seals::unwrap(signature, Dialect::Anthropic));
    Ok((seal.is_some() || !text.is_blank()).then_some(PartBody::Thinking { text, seal }))
}

fn tool_use<'a>(block: &mut Object<'a, '_>, changes: &mut Changes) -> Result<ToolCall<'a>, Refusal> {
    let path = block.path;
    let (id, seal) = seals::split_id(block.need_text("id")?);
    let name = block.need_text("name")?;
    // Who calls is said only where it is not the model itself.
    if block.take("caller").is_some_and(|caller| wire::type_of(caller.get()) != "direct") {
        changes.hint(path.name("caller").to_string(), "it has no counterpart");
    }
    let arguments = match block.take("input") {
        None => "{}",
        Some(input) if input.get().starts_with('{') => input.get(),
        Some(_) => return Err(path.name("input").invalid("expected a JSON object")),
    };
    Ok(ToolCall { id, name, namespace: None, arguments: Text::of(arguments), is_custom: false, seal })
}

fn tool_result<'a>(block: &mut Object<'a, '_>, changes: &mut Changes) -> Result<ToolResult<'a>, Refusal> {
    let path = block.path;
    let (call_id, _) = seals::split_id(block.need_text("tool_use_id")?);
    let content = match block.take("content") {
        Some(content) => blocks(content, &path.name("content"), changes)?,
        None => Vec::new(),
    };
    let is_error = block.value("is_error", "true or false")?.unwrap_or(false);
    Ok(ToolResult { call_id, name: None, content, is_error, is_custom: false })
}

/// Takes the `source` of an image or a file; `None` if it is of a kind that is not known.
fn media<'a>(block: &mut Object<'a, '_>, changes: &mut Changes) -> Result<Option<Media<'a>>, Refusal> {
    let parent = block.path;
    let path = parent.name("source");
    let raw = block.need("source", "an object with a type")?;
    let mut source = Object::read(raw, path)?;
    let kind = source.need_text("type")?;
    let media = media_of(&kind, &mut source)?;
    if media.is_none() {
        changes.lost(path.to_string(), format!("sources of type `{kind}` are Anthropic's alone"));
    } else {
        source.note_unread(&[], changes);
    }
    Ok(media)
}

fn media_of<'a>(kind: &str, source: &mut Object<'a, '_>) -> Result<Option<Media<'a>>, Refusal> {
    Ok(Some(match kind {
        "base64" => Media::Base64 {
            media_type: corrected(source.need_media_type("media_type")?),
            data: source.need_filled("data")?,
        },
        "url" => Media::Url { url: source.need_text("url")?, media_type: None },
        "file" => Media::File { at: Dialect::Anthropic, id: source.need_text("file_id")? },
        _ => return Ok(None),
    }))
}

/// A media type in lower case, `image/jpg` as `image/jpeg`.
fn corrected(media_type: Text<'_>) -> Text<'_> {
    if media_type.eq_ignore_ascii_case("image/jpg") {
        "image/jpeg".into()
    } else if media_type.bytes().any(|byte| byte.is_ascii_uppercase()) {
        media_type.to_ascii_lowercase().into()
    } else {
        media_type
    }
}

fn document<'a>(block: &mut Object<'a, '_>, changes: &mut Changes) -> Result<Option<Document<'a>>, Refusal> {
    let parent = block.path;
    let path = parent.name("source");
    let raw = block.need("source", "an object with a type")?;
    let mut source = Object::read(raw, path)?;
    let kind = source.need_text("type")?;
    let found = match &*kind {
        "text" => {
            source.take("media_type");
            Some(DocumentSource::Text(source.need_text("data")?))
        }
        "content" => {
            let content = source.need("content", "a string or an array of blocks")?;
            Some(DocumentSource::Parts(blocks(content, &path.name("content"), changes)?))
        }
        kind => media_of(kind, &mut source)?.map(DocumentSource::Media),
    };
    let title = block.text("title")?;
    let context = block.text("context")?;
    let wants_citations = wants_citations(block)?;
    let Some(source_found) = found else {
        changes.lost(path.to_string(), format!("sources of type `{kind}` are Anthropic's alone"));
        return Ok(None);
    };
    source.note_unread(&[], changes);
    Ok(Some(Document { source: source_found, title, context, wants_citations }))
}

fn wants_citations(block: &mut Object<'_, '_>) -> Result<bool, Refusal> {
    let path = block.path;
    let Some(raw) = block.take("citations") else { return Ok(false) };
    let mut citations = Object::read(raw, path.name("citations"))?;
    Ok(citations.value("enabled", "true or false")?.unwrap_or(false))
}

/// A search result of the caller's own, as a document of its words with its source as what to know of it.
fn search_result<'a>(
    block: &mut Object<'a, '_>,
    changes: &mut Changes,
) -> Result<Option<Document<'a>>, Refusal> {
    let path = block.path;
    let source = block.need_text("source")?;
    let title = block.text("title")?;
    let wants_citations = wants_citations(block)?;
    let content = block.need("content", "an array of text blocks")?;
    let mut texts = Vec::new();
    for part in blocks(content, &path.name("content"), changes)? {
        if let PartBody::Text { text, .. } = part.body {
            texts.push(text);
        }
    }
    changes.adapted(path.to_string(), "sent as a text document");
    let words = if texts.len() == 1 { texts.pop() } else { Some(texts.join("\n\n").into()) };
    let words = words.filter(|words| !words.is_blank());
    Ok(words.map(|words| Document {
        source: DocumentSource::Text(words),
        title,
        context: Some(source),
        wants_citations,
    }))
}

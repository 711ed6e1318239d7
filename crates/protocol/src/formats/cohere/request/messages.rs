//! Messages read into turns: consecutive results of tools are one turn of the user's.

use paceway_domain::Refusal;
use serde_json::value::RawValue;

use crate::changes::Changes;
use crate::neutral::{Detail, Image, Media, Part, PartBody, Role, Text, ToolCall, ToolResult, Turn};
use crate::object::{self, Object, Path};
use crate::seals;

/// Reads a message onto the end of the conversation; a blank one adds nothing.
pub(crate) fn read<'a>(
    mut message: Object<'a, '_>,
    turns: &mut Vec<Turn<'a>>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let (role, parts) = match &*message.need_text("role")? {
        "system" => (Role::System, need_content(&mut message, changes)?),
        "user" => (Role::User, need_content(&mut message, changes)?),
        "assistant" => (Role::Assistant, read_assistant(&mut message, changes)?),
        "tool" => {
            let result = Part::new(PartBody::ToolResult(read_result(&mut message, changes)?));
            message.note_unread(&[], changes);
            push_result(result, turns);
            return Ok(());
        }
        other => {
            let expected = "expected \"system\", \"user\", \"assistant\" or \"tool\"";
            return Err(message.path.name("role").invalid(format!("{expected}, got \"{other}\"")));
        }
    };
    message.note_unread(&[], changes);
    if !parts.is_empty() {
        turns.push(Turn { role, name: None, parts });
    }
    Ok(())
}

fn push_result<'a>(result: Part<'a>, turns: &mut Vec<Turn<'a>>) {
    let is_of_results =
        |turn: &&mut Turn<'a>| turn.parts.iter().all(|part| matches!(part.body, PartBody::ToolResult(_)));
    match turns.last_mut().filter(is_of_results) {
        Some(turn) => turn.parts.push(result),
        None => turns.push(Turn { role: Role::User, name: None, parts: vec![result] }),
    }
}

fn need_content<'a>(message: &mut Object<'a, '_>, changes: &mut Changes) -> Result<Vec<Part<'a>>, Refusal> {
    let raw = message.need("content", "a string or an array of content blocks")?;
    read_content(raw, &message.path.name("content"), changes)
}

/// The plan of earlier models and the thoughts of later ones come before the words, the calls behind them.
fn read_assistant<'a>(message: &mut Object<'a, '_>, changes: &mut Changes) -> Result<Vec<Part<'a>>, Refusal> {
    let mut parts = Vec::new();
    if let Some(text) = message.text("tool_plan")?.filter(|plan| !plan.is_blank()) {
        parts.push(Part::new(PartBody::Thinking { text, seal: None }));
    }
    if let Some(raw) = message.take("content") {
        parts.extend(read_content(raw, &message.path.name("content"), changes)?);
    }
    // The sources of earlier answers are not said again.
    message.take("citations");
    if let Some(raw) = message.take("tool_calls") {
        let path = message.path.name("tool_calls");
        for (place, raw) in object::array(raw, &path, "an array of calls")?.into_iter().enumerate() {
            let call = read_call(Object::read(raw, path.index(place))?, changes)?;
            parts.push(Part::new(PartBody::ToolCall(call)));
        }
    }
    Ok(parts)
}

fn read_call<'a>(mut call: Object<'a, '_>, changes: &mut Changes) -> Result<ToolCall<'a>, Refusal> {
    let (id, seal) = seals::split_id(call.need_text("id")?);
    call.take("type");
    let raw = call.need("function", "an object with a name and arguments")?;
    let mut function = Object::read(raw, call.path.name("function"))?;
    let name = function.need_text("name")?;
    let arguments = function.text("arguments")?.unwrap_or_default();
    function.note_unread(&[], changes);
    call.note_unread(&[], changes);
    Ok(ToolCall { id, name, namespace: None, arguments, is_custom: false, seal })
}

fn read_result<'a>(message: &mut Object<'a, '_>, changes: &mut Changes) -> Result<ToolResult<'a>, Refusal> {
    let (call_id, _) = seals::split_id(message.need_text("tool_call_id")?);
    let content = need_content(message, changes)?;
    Ok(ToolResult { call_id, name: None, content, is_error: false, is_custom: false })
}

/// A text or blocks; blank texts are left out.
fn read_content<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    changes: &mut Changes,
) -> Result<Vec<Part<'a>>, Refusal> {
    let mut parts = Vec::new();
    if object::is_string(raw) {
        push_text(object::text(raw, path)?, &mut parts);
        return Ok(parts);
    }
    let blocks = object::array(raw, path, "a string or an array of content blocks")?;
    for (place, raw) in blocks.into_iter().enumerate() {
        let mut block = Object::read(raw, path.index(place))?;
        match &*block.need_text("type")? {
            "text" => push_text(block.need_text("text")?, &mut parts),
            "thinking" => {
                let text = block.need_text("thinking")?;
                if !text.is_blank() {
                    parts.push(Part::new(PartBody::Thinking { text, seal: None }));
                }
            }
            "image_url" => parts.push(read_image(&mut block, changes)?),
            "document" => {
                let raw = block.need("document", "an object with `data`")?;
                push_text(read_document(Object::read(raw, block.path.name("document"))?)?, &mut parts);
            }
            other => {
                let expected = "expected \"text\", \"image_url\", \"thinking\" or \"document\"";
                return Err(block.path.name("type").invalid(format!("{expected}, got \"{other}\"")));
            }
        }
        block.note_unread(&[], changes);
    }
    Ok(parts)
}

fn push_text<'a>(text: Text<'a>, parts: &mut Vec<Part<'a>>) {
    if !text.is_blank() {
        parts.push(Part::text(text));
    }
}

/// A result as a document: what it holds as a text.
fn read_document<'a>(mut document: Object<'a, '_>) -> Result<Text<'a>, Refusal> {
    let data = document.need("data", "a string or an object")?;
    if object::is_string(data) {
        return object::text(data, &document.path.name("data"));
    }
    Ok(Text::of(data.get()))
}

fn read_image<'a>(block: &mut Object<'a, '_>, changes: &mut Changes) -> Result<Part<'a>, Refusal> {
    let raw = block.need("image_url", "an object with `url`")?;
    let mut image = Object::read(raw, block.path.name("image_url"))?;
    let url = image.need_text("url")?;
    let detail = match image.text("detail")?.as_deref() {
        None => None,
        Some("auto") => Some(Detail::Auto),
        Some("low") => Some(Detail::Low),
        Some("high") => Some(Detail::High),
        Some(other) => {
            let expected = format!("expected \"auto\", \"low\" or \"high\", got \"{other}\"");
            return Err(image.path.name("detail").invalid(expected));
        }
    };
    image.note_unread(&[], changes);
    let media = match inline(&url) {
        None if url.starts_with("data:") => {
            let came = crate::fields::shortened(&url);
            let why = format!("expected an address or `data:<media type>;base64,<data>`, got {came}");
            return Err(image.path.name("url").invalid(why));
        }
        None => Media::Url { url, media_type: None },
        Some((media_type, at)) => Media::Base64 { media_type: media_type.into(), data: url.tail(at) },
    };
    Ok(Part::new(PartBody::Image(Image { media, detail })))
}

/// The media type in `data:image/png;base64,…` and where the data begins.
fn inline(url: &str) -> Option<(String, usize)> {
    let rest = url.strip_prefix("data:")?;
    let (head, data) = rest.split_once(',')?;
    let media_type = head.strip_suffix(";base64")?.to_ascii_lowercase();
    let media_type = if media_type == "image/jpg" { "image/jpeg".to_owned() } else { media_type };
    (!media_type.is_empty() && !data.is_empty()).then_some((media_type, url.len() - data.len()))
}

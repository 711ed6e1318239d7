//! Tools and the choice among them, in today's form and in the deprecated one.
//!
//! Calls and results are part of the conversation.

use std::borrow::Cow;

use paceway_domain::Refusal;
use serde_json::value::RawValue;

use super::content::take_mark;
use crate::changes::Changes;
use crate::compose;
use crate::neutral::{Json, Text, Tool, ToolChoice, ToolKind, WebSearch};
use crate::object::{self, Object, Path};

pub(super) type Read<'a> = (Vec<Tool<'a>>, Option<ToolChoice<'a>>);

/// Takes `tools`, `tool_choice`, `functions`, `function_call` and `web_search_options`.
pub(super) fn read<'a>(body: &mut Object<'a, '_>, changes: &mut Changes) -> Result<Read<'a>, Refusal> {
    let mut tools = Vec::new();
    if let Some(raw) = body.take("tools") {
        let path = body.path.name("tools");
        for (place, raw) in object::array(raw, &path, "an array of tools")?.into_iter().enumerate() {
            let mut tool = Object::read(raw, path.index(place))?;
            tools.push(read_tool(&mut tool, changes)?);
            tool.note_unread(&[], changes);
        }
    }
    if let Some(raw) = body.take("functions") {
        let path = body.path.name("functions");
        for (place, raw) in object::array(raw, &path, "an array of functions")?.into_iter().enumerate() {
            let mut function = Object::read(raw, path.index(place))?;
            tools.push(read_function(&mut function, changes)?);
        }
        changes.adapted("functions", "read as tools; calls come as tool_calls");
    }
    if let Some(raw) = body.take("web_search_options") {
        let mut options = Object::read(raw, body.path.name("web_search_options"))?;
        tools.push(read_search(&mut options, changes)?);
    }
    let choice = match (body.take("tool_choice"), body.take("function_call")) {
        (Some(raw), _) => Some(read_choice(raw, body.path.name("tool_choice"))?),
        (None, Some(raw)) => Some(read_choice(raw, body.path.name("function_call"))?),
        (None, None) => None,
    };
    Ok((tools, choice))
}

fn read_tool<'a>(tool: &mut Object<'a, '_>, changes: &mut Changes) -> Result<Tool<'a>, Refusal> {
    let kind = tool.text("type")?.unwrap_or("function".into());
    let cache = take_mark(tool)?;
    let path = tool.path;
    let read = match &*kind {
        "function" => match tool.take("function") {
            Some(raw) => read_function(&mut Object::read(raw, path.name("function"))?, changes)?,
            // Some clients (Cursor) write a function as Responses does, one level higher.
            None if tool.unread().any(|name| name == "name") => read_function(tool, changes)?,
            None => return Err(path.name("function").invalid("this field is required: send an object")),
        },
        "custom" => {
            let raw = tool.need("custom", "an object")?;
            read_custom(&mut Object::read(raw, path.name("custom"))?, changes)?
        }
        _ => {
            let kind = ToolKind::Hosted { kind: kind.clone() };
            Tool {
                name: tool.text("name")?.unwrap_or_default(),
                namespace: None,
                description: None,
                kind,
                cache,
            }
        }
    };
    let read = if read.name.is_empty() { Tool { name: kind, ..read } } else { read };
    Ok(Tool { cache, ..read })
}

fn read_function<'a>(function: &mut Object<'a, '_>, changes: &mut Changes) -> Result<Tool<'a>, Refusal> {
    let tool = Tool {
        name: function.need_text("name")?,
        namespace: None,
        description: function.text("description")?,
        kind: ToolKind::Function {
            schema: function.schema("parameters")?,
            strict: function.value("strict", "true or false")?,
        },
        cache: take_mark(function)?,
    };
    function.note_unread(&[], changes);
    Ok(tool)
}

fn read_custom<'a>(custom: &mut Object<'a, '_>, changes: &mut Changes) -> Result<Tool<'a>, Refusal> {
    let name = custom.need_text("name")?;
    let description = custom.text("description")?;
    let format = match custom.take("format") {
        Some(raw) => read_grammar(raw, custom.path.name("format"))?,
        None => None,
    };
    custom.note_unread(&[], changes);
    Ok(Tool { name, namespace: None, description, kind: ToolKind::Custom { format }, cache: None })
}

/// A grammar stands one level deeper here than in Responses, whose form is the neutral one. Sources: openai-python,
/// `types/shared_params/custom_tool_input_format.py` (Responses); openai-ruby, `ChatCompletionCustomTool::Custom::Format`.
fn read_grammar<'a>(raw: &'a RawValue, path: Path<'_>) -> Result<Option<Json<'a>>, Refusal> {
    let mut format = Object::read(raw, path)?;
    match &*format.need_text("type")? {
        "text" => Ok(None),
        "grammar" => {
            let Some(inner) = format.take("grammar") else { return Ok(Some(Cow::Borrowed(raw))) };
            let mut grammar = Object::read(inner, path.name("grammar"))?;
            let syntax = grammar.need_text("syntax")?;
            let definition = grammar.need_text("definition")?;
            flat(|body| {
                body.field("type", "grammar").field("syntax", &syntax).field("definition", &definition);
            })
            .map(Some)
        }
        other => Err(path.name("type").invalid(format!("expected text or grammar, got {other}"))),
    }
}

/// JSON written anew in the neutral form.
fn flat<'a>(fields: impl FnOnce(&mut compose::ObjectWriter<'_>)) -> Result<Json<'a>, Refusal> {
    let mut out = Vec::new();
    compose::object(&mut out, fields);
    let text = String::from_utf8(out).map_err(|error| Refusal::Internal(error.to_string()))?;
    RawValue::from_string(text).map(Cow::Owned).map_err(|error| Refusal::Internal(error.to_string()))
}

fn read_search<'a>(options: &mut Object<'a, '_>, changes: &mut Changes) -> Result<Tool<'a>, Refusal> {
    let size = options.text("search_context_size")?;
    if size.is_some_and(|size| size != "medium") {
        changes.hint("web_search_options.search_context_size", "it has no counterpart");
    }
    let user_location = match options.take("user_location") {
        Some(raw) => Some(read_location(raw, options.path.name("user_location"))?),
        None => None,
    };
    options.note_unread(&[], changes);
    Ok(Tool {
        name: "web_search".into(),
        namespace: None,
        description: None,
        kind: ToolKind::WebSearch(WebSearch { user_location, ..WebSearch::default() }),
        cache: None,
    })
}

/// The place stands one level deeper here than in Responses and at Anthropic. Source: openai-python,
/// `types/chat/completion_create_params.py`, `WebSearchOptionsUserLocation`.
fn read_location<'a>(raw: &'a RawValue, path: Path<'_>) -> Result<Json<'a>, Refusal> {
    let mut location = Object::read(raw, path)?;
    let Some(inner) = location.take("approximate") else { return Ok(Cow::Borrowed(raw)) };
    let mut place = Object::read(inner, path.name("approximate"))?;
    let mut known = Vec::new();
    for name in ["city", "country", "region", "timezone"] {
        known.push((name, place.text(name)?));
    }
    flat(|body| {
        body.field("type", "approximate");
        for (name, text) in &known {
            body.maybe(name, text.as_deref());
        }
    })
}

fn read_choice<'a>(raw: &'a RawValue, path: Path<'_>) -> Result<ToolChoice<'a>, Refusal> {
    if object::is_string(raw) {
        return match &*object::text(raw, &path)? {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" | "any" => Ok(ToolChoice::Any),
            other => Err(path.invalid(format!("expected auto, none, required or an object, got {other}"))),
        };
    }
    let mut choice = Object::read(raw, path)?;
    match choice.text("type")?.as_deref() {
        Some("allowed_tools") => {
            let inner = choice.need("allowed_tools", "an object")?;
            allowed(&mut Object::read(inner, path.name("allowed_tools"))?)
        }
        Some("function" | "custom") | None => named(&mut choice).map(ToolChoice::Named),
        Some(other) => {
            let why = format!("expected function, custom or allowed_tools, got {other}");
            Err(path.name("type").invalid(why))
        }
    }
}

/// The name in `{"type":"function","function":{"name":…}}`, `{"type":"custom","custom":{"name":…}}` or `{"name":…}`.
fn named<'a>(choice: &mut Object<'a, '_>) -> Result<Text<'a>, Refusal> {
    for field in ["function", "custom"] {
        if let Some(raw) = choice.take(field) {
            return Object::read(raw, choice.path.name(field))?.need_text("name");
        }
    }
    choice.need_text("name")
}

fn allowed<'a>(allowed: &mut Object<'a, '_>) -> Result<ToolChoice<'a>, Refusal> {
    let is_required = match &*allowed.need_text("mode")? {
        "auto" => false,
        "required" => true,
        other => {
            let why = format!("expected auto or required, got {other}");
            return Err(allowed.path.name("mode").invalid(why));
        }
    };
    let raw = allowed.need("tools", "an array of tools")?;
    let path = allowed.path.name("tools");
    let tools = object::array(raw, &path, "an array of tools")?;
    let name = |(place, raw): (usize, &'a RawValue)| {
        let at = path.index(place);
        named(&mut Object::read(raw, at)?)
    };
    let names = tools.into_iter().enumerate().map(name).collect::<Result<_, _>>()?;
    Ok(ToolChoice::Among { names, is_required })
}

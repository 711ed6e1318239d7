//! Tools and the choice among them, read.

use paceway_domain::Refusal;
use serde_json::value::RawValue;

use super::blocks;
use crate::changes::Changes;
use crate::neutral::{Text, Tool, ToolChoice, ToolKind, WebSearch};
use crate::object::{Object, Path, array, text};

/// Fields of tools that do not bear on what is answered.
const HINTS: [&str; 5] =
    ["allowed_callers", "defer_loading", "eager_input_streaming", "input_examples", "response_inclusion"];

/// Takes `tools`.
pub(super) fn tools<'a>(body: &mut Object<'a, '_>, changes: &mut Changes) -> Result<Vec<Tool<'a>>, Refusal> {
    let Some(raw) = body.take("tools") else { return Ok(Vec::new()) };
    let path = body.path.name("tools");
    let raws = array(raw, &path, "an array of tools")?;
    raws.into_iter().enumerate().map(|(index, raw)| tool(raw, &path.index(index), changes)).collect()
}

fn tool<'a>(raw: &'a RawValue, path: &Path<'_>, changes: &mut Changes) -> Result<Tool<'a>, Refusal> {
    let mut tool = Object::read(raw, *path)?;
    let kind = tool.text("type")?.unwrap_or("custom".into());
    let cache = blocks::cache_mark(&mut tool)?;
    let is_own = kind != "custom";
    // A toolset of an MCP server has the server's name instead.
    let name = match tool.text("name")? {
        Some(name) => name,
        None if is_own => tool.text("mcp_server_name")?.unwrap_or_else(|| kind.clone()),
        None => return Err(path.name("name").invalid("this field is required: send a string")),
    };
    let description = tool.text("description")?;
    let kind = match &*kind {
        "custom" => function(&mut tool)?,
        kind if kind.starts_with("web_search_") => ToolKind::WebSearch(web_search(&mut tool)?),
        _ => return Ok(Tool { name, namespace: None, description, kind: ToolKind::Hosted { kind }, cache }),
    };
    tool.note_unread(&HINTS, changes);
    Ok(Tool { name, namespace: None, description, kind, cache })
}

fn function<'a>(tool: &mut Object<'a, '_>) -> Result<ToolKind<'a>, Refusal> {
    let schema = tool.need_schema("input_schema")?;
    let strict = tool.value("strict", "true or false")?;
    Ok(ToolKind::Function { schema: Some(schema), strict })
}

fn web_search<'a>(tool: &mut Object<'a, '_>) -> Result<WebSearch<'a>, Refusal> {
    // Arguments of a provider's own tool are the provider's concern.
    tool.take("strict");
    Ok(WebSearch {
        max_uses: tool.value("max_uses", "a positive integer")?,
        allowed_domains: domains(tool, "allowed_domains")?,
        blocked_domains: domains(tool, "blocked_domains")?,
        user_location: tool.json("user_location"),
    })
}

fn domains<'a>(tool: &mut Object<'a, '_>, name: &str) -> Result<Vec<Text<'a>>, Refusal> {
    let path = tool.path;
    let path = path.name(name);
    let Some(raw) = tool.take(name) else { return Ok(Vec::new()) };
    let raws = array(raw, &path, "an array of strings")?;
    raws.into_iter().enumerate().map(|(index, raw)| text(raw, &path.index(index))).collect()
}

/// What `tool_choice` says.
#[derive(Debug, Default)]
pub(super) struct Choice<'a> {
    pub(super) choice: Option<ToolChoice<'a>>,
    pub(super) parallel: Option<bool>,
}

/// Takes `tool_choice`.
pub(super) fn choice<'a>(body: &mut Object<'a, '_>, changes: &mut Changes) -> Result<Choice<'a>, Refusal> {
    let Some(raw) = body.take("tool_choice") else { return Ok(Choice::default()) };
    let path = Path::root("tool_choice");
    let mut choice = Object::read(raw, path)?;
    let kind = match &*choice.need_text("type")? {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Any,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Named(choice.need_text("name")?),
        other => {
            let why = format!("expected \"auto\", \"any\", \"tool\" or \"none\", got \"{other}\"");
            return Err(path.name("type").invalid(why));
        }
    };
    let is_disabled: Option<bool> = choice.value("disable_parallel_tool_use", "true or false")?;
    choice.note_unread(&[], changes);
    Ok(Choice { choice: Some(kind), parallel: is_disabled.map(|disabled| !disabled) })
}

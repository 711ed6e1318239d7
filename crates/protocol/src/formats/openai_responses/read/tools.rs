//! Tools and which of them is to be called.

use std::borrow::Cow;

use paceway_domain::Refusal;
use serde_json::value::RawValue;

use crate::changes::Changes;
use crate::neutral::{Json, Text, Tool, ToolChoice, ToolKind, WebSearch};
use crate::object::{Object, Path, array, is_string, text};

/// What the search of the web is called where tools have names.
const WEB_SEARCH: &str = "web_search";

/// How tools are found and called, which does not bear on what they are.
const HINTS: [&str; 4] = ["defer_loading", "allowed_callers", "async", "output_schema"];
const SEARCH_HINTS: [&str; 4] =
    ["search_context_size", "external_web_access", "search_content_types", "return_token_budget"];

/// Reads a list of tools and adds those that are not there yet.
pub(super) fn read<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    tools: &mut Vec<Tool<'a>>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    for (index, raw) in array(raw, path, "an array of tools")?.into_iter().enumerate() {
        let mut tool = Object::read(raw, path.index(index))?;
        let kind = tool.need_text("type")?;
        if kind == "namespace" {
            group(tool, tools, changes)?;
        } else {
            add(one(&mut tool, kind, None, changes)?, tools);
        }
    }
    Ok(())
}

fn add<'a>(tool: Tool<'a>, tools: &mut Vec<Tool<'a>>) {
    if !tools.iter().any(|known| known.name == tool.name && known.namespace == tool.namespace) {
        tools.push(tool);
    }
}

fn group<'a>(
    mut group: Object<'a, '_>,
    tools: &mut Vec<Tool<'a>>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let namespace = group.need_text("name")?;
    let raw = group.need("tools", "an array of tools")?;
    let path = group.path.name("tools");
    for (index, raw) in array(raw, &path, "an array of tools")?.into_iter().enumerate() {
        let mut tool = Object::read(raw, path.index(index))?;
        let kind = tool.need_text("type")?;
        add(one(&mut tool, kind, Some(namespace.clone()), changes)?, tools);
    }
    group.note_unread(&["description", "defer_loading"], changes);
    Ok(())
}

fn one<'a>(
    tool: &mut Object<'a, '_>,
    kind: Text<'a>,
    namespace: Option<Text<'a>>,
    changes: &mut Changes,
) -> Result<Tool<'a>, Refusal> {
    let (name, kind) = match kind.as_ref() {
        "function" => {
            let schema = tool.schema("parameters")?;
            let strict = tool.value("strict", "true or false")?;
            (tool.need_text("name")?, ToolKind::Function { schema, strict })
        }
        "custom" => {
            let format = grammar(tool)?;
            (tool.need_text("name")?, ToolKind::Custom { format })
        }
        search if search.starts_with(WEB_SEARCH) => {
            (WEB_SEARCH.into(), ToolKind::WebSearch(web_search(tool, changes)?))
        }
        _ => {
            let named = tool.text("name")?.or(tool.text("server_label")?);
            let name = named.unwrap_or_else(|| kind.clone());
            return Ok(Tool {
                name,
                namespace,
                description: None,
                kind: ToolKind::Hosted { kind },
                cache: None,
            });
        }
    };
    let description = tool.text("description")?;
    let hints: &[&str] = if matches!(kind, ToolKind::WebSearch(_)) { &SEARCH_HINTS } else { &HINTS };
    tool.note_unread(hints, changes);
    Ok(Tool { name, namespace, description, kind, cache: None })
}

/// `format` unless it is plain text, which is what a custom tool takes anyway.
fn grammar<'a>(tool: &mut Object<'a, '_>) -> Result<Option<Json<'a>>, Refusal> {
    let Some(raw) = tool.take("format") else { return Ok(None) };
    let kind = Object::read(raw, tool.path.name("format"))?.need_text("type")?;
    Ok((kind != "text").then_some(Cow::Borrowed(raw)))
}

fn web_search<'a>(tool: &mut Object<'a, '_>, changes: &mut Changes) -> Result<WebSearch<'a>, Refusal> {
    let mut search = WebSearch { user_location: tool.json("user_location"), ..WebSearch::default() };
    if let Some(raw) = tool.take("filters") {
        let path = tool.path.name("filters");
        let mut filters = Object::read(raw, path)?;
        search.allowed_domains = domains(&mut filters, "allowed_domains")?;
        search.blocked_domains = domains(&mut filters, "blocked_domains")?;
        filters.note_unread(&[], changes);
    }
    Ok(search)
}

fn domains<'a>(filters: &mut Object<'a, '_>, field: &str) -> Result<Vec<Text<'a>>, Refusal> {
    let Some(raw) = filters.take(field) else { return Ok(Vec::new()) };
    let path = filters.path.name(field);
    let list = array(raw, &path, "an array of domains")?;
    list.into_iter().enumerate().map(|(index, raw)| text(raw, &path.index(index))).collect()
}

/// `tool_choice`, in all its forms.
pub(super) fn choice<'a>(
    raw: &'a RawValue,
    path: Path<'_>,
    changes: &mut Changes,
) -> Result<ToolChoice<'a>, Refusal> {
    if is_string(raw) {
        return match text(raw, &path)?.as_ref() {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" => Ok(ToolChoice::Any),
            other => {
                Err(path.invalid(format!("expected `auto`, `none`, `required` or an object, got `{other}`")))
            }
        };
    }
    let mut choice = Object::read(raw, path)?;
    let kind = choice.need_text("type")?;
    if kind != "allowed_tools" {
        return named(&mut choice, kind, changes).map(ToolChoice::Named);
    }
    let is_required = match choice.text("mode")?.as_deref() {
        None | Some("auto") => false,
        Some("required") => true,
        Some(other) => {
            let why = format!("expected `auto` or `required`, got `{other}`");
            return Err(choice.path.name("mode").invalid(why));
        }
    };
    let raw = choice.need("tools", "an array of tools")?;
    let path = choice.path.name("tools");
    let mut names = Vec::new();
    for (index, raw) in array(raw, &path, "an array of tools")?.into_iter().enumerate() {
        let mut tool = Object::read(raw, path.index(index))?;
        let kind = tool.need_text("type")?;
        names.push(named(&mut tool, kind, changes)?);
    }
    choice.note_unread(&[], changes);
    Ok(ToolChoice::Among { names, is_required })
}

/// The name of the tool that a choice names: tools of the provider's own go by their type.
fn named<'a>(
    choice: &mut Object<'a, '_>,
    kind: Text<'a>,
    changes: &mut Changes,
) -> Result<Text<'a>, Refusal> {
    let name = match kind.as_ref() {
        "function" | "custom" => choice.need_text("name")?,
        search if search.starts_with(WEB_SEARCH) => WEB_SEARCH.into(),
        // `name` is a tool of the server's.
        "mcp" => choice.text("server_label")?.unwrap_or(kind),
        _ => choice.text("name")?.unwrap_or(kind),
    };
    choice.note_unread(&["namespace"], changes);
    Ok(name)
}

//! `tools` and `toolConfig`, read.

use paceway_domain::Refusal;
use serde_json::value::RawValue;

use super::{names, schema};
use crate::changes::Changes;
use crate::neutral::{Chat, Text, Tool, ToolChoice, ToolKind, WebSearch};
use crate::object::{Object, Path, array, text};

/// The name that a search of the web gets, which has none in this API.
const WEB_SEARCH: &str = "web_search";
/// What Google calls its searches of the web.
const SEARCHES: [&str; 3] = ["googleSearch", "googleSearchRetrieval", "enterpriseWebSearch"];
/// What describes a function's answer, which no other API asks for, and how a live session waits for it.
const FUNCTION_HINTS: [&str; 3] = ["response", "responseJsonSchema", "behavior"];

/// Reads `tools`.
pub(super) fn read<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    chat: &mut Chat<'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    for (index, raw) in names::one_or_more(raw, path, "an array of tools")?.into_iter().enumerate() {
        let path = path.index(index);
        let mut group = Object::read(raw, path)?;
        if let Some(raw) = names::take(&mut group, "functionDeclarations") {
            let path = path.name("functionDeclarations");
            for (index, raw) in
                names::one_or_more(raw, &path, "an array of functions")?.into_iter().enumerate()
            {
                chat.tools.push(function(raw, path.index(index), changes)?);
            }
        }
        for name in SEARCHES {
            if let Some(raw) = names::take(&mut group, name) {
                let search = search(raw, path.name(name), changes)?;
                chat.tools.push(tool(Text::of(WEB_SEARCH), None, ToolKind::WebSearch(search)));
            }
        }
        for kind in group.unread() {
            let kind: Text<'a> = kind.to_owned().into();
            chat.tools.push(tool(kind.clone(), None, ToolKind::Hosted { kind }));
        }
    }
    Ok(())
}

fn tool<'a>(name: Text<'a>, description: Option<Text<'a>>, kind: ToolKind<'a>) -> Tool<'a> {
    Tool { name, namespace: None, description, kind, cache: None }
}

fn function<'a>(raw: &'a RawValue, path: Path<'_>, changes: &mut Changes) -> Result<Tool<'a>, Refusal> {
    let mut function = Object::read(raw, path)?;
    let name = function.need_text("name")?;
    let description = function.text("description")?;
    let json = names::schema(&mut function, "parametersJsonSchema")?;
    let own = function.take("parameters");
    let schema = match (json, own) {
        (Some(json), _) => Some(json),
        (None, Some(own)) => Some(schema::to_json_schema(own, &path.name("parameters"))?),
        (None, None) => None,
    };
    names::note_unread(&function, &FUNCTION_HINTS, changes);
    Ok(tool(name, description, ToolKind::Function { schema, strict: None }))
}

fn search<'a>(raw: &'a RawValue, path: Path<'_>, changes: &mut Changes) -> Result<WebSearch<'a>, Refusal> {
    let mut search = Object::read(raw, path)?;
    let mut blocked_domains = Vec::new();
    if let Some(raw) = names::take(&mut search, "excludeDomains") {
        let path = path.name("excludeDomains");
        for (index, raw) in array(raw, &path, "an array of strings")?.into_iter().enumerate() {
            blocked_domains.push(text(raw, &path.index(index))?);
        }
    }
    if let Some(raw) = names::take(&mut search, "searchTypes") {
        let mut types = Object::read(raw, path.name("searchTypes"))?;
        names::take(&mut types, "webSearch");
        names::note_unread(&types, &[], changes);
    }
    names::note_unread(&search, &["dynamicRetrievalConfig"], changes);
    Ok(WebSearch { blocked_domains, ..WebSearch::default() })
}

/// Reads `toolConfig`.
pub(super) fn read_config<'a>(
    raw: &'a RawValue,
    path: Path<'_>,
    chat: &mut Chat<'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let mut config = Object::read(raw, path)?;
    if let Some(raw) = names::take(&mut config, "functionCallingConfig") {
        chat.tool_choice = choice(raw, path.name("functionCallingConfig"), changes)?;
    }
    names::note_unread(&config, &["includeServerSideToolInvocations"], changes);
    Ok(())
}

fn choice<'a>(
    raw: &'a RawValue,
    path: Path<'_>,
    changes: &mut Changes,
) -> Result<Option<ToolChoice<'a>>, Refusal> {
    let mut config = Object::read(raw, path)?;
    let mode = config.text("mode")?;
    let mut names = Vec::new();
    if let Some(raw) = names::take(&mut config, "allowedFunctionNames") {
        let path = path.name("allowedFunctionNames");
        for (index, raw) in array(raw, &path, "an array of strings")?.into_iter().enumerate() {
            names.push(text(raw, &path.index(index))?);
        }
    }
    names::note_unread(&config, &["streamFunctionCallArguments"], changes);
    let choice = match mode.as_deref().map(str::to_ascii_uppercase).as_deref() {
        None | Some("MODE_UNSPECIFIED") => return Ok(None),
        Some("NONE") => ToolChoice::None,
        Some("AUTO") => ToolChoice::Auto,
        Some("VALIDATED") if names.is_empty() => ToolChoice::Auto,
        Some("VALIDATED") => ToolChoice::Among { names, is_required: false },
        Some("ANY") => match (names.len(), names.pop()) {
            (1, Some(name)) => ToolChoice::Named(name),
            (_, None) => ToolChoice::Any,
            (_, Some(last)) => {
                names.push(last);
                ToolChoice::Among { names, is_required: true }
            }
        },
        Some(other) => {
            let why = format!("expected AUTO, ANY, NONE or VALIDATED, got {other}");
            return Err(path.name("mode").invalid(why));
        }
    };
    Ok(Some(choice))
}

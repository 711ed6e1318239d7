//! `toolConfig`, both ways. What a model's own tool choice says beyond it is in `fields`.

use paceway_domain::Refusal;

use super::content;
use crate::changes::Changes;
use crate::compose::{ArrayWriter, ObjectWriter};
use crate::formats::converse::model::{Family, Model};
use crate::neutral::{CacheMark, Chat, PartBody, Text, Tool, ToolChoice, ToolKind, WebSearch};
use crate::object::{self, Object};

/// Nova's search of the web (docs.aws.amazon.com/nova/latest/userguide/grounding.html).
const NOVA_SEARCH: &str = "nova_grounding";

pub(crate) fn read<'a>(
    mut config: Object<'a, '_>,
    chat: &mut Chat<'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let raw = config.need("tools", "an array of tools")?;
    let path = config.path.name("tools");
    for (place, raw) in object::array(raw, &path, "an array of tools")?.into_iter().enumerate() {
        let mut tool = Object::read(raw, path.index(place))?;
        if let Some(raw) = tool.take("cachePoint") {
            let mark = content::read_cache_point(Object::read(raw, tool.path.name("cachePoint"))?, changes)?;
            if let Some(before) = chat.tools.last_mut() {
                before.cache = Some(mark);
            }
        } else if let Some(raw) = tool.take("toolSpec") {
            chat.tools.push(read_spec(Object::read(raw, tool.path.name("toolSpec"))?, changes)?);
        } else if let Some(raw) = tool.take("systemTool") {
            let name = Object::read(raw, tool.path.name("systemTool"))?.need_text("name")?;
            let kind = if name == NOVA_SEARCH {
                ToolKind::WebSearch(WebSearch::default())
            } else {
                ToolKind::Hosted { kind: name.clone() }
            };
            chat.tools.push(Tool { name, namespace: None, description: None, kind, cache: None });
        }
        tool.note_unread(&[], changes);
    }
    if let Some(raw) = config.take("toolChoice") {
        chat.tool_choice = Some(read_choice(Object::read(raw, config.path.name("toolChoice"))?)?);
    }
    config.note_unread(&[], changes);
    Ok(())
}

fn read_spec<'a>(mut spec: Object<'a, '_>, changes: &mut Changes) -> Result<Tool<'a>, Refusal> {
    let name = spec.need_text("name")?;
    let description = spec.text("description")?;
    let strict = spec.value("strict", "true or false")?;
    let raw = spec.need("inputSchema", "an object with `json`")?;
    let mut schema = Object::read(raw, spec.path.name("inputSchema"))?;
    let kind = ToolKind::Function { schema: schema.schema("json")?, strict };
    schema.note_unread(&[], changes);
    spec.note_unread(&[], changes);
    Ok(Tool { name, namespace: None, description, kind, cache: None })
}

fn read_choice<'a>(mut choice: Object<'a, '_>) -> Result<ToolChoice<'a>, Refusal> {
    if let Some(raw) = choice.take("tool") {
        let mut tool = Object::read(raw, choice.path.name("tool"))?;
        return Ok(ToolChoice::Named(tool.need_text("name")?));
    }
    if choice.take("any").is_some() {
        return Ok(ToolChoice::Any);
    }
    if choice.take("auto").is_some() {
        return Ok(ToolChoice::Auto);
    }
    Err(choice.path.invalid("expected an object with `auto`, `any` or `tool`"))
}

/// What is to be declared and chosen.
pub(crate) struct Plan<'c> {
    tools: Vec<&'c Tool<'c>>,
    /// Names of tools that earlier turns called and that nobody declares.
    called: Vec<&'c str>,
    /// Whether the choice is said by Claude's own `tool_choice` and not by Converse's.
    pub(crate) own_choice: Option<OwnChoice<'c>>,
    choice: Option<ToolChoice<'c>>,
}

/// What is said in Claude's own words.
#[derive(Debug, Clone)]
pub(crate) struct OwnChoice<'c> {
    /// Which.
    pub(crate) choice: ToolChoice<'c>,
    /// Whether at most one call is wanted.
    pub(crate) one_at_a_time: bool,
}

impl<'c> Plan<'c> {
    /// Converse has no choice `none`, and refuses a conversation with calls that declares no tools ("The toolConfig
    /// field must be defined when using toolUse and toolResult content blocks").
    pub(crate) fn of(chat: &'c Chat<'c>, model: Model, changes: &mut Changes) -> Self {
        let mut tools = sendable(&chat.tools, model, changes);
        let called = called(chat);
        let mut choice = chat.tool_choice.clone();
        if let Some(ToolChoice::Among { names, is_required }) = &chat.tool_choice {
            tools.retain(|tool| names.contains(&tool.name));
            changes.adapted("tool_choice", "only the tools that are allowed are declared");
            choice = Some(if *is_required { ToolChoice::Any } else { ToolChoice::Auto });
        }
        let is_none = choice == Some(ToolChoice::None);
        let one_at_a_time = chat.parallel_tools == Some(false) && !is_none && !tools.is_empty();
        if is_none && called.is_empty() {
            tools.clear();
        }
        let has_own = model.has_own_tool_choice();
        if !has_own && is_none && !tools.is_empty() {
            changes
                .lost("tool_choice", "this model must be told of its tools and cannot be told to call none");
        }
        if !has_own && one_at_a_time {
            changes.lost("parallel_tools", "this model cannot be told to call one tool at a time");
        }
        let own = has_own && (one_at_a_time || is_none) && !(tools.is_empty() && called.is_empty());
        let own_choice =
            own.then(|| OwnChoice { choice: choice.clone().unwrap_or(ToolChoice::Auto), one_at_a_time });
        let undeclared = if tools.is_empty() { called } else { Vec::new() };
        if !undeclared.is_empty() {
            changes.adapted("tools", "tools that were called earlier are declared by their names");
        }
        if own || is_none || tools.is_empty() {
            choice = None;
        }
        Self { tools, called: undeclared, own_choice, choice }
    }

    /// Whether the model has to call something.
    pub(crate) fn forces_a_call(&self) -> bool {
        let choice = self.own_choice.as_ref().map(|own| &own.choice).or(self.choice.as_ref());
        matches!(choice, Some(ToolChoice::Any | ToolChoice::Named(_)))
    }

    /// Writes `toolConfig` if there is anything to declare.
    pub(crate) fn write(&self, model: Model, body: &mut ObjectWriter<'_>, changes: &mut Changes) {
        if self.tools.is_empty() && self.called.is_empty() {
            return;
        }
        body.object("toolConfig", |config| {
            config.array("tools", |list| {
                for tool in &self.tools {
                    write_tool(tool, model, list, changes);
                }
                for name in &self.called {
                    write_spec(name, None, None, false, list);
                }
            });
            match &self.choice {
                Some(ToolChoice::Auto) => write_choice(config, "auto", None),
                Some(ToolChoice::Any) => write_choice(config, "any", None),
                Some(ToolChoice::Named(name)) => write_choice(config, "tool", Some(name)),
                _ => {}
            }
        });
    }
}

/// The tools that this model can be told of.
fn sendable<'c>(tools: &'c [Tool<'c>], model: Model, changes: &mut Changes) -> Vec<&'c Tool<'c>> {
    let mut kept = Vec::with_capacity(tools.len());
    for (place, tool) in tools.iter().enumerate() {
        let field = format!("tools.{place}");
        match &tool.kind {
            ToolKind::Function { .. } | ToolKind::Custom { .. } => kept.push(tool),
            ToolKind::WebSearch(search) if model.family == Family::Nova => {
                if !search.allowed_domains.is_empty() || !search.blocked_domains.is_empty() {
                    changes.lost(field, "this model's search of the web cannot be kept to some sites");
                } else if search.max_uses.is_some() || search.user_location.is_some() {
                    changes.hint(field, "this model's search of the web knows neither a bound nor a place");
                }
                kept.push(tool);
            }
            ToolKind::WebSearch(_) => {
                changes.lost(field, "Amazon Bedrock has no search of the web for this model");
            }
            ToolKind::Hosted { kind } => {
                changes.lost(field, format!("Amazon Bedrock does not run `{kind}`"));
            }
        }
    }
    kept
}

/// Names of the tools that earlier turns called, each once.
fn called<'c>(chat: &'c Chat<'c>) -> Vec<&'c str> {
    let mut names: Vec<&str> = Vec::new();
    let mut has_results = false;
    for part in chat.turns.iter().flat_map(|turn| &turn.parts) {
        match &part.body {
            PartBody::ToolCall(call) if !names.contains(&&*call.name) => names.push(&call.name),
            PartBody::ToolResult(_) => has_results = true,
            _ => {}
        }
    }
    if names.is_empty() && has_results {
        names.push("tool");
    }
    names
}

fn write_tool(tool: &Tool<'_>, model: Model, list: &mut ArrayWriter<'_>, changes: &mut Changes) {
    let description = tool.description.as_ref().filter(|text| !text.is_blank());
    match &tool.kind {
        ToolKind::Function { schema, strict } => {
            // Without a schema there is nothing to be strict about.
            let is_strict = *strict == Some(true) && schema.is_some();
            if is_strict && !model.has_structured_output() {
                changes.hint(format!("tools.{}.strict", tool.name), "this model does not guarantee it");
            }
            let schema = schema.as_ref().map(|schema| schema.get());
            let is_strict = is_strict && model.has_structured_output();
            write_spec(&tool.name, description, schema, is_strict, list);
        }
        ToolKind::WebSearch(_) => list.object(|tool| {
            tool.object("systemTool", |system| {
                system.field("name", NOVA_SEARCH);
            });
        }),
        ToolKind::Custom { .. } | ToolKind::Hosted { .. } => {
            write_spec(&tool.name, description, None, false, list);
        }
    }
    let Some(mark) = tool.cache else { return };
    if model.family == Family::Claude && model.has_caches() {
        write_cache_point(mark, model, list);
    } else {
        changes.hint("tools.cache", "this model's tools cannot be cached");
    }
}

fn write_spec(
    name: &str,
    description: Option<&Text<'_>>,
    schema: Option<&str>,
    is_strict: bool,
    list: &mut ArrayWriter<'_>,
) {
    list.object(|tool| {
        tool.object("toolSpec", |spec| {
            spec.field("name", name).maybe("description", description);
            spec.object("inputSchema", |input| {
                input.raw("json", &object_schema(schema.unwrap_or("{}")));
            });
            if is_strict {
                spec.field("strict", &true);
            }
        });
    });
}

/// A schema whose top level says that it is an object, which Bedrock demands ("inputSchema.json.type must be one of the
/// following: object").
fn object_schema(schema: &str) -> std::borrow::Cow<'_, str> {
    #[derive(serde::Deserialize)]
    struct Typed<'a> {
        #[serde(rename = "type", borrow)]
        kind: Option<&'a serde_json::value::RawValue>,
    }
    let fields = schema.trim().strip_prefix('{').map_or("}", str::trim_start);
    match serde_json::from_str::<Typed<'_>>(schema) {
        Ok(Typed { kind: Some(_) }) => schema.into(),
        _ if fields == "}" => r#"{"type":"object","properties":{}}"#.into(),
        _ => format!(r#"{{"type":"object",{fields}"#).into(),
    }
}

fn write_choice(config: &mut ObjectWriter<'_>, kind: &'static str, name: Option<&Text<'_>>) {
    config.object("toolChoice", |choice| {
        choice.object(kind, |tool| {
            tool.maybe("name", name);
        });
    });
}

/// A `cachePoint`. Only Claude's caches can be told how long to live.
pub(crate) fn write_cache_point(mark: CacheMark, model: Model, list: &mut ArrayWriter<'_>) {
    list.object(|block| {
        block.object("cachePoint", |point| {
            point.field("type", "default");
            if mark == CacheMark::OneHour && model.family == Family::Claude {
                point.field("ttl", "1h");
            }
        });
    });
}

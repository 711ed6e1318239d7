//! Tools and the choice among them.
//!
//! Groups of tools and names that are too long were put in other words before.

use serde_json::value::RawValue;

use crate::changes::Changes;
use crate::compose::{ArrayWriter, ObjectWriter};
use crate::formats::Target;
use crate::formats::openai::schema;
use crate::neutral::{Chat, Tool, ToolChoice, ToolKind, WebSearch};
use crate::object::{Object, Path};

/// The schema of a tool without arguments. OpenAI takes a tool without any, others (Mistral) do not.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{},"additionalProperties":false}"#;

/// Writes `tools`, `tool_choice`, `parallel_tool_calls` and `web_search_options`.
pub(super) fn write(chat: &Chat<'_>, target: Target<'_>, body: &mut ObjectWriter<'_>, changes: &mut Changes) {
    let is_ours = |tool: &&Tool<'_>| matches!(tool.kind, ToolKind::Function { .. } | ToolKind::Custom { .. });
    for (place, tool) in chat.tools.iter().enumerate() {
        if tool.cache.is_some() {
            changes.hint("cache_control", "this API caches on its own");
        }
        match &tool.kind {
            ToolKind::WebSearch(search) => write_search(search, target, place, body, changes),
            ToolKind::Hosted { kind } => {
                changes.lost(format!("tools.{place}"), format!("this API has no tool `{kind}`"));
            }
            ToolKind::Function { .. } | ToolKind::Custom { .. } => {}
        }
    }
    let ours: Vec<_> = chat.tools.iter().filter(is_ours).collect();
    // Without tools OpenAI refuses both of the fields that follow.
    if ours.is_empty() {
        return;
    }
    body.array("tools", |list| ours.iter().for_each(|tool| write_tool(tool, list)));
    if let Some(choice) = &chat.tool_choice {
        write_choice(choice, &ours, body, changes);
    }
    // Yes is the default; some models (o3-mini) refuse the field.
    if chat.parallel_tools == Some(false) {
        body.field("parallel_tool_calls", &false);
    }
}

fn write_tool(tool: &Tool<'_>, list: &mut ArrayWriter<'_>) {
    list.object(|body| match &tool.kind {
        ToolKind::Function { schema: parameters, strict } => {
            body.field("type", "function").object("function", |function| {
                function.field("name", &tool.name).maybe("description", tool.description.as_deref());
                match parameters {
                    Some(parameters) => function.raw("parameters", &schema::whole(parameters)),
                    None => function.raw("parameters", NO_ARGUMENTS),
                };
                function.maybe("strict", strict.as_ref());
            });
        }
        ToolKind::Custom { format } => {
            body.field("type", "custom").object("custom", |custom| {
                custom.field("name", &tool.name).maybe("description", tool.description.as_deref());
                if let Some(format) = format {
                    write_grammar(format, custom);
                }
            });
        }
        ToolKind::WebSearch(_) | ToolKind::Hosted { .. } => {}
    });
}

/// The grammar of a custom tool, which stands one level deeper here than in Responses.
fn write_grammar(format: &RawValue, custom: &mut ObjectWriter<'_>) {
    let flat = Object::read(format, Path::BODY).ok().and_then(|mut object| {
        let (syntax, definition) = (object.take("syntax")?, object.take("definition")?);
        Some((syntax, definition))
    });
    match flat {
        Some((syntax, definition)) => custom.object("format", |body| {
            body.field("type", "grammar").object("grammar", |grammar| {
                grammar.raw("syntax", syntax.get()).raw("definition", definition.get());
            });
        }),
        None => custom.raw("format", format.get()),
    };
}

fn write_choice(
    choice: &ToolChoice<'_>,
    ours: &[&Tool<'_>],
    body: &mut ObjectWriter<'_>,
    changes: &mut Changes,
) {
    let is_custom = |name: &str| {
        ours.iter().find(|tool| tool.name == name).map(|tool| matches!(tool.kind, ToolKind::Custom { .. }))
    };
    let word = match choice {
        ToolChoice::Auto => "auto",
        ToolChoice::None => "none",
        ToolChoice::Any => "required",
        ToolChoice::Named(name) => {
            match is_custom(name) {
                Some(is_custom) => {
                    body.object("tool_choice", |choice| write_name(name, is_custom, choice));
                }
                None => changes.lost("tool_choice", format!("this API has no tool `{name}`")),
            }
            return;
        }
        ToolChoice::Among { names, is_required } => {
            let known: Vec<_> = names.iter().filter_map(|name| Some((name, is_custom(name)?))).collect();
            if known.is_empty() {
                changes.lost("tool_choice", "this API has none of these tools");
                return;
            }
            body.object("tool_choice", |choice| {
                choice.field("type", "allowed_tools").object("allowed_tools", |allowed| {
                    allowed.field("mode", if *is_required { "required" } else { "auto" });
                    allowed.array("tools", |list| {
                        for (name, is_custom) in known {
                            list.object(|tool| write_name(name, is_custom, tool));
                        }
                    });
                });
            });
            return;
        }
    };
    body.field("tool_choice", word);
}

fn write_name(name: &str, is_custom: bool, body: &mut ObjectWriter<'_>) {
    let kind = if is_custom { "custom" } else { "function" };
    body.field("type", kind).object(kind, |tool| {
        tool.field("name", name);
    });
}

/// OpenAI's search models search the web on every request and take no tool for it; its other models refuse the field
/// (platform.openai.com/docs/guides/tools-web-search, under Chat Completions).
fn write_search(
    search: &WebSearch<'_>,
    target: Target<'_>,
    place: usize,
    body: &mut ObjectWriter<'_>,
    changes: &mut Changes,
) {
    if !target.model.contains("search") {
        changes.lost(format!("tools.{place}"), "of this API's models only those for search search the web");
        return;
    }
    if search.max_uses.is_some() {
        changes.lost(format!("tools.{place}.max_uses"), "this API has no such bound");
    }
    if !search.allowed_domains.is_empty() || !search.blocked_domains.is_empty() {
        changes.lost(format!("tools.{place}.domains"), "this API searches all sites");
    }
    body.object("web_search_options", |options| {
        if let Some(location) = &search.user_location {
            options.object("user_location", |body| write_location(location, body));
        }
    });
}

fn write_location(location: &RawValue, body: &mut ObjectWriter<'_>) {
    body.field("type", "approximate");
    let Ok(mut object) = Object::read(location, Path::BODY) else { return };
    if let Some(inner) = object.take("approximate") {
        body.raw("approximate", inner.get());
        return;
    }
    body.object("approximate", |place| {
        for name in ["city", "country", "region", "timezone"] {
            if let Some(text) = object.take(name) {
                place.raw(name, text.get());
            }
        }
    });
}

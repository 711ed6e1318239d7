//! Tools and which of them is to be called, as a request says them.

use crate::changes::Changes;
use crate::compose::{ArrayWriter, ObjectWriter};
use crate::formats::openai::schema;
use crate::neutral::{Chat, Text, Tool, ToolChoice, ToolKind, WebSearch};

/// What a function that takes no arguments takes.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

pub(super) fn write(chat: &Chat<'_>, body: &mut ObjectWriter<'_>, changes: &mut Changes) {
    for (index, tool) in chat.tools.iter().enumerate() {
        if let ToolKind::Hosted { kind } = &tool.kind {
            changes.lost(format!("tools.{index}"), format!("`{kind}` is a tool of another provider's own"));
        }
        if tool.cache.is_some() {
            changes.hint("cache", "prompts are cached of their own accord");
        }
    }
    let tools: Vec<_> =
        chat.tools.iter().filter(|tool| !matches!(tool.kind, ToolKind::Hosted { .. })).collect();
    if tools.is_empty() {
        return;
    }
    body.array("tools", |list| {
        for group in tools.chunk_by(|one, next| one.namespace.is_some() && one.namespace == next.namespace) {
            match &group[0].namespace {
                Some(namespace) => namespaced(namespace, group, list, changes),
                None => group.iter().for_each(|tool| one(tool, list, changes)),
            }
        }
    });
    if let Some(wanted) = &chat.tool_choice {
        choice(wanted, &tools, body);
    }
    body.maybe("parallel_tool_calls", chat.parallel_tools.as_ref());
}

/// A group needs a description, which the neutral form does not hold.
fn namespaced(namespace: &str, tools: &[&Tool<'_>], list: &mut ArrayWriter<'_>, changes: &mut Changes) {
    list.object(|group| {
        group.field("type", "namespace");
        group.field("name", namespace);
        group.field("description", &format!("The tools of {namespace}."));
        group.array("tools", |list| tools.iter().for_each(|tool| one(tool, list, changes)));
    });
}

fn one(tool: &Tool<'_>, list: &mut ArrayWriter<'_>, changes: &mut Changes) {
    list.object(|fields| match &tool.kind {
        ToolKind::Function { schema: parameters, strict } => {
            fields.field("type", "function");
            fields.field("name", &tool.name);
            fields.maybe("description", tool.description.as_ref());
            match parameters {
                Some(parameters) => fields.raw("parameters", &schema::whole(parameters)),
                None => fields.raw("parameters", NO_ARGUMENTS),
            };
            // Left alone, OpenAI takes a function as strict, and refuses schemas that were not written for that.
            fields.field("strict", &strict.unwrap_or(false));
        }
        ToolKind::Custom { format } => {
            fields.field("type", "custom");
            fields.field("name", &tool.name);
            fields.maybe("description", tool.description.as_ref());
            if let Some(format) = format {
                fields.raw("format", format.get());
            }
        }
        ToolKind::WebSearch(search) => web_search(search, fields, changes),
        ToolKind::Hosted { .. } => {}
    });
}

fn web_search(search: &WebSearch<'_>, fields: &mut ObjectWriter<'_>, changes: &mut Changes) {
    fields.field("type", "web_search");
    if !search.allowed_domains.is_empty() {
        fields.object("filters", |filters| {
            filters.field("allowed_domains", &search.allowed_domains);
        });
    }
    if !search.blocked_domains.is_empty() {
        changes.lost("web_search.blocked_domains", "this API can only say which sites are allowed");
    }
    if search.max_uses.is_some() {
        changes.lost("web_search.max_uses", "this API does not bound one tool's calls");
    }
    if let Some(location) = &search.user_location {
        fields.raw("user_location", location.get());
    }
}

fn choice(wanted: &ToolChoice<'_>, tools: &[&Tool<'_>], body: &mut ObjectWriter<'_>) {
    match wanted {
        ToolChoice::Auto => body.field("tool_choice", "auto"),
        ToolChoice::None => body.field("tool_choice", "none"),
        ToolChoice::Any => body.field("tool_choice", "required"),
        ToolChoice::Named(name) => match kind_of(name, tools) {
            // A search cannot be named alone (`ToolChoiceTypes` has only its preview), but in a list.
            "web_search" => among(std::slice::from_ref(name), true, tools, body),
            kind => body.object("tool_choice", |choice| {
                choice.field("type", kind).field("name", name);
            }),
        },
        ToolChoice::Among { names, is_required } => among(names, *is_required, tools, body),
    };
}

fn among<'o, 'w>(
    names: &[Text<'_>],
    is_required: bool,
    tools: &[&Tool<'_>],
    body: &'o mut ObjectWriter<'w>,
) -> &'o mut ObjectWriter<'w> {
    body.object("tool_choice", |choice| {
        choice.field("type", "allowed_tools");
        choice.field("mode", if is_required { "required" } else { "auto" });
        choice.array("tools", |list| {
            for name in names {
                list.object(|tool| {
                    let kind = kind_of(name, tools);
                    tool.field("type", kind);
                    if kind != "web_search" {
                        tool.field("name", name);
                    }
                });
            }
        });
    })
}

fn kind_of(name: &str, tools: &[&Tool<'_>]) -> &'static str {
    match tools.iter().find(|tool| tool.name == name).map(|tool| &tool.kind) {
        Some(ToolKind::Custom { .. }) => "custom",
        Some(ToolKind::WebSearch(_)) => "web_search",
        _ => "function",
    }
}

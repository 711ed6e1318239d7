//! Tools and the choice among them, written.

use crate::changes::Changes;
use crate::compose::{ArrayWriter, ObjectWriter};
use crate::neutral::{Chat, Json, Tool, ToolChoice, ToolKind, WebSearch};
use crate::object::{Object, Path};

use super::parts::Marks;
use super::thinking;

/// The schema of a tool without arguments.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

/// What the request says about tools.
#[derive(Debug)]
pub(super) struct Tools<'c, 'a> {
    list: Vec<&'c Tool<'a>>,
    choice: Option<Choice<'c>>,
    one_at_a_time: bool,
    /// Whether the model, which cannot be forced, is told in words.
    is_told: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice<'c> {
    Auto,
    None,
    Any,
    Named(&'c str),
}

impl<'c, 'a> Tools<'c, 'a> {
    /// Which of the tools are sent, and how the choice among them is worded.
    pub(super) fn of(chat: &'c Chat<'a>, can_be_forced: bool, changes: &mut Changes) -> Self {
        let mut tools = Vec::with_capacity(chat.tools.len());
        for (index, tool) in chat.tools.iter().enumerate() {
            if is_sendable(tool) {
                tools.push(tool);
            } else {
                changes.lost(
                    format!("tools.{index}"),
                    "another provider runs this tool: Claude models have none like it",
                );
            }
        }
        if let Some(ToolChoice::Among { names, .. }) = &chat.tool_choice {
            changes.adapted("tool_choice", "only the allowed tools were sent");
            tools.retain(|tool| names.contains(&tool.name));
        }
        let choice = chat.tool_choice.as_ref().map(|choice| match choice {
            ToolChoice::Auto | ToolChoice::Among { is_required: false, .. } => Choice::Auto,
            ToolChoice::None => Choice::None,
            ToolChoice::Any | ToolChoice::Among { .. } => Choice::Any,
            ToolChoice::Named(name) => Choice::Named(name),
        });
        let is_told = thinking::is_forced(chat) && !can_be_forced && !tools.is_empty();
        if is_told {
            changes.adapted(
                "tool_choice",
                "said in the system prompt: this model cannot be forced to call a tool",
            );
        }
        Self { list: tools, choice, one_at_a_time: chat.parallel_tools == Some(false), is_told }
    }

    /// What a model that cannot be forced is told instead. (The way that Anthropic's migration guides give.)
    pub(super) fn instruction(&self) -> Option<String> {
        match self.choice.filter(|_| self.is_told)? {
            Choice::Named(name) => Some(format!("Your next message must call the tool `{name}`.")),
            _ => Some("Your next message must call one of the tools.".to_owned()),
        }
    }

    /// Writes `tools` and `tool_choice`.
    pub(super) fn write(&self, body: &mut ObjectWriter<'_>, marks: &mut Marks, changes: &mut Changes) {
        if self.list.is_empty() {
            return;
        }
        body.array("tools", |array| {
            for tool in &self.list {
                write_tool(array, tool, marks, changes);
            }
        });
        let choice = match self.choice {
            Some(_) if self.is_told => Some(Choice::Auto),
            None if self.one_at_a_time => Some(Choice::Auto),
            choice => choice,
        };
        let Some(choice) = choice else { return };
        body.object("tool_choice", |fields| {
            let kind = match choice {
                Choice::Auto => "auto",
                Choice::None => "none",
                Choice::Any => "any",
                Choice::Named(_) => "tool",
            };
            fields.field("type", kind);
            if let Choice::Named(name) = choice {
                fields.field("name", name);
            }
            if self.one_at_a_time && choice != Choice::None {
                fields.field("disable_parallel_tool_use", &true);
            }
        });
    }
}

fn is_sendable(tool: &Tool<'_>) -> bool {
    matches!(tool.kind, ToolKind::Function { .. } | ToolKind::WebSearch(_))
}

fn write_tool(array: &mut ArrayWriter<'_>, tool: &Tool<'_>, marks: &mut Marks, changes: &mut Changes) {
    array.object(|fields| {
        match &tool.kind {
            ToolKind::Function { schema, strict } => {
                fields.field("name", &tool.name).maybe("description", tool.description.as_deref());
                write_schema(fields, schema.as_ref());
                // Without it arguments are not checked, which is what `false` asks for.
                fields.maybe("strict", strict.filter(|strict| *strict).as_ref());
            }
            ToolKind::WebSearch(search) => write_search(fields, search, changes),
            ToolKind::Custom { .. } | ToolKind::Hosted { .. } => {}
        }
        marks.write(fields, tool.cache, changes);
    });
}

/// Writes a schema, with the type that the API demands and other formats leave out.
fn write_schema(fields: &mut ObjectWriter<'_>, schema: Option<&Json<'_>>) {
    let schema = schema.map_or(NO_ARGUMENTS, |schema| schema.get().trim());
    let Some(inner) = schema.strip_prefix('{') else {
        fields.raw("input_schema", NO_ARGUMENTS);
        return;
    };
    if has_type(schema) {
        fields.raw("input_schema", schema);
    } else if inner.trim_start().starts_with('}') {
        fields.raw("input_schema", NO_ARGUMENTS);
    } else {
        fields.raw("input_schema", &format!(r#"{{"type":"object",{inner}"#));
    }
}

fn has_type(schema: &str) -> bool {
    let Ok(raw) = serde_json::from_str(schema) else { return true };
    Object::read(raw, Path::BODY).map_or(true, |mut schema| schema.take("type").is_some())
}

fn write_search(fields: &mut ObjectWriter<'_>, search: &WebSearch<'_>, changes: &mut Changes) {
    fields
        .field("type", "web_search_20250305")
        .field("name", "web_search")
        .maybe("max_uses", search.max_uses.as_ref());
    if !search.allowed_domains.is_empty() {
        fields.field("allowed_domains", &search.allowed_domains);
        if !search.blocked_domains.is_empty() {
            changes.lost(
                "tools.web_search.blocked_domains",
                "Claude's search takes allowed or blocked sites, not both",
            );
        }
    } else if !search.blocked_domains.is_empty() {
        fields.field("blocked_domains", &search.blocked_domains);
    }
    if let Some(location) = &search.user_location {
        fields.raw("user_location", location.get());
    }
}

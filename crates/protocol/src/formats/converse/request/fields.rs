//! `additionalModelRequestFields`, both ways: what only some models can be told, in their makers' words.

use paceway_domain::{Refusal, Tokens};

use super::reasoning::{Plan, Thinking};
use super::tools::OwnChoice;
use crate::changes::Changes;
use crate::compose::ObjectWriter;
use crate::formats::converse::model::Family;
use crate::neutral::{Chat, Effort, Reasoning, ReasoningMode, ToolChoice};
use crate::object::{Object, Path};

const HINTS: &[&str] = &["anthropic_beta"];

pub(crate) fn read<'a>(
    mut fields: Object<'a, '_>,
    chat: &mut Chat<'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    chat.sampling.top_k = fields.count("top_k")?;
    if let Some(raw) = fields.take("inferenceConfig") {
        let mut config = Object::read(raw, fields.path.name("inferenceConfig"))?;
        chat.sampling.top_k = config.count("topK")?;
        config.note_unread(&[], changes);
    }
    // `reasoning_config` is what AWS calls Claude's `thinking` in its examples for Converse.
    for name in ["thinking", "reasoning_config", "reasoningConfig"] {
        if let Some(raw) = fields.take(name) {
            read_thinking(Object::read(raw, fields.path.name(name))?, chat, changes)?;
        }
    }
    if let Some(raw) = fields.take("output_config") {
        let mut config = Object::read(raw, fields.path.name("output_config"))?;
        if let Some(effort) = config.text("effort")? {
            set_effort(chat, &effort, &config.path.name("effort"))?;
        }
        config.note_unread(&[], changes);
    }
    if let Some(effort) = fields.text("reasoning_effort")? {
        set_effort(chat, &effort, &fields.path.name("reasoning_effort"))?;
    }
    if let Some(raw) = fields.take("tool_choice") {
        read_choice(Object::read(raw, fields.path.name("tool_choice"))?, chat, changes)?;
    }
    fields.note_unread(HINTS, changes);
    Ok(())
}

/// Claude's `thinking` or Nova's `reasoningConfig`.
fn read_thinking(
    mut thinking: Object<'_, '_>,
    chat: &mut Chat<'_>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let mode = match &*thinking.need_text("type")? {
        "disabled" => ReasoningMode::Off,
        "enabled" => ReasoningMode::On,
        "adaptive" => ReasoningMode::Adaptive,
        other => {
            let expected = format!("expected \"enabled\", \"adaptive\" or \"disabled\", got \"{other}\"");
            return Err(thinking.path.name("type").invalid(expected));
        }
    };
    let reasoning = reasoning(chat);
    reasoning.mode = mode;
    reasoning.budget = thinking.count("budget_tokens")?.map(Tokens);
    reasoning.is_shown = thinking.text("display")?.map(|display| display != "omitted");
    if let Some(effort) = thinking.text("maxReasoningEffort")? {
        set_effort(chat, &effort, &thinking.path.name("maxReasoningEffort"))?;
    }
    thinking.note_unread(&[], changes);
    Ok(())
}

fn reasoning<'c>(chat: &'c mut Chat<'_>) -> &'c mut Reasoning {
    chat.reasoning.get_or_insert(Reasoning {
        mode: ReasoningMode::Adaptive,
        effort: None,
        budget: None,
        is_shown: None,
    })
}

/// How hard to think, as any of the places for it says.
pub(crate) fn set_effort(chat: &mut Chat<'_>, effort: &str, path: &Path<'_>) -> Result<(), Refusal> {
    let reasoning = reasoning(chat);
    reasoning.effort = Some(match effort {
        "none" => {
            reasoning.mode = ReasoningMode::Off;
            return Ok(());
        }
        "minimal" => Effort::Minimal,
        "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" => Effort::High,
        "xhigh" => Effort::ExtraHigh,
        "max" => Effort::Max,
        other => {
            let expected = "expected \"low\", \"medium\", \"high\", \"xhigh\" or \"max\"";
            return Err(path.invalid(format!("{expected}, got \"{other}\"")));
        }
    });
    Ok(())
}

/// Claude's own `tool_choice`.
fn read_choice<'a>(
    mut choice: Object<'a, '_>,
    chat: &mut Chat<'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    chat.tool_choice = match &*choice.need_text("type")? {
        "any" => Some(ToolChoice::Any),
        "none" => Some(ToolChoice::None),
        "tool" => Some(ToolChoice::Named(choice.need_text("name")?)),
        _ => Some(ToolChoice::Auto),
    };
    let one: Option<bool> = choice.value("disable_parallel_tool_use", "true or false")?;
    chat.parallel_tools = one.map(|one| !one);
    choice.note_unread(&[], changes);
    Ok(())
}

/// What is to be said in the makers' words.
pub(crate) struct Fields<'c> {
    /// How to think.
    pub(crate) reasoning: Plan,
    /// Of how many words to choose.
    pub(crate) top_k: Option<u64>,
    /// Claude's own choice of tools.
    pub(crate) own_choice: Option<OwnChoice<'c>>,
    /// Whose words.
    pub(crate) family: Family,
}

impl Fields<'_> {
    pub(crate) fn write(&self, body: &mut ObjectWriter<'_>) {
        let has_thinking = self.reasoning.thinking != Thinking::Unsaid;
        if has_thinking || self.top_k.is_some() || self.own_choice.is_some() {
            body.object("additionalModelRequestFields", |fields| self.write_fields(fields));
        }
    }

    fn write_fields(&self, fields: &mut ObjectWriter<'_>) {
        match self.reasoning.thinking {
            Thinking::Unsaid => {}
            Thinking::Off => write_thinking(fields, "disabled", None, None),
            Thinking::Adaptive { shown } => write_thinking(fields, "adaptive", None, shown),
            Thinking::Budget(tokens) => write_thinking(fields, "enabled", Some(tokens), None),
            Thinking::Nova(effort) => {
                fields.object("reasoningConfig", |config| {
                    config.field("type", "enabled").field("maxReasoningEffort", effort);
                });
            }
            Thinking::Effort(effort) => {
                fields.field("reasoning_effort", effort);
            }
        }
        match self.top_k {
            Some(top_k) if self.family == Family::Nova => {
                fields.object("inferenceConfig", |config| {
                    config.field("topK", &top_k);
                });
            }
            top_k => {
                fields.maybe("top_k", top_k.as_ref());
            }
        }
        if let Some(own) = &self.own_choice {
            fields.object("tool_choice", |choice| {
                match &own.choice {
                    ToolChoice::None => choice.field("type", "none"),
                    ToolChoice::Any => choice.field("type", "any"),
                    ToolChoice::Named(name) => choice.field("type", "tool").field("name", name),
                    ToolChoice::Auto | ToolChoice::Among { .. } => choice.field("type", "auto"),
                };
                if own.one_at_a_time {
                    choice.field("disable_parallel_tool_use", &true);
                }
            });
        }
    }
}

fn write_thinking(fields: &mut ObjectWriter<'_>, kind: &str, budget: Option<u64>, shown: Option<bool>) {
    fields.object("thinking", |thinking| {
        thinking.field("type", kind).maybe("budget_tokens", budget.as_ref());
        let display = shown.map(|shown| if shown { "summarized" } else { "omitted" });
        thinking.maybe("display", display);
    });
}

//! Requests of clients, read into a conversation.
//!
//! Both API versions: 2026-10-21 takes away fields of 2023-06-01 and changes the meaning of none. What a block is, is read
//! in [`super::blocks`].

use paceway_domain::{Refusal, Tokens};
use serde_json::value::RawValue;

use super::blocks;
use super::read_tools;
use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::formats::{Address, Summary};
use crate::neutral::{
    AnswerForm, Chat, Effort, Reasoning, ReasoningMode, Role, Sampling, Schema, ServiceTier, Text, Turn,
};
use crate::object::{Object, Path, array, is_empty, text};

/// Fields that do not bear on what is answered.
const HINTS: [&str; 9] = [
    "betas",
    "cache_control",
    "context_management",
    "diagnostics",
    "fallbacks",
    "inference_geo",
    "speed",
    "user_profile_id",
    "workspace_id",
];

/// What the gateway has to know.
pub(super) fn summary(envelope: &Envelope<'_>, address: &Address) -> Result<Summary, Refusal> {
    let messages = envelope.raw("messages").filter(|raw| raw.get() != "null");
    let path = Path::root("messages");
    let Some(messages) = messages else {
        return Err(path.invalid("this field is required: send an array of messages"));
    };
    if is_empty(messages, &path, "an array of messages")? {
        return Err(path.invalid("at least one message is required"));
    }
    let model = match &address.model {
        Some(model) => model.clone(),
        None => envelope.required("model", "a model's name as a string")?,
    };
    let stream = match address.stream {
        Some(stream) => stream,
        None => envelope.field("stream", "true or false")?.unwrap_or(false),
    };
    let max_output = envelope.field("max_tokens", "a positive integer")?.map(Tokens);
    Ok(Summary { model, stream, max_output, wants_stream_usage: true })
}

/// The conversation and how to go on with it.
pub(super) fn chat<'a>(
    envelope: &Envelope<'a>,
    summary: &Summary,
    changes: &mut Changes,
) -> Result<Chat<'a>, Refusal> {
    let mut body = envelope.object();
    for known in ["model", "stream", "anthropic_version"] {
        body.take(known);
    }
    let choice = read_tools::choice(&mut body, changes)?;
    let mut chat = Chat {
        turns: turns(&mut body, changes)?,
        tools: read_tools::tools(&mut body, changes)?,
        tool_choice: choice.choice,
        parallel_tools: choice.parallel,
        sampling: sampling(&mut body)?,
        max_output: Some(max_output(&mut body)?),
        stop: stop(&mut body)?,
        user: user(&mut body, changes)?,
        service_tier: service_tier(&mut body)?,
        stream: summary.stream,
        ..Chat::default()
    };
    let effort = output(&mut body, &mut chat.form, changes)?;
    chat.reasoning = reasoning(&mut body, effort, changes)?;
    if body.take("mcp_servers").is_some_and(|servers| servers.get() != "[]") {
        changes.lost("mcp_servers", "only Anthropic's API calls MCP servers of its own accord");
    }
    body.note_unread(&HINTS, changes);
    Ok(chat)
}

fn turns<'a>(body: &mut Object<'a, '_>, changes: &mut Changes) -> Result<Vec<Turn<'a>>, Refusal> {
    let mut turns = Vec::new();
    if let Some(raw) = body.take("system") {
        let path = body.path.name("system");
        blocks::turns(Role::System, raw, &path, &mut turns, changes)?;
    }
    let raw = body.need("messages", "an array of messages")?;
    let path = body.path.name("messages");
    let messages = array(raw, &path, "an array of messages")?;
    turns.reserve(messages.len());
    for (index, raw) in messages.iter().enumerate() {
        message(raw, &path.index(index), &mut turns, changes)?;
    }
    Ok(turns)
}

fn message<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    turns: &mut Vec<Turn<'a>>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let mut message = Object::at(*path);
    message.fill(raw)?;
    let role = match &*message.need_text("role")? {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        other => {
            let why = format!("expected \"user\", \"assistant\" or \"system\", got \"{other}\"");
            return Err(path.name("role").invalid(why));
        }
    };
    let content = message.need("content", "a string or an array of blocks")?;
    message.note_unread(&["output_config"], changes);
    blocks::turns(role, content, &path.name("content"), turns, changes)
}

/// A bound of nothing asks to do no more than warm the provider's own cache.
fn max_output(body: &mut Object<'_, '_>) -> Result<Tokens, Refusal> {
    let most = body.count("max_tokens")?;
    most.map(Tokens).ok_or_else(|| {
        body.path.name("max_tokens").invalid("this field is required: send a positive integer")
    })
}

fn sampling<'a>(body: &mut Object<'a, '_>) -> Result<Sampling<'a>, Refusal> {
    Ok(Sampling {
        temperature: body.value("temperature", "a number from 0 to 1")?,
        top_p: body.value("top_p", "a number from 0 to 1")?,
        top_k: body.count("top_k")?,
        ..Sampling::default()
    })
}

fn stop<'a>(body: &mut Object<'a, '_>) -> Result<Vec<Text<'a>>, Refusal> {
    let Some(raw) = body.take("stop_sequences") else { return Ok(Vec::new()) };
    let path = Path::root("stop_sequences");
    let raws = array(raw, &path, "an array of strings")?;
    raws.into_iter().enumerate().map(|(index, raw)| text(raw, &path.index(index))).collect()
}

fn user<'a>(body: &mut Object<'a, '_>, changes: &mut Changes) -> Result<Option<Text<'a>>, Refusal> {
    let Some(raw) = body.take("metadata") else { return Ok(None) };
    let mut metadata = Object::read(raw, Path::root("metadata"))?;
    let user = metadata.text("user_id")?;
    let rest: Vec<String> = metadata.unread().map(str::to_owned).collect();
    for name in rest {
        changes.hint(format!("metadata.{name}"), "it has no counterpart");
    }
    Ok(user)
}

fn service_tier(body: &mut Object<'_, '_>) -> Result<Option<ServiceTier>, Refusal> {
    match body.text("service_tier")?.as_deref() {
        None => Ok(None),
        Some("auto") => Ok(Some(ServiceTier::Auto)),
        Some("standard_only") => Ok(Some(ServiceTier::Standard)),
        Some(other) => {
            let why = format!("expected \"auto\" or \"standard_only\", got \"{other}\"");
            Err(Path::root("service_tier").invalid(why))
        }
    }
}

/// Takes `output_config` and its older spelling `output_format`; returns the effort.
fn output<'a>(
    body: &mut Object<'a, '_>,
    form: &mut AnswerForm<'a>,
    changes: &mut Changes,
) -> Result<Option<Effort>, Refusal> {
    if let Some(raw) = body.take("output_format") {
        *form = answer_form(raw, &Path::root("output_format"), changes)?;
    }
    let Some(raw) = body.take("output_config") else { return Ok(None) };
    let path = Path::root("output_config");
    let mut config = Object::read(raw, path)?;
    if let Some(raw) = config.take("format") {
        *form = answer_form(raw, &path.name("format"), changes)?;
    }
    let effort = match config.text("effort")?.as_deref() {
        None => None,
        Some("low") => Some(Effort::Low),
        Some("medium") => Some(Effort::Medium),
        Some("high") => Some(Effort::High),
        Some("xhigh") => Some(Effort::ExtraHigh),
        Some("max") => Some(Effort::Max),
        Some(other) => {
            let why = format!("expected low, medium, high, xhigh or max, got \"{other}\"");
            return Err(path.name("effort").invalid(why));
        }
    };
    config.note_unread(&["task_budget"], changes);
    Ok(effort)
}

fn answer_form<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    changes: &mut Changes,
) -> Result<AnswerForm<'a>, Refusal> {
    let mut format = Object::read(raw, *path)?;
    let kind = format.need_text("type")?;
    if kind != "json_schema" {
        return Err(path.name("type").invalid(format!("expected \"json_schema\", got \"{kind}\"")));
    }
    let schema = format.need_schema("schema")?;
    format.note_unread(&[], changes);
    Ok(AnswerForm::Schema(Schema { name: None, description: None, schema, strict: Some(true) }))
}

/// `thinking` with the effort. An effort alone leaves it to the model whether to think.
fn reasoning(
    body: &mut Object<'_, '_>,
    effort: Option<Effort>,
    changes: &mut Changes,
) -> Result<Option<Reasoning>, Refusal> {
    let Some(raw) = body.take("thinking") else {
        let adaptive = |effort| Reasoning {
            mode: ReasoningMode::Adaptive,
            effort: Some(effort),
            budget: None,
            is_shown: None,
        };
        return Ok(effort.map(adaptive));
    };
    let path = Path::root("thinking");
    let mut thinking = Object::read(raw, path)?;
    let budget: Option<u64> = thinking.count("budget_tokens")?;
    let mode = match &*thinking.need_text("type")? {
        "enabled" if budget.is_none() => {
            return Err(path
                .name("budget_tokens")
                .invalid("this field is required: send a positive integer"));
        }
        "enabled" => ReasoningMode::On,
        "adaptive" => ReasoningMode::Adaptive,
        "disabled" => ReasoningMode::Off,
        "between_tools" => {
            changes.adapted("thinking.type", "read as no thinking, which comes nearest to it");
            ReasoningMode::Off
        }
        other => {
            let why = format!("expected \"enabled\", \"adaptive\" or \"disabled\", got \"{other}\"");
            return Err(path.name("type").invalid(why));
        }
    };
    let is_shown = match thinking.text("display")?.as_deref() {
        None => None,
        Some("omitted") => Some(false),
        Some(_) => Some(true),
    };
    thinking.note_unread(&["block_binding"], changes);
    Ok(Some(Reasoning { mode, effort, budget: budget.map(Tokens), is_shown }))
}

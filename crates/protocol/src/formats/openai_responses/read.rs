//! Requests read into the neutral form: the settings. The conversation and the tools are read in the children.

mod content;
mod items;
mod tools;

use paceway_domain::{Refusal, Tokens};
use serde_json::value::RawValue;

use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::formats::Summary;
use crate::known::ElementList;
use crate::neutral::{
    AnswerForm, Chat, Effort, Logprobs, Part, Reasoning, ReasoningMode, Role, Schema, ServiceTier, Turn,
};
use crate::object::{Object, Path, array, is_string, text};

/// What does not bear on the answer: storing, billing, tracing, caching, and bounds of the provider's own tools.
const HINTS: [&str; 12] = [
    "access_programs",
    "background_options",
    "client_metadata",
    "context_management",
    "image",
    "max_tool_calls",
    "metadata",
    "moderation",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "stream_options",
];

/// What refers to earlier answers and is put in before a request is read here.
const ELSEWHERE: [(&str, &str); 2] = [
    (
        "previous_response_id",
        "the response that it names is not to be found here: send the whole conversation in `input`, or choose a model of \
         OpenAI's own API",
    ),
    (
        "conversation",
        "conversations are kept by OpenAI's own API only: send the conversation in `input`, or choose a model of that API",
    ),
];

pub(super) fn summary(envelope: &Envelope<'_>) -> Result<Summary, Refusal> {
    Ok(Summary {
        model: envelope.required("model", "a model's name as a string")?,
        stream: envelope.field("stream", "true or false")?.unwrap_or(false),
        max_output: envelope.field("max_output_tokens", "a positive integer")?.map(Tokens),
        wants_stream_usage: true,
    })
}

pub(super) fn chat<'a>(
    envelope: &Envelope<'a>,
    summary: &Summary,
    changes: &mut Changes,
) -> Result<Chat<'a>, Refusal> {
    let mut body = envelope.object();
    for known in ["model", "stream"] {
        body.take(known);
    }
    for (field, why) in ELSEWHERE {
        if body.take(field).is_some() {
            return Err(Refusal::Unsupported { field: field.into(), why: why.into() });
        }
    }
    let max_output = body.count("max_output_tokens")?.map(Tokens);
    let mut chat = Chat { max_output, stream: summary.stream, ..Chat::default() };
    if let Some(instructions) = body.text("instructions")?.filter(|text| !text.is_blank()) {
        chat.turns.push(Turn { role: Role::System, name: None, parts: vec![Part::text(instructions)] });
    }
    if let Some(raw) = body.take("tools") {
        tools::read(raw, &body.path.name("tools"), &mut chat.tools, changes)?;
    }
    input(body.take("input"), &body.path.name("input"), &mut chat, changes)?;
    if let Some(raw) = body.take("tool_choice") {
        chat.tool_choice = Some(tools::choice(raw, Path::root("tool_choice"), changes)?);
    }
    chat.parallel_tools = body.value("parallel_tool_calls", "true or false")?;
    settings(&mut body, &mut chat, changes)?;
    body.note_unread(&HINTS, changes);
    Ok(chat)
}

fn input<'a>(
    input: Option<&'a RawValue>,
    path: &Path<'_>,
    chat: &mut Chat<'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    match input {
        Some(raw) if is_string(raw) => {
            let words = text(raw, path)?;
            if !words.is_blank() {
                chat.turns.push(Turn { role: Role::User, name: None, parts: vec![Part::text(words)] });
            }
        }
        Some(raw) => items::read(raw, path, chat, changes)?,
        None => {}
    }
    if chat.turns.is_empty() {
        return Err(path.invalid("expected a text or items that are not blank"));
    }
    Ok(())
}

fn settings<'a>(
    body: &mut Object<'a, '_>,
    chat: &mut Chat<'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    chat.sampling.temperature = body.value("temperature", "a number from 0 to 2")?;
    chat.sampling.top_p = body.value("top_p", "a number from 0 to 1")?;
    chat.sampling.logprobs = logprobs(body, changes)?;
    if let Some(raw) = body.take("text") {
        answer_form(Object::read(raw, Path::root("text"))?, chat, changes)?;
    }
    if let Some(raw) = body.take("reasoning") {
        chat.reasoning = reasoning(Object::read(raw, Path::root("reasoning"))?, changes)?;
    }
    chat.user = body.text("user")?;
    if chat.user.is_none() {
        chat.user = body.text("safety_identifier")?;
    }
    chat.cache_key = body.text("prompt_cache_key")?;
    chat.service_tier = match body.text("service_tier")?.as_deref() {
        Some("auto") => Some(ServiceTier::Auto),
        Some("default") => Some(ServiceTier::Standard),
        Some("flex") => Some(ServiceTier::Flex),
        Some("priority") => Some(ServiceTier::Priority),
        Some(_) => {
            changes.hint("service_tier", "it has no counterpart");
            None
        }
        None => None,
    };
    if body.text("truncation")?.is_some_and(|truncation| truncation != "disabled") {
        changes.lost("truncation", "other APIs do not shorten a conversation");
    }
    if body.value("background", "true or false")?.unwrap_or(false) {
        changes.lost("background", "other APIs answer only while the caller waits");
    }
    // The provider's default is to store; leaving that out says the same as saying it.
    if body.take("store").is_some_and(|raw| raw.get() == "true") {
        changes.hint("store", "other APIs keep no answers");
    }
    Ok(())
}

/// `top_logprobs`, and what is to be included in the answer.
fn logprobs(body: &mut Object<'_, '_>, changes: &mut Changes) -> Result<Option<Logprobs>, Refusal> {
    let top: u8 = body.value("top_logprobs", "an integer from 0 to 20")?.unwrap_or(0);
    let mut is_wanted = top > 0;
    let path = Path::root("include");
    let included = match body.take("include") {
        Some(raw) => array(raw, &path, "an array of strings")?,
        None => ElementList::new(),
    };
    for (index, raw) in included.into_iter().enumerate() {
        match text(raw, &path.index(index))?.as_ref() {
            "message.output_text.logprobs" => is_wanted = true,
            // Thoughts always come with what their provider wants back.
            "reasoning.encrypted_content" => {}
            _ => changes.hint(path.index(index).to_string(), "it tells more of tools that only OpenAI has"),
        }
    }
    Ok(is_wanted.then_some(Logprobs { top }))
}

fn answer_form<'a>(
    mut settings: Object<'a, '_>,
    chat: &mut Chat<'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    chat.verbosity = settings.text("verbosity")?;
    if let Some(raw) = settings.take("format") {
        let path = settings.path.name("format");
        let mut format = Object::read(raw, path)?;
        chat.form = match format.need_text("type")?.as_ref() {
            "text" => AnswerForm::Text,
            "json_object" => AnswerForm::Json,
            "json_schema" => AnswerForm::Schema(Schema {
                name: format.text("name")?,
                description: format.text("description")?,
                schema: format.need_schema("schema")?,
                strict: format.value("strict", "true or false")?,
            }),
            other => {
                let why = format!("expected `text`, `json_object` or `json_schema`, got `{other}`");
                return Err(path.name("type").invalid(why));
            }
        };
        format.note_unread(&[], changes);
    }
    settings.note_unread(&[], changes);
    Ok(())
}

fn reasoning(mut settings: Object<'_, '_>, changes: &mut Changes) -> Result<Option<Reasoning>, Refusal> {
    let effort = settings.text("effort")?;
    let older = settings.text("generate_summary")?;
    let summary = settings.text("summary")?.or(older).filter(|summary| summary != "none");
    if settings.text("mode")?.is_some_and(|mode| mode != "standard") {
        changes.lost(settings.path.name("mode").to_string(), "other APIs have one mode");
    }
    settings.note_unread(&["context"], changes);
    let (mode, effort) = match effort.as_deref() {
        None => (ReasoningMode::Adaptive, None),
        Some("none") => (ReasoningMode::Off, None),
        Some(name) => (ReasoningMode::On, Some(effort_named(name, &settings.path.name("effort"))?)),
    };
    if mode == ReasoningMode::Adaptive && summary.is_none() {
        return Ok(None);
    }
    Ok(Some(Reasoning { mode, effort, budget: None, is_shown: summary.map(|_| true) }))
}

fn effort_named(name: &str, path: &Path<'_>) -> Result<Effort, Refusal> {
    Ok(match name {
        "minimal" => Effort::Minimal,
        "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" => Effort::High,
        "xhigh" => Effort::ExtraHigh,
        "max" => Effort::Max,
        other => {
            return Err(path.invalid(format!(
                "expected `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`, got `{other}`"
            )));
        }
    })
}

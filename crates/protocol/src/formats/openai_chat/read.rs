//! Requests read into the neutral form: everything beside the conversation and its tools.
//!
//! What only the followers of OpenAI know (`top_k`, `reasoning`, `thinking`) is understood too, since clients send it to any
//! model behind this format.

mod content;
mod messages;
mod tools;

use paceway_domain::{Refusal, Tokens};

use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::formats::Summary;
use crate::neutral::{
    AnswerForm, Chat, Effort, Logprobs, Reasoning, ReasoningMode, Sampling, Schema, ServiceTier, Text,
};
use crate::object::{self, Object, Path};

/// Fields that do not bear on the answer: storing, tracing, billing, caching, the provider's routing.
const HINTS: &[&str] = &[
    "store",
    "metadata",
    "prediction",
    "prompt_cache_retention",
    "prompt_cache_options",
    "provider",
    "route",
    "transforms",
    "usage",
    "session_id",
    "trace",
];

pub(super) fn read<'a>(
    envelope: &Envelope<'a>,
    summary: &Summary,
    changes: &mut Changes,
) -> Result<Chat<'a>, Refusal> {
    let mut body = envelope.object();
    for known in ["model", "stream", "stream_options"] {
        body.take(known);
    }
    let messages = body.need("messages", "an array of messages")?;
    let (tools, tool_choice) = tools::read(&mut body, changes)?;
    let chat = Chat {
        turns: messages::read(messages, &body.path.name("messages"), changes)?,
        tools,
        tool_choice,
        parallel_tools: body.value("parallel_tool_calls", "true or false")?,
        form: form(&mut body, changes)?,
        reasoning: reasoning(&mut body, changes)?,
        sampling: sampling(&mut body)?,
        max_output: max_output(&mut body)?,
        stop: stop(&mut body)?,
        answers: answers(&mut body)?,
        verbosity: one_of(&mut body, "verbosity", &["low", "medium", "high"])?,
        user: user(&mut body)?,
        cache_key: body.text("prompt_cache_key")?,
        service_tier: service_tier(&mut body, changes)?,
        stream: summary.stream,
    };
    modalities(&mut body, changes)?;
    if body.value("store", "true or false")? == Some(true) {
        changes.hint("store", "it has no counterpart");
    }
    body.note_unread(HINTS, changes);
    Ok(chat)
}

fn answers(body: &mut Object<'_, '_>) -> Result<Option<u32>, Refusal> {
    match body.value("n", "a positive integer")? {
        Some(0) => Err(body.path.name("n").invalid("expected a positive integer, got 0")),
        wanted => Ok(wanted.filter(|wanted| *wanted > 1)),
    }
}

fn max_output(body: &mut Object<'_, '_>) -> Result<Option<Tokens>, Refusal> {
    let newer = body.count("max_completion_tokens")?;
    let older = body.count("max_tokens")?;
    Ok(newer.or(older).map(Tokens))
}

fn stop<'a>(body: &mut Object<'a, '_>) -> Result<Vec<Text<'a>>, Refusal> {
    let Some(raw) = body.take("stop") else { return Ok(Vec::new()) };
    let path = body.path.name("stop");
    if object::is_string(raw) {
        return Ok(vec![object::text(raw, &path)?]);
    }
    let stops = object::array(raw, &path, "a string or an array of strings")?;
    stops.into_iter().enumerate().map(|(place, raw)| object::text(raw, &path.index(place))).collect()
}

/// A text that is one of these.
fn one_of<'a>(body: &mut Object<'a, '_>, name: &str, words: &[&str]) -> Result<Option<Text<'a>>, Refusal> {
    let text = body.text(name)?;
    match text {
        Some(text) if !words.contains(&&*text) => {
            Err(body.path.name(name).invalid(format!("expected one of {}, got {text}", words.join(", "))))
        }
        text => Ok(text),
    }
}

/// The newer field of the two wins.
fn user<'a>(body: &mut Object<'a, '_>) -> Result<Option<Text<'a>>, Refusal> {
    let newer = body.text("safety_identifier")?;
    let older = body.text("user")?;
    Ok(newer.or(older).filter(|user| !user.is_blank()))
}

fn service_tier(body: &mut Object<'_, '_>, changes: &mut Changes) -> Result<Option<ServiceTier>, Refusal> {
    let Some(tier) = body.text("service_tier")? else { return Ok(None) };
    Ok(match &*tier {
        "auto" => Some(ServiceTier::Auto),
        "default" | "standard" => Some(ServiceTier::Standard),
        "flex" => Some(ServiceTier::Flex),
        "priority" | "fast" => Some(ServiceTier::Priority),
        _ => {
            changes.hint("service_tier", "no other API has this tier");
            None
        }
    })
}

fn modalities(body: &mut Object<'_, '_>, changes: &mut Changes) -> Result<(), Refusal> {
    let Some(raw) = body.take("modalities") else { return Ok(()) };
    let path = body.path.name("modalities");
    let modalities = object::array(raw, &path, "an array of `text` and `audio`")?;
    if modalities.iter().any(|modality| modality.get() != "\"text\"") {
        changes.lost("modalities", "another provider's API answers in text only");
    }
    Ok(())
}

fn sampling<'a>(body: &mut Object<'a, '_>) -> Result<Sampling<'a>, Refusal> {
    let penalty = "a number from -2 to 2";
    let asked: Option<bool> = body.value("logprobs", "true or false")?;
    let top: Option<u8> = body.value("top_logprobs", "an integer from 0 to 20")?;
    if top.is_some_and(|top| top > 20) {
        return Err(body.path.name("top_logprobs").invalid("expected an integer from 0 to 20, got more"));
    }
    let top = top.unwrap_or(0);
    let logit_bias = body.json("logit_bias");
    if let Some(bias) = logit_bias.as_ref().filter(|bias| !bias.get().starts_with('{')) {
        let got = crate::fields::shortened(bias.get());
        let why = format!("expected an object of token ids and biases, got {got}");
        return Err(body.path.name("logit_bias").invalid(why));
    }
    Ok(Sampling {
        temperature: body.value("temperature", "a number from 0 to 2")?,
        top_p: body.value("top_p", "a number from 0 to 1")?,
        top_k: body.count("top_k")?,
        presence_penalty: body.value("presence_penalty", penalty)?.filter(|number| *number != 0.0),
        frequency_penalty: body.value("frequency_penalty", penalty)?.filter(|number| *number != 0.0),
        seed: body.value("seed", "an integer")?,
        logit_bias: logit_bias.filter(|bias| bias.get().bytes().any(|byte| byte == b':')),
        logprobs: (asked == Some(true) || top > 0).then_some(Logprobs { top }),
    })
}

fn form<'a>(body: &mut Object<'a, '_>, changes: &mut Changes) -> Result<AnswerForm<'a>, Refusal> {
    let Some(raw) = body.take("response_format") else { return Ok(AnswerForm::Text) };
    let mut format = Object::read(raw, body.path.name("response_format"))?;
    let kind = format.need_text("type")?;
    let form = match &*kind {
        "text" => AnswerForm::Text,
        // Together and Fireworks take a schema here.
        "json_object" => match format.schema("schema")? {
            Some(schema) => {
                AnswerForm::Schema(Schema { name: None, description: None, schema, strict: None })
            }
            None => AnswerForm::Json,
        },
        "json_schema" => {
            let path = format.path;
            let mut given = Object::read(format.need("json_schema", "an object")?, path.name("json_schema"))?;
            let schema = Schema {
                name: given.text("name")?,
                description: given.text("description")?,
                schema: given.need_schema("schema")?,
                strict: given.value("strict", "true or false")?,
            };
            given.note_unread(&[], changes);
            AnswerForm::Schema(schema)
        }
        other => {
            let why = format!("expected text, json_object or json_schema, got {other}");
            return Err(format.path.name("type").invalid(why));
        }
    };
    format.note_unread(&[], changes);
    Ok(form)
}

/// How much to think: OpenAI's `reasoning_effort`, OpenRouter's `reasoning`, or `thinking` as Anthropic, DeepSeek and Z.ai
/// write it. What is more particular wins.
fn reasoning(body: &mut Object<'_, '_>, changes: &mut Changes) -> Result<Option<Reasoning>, Refusal> {
    let mut found = None;
    if let Some(word) = body.text("reasoning_effort")? {
        found = effort(&word, &body.path.name("reasoning_effort"))?;
    }
    if let Some(raw) = body.take("reasoning") {
        let mut object = Object::read(raw, body.path.name("reasoning"))?;
        found = openrouter(&mut object, found)?;
        object.note_unread(&["summary"], changes);
    }
    if let Some(raw) = body.take("thinking") {
        let mut object = Object::read(raw, body.path.name("thinking"))?;
        found = Some(thinking(&mut object, found)?);
        object.note_unread(&["clear_thinking", "display"], changes);
    }
    if let Some(is_shown) = body.value("include_reasoning", "true or false")? {
        found = found.map(|reasoning| Reasoning { is_shown: Some(is_shown), ..reasoning });
    }
    Ok(found)
}

const fn only(mode: ReasoningMode) -> Reasoning {
    Reasoning { mode, effort: None, budget: None, is_shown: None }
}

fn effort(word: &str, path: &Path<'_>) -> Result<Option<Reasoning>, Refusal> {
    let effort = match word {
        "none" => return Ok(Some(only(ReasoningMode::Off))),
        // Groq's word for leaving it open.
        "default" => return Ok(None),
        "minimal" => Effort::Minimal,
        "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" => Effort::High,
        "xhigh" => Effort::ExtraHigh,
        "max" => Effort::Max,
        other => {
            let words = "none, minimal, low, medium, high or xhigh";
            return Err(path.invalid(format!("expected {words}, got {other}")));
        }
    };
    Ok(Some(Reasoning { effort: Some(effort), ..only(ReasoningMode::On) }))
}

/// Source: openrouter.ai/docs/use-cases/reasoning-tokens.
fn openrouter(object: &mut Object<'_, '_>, found: Option<Reasoning>) -> Result<Option<Reasoning>, Refusal> {
    let mut found = match object.text("effort")? {
        Some(word) => effort(&word, &object.path.name("effort"))?,
        None => found,
    };
    if let Some(most) = object.count("max_tokens")? {
        let known = found.unwrap_or(only(ReasoningMode::On));
        found = Some(Reasoning { mode: ReasoningMode::On, budget: Some(Tokens(most)), ..known });
    }
    if let Some(is_on) = object.value::<bool>("enabled", "true or false")? {
        found = if is_on { found.or(Some(only(ReasoningMode::On))) } else { Some(only(ReasoningMode::Off)) };
    }
    if let Some(is_hidden) = object.value::<bool>("exclude", "true or false")? {
        found = found.map(|known| Reasoning { is_shown: Some(!is_hidden), ..known });
    }
    Ok(found)
}

fn thinking(object: &mut Object<'_, '_>, found: Option<Reasoning>) -> Result<Reasoning, Refusal> {
    let mode = match &*object.need_text("type")? {
        "disabled" => ReasoningMode::Off,
        "enabled" => ReasoningMode::On,
        "adaptive" | "auto" => ReasoningMode::Adaptive,
        other => {
            let why = format!("expected enabled, disabled or adaptive, got {other}");
            return Err(object.path.name("type").invalid(why));
        }
    };
    let budget = object.count("budget_tokens")?.map(Tokens);
    let known = found.filter(|_| mode != ReasoningMode::Off).unwrap_or(only(mode));
    Ok(Reasoning { mode, budget: budget.or(known.budget), ..known })
}

//! The neutral form written as a body. Turns are written by their own file.

use bytes::Bytes;
use paceway_domain::{Refusal, Tokens};

use super::model;
use super::turns::TurnWriter;
use crate::changes::Changes;
use crate::compose::{self, ArrayWriter, ObjectWriter};
use crate::formats::Target;
use crate::neutral::{
    AnswerForm, Chat, Media, PartBody, Reasoning, ReasoningMode, Sampling, Tool, ToolChoice, ToolKind,
};

/// The most stop sequences that are allowed.
const MOST_STOPS: usize = 5;
const MOST_TOP_K: u64 = 500;

pub(crate) fn write(chat: &Chat<'_>, target: Target<'_>, changes: &mut Changes) -> Result<Bytes, Refusal> {
    let stop: Vec<_> = chat.stop.iter().filter(|stop| !stop.is_empty()).collect();
    if stop.len() > MOST_STOPS {
        let why = format!("Cohere takes at most {MOST_STOPS} stop sequences");
        return Err(Refusal::Unsupported { field: "stop".into(), why });
    }
    let thinks = model::thinks(target.model);
    let mut out = Vec::with_capacity(size_of(chat));
    let mut count = 0;
    compose::object(&mut out, |body| {
        body.field("model", target.model).field("stream", &chat.stream);
        body.array("messages", |list| {
            let mut turns = TurnWriter { thinks, changes, count: 0 };
            for (place, turn) in chat.turns.iter().enumerate() {
                turns.turn(turn, place, list);
            }
            count = turns.count;
        });
        let has_tools = write_tools(chat, body, changes);
        write_form(&chat.form, has_tools, body, changes);
        write_thinking(chat, thinks, body, changes);
        write_sampling(&chat.sampling, body, changes);
        body.maybe("max_tokens", chat.max_output.as_ref());
        if !stop.is_empty() {
            body.field("stop_sequences", &stop);
        }
    });
    note_what_has_no_place(chat, changes);
    if count == 0 {
        return Err(Refusal::InvalidField {
            field: "messages".into(),
            why: "Cohere needs at least one message that is not a system prompt and not blank".into(),
        });
    }
    Ok(out.into())
}

/// Writes the tools and which to choose; whether there are any.
fn write_tools(chat: &Chat<'_>, body: &mut ObjectWriter<'_>, changes: &mut Changes) -> bool {
    let mut tools = Vec::with_capacity(chat.tools.len());
    for (place, tool) in chat.tools.iter().enumerate() {
        let field = format!("tools.{place}");
        match &tool.kind {
            ToolKind::Function { .. } | ToolKind::Custom { .. } => tools.push(tool),
            ToolKind::WebSearch(_) => changes.lost(field, "Cohere has no search of the web"),
            ToolKind::Hosted { kind } => changes.lost(field, format!("Cohere does not run `{kind}`")),
        }
        if tool.cache.is_some() {
            changes.hint("cache_control", "Cohere caches of its own accord");
        }
    }
    let only: Option<Vec<&str>> = match &chat.tool_choice {
        Some(ToolChoice::Named(name)) => Some(vec![name]),
        Some(ToolChoice::Among { names, .. }) => Some(names.iter().map(|name| &**name).collect()),
        _ => None,
    };
    if let Some(only) = only {
        tools.retain(|tool| only.contains(&&*tool.name));
        changes.adapted("tool_choice", "only the tools that are allowed are declared");
    }
    if tools.is_empty() {
        return false;
    }
    let is_strict = |tool: &&Tool<'_>| matches!(tool.kind, ToolKind::Function { strict: Some(true), .. });
    let strict_count = tools.iter().filter(|tool| is_strict(tool)).count();
    body.array("tools", |list| tools.iter().for_each(|tool| write_tool(tool, list)));
    if strict_count == tools.len() {
        body.field("strict_tools", &true);
    } else if strict_count > 0 {
        changes.hint("tools.strict", "Cohere is strict with all tools or with none");
    }
    match &chat.tool_choice {
        Some(ToolChoice::Any | ToolChoice::Named(_) | ToolChoice::Among { is_required: true, .. }) => {
            body.field("tool_choice", "REQUIRED");
        }
        Some(ToolChoice::None) => {
            body.field("tool_choice", "NONE");
        }
        _ => {}
    }
    if chat.parallel_tools == Some(false) {
        changes.lost("parallel_tools", "Cohere cannot be told to call one tool at a time");
    }
    true
}

fn write_tool(tool: &Tool<'_>, list: &mut ArrayWriter<'_>) {
    let schema = match &tool.kind {
        ToolKind::Function { schema: Some(schema), .. } if schema.get().starts_with('{') => schema.get(),
        _ => r#"{"type":"object","properties":{}}"#,
    };
    list.object(|out| {
        out.field("type", "function");
        out.object("function", |function| {
            let description = tool.description.as_ref().filter(|text| !text.is_blank());
            function.field("name", &tool.name).maybe("description", description).raw("parameters", schema);
        });
    });
}

/// Cohere does not allow a form of the answer beside tools (its SDK's documentation of `response_format`).
fn write_form(form: &AnswerForm<'_>, has_tools: bool, body: &mut ObjectWriter<'_>, changes: &mut Changes) {
    let schema = match form {
        AnswerForm::Text => return,
        AnswerForm::Json => None,
        AnswerForm::Schema(schema) => Some(&schema.schema),
    };
    if has_tools {
        changes.lost("response_format", "Cohere takes none beside tools");
        return;
    }
    body.object("response_format", |format| {
        format.field("type", "json_object");
        if let Some(schema) = schema {
            format.raw("json_schema", schema.get());
        }
    });
}

fn write_thinking(chat: &Chat<'_>, thinks: bool, body: &mut ObjectWriter<'_>, changes: &mut Changes) {
    let Some(reasoning) = chat.reasoning else { return };
    let is_off = reasoning.mode == ReasoningMode::Off;
    if !thinks {
        if !is_off {
            changes.lost("reasoning", "this model does not think");
        }
        return;
    }
    body.object("thinking", |thinking| {
        thinking.field("type", if is_off { "disabled" } else { "enabled" });
        if !is_off {
            thinking.maybe("token_budget", budget(reasoning, chat.max_output, changes).as_ref());
        }
    });
}

/// A budget has to be positive; one that leaves nothing for the answer is cut.
fn budget(reasoning: Reasoning, max_output: Option<Tokens>, changes: &mut Changes) -> Option<Tokens> {
    if reasoning.is_shown == Some(false) {
        changes.hint("reasoning.is_shown", "this model shows its thoughts");
    }
    let Some(Tokens(wanted)) = reasoning.budget else {
        return reasoning.effort.map(|effort| effort.budget(max_output).max(Tokens(1)));
    };
    let most = max_output.map_or(u64::MAX, |Tokens(most)| most.saturating_sub(1)).max(1);
    let budget = wanted.clamp(1, most);
    if budget != wanted {
        changes.adapted("reasoning.budget", "at least 1 and less than the output bound");
    }
    Some(Tokens(budget))
}

fn write_sampling(sampling: &Sampling<'_>, body: &mut ObjectWriter<'_>, changes: &mut Changes) {
    body.maybe("temperature", sampling.temperature.as_ref());
    for (name, field, value, least, most) in [
        ("p", "top_p", sampling.top_p, 0.01, 0.99),
        ("presence_penalty", "presence_penalty", sampling.presence_penalty, 0.0, 1.0),
        ("frequency_penalty", "frequency_penalty", sampling.frequency_penalty, 0.0, 1.0),
    ] {
        let Some(value) = value else { continue };
        let within = value.clamp(least, most);
        if !(least..=most).contains(&value) {
            changes.adapted(field, format!("{within} in place of {value}"));
        }
        body.field(name, &within);
    }
    if let Some(top_k) = sampling.top_k {
        if top_k > MOST_TOP_K {
            changes.adapted("top_k", format!("{MOST_TOP_K} in place of {top_k}"));
        }
        body.field("k", &top_k.min(MOST_TOP_K));
    }
    if let Some(seed) = sampling.seed {
        if seed < 0 {
            changes.adapted("seed", "without its sign");
        }
        body.field("seed", &seed.unsigned_abs());
    }
    if let Some(logprobs) = sampling.logprobs {
        if logprobs.top > 0 {
            changes.lost("top_logprobs", "Cohere tells no alternatives");
        }
        body.field("logprobs", &true);
    }
}

fn note_what_has_no_place(chat: &Chat<'_>, changes: &mut Changes) {
    const WHY: &str = "Cohere has none";
    let lost = [
        ("logit_bias", chat.sampling.logit_bias.is_some()),
        ("answers", chat.answers.is_some_and(|answers| answers > 1)),
        ("verbosity", chat.verbosity.as_deref().is_some_and(|verbosity| verbosity != "medium")),
    ];
    let hints = [
        ("user", chat.user.is_some()),
        ("cache_key", chat.cache_key.is_some()),
        ("service_tier", chat.service_tier.is_some_and(|tier| tier != crate::neutral::ServiceTier::Auto)),
    ];
    for (field, _) in lost.into_iter().filter(|(_, is_set)| *is_set) {
        changes.lost(field, WHY);
    }
    for (field, _) in hints.into_iter().filter(|(_, is_set)| *is_set) {
        changes.hint(field, WHY);
    }
}

/// About how many bytes a body will have, so that large pictures are copied once.
fn size_of(chat: &Chat<'_>) -> usize {
    let of_part = |body: &PartBody<'_>| match body {
        PartBody::Text { text, .. } | PartBody::Thinking { text, .. } => text.room(),
        PartBody::Image(image) => match &image.media {
            Media::Base64 { data, .. } => data.size(),
            _ => 0,
        },
        PartBody::ToolCall(call) => call.arguments.len() * 2,
        _ => 0,
    };
    let of_content = |body: &PartBody<'_>| match body {
        PartBody::ToolResult(result) => result.content.iter().map(|part| of_part(&part.body)).sum(),
        body => of_part(body),
    };
    let parts = chat.turns.iter().flat_map(|turn| &turn.parts);
    1024 + chat.tools.len() * 1024 + parts.map(|part| 128 + of_content(&part.body)).sum::<usize>()
}

//! Requests for providers, written from a conversation.
//!
//! The body is that of version 2023-06-01, which every provider of this format takes. Whether a model takes sampling
//! parameters at all is left to its provider to say.

use bytes::Bytes;
use paceway_domain::Refusal;

use super::closed::closed;
use super::models;
use super::order::{self, Conversation, Message};
use super::parts::{BlockWriter, Marks, Place};
use super::thinking::Plan;
use super::write_tools;
use crate::changes::Changes;
use crate::compose::{self, ArrayWriter, ObjectWriter};
use crate::formats::Target;
use crate::neutral::{AnswerForm, Chat, PartBody, Role, Sampling, ServiceTier};

/// The longest name of a user that the API takes, in characters.
const LONGEST_USER: usize = 256;

/// The request as a body.
pub(super) fn chat(chat: &Chat<'_>, target: Target<'_>, changes: &mut Changes) -> Result<Bytes, Refusal> {
    let traits = models::traits(target.model);
    let max_tokens = chat.max_output.unwrap_or(target.default_max_output);
    let plan = Plan::of(chat, traits, max_tokens, changes);
    let conversation = order::conversation(&chat.turns, traits.mid_system, changes)?;
    let tools = write_tools::Tools::of(chat, traits.can_be_forced, changes);
    note_lost(chat, changes);

    let mut marks = Marks::new();
    let mut out = Vec::with_capacity(size(chat));
    compose::object(&mut out, |body| {
        body.field("model", target.model).field("max_tokens", &max_tokens);
        // Tools come first because the cache's prefix begins with them: their marks count first.
        tools.write(body, &mut marks, changes);
        let mut blocks = BlockWriter { marks: &mut marks, changes };
        write_system(body, &conversation, tools.instruction(), &mut blocks);
        body.array("messages", |array| {
            let last = conversation.messages.len() - 1;
            for (place, message) in conversation.messages.iter().enumerate() {
                array.object(|fields| write_message(fields, message, place == last, &mut blocks));
            }
        });
        plan.write(body);
        write_output(body, chat, &plan, changes);
        write_sampling(body, &chat.sampling, &plan, changes);
        write_rest(body, chat, changes);
    });
    Ok(out.into())
}

/// A guess at the body's size: large texts are copied once, into a buffer that need not grow.
fn size(chat: &Chat<'_>) -> usize {
    let tools: usize = chat.tools.len() * 512;
    chat.turns.iter().flat_map(|turn| &turn.parts).map(|part| part_size(&part.body)).sum::<usize>()
        + tools
        + 1024
}

fn part_size(body: &PartBody<'_>) -> usize {
    use crate::neutral::{DocumentSource, Media};
    let media = |media: &Media<'_>| match media {
        Media::Base64 { data, .. } => data.size(),
        Media::Url { url, .. } => url.size(),
        Media::File { id, .. } => id.len(),
    };
    let content = match body {
        PartBody::Text { text, .. } | PartBody::Refusal(text) => text.room(),
        PartBody::Image(image) => media(&image.media),
        PartBody::Document(document) => match &document.source {
            DocumentSource::Media(source) => media(source),
            DocumentSource::Text(text) => text.room(),
            DocumentSource::Parts(parts) => parts.iter().map(|part| part_size(&part.body)).sum(),
        },
        PartBody::Thinking { text, seal } => text.room() + seal.as_ref().map_or(0, |seal| seal.data.size()),
        PartBody::Redacted(seal) => seal.data.size(),
        PartBody::ToolCall(call) => call.arguments.room() + call.name.size() + call.id.size(),
        PartBody::ToolResult(result) => result.content.iter().map(|part| part_size(&part.body)).sum(),
        PartBody::Audio(_) | PartBody::Video(_) => 0,
    };
    content + 128
}

fn write_system(
    body: &mut ObjectWriter<'_>,
    conversation: &Conversation<'_, '_>,
    instruction: Option<String>,
    blocks: &mut BlockWriter<'_>,
) {
    if conversation.system.is_empty() && instruction.is_none() {
        return;
    }
    body.array("system", |array| {
        for part in &conversation.system {
            blocks.part(array, part, Place::System);
        }
        if let Some(instruction) = instruction {
            blocks.text(array, &[(&*instruction).into()], None);
        }
    });
}

fn write_message(
    fields: &mut ObjectWriter<'_>,
    message: &Message<'_, '_>,
    is_last: bool,
    blocks: &mut BlockWriter<'_>,
) {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    let is_begun_answer = is_last && message.role == Role::Assistant;
    fields.field("role", role).array("content", |array: &mut ArrayWriter<'_>| {
        let last = message.parts.len() - 1;
        for (place, piece) in message.parts.iter().enumerate() {
            match &piece.part.body {
                PartBody::Text { text, .. } if piece.is_instruction => {
                    blocks.text(
                        array,
                        &["<system>\n".into(), text.into(), "\n</system>".into()],
                        piece.part.cache,
                    );
                }
                // The API refuses a begun answer that ends in white space.
                PartBody::Text { text, .. } if is_begun_answer && place == last => {
                    blocks.text(array, &[text.trim_end().into()], piece.part.cache);
                }
                _ => blocks.part(array, piece.part, Place::of(message.role)),
            }
        }
    });
}

fn write_output(body: &mut ObjectWriter<'_>, chat: &Chat<'_>, plan: &Plan, changes: &mut Changes) {
    let schema = match &chat.form {
        AnswerForm::Text => None,
        AnswerForm::Json => {
            changes.lost("response_format", "Claude models give JSON only of a schema");
            None
        }
        AnswerForm::Schema(schema) => Some(schema),
    };
    if schema.is_some_and(|schema| schema.description.is_some()) {
        changes.hint("response_format.description", "this API has none");
    }
    if schema.is_none() && plan.effort().is_none() {
        return;
    }
    body.object("output_config", |config| {
        config.maybe("effort", plan.effort());
        if let Some(schema) = schema {
            config.object("format", |format| {
                format.field("type", "json_schema").raw("schema", &closed(schema.schema.get()));
            });
        }
    });
}

fn write_sampling(body: &mut ObjectWriter<'_>, sampling: &Sampling<'_>, plan: &Plan, changes: &mut Changes) {
    let mut temperature = sampling.temperature;
    if temperature.is_some_and(|temperature| temperature > 1.0) {
        changes.adapted("temperature", "sent as 1, the most that Claude models take");
        temperature = Some(1.0);
    }
    // The whole of the distribution is what they choose from anyway.
    let mut top_p = sampling.top_p.filter(|top_p| *top_p < 1.0);
    let mut top_k = sampling.top_k;
    if plan.thinks() {
        let what = "left out: Claude models do not take it while they think";
        if temperature.is_some_and(|temperature| temperature < 1.0) {
            changes.adapted("temperature", what);
        }
        temperature = None;
        if top_p.is_some_and(|top_p| top_p < 0.95) {
            changes.adapted("top_p", what);
            top_p = None;
        }
        if top_k.take().is_some() {
            changes.adapted("top_k", what);
        }
    }
    body.maybe("temperature", temperature.as_ref())
        .maybe("top_p", top_p.as_ref())
        .maybe("top_k", top_k.as_ref());
}

fn write_rest(body: &mut ObjectWriter<'_>, chat: &Chat<'_>, changes: &mut Changes) {
    let stop: Vec<&str> =
        chat.stop.iter().map(|stop| &**stop).filter(|stop| !stop.trim().is_empty()).collect();
    if stop.len() < chat.stop.len() {
        changes.lost("stop", "Claude models take no stop sequences of white space alone");
    }
    if !stop.is_empty() {
        body.field("stop_sequences", &stop);
    }
    match chat.user.as_deref() {
        Some(user) if user.chars().count() > LONGEST_USER => {
            changes.hint("user", format!("it is longer than {LONGEST_USER} characters"));
        }
        Some(user) => {
            body.object("metadata", |metadata| {
                metadata.field("user_id", user);
            });
        }
        None => {}
    }
    match chat.service_tier {
        Some(ServiceTier::Auto) => {
            body.field("service_tier", "auto");
        }
        Some(ServiceTier::Standard) => {
            body.field("service_tier", "standard_only");
        }
        Some(ServiceTier::Priority) => {
            changes
                .adapted("service_tier", "sent as `auto`, which uses priority capacity where there is some");
            body.field("service_tier", "auto");
        }
        Some(ServiceTier::Flex) => changes.hint("service_tier", "this API has no cheaper tier"),
        None => {}
    }
    body.maybe("stream", chat.stream.then_some(&true));
}

/// What Claude models have no place for.
fn note_lost(chat: &Chat<'_>, changes: &mut Changes) {
    let sampling = &chat.sampling;
    let is_some_penalty = |penalty: Option<f64>| penalty.is_some_and(|penalty| penalty != 0.0);
    let lost = [
        ("presence_penalty", is_some_penalty(sampling.presence_penalty)),
        ("frequency_penalty", is_some_penalty(sampling.frequency_penalty)),
        ("seed", sampling.seed.is_some()),
        ("logit_bias", sampling.logit_bias.as_ref().is_some_and(|bias| bias.get() != "{}")),
        ("logprobs", sampling.logprobs.is_some()),
        ("verbosity", chat.verbosity.as_ref().is_some_and(|verbosity| verbosity != "medium")),
        ("answers", chat.answers.is_some_and(|answers| answers > 1)),
    ];
    for (field, _) in lost.into_iter().filter(|(_, is_lost)| *is_lost) {
        changes.lost(field, "Claude models have none");
    }
    if chat.cache_key.is_some() {
        changes.hint("cache_key", "this API finds a cache by the prompt alone");
    }
}

//! Requests written from the neutral form: the settings. The conversation and the tools are written in the children.
//!
//! Nothing is stored at the provider: thoughts come back encrypted, and the caller has the conversation.

mod items;
mod tools;

use bytes::Bytes;
use paceway_domain::{Refusal, Tokens};

use self::items::Item;
use crate::changes::Changes;
use crate::compose::{self, ObjectWriter};
use crate::formats::Target;
use crate::formats::openai::{self, effort};
use crate::neutral::{
    AnswerForm, Chat, DocumentSource, Media, Part, PartBody, ReasoningMode, Role, Sampling, Schema,
    ServiceTier, Turn,
};

/// The least bound that OpenAI takes ("Expected a value >= 16").
const LEAST_MAX_OUTPUT: Tokens = Tokens(16);

pub(super) fn chat(chat: &Chat<'_>, target: Target<'_>, changes: &mut Changes) -> Result<Bytes, Refusal> {
    note_lost(chat, changes);
    let (instructions, turns) = instructions(&chat.turns);
    let input = items::input(turns, chat.turns.len() - turns.len(), changes);
    if input.is_empty() {
        return Err(Refusal::InvalidField {
            field: "messages".into(),
            why: "nothing is left of the conversation that this API can be told".into(),
        });
    }
    let mut out = Vec::with_capacity(size(chat));
    compose::object(&mut out, |body| {
        body.field("model", target.model);
        body.maybe("instructions", instructions.as_ref());
        body.array("input", |list| input.iter().for_each(|item| item.write(list)));
        tools::write(chat, body, changes);
        let has_thoughts = input.iter().any(|item| matches!(item, Item::Thought { .. }));
        settings(chat, target.model, has_thoughts, body, changes);
    });
    Ok(out.into())
}

/// The first turn as `instructions` if that says the same: it is the system's, words only, and not all there is. Later
/// turns of the system stay where they are.
fn instructions<'c, 'a>(turns: &'c [Turn<'a>]) -> (Option<String>, &'c [Turn<'a>]) {
    let Some((first, rest)) = turns.split_first() else { return (None, turns) };
    if first.role != Role::System || rest.iter().all(|turn| turn.role == Role::System) {
        return (None, turns);
    }
    let words: Option<Vec<_>> = first
        .parts
        .iter()
        .map(|part| match &part.body {
            PartBody::Text { text, .. } => Some(text.as_ref()),
            _ => None,
        })
        .collect();
    match words {
        Some(words) => (Some(words.join("\n\n")), rest),
        None => (None, turns),
    }
}

/// Notes the settings that this API has no place for.
fn note_lost(chat: &Chat<'_>, changes: &mut Changes) {
    let Sampling { top_k, presence_penalty, frequency_penalty, seed, logit_bias, .. } = &chat.sampling;
    let says_something = |penalty: &Option<f64>| penalty.is_some_and(|penalty| penalty != 0.0);
    let lost = [
        ("top_k", top_k.is_some()),
        ("presence_penalty", says_something(presence_penalty)),
        ("frequency_penalty", says_something(frequency_penalty)),
        ("seed", seed.is_some()),
        ("logit_bias", logit_bias.as_ref().is_some_and(|bias| bias.get() != "{}")),
        ("stop", !chat.stop.is_empty()),
        ("answers", chat.answers.is_some_and(|answers| answers > 1)),
    ];
    for (field, _) in lost.into_iter().filter(|(_, is_lost)| *is_lost) {
        changes.lost(field, "the Responses API has no such setting");
    }
}

fn settings(
    chat: &Chat<'_>,
    model: &str,
    has_thoughts: bool,
    body: &mut ObjectWriter<'_>,
    changes: &mut Changes,
) {
    text(chat, body);
    // Models that do not think refuse to be asked for it: "Encrypted content is not supported with this model."
    let is_wanted =
        chat.reasoning.as_ref().map_or(has_thoughts, |reasoning| reasoning.mode != ReasoningMode::Off);
    let thinks = is_wanted && effort::thinks(model);
    if let Some(wanted) = chat.reasoning {
        let summary = (wanted.is_shown == Some(true) && thinks).then_some("auto");
        let effort = effort::said(wanted, model, changes);
        if effort.is_some() || summary.is_some() {
            body.object("reasoning", |fields| {
                fields.maybe("effort", effort).maybe("summary", summary);
            });
        }
    }
    let logprobs = chat.sampling.logprobs;
    if thinks || logprobs.is_some() {
        body.array("include", |list| {
            if thinks {
                list.element("reasoning.encrypted_content");
            }
            if logprobs.is_some() {
                list.element("message.output_text.logprobs");
            }
        });
    }
    body.maybe("top_logprobs", logprobs.map(|logprobs| logprobs.top).filter(|top| *top > 0).as_ref());
    body.field("store", &false);
    if let Some(temperature) = chat.sampling.temperature {
        if temperature > 2.0 {
            changes.adapted("temperature", "2 is the highest");
        }
        body.field("temperature", &temperature.min(2.0));
    }
    body.maybe("top_p", chat.sampling.top_p.as_ref());
    if let Some(most) = chat.max_output {
        if most < LEAST_MAX_OUTPUT {
            changes.adapted("max_output", "16 is the least");
        }
        body.field("max_output_tokens", &most.max(LEAST_MAX_OUTPUT));
    }
    body.maybe("user", openai::user(chat, changes));
    body.maybe("prompt_cache_key", chat.cache_key.as_ref());
    body.maybe("service_tier", chat.service_tier.map(tier_name));
    if chat.stream {
        body.field("stream", &true);
    }
}

fn tier_name(tier: ServiceTier) -> &'static str {
    match tier {
        ServiceTier::Auto => "auto",
        ServiceTier::Standard => "default",
        ServiceTier::Flex => "flex",
        ServiceTier::Priority => "priority",
    }
}

/// `text`: the form of the answer and how long it should be.
fn text(chat: &Chat<'_>, body: &mut ObjectWriter<'_>) {
    let is_text = matches!(chat.form, AnswerForm::Text);
    if is_text && chat.verbosity.is_none() {
        return;
    }
    body.object("text", |text| {
        match &chat.form {
            AnswerForm::Text => {}
            AnswerForm::Json => {
                text.object("format", |format| {
                    format.field("type", "json_object");
                });
            }
            AnswerForm::Schema(schema) => {
                text.object("format", |format| write_schema(schema, format));
            }
        }
        text.maybe("verbosity", chat.verbosity.as_ref());
    });
}

/// Left alone, OpenAI takes a schema as strict, and refuses most schemas that were not written for that.
fn write_schema(schema: &Schema<'_>, format: &mut ObjectWriter<'_>) {
    format.field("type", "json_schema");
    format.field("name", schema.name.as_deref().unwrap_or("answer"));
    format.maybe("description", schema.description.as_ref());
    format.raw("schema", schema.schema.get());
    format.field("strict", &schema.strict.unwrap_or(false));
}

/// About how long the body becomes, so that large contents are copied once.
fn size(chat: &Chat<'_>) -> usize {
    let turns = chat.turns.iter().flat_map(|turn| &turn.parts).map(size_of_part).sum::<usize>();
    2_048 + turns + 512 * chat.tools.len()
}

fn size_of_part(part: &Part<'_>) -> usize {
    let media = |media: &Media<'_>| match media {
        Media::Base64 { data, .. } => data.size(),
        Media::Url { url, .. } => url.size(),
        Media::File { .. } => 0,
    };
    let content = match &part.body {
        PartBody::Text { text, .. } | PartBody::Refusal(text) => text.room(),
        PartBody::Image(image) => media(&image.media),
        PartBody::Document(document) => match &document.source {
            DocumentSource::Media(source) => media(source),
            DocumentSource::Text(text) => text.room(),
            DocumentSource::Parts(parts) => parts.iter().map(size_of_part).sum(),
        },
        PartBody::Audio(source) | PartBody::Video(source) => media(source),
        PartBody::Thinking { text, seal } => text.room() + seal.as_ref().map_or(0, |seal| seal.data.size()),
        PartBody::Redacted(seal) => seal.data.size(),
        PartBody::ToolCall(call) => call.arguments.room(),
        PartBody::ToolResult(result) => result.content.iter().map(size_of_part).sum(),
    };
    content + 128
}

//! The neutral form written as a body. Messages, tools and makers' own fields are written by their own files.

use bytes::Bytes;
use paceway_domain::Refusal;

use super::blocks::{self, BlockWriter};
use super::fields::Fields;
use super::messages::{self, Conversation};
use super::reasoning;
use super::tools;
use crate::changes::Changes;
use crate::compose::{self, ObjectWriter};
use crate::formats::Target;
use crate::formats::converse::model::{Family, Model};
use crate::neutral::{AnswerForm, Chat, Media, PartBody, Schema, ServiceTier};

/// With what a conversation begins that its caller lets the model begin.
const OPENING: &str = "Hello.";

pub(crate) fn write(chat: &Chat<'_>, target: Target<'_>, changes: &mut Changes) -> Result<Bytes, Refusal> {
    let model = Model::named(target.model);
    let conversation = messages::plan(chat, model, changes)?;
    let tools = tools::Plan::of(chat, model, changes);
    let reasoning = reasoning::Plan::of(chat, &conversation, tools.forces_a_call(), model, target, changes);
    let sampling = Sampling::of(chat, model, reasoning.is_thinking(), changes);
    note_what_has_no_place(chat, changes);
    let mut out = Vec::with_capacity(size_of(chat));
    let mut written = Ok(());
    compose::object(&mut out, |body| {
        let mut blocks = BlockWriter::new(model, changes);
        write_conversation(&conversation, &mut blocks, body);
        written = blocks.finish();
        write_inference(chat, &reasoning, &sampling, model, body, changes);
        tools.write(model, body, changes);
        let fields = Fields {
            reasoning,
            top_k: sampling.top_k,
            own_choice: tools.own_choice.clone(),
            family: model.family,
        };
        fields.write(body);
        write_output(&chat.form, &reasoning, model, body, changes);
        write_service_tier(chat.service_tier, body);
        if !chat.stop.is_empty() && model.family == Family::Claude {
            // Only so is it told which one came up.
            body.field("additionalModelResponseFieldPaths", &["/stop_sequence"]);
        }
    });
    written.map(|()| out.into())
}

fn write_conversation(
    conversation: &Conversation<'_>,
    blocks: &mut BlockWriter<'_>,
    body: &mut ObjectWriter<'_>,
) {
    if !conversation.system.is_empty() {
        body.array("system", |list| blocks.system(&conversation.system, list));
    }
    body.array("messages", |list| {
        if conversation.lacks_opening() {
            blocks
                .changes
                .adapted("messages", "begun with a user's `Hello.`: Amazon Bedrock lets no model begin");
            list.object(|message| {
                message.field("role", "user");
                message.array("content", |content| blocks::write_text(OPENING.into(), content));
            });
        }
        let end = conversation.messages.len() - 1;
        for (place, message) in conversation.messages.iter().enumerate() {
            blocks.message(message, place == end, list);
        }
    });
}

/// How words are chosen, within what the model takes.
struct Sampling {
    temperature: Option<f64>,
    top_p: Option<f64>,
    top_k: Option<u64>,
}

impl Sampling {
    fn of(chat: &Chat<'_>, model: Model, is_thinking: bool, changes: &mut Changes) -> Self {
        let mut kept = Self {
            temperature: chat.sampling.temperature,
            top_p: chat.sampling.top_p,
            top_k: chat.sampling.top_k,
        };
        if kept.top_k.is_some() && !matches!(model.family, Family::Claude | Family::Nova) {
            changes.lost("top_k", "this model on Amazon Bedrock takes none");
            kept.top_k = None;
        }
        if model.refuses_sampling() {
            kept.drop_unless(|_| false, "this model chooses words in its own way", changes);
        } else if is_thinking {
            let why = "Claude models choose words in their own way while they think";
            kept.drop_unless(|top_p| top_p >= 0.95, why, changes);
        }
        if let Some(temperature) = kept.temperature.filter(|temperature| *temperature > 1.0) {
            changes.adapted("temperature", format!("1 in place of {temperature}: the most that is allowed"));
            kept.temperature = Some(1.0);
        }
        if kept.temperature.is_some() && kept.top_p.is_some() && model.takes_one_sampler() {
            lose(
                &mut kept.top_p,
                "top_p",
                |top_p| top_p >= 1.0,
                "this model takes a temperature or a top_p",
                changes,
            );
        }
        kept
    }

    /// Leaves out what is not to be sent; what is as the model does anyway goes without a note.
    fn drop_unless(&mut self, keeps_top_p: impl Fn(f64) -> bool, why: &'static str, changes: &mut Changes) {
        lose(&mut self.temperature, "temperature", |temperature| temperature >= 1.0, why, changes);
        if !self.top_p.is_some_and(keeps_top_p) {
            lose(&mut self.top_p, "top_p", |top_p| top_p >= 1.0, why, changes);
        }
        if self.top_k.take().is_some() {
            changes.lost("top_k", why);
        }
    }
}

fn lose(
    value: &mut Option<f64>,
    field: &str,
    is_default: impl Fn(f64) -> bool,
    why: &'static str,
    changes: &mut Changes,
) {
    if value.take().is_some_and(|value| !is_default(value)) {
        changes.lost(field, why);
    }
}

fn write_inference(
    chat: &Chat<'_>,
    reasoning: &reasoning::Plan,
    sampling: &Sampling,
    model: Model,
    body: &mut ObjectWriter<'_>,
    changes: &mut Changes,
) {
    let max_output = reasoning.max_output.or(chat.max_output);
    let is_blank = |stop: &&crate::neutral::Text<'_>| {
        stop.is_empty() || (model.family == Family::Claude && stop.is_blank())
    };
    let stop: Vec<_> = chat.stop.iter().filter(|stop| !is_blank(stop)).collect();
    if stop.len() < chat.stop.len() {
        changes.lost("stop", "this model takes no blank stop sequences");
    }
    let is_unsaid =
        max_output.is_none() && sampling.temperature.is_none() && sampling.top_p.is_none() && stop.is_empty();
    if is_unsaid {
        return;
    }
    body.object("inferenceConfig", |config| {
        config.maybe("maxTokens", max_output.as_ref());
        config.maybe("temperature", sampling.temperature.as_ref());
        config.maybe("topP", sampling.top_p.as_ref());
        if !stop.is_empty() {
            config.field("stopSequences", &stop);
        }
    });
}

fn write_output(
    form: &AnswerForm<'_>,
    reasoning: &reasoning::Plan,
    model: Model,
    body: &mut ObjectWriter<'_>,
    changes: &mut Changes,
) {
    let schema = match form {
        AnswerForm::Schema(schema) if model.has_structured_output() => Some(schema),
        AnswerForm::Schema(_) => {
            changes.lost("response_format", "this model on Amazon Bedrock cannot be held to a schema");
            None
        }
        AnswerForm::Json => {
            changes.lost("response_format", "Amazon Bedrock asks for JSON only with a schema");
            None
        }
        AnswerForm::Text => None,
    };
    if schema.is_none() && reasoning.effort.is_none() {
        return;
    }
    body.object("outputConfig", |config| {
        if let Some(schema) = schema {
            config.object("textFormat", |format| write_schema(schema, format));
        }
        config.maybe("effort", reasoning.effort);
    });
}

/// The schema itself is a text.
fn write_schema(schema: &Schema<'_>, format: &mut ObjectWriter<'_>) {
    format.field("type", "json_schema");
    format.object("structure", |structure| {
        structure.object("jsonSchema", |out| {
            out.field("schema", schema.schema.get());
            out.maybe("name", schema.name.as_ref()).maybe("description", schema.description.as_ref());
        });
    });
}

fn write_service_tier(tier: Option<ServiceTier>, body: &mut ObjectWriter<'_>) {
    let kind = match tier {
        None | Some(ServiceTier::Auto) => return,
        Some(ServiceTier::Standard) => "default",
        Some(ServiceTier::Flex) => "flex",
        Some(ServiceTier::Priority) => "priority",
    };
    body.object("serviceTier", |tier| {
        tier.field("type", kind);
    });
}

fn note_what_has_no_place(chat: &Chat<'_>, changes: &mut Changes) {
    const WHY: &str = "Amazon Bedrock's Converse has none";
    let sampling = &chat.sampling;
    let is_set = |value: Option<f64>| value.is_some_and(|value| value != 0.0);
    let lost = [
        ("presence_penalty", is_set(sampling.presence_penalty)),
        ("frequency_penalty", is_set(sampling.frequency_penalty)),
        ("seed", sampling.seed.is_some()),
        ("logit_bias", sampling.logit_bias.is_some()),
        ("logprobs", sampling.logprobs.is_some()),
        ("answers", chat.answers.is_some_and(|answers| answers > 1)),
        ("verbosity", chat.verbosity.as_deref().is_some_and(|verbosity| verbosity != "medium")),
    ];
    for (field, _) in lost.into_iter().filter(|(_, is_set)| *is_set) {
        changes.lost(field, WHY);
    }
    for (field, is_set) in [("user", chat.user.is_some()), ("cache_key", chat.cache_key.is_some())] {
        if is_set {
            changes.hint(field, WHY);
        }
    }
}

/// About how many bytes a body will have, so that large files are copied once.
fn size_of(chat: &Chat<'_>) -> usize {
    let of_media = |media: &Media<'_>| match media {
        Media::Base64 { data, .. } => data.size(),
        _ => 0,
    };
    let of_part = |body: &PartBody<'_>| match body {
        PartBody::Text { text, .. } | PartBody::Thinking { text, .. } => text.room(),
        PartBody::Image(image) => of_media(&image.media),
        PartBody::Audio(media) | PartBody::Video(media) => of_media(media),
        PartBody::Document(document) => match &document.source {
            crate::neutral::DocumentSource::Media(media) => of_media(media),
            crate::neutral::DocumentSource::Text(text) => text.room(),
            crate::neutral::DocumentSource::Parts(_) => 0,
        },
        PartBody::ToolCall(call) => call.arguments.len(),
        _ => 0,
    };
    let of_content = |body: &PartBody<'_>| match body {
        PartBody::ToolResult(result) => result.content.iter().map(|part| of_part(&part.body)).sum(),
        body => of_part(body),
    };
    let parts = chat.turns.iter().flat_map(|turn| &turn.parts);
    1024 + chat.tools.len() * 1024 + parts.map(|part| 128 + of_content(&part.body)).sum::<usize>()
}

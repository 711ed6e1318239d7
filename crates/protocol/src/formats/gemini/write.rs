//! Requests, written.

use bytes::Bytes;
use paceway_domain::Refusal;

use super::plan::{self, Content, Piece, Response};
use super::thinking::{self, Thinking};
use crate::changes::Changes;
use crate::compose::{self, ObjectWriter};
use crate::formats::Target;
use crate::neutral::{AnswerForm, Chat, ServiceTier, Tool, ToolChoice, ToolKind, WebSearch};

/// Source: ai.google.dev/api/generate-content, read 2026-11.
const MOST_STOP_SEQUENCES: usize = 5;
const MOST_LOGPROBS: u8 = 20;

pub(super) fn chat(chat: &Chat<'_>, target: Target<'_>, changes: &mut Changes) -> Result<Bytes, Refusal> {
    if chat.stop.len() > MOST_STOP_SEQUENCES {
        return Err(Refusal::Unsupported {
            field: "stop".into(),
            why: format!(
                "models of Google's API take at most {MOST_STOP_SEQUENCES}, got {}",
                chat.stop.len()
            ),
        });
    }
    let mut plan = plan::plan(chat, changes)?;
    if thinking::thinking_of(target.model) == Thinking::Level {
        plan::sign_first_calls(&mut plan.contents);
    }
    let size: usize = plan.contents.iter().flat_map(|content| &content.pieces).map(plan::size_of).sum();
    let mut out = Vec::with_capacity(size + size / 16 + 4_096);
    compose::object(&mut out, |body| {
        if !plan.instructions.is_empty() {
            body.object("systemInstruction", |content| {
                content.array("parts", |parts| {
                    for text in &plan.instructions {
                        parts.object(|part| {
                            part.field("text", text);
                        });
                    }
                });
            });
        }
        body.array("contents", |contents| {
            for content in &plan.contents {
                contents.object(|object| write_content(content, object));
            }
        });
        let has_functions = write_tools(&chat.tools, body, changes);
        write_tool_choice(chat, has_functions, body, changes);
        write_config(chat, target, has_functions, body, changes);
        write_tier(chat.service_tier, body);
    });
    note_the_rest(chat, changes);
    Ok(out.into())
}

fn write_content(content: &Content<'_>, object: &mut ObjectWriter<'_>) {
    object.field("role", content.role).array("parts", |parts| {
        for piece in &content.pieces {
            parts.object(|part| write_piece(piece, part));
        }
    });
}

/// Calls and results go without ids, which Vertex refuses (github.com/vercel/ai/issues/15664): both servers find together
/// what belongs together by name and order.
fn write_piece(piece: &Piece<'_>, part: &mut ObjectWriter<'_>) {
    match piece {
        Piece::Text(text) => {
            part.field("text", text);
        }
        Piece::Blob { media_type, data } => {
            part.object("inlineData", |blob| {
                blob.field("mimeType", media_type).field("data", data);
            });
        }
        Piece::File { uri, media_type } => {
            part.object("fileData", |file| {
                file.maybe("mimeType", *media_type).field("fileUri", uri);
            });
        }
        // A signature alone came with an empty text that is no thought, and goes back so.
        Piece::Thought { text, signature } => {
            part.field("text", text);
            if !text.is_empty() {
                part.field("thought", &true);
            }
            part.field("thoughtSignature", signature);
        }
        Piece::Call { name, arguments, signature } => {
            part.object("functionCall", |call| {
                call.field("name", name).raw("args", arguments);
            });
            part.maybe("thoughtSignature", *signature);
        }
        Piece::Result { name, response } => {
            part.object("functionResponse", |result| {
                result.field("name", name);
                match response {
                    Response::Object(json) => result.raw("response", json),
                    Response::Text(key, text) => result.object("response", |response| {
                        response.field(key, text);
                    }),
                };
            });
        }
    }
}

/// Writes `tools` and says whether there are functions among them.
fn write_tools(tools: &[Tool<'_>], body: &mut ObjectWriter<'_>, changes: &mut Changes) -> bool {
    let has_functions =
        tools.iter().any(|tool| matches!(tool.kind, ToolKind::Function { .. } | ToolKind::Custom { .. }));
    let mut searches = false;
    for (index, tool) in tools.iter().enumerate() {
        let field = format!("tools.{index}");
        match &tool.kind {
            ToolKind::WebSearch(_) if has_functions => {
                changes.lost(field, "this API does not search the web beside calling functions");
            }
            ToolKind::WebSearch(search) => {
                searches = true;
                note_search(&field, search, changes);
            }
            ToolKind::Hosted { kind } => {
                changes.lost(field, format!("no tool `{kind}` is run by this API's provider"));
            }
            ToolKind::Function { strict: Some(true), .. } => {
                changes.hint(format!("{field}.strict"), "this API's functions have none");
            }
            ToolKind::Function { .. } | ToolKind::Custom { .. } => {}
        }
        if tool.cache.is_some() {
            changes.hint("cache_control", "this API caches of its own accord");
        }
    }
    if !has_functions && !searches {
        return false;
    }
    body.array("tools", |list| {
        list.object(|group| {
            if searches {
                group.object("googleSearch", |_| {});
            } else {
                group.array("functionDeclarations", |functions| {
                    for tool in tools {
                        if matches!(tool.kind, ToolKind::Function { .. } | ToolKind::Custom { .. }) {
                            functions.object(|function| write_function(tool, function));
                        }
                    }
                });
            }
        });
    });
    has_functions
}

/// A schema goes as `parametersJsonSchema`, which takes any JSON schema; the older `parameters` refuses a request for a
/// keyword that it does not know, `$schema` and `exclusiveMinimum` among them.
fn write_function(tool: &Tool<'_>, function: &mut ObjectWriter<'_>) {
    function.field("name", &tool.name).maybe("description", tool.description.as_ref());
    match &tool.kind {
        ToolKind::Function { schema: Some(schema), .. } => {
            function.raw("parametersJsonSchema", schema.get());
        }
        ToolKind::Custom { .. } => {
            let schema = r#"{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}"#;
            function.raw("parametersJsonSchema", schema);
        }
        _ => {}
    }
}

fn note_search(field: &str, search: &WebSearch<'_>, changes: &mut Changes) {
    let given = [
        ("max_uses", search.max_uses.is_some()),
        ("allowed_domains", !search.allowed_domains.is_empty()),
        ("blocked_domains", !search.blocked_domains.is_empty()),
        ("user_location", search.user_location.is_some()),
    ];
    for (name, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
        changes.lost(format!("{field}.{name}"), "Google's search has none");
    }
}

fn write_tool_choice(
    chat: &Chat<'_>,
    has_functions: bool,
    body: &mut ObjectWriter<'_>,
    changes: &mut Changes,
) {
    if !has_functions {
        return;
    }
    if chat.parallel_tools == Some(false) {
        changes.lost("parallel_tool_calls", "this API's models may call several functions at once");
    }
    let Some(choice) = &chat.tool_choice else { return };
    let one;
    let (mode, names) = match choice {
        ToolChoice::Auto => ("AUTO", &[][..]),
        ToolChoice::None => ("NONE", &[][..]),
        ToolChoice::Any => ("ANY", &[][..]),
        ToolChoice::Named(name) => {
            one = [name.clone()];
            ("ANY", &one[..])
        }
        ToolChoice::Among { names, is_required: true } => ("ANY", &names[..]),
        ToolChoice::Among { names, is_required: false } => ("VALIDATED", &names[..]),
    };
    body.object("toolConfig", |config| {
        config.object("functionCallingConfig", |calling| {
            calling.field("mode", mode);
            if !names.is_empty() {
                calling.field("allowedFunctionNames", names);
            }
        });
    });
}

fn write_config(
    chat: &Chat<'_>,
    target: Target<'_>,
    has_functions: bool,
    body: &mut ObjectWriter<'_>,
    changes: &mut Changes,
) {
    let mut json = Vec::with_capacity(256);
    compose::object(&mut json, |config| {
        config.maybe("maxOutputTokens", chat.max_output.as_ref());
        if !chat.stop.is_empty() {
            config.field("stopSequences", &chat.stop);
        }
        config.maybe("candidateCount", chat.answers.as_ref());
        write_sampling(chat, config, changes);
        if let Some(reasoning) = &chat.reasoning {
            thinking::write(reasoning, target.model, chat.max_output, config, changes);
        }
        write_form(&chat.form, target.model, has_functions, config, changes);
    });
    if json != b"{}" {
        body.raw("generationConfig", std::str::from_utf8(&json).unwrap_or("{}"));
    }
}

fn write_sampling(chat: &Chat<'_>, config: &mut ObjectWriter<'_>, changes: &mut Changes) {
    let sampling = &chat.sampling;
    let mut number = |name: &'static str, field: &str, value: Option<f64>, least: f64, most: f64| {
        let Some(value) = value else { return };
        let clamped = value.clamp(least, most);
        if clamped.total_cmp(&value).is_ne() {
            changes.adapted(field, format!("{clamped} is the nearest that this API takes"));
        }
        config.field(name, &clamped);
    };
    number("temperature", "temperature", sampling.temperature, 0.0, 2.0);
    number("topP", "top_p", sampling.top_p, 0.0, 1.0);
    number("presencePenalty", "presence_penalty", sampling.presence_penalty, -2.0, 2.0);
    number("frequencyPenalty", "frequency_penalty", sampling.frequency_penalty, -2.0, 2.0);
    config.maybe("topK", sampling.top_k.as_ref());
    if let Some(seed) = sampling.seed {
        config.field("seed", &seed_of(seed, changes));
    }
    if let Some(logprobs) = sampling.logprobs {
        config.field("responseLogprobs", &true);
        if logprobs.top > 0 {
            config.field("logprobs", &logprobs.top.min(MOST_LOGPROBS));
        }
    }
    if sampling.logit_bias.is_some() {
        changes.lost("logit_bias", "this API has none");
    }
}

/// A seed of 32 bits: the lower half of a larger one, so that one seed stays one seed.
#[allow(clippy::cast_possible_truncation)]
fn seed_of(seed: i64, changes: &mut Changes) -> i32 {
    i32::try_from(seed).unwrap_or_else(|_| {
        changes.adapted("seed", "this API's seeds have 32 bits");
        seed as i32
    })
}

fn write_form(
    form: &AnswerForm<'_>,
    model: &str,
    has_functions: bool,
    config: &mut ObjectWriter<'_>,
    changes: &mut Changes,
) {
    if matches!(form, AnswerForm::Text) {
        return;
    }
    if has_functions && thinking::thinking_of(model) != Thinking::Level {
        changes.lost("response_format", "this model gives either JSON or calls of functions");
        return;
    }
    config.field("responseMimeType", "application/json");
    if let AnswerForm::Schema(schema) = form {
        config.raw("responseJsonSchema", schema.schema.get());
    }
}

fn write_tier(tier: Option<ServiceTier>, body: &mut ObjectWriter<'_>) {
    let name = match tier {
        None | Some(ServiceTier::Auto) => return,
        Some(ServiceTier::Standard) => "standard",
        Some(ServiceTier::Flex) => "flex",
        Some(ServiceTier::Priority) => "priority",
    };
    body.field("serviceTier", name);
}

fn note_the_rest(chat: &Chat<'_>, changes: &mut Changes) {
    if chat.verbosity.as_ref().is_some_and(|verbosity| verbosity != "medium") {
        changes.lost("verbosity", "this API has none");
    }
    if chat.user.is_some() {
        changes.hint("user", "this API has none");
    }
    if chat.cache_key.is_some() {
        changes.hint("prompt_cache_key", "this API caches of its own accord");
    }
}

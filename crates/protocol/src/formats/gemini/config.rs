//! `generationConfig`, read.

use paceway_domain::{Refusal, Tokens};
use serde_json::value::RawValue;

use super::{names, schema, thinking};
use crate::changes::Changes;
use crate::neutral::{AnswerForm, Chat, Json, Logprobs, Schema};
use crate::object::{Object, Path, array, text};

/// What bears on no other provider's answer.
const HINTS: [&str; 3] = ["mediaResolution", "routingConfig", "modelSelectionConfig"];

/// Reads `generationConfig` into the chat.
pub(super) fn read<'a>(
    raw: &'a RawValue,
    path: Path<'_>,
    chat: &mut Chat<'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let mut config = Object::read(raw, path)?;
    chat.max_output = max_output(&mut config)?;
    chat.answers = names::value(&mut config, "candidateCount", "a positive integer")?.filter(|&n| n != 1);
    if let Some(raw) = names::take(&mut config, "stopSequences") {
        let path = path.name("stopSequences");
        for (index, raw) in array(raw, &path, "an array of strings")?.into_iter().enumerate() {
            chat.stop.push(text(raw, &path.index(index))?);
        }
    }
    sampling(&mut config, chat)?;
    if let Some(raw) = names::take(&mut config, "thinkingConfig") {
        chat.reasoning = Some(thinking::read(raw, path.name("thinkingConfig"), changes)?);
    }
    chat.form = form(&mut config, changes)?;
    modalities(&mut config, changes)?;
    if let Some(raw) = names::take(&mut config, "enableEnhancedCivicAnswers")
        && raw.get() != "false"
    {
        changes.hint(path.name("enableEnhancedCivicAnswers").to_string(), "only Google's models have them");
    }
    names::note_unread(&config, &HINTS, changes);
    Ok(())
}

/// Takes `maxOutputTokens`.
pub(super) fn max_output(config: &mut Object<'_, '_>) -> Result<Option<Tokens>, Refusal> {
    let most: Option<u64> = names::value(config, "maxOutputTokens", "a positive integer")?;
    match most {
        Some(0) => Err(config.path.name("maxOutputTokens").invalid("expected a positive integer, got 0")),
        most => Ok(most.map(Tokens)),
    }
}

fn sampling(config: &mut Object<'_, '_>, chat: &mut Chat<'_>) -> Result<(), Refusal> {
    let sampling = &mut chat.sampling;
    sampling.temperature = config.value("temperature", "a number from 0 to 2")?;
    sampling.top_p = names::value(config, "topP", "a number from 0 to 1")?;
    sampling.top_k = top_k(config)?;
    sampling.seed = config.value("seed", "an integer")?;
    let says_something = |penalty: &f64| *penalty != 0.0;
    sampling.presence_penalty =
        names::value(config, "presencePenalty", "a number from -2 to 2")?.filter(says_something);
    sampling.frequency_penalty =
        names::value(config, "frequencyPenalty", "a number from -2 to 2")?.filter(says_something);
    let are_wanted = names::value(config, "responseLogprobs", "true or false")?.unwrap_or(false);
    let top: Option<u8> = config.value("logprobs", "an integer from 0 to 20")?;
    sampling.logprobs = are_wanted.then(|| Logprobs { top: top.unwrap_or(0) });
    Ok(())
}

/// A whole number, which the API's types hold as a float.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // both are excluded just before
fn top_k(config: &mut Object<'_, '_>) -> Result<Option<u64>, Refusal> {
    match names::value::<f64>(config, "topK", "a positive integer")? {
        None => Ok(None),
        Some(number) if number >= 1.0 && number.fract() == 0.0 => Ok(Some(number as u64)),
        Some(number) => {
            Err(config.path.name("topK").invalid(format!("expected a positive integer, got {number}")))
        }
    }
}

fn form<'a>(config: &mut Object<'a, '_>, changes: &mut Changes) -> Result<AnswerForm<'a>, Refusal> {
    let path = config.path;
    let media_type = names::text(config, "responseMimeType")?;
    let own = names::take(config, "responseSchema");
    let json = names::schema(config, "responseJsonSchema")?;
    let schema: Option<Json<'a>> = match (json, own) {
        (Some(json), _) => Some(json),
        (None, Some(own)) => Some(schema::to_json_schema(own, &path.name("responseSchema"))?),
        (None, None) => None,
    };
    match media_type.as_deref() {
        None | Some("text/plain" | "") if schema.is_none() => Ok(AnswerForm::Text),
        None | Some("application/json" | "") => Ok(match schema {
            Some(schema) => {
                AnswerForm::Schema(Schema { name: None, description: None, schema, strict: None })
            }
            None => AnswerForm::Json,
        }),
        Some(_) => {
            let what = "other providers' APIs answer in words or JSON";
            changes.lost(path.name("responseMimeType").to_string(), what);
            Ok(AnswerForm::Text)
        }
    }
}

/// Anything but text is lost: no other format lets a chat ask for pictures or speech.
fn modalities(config: &mut Object<'_, '_>, changes: &mut Changes) -> Result<(), Refusal> {
    let Some(raw) = names::take(config, "responseModalities") else { return Ok(()) };
    let path = config.path.name("responseModalities");
    for (index, raw) in array(raw, &path, "an array of strings")?.into_iter().enumerate() {
        let path = path.index(index);
        if !text(raw, &path)?.eq_ignore_ascii_case("text") {
            changes.lost(path.to_string(), "other providers' APIs answer in text");
        }
    }
    Ok(())
}

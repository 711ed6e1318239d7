//! The fields that Google knows. Others are refused; names in snake_case become those in camelCase.
//!
//! It does not look at values, and not into what is the caller's own: arguments, results, schemas of JSON Schema.

use serde_json::{Map, Value, json};

use crate::exchange::Wrong;

/// A message's fields.
pub(super) type Shape = &'static [(&'static str, Rule)];

/// What a field holds.
pub(super) enum Rule {
    Any,
    /// A message of this shape, or a list of them.
    Of(fn() -> Shape),
    /// Messages of this shape by names of the caller's.
    Named(fn() -> Shape),
}

use Rule::{Any, Named, Of};

pub(super) const REQUEST: Shape = &[
    ("model", Any),
    ("contents", Of(|| CONTENT)),
    ("systemInstruction", Of(|| CONTENT)),
    ("tools", Of(|| TOOL)),
    ("toolConfig", Of(|| TOOL_CONFIG)),
    ("safetySettings", Of(|| SAFETY)),
    ("generationConfig", Of(|| GENERATION)),
    ("cachedContent", Any),
    ("serviceTier", Any),
    ("store", Any),
    ("labels", Any),
];
pub(super) const COUNT: Shape = &[
    ("model", Any),
    ("contents", Of(|| CONTENT)),
    ("systemInstruction", Of(|| CONTENT)),
    ("tools", Of(|| TOOL)),
    ("generationConfig", Of(|| GENERATION)),
    ("generateContentRequest", Of(|| REQUEST)),
];
pub(super) const EMBED: Shape = &[
    ("model", Any),
    ("content", Of(|| CONTENT)),
    ("taskType", Any),
    ("title", Any),
    ("outputDimensionality", Any),
    ("autoTruncate", Any),
    ("embedContentConfig", Any),
];
pub(super) const BATCH: Shape = &[("model", Any), ("requests", Of(|| EMBED))];
const CONTENT: Shape = &[("parts", Of(|| PART)), ("role", Any)];
const PART: Shape = &[
    ("text", Any),
    ("inlineData", Of(|| BLOB)),
    ("fileData", Of(|| FILE)),
    ("functionCall", Of(|| CALL)),
    ("functionResponse", Of(|| RESULT)),
    ("executableCode", Any),
    ("codeExecutionResult", Any),
    ("toolCall", Any),
    ("toolResponse", Any),
    ("thought", Any),
    ("thoughtSignature", Any),
    ("videoMetadata", Any),
    ("mediaResolution", Any),
    ("partMetadata", Any),
];
const BLOB: Shape = &[("mimeType", Any), ("data", Any), ("displayName", Any)];
const FILE: Shape = &[("mimeType", Any), ("fileUri", Any), ("displayName", Any)];
const CALL: Shape = &[("id", Any), ("name", Any), ("args", Any)];
const RESULT: Shape = &[
    ("id", Any),
    ("name", Any),
    ("response", Any),
    ("parts", Of(|| PART)),
    ("willContinue", Any),
    ("scheduling", Any),
];
const TOOL: Shape = &[
    ("functionDeclarations", Of(|| FUNCTION)),
    ("googleSearch", Any),
    ("googleSearchRetrieval", Any),
    ("codeExecution", Any),
    ("urlContext", Any),
    ("computerUse", Any),
    ("fileSearch", Any),
    ("googleMaps", Any),
    ("mcpServers", Any),
    ("retrieval", Any),
    ("enterpriseWebSearch", Any),
];
const FUNCTION: Shape = &[
    ("name", Any),
    ("description", Any),
    ("behavior", Any),
    ("parameters", Of(|| SCHEMA)),
    ("parametersJsonSchema", Any),
    ("response", Of(|| SCHEMA)),
    ("responseJsonSchema", Any),
];
const SCHEMA: Shape = &[
    ("type", Any),
    ("format", Any),
    ("title", Any),
    ("description", Any),
    ("nullable", Any),
    ("enum", Any),
    ("maxItems", Any),
    ("minItems", Any),
    ("properties", Named(|| SCHEMA)),
    ("required", Any),
    ("minProperties", Any),
    ("maxProperties", Any),
    ("minLength", Any),
    ("maxLength", Any),
    ("pattern", Any),
    ("example", Any),
    ("anyOf", Of(|| SCHEMA)),
    ("propertyOrdering", Any),
    ("default", Any),
    ("items", Of(|| SCHEMA)),
    ("minimum", Any),
    ("maximum", Any),
];
const TOOL_CONFIG: Shape = &[
    ("functionCallingConfig", Of(|| CALLING)),
    ("retrievalConfig", Any),
    ("includeServerSideToolInvocations", Any),
];
const CALLING: Shape = &[("mode", Any), ("allowedFunctionNames", Any), ("streamFunctionCallArguments", Any)];
const SAFETY: Shape = &[("category", Any), ("threshold", Any), ("method", Any)];
const GENERATION: Shape = &[
    ("stopSequences", Any),
    ("responseMimeType", Any),
    ("responseSchema", Of(|| SCHEMA)),
    ("responseJsonSchema", Any),
    ("responseFormat", Any),
    ("responseModalities", Any),
    ("candidateCount", Any),
    ("maxOutputTokens", Any),
    ("temperature", Any),
    ("topP", Any),
    ("topK", Any),
    ("seed", Any),
    ("presencePenalty", Any),
    ("frequencyPenalty", Any),
    ("responseLogprobs", Any),
    ("logprobs", Any),
    ("enableEnhancedCivicAnswers", Any),
    ("speechConfig", Any),
    ("thinkingConfig", Of(|| THINKING)),
    ("imageConfig", Any),
    ("mediaResolution", Any),
    ("audioTimestamp", Any),
    ("routingConfig", Any),
    ("modelSelectionConfig", Any),
];
const THINKING: Shape = &[("includeThoughts", Any), ("thinkingBudget", Any), ("thinkingLevel", Any)];

/// The message with the names that the shape has, all the way down.
pub(super) fn normalized(message: &Value, shape: Shape) -> Result<Value, Wrong> {
    descend(message, shape, "")
}

fn descend(value: &Value, shape: Shape, path: &str) -> Result<Value, Wrong> {
    match value {
        Value::Object(fields) => {
            let mut known = Map::new();
            for (name, value) in fields {
                let camel = camel(name);
                let Some((name, rule)) = shape.iter().find(|(known, _)| *known == camel) else {
                    return Err(unknown(name, path));
                };
                let inner = if path.is_empty() { snake(name) } else { format!("{path}.{}", snake(name)) };
                let value = match rule {
                    Any => value.clone(),
                    Of(shape) => descend(value, shape(), &inner)?,
                    Named(shape) => named(value, shape(), &inner)?,
                };
                known.insert((*name).to_owned(), value);
            }
            Ok(Value::Object(known))
        }
        Value::Array(items) => {
            let inner = |(index, item): (usize, &Value)| descend(item, shape, &format!("{path}[{index}]"));
            items.iter().enumerate().map(inner).collect()
        }
        other => Ok(other.clone()),
    }
}

fn named(value: &Value, shape: Shape, path: &str) -> Result<Value, Wrong> {
    let Some(fields) = value.as_object() else { return Ok(value.clone()) };
    let inner = |(name, value): (&String, &Value)| {
        Ok((name.clone(), descend(value, shape, &format!("{path}.{name}"))?))
    };
    Ok(Value::Object(fields.iter().map(inner).collect::<Result<_, Wrong>>()?))
}

fn unknown(name: &str, path: &str) -> Wrong {
    let place = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
    let message =
        format!("Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field.");
    let violation = json!({"field": path, "description": message});
    let details =
        json!([{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]);
    Wrong { status: 400, message, details }
}

/// `max_output_tokens` as `maxOutputTokens`.
fn camel(name: &str) -> String {
    let mut camel = String::new();
    let mut is_up = false;
    for character in name.chars() {
        match character {
            '_' => is_up = true,
            _ if is_up => {
                camel.push(character.to_ascii_uppercase());
                is_up = false;
            }
            _ => camel.push(character),
        }
    }
    camel
}

/// `maxOutputTokens` as `max_output_tokens`, which is how errors name places.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_become_one_and_the_callers_own_names_stay() {
        let message = json!({
            "generation_config": {"max_output_tokens": 1, "responseSchema": {"properties": {"my_name": {"min_items": 1}}}},
            "contents": [{"parts": [{"function_call": {"args": {"my_arg": 1}}}]}],
        });
        let fine = json!({
            "generationConfig": {"maxOutputTokens": 1, "responseSchema": {"properties": {"my_name": {"minItems": 1}}}},
            "contents": [{"parts": [{"functionCall": {"args": {"my_arg": 1}}}]}],
        });
        assert_eq!(normalized(&message, REQUEST).unwrap(), fine);
    }

    #[test]
    fn an_unknown_name_is_told_with_its_place() {
        let declaration = json!({"parameters": {"additionalProperties": false}});
        let message = json!({"tools": [{"functionDeclarations": [declaration]}]});
        assert_eq!(
            normalized(&message, REQUEST).unwrap_err().message,
            "Invalid JSON payload received. Unknown name \"additionalProperties\" at \
             'tools[0].function_declarations[0].parameters': Cannot find field."
        );
    }
}

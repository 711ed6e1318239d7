//! Amazon's dialect: Bedrock's runtime. Requests are read and answers written in the files below.
//!
//! Source: docs.aws.amazon.com/bedrock/latest (APIReference/API_runtime_*, userguide/conversation-inference,
//! userguide/model-parameters-anthropic-claude-messages), read 2026-10, and botocore 1.44's model of the service.

mod converse;
mod invoke;
mod turns;
mod write;

use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::exchange::{self, Wrong, text_header};
use crate::limiter::{Reading, Refused, Rules};
use crate::models::{self, Model};

pub(crate) use converse::Converse;
pub(crate) use invoke::Invoke;

/// The regions in front of a model's id, which stand for inference profiles.
const REGIONS: [&str; 7] = ["us.", "us-gov.", "eu.", "apac.", "jp.", "au.", "global."];

/// The dialect as Bedrock speaks it.
pub(crate) struct Bedrock;

/// The name that its maker gives a model: `claude-sonnet-5-5` for `us.anthropic.claude-sonnet-5-5-v1:0`.
pub(crate) fn own_name(id: &str) -> &str {
    // The id of an inference profile stands at the end of its ARN.
    let id = id.rsplit('/').next().unwrap_or(id);
    let id = REGIONS.iter().find_map(|region| id.strip_prefix(region)).unwrap_or(id);
    let id = id.strip_prefix("anthropic.").or_else(|| id.strip_prefix("amazon.")).unwrap_or(id);
    let is_version = |end: &str| {
        let of_one = |character: char| character.is_ascii_digit() || matches!(character, 'v' | ':');
        end.starts_with('v') && end.len() > 1 && end.chars().all(of_one)
    };
    id.rsplit_once('-').filter(|(_, end)| is_version(end)).map_or(id, |(name, _)| name)
}

/// The body as an object.
pub(crate) fn parse(body: &[u8]) -> Result<Value, Wrong> {
    match serde_json::from_slice(body) {
        Ok(body @ Value::Object(_)) => Ok(body),
        _ => Err(Wrong {
            details: json!("SerializationException"),
            ..Wrong::invalid("Unexpected end of JSON document or a document that is no object")
        }),
    }
}

/// What is said of a value that the service's model does not allow.
fn constraint(place: &str, what: &str) -> Wrong {
    Wrong::invalid(format!(
        "1 validation error detected: Value at '{place}' failed to satisfy constraint: {what}"
    ))
}

impl exchange::Dialect for Bedrock {
    fn rules(&self) -> Rules {
        Rules::Bedrock
    }

    fn model(&self, id: &str) -> Option<&'static Model> {
        let name = own_name(id);
        if id.contains("anthropic.") {
            models::find(name, Rules::Anthropic)
        } else if id.contains("amazon.") {
            models::find(name, Rules::Bedrock)
        } else {
            None
        }
    }

    fn unknown_model(&self, _: &str) -> Wrong {
        Wrong::invalid("The provided model identifier is invalid.")
    }

    fn error(&self, wrong: &Wrong, serial: u64) -> (Value, HeaderMap) {
        let kind = match wrong.status {
            403 => "AccessDeniedException",
            404 => "ResourceNotFoundException",
            408 => "ModelTimeoutException",
            424 => "ModelErrorException",
            429 => "ThrottlingException",
            503 => "ServiceUnavailableException",
            400..=499 => "ValidationException",
            _ => "InternalServerException",
        };
        let mut headers = self.headers(&[], serial);
        text_header(&mut headers, "x-amzn-errortype", wrong.details.as_str().unwrap_or(kind));
        (json!({"message": wrong.message}), headers)
    }

    fn headers(&self, _: &[Reading], serial: u64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        text_header(&mut headers, "x-amzn-requestid", &format!("00000000-0000-4000-8000-{serial:012}"));
        headers
    }

    /// It does not say which quota was reached.
    fn refusal(&self, _: &Refused, _: &Model) -> Wrong {
        Wrong::new(429, "Too many requests, please wait before trying again.")
    }

    fn unauthorized(&self) -> u16 {
        403
    }

    fn denied(&self) -> Wrong {
        let message = "The security token included in the request is invalid.";
        Wrong { details: json!("UnrecognizedClientException"), ..Wrong::new(403, message) }
    }

    fn too_long(&self, _: u64) -> Wrong {
        Wrong::invalid("Input is too long for requested model.")
    }

    /// What the model's maker says, in Amazon's frame.
    fn filtered(&self) -> Option<Wrong> {
        Some(Wrong::invalid(
            "The model returned the following errors: Output blocked by content filtering policy",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_known_by_every_form_of_its_id() {
        let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0";
        let ids = [
            "anthropic.claude-sonnet-5-5-v1:0",
            "us.anthropic.claude-opus-5-5-v1",
            arn,
            "amazon.nova-pro-v1:0",
        ];
        let names = ["claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-4-5-20251001", "nova-pro"];
        assert_eq!(ids.map(own_name), names);
        assert!(ids.iter().all(|id| exchange::Dialect::model(&Bedrock, id).is_some()));
        assert!(exchange::Dialect::model(&Bedrock, "claude-sonnet-5-5").is_none());
    }
}

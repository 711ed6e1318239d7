//! InvokeModel with the body of the model's maker: Anthropic's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{own_name, parse};
use crate::anthropic::{For, Messages, version_in};
use crate::ask::Ask;
use crate::event_stream;
use crate::exchange::{Chunk, Exchange, Facts, Wrong};

/// The version that a body names.
const VERSION: &str = "bedrock-2023-05-31";

/// A request in Anthropic's words.
pub(crate) struct Invoke(Messages);

impl Invoke {
    pub(crate) fn read(body: &[u8], id: &str, is_streamed: bool) -> Result<Self, Wrong> {
        let mut body = parse(body)?;
        if !id.contains("anthropic.") && !id.contains("amazon.") {
            return Err(Wrong::invalid("The provided model identifier is invalid."));
        }
        let malformed = |what: &str| {
            Err(Wrong::invalid(format!(
                "Malformed input request: #: {what}, please reformat your input and try again."
            )))
        };
        if !id.contains("anthropic.") {
            return malformed("this simulated provider knows only Anthropic's bodies here; use Converse");
        }
        if let Some(key) = ["model", "stream"].into_iter().find(|key| body.get(*key).is_some()) {
            return malformed(&format!("extraneous key [{key}] is not permitted"));
        }
        for key in ["anthropic_version", "max_tokens", "messages"] {
            if body[key].is_null() {
                return malformed(&format!("required key [{key}] not found"));
            }
        }
        let version =
            version_in(&body, VERSION).ok_or_else(|| Wrong::invalid("Invalid API version"))?.to_owned();
        body["model"] = id.into();
        if let Some(fields) = body.as_object_mut() {
            fields.remove("anthropic_version");
            fields.remove("anthropic_beta");
        }
        let mut messages = Messages::read(&body, &version, For::Generating)?;
        let ask = messages.ask_mut();
        ask.stream = is_streamed;
        ask.told_model = Some(own_name(id).to_owned());
        Ok(Self(messages))
    }
}

impl Exchange for Invoke {
    fn ask(&self) -> &Ask {
        self.0.ask()
    }

    fn whole(&self, facts: &Facts<'_>) -> Value {
        self.0.whole(facts)
    }

    /// Anthropic's events, but for pings, as base64 in frames; the last has the counts.
    fn chunks(&self, facts: &Facts<'_>) -> Vec<Chunk> {
        let events = self.0.events(facts).into_iter().filter(|(event, _)| event["type"] != "ping");
        let frame = |(mut event, tokens): (Value, u64)| {
            if event["type"] == "message_stop" {
                event["amazon-bedrock-invocationMetrics"] = json!({
                    "inputTokenCount": facts.uncached_input(), "outputTokenCount": facts.output(),
                    "invocationLatency": 1, "firstByteLatency": 1,
                });
            }
            let bytes = STANDARD.encode(event.to_string());
            event_stream::event("chunk", &json!({"bytes": bytes, "p": "abcdefgh"})).worth(tokens)
        };
        events.map(frame).collect()
    }

    fn stream_type(&self) -> &'static str {
        event_stream::MEDIA_TYPE
    }

    fn broken(&self, _: &Facts<'_>, _: usize) -> Chunk {
        let message = json!({"message": "The system encountered an unexpected error (simulated fault)."});
        event_stream::exception("internalServerException", &message)
    }
}

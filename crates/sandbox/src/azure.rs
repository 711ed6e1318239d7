//! Azure's dialect: OpenAI's, with deployments, its own errors and its filters of contents.
//!
//! Source: learn.microsoft.com/azure/ai-foundry/openai (reference, quotas-limits, concepts/content-filter), read 2026-10.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::exchange::{Dialect, Wrong, number_header, text_header};
use crate::limiter::{Kind, Reading, Refused, Rules};
use crate::models::{self, MODELS, Model};
use crate::openai;

/// The dialect as Azure speaks it.
pub(crate) struct Azure;

/// The model that a deployment is of: the one whose name its name holds.
pub(crate) fn model_of(deployment: &str) -> Option<&'static str> {
    let held = MODELS.iter().filter(|model| model.rules == Rules::OpenAi && deployment.contains(model.id));
    held.map(|model| model.id).max_by_key(|id| id.len())
}

/// What is said of a request without `?api-version=`.
pub(crate) fn no_version() -> Wrong {
    Wrong::new(404, "Resource not found")
}

impl Dialect for Azure {
    fn rules(&self) -> Rules {
        Rules::OpenAi
    }

    fn model(&self, id: &str) -> Option<&'static Model> {
        models::find(id, Rules::OpenAi)
    }

    fn unknown_model(&self, _: &str) -> Wrong {
        let message = "The API deployment for this resource does not exist. If you created the deployment within the \
                       last 5 minutes, please wait a moment and try again.";
        Wrong { details: json!({"code": "DeploymentNotFound"}), ..Wrong::new(404, message) }
    }

    /// What the model refuses is told as OpenAI does, what the service refuses by its status.
    fn error(&self, wrong: &Wrong, serial: u64) -> (Value, HeaderMap) {
        let body = match wrong.status {
            400 if wrong.details["innererror"].is_object() => {
                let mut body = openai::error(wrong);
                body["error"]["type"] = Value::Null;
                body["error"]["status"] = json!(wrong.status);
                body["error"]["innererror"] = wrong.details["innererror"].clone();
                body
            }
            400 | 500.. => openai::error(wrong),
            status => {
                let code = wrong.details["code"].as_str().map_or_else(|| status.to_string(), str::to_owned);
                json!({"error": {"code": code, "message": wrong.message}})
            }
        };
        (body, self.headers(&[], serial))
    }

    fn headers(&self, readings: &[Reading], serial: u64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        text_header(&mut headers, "apim-request-id", &format!("00000000-0000-4000-8000-{serial:012}"));
        text_header(&mut headers, "x-request-id", &format!("req_sim{serial:020}"));
        text_header(&mut headers, "x-ms-region", "Simulated");
        for reading in readings {
            let family = if reading.kind == Kind::Requests { "requests" } else { "tokens" };
            number_header(
                &mut headers,
                &format!("x-ratelimit-remaining-{family}"),
                reading.remaining.floor(),
            );
        }
        headers
    }

    fn states_wait(&self) -> bool {
        true
    }

    fn refusal(&self, refused: &Refused, _: &Model) -> Wrong {
        let what = if refused.kind == Kind::Requests { "call" } else { "token" };
        Wrong::new(
            429,
            format!(
                "Your requests to this deployment have exceeded the {what} rate limit of your current pricing tier. \
                 Please retry after {:.0} seconds.",
                refused.wait.ceil()
            ),
        )
    }

    fn wait_headers(&self, refused: &Refused) -> HeaderMap {
        let mut headers = HeaderMap::new();
        number_header(&mut headers, "retry-after", refused.wait.ceil());
        number_header(&mut headers, "retry-after-ms", (refused.wait * 1e3).ceil());
        headers
    }

    fn denied(&self) -> Wrong {
        let message = "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid \
                       key for an active subscription and use a correct regional API endpoint for your resource.";
        Wrong::new(401, message)
    }

    fn too_long(&self, excess: u64) -> Wrong {
        openai::too_long(excess)
    }

    /// Source: github.com/microsoft/TinyTroupe, issue 85.
    fn filtered(&self) -> Option<Wrong> {
        let message = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. \
                       Please modify your prompt and retry. To learn more about our content filtering policies please \
                       read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766";
        let safe = json!({"filtered": false, "severity": "safe"});
        let inner = json!({
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {
                "hate": safe, "jailbreak": {"filtered": true, "detected": true}, "self_harm": safe, "sexual": safe,
                "violence": safe,
            },
        });
        let details = json!({"param": "prompt", "code": "content_filter", "innererror": inner});
        Some(Wrong { details, ..Wrong::invalid(message) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_is_of_the_model_that_its_name_holds() {
        assert_eq!(model_of("team-a-gpt-5-mini-2"), Some("gpt-5-mini"));
        assert_eq!(model_of("anything"), None);
    }
}

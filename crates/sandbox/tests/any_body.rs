//! No body whatsoever hurts the provider: every endpoint answers arbitrary JSON, JSON of its own words and bytes.
#![allow(clippy::unwrap_used)]

use axum::body::Body;
use axum::http::Request;
use paceway_sandbox::{Latency, OutputLength, Sandbox, Settings};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tower_service::Service;

const PATHS: [&str; 27] = [
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/chat/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/v1/responses/input_tokens",
    "/v1/responses/resp_none/cancel",
    "/v1/images/generations",
    "/v1/audio/transcriptions",
    "/v1/audio/speech",
    "/v1/rerank",
    "/v2/chat",
    "/v2/embed",
    "/v2/rerank",
    "/v1beta/models/gemini-3-pro:generateContent",
    "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
    "/v1beta/models/gemini-2.5-flash:countTokens",
    "/v1beta/models/gemini-embedding-001:embedContent",
    "/v1beta/models/gemini-embedding-001:batchEmbedContents",
    "/model/anthropic.claude-sonnet-5-5-v1:0/converse",
    "/model/amazon.nova-pro-v1:0/converse-stream",
    "/model/anthropic.claude-sonnet-5-5-v1:0/invoke",
    "/model/anthropic.claude-sonnet-5-5-v1:0/invoke-with-response-stream",
    "/openai/deployments/gpt-5-mini/chat/completions?api-version=1",
    "/openai/v1/responses",
    "/v1/projects/p/locations/l/publishers/google/models/gemini-embedding-001:predict",
    "/v1/projects/p/locations/l/publishers/anthropic/models/claude-sonnet-5-5:streamRawPredict",
];

/// Words that the dialects know, so that arbitrary bodies get somewhere.
const WORDS: [&str; 71] = [
    "model",
    "messages",
    "contents",
    "input",
    "role",
    "user",
    "assistant",
    "system",
    "tool",
    "content",
    "parts",
    "type",
    "text",
    "image",
    "image_url",
    "source",
    "tool_use",
    "tool_result",
    "tool_use_id",
    "id",
    "name",
    "f",
    "tools",
    "function",
    "custom",
    "namespace",
    "parameters",
    "input_schema",
    "properties",
    "required",
    "object",
    "array",
    "items",
    "enum",
    "tool_choice",
    "any",
    "auto",
    "thinking",
    "signature",
    "budget_tokens",
    "max_tokens",
    "stream",
    "n",
    "stop",
    "function_call",
    "function_call_output",
    "call_id",
    "arguments",
    "output",
    "reasoning",
    "functionCall",
    "functionResponse",
    "functionDeclarations",
    "generationConfig",
    "toolConfig",
    "responseSchema",
    "toolUse",
    "toolResult",
    "toolUseId",
    "toolSpec",
    "inputSchema",
    "json",
    "response_format",
    "json_schema",
    "schema",
    "call f {\"a\": 1} call f {",
    "use f",
    "gpt-5-mini",
    "claude-sonnet-5-5",
    "command-a-03-2025",
    "é\u{1f30a}\"“`",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![8 => prop::sample::select(&WORDS[..]).prop_map(str::to_owned), 1 => ".{0,12}"]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-3_i64..200).prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A body that each dialect begins to read, with arbitrary values in it.
fn body() -> impl Strategy<Value = Value> {
    let fields = prop::collection::vec((word(), value()), 0..5);
    (value(), value(), value(), fields).prop_map(|(content, tools, choice, fields)| {
        let mut body = json!({
            "model": "gpt-5-mini",
            "max_tokens": 99,
            "messages": [{"role": "user", "content": content, "parts": content}],
            "tools": tools,
            "tool_choice": choice,
        });
        body.as_object_mut().unwrap().extend(fields.into_iter().collect::<Map<_, _>>());
        body
    })
}

/// A provider that is never at a limit, for a synchronous caller.
struct Provider(axum::Router, tokio::runtime::Runtime);

impl Provider {
    fn new() -> Self {
        let settings = Settings {
            latency: Latency { first_token_ms: 0, per_token_ms: 0.0 },
            output: OutputLength { min_tokens: 4, max_tokens: 8 },
            ..Settings::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self(Sandbox::new(settings).router(), runtime)
    }

    /// The statuses of all endpoints; their bodies are read to the end.
    fn ask_all(&self, body: &[u8]) -> Vec<u16> {
        let ask = |path: &&str| {
            let request = Request::builder()
                .method("POST")
                .uri(*path)
                .header("authorization", "Bearer any")
                .header("api-key", "any")
                .header("anthropic-version", "2023-06-01")
                .header("content-type", "application/json")
                .body(Body::from(body.to_vec()))
                .unwrap();
            self.1.block_on(async {
                let (head, body) = self.0.clone().call(request).await.unwrap().into_parts();
                http_body_util::BodyExt::collect(body).await.unwrap();
                head.status.as_u16()
            })
        };
        PATHS.iter().map(ask).collect()
    }
}

/// What may come of a body that nobody meant: an answer, or a refusal that blames it.
fn is_an_answer(status: u16) -> bool {
    status == 200 || (400..500).contains(&status)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn arbitrary_json_is_answered(body in prop_oneof![value(), body()]) {
        let statuses = Provider::new().ask_all(body.to_string().as_bytes());
        prop_assert!(statuses.iter().copied().all(is_an_answer), "{statuses:?}");
    }

    #[test]
    fn arbitrary_bytes_are_answered(body in prop::collection::vec(any::<u8>(), 0..64)) {
        let statuses = Provider::new().ask_all(&body);
        prop_assert!(statuses.iter().copied().all(is_an_answer), "{statuses:?}");
    }

    #[test]
    fn arbitrary_items_of_each_list_are_answered(items in prop::collection::vec(value(), 1..4)) {
        let body = json!({"model": "gpt-5-mini", "input": items});
        let contents = json!({"contents": items, "tools": items});
        for body in [body, contents] {
            let statuses = Provider::new().ask_all(body.to_string().as_bytes());
            prop_assert!(statuses.iter().copied().all(is_an_answer), "{statuses:?}");
        }
    }
}

//! OpenAI's Chat Completions and embeddings: what they answer, and what they refuse.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{Client, PNG, joined, with};

const PATH: &str = "/v1/chat/completions";

fn client() -> Client {
    Client::new(&[("authorization", "Bearer any")])
}

fn ask(over: Value) -> Value {
    with(json!({"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello"}]}), over)
}

fn user(content: impl Into<Value>) -> Value {
    json!({"role": "user", "content": content.into()})
}

fn tool(name: &str) -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!({"type": "function", "function": {"name": name, "parameters": schema}})
}

async fn message(over: Value) -> Value {
    client().post(PATH, &ask(over)).await.ok()["choices"][0]["message"].clone()
}

async fn refused(over: Value) -> String {
    let answer = client().post(PATH, &ask(over)).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
    answer.json()["error"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_stream_says_the_same_as_the_whole_answer() {
    let whole = message(json!({})).await;
    let options = json!({"include_usage": true});
    let stream = client().post(PATH, &ask(json!({"stream": true, "stream_options": options}))).await;
    assert_eq!(whole["content"], joined(&stream.events(), "/choices/0/delta/content"));
    assert!(stream.text().ends_with("data: [DONE]\n\n"));
    assert!(stream.events().last().unwrap()["usage"]["total_tokens"].is_u64());
}

#[tokio::test]
async fn a_tool_goes_there_and_back() {
    let question = user("call get_weather {\"city\":\"Paris\"}");
    let first = message(json!({"tools": [tool("get_weather")], "messages": [question]})).await;
    let call = &first["tool_calls"][0];
    assert_eq!((&first["content"], &call["type"]), (&Value::Null, &json!("function")));
    assert_eq!(call["function"], json!({"name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}));
    let result = json!({"role": "tool", "tool_call_id": call["id"], "content": "12 degrees"});
    let second =
        message(json!({"tools": [tool("get_weather")], "messages": [question, first, result]})).await;
    assert_eq!(second["content"], "The tool said: 12 degrees");
}

#[tokio::test]
async fn parallel_calls_are_streamed_one_after_another_or_in_turns() {
    let body = ask(json!({
        "tools": [tool("get_weather"), tool("get_time")], "stream": true,
        "messages": [user("use get_weather and get_time")],
    }));
    let indexes = |events: Vec<Value>| -> Vec<u64> {
        let delta = |event: &Value| event.pointer("/choices/0/delta/tool_calls/0/index")?.as_u64();
        events.iter().filter_map(delta).collect()
    };
    let mut client = client();
    let one_by_one = indexes(client.post(PATH, &body).await.events());
    assert!(one_by_one.is_sorted() && one_by_one.contains(&1), "{one_by_one:?}");
    client.header("x-sandbox-interleave", "1");
    let in_turns = indexes(client.post(PATH, &body).await.events());
    assert_eq!(in_turns[..4], [0, 1, 0, 1]);
    let single = with(body, json!({"parallel_tool_calls": false}));
    assert!(!indexes(client.post(PATH, &single).await.events()).contains(&1));
}

#[tokio::test]
async fn every_form_of_choice_is_kept() {
    let called = |choice: Value| async move {
        let tools = json!([tool("get_weather"), tool("get_time")]);
        let answer = message(json!({"tools": tools, "tool_choice": choice})).await;
        answer.pointer("/tool_calls/0/function/name").cloned().unwrap_or_default()
    };
    let named = json!({"type": "function", "function": {"name": "get_time"}});
    let allowed = json!({"mode": "required", "tools": [named]});
    assert_eq!(called(json!("auto")).await, Value::Null);
    assert_eq!(called(json!("none")).await, Value::Null);
    assert_eq!(called(json!("required")).await, "get_weather");
    assert_eq!(called(named).await, "get_time");
    assert_eq!(called(json!({"type": "allowed_tools", "allowed_tools": allowed})).await, "get_time");
}

#[tokio::test]
async fn structured_output_fits_its_schema() {
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["unit"],
        "properties": {"unit": {"enum": ["celsius", "kelvin"]}},
    });
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": schema}});
    assert_eq!(message(json!({"response_format": format})).await["content"], "{\"unit\":\"celsius\"}");
    let body = json!({"response_format": {"type": "json_object"}, "messages": [user("Give me JSON")]});
    let content: Value = serde_json::from_str(message(body).await["content"].as_str().unwrap()).unwrap();
    assert!(content.is_object());
}

#[tokio::test]
async fn images_are_seen() {
    let data = json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{PNG}")}});
    let web = json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}});
    let content = json!([{"type": "text", "text": "What is this?"}, data, web]);
    let answer = message(json!({"messages": [user(content)]})).await;
    assert!(answer["content"].as_str().unwrap().starts_with("I see 2 images (image/png, url). "), "{answer}");
}

#[tokio::test]
async fn several_choices_likelihoods_and_reasoning_are_told() {
    let body = json!({"n": 3, "logprobs": true, "top_logprobs": 2, "reasoning_effort": "low", "seed": 7});
    let answer = client().post(PATH, &ask(body)).await.ok();
    assert_eq!(answer["choices"].as_array().unwrap().len(), 3);
    assert_ne!(answer["choices"][0]["message"], answer["choices"][1]["message"]);
    let first = &answer["choices"][0]["logprobs"]["content"][0];
    assert_eq!((&first["token"], first["top_logprobs"].as_array().unwrap().len()), (&json!("This"), 2));
    assert!(answer["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_refusal_and_a_filter_are_told_as_such() {
    let refusal = message(json!({"messages": [user("simulate a refusal")]})).await;
    assert!(refusal["content"].is_null() && refusal["refusal"].is_string(), "{refusal}");
    let body = ask(json!({"messages": [user("simulate a content filter")]}));
    assert_eq!(client().post(PATH, &body).await.ok()["choices"][0]["finish_reason"], "content_filter");
}

#[tokio::test]
async fn what_is_anthropics_is_refused() {
    let unrecognized = |field: &str| format!("Unrecognized request argument supplied: {field}");
    assert_eq!(refused(json!({"top_k": 1})).await, unrecognized("top_k"));
    assert_eq!(refused(json!({"stop_sequences": []})).await, unrecognized("stop_sequences"));
    let part = json!({"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}});
    assert_eq!(refused(json!({"messages": [user(json!([part]))]})).await, unrecognized("cache_control"));
    assert!(refused(json!({"metadata": {"user": 1}})).await.contains("metadata.user"));
    let any = json!({"tools": [tool("f")], "tool_choice": {"type": "any"}});
    assert!(refused(any).await.contains("tool_choice.type"));
}

#[tokio::test]
async fn max_tokens_is_refused_by_models_that_reason_and_taken_by_others() {
    let answer = client().post(PATH, &ask(json!({"max_tokens": 9}))).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"]["code"], "unsupported_parameter");
    assert_eq!(answer.json()["error"]["param"], "max_tokens");
    let older = client().post(PATH, &ask(json!({"max_tokens": 9, "model": "gpt-4o-mini"}))).await.ok();
    assert_eq!(older["choices"][0]["finish_reason"], "length");
}

#[tokio::test]
async fn calls_and_tool_messages_must_belong_together() {
    let orphan = json!({"role": "tool", "tool_call_id": "a", "content": "x"});
    assert!(
        refused(json!({"messages": [user("Hi"), orphan]}))
            .await
            .contains("must be a response to a preceeding")
    );
    let call = json!({"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let calling = json!({"role": "assistant", "content": null, "tool_calls": [call]});
    let unanswered = json!({"messages": [user("Hi"), calling, user("And?")]});
    assert!(refused(unanswered).await.ends_with("did not have response messages: a"));
}

#[tokio::test]
async fn embeddings_are_the_same_as_floats_and_as_base64_and_have_length_one() {
    let client = client();
    let ask =
        |over: Value| with(json!({"model": "text-embedding-3-small", "input": "Hi", "dimensions": 8}), over);
    let floats = client.post("/v1/embeddings", &ask(json!({"input": ["Hi", "you"]}))).await.ok();
    let vector: Vec<f64> = floats["data"][0]["embedding"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value.as_f64().unwrap())
        .collect();
    assert!((vector.iter().map(|value| value * value).sum::<f64>() - 1.0).abs() < 1e-5, "{vector:?}");
    assert_eq!((vector.len(), floats["data"].as_array().unwrap().len()), (8, 2));
    let base64 = client.post("/v1/embeddings", &ask(json!({"encoding_format": "base64"}))).await.ok();
    assert_eq!(base64["data"][0]["embedding"].as_str().unwrap().len(), 44);
    let tokens = client.post("/v1/embeddings", &ask(json!({"input": [[1, 2], [3]]}))).await.ok();
    assert_eq!(tokens["usage"]["prompt_tokens"], 3);
    assert_eq!(client.post("/v1/embeddings", &ask(json!({"input": ""}))).await.status, 400);
}

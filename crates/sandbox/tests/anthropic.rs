//! Anthropic's Messages: what it answers, and what it refuses.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{Client, PNG, joined, with};

fn client() -> Client {
    Client::new(&[("x-api-key", "any"), ("anthropic-version", "2023-06-01")])
}

fn ask(over: Value) -> Value {
    let base = json!({
        "model": "claude-sonnet-5-5", "max_tokens": 4096, "messages": [{"role": "user", "content": "Hello"}],
    });
    with(base, over)
}

fn user(content: impl Into<Value>) -> Value {
    json!({"role": "user", "content": content.into()})
}

fn weather() -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!({"name": "get_weather", "input_schema": schema})
}

async fn refused(over: Value) -> String {
    let answer = client().post("/v1/messages", &ask(over)).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
    answer.json()["error"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_stream_says_the_same_as_the_whole_answer() {
    let whole = client().post("/v1/messages", &ask(json!({}))).await.ok();
    let stream = client().post("/v1/messages", &ask(json!({"stream": true}))).await;
    assert_eq!(whole["content"][0]["text"], joined(&stream.events(), "/delta/text"));
    assert_eq!(
        stream.event_types(),
        [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
}

#[tokio::test]
async fn a_tool_goes_there_and_back() {
    let question = user("call get_weather {\"city\":\"Paris\"}");
    let first =
        client().post("/v1/messages", &ask(json!({"tools": [weather()], "messages": [question]}))).await.ok();
    assert_eq!(first["stop_reason"], "tool_use");
    let call = &first["content"][0];
    assert_eq!((&call["name"], &call["input"]), (&json!("get_weather"), &json!({"city": "Paris"})));
    let result = json!([{"type": "tool_result", "tool_use_id": call["id"], "content": "12 degrees"}]);
    let messages = json!([question, {"role": "assistant", "content": first["content"]}, user(result)]);
    let body = ask(json!({"tools": [weather()], "messages": messages}));
    let second = client().post("/v1/messages", &body).await.ok();
    assert_eq!(second["content"][0]["text"], "The tool said: 12 degrees");
    assert_eq!(second["stop_reason"], "end_turn");
}

#[tokio::test]
async fn a_streamed_call_comes_in_pieces_that_join_to_its_input() {
    let directive = user("call get_weather {\"city\": \"Paris\", \"days\": [1, 2]}");
    let body = ask(json!({"tools": [weather()], "messages": [directive], "stream": true}));
    let events = client().post("/v1/messages", &body).await.events();
    let input: Value = serde_json::from_str(&joined(&events, "/delta/partial_json")).unwrap();
    assert_eq!(input, json!({"city": "Paris", "days": [1, 2]}));
    assert_eq!(events[1]["content_block"]["input"], json!({}));
}

#[tokio::test]
async fn a_forced_tool_is_called_and_a_forbidden_one_is_not() {
    let called = |choice: Value| async move {
        let asked = user("Hello get_weather");
        let body = ask(json!({"tools": [weather()], "tool_choice": choice, "messages": [asked]}));
        client().post("/v1/messages", &body).await.ok()["stop_reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(called(json!({"type": "any"})).await, "tool_use");
    assert_eq!(called(json!({"type": "tool", "name": "get_weather"})).await, "tool_use");
    assert_eq!(called(json!({"type": "none"})).await, "end_turn");
}

#[tokio::test]
async fn a_tool_that_the_system_prompt_says_must_be_called_is_called() {
    for must in ["must call the tool `get_weather`", "must call one of the tools"] {
        let told = json!({"tools": [weather()], "system": format!("Your next message {must}.")});
        let answer = client().post("/v1/messages", &ask(told)).await.ok();
        assert_eq!(answer["content"][0]["name"], "get_weather");
    }
}

#[tokio::test]
async fn thinking_comes_first_and_its_signature_must_come_back_unaltered() {
    let thinking = json!({"type": "enabled", "budget_tokens": 2000});
    let first = client().post("/v1/messages", &ask(json!({"thinking": thinking}))).await.ok();
    assert_eq!(first["content"][0]["type"], "thinking");
    assert_eq!(first["content"][1]["type"], "text");
    let again = |content: &Value| {
        let messages = json!([user("Hello"), {"role": "assistant", "content": content}, user("And?")]);
        ask(json!({"thinking": thinking, "messages": messages}))
    };
    client().post("/v1/messages", &again(&first["content"])).await.ok();
    let mut altered = first["content"].clone();
    altered[0]["thinking"] = json!("something else");
    let answer = client().post("/v1/messages", &again(&altered)).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("Invalid `signature` in `thinking` block"), "{}", answer.text());
}

#[tokio::test]
async fn streamed_thinking_ends_with_its_signature() {
    let body = ask(json!({"thinking": {"type": "adaptive"}, "stream": true}));
    let events = client().post("/v1/messages", &body).await.events();
    let whole = client().post("/v1/messages", &ask(json!({"thinking": {"type": "adaptive"}}))).await.ok();
    assert_eq!(joined(&events, "/delta/thinking"), whole["content"][0]["thinking"]);
    assert_eq!(joined(&events, "/delta/signature"), whole["content"][0]["signature"]);
}

#[tokio::test]
async fn images_and_documents_are_seen_and_cost_a_fixed_number_of_tokens() {
    let image =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}});
    let pdf = json!({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}});
    let body =
        ask(json!({"messages": [user(json!([image, pdf, {"type": "text", "text": "What is this?"}]))]}));
    let answer = client().post("/v1/messages", &body).await.ok();
    let text = answer["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("I see 1 image (image/png). I see 1 document (application/pdf). "), "{text}");
    let counted = client().post("/v1/messages/count_tokens", &body).await.ok();
    assert_eq!(answer["usage"]["input_tokens"], counted["input_tokens"]);
    assert_eq!(counted["input_tokens"], 2_508);
}

#[tokio::test]
async fn structured_output_fits_its_schema() {
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["name", "count"],
        "properties": {"name": {"type": "string"}, "count": {"type": "integer"}},
    });
    let format = json!({"type": "json_schema", "schema": schema});
    let body = ask(json!({"output_config": {"format": format}}));
    let answer = client().post("/v1/messages", &body).await.ok();
    let text: Value = serde_json::from_str(answer["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, json!({"name": "example", "count": 1}));
}

#[tokio::test]
async fn a_search_of_the_web_is_made_and_cited() {
    let tool = json!({"type": "web_search_20250305", "name": "web_search"});
    let answer = client().post("/v1/messages", &ask(json!({"tools": [tool]}))).await.ok();
    let types: Vec<_> = answer["content"].as_array().unwrap().iter().map(|block| &block["type"]).collect();
    assert_eq!(types, ["server_tool_use", "web_search_tool_result", "text"]);
    assert_eq!(answer["content"][2]["citations"][0]["type"], "web_search_result_location");
    assert_eq!(answer["usage"]["server_tool_use"]["web_search_requests"], 1);
}

#[tokio::test]
async fn fields_of_another_dialect_are_refused() {
    assert_eq!(refused(json!({"seed": 1})).await, "seed: Extra inputs are not permitted");
    assert_eq!(refused(json!({"n": 1})).await, "n: Extra inputs are not permitted");
    assert_eq!(refused(json!({"stop": ["x"]})).await, "stop: Extra inputs are not permitted");
}

#[tokio::test]
async fn the_newer_version_refuses_what_it_no_longer_takes() {
    let newer = Client::new(&[("authorization", "Bearer any"), ("anthropic-version", "2026-10-21")]);
    let status = async |over: Value| newer.post("/v1/messages", &ask(over)).await.status;
    assert_eq!(status(json!({})).await, 200);
    assert_eq!(status(json!({"temperature": 1.0})).await, 400);
    let cited = json!({"type": "text", "text": "Hi", "citations": []});
    assert_eq!(status(json!({"messages": [user(json!([cited]))]})).await, 400);
    let pdf =
        json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}});
    let turns = json!([user("Hi"), {"role": "assistant", "content": [pdf]}, user("And?")]);
    assert_eq!(status(json!({"messages": turns})).await, 400);
}

#[tokio::test]
async fn thinking_needs_room() {
    let thinking = json!({"type": "enabled", "budget_tokens": 4096});
    assert!(refused(json!({"thinking": thinking})).await.contains("greater than `thinking.budget_tokens`"));
}

#[tokio::test]
async fn blank_texts_and_wrong_media_types_are_refused() {
    let blank = json!([user(json!([{"type": "text", "text": " "}]))]);
    assert!(refused(json!({"messages": blank})).await.contains("non-whitespace"));
    let source = json!({"type": "base64", "media_type": "image/jpg", "data": PNG});
    let image = json!([user(json!([{"type": "image", "source": source}]))]);
    assert!(refused(json!({"messages": image})).await.contains("Input should be 'image/jpeg'"));
}

#[tokio::test]
async fn calls_and_results_must_belong_together() {
    let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "f", "input": {}});
    let result = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": "x"});
    let turns = |calls: Value, results: Value| json!({"messages": [user("Hi"), {"role": "assistant", "content": calls}, user(results)]});
    let orphan = turns(json!([{"type": "text", "text": "Hm"}]), json!([result("a")]));
    assert!(refused(orphan).await.contains("unexpected `tool_use_id` found in `tool_result` blocks: a"));
    let unanswered = turns(json!([call("a"), call("b")]), json!([result("a")]));
    assert!(refused(unanswered).await.contains("without `tool_result` blocks immediately after: b"));
    let text = json!({"type": "text", "text": "Here:"});
    let late = turns(json!([call("a")]), json!([text, result("a")]));
    assert!(refused(late).await.contains("immediately after: a"));
    let odd = turns(json!([call("a.b")]), json!([result("a.b")]));
    assert!(refused(odd).await.contains("^[a-zA-Z0-9_-]+$"));
}

#[tokio::test]
async fn turns_of_the_same_role_are_one() {
    let call = json!({"type": "tool_use", "id": "a", "name": "f", "input": {}});
    let result = json!({"type": "tool_result", "tool_use_id": "a", "content": "x", "is_error": true});
    let messages = json!([
        user("Hi"), user("there"), {"role": "assistant", "content": "Let me see."},
        {"role": "assistant", "content": [call]}, {"role": "system", "content": "Be brief."}, user(json!([result])),
    ]);
    let answer = client().post("/v1/messages", &ask(json!({"messages": messages}))).await.ok();
    assert_eq!(answer["content"][0]["text"], "The tool failed: x");
    let first = json!([{"role": "assistant", "content": "Hi"}, user("Hi")]);
    assert!(refused(json!({"messages": first})).await.contains("first message must use the \"user\" role"));
}

#[tokio::test]
async fn a_stream_that_fails_says_so_in_its_middle() {
    let mut client = client();
    client.header("x-sandbox-fault", "error");
    let stream = client.post("/v1/messages", &ask(json!({"stream": true}))).await;
    assert_eq!(stream.events().last().unwrap()["error"]["type"], "overloaded_error");
    assert!(!stream.text().contains("message_stop"));
}

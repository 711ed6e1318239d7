//! Cohere's chat, embeddings and reranking, and Jina's reranking.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{Client, PNG, joined, with};

fn client() -> Client {
    Client::new(&[("authorization", "Bearer any")])
}

fn ask(over: Value) -> Value {
    with(json!({"model": "command-a-03-2025", "messages": [user("Hello")]}), over)
}

fn user(content: impl Into<Value>) -> Value {
    json!({"role": "user", "content": content.into()})
}

fn tools() -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!([{"type": "function", "function": {"name": "get_weather", "parameters": schema}}])
}

async fn ok(over: Value) -> Value {
    client().post("/v2/chat", &ask(over)).await.ok()
}

#[tokio::test]
async fn a_stream_says_the_same_as_the_whole_answer() {
    let whole = ok(json!({"thinking": {"type": "enabled"}})).await;
    assert_eq!(whole["message"]["content"][0]["type"], "thinking");
    let stream =
        client().post("/v2/chat", &ask(json!({"stream": true, "thinking": {"type": "enabled"}}))).await;
    assert_eq!(
        stream.event_types(),
        [
            "message-start",
            "content-start",
            "content-delta",
            "content-end",
            "content-start",
            "content-delta",
            "content-end",
            "message-end"
        ]
    );
    let text = joined(&stream.events()[2..], "/delta/message/content/text");
    assert_eq!(whole["message"]["content"][1]["text"], text);
}

#[tokio::test]
async fn a_tool_goes_there_and_back_whole_and_streamed() {
    let question = user("call get_weather {\"city\":\"Paris\"}");
    let first = ok(json!({"tools": tools(), "messages": [question]})).await;
    assert_eq!(first["finish_reason"], "TOOL_CALL");
    assert_eq!(first["message"]["tool_plan"], "I will call get_weather.");
    let call = &first["message"]["tool_calls"][0];
    assert_eq!(call["function"]["arguments"], "{\"city\":\"Paris\"}");
    let data = json!({"data": {"degrees": 12}});
    let result = json!({"role": "tool", "tool_call_id": call["id"], "content": [{"type": "document", "document": data}]});
    let second = ok(json!({"tools": tools(), "messages": [question, first["message"], result]})).await;
    assert_eq!(second["message"]["content"][0]["text"], "The tool said: {\"degrees\":12}");
    let stream = client()
        .post("/v2/chat", &ask(json!({"tools": tools(), "messages": [question], "stream": true})))
        .await;
    assert_eq!(
        stream.event_types(),
        [
            "message-start",
            "tool-plan-delta",
            "tool-call-start",
            "tool-call-delta",
            "tool-call-end",
            "message-end"
        ]
    );
    let events = stream.events();
    let deltas = joined(&events, "/delta/message/tool_calls/function/arguments");
    assert_eq!(deltas, "{\"city\":\"Paris\"}");
}

#[tokio::test]
async fn structured_output_and_images_are_answered() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
    let format = json!({"type": "json_object", "json_schema": schema});
    assert_eq!(
        ok(json!({"response_format": format})).await["message"]["content"][0]["text"],
        "{\"a\":\"example\"}"
    );
    let image = json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{PNG}")}});
    let seen =
        ok(json!({"messages": [user(json!([{"type": "text", "text": "What is this?"}, image]))]})).await;
    let text = seen["message"]["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("I see 1 image (image/png). "), "{text}");
}

#[tokio::test]
async fn what_cohere_does_not_take_is_refused() {
    let refused = |over: Value| async move {
        let answer = client().post("/v2/chat", &ask(over)).await;
        assert_eq!(answer.status, 400);
        answer.json()["message"].as_str().unwrap().to_owned()
    };
    assert!(refused(json!({"top_p": 1})).await.contains("parameter 'top_p' is not a valid field"));
    let orphan = json!({"role": "tool", "tool_call_id": "a", "content": "x"});
    assert!(refused(json!({"messages": [user("Hi"), orphan]})).await.contains("tool call id a not found"));
    let unknown = client().post("/v2/chat", &ask(json!({"model": "command-0"}))).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn embeddings_come_in_every_form_asked_for() {
    let body = json!({
        "model": "embed-v4.0", "input_type": "search_query", "texts": ["Hi"], "output_dimension": 256,
        "embedding_types": ["float", "int8", "ubinary", "base64"],
    });
    let answer = client().post("/v2/embed", &body).await.ok();
    let length = |form: &str| answer["embeddings"][form][0].as_array().unwrap().len();
    assert_eq!((length("float"), length("int8"), length("ubinary")), (256, 256, 32));
    assert!(answer["embeddings"]["base64"][0].is_string());
}

#[tokio::test]
async fn documents_are_put_in_order_by_the_words_they_share_with_the_query() {
    let documents = json!(["7 apples", "the quiet river", "a table"]);
    let body = json!({"model": "rerank-v3.5", "query": "a quiet river", "documents": documents, "top_n": 2});
    let cohere = client().post("/v2/rerank", &body).await.ok();
    assert_eq!(cohere["results"][0]["index"], 1);
    assert_eq!(cohere["results"].as_array().unwrap().len(), 2);
    let body = with(body, json!({"model": "jina-reranker-v3"}));
    let jina = client().post("/v1/rerank", &body).await.ok();
    assert_eq!(jina["results"][0]["document"]["text"], "the quiet river");
    assert!(jina["usage"]["total_tokens"].is_u64());
}

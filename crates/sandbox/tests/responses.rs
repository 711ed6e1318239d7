//! OpenAI's Responses: what it answers, what it stores, and what it refuses.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{Client, PNG, joined, with};

const PATH: &str = "/v1/responses";

fn client() -> Client {
    Client::new(&[("authorization", "Bearer any")])
}

fn ask(over: Value) -> Value {
    with(json!({"model": "gpt-5-mini", "input": "Hello"}), over)
}

fn weather() -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!({"type": "function", "name": "get_weather", "parameters": schema})
}

async fn ok(over: Value) -> Value {
    client().post(PATH, &ask(over)).await.ok()
}

async fn refused(over: Value, status: u16) -> String {
    let answer = client().post(PATH, &ask(over)).await;
    assert_eq!(answer.status, status, "{}", answer.text());
    answer.json()["error"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_stream_has_every_event_in_order_with_its_number() {
    let whole = ok(json!({})).await;
    let stream = client().post(PATH, &ask(json!({"stream": true}))).await;
    let events = stream.events();
    assert_eq!(
        stream.event_types(),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed"
        ]
    );
    let numbers: Vec<_> = events.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
    assert!(numbers.iter().copied().eq(0..numbers.len() as u64), "{numbers:?}");
    let text = &whole["output"][0]["content"][0]["text"];
    assert_eq!(*text, joined(&events, "/delta"));
    assert_eq!(events.last().unwrap()["response"]["output"][0]["content"][0]["text"], *text);
}

#[tokio::test]
async fn a_tool_goes_there_and_back() {
    let question = json!({"role": "user", "content": "call get_weather {\"city\":\"Paris\"}"});
    let first = ok(json!({"tools": [weather()], "input": [question]})).await;
    let call = &first["output"][0];
    assert_eq!(
        (&call["type"], &call["arguments"]),
        (&json!("function_call"), &json!("{\"city\":\"Paris\"}"))
    );
    let output = json!([{"type": "input_text", "text": "12 degrees"}]);
    let result = json!({"type": "function_call_output", "call_id": call["call_id"], "output": output});
    let second = ok(json!({"tools": [weather()], "input": [question, call, result]})).await;
    assert_eq!(second["output"][0]["content"][0]["text"], "The tool said: 12 degrees");
}

#[tokio::test]
async fn streamed_arguments_come_in_pieces_and_custom_tools_take_free_text() {
    let custom = json!({"type": "custom", "name": "apply_patch"});
    let directive = "call get_weather {\"city\": \"Paris\"} and call apply_patch {\"input\": \"*** Begin\"}";
    let body = ask(json!({"tools": [weather(), custom], "input": directive, "stream": true}));
    let events = client().post(PATH, &body).await.events();
    let of =
        |kind: &str| -> Vec<Value> { events.iter().filter(|event| event["type"] == kind).cloned().collect() };
    assert_eq!(joined(&of("response.function_call_arguments.delta"), "/delta"), "{\"city\":\"Paris\"}");
    assert_eq!(joined(&of("response.custom_tool_call_input.delta"), "/delta"), "*** Begin");
    let output = &events.last().unwrap()["response"]["output"];
    assert_eq!((&output[1]["type"], &output[1]["input"]), (&json!("custom_tool_call"), &json!("*** Begin")));
}

#[tokio::test]
async fn functions_of_a_namespace_are_called_with_it() {
    let namespace = json!({"type": "namespace", "name": "mcp", "description": "x", "tools": [weather()]});
    let answer =
        ok(json!({"tools": [namespace], "input": "call mcp.get_weather {\"city\": \"Rome\"}"})).await;
    assert_eq!(answer["output"][0]["namespace"], "mcp");
    assert_eq!(answer["output"][0]["name"], "get_weather");
}

#[tokio::test]
async fn reasoning_is_summarised_encrypted_and_taken_back_unaltered() {
    let reasoning = json!({"effort": "low", "summary": "auto"});
    let include = json!(["reasoning.encrypted_content"]);
    let settings = json!({"reasoning": reasoning, "include": include, "store": false});
    let first = client().post(PATH, &ask(settings.clone())).await.ok();
    let thought = &first["output"][0];
    assert_eq!(thought["summary"][0]["type"], "summary_text");
    let back = |thought: &Value| {
        let question = json!({"role": "user", "content": "And?"});
        with(ask(settings.clone()), json!({"input": [thought, first["output"][1], question]}))
    };
    client().post(PATH, &back(thought)).await.ok();
    let altered = with(thought.clone(), json!({"encrypted_content": "AAAA"}));
    let answer = client().post(PATH, &back(&altered)).await;
    assert_eq!(answer.json()["error"]["code"], "invalid_encrypted_content");
    let mut hollow = thought.clone();
    hollow.as_object_mut().unwrap().remove("encrypted_content");
    assert_eq!(client().post(PATH, &back(&hollow)).await.status, 404);
    let stream = client().post(PATH, &with(ask(settings.clone()), json!({"stream": true}))).await;
    assert_eq!(
        stream.event_types()[2..8],
        [
            "response.output_item.added",
            "response.reasoning_summary_part.added",
            "response.reasoning_summary_text.delta",
            "response.reasoning_summary_text.done",
            "response.reasoning_summary_part.done",
            "response.output_item.done"
        ]
    );
}

#[tokio::test]
async fn what_is_stored_can_be_continued_read_and_deleted() {
    let client = client();
    let first = client.post(PATH, &ask(json!({"tools": [weather()], "input": "use get_weather"}))).await.ok();
    let id = first["id"].as_str().unwrap();
    let path = format!("{PATH}/{id}");
    let result =
        json!({"type": "function_call_output", "call_id": first["output"][0]["call_id"], "output": "12"});
    let next = ask(json!({"previous_response_id": id, "input": [result]}));
    let second = client.post(PATH, &next).await.ok();
    assert_eq!(second["output"][0]["content"][0]["text"], "The tool said: 12");
    assert_eq!(client.get(&path).await.ok(), first);
    assert_eq!(client.post(&format!("{path}/cancel"), &json!({})).await.status, 400);
    assert_eq!(client.send("DELETE", &path, "").await.ok()["deleted"], true);
    assert_eq!(client.get(&path).await.status, 404);
    assert_eq!(client.post(PATH, &next).await.json()["error"]["code"], "previous_response_not_found");
}

#[tokio::test]
async fn a_reference_is_found_only_when_it_was_stored() {
    let reference = json!({"type": "item_reference", "id": "msg_none"});
    assert!(refused(json!({"input": [reference]}), 404).await.contains("Item with id 'msg_none' not found"));
    let client = client();
    let first = client.post(PATH, &ask(json!({}))).await.ok();
    let reference = json!({"type": "item_reference", "id": first["output"][0]["id"]});
    let question = json!({"role": "user", "content": "And?"});
    client.post(PATH, &ask(json!({"input": [reference, question]}))).await.ok();
}

#[tokio::test]
async fn too_few_tokens_make_it_incomplete() {
    let answer = ok(json!({"max_output_tokens": 16})).await;
    assert_eq!(
        (&answer["status"], &answer["incomplete_details"]["reason"]),
        (&json!("incomplete"), &json!("max_output_tokens"))
    );
    let stream = client().post(PATH, &ask(json!({"max_output_tokens": 16, "stream": true}))).await;
    assert_eq!(stream.event_types().last().unwrap(), "response.incomplete");
    assert!(refused(json!({"max_output_tokens": 5}), 400).await.contains(">= 16"));
}

#[tokio::test]
async fn structured_output_images_and_searches_are_answered() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]});
    let format = json!({"type": "json_schema", "name": "x", "schema": schema});
    assert_eq!(
        ok(json!({"text": {"format": format}})).await["output"][0]["content"][0]["text"],
        "{\"a\":true}"
    );
    let image = json!({"type": "input_image", "image_url": format!("data:image/png;base64,{PNG}")});
    let content = json!([{"type": "input_text", "text": "What is this?"}, image]);
    let seen = ok(json!({"input": [{"role": "user", "content": content}]})).await;
    let text = seen["output"][0]["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("I see 1 image (image/png). "), "{text}");
    let found = ok(json!({"tools": [{"type": "web_search"}]})).await;
    assert_eq!(found["output"][0]["type"], "web_search_call");
    assert_eq!(found["output"][1]["content"][0]["annotations"][0]["type"], "url_citation");
}

#[tokio::test]
async fn input_is_counted_as_it_is_charged() {
    let counted = client().post("/v1/responses/input_tokens", &ask(json!({}))).await.ok();
    assert_eq!(counted["object"], "response.input_tokens");
    assert_eq!(counted["input_tokens"], ok(json!({})).await["usage"]["input_tokens"]);
}

#[tokio::test]
async fn what_is_of_another_api_is_refused() {
    assert!(refused(json!({"max_tokens": 9}), 400).await.contains("moved to 'max_output_tokens'"));
    assert_eq!(refused(json!({"stop": ["x"]}), 400).await, "Unknown parameter: 'stop'.");
    let nested = json!({"tools": [{"type": "function", "function": {"name": "f"}}]});
    assert_eq!(refused(nested, 400).await, "Missing required parameter: 'tools[0].name'.");
    let orphan = json!({"type": "function_call_output", "call_id": "a", "output": "x"});
    assert!(refused(json!({"input": [orphan]}), 400).await.starts_with("No tool call found"));
}

#[tokio::test]
async fn a_stream_that_fails_ends_with_the_failed_response() {
    let mut client = client();
    client.header("x-sandbox-fault", "error");
    let events = client.post(PATH, &ask(json!({"stream": true}))).await.events();
    let last = events.last().unwrap();
    assert_eq!((&last["type"], &last["response"]["status"]), (&json!("response.failed"), &json!("failed")));
    assert_eq!(last["sequence_number"], events.len() - 1);
}

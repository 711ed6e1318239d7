//! What a watch tells of how a stream ended: whether its bound cut it, and how many tools it called.
#![allow(clippy::unwrap_used)]

use paceway_domain::Dialect;
use paceway_protocol::sse::Splitter;
use paceway_protocol::{Finish, format_of};

/// As events with these data, watched as they pass.
fn watched(dialect: Dialect, events: &[&str]) -> Finish {
    let stream = [events.join("\n\n").as_str(), "\n\n"].concat();
    let mut watch = format_of(dialect).watch(false);
    let mut splitter = Splitter::default();
    splitter
        .push(stream.as_bytes(), |event| {
            watch.event(event);
        })
        .unwrap();
    watch.seen().finish
}

const CALLED_TWO: Finish = Finish { is_cut: false, tools_called: 2 };
const CUT: Finish = Finish { is_cut: true, tools_called: 0 };

#[test]
fn a_stream_of_messages_tells_its_calls_and_its_cut() {
    let call = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"tool_use\"}}";
    let text = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"text\"}}";
    let end = |why: &str| {
        format!(
            "event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"{why}\"}}}}"
        )
    };
    assert_eq!(watched(Dialect::Anthropic, &[text, call, call, &end("tool_use")]), CALLED_TWO);
    assert_eq!(watched(Dialect::Anthropic, &[text, &end("max_tokens")]), CUT);
}

#[test]
fn a_stream_of_chunks_tells_its_calls_and_its_cut() {
    let chunk = |delta: &str, why: &str| {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{{delta}}},\"finish_reason\":{why}}}]}}")
    };
    let call = chunk(r#""tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]"#, "null");
    let whole =
        chunk(r#""tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}]"#, "null");
    let more = chunk(r#""tool_calls":[{"index":0,"function":{"arguments":"{}"}}]"#, "null");
    let text = chunk(r#""content":"Look""#, "null");
    let end = chunk("", "\"tool_calls\"");
    let calls = [&text, &call, &more, &more, &whole, &end].map(String::as_str);
    assert_eq!(watched(Dialect::OpenAi, &calls), CALLED_TWO);
    assert_eq!(watched(Dialect::OpenAi, &[&text, &chunk("", "\"length\"")]), CUT);
}

#[test]
fn a_stream_of_responses_tells_its_calls_and_its_cut() {
    let called = r#"event: response.completed
data: {"type":"response.completed","response":{"output":[{"type":"function_call"},{"type":"custom_tool_call"}]}}"#;
    let cut = r#"event: response.incomplete
data: {"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"},"output":[]}}"#;
    assert_eq!(watched(Dialect::Responses, &[called]), CALLED_TWO);
    assert_eq!(watched(Dialect::Responses, &[cut]), CUT);
}

#[test]
fn a_stream_of_geminis_tells_its_calls_and_its_cut() {
    let called = r#"data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]}}]}"#;
    let last = r#"data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]},"finishReason":"STOP"}]}"#;
    let cut = r#"data: {"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"MAX_TOKENS"}]}"#;
    assert_eq!(watched(Dialect::Gemini, &[called, last]), CALLED_TWO);
    assert_eq!(watched(Dialect::Gemini, &[cut]), CUT);
}

#[test]
fn a_stream_of_coheres_tells_its_calls_and_its_cut() {
    let call = "event: tool-call-start\ndata: {\"type\":\"tool-call-start\",\"delta\":{}}";
    let end = |why: &str| {
        format!(
            "event: message-end\ndata: {{\"type\":\"message-end\",\"delta\":{{\"finish_reason\":\"{why}\"}}}}"
        )
    };
    assert_eq!(watched(Dialect::Cohere, &[call, call, &end("TOOL_CALL")]), CALLED_TWO);
    assert_eq!(watched(Dialect::Cohere, &[&end("MAX_TOKENS")]), CUT);
}

//! Streams that pass through, and requests that do.

use bytes::Bytes;

use super::{OpenAiChat, deltas, stream};
use crate::envelope::Envelope;
use crate::formats::{Address, Edit, Ending, Format, Seen, StreamWatch};
use crate::sse::Splitter;

fn watch(bytes: &[u8], hide_usage: bool) -> (String, Seen, bool) {
    let mut splitter = Splitter::default();
    let mut watch: Box<dyn StreamWatch> = OpenAiChat.watch(hide_usage);
    let mut out = Vec::new();
    splitter
        .push(bytes, |event| match watch.event(event) {
            Edit::Pass => out.extend_from_slice(event.raw()),
            Edit::Hide => {}
            Edit::Replace(bytes) => out.extend_from_slice(&bytes),
        })
        .unwrap();
    (String::from_utf8(out).unwrap(), watch.seen(), watch.is_complete_at_end())
}

const ASKED: &[&str] = &[
    r#"{"id":"1","choices":[{"index":0,"delta":{"content":"say \",\\\"usage\\\":null\""},"finish_reason":null}],"usage":null}"#,
    r#"{"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"#,
    r#"{"id":"1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}"#,
];

#[test]
fn usage_that_only_the_gateway_asked_for_is_taken_out() {
    let (out, seen, is_whole) = watch(&stream(ASKED), true);
    insta::assert_snapshot!(out, @r#"
    data: {"id":"1","choices":[{"index":0,"delta":{"content":"say \",\\\"usage\\\":null\""},"finish_reason":null}]}

    data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

    data: [DONE]
    "#);
    assert_eq!((seen.usage.input.0, seen.usage.output.0, seen.usage_is_final), (9, 4, true));
    assert_eq!((seen.ending, is_whole), (Ending::Complete, true));
    assert!(OpenAiChat.watch(true).edits());
}

#[test]
fn a_stream_whose_usage_was_asked_for_passes_byte_for_byte() {
    let bytes = stream(ASKED);
    assert_eq!(watch(&bytes, false).0.as_bytes(), bytes);
    assert!(!OpenAiChat.watch(false).edits());
}

#[test]
fn chunks_events_and_fields_never_heard_of_pass() {
    let bytes = b"event: news\ndata: [1,2]\n\n: hm\n\ndata: {\"choices\":[{\"delta\":{\"odd\":1}}],\"odd\":2}\n\ndata: nothing\n\n";
    assert_eq!(watch(bytes, true).0.as_bytes(), bytes);
}

#[test]
fn generated_bytes_are_counted_for_an_estimate() {
    let bytes = deltas(
        &[
            r#"{"content":"abc"}"#,
            r#"{"reasoning_content":"defg"}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"#,
        ],
        "stop",
    );
    assert_eq!(watch(&bytes, false).1.output_bytes, 9);
}

#[test]
fn an_error_or_a_missing_done_is_seen() {
    let failed = |chunk: &str| watch(&stream(&[chunk]), true).1.ending;
    assert_eq!(failed(r#"{"error":{"message":"x"}}"#), Ending::Failed);
    assert_eq!(failed(r#"{"error":{"message":"x"},"choices":[{"finish_reason":null}]}"#), Ending::Failed);
    assert_eq!(failed(r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#), Ending::Failed);
    assert_eq!(failed(r#"{"object":"error","message":"x"}"#), Ending::Failed);
    let whole = stream(&[r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#]);
    let (_, seen, is_whole) = watch(&whole[..whole.len() - 14], false);
    assert_eq!((seen.ending, is_whole), (Ending::Open, true));
    let cut = stream(&[r#"{"choices":[{"delta":{"content":"x"},"finish_reason":null}]}"#]);
    assert!(!watch(&cut[..cut.len() - 14], false).2);
}

#[test]
fn the_end_is_that_of_the_answer_which_is_read() {
    let is_whole = |chunk: &str| watch(format!("data: {chunk}\n\n").as_bytes(), false).2;
    assert!(is_whole(r#"{"choices":[{"index":1,"finish_reason":null},{"index":0,"finish_reason":"stop"}]}"#));
    assert!(!is_whole(
        r#"{"choices":[{"index":1,"finish_reason":"stop"},{"index":0,"finish_reason":null}]}"#
    ));
    assert!(!is_whole(r#"{"choices":[{"index":0,"finish_reason":{"a":1}}]}"#));
    assert!(!is_whole(r#"{"choices":[{"index":0,"finish_reason":"\ud83d"}]}"#));
    assert!(!is_whole(r#"{"choices":[{"finish_reason":null},{"index":0,"finish_reason":"stop"}]}"#));
    let failed = r#"{"object":"error","choices":[{"index":0,"finish_reason":null}]}"#;
    assert_eq!(watch(format!("data: {failed}\n\n").as_bytes(), false).1.ending, Ending::Failed);
}

#[test]
fn a_request_passes_with_its_model_replaced_and_usage_asked_for() {
    let body: Bytes =
        r#"{"model": "alias","messages":[{"role":"alien","x":1}],"stream":true,"odd":[1.0]}"#.into();
    let envelope = Envelope::parse(&body).unwrap();
    let summary = OpenAiChat.summary(&envelope, &Address::default()).unwrap();
    insta::assert_snapshot!(String::from_utf8_lossy(&OpenAiChat.forward(&envelope, &summary, &body, "gpt-x")), @r#"{"model": "gpt-x","messages":[{"role":"alien","x":1}],"stream":true,"odd":[1.0],"stream_options":{"include_usage":true}}"#);
}

#[test]
fn a_request_that_asks_for_usage_itself_passes_untouched() {
    let body: Bytes =
        r#"{"model":"m","messages":[1],"stream":true,"stream_options":{"include_usage":true},"max_tokens":5}"#.into();
    let envelope = Envelope::parse(&body).unwrap();
    let summary = OpenAiChat.summary(&envelope, &Address::default()).unwrap();
    assert!(summary.wants_stream_usage);
    assert_eq!(summary.max_output.unwrap().0, 5);
    assert_eq!(OpenAiChat.forward(&envelope, &summary, &body, "m"), body);
}

#[test]
fn a_request_without_messages_is_refused() {
    let why = |body: &str| {
        let envelope = Envelope::parse(body.as_bytes()).unwrap();
        OpenAiChat.summary(&envelope, &Address::default()).unwrap_err().to_string()
    };
    assert_eq!(why(r#"{"model":"m"}"#), "messages: this field is required: send an array of messages");
    assert_eq!(why(r#"{"model":"m","messages":{}}"#), "messages: expected an array of messages");
    assert_eq!(why(r#"{"model":"m","messages":[ ]}"#), "messages: at least one message is required");
}

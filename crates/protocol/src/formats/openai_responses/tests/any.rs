//! Anything at all, into everything that reads: no panic, and never an ill-formed stream.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::formats::StreamWatch as _;
use crate::neutral::Opening;

const NAMES: [&str; 40] = [
    "type",
    "id",
    "model",
    "input",
    "output",
    "content",
    "text",
    "role",
    "summary",
    "encrypted_content",
    "call_id",
    "name",
    "namespace",
    "arguments",
    "tools",
    "tool_choice",
    "reasoning",
    "effort",
    "format",
    "schema",
    "include",
    "usage",
    "input_tokens",
    "output_tokens",
    "status",
    "error",
    "message",
    "code",
    "annotations",
    "logprobs",
    "delta",
    "item",
    "part",
    "response",
    "output_index",
    "content_index",
    "image_url",
    "file_data",
    "refusal",
    "instructions",
];

const WORDS: [&str; 36] = [
    "message",
    "user",
    "assistant",
    "developer",
    "input_text",
    "output_text",
    "input_image",
    "input_file",
    "refusal",
    "reasoning",
    "function_call",
    "custom_tool_call",
    "function_call_output",
    "function",
    "custom",
    "namespace",
    "web_search",
    "allowed_tools",
    "json_schema",
    "completed",
    "incomplete",
    "failed",
    "data:image/png;base64,AA",
    "paceway.gemini.x",
    "redacted.paceway.anthropic.y",
    "url_citation",
    "image_generation_call",
    "item_reference",
    "medium",
    "auto",
    "é\n\"",
    "",
    "rs_1|x",
    "call__pw_Z2VtaW5pLlNJRw",
    "rate_limit_exceeded",
    "additional_tools",
];

const EVENTS: [&str; 17] = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.output_item.done",
    "response.content_part.added",
    "response.content_part.done",
    "response.output_text.delta",
    "response.output_text.annotation.added",
    "response.refusal.delta",
    "response.reasoning_summary_text.delta",
    "response.reasoning_text.delta",
    "response.function_call_arguments.delta",
    "response.custom_tool_call_input.delta",
    "response.completed",
    "response.failed",
    "error",
    "",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..5).prop_map(Value::from),
        proptest::sample::select(&WORDS[..]).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((proptest::sample::select(&NAMES[..]), inner), 0..6).prop_map(
                |fields| {
                    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
                }
            ),
        ]
    })
}

/// An item of a likely shape, its fields anything.
fn any_item() -> impl Strategy<Value = Value> {
    let kinds = [
        "message",
        "reasoning",
        "function_call",
        "custom_tool_call",
        "image_generation_call",
        "web_search_call",
    ];
    let text = proptest::sample::select(&WORDS[..]);
    let part = (text.clone(), any::<bool>()).prop_map(|(text, is_refusal)| {
        if is_refusal {
            json!({"type": "refusal", "refusal": text})
        } else {
            json!({"type": "output_text", "text": text})
        }
    });
    (proptest::sample::select(kinds.to_vec()), proptest::collection::vec(part, 0..3), text.clone(), text).prop_map(
        |(kind, content, one, two)| {
            let summary = json!([{"type": "summary_text", "text": one}]);
            let content = if kind == "reasoning" { Value::Null } else { Value::from(content) };
            json!({"type": kind, "content": content, "summary": summary, "encrypted_content": two, "call_id": one, "name": two,
                "arguments": one, "input": two, "result": one})
        },
    )
}

/// An event of a known kind about one of three items.
fn any_event() -> impl Strategy<Value = (String, Value)> {
    let text = proptest::sample::select(&WORDS[..]);
    (proptest::sample::select(&EVENTS[..]), any_item(), 0_u64..3, 0_u64..2, text).prop_map(
        |(kind, item, output, content, delta)| {
            let response = json!({"id": "r", "model": "m", "status": "completed", "output": [item]});
            let event = json!({"type": kind, "item": item, "output_index": output, "content_index": content, "delta": delta,
                "summary_index": content, "response": response, "part": {"type": "output_text", "text": delta}});
            (kind.to_owned(), event)
        },
    )
}

/// Checks that pieces come as a well-formed stream.
#[derive(Default)]
struct WellFormed {
    has_begun: bool,
    is_over: bool,
    /// Whether a part is open, and whether it takes deltas.
    open: Option<bool>,
}

impl WellFormed {
    fn piece(&mut self, piece: &Piece<'_>) {
        assert!(!self.is_over, "{piece:?} after the end");
        match piece {
            Piece::Begin { .. } => assert!(!std::mem::replace(&mut self.has_begun, true), "begun twice"),
            Piece::Open(opening) => {
                let takes_deltas = !matches!(opening, Opening::Redacted(_) | Opening::Image { .. });
                assert!(self.has_begun && self.open.replace(takes_deltas).is_none(), "{opening:?}");
            }
            Piece::Delta(delta) => {
                assert_eq!(self.open, Some(true), "{delta:?}");
                assert!(!matches!(delta, Delta::Text(text) if text.is_empty()));
            }
            Piece::Close => assert!(self.open.take().is_some(), "nothing to close"),
            Piece::End { .. } => {
                assert!(self.has_begun && self.open.is_none());
                self.is_over = true;
            }
            Piece::Error(_) => self.is_over = true,
        }
    }
}

fn feed(stream: &[u8]) {
    let mut reader = super::super::stream::Reader::default();
    let mut watch = super::super::stream::Watch::default();
    let mut form = WellFormed::default();
    let mut splitter = Splitter::default();
    let mut take = |event: crate::sse::Event<'_>| {
        watch.event(event);
        // After an error nothing more is read.
        if !form.is_over && reader.event(event, &mut |piece| form.piece(&piece)).is_err() {
            form.is_over = true;
        }
    };
    splitter.push(stream, &mut take).unwrap();
    splitter.finish(&mut take);
}

fn read_everything(body: &[u8]) {
    let _ = OpenAiResponses.read_reply(body);
    let _ = OpenAiResponses.usage(body);
    let _ = OpenAiResponses.read_error(400, body);
    if let Ok(text) = std::str::from_utf8(body) {
        if let Ok((chat, _)) = read(text) {
            let _ = OpenAiResponses.write_chat(&chat, TARGET, &mut Changes::default());
        }
        let mut writer = OpenAiResponses.writer(frame(text));
        writer.piece(
            &Piece::Begin { id: "".into(), model: "".into(), usage: paceway_domain::Usage::default() },
            &mut Vec::new(),
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read_everything(&bytes);
        feed(&bytes);
    }

    #[test]
    fn any_json_is_survived(value in any_json(), input in any_json(), tools in any_json(), choice in any_json()) {
        read_everything(value.to_string().as_bytes());
        let request = json!({"model": "m", "input": [input], "tools": tools, "tool_choice": choice, "reasoning": value});
        read_everything(request.to_string().as_bytes());
        let request = json!({"model": "m", "input": [{"role": "user", "content": [input, "x"]}, {"type": "reasoning", "summary": value}]});
        read_everything(request.to_string().as_bytes());
    }

    #[test]
    fn any_items_and_settings_of_a_likely_shape_are_survived(items in proptest::collection::vec(any_item(), 0..6), finish in any_json()) {
        let request = json!({"model": "m", "input": items, "text": finish});
        read_everything(request.to_string().as_bytes());
        let answer = json!({"status": "completed", "output": items, "incomplete_details": finish});
        read_everything(answer.to_string().as_bytes());
    }

    #[test]
    fn any_events_make_a_well_formed_stream(
        events in proptest::collection::vec(prop_oneof![any_event(), any_json().prop_map(|value| (String::new(), value))], 0..30),
    ) {
        let mut stream = Vec::new();
        for (kind, event) in events {
            crate::sse::write(&mut stream, Some(&kind), event.to_string().as_bytes());
        }
        feed(&stream);
    }
}

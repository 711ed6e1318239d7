//! Arbitrary input never makes a reading function panic.

use paceway_domain::Dialect;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{pieces, read};
use crate::changes::Changes;
use crate::formats::format_of;

/// Values that the format knows.
const WORDS: &str = "text image document thinking redacted_thinking tool_use tool_result search_result base64 url file \
    content ephemeral 1h user assistant system custom auto any tool enabled adaptive json_schema \
    mid_conv_system server_tool_use";

/// Names of fields that it knows.
const NAMES: &str = "type text content source role id tool_use_id name input thinking signature data media_type url \
    citations cache_control ttl title is_error input_schema system messages tools tool_choice \
    output_config format schema effort stop_sequences metadata user_id usage error message index delta \
    content_block stop_reason partial_json citation input_tokens output_tokens";

/// JSON made of the words that the format has, so that it comes far.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(WORDS.split_whitespace().collect::<Vec<_>>());
    let name = prop::sample::select(NAMES.split_whitespace().collect::<Vec<_>>());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|fields| {
                let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
                Value::Object(fields.collect())
            }),
        ]
    })
}

fn try_everything(bytes: &[u8]) {
    let format = format_of(Dialect::Anthropic);
    let _ = read(bytes, &mut Changes::default());
    let _ = format.read_reply(bytes);
    let _ = format.usage(bytes);
    let _ = format.read_error(500, bytes);
    pieces([bytes]);
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(json in any_json()) {
        try_everything(json.to_string().as_bytes());
        let block = json!({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": json}]});
        try_everything(block.to_string().as_bytes());
        let block = json!({"model": "m", "max_tokens": 5, "messages": [{"role": "assistant", "content": [json]}]});
        try_everything(block.to_string().as_bytes());
        try_everything(json!({"content": [json], "usage": json}).to_string().as_bytes());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        try_everything(&bytes);
    }

    #[test]
    fn any_events_in_any_order_give_well_formed_pieces(
        events in prop::collection::vec((0usize..12, 0u64..3), 0..30),
    ) {
        let data = |(kind, index): (usize, u64)| {
            let start = |block: &str| {
                format!(r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#)
            };
            let delta = |delta: &str| {
                format!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}}}"#)
            };
            match kind {
                0 => r#"{"type":"message_start","message":{"id":"a","model":"m"}}"#.into(),
                1 => start(r#"{"type":"text","text":""}"#),
                2 => start(r#"{"type":"thinking","thinking":"t","signature":"s"}"#),
                3 => start(r#"{"type":"tool_use","id":"t","name":"f","input":{}}"#),
                4 => start(r#"{"type":"server_tool_use","id":"t"}"#),
                5 => delta(r#"{"type":"text_delta","text":"x"}"#),
                6 => delta(r#"{"type":"thinking_delta","thinking":"x"}"#),
                7 => delta(r#"{"type":"signature_delta","signature":"x"}"#),
                8 => delta(r#"{"type":"input_json_delta","partial_json":"{}"}"#),
                9 => format!(r#"{{"type":"content_block_stop","index":{index}}}"#),
                10 => r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#.into(),
                _ => r#"{"type":"message_stop"}"#.to_owned(),
            }
        };
        let events: Vec<String> = events.into_iter().map(data).collect();
        let text = super::stream(&events.iter().map(String::as_str).collect::<Vec<_>>());
        let mut order = String::new();
        for piece in pieces([text.as_bytes()]) {
            order.push(match piece.split([' ', '(']).next().unwrap_or_default() {
                "Begin" => 'b',
                "Open" => 'o',
                "Delta" => 'd',
                "Close" => 'c',
                "End" => 'e',
                _ => continue,
            });
        }
        // What is open at the end of a cut stream stays open.
        let parts = order.trim_start_matches('b').trim_end_matches('e');
        let is_ended = order.ends_with('e');
        prop_assert!(order.matches('b').count() <= 1 && order.matches('e').count() <= 1, "{}", order);
        prop_assert!(order.is_empty() || order.starts_with('b'), "{}", order);
        let mut is_open = false;
        for kind in parts.chars() {
            prop_assert!(matches!((kind, is_open), ('o', false) | ('d' | 'c', true)), "{}", order);
            is_open = kind != 'c';
        }
        prop_assert!(!(is_ended && is_open), "{}", order);
    }
}

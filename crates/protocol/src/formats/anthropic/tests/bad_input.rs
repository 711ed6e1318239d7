//! Wrong shapes are told with path, expectation and what came.

use super::read;
use crate::changes::Changes;

fn why(body: &str) -> String {
    match read(body.as_bytes(), &mut Changes::default()) {
        Ok(_) => format!("accepted: {body}"),
        Err(refusal) => refusal.to_string(),
    }
}

/// Why a request with these fields instead of the usual ones is refused.
fn with(fields: &str) -> String {
    why(&format!(r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":"x"}}],{fields}}}"#))
}

/// Why a message with this content is refused.
fn content(content: &str) -> String {
    why(&format!(r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":{content}}}]}}"#))
}

#[test]
fn wrong_fields_of_the_body_are_named() {
    let cases = [
        (why(r#"{"model":"m"}"#), "messages: this field is required: send an array of messages"),
        (why(r#"{"model":"m","messages":[]}"#), "messages: at least one message is required"),
        (why(r#"{"model":"m","messages":7}"#), "messages: expected an array of messages, got 7"),
        (
            why(r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#),
            "max_tokens: this field is required: send a positive integer",
        ),
        (
            why(r#"{"messages":[{"role":"user","content":"x"}]}"#),
            "model: this field is required: send a model's name as a string",
        ),
        (with(r#""temperature":"hot""#), r#"temperature: expected a number from 0 to 1, got "hot""#),
        (with(r#""stop_sequences":["a",1]"#), "stop_sequences.1: expected a string, got 1"),
        (with(r#""metadata":[]"#), "metadata: expected an object, got []"),
        (with(r#""service_tier":"gold""#), r#"service_tier: expected "auto" or "standard_only", got "gold""#),
        (
            with(r#""thinking":{"type":"enabled"}"#),
            "thinking.budget_tokens: this field is required: send a positive integer",
        ),
        (
            with(r#""thinking":{"type":"deep"}"#),
            r#"thinking.type: expected "enabled", "adaptive" or "disabled", got "deep""#,
        ),
        (
            with(r#""output_config":{"effort":"huge"}"#),
            r#"output_config.effort: expected low, medium, high, xhigh or max, got "huge""#,
        ),
        (
            with(r#""output_config":{"format":{"type":"xml"}}"#),
            r#"output_config.format.type: expected "json_schema", got "xml""#,
        ),
        (
            with(r#""output_format":{"type":"json_schema","schema":1}"#),
            "output_format.schema: expected a JSON schema as an object, got 1",
        ),
        (with(r#""tools":{}"#), "tools: expected an array of tools, got {}"),
        (
            with(r#""tools":[{"name":"f"}]"#),
            "tools.0.input_schema: this field is required: send a JSON schema",
        ),
        (with(r#""tools":[{"input_schema":{}}]"#), "tools.0.name: this field is required: send a string"),
        (
            with(r#""tool_choice":{"type":"some"}"#),
            r#"tool_choice.type: expected "auto", "any", "tool" or "none", got "some""#,
        ),
        (with(r#""tool_choice":{"type":"tool"}"#), "tool_choice.name: this field is required: send a string"),
        (with(r#""system":7"#), "system: expected a string or an array of blocks, got 7"),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

#[test]
fn wrong_messages_and_blocks_are_named() {
    let cases = [
        (
            why(r#"{"model":"m","max_tokens":1,"messages":[{"role":"tool","content":"x"}]}"#),
            r#"messages.0.role: expected "user", "assistant" or "system", got "tool""#,
        ),
        (
            why(r#"{"model":"m","max_tokens":1,"messages":[{"role":"user"}]}"#),
            "messages.0.content: this field is required: send a string or an array of blocks",
        ),
        (why(r#"{"model":"m","max_tokens":1,"messages":[7]}"#), "messages.0: expected an object, got 7"),
        (content("7"), "messages.0.content: expected a string or an array of blocks, got 7"),
        (content("[7]"), "messages.0.content.0: expected an object, got 7"),
        (content(r#"[{"text":"x"}]"#), "messages.0.content.0.type: this field is required: send a string"),
        (content(r#"[{"type":"text","text":7}]"#), "messages.0.content.0.text: expected a string, got 7"),
        (
            content(r#"[{"type":"image","source":{"type":"base64","data":"AA=="}}]"#),
            "messages.0.content.0.source.media_type: this field is required: send a string",
        ),
        (
            content(r#"[{"type":"tool_use","id":"a","name":"f","input":[1]}]"#),
            "messages.0.content.0.input: expected a JSON object",
        ),
        (
            content(r#"[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text"}]}]"#),
            "messages.0.content.0.content.0.text: this field is required: send a string",
        ),
        (
            content(r#"[{"type":"tool_result","tool_use_id":"a","is_error":"no"}]"#),
            r#"messages.0.content.0.is_error: expected true or false, got "no""#,
        ),
        (
            content(r#"[{"type":"text","text":"x","cache_control":true}]"#),
            "messages.0.content.0.cache_control: expected an object, got true",
        ),
        (
            content(r#"[{"type":"text","text":"x","text":"y"}]"#),
            "messages.0.content.0: field `text` is given twice at line 1 column 32",
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

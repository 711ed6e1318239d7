//! Streams as providers write them, event by event: shapes as in the official SDKs' types and as recorded from the APIs, with
//! the events that come between (pings, padding, fields of later versions).

use paceway_domain::{Dialect, Tokens, Usage};
use serde_json::{Value, json};

/// What a stream says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    pub(crate) id: &'static str,
    pub(crate) thought: Vec<&'static str>,
    pub(crate) words: Vec<String>,
    /// Whether it ends with a call of `weather` for `{"city":"Oslo"}`.
    pub(crate) calls: bool,
    pub(crate) input: u64,
    pub(crate) output: u64,
}

impl Script {
    pub(crate) fn usage(&self) -> Usage {
        Usage { input: Tokens(self.input), output: Tokens(self.output), ..Usage::default() }
    }

    /// The stream's events, each with the empty line that ends it.
    pub(crate) fn events(&self, dialect: Dialect) -> Vec<String> {
        match dialect {
            Dialect::Anthropic => self.anthropic(),
            Dialect::OpenAi => self.openai_chat(),
            Dialect::Responses => self.openai_responses(),
            Dialect::Gemini => self.gemini(),
            Dialect::Cohere => self.cohere(),
            Dialect::Converse => self.converse(),
        }
    }

    fn anthropic(&self) -> Vec<String> {
        let mut events = vec![
            json!({"type": "message_start", "message": {"id": self.id, "type": "message", "role": "assistant", "model": "claude",
                "content": [], "stop_reason": null, "stop_sequence": null,
                "usage": {"input_tokens": self.input, "cache_read_input_tokens": 0, "output_tokens": 1}}}),
            json!({"type": "ping"}),
        ];
        let mut index = 0;
        let mut block = |start: Value, deltas: Vec<Value>| {
            events.push(json!({"type": "content_block_start", "index": index, "content_block": start}));
            let delta = |delta| json!({"type": "content_block_delta", "index": index, "delta": delta});
            events.extend(deltas.into_iter().map(delta));
            events.push(json!({"type": "content_block_stop", "index": index}));
            index += 1;
        };
        if !self.thought.is_empty() {
            let thinking = |text| json!({"type": "thinking_delta", "thinking": text});
            let mut deltas: Vec<_> = self.thought.iter().map(thinking).collect();
            deltas.push(json!({"type": "signature_delta", "signature": "EqQBCgIYAhIM"}));
            block(json!({"type": "thinking", "thinking": "", "signature": ""}), deltas);
        }
        if !self.words.is_empty() {
            let text = |text| json!({"type": "text_delta", "text": text});
            block(json!({"type": "text", "text": ""}), self.words.iter().map(text).collect());
        }
        if self.calls {
            let input = |text| json!({"type": "input_json_delta", "partial_json": text});
            let deltas = vec![input(""), input("{\"city\":"), input("\"Oslo\"}")];
            block(json!({"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}), deltas);
        }
        let reason = if self.calls { "tool_use" } else { "end_turn" };
        events.push(json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null},
            "usage": {"output_tokens": self.output}}));
        events.push(json!({"type": "message_stop"}));
        named(events)
    }

    fn openai_chat(&self) -> Vec<String> {
        let chunk = |delta: Value, finish: Option<&str>| {
            json!({"id": self.id, "object": "chat.completion.chunk", "created": 1, "model": "gpt",
                "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}],
                "usage": null, "obfuscation": "x8"})
        };
        let mut events = vec![chunk(json!({"role": "assistant", "content": "", "refusal": null}), None)];
        events.extend(self.thought.iter().map(|text| chunk(json!({"reasoning_content": text}), None)));
        events.extend(self.words.iter().map(|text| chunk(json!({"content": text}), None)));
        if self.calls {
            let call = |call: Value| chunk(json!({"tool_calls": [call]}), None);
            events.push(call(json!({"index": 0, "id": "call_1", "type": "function",
                "function": {"name": "weather", "arguments": ""}})));
            events.push(call(json!({"index": 0, "function": {"arguments": "{\"city\":"}})));
            events.push(call(json!({"index": 0, "function": {"arguments": "\"Oslo\"}"}})));
        }
        events.push(chunk(json!({}), Some(if self.calls { "tool_calls" } else { "stop" })));
        events.push(json!({"id": self.id, "object": "chat.completion.chunk", "created": 1, "model": "gpt", "choices": [],
            "usage": {"prompt_tokens": self.input, "completion_tokens": self.output,
                "total_tokens": self.input + self.output}}));
        let mut events: Vec<_> = events.into_iter().map(|event| format!("data: {event}\n\n")).collect();
        events.push("data: [DONE]\n\n".to_owned());
        events
    }

    fn openai_responses(&self) -> Vec<String> {
        let response = |status: &str, usage: Value| json!({"id": self.id, "object": "response", "status": status, "model": "gpt", "output": [], "usage": usage});
        let mut events = vec![
            json!({"type": "response.created", "response": response("in_progress", Value::Null)}),
            json!({"type": "response.in_progress", "response": response("in_progress", Value::Null)}),
        ];
        let mut place = 0;
        if !self.thought.is_empty() {
            events.extend(reasoning(&self.thought, place));
            place += 1;
        }
        if !self.words.is_empty() {
            events.extend(message(&self.words, place));
            place += 1;
        }
        if self.calls {
            events.extend(function_call(place));
        }
        let usage = json!({"input_tokens": self.input, "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": self.output, "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.input + self.output});
        events.push(json!({"type": "response.completed", "response": response("completed", usage)}));
        for (number, event) in events.iter_mut().enumerate() {
            event["sequence_number"] = number.into();
        }
        named(events)
    }

    fn gemini(&self) -> Vec<String> {
        let chunk = |part: Value| {
            json!({"candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}],
                "usageMetadata": {"promptTokenCount": self.input, "totalTokenCount": self.input},
                "modelVersion": "gemini", "responseId": self.id})
        };
        let mut events: Vec<_> =
            self.thought.iter().map(|text| chunk(json!({"text": text, "thought": true}))).collect();
        events.extend(self.words.iter().map(|text| chunk(json!({"text": text}))));
        if self.calls {
            events.push(chunk(json!({"functionCall": {"name": "weather", "args": {"city": "Oslo"}},
                "thoughtSignature": "c2ln"})));
        }
        let mut last = chunk(json!({"text": ""}));
        last["candidates"][0]["finishReason"] = "STOP".into();
        last["usageMetadata"]["candidatesTokenCount"] = self.output.into();
        events.push(last);
        events.into_iter().map(|event| format!("data: {event}\r\n\r\n")).collect()
    }

    fn converse(&self) -> Vec<String> {
        let mut events = vec![("messageStart", json!({"p": "abcd", "role": "assistant"}))];
        let mut index = 0;
        let mut block = |start: Option<Value>, deltas: Vec<Value>| {
            let start =
                start.map(|start| ("contentBlockStart", json!({"contentBlockIndex": index, "start": start})));
            events.extend(start);
            let delta =
                |delta| ("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta, "p": "ab"}));
            events.extend(deltas.into_iter().map(delta));
            events.push(("contentBlockStop", json!({"contentBlockIndex": index})));
            index += 1;
        };
        if !self.thought.is_empty() {
            let mut deltas: Vec<_> =
                self.thought.iter().map(|text| json!({"reasoningContent": {"text": text}})).collect();
            deltas.push(json!({"reasoningContent": {"signature": "c2ln"}}));
            block(None, deltas);
        }
        if !self.words.is_empty() {
            block(None, self.words.iter().map(|text| json!({"text": text})).collect());
        }
        if self.calls {
            let input = |text: &str| json!({"toolUse": {"input": text}});
            let start = json!({"toolUse": {"name": "weather", "toolUseId": "tooluse_1"}});
            block(Some(start), vec![input("{\"city\":"), input("\"Oslo\"}")]);
        }
        events.push(("messageStop", json!({"stopReason": if self.calls { "tool_use" } else { "end_turn" }})));
        events.push((
            "metadata",
            json!({"metrics": {"latencyMs": 1}, "usage": {"inputTokens": self.input,
            "outputTokens": self.output, "totalTokens": self.input + self.output}}),
        ));
        events.into_iter().map(|(name, event)| format!("event: {name}\ndata: {event}\n\n")).collect()
    }

    fn cohere(&self) -> Vec<String> {
        let mut events =
            vec![json!({"type": "message-start", "id": self.id, "delta": {"message": {"role": "assistant",
            "content": [], "tool_plan": "", "tool_calls": [], "citations": []}}})];
        let texts: Vec<_> = self.words.iter().map(String::as_str).collect();
        let mut index = 0;
        for (kind, texts) in [("thinking", &self.thought), ("text", &texts)] {
            if texts.is_empty() {
                continue;
            }
            let said = |name: &str, content: Value| json!({"type": name, "index": index, "delta": {"message": {"content": content}}});
            events.push(said("content-start", json!({"type": kind, kind: ""})));
            events.extend(texts.iter().map(|text| said("content-delta", json!({kind: text}))));
            events.push(json!({"type": "content-end", "index": index}));
            index += 1;
        }
        if self.calls {
            let call = |name: &str, call: Value| json!({"type": name, "index": 0, "delta": {"message": {"tool_calls": call}}});
            events.push(call(
                "tool-call-start",
                json!({"id": "weather_1", "type": "function",
                "function": {"name": "weather", "arguments": ""}}),
            ));
            events.push(call("tool-call-delta", json!({"function": {"arguments": "{\"city\":"}})));
            events.push(call("tool-call-delta", json!({"function": {"arguments": "\"Oslo\"}"}})));
            events.push(json!({"type": "tool-call-end", "index": 0}));
        }
        events.push(json!({"type": "message-end",
            "delta": {"finish_reason": if self.calls { "TOOL_CALL" } else { "COMPLETE" },
                "usage": {"billed_units": {"input_tokens": self.input, "output_tokens": self.output},
                    "tokens": {"input_tokens": self.input, "output_tokens": self.output}}}}));
        named(events)
    }
}

/// Events whose names are their types.
fn named(events: Vec<Value>) -> Vec<String> {
    let line = |event: Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
    events.into_iter().map(line).collect()
}

fn reasoning(thought: &[&str], place: u64) -> Vec<Value> {
    let (of, text) = (json!("rs_1"), thought.concat());
    let event = |name: &str, key: &str, value: Value| json!({"type": format!("response.{name}"), "item_id": of, "output_index": place, "summary_index": 0, key: value});
    let item = |summary: Value| json!({"id": of, "type": "reasoning", "summary": summary, "encrypted_content": "gAAA"});
    let part = |text: &str| json!({"type": "summary_text", "text": text});
    let mut events = vec![
        json!({"type": "response.output_item.added", "output_index": place, "item": item(json!([]))}),
        event("reasoning_summary_part.added", "part", part("")),
    ];
    events.extend(thought.iter().map(|text| event("reasoning_summary_text.delta", "delta", json!(text))));
    events.push(event("reasoning_summary_text.done", "text", json!(text)));
    events.push(event("reasoning_summary_part.done", "part", part(&text)));
    events.push(json!({"type": "response.output_item.done", "output_index": place, "item": item(json!([part(&text)]))}));
    events
}

fn message(words: &[String], place: u64) -> Vec<Value> {
    let event = |name: &str, key: &str, value: Value| {
        json!({"type": format!("response.{name}"), "item_id": "msg_1", "output_index": place, "content_index": 0,
            key: value, "logprobs": []})
    };
    let item = |status: &str, content: Value| json!({"id": "msg_1", "type": "message", "status": status, "role": "assistant", "content": content});
    let part = |text: &str| json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text});
    let text = words.concat();
    let mut events = vec![
        json!({"type": "response.output_item.added", "output_index": place, "item": item("in_progress", json!([]))}),
        event("content_part.added", "part", part("")),
    ];
    events.extend(words.iter().map(|text| event("output_text.delta", "delta", json!(text))));
    events.push(event("output_text.done", "text", json!(text)));
    events.push(event("content_part.done", "part", part(&text)));
    let whole = item("completed", json!([part(&text)]));
    events.push(json!({"type": "response.output_item.done", "output_index": place, "item": whole}));
    events
}

fn function_call(place: u64) -> Vec<Value> {
    let item = |status: &str, arguments: &str| {
        json!({"id": "fc_1", "type": "function_call", "status": status, "arguments": arguments,
            "call_id": "call_1", "name": "weather"})
    };
    let event = |name: &str, key: &str, value: &str| {
        json!({"type": format!("response.function_call_arguments.{name}"), "item_id": "fc_1", "output_index": place,
            key: value})
    };
    vec![
        json!({"type": "response.output_item.added", "output_index": place, "item": item("in_progress", "")}),
        event("delta", "delta", "{\"city\":"),
        event("delta", "delta", "\"Oslo\"}"),
        event("done", "arguments", "{\"city\":\"Oslo\"}"),
        json!({"type": "response.output_item.done", "output_index": place,
            "item": item("completed", "{\"city\":\"Oslo\"}")}),
    ]
}

//! Whole answers and errors, read and written.

use paceway_domain::{Dialect, Usage};

use super::*;
use crate::neutral::{Citation, ErrorKind, ErrorReport, Finish, Reply, ReplyPart, Seal, ToolCall};

fn reply(body: &str) -> String {
    let reply = OpenAiResponses.read_reply(body.as_bytes()).unwrap();
    format!(
        "{} {} {:?}\n{}\n{:?}\n{:?}",
        reply.id,
        reply.model,
        reply.finish,
        lines(&reply.parts),
        reply.logprobs,
        reply.usage
    )
}

#[test]
fn an_answer_with_thoughts_words_and_calls_is_read() {
    let body = r#"{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"gpt-6-sol","error":null,"incomplete_details":null,
        "output":[
        {"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"One"},{"type":"summary_text","text":"two"}],"encrypted_content":"gAAA"},
        {"id":"rs_2","type":"reasoning","summary":[],"encrypted_content":"gBBB"},
        {"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"q"}},
        {"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[
            {"type":"output_text","text":"Oslo","annotations":[{"type":"url_citation","start_index":0,"end_index":4,"url":"https://a.org","title":"A"}],
             "logprobs":[{"token":"Oslo","logprob":-0.1,"bytes":[79],"top_logprobs":[]}]},
            {"type":"output_text","text":"!","annotations":[],"logprobs":[{"token":"!","logprob":-0.2,"bytes":[33],"top_logprobs":[]}]}]},
        {"id":"fc_1","type":"function_call","status":"completed","call_id":"call_1","name":"f","arguments":"{\"a\":1}"},
        {"id":"fc_2","type":"function_call","status":"completed","call_id":"call_2","name":"g","namespace":"n","arguments":"{}"},
        {"id":"ctc_1","type":"custom_tool_call","status":"completed","call_id":"call_3","name":"h","input":"ls"},
        {"id":"ig_1","type":"image_generation_call","status":"completed","result":"AAAA","output_format":"webp"}],
        "usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":60,"cache_write_tokens":10},"output_tokens":40,"output_tokens_details":{"reasoning_tokens":30},"total_tokens":140}}"#;
    insta::assert_snapshot!(reply(body), @r#"
    resp_1 gpt-6-sol ToolCalls
    Thinking { text: "One\n\ntwo", seal: Some(Seal { by: Responses, data: "rs_1|gAAA" }) }
    Redacted(Seal { by: Responses, data: "rs_2|gBBB" })
    Text { text: "Oslo", citations: [Citation { url: Some("https://a.org"), title: Some("A"), quoted: None, place: Some((0, 4)) }] }
    Text { text: "!", citations: [] }
    ToolCall(ToolCall { id: "call_1", name: "f", namespace: None, arguments: "{\"a\":1}", is_custom: false, seal: None })
    ToolCall(ToolCall { id: "call_2", name: "g", namespace: Some("n"), arguments: "{}", is_custom: false, seal: None })
    ToolCall(ToolCall { id: "call_3", name: "h", namespace: None, arguments: "ls", is_custom: true, seal: None })
    Image { media_type: "image/webp", data: "AAAA" }
    Some(RawValue([{"token":"Oslo","logprob":-0.1,"bytes":[79],"top_logprobs":[]},{"token":"!","logprob":-0.2,"bytes":[33],"top_logprobs":[]}]))
    Usage { input: Tokens(30), cache_read: Tokens(60), cache_write_5m: Tokens(10), cache_write_1h: Tokens(0), output: Tokens(40), reasoning: Tokens(30) }
    "#);
}

#[test]
fn an_answer_that_was_cut_off_or_declined_says_why_it_ended() {
    let finish = |status: &str, details: &str, content: &str| {
        let body = format!(
            r#"{{"id":"r","status":"{status}","incomplete_details":{details},"output":[{{"type":"message","content":[{content}]}}]}}"#
        );
        format!("{:?}", OpenAiResponses.read_reply(body.as_bytes()).unwrap().finish)
    };
    assert_eq!(finish("completed", "null", ""), "Done");
    assert_eq!(finish("incomplete", r#"{"reason":"max_output_tokens"}"#, ""), "Length");
    assert_eq!(finish("incomplete", r#"{"reason":"content_filter"}"#, ""), "Refused");
    assert_eq!(finish("incomplete", r#"{"reason":"steered"}"#, ""), "Paused");
    assert_eq!(finish("completed", "null", r#"{"type":"refusal","refusal":"No."}"#), "Refused");
}

#[test]
fn an_answer_that_failed_is_none() {
    let why = |body: &str| OpenAiResponses.read_reply(body.as_bytes()).unwrap_err();
    let failed = r#"{"status":"failed","output":[],"error":{"code":"server_error","message":"Sorry."}}"#;
    assert_eq!(why(failed), "its status is `failed`: Sorry.");
    assert_eq!(why(r#"{"status":"queued","output":[]}"#), "its status is `queued`");
    assert_eq!(why(r#"{"status":"completed"}"#), "it has no output");
}

fn every_part() -> Reply<'static> {
    let seal = || Seal { by: Dialect::Anthropic, data: "SIG".into() };
    let call = |id: &'static str, is_custom| {
        ReplyPart::ToolCall(ToolCall {
            id: id.into(),
            name: "f".into(),
            namespace: None,
            arguments: "".into(),
            is_custom,
            seal: None,
        })
    };
    Reply {
        id: "msg_01".into(),
        model: "".into(),
        parts: vec![
            ReplyPart::Thinking { text: "Hm".into(), seal: Some(seal()) },
            ReplyPart::Redacted(seal()),
            ReplyPart::Text {
                text: "Tø".into(),
                citations: vec![
                    Citation {
                        url: Some("https://a.org".into()),
                        title: Some("A".into()),
                        ..Citation::default()
                    },
                    Citation { title: Some("a.pdf".into()), place: Some((3, 4)), ..Citation::default() },
                ],
            },
            ReplyPart::Text { text: "!".into(), citations: Vec::new() },
            call("toolu_1", false),
            call("toolu_2", true),
            ReplyPart::Image { media_type: "image/png".into(), data: "AAAA".into() },
        ],
        logprobs: Some(
            serde_json::from_str::<&serde_json::value::RawValue>(r#"[ {"token":"T"} ]"#)
                .map(std::borrow::Cow::Borrowed)
                .unwrap(),
        ),
        finish: Finish::ToolCalls,
        usage: Usage {
            input: Tokens(5),
            cache_read: Tokens(3),
            cache_write_5m: Tokens(2),
            cache_write_1h: Tokens(1),
            output: Tokens(7),
            reasoning: Tokens(4),
            ..Usage::default()
        },
    }
}

#[test]
// tidy: long because it holds a snapshot
fn an_answer_is_written_whole_with_what_it_repeats_of_the_request() {
    let request = r#"{"model":"m","input":"Q","instructions":"Be brief.","temperature":0.5,"service_tier":"auto","store":false,
        "reasoning":{"effort":"low"},"text":{"verbosity":"low"},"metadata":{"a":"b"},
        "tools":[{"type":"function","name":"f"},{"type":"web_search"}],"tool_choice":{"type":"function",
        "name":"f"},"previous_response_id":"resp_0"}"#;
    let body = OpenAiResponses.write_reply(&every_part(), &frame(request));
    insta::assert_snapshot!(pretty(&body), @r#"
    {
      "id": "resp_01",
      "object": "response",
      "created_at": 1790000000,
      "completed_at": 1790000000,
      "status": "completed",
      "model": "sonnet",
      "error": null,
      "incomplete_details": null,
      "output": [
        {
          "id": "rs_01_0",
          "type": "reasoning",
          "summary": [
            {
              "type": "summary_text",
              "text": "Hm"
            }
          ],
          "encrypted_content": "paceway.anthropic.SIG"
        },
        {
          "id": "rs_01_1",
          "type": "reasoning",
          "summary": [],
          "encrypted_content": "redacted.paceway.anthropic.SIG"
        },
        {
          "id": "msg_01_2",
          "type": "message",
          "status": "completed",
          "content": [
            {
              "type": "output_text",
              "text": "Tø",
              "annotations": [
                {
                  "type": "url_citation",
                  "start_index": 0,
                  "end_index": 2,
                  "url": "https://a.org",
                  "title": "A"
                },
                {
                  "type": "file_citation",
                  "index": 3,
                  "file_id": "a.pdf",
                  "filename": "a.pdf"
                }
              ],
              "logprobs": [
                {
                  "token": "T"
                }
              ]
            },
            {
              "type": "output_text",
              "text": "!",
              "annotations": [],
              "logprobs": []
            }
          ],
          "role": "assistant"
        },
        {
          "id": "fc_01_3",
          "type": "function_call",
          "status": "completed",
          "arguments": "{}",
          "call_id": "toolu_1",
          "name": "f"
        },
        {
          "id": "ctc_01_4",
          "type": "custom_tool_call",
          "status": "completed",
          "input": "",
          "call_id": "toolu_2",
          "name": "f"
        },
        {
          "id": "ig_01_5",
          "type": "image_generation_call",
          "status": "completed",
          "output_format": "png",
          "result": "AAAA"
        }
      ],
      "usage": {
        "input_tokens": 11,
        "input_tokens_details": {
          "cached_tokens": 3,
          "cache_write_tokens": 3
        },
        "output_tokens": 7,
        "output_tokens_details": {
          "reasoning_tokens": 4
        },
        "total_tokens": 18
      },
      "background": false,
      "frequency_penalty": 0,
      "instructions": "Be brief.",
      "max_output_tokens": null,
      "max_tool_calls": null,
      "metadata": {
        "a": "b"
      },
      "parallel_tool_calls": true,
      "presence_penalty": 0,
      "previous_response_id": "resp_0",
      "prompt_cache_key": null,
      "prompt_cache_retention": null,
      "safety_identifier": null,
      "store": false,
      "temperature": 0.5,
      "tool_choice": {
        "type": "function",
        "name": "f"
      },
      "top_logprobs": 0,
      "top_p": 1.0,
      "truncation": "disabled",
      "user": null,
      "service_tier": "default",
      "reasoning": {
        "effort": "low",
        "summary": null
      },
      "text": {
        "verbosity": "low",
        "format": {
          "type": "text"
        }
      },
      "tools": [
        {
          "type": "function",
          "name": "f",
          "description": null,
          "parameters": null,
          "strict": null
        },
        {
          "type": "web_search"
        }
      ]
    }
    "#);
}

#[test]
fn an_answer_to_nothing_repeats_defaults() {
    let reply =
        Reply { id: "".into(), parts: Vec::new(), logprobs: None, finish: Finish::Done, ..every_part() };
    let body = OpenAiResponses.write_reply(&reply, &frame(""));
    insta::assert_snapshot!(String::from_utf8(body.to_vec()).unwrap(), @r#"{"id":"resp_req-7","object":"response","created_at":1790000000,"completed_at":1790000000,"status":"completed","model":"sonnet","error":null,"incomplete_details":null,"output":[],"usage":{"input_tokens":11,"input_tokens_details":{"cached_tokens":3,"cache_write_tokens":3},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":4},"total_tokens":18},"background":false,"frequency_penalty":0,"instructions":null,"max_output_tokens":null,"max_tool_calls":null,"metadata":{},"parallel_tool_calls":true,"presence_penalty":0,"previous_response_id":null,"prompt_cache_key":null,"prompt_cache_retention":null,"safety_identifier":null,"store":true,"temperature":1.0,"tool_choice":"auto","top_logprobs":0,"top_p":1.0,"truncation":"disabled","user":null,"service_tier":"default","reasoning":{"effort":null,"summary":null},"text":{"format":{"type":"text"}},"tools":[]}"#);
}

#[test]
fn an_answer_that_was_cut_off_is_incomplete_and_so_is_its_last_item() {
    let written = |finish| {
        let reply = Reply {
            parts: vec![every_part().parts[0].clone(), every_part().parts[3].clone()],
            finish,
            ..every_part()
        };
        let body = OpenAiResponses.write_reply(&reply, &frame(""));
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let last = value["output"][1]["status"].clone();
        format!("{} {} {}", value["status"], last, value["incomplete_details"])
    };
    assert_eq!(written(Finish::Length), r#""incomplete" "incomplete" {"reason":"max_output_tokens"}"#);
    assert_eq!(written(Finish::Refused), r#""incomplete" "incomplete" {"reason":"content_filter"}"#);
    assert_eq!(written(Finish::StopSequence(None)), r#""completed" "completed" null"#);
}

#[test]
fn usage_is_found_in_a_body() {
    let body = br#"{"x":[1],"usage":{"input_tokens":9,"output_tokens":2}}"#;
    let usage = OpenAiResponses.usage(body).unwrap();
    assert_eq!((usage.input, usage.output), (Tokens(9), Tokens(2)));
    assert_eq!(OpenAiResponses.usage(b"{}"), None);
    assert_eq!(OpenAiResponses.usage(br#"{"usage":null}"#), None);
}

#[test]
fn errors_of_every_shape_are_read() {
    let bodies: [(u16, &str); 7] = [
        (
            400,
            r#"{"error":{"message":"Too long.","type":"invalid_request_error","param":"input","code":"context_length_exceeded"}}"#,
        ),
        (429, r#"{"error":{"message":"Slow.","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#),
        (429, r#"{"error":{"message":"Pay.","type":"insufficient_quota","code":"insufficient_quota"}}"#),
        (503, r#"{"error":"down"}"#),
        (500, r#"{"error":{"message":"m","code":404}}"#),
        (502, "<html>bad gateway</html>"),
        (401, r#"{"error":{}}"#),
    ];
    let read: Vec<_> =
        bodies.iter().map(|(status, body)| OpenAiResponses.read_error(*status, body.as_bytes())).collect();
    insta::assert_snapshot!(lines(&read), @r#"
    ErrorReport { kind: InvalidRequest, message: "Too long.", field: Some("input"), code: Some("context_length_exceeded") }
    ErrorReport { kind: RateLimit, message: "Slow.", field: None, code: Some("rate_limit_exceeded") }
    ErrorReport { kind: Billing, message: "Pay.", field: None, code: Some("insufficient_quota") }
    ErrorReport { kind: Overloaded, message: "down", field: None, code: None }
    ErrorReport { kind: Server, message: "m", field: None, code: None }
    ErrorReport { kind: Server, message: "<html>bad gateway</html>", field: None, code: None }
    ErrorReport { kind: Authentication, message: "the provider gave no reason", field: None, code: None }
    "#);
}

#[test]
fn errors_are_written_as_openai_does() {
    let mut error = ErrorReport::new(ErrorKind::RateLimit, "Too fast.");
    let written = |error: &ErrorReport| {
        String::from_utf8(OpenAiResponses.write_error(error, 429, "r").to_vec()).unwrap()
    };
    insta::assert_snapshot!(written(&error), @r#"{"error":{"message":"Too fast.","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#);
    error.code = Some("tokens".into());
    error.field = Some("input".into());
    insta::assert_snapshot!(written(&error), @r#"{"error":{"message":"Too fast.","type":"requests","param":"input","code":"tokens"}}"#);
}

//! Requests written from the neutral form.

use paceway_domain::Dialect;
use serde_json::json;
use serde_json::value::RawValue;

use super::*;
use crate::neutral::{
    AnswerForm, CacheMark, Document, Effort, Image, Media, Part, PartBody, Reasoning, ReasoningMode, Role,
    Schema, Seal, ServiceTier, Tool, ToolCall, ToolChoice, ToolKind, ToolResult, Turn, WebSearch,
};
use crate::neutral::{Citation, DocumentSource};

fn raw(text: &'static str) -> crate::neutral::Json<'static> {
    std::borrow::Cow::Borrowed(serde_json::from_str::<&RawValue>(text).unwrap())
}

fn turn(role: Role, parts: Vec<PartBody<'static>>) -> Turn<'static> {
    Turn { role, name: None, parts: parts.into_iter().map(Part::new).collect() }
}

fn text(text: &'static str) -> PartBody<'static> {
    PartBody::Text { text: text.into(), citations: Vec::new() }
}

fn asked() -> Chat<'static> {
    Chat { turns: vec![turn(Role::User, vec![text("Q")])], ..Chat::default() }
}

fn call(id: &'static str, arguments: &'static str) -> PartBody<'static> {
    PartBody::ToolCall(ToolCall {
        id: id.into(),
        name: "f".into(),
        namespace: None,
        arguments: arguments.into(),
        is_custom: false,
        seal: None,
    })
}

fn thought(by: Dialect, words: &'static str, data: &'static str) -> PartBody<'static> {
    PartBody::Thinking { text: words.into(), seal: Some(Seal { by, data: data.into() }) }
}

#[test]
fn the_simplest_request_asks_for_nothing_to_be_stored() {
    let (body, changes) = write(&asked());
    insta::assert_snapshot!(body, @r#"{"model":"gpt-6-sol","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"Q"}]}],"store":false}"#);
    assert!(changes.is_empty());
}

#[test]
fn instructions_come_first_and_later_ones_stay_in_their_place() {
    let chat = Chat {
        turns: vec![
            turn(Role::System, vec![text("A"), text("B")]),
            turn(Role::User, vec![text("Q")]),
            turn(Role::System, vec![text("C")]),
        ],
        ..Chat::default()
    };
    insta::assert_snapshot!(pretty(write(&chat).0.as_bytes()), @r#"
    {
      "model": "gpt-6-sol",
      "instructions": "A\n\nB",
      "input": [
        {
          "type": "message",
          "role": "user",
          "content": [
            {
              "type": "input_text",
              "text": "Q"
            }
          ]
        },
        {
          "type": "message",
          "role": "developer",
          "content": [
            {
              "type": "input_text",
              "text": "C"
            }
          ]
        }
      ],
      "store": false
    }
    "#);
    let alone = Chat { turns: vec![turn(Role::System, vec![text("A")])], ..Chat::default() };
    assert!(write(&alone).0.contains(r#""role":"developer""#));
}

#[test]
// tidy: long because it holds a snapshot
fn a_conversation_with_thoughts_calls_and_results_becomes_items() {
    let cited = PartBody::Text {
        text: "Tø".into(),
        citations: vec![Citation { url: Some("https://a.org".into()), ..Citation::default() }],
    };
    let image = PartBody::Image(Image {
        media: Media::Base64 { media_type: "image/png".into(), data: "AAAA".into() },
        detail: None,
    });
    let failed = ToolResult {
        call_id: "c1".into(),
        name: None,
        content: vec![Part::text("no such file")],
        is_error: true,
        is_custom: false,
    };
    let seen = ToolResult {
        call_id: "c2".into(),
        content: vec![Part::text("a"), Part::new(image.clone())],
        is_error: false,
        ..failed.clone()
    };
    let chat = Chat {
        turns: vec![
            turn(Role::User, vec![text("Q"), image]),
            turn(
                Role::Assistant,
                vec![
                    thought(Dialect::Responses, "Hm", "rs_1|gAAA"),
                    thought(Dialect::Anthropic, "Foreign", "SIG"),
                    PartBody::Redacted(Seal { by: Dialect::Responses, data: "|gBBB".into() }),
                    cited,
                    call("c1", ""),
                    call("c2", "{}"),
                    thought(Dialect::Responses, "cut off", "rs_2|gCCC"),
                ],
            ),
            turn(Role::User, vec![PartBody::ToolResult(failed), PartBody::ToolResult(seen), text("Go on")]),
        ],
        ..Chat::default()
    };
    let (body, changes) = write(&chat);
    insta::assert_snapshot!(pretty(body.as_bytes()), @r#"
    {
      "model": "gpt-6-sol",
      "input": [
        {
          "type": "message",
          "role": "user",
          "content": [
            {
              "type": "input_text",
              "text": "Q"
            },
            {
              "type": "input_image",
              "image_url": "data:image/png;base64,AAAA"
            }
          ]
        },
        {
          "type": "reasoning",
          "id": "rs_1",
          "summary": [
            {
              "type": "summary_text",
              "text": "Hm"
            }
          ],
          "encrypted_content": "gAAA"
        },
        {
          "type": "reasoning",
          "summary": [],
          "encrypted_content": "gBBB"
        },
        {
          "type": "message",
          "role": "assistant",
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
                  "title": ""
                }
              ]
            }
          ]
        },
        {
          "type": "function_call",
          "call_id": "c1",
          "name": "f",
          "arguments": "{}"
        },
        {
          "type": "function_call",
          "call_id": "c2",
          "name": "f",
          "arguments": "{}"
        },
        {
          "type": "function_call_output",
          "call_id": "c1",
          "output": "Error: no such file"
        },
        {
          "type": "function_call_output",
          "call_id": "c2",
          "output": [
            {
              "type": "input_text",
              "text": "a"
            },
            {
              "type": "input_image",
              "image_url": "data:image/png;base64,AAAA"
            }
          ]
        },
        {
          "type": "message",
          "role": "user",
          "content": [
            {
              "type": "input_text",
              "text": "Go on"
            }
          ]
        }
      ],
      "include": [
        "reasoning.encrypted_content"
      ],
      "store": false
    }
    "#);
    insta::assert_snapshot!(told(&changes), @r#"
    Hint messages.1.content.1: this API takes back no thoughts but its own
    Hint messages.1.content: a thought that nothing follows cannot be sent
    Adapted messages.2.content.0.is_error: said in words
    "#);
}

#[test]
// tidy: long because it holds a snapshot
fn documents_are_files_or_words() {
    let document = |source, title: Option<&'static str>| {
        PartBody::Document(Document {
            source,
            title: title.map(Into::into),
            context: None,
            wants_citations: false,
        })
    };
    let pdf = Media::Base64 { media_type: "application/pdf".into(), data: "JVBERi0=".into() };
    let elsewhere = Media::File { at: Dialect::Anthropic, id: "file_1".into() };
    let here = Media::File { at: Dialect::OpenAi, id: "file-1".into() };
    let chat = Chat {
        turns: vec![turn(
            Role::User,
            vec![
                document(DocumentSource::Media(pdf.clone()), None),
                document(DocumentSource::Media(pdf), Some("a.pdf")),
                document(DocumentSource::Media(elsewhere), None),
                document(DocumentSource::Media(here), None),
                document(DocumentSource::Text("words".into()), Some("Title")),
                document(DocumentSource::Parts(vec![Part::text("x"), Part::text("y")]), None),
                PartBody::Audio(Media::Url { url: "https://a".into(), media_type: None }),
            ],
        )],
        ..Chat::default()
    };
    let (body, changes) = write(&chat);
    insta::assert_snapshot!(pretty(body.as_bytes()), @r#"
    {
      "model": "gpt-6-sol",
      "input": [
        {
          "type": "message",
          "role": "user",
          "content": [
            {
              "type": "input_file",
              "filename": "document.pdf",
              "file_data": "data:application/pdf;base64,JVBERi0="
            },
            {
              "type": "input_file",
              "filename": "a.pdf",
              "file_data": "data:application/pdf;base64,JVBERi0="
            },
            {
              "type": "input_file",
              "file_id": "file-1"
            },
            {
              "type": "input_text",
              "text": "Title\n\nwords"
            },
            {
              "type": "input_text",
              "text": "x"
            },
            {
              "type": "input_text",
              "text": "y"
            }
          ]
        }
      ],
      "store": false
    }
    "#);
    insta::assert_snapshot!(told(&changes), @r#"
    Lost messages.0.content.2: the file is at another provider
    Adapted messages.0.content.4: sent as text
    Adapted messages.0.content.5: its parts are sent one by one
    Lost messages.0.content.6: this API takes no recordings
    "#);
}

fn tool(name: &'static str, namespace: Option<&'static str>, kind: ToolKind<'static>) -> Tool<'static> {
    Tool { name: name.into(), namespace: namespace.map(Into::into), description: None, kind, cache: None }
}

#[test]
// tidy: long because it holds a snapshot
fn tools_are_written_in_their_groups_and_choices_by_their_kind() {
    let function = || ToolKind::Function { schema: None, strict: None };
    let search = WebSearch {
        max_uses: Some(2),
        allowed_domains: vec!["a.org".into()],
        blocked_domains: vec!["b.org".into()],
        user_location: Some(raw(r#"{"type":"approximate"}"#)),
    };
    let chat = Chat {
        tools: vec![
            tool(
                "f",
                None,
                ToolKind::Function { schema: Some(raw(r#"{"type":"object"}"#)), strict: Some(true) },
            ),
            tool("g", Some("n"), function()),
            tool("h", Some("n"), function()),
            tool("i", Some("o"), function()),
            tool("c", None, ToolKind::Custom { format: Some(raw(r#"{"type":"grammar"}"#)) }),
            tool("search", None, ToolKind::WebSearch(search)),
            tool("x", None, ToolKind::Hosted { kind: "bash_20250124".into() }),
        ],
        tool_choice: Some(ToolChoice::Among {
            names: vec!["f".into(), "c".into(), "search".into()],
            is_required: false,
        }),
        parallel_tools: Some(false),
        ..asked()
    };
    let (body, changes) = write(&chat);
    insta::assert_snapshot!(pretty(body.as_bytes()), @r#"
    {
      "model": "gpt-6-sol",
      "input": [
        {
          "type": "message",
          "role": "user",
          "content": [
            {
              "type": "input_text",
              "text": "Q"
            }
          ]
        }
      ],
      "tools": [
        {
          "type": "function",
          "name": "f",
          "parameters": {
            "properties": {},
            "type": "object"
          },
          "strict": true
        },
        {
          "type": "namespace",
          "name": "n",
          "description": "The tools of n.",
          "tools": [
            {
              "type": "function",
              "name": "g",
              "parameters": {
                "type": "object",
                "properties": {}
              },
              "strict": false
            },
            {
              "type": "function",
              "name": "h",
              "parameters": {
                "type": "object",
                "properties": {}
              },
              "strict": false
            }
          ]
        },
        {
          "type": "namespace",
          "name": "o",
          "description": "The tools of o.",
          "tools": [
            {
              "type": "function",
              "name": "i",
              "parameters": {
                "type": "object",
                "properties": {}
              },
              "strict": false
            }
          ]
        },
        {
          "type": "custom",
          "name": "c",
          "format": {
            "type": "grammar"
          }
        },
        {
          "type": "web_search",
          "filters": {
            "allowed_domains": [
              "a.org"
            ]
          },
          "user_location": {
            "type": "approximate"
          }
        }
      ],
      "tool_choice": {
        "type": "allowed_tools",
        "mode": "auto",
        "tools": [
          {
            "type": "function",
            "name": "f"
          },
          {
            "type": "custom",
            "name": "c"
          },
          {
            "type": "web_search"
          }
        ]
      },
      "parallel_tool_calls": false,
      "store": false
    }
    "#);
    insta::assert_snapshot!(told(&changes), @r#"
    Lost tools.6: `bash_20250124` is a tool of another provider's own
    Lost web_search.blocked_domains: this API can only say which sites are allowed
    Lost web_search.max_uses: this API does not bound one tool's calls
    "#);
    let choose = |name: &'static str| {
        let (body, _) = write(&Chat { tool_choice: Some(ToolChoice::Named(name.into())), ..chat.clone() });
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        value["tool_choice"].clone()
    };
    assert_eq!(choose("f"), json!({"type": "function", "name": "f"}));
    assert_eq!(choose("c"), json!({"type": "custom", "name": "c"}));
    let only = json!({"type": "allowed_tools", "mode": "required", "tools": [{"type": "web_search"}]});
    assert_eq!(choose("search"), only);
}

#[test]
// tidy: long because it holds a snapshot
fn settings_are_written_and_what_the_api_lacks_is_lost() {
    let mut chat = Chat {
        form: AnswerForm::Schema(Schema {
            name: None,
            description: None,
            schema: raw(r#"{"type":"object"}"#),
            strict: None,
        }),
        reasoning: Some(Reasoning {
            mode: ReasoningMode::On,
            effort: None,
            budget: Some(Tokens(10_000)),
            is_shown: Some(true),
        }),
        max_output: Some(Tokens(5)),
        stop: vec!["END".into()],
        answers: Some(2),
        verbosity: Some("high".into()),
        user: Some("u".into()),
        cache_key: Some("k".into()),
        service_tier: Some(ServiceTier::Standard),
        stream: true,
        ..asked()
    };
    chat.sampling.temperature = Some(3.0);
    chat.sampling.top_p = Some(0.25);
    chat.sampling.top_k = Some(4);
    chat.sampling.presence_penalty = Some(0.0);
    chat.sampling.frequency_penalty = Some(0.5);
    chat.sampling.seed = Some(1);
    chat.sampling.logit_bias = Some(raw(r#"{"1":2}"#));
    chat.sampling.logprobs = Some(crate::neutral::Logprobs { top: 2 });
    chat.turns[0].name = Some("Ann".into());
    chat.turns[0].parts[0].cache = Some(CacheMark::OneHour);
    let (body, changes) = write(&chat);
    insta::assert_snapshot!(pretty(body.as_bytes()), @r#"
    {
      "model": "gpt-6-sol",
      "input": [
        {
          "type": "message",
          "role": "user",
          "content": [
            {
              "type": "input_text",
              "text": "Q"
            }
          ]
        }
      ],
      "text": {
        "format": {
          "type": "json_schema",
          "name": "answer",
          "schema": {
            "type": "object"
          },
          "strict": false
        },
        "verbosity": "high"
      },
      "reasoning": {
        "effort": "medium",
        "summary": "auto"
      },
      "include": [
        "reasoning.encrypted_content",
        "message.output_text.logprobs"
      ],
      "top_logprobs": 2,
      "store": false,
      "temperature": 2.0,
      "top_p": 0.25,
      "max_output_tokens": 16,
      "user": "u",
      "prompt_cache_key": "k",
      "service_tier": "default",
      "stream": true
    }
    "#);
    insta::assert_snapshot!(told(&changes), @r#"
    Lost top_k: the Responses API has no such setting
    Lost frequency_penalty: the Responses API has no such setting
    Lost seed: the Responses API has no such setting
    Lost logit_bias: the Responses API has no such setting
    Lost stop: the Responses API has no such setting
    Lost answers: the Responses API has no such setting
    Hint messages.0.name: speakers have no names here
    Hint cache: prompts are cached of their own accord
    Adapted reasoning.budget: sent as an effort
    Adapted temperature: 2 is the highest
    Adapted max_output: 16 is the least
    "#);
}

#[test]
fn a_model_that_shall_not_think_is_told_so() {
    let with = |mode, effort| {
        let reasoning = Reasoning { mode, effort, budget: None, is_shown: None };
        let (body, _) = write(&Chat { reasoning: Some(reasoning), ..asked() });
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        (value["reasoning"].to_string(), value["include"].to_string())
    };
    assert_eq!(with(ReasoningMode::Off, None), (r#"{"effort":"none"}"#.into(), "null".into()));
    let sealed = r#"["reasoning.encrypted_content"]"#;
    assert_eq!(with(ReasoningMode::On, None), (r#"{"effort":"medium"}"#.into(), sealed.into()));
    assert_eq!(with(ReasoningMode::On, Some(Effort::Max)), (r#"{"effort":"max"}"#.into(), sealed.into()));
    assert_eq!(with(ReasoningMode::Adaptive, None), ("null".into(), sealed.into()));
}

#[test]
fn models_are_asked_only_for_the_thinking_that_they_have() {
    let asked_of = |model, mode, budget| {
        let reasoning = Some(Reasoning { mode, effort: None, budget, is_shown: Some(true) });
        let target = Target { model, ..TARGET };
        let body =
            OpenAiResponses.write_chat(&Chat { reasoning, ..asked() }, target, &mut Changes::default());
        let value: serde_json::Value = serde_json::from_slice(&body.unwrap()).unwrap();
        format!("{} {}", value["reasoning"], value["include"])
    };
    let budget = Some(Tokens(4_096));
    assert_eq!(asked_of("gpt-4.1", ReasoningMode::Off, None), "null null");
    assert_eq!(asked_of("gpt-4.1", ReasoningMode::On, budget), "null null");
    assert_eq!(asked_of("gpt-5", ReasoningMode::Off, None), r#"{"effort":"minimal"} null"#);
    assert_eq!(asked_of("o3", ReasoningMode::Off, None), r#"{"effort":"low"} null"#);
    assert_eq!(
        asked_of("o3", ReasoningMode::On, budget),
        r#"{"effort":"low","summary":"auto"} ["reasoning.encrypted_content"]"#
    );
}

#[test]
fn a_user_whose_name_is_too_long_for_openai_is_left_out() {
    for (length, is_told) in [(64, true), (65, false)] {
        let user = "\u{e9}".repeat(length);
        let (body, changes) = write(&Chat { user: Some(user.clone().into()), ..asked() });
        assert_eq!((body.contains(&user), changes.is_empty()), (is_told, is_told), "{changes}");
    }
}

#[test]
fn long_ids_of_calls_are_shortened_the_same_way_for_call_and_result() {
    const LONG: &str = "call_0123456789012345678901234567890123456789012345678901234567890123456789";
    let result = ToolResult {
        call_id: LONG.into(),
        name: None,
        content: Vec::new(),
        is_error: false,
        is_custom: false,
    };
    let chat = Chat {
        turns: vec![
            turn(Role::Assistant, vec![call(LONG, "{}")]),
            turn(Role::User, vec![PartBody::ToolResult(result)]),
        ],
        ..Chat::default()
    };
    let value: serde_json::Value = serde_json::from_str(&write(&chat).0).unwrap();
    let ids: Vec<_> =
        value["input"].as_array().unwrap().iter().map(|item| item["call_id"].as_str().unwrap()).collect();
    assert_eq!(ids[0], ids[1]);
    assert!(ids[0].len() <= 64, "{}", ids[0]);
}

#[test]
fn a_conversation_of_which_nothing_can_be_said_is_refused() {
    let chat = Chat {
        turns: vec![turn(Role::Assistant, vec![thought(Dialect::Gemini, "Hm", "x")])],
        ..Chat::default()
    };
    let refusal = OpenAiResponses.write_chat(&chat, TARGET, &mut Changes::default()).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "messages: nothing is left of the conversation that this API can be told"
    );
}

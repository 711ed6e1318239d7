//! Requests written for models of several makers.

use paceway_domain::{Dialect, Tokens};

use super::support::{CLAUDE, LLAMA, NOVA, OLD_CLAUDE, told, write};
use crate::neutral::{
    AnswerForm, CacheMark, Chat, Document, DocumentSource, Effort, Image, Logprobs, Media, Part, PartBody,
    Reasoning, ReasoningMode, Role, Seal, ServiceTier, Tool, ToolCall, ToolChoice, ToolKind, ToolResult,
    Turn, WebSearch,
};

fn turn(role: Role, parts: Vec<Part<'_>>) -> Turn<'_> {
    Turn { role, name: None, parts }
}

fn user(text: &str) -> Turn<'_> {
    turn(Role::User, vec![Part::text(text)])
}

fn call(id: &'static str) -> Part<'static> {
    Part::new(PartBody::ToolCall(ToolCall {
        id: id.into(),
        name: "find".into(),
        namespace: None,
        arguments: "".into(),
        is_custom: false,
        seal: None,
    }))
}

fn result<'a>(id: &'static str, content: Vec<Part<'a>>) -> Part<'a> {
    Part::new(PartBody::ToolResult(ToolResult {
        call_id: id.into(),
        name: None,
        content,
        is_error: false,
        is_custom: false,
    }))
}

fn tool(name: &'static str) -> Tool<'static> {
    Tool {
        name: name.into(),
        namespace: None,
        description: None,
        kind: ToolKind::Function { schema: None, strict: Some(true) },
        cache: None,
    }
}

fn document(title: Option<&'static str>, source: DocumentSource<'static>) -> Part<'static> {
    Part::new(PartBody::Document(Document {
        source,
        title: title.map(Into::into),
        context: None,
        wants_citations: false,
    }))
}

fn base64(media_type: &'static str) -> Media<'static> {
    Media::Base64 { media_type: media_type.into(), data: "aGk=".into() }
}

fn thinks(mode: ReasoningMode, effort: Option<Effort>, budget: Option<u64>) -> Reasoning {
    Reasoning { mode, effort, budget: budget.map(Tokens), is_shown: None }
}

fn written(chat: &Chat<'_>, model: &str) -> String {
    let (body, changes) = write(chat, model).unwrap();
    told(&body, &[&changes])
}

fn said(chat: &Chat<'_>, model: &str) -> String {
    let (body, changes) = write(chat, model).unwrap();
    let rest = body.split_once("}]}]").map_or("", |(_, rest)| rest);
    told(rest, &[&changes])
}

#[test]
fn turns_alternate_begin_with_the_user_and_hold_no_blanks() {
    let chat = Chat {
        turns: vec![
            turn(Role::Assistant, vec![Part::text("Welcome.")]),
            user("One."),
            turn(Role::User, vec![Part::text("  "), Part::text("Two.")]),
            turn(Role::Assistant, vec![Part::text("\n")]),
            user("Three."),
            turn(Role::Assistant, vec![Part::text("So: \n")]),
        ],
        ..Chat::default()
    };
    insta::assert_snapshot!(written(&chat, CLAUDE), @r#"
    {"messages":[{"role":"user","content":[{"text":"Hello."}]},{"role":"assistant","content":[{"text":"Welcome."}]},{"role":"user","content":[{"text":"One."},{"text":"Two."},{"text":"Three."}]},{"role":"assistant","content":[{"text":"So:"}]}]}
    adapted messages: begun with a user's `Hello.`: Amazon Bedrock lets no model begin
    "#);
}

#[test]
fn results_come_first_and_in_one_turn() {
    let chat = Chat {
        turns: vec![
            user("Find."),
            turn(Role::Assistant, vec![Part::text("Yes."), call("call|1"), call("b")]),
            turn(Role::User, vec![Part::text("Meanwhile…"), result("call|1", vec![Part::text("found")])]),
            turn(Role::User, vec![result("b", vec![])]),
        ],
        tools: vec![tool("find")],
        ..Chat::default()
    };
    insta::assert_snapshot!(written(&chat, CLAUDE), @r#"
    {"messages":[{"role":"user","content":[{"text":"Find."}]},{"role":"assistant","content":[{"text":"Yes."},{"toolUse":{"toolUseId":"call_1","name":"find","input":{}}},{"toolUse":{"toolUseId":"b","name":"find","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"call_1","content":[{"text":"found"}]}},{"toolResult":{"toolUseId":"b","content":[{"text":"(empty)"}]}},{"text":"Meanwhile…"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"find","inputSchema":{"json":{"type":"object","properties":{}}}}}]}}
    adapted messages.3.content.0: an empty result is said in words
    "#);
}

#[test]
fn long_ids_are_shortened_the_same_for_call_and_result() {
    const LONG: &str = "call_0123456789012345678901234567890123456789012345678901234567890123456789";
    let chat = Chat {
        turns: vec![
            user("x"),
            turn(Role::Assistant, vec![call(LONG)]),
            turn(Role::User, vec![result(LONG, vec![Part::text("y")])]),
        ],
        ..Chat::default()
    };
    let (body, _) = write(&chat, CLAUDE).unwrap();
    let ids: Vec<_> =
        body.split("\"toolUseId\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ids[0].len(), 64);
}

#[test]
fn a_failed_tool_is_told_in_words_where_there_is_no_status() {
    let mut failed = result("a", vec![Part::text("timeout")]);
    let PartBody::ToolResult(inner) = &mut failed.body else { panic!() };
    inner.is_error = true;
    let chat = Chat {
        turns: vec![user("x"), turn(Role::Assistant, vec![call("a")]), turn(Role::User, vec![failed])],
        tools: vec![tool("find")],
        ..Chat::default()
    };
    assert!(write(&chat, NOVA).unwrap().0.contains(r#""status":"error""#));
    let (body, changes) = write(&chat, LLAMA).unwrap();
    assert!(body.contains(r#""content":[{"text":"The tool failed."},{"text":"timeout"}]}"#), "{body}");
    assert!(changes.to_string().contains("that the tool failed is said in words"));
}

#[test]
fn files_are_sent_as_bytes_or_from_s3_and_from_nowhere_else() {
    let image = |media| Part::new(PartBody::Image(Image { media, detail: None }));
    let url = |url: &'static str| Media::Url { url: url.into(), media_type: None };
    let chat = Chat {
        turns: vec![turn(
            Role::User,
            vec![
                image(base64("image/jpeg")),
                image(base64("image/tiff")),
                image(url("https://a.example/a.png")),
                image(url("s3://bucket/b.PNG")),
                image(Media::File { at: Dialect::OpenAi, id: "file_1".into() }),
                Part::new(PartBody::Video(base64("video/mp4"))),
                Part::new(PartBody::Audio(base64("audio/wav"))),
            ],
        )],
        ..Chat::default()
    };
    insta::assert_snapshot!(written(&chat, CLAUDE), @r#"
    {"messages":[{"role":"user","content":[{"image":{"format":"jpeg","source":{"bytes":"aGk="}}},{"image":{"format":"png","source":{"s3Location":{"uri":"s3://bucket/b.PNG"}}}}]}]}
    LOST messages.0.content.1: Amazon Bedrock does not take files of this media type
    LOST messages.0.content.2: Amazon Bedrock fetches nothing from the web: send the bytes as base64, or an s3:// address
    LOST messages.0.content.4: a file uploaded to another provider cannot be read here
    LOST messages.0.content.5: Claude models take no recordings and no films
    LOST messages.0.content.6: Claude models take no recordings and no films
    "#);
    assert!(
        write(&chat, NOVA).unwrap().0.contains(r#"{"video":{"format":"mp4","source":{"bytes":"aGk="}}}"#)
    );
}

#[test]
fn documents_have_names_of_their_own_and_words_beside_them() {
    let chat = Chat {
        turns: vec![turn(
            Role::User,
            vec![
                document(Some("Q3_report  (final).pdf"), DocumentSource::Media(base64("application/pdf"))),
                document(Some("Q3 report"), DocumentSource::Text("words".into())),
                document(Some("Q3 report"), DocumentSource::Parts(vec![Part::text("one"), call("a")])),
                document(None, DocumentSource::Media(base64("application/json"))),
                document(None, DocumentSource::Text(" ".into())),
            ],
        )],
        ..Chat::default()
    };
    insta::assert_snapshot!(written(&chat, CLAUDE), @r#"
    {"messages":[{"role":"user","content":[{"document":{"format":"pdf","name":"Q3-report (final)-pdf","source":{"bytes":"aGk="}}},{"document":{"format":"txt","name":"Q3 report","source":{"text":"words"}}},{"document":{"format":"txt","name":"Q3 report (2)","source":{"content":[{"text":"one"}]}}},{"document":{"format":"txt","name":"document","source":{"bytes":"aGk="}}},{"text":"See the attached document."}]}]}
    LOST messages.0.content.4: the document is empty
    adapted messages.0.content.0.title: of the characters and length that are allowed
    adapted messages.0.content.2.title: of the characters and length that are allowed
    LOST messages.0.content.2.source.content.1: Amazon Bedrock takes only texts as parts of a document
    adapted messages.0.content.0: words are put beside it: Amazon Bedrock demands some
    "#);
}

#[test]
fn cache_points_stand_only_where_they_may() {
    let marked = |mut part: Part<'static>| {
        part.cache = Some(CacheMark::OneHour);
        part
    };
    let seal = || Seal { by: Dialect::Converse, data: "c2ln".into() };
    let chat = Chat {
        turns: vec![
            turn(Role::System, vec![marked(Part::text("Be brief."))]),
            turn(
                Role::User,
                vec![Part::text("x"), marked(document(Some("d"), DocumentSource::Text("words".into())))],
            ),
            turn(
                Role::Assistant,
                vec![
                    marked(Part::new(PartBody::Thinking { text: "hm".into(), seal: Some(seal()) })),
                    marked(call("a")),
                ],
            ),
            turn(Role::User, vec![result("a", vec![marked(Part::text("y"))])]),
        ],
        tools: vec![Tool { cache: Some(CacheMark::FiveMinutes), ..tool("find") }],
        ..Chat::default()
    };
    insta::assert_snapshot!(written(&chat, CLAUDE), @r#"
    {"system":[{"text":"Be brief."},{"cachePoint":{"type":"default","ttl":"1h"}}],"messages":[{"role":"user","content":[{"text":"x"},{"document":{"format":"txt","name":"d","source":{"text":"words"}}}]},{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"c2ln"}}},{"toolUse":{"toolUseId":"a","name":"find","input":{}}},{"cachePoint":{"type":"default","ttl":"1h"}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"text":"y"}]}},{"cachePoint":{"type":"default","ttl":"1h"}}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"find","inputSchema":{"json":{"type":"object","properties":{}}}}},{"cachePoint":{"type":"default"}}]}}
    hint cache_control: no cache point may follow a document other than a PDF
    "#);
    let (nova, _) = write(&chat, NOVA).unwrap();
    assert!(
        !nova.contains("ttl") && nova.contains(r#"{"text":"Be brief."},{"cachePoint":{"type":"default"}}"#)
    );
    let (llama, changes) = write(&chat, LLAMA).unwrap();
    assert!(!llama.contains("cachePoint"));
    assert!(changes.to_string().contains("this model has no prompt cache"));
}

#[test]
fn thoughts_go_back_only_where_they_are_from() {
    let thought = |by| {
        Part::new(PartBody::Thinking { text: "hm".into(), seal: Some(Seal { by, data: "c2ln".into() }) })
    };
    let redacted = Part::new(PartBody::Redacted(Seal { by: Dialect::Converse, data: "b3Bh".into() }));
    let chat = Chat {
        turns: vec![
            user("x"),
            turn(
                Role::Assistant,
                vec![
                    thought(Dialect::Anthropic),
                    thought(Dialect::Converse),
                    Part::new(PartBody::Thinking { text: "bare".into(), seal: None }),
                    redacted,
                    Part::text("y"),
                ],
            ),
            user("z"),
            turn(Role::Assistant, vec![thought(Dialect::Converse)]),
            user("go on"),
        ],
        ..Chat::default()
    };
    insta::assert_snapshot!(written(&chat, CLAUDE), @r#"
    {"messages":[{"role":"user","content":[{"text":"x"}]},{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"c2ln"}}},{"reasoningContent":{"redactedContent":"b3Bh"}},{"text":"y"}]},{"role":"user","content":[{"text":"z"},{"text":"go on"}]}]}
    hint messages.1.content.0: a thought goes back only to the model that had it
    hint messages.1.content.2: a thought goes back only to the model that had it
    "#);
    assert!(!write(&chat, NOVA).unwrap().0.contains("reasoningContent"));
}

#[test]
// tidy: long because it holds its snapshot
fn each_maker_is_told_to_think_in_its_own_words() {
    let chat = |reasoning| Chat { turns: vec![user("x")], reasoning: Some(reasoning), ..Chat::default() };
    let on = ReasoningMode::On;
    let medium = chat(thinks(on, Some(Effort::Medium), None));
    let by_budget = chat(thinks(on, None, Some(20_000)));
    let most = chat(thinks(ReasoningMode::Adaptive, Some(Effort::ExtraHigh), None));
    let off = chat(thinks(ReasoningMode::Off, None, None));
    let models = [CLAUDE, OLD_CLAUDE, "anthropic.claude-opus-4-6-v1", NOVA, "openai.gpt-oss-120b-1:0", LLAMA];
    let mut all = Vec::new();
    for model in models {
        for chat in [&medium, &by_budget, &most, &off] {
            all.push(format!("{model}\n  {}", said(chat, model).replace('\n', "\n  ")));
        }
    }
    insta::assert_snapshot!(all.join("\n"), @r#"
    us.anthropic.claude-opus-5
      ,"additionalModelRequestFields":{"thinking":{"type":"adaptive"}},"outputConfig":{"effort":"medium"}}
    us.anthropic.claude-opus-5
      ,"additionalModelRequestFields":{"thinking":{"type":"adaptive"}},"outputConfig":{"effort":"high"}}
      adapted reasoning.budget: sent as an effort: this model takes no budget
    us.anthropic.claude-opus-5
      ,"additionalModelRequestFields":{"thinking":{"type":"adaptive"}},"outputConfig":{"effort":"xhigh"}}
    us.anthropic.claude-opus-5
      ,"additionalModelRequestFields":{"thinking":{"type":"disabled"}}}
    anthropic.claude-sonnet-4-5-20250929-v1:0
      ,"inferenceConfig":{"maxTokens":4096},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2048}}}
    anthropic.claude-sonnet-4-5-20250929-v1:0
      ,"inferenceConfig":{"maxTokens":24096},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":20000}}}
    anthropic.claude-sonnet-4-5-20250929-v1:0
      ,"inferenceConfig":{"maxTokens":4096},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":3891}}}
    anthropic.claude-sonnet-4-5-20250929-v1:0
      }
    anthropic.claude-opus-4-6-v1
      ,"additionalModelRequestFields":{"thinking":{"type":"adaptive"}},"outputConfig":{"effort":"medium"}}
    anthropic.claude-opus-4-6-v1
      ,"additionalModelRequestFields":{"thinking":{"type":"adaptive"}},"outputConfig":{"effort":"high"}}
      adapted reasoning.budget: sent as an effort: this model takes no budget
    anthropic.claude-opus-4-6-v1
      ,"additionalModelRequestFields":{"thinking":{"type":"adaptive"}},"outputConfig":{"effort":"high"}}
      adapted reasoning.effort: sent as high, this model's next
    anthropic.claude-opus-4-6-v1
      ,"additionalModelRequestFields":{"thinking":{"type":"disabled"}}}
    us.amazon.nova-2-lite-v1:0
      ,"additionalModelRequestFields":{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"medium"}}}
    us.amazon.nova-2-lite-v1:0
      ,"additionalModelRequestFields":{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}}}
      adapted reasoning.budget: sent as an effort: this model takes no budget
    us.amazon.nova-2-lite-v1:0
      ,"additionalModelRequestFields":{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}}}
    us.amazon.nova-2-lite-v1:0
      }
    openai.gpt-oss-120b-1:0
      ,"additionalModelRequestFields":{"reasoning_effort":"medium"}}
    openai.gpt-oss-120b-1:0
      ,"additionalModelRequestFields":{"reasoning_effort":"high"}}
    openai.gpt-oss-120b-1:0
      ,"additionalModelRequestFields":{"reasoning_effort":"high"}}
    openai.gpt-oss-120b-1:0
      ,"additionalModelRequestFields":{"reasoning_effort":"low"}}
      adapted reasoning: low is this model's least
    meta.llama3-1-70b-instruct-v1:0
      }
      hint reasoning: this model cannot be told how much to think
    meta.llama3-1-70b-instruct-v1:0
      }
      hint reasoning: this model cannot be told how much to think
    meta.llama3-1-70b-instruct-v1:0
      }
      hint reasoning: this model cannot be told how much to think
    meta.llama3-1-70b-instruct-v1:0
      }
    "#);
}

#[test]
fn thinking_gives_way_to_a_forced_call_and_to_a_loop_begun_without_it() {
    let reasoning = Some(thinks(ReasoningMode::On, None, Some(2000)));
    let forced = Chat {
        turns: vec![user("x")],
        tools: vec![tool("find")],
        tool_choice: Some(ToolChoice::Any),
        reasoning,
        ..Chat::default()
    };
    let (body, changes) = write(&forced, OLD_CLAUDE).unwrap();
    assert!(
        !body.contains("thinking") && changes.to_string().contains("off: Claude models do not think"),
        "{changes}"
    );
    changes.check(false).unwrap();
    let looping = Chat {
        turns: vec![
            user("x"),
            turn(Role::Assistant, vec![call("a")]),
            turn(Role::User, vec![result("a", vec![Part::text("y")])]),
        ],
        tools: vec![tool("find")],
        reasoning,
        ..Chat::default()
    };
    let (body, changes) = write(&looping, OLD_CLAUDE).unwrap();
    assert!(!body.contains("thinking"));
    changes.check(false).unwrap();
    assert!(write(&looping, CLAUDE).unwrap().0.contains(r#"{"type":"adaptive"}"#));
}

#[test]
fn a_budget_is_less_than_the_output_bound_or_not_sent() {
    for (max_output, budget, expected) in [
        (None, 2000, r#"{"maxTokens":6096}"#),
        (Some(3000), 8000, r#""budget_tokens":2999"#),
        (Some(3000), 100, r#""budget_tokens":1024"#),
    ] {
        let chat = Chat {
            turns: vec![user("x")],
            reasoning: Some(thinks(ReasoningMode::On, None, Some(budget))),
            max_output: max_output.map(Tokens),
            ..Chat::default()
        };
        let (body, _) = write(&chat, OLD_CLAUDE).unwrap();
        assert!(body.contains(expected), "{body}");
    }
    let chat = Chat {
        turns: vec![user("x")],
        reasoning: Some(thinks(ReasoningMode::On, None, Some(2000))),
        max_output: Some(Tokens(1000)),
        ..Chat::default()
    };
    let (body, changes) = write(&chat, OLD_CLAUDE).unwrap();
    assert!(!body.contains("thinking") && changes.check(false).is_err());
}

#[test]
// tidy: long because it holds its snapshot
fn tools_are_chosen_as_each_model_can_be_told() {
    let chat = |choice, parallel_tools, has_history: bool| Chat {
        turns: if has_history {
            vec![
                user("x"),
                turn(Role::Assistant, vec![call("a")]),
                turn(Role::User, vec![result("a", vec![Part::text("}]}]")])]),
            ]
        } else {
            vec![user("x")]
        },
        tools: vec![tool("find"), tool("other")],
        tool_choice: choice,
        parallel_tools,
        ..Chat::default()
    };
    let among =
        |is_required| Some(ToolChoice::Among { names: vec!["other".into(), "third".into()], is_required });
    let mut all = Vec::new();
    for (name, chat) in [
        ("auto", chat(Some(ToolChoice::Auto), None, false)),
        ("any", chat(Some(ToolChoice::Any), Some(true), false)),
        ("named", chat(Some(ToolChoice::Named("find".into())), None, false)),
        ("one at a time", chat(Some(ToolChoice::Any), Some(false), false)),
        ("among, required", chat(among(true), None, false)),
        ("among", chat(among(false), None, false)),
        ("none", chat(Some(ToolChoice::None), None, false)),
        ("none, after calls", chat(Some(ToolChoice::None), None, true)),
    ] {
        for model in [CLAUDE, LLAMA] {
            all.push(format!("{name}, {model}\n  {}", said(&chat, model).replace('\n', "\n  ")));
        }
    }
    insta::assert_snapshot!(all.join("\n"), @r#"
    auto, us.anthropic.claude-opus-5
      ,"toolConfig":{"tools":[{"toolSpec":{"name":"find","inputSchema":{"json":{"type":"object","properties":{}}}}},{"toolSpec":{"name":"other","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"auto":{}}}}
    auto, meta.llama3-1-70b-instruct-v1:0
      ,"toolConfig":{"tools":[{"toolSpec":{"name":"find","inputSchema":{"json":{"type":"object","properties":{}}}}},{"toolSpec":{"name":"other","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"auto":{}}}}
    any, us.anthropic.claude-opus-5
      ,"toolConfig":{"tools":[{"toolSpec":{"name":"find","inputSchema":{"json":{"type":"object","properties":{}}}}},{"toolSpec":{"name":"other","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"any":{}}}}
    any, meta.llama3-1-70b-instruct-v1:0
      ,"toolConfig":{"tools":[{"toolSpec":{"name":"find","inputSchema":{"json":{"type":"object","properties":{}}}}},{"toolSpec":{"name":"other","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"any":{}}}}
    named, us.anthropic.claude-opus-5
      ,"toolConfig":{"tools":[{"toolSpec":{"name":"find","inputSchema":{"json":{"type":"object","properties":{}}}}},{"toolSpec":{"name":"other","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"tool":{"name":"find"}}}}
    named, meta.llama3-1-70b-instruct-v1:0
      ,"toolConfig":{"tools":[{"toolSpec":{"name":"find","inputSchema":{"json":{"type":"object","properties":{}}}}},{"toolSpec":{"name":"other","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"tool":{"name":"find"}}}}
    one at a time, us.anthropic.claude-opus-5
      ,"toolConfig":{"tools":[{"toolSpec":{"name":"find","inputSchema":{"json":{"type":"object","properties":{}}}}},{"toolSpec":{"name":"other","inputSchema":{"json":{"type":"object","properties":{}}}}}]},"additionalModelRequestFields":{"tool_choice":{"type":"any","disable_parallel_tool_use":true}}}
    one at a time, meta.llama3-1-70b-instruct-v1:0
      ,"toolConfig":{"tools":[{"toolSpec":{"name":"find","inputSchema":{"json":{"type":"object","properties":{}}}}},{"toolSpec":{"name":"other","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"any":{}}}}
      LOST parallel_tools: this model cannot be told to call one tool at a time
    among, required, us.anthropic.claude-opus-5
      ,"toolConfig":{"tools":[{"toolSpec":{"name":"other","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"any":{}}}}
      adapted tool_choice: only the tools that are allowed are declared
    among, required, meta.llama3-1-70b-instruct-v1:0
      ,"toolConfig":{"tools":[{"toolSpec":{"name":"other","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"any":{}}}}
      adapted tool_choice: only the tools that are allowed are declared
    among, us.anthropic.claude-opus-5
      ,"toolConfig":{"tools":[{"toolSpec":{"name":"other","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"auto":{}}}}
      adapted tool_choice: only the tools that are allowed are declared
    among, meta.llama3-1-70b-instruct-v1:0
      ,"toolConfig":{"tools":[{"toolSpec":{"name":"other","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"auto":{}}}}
      adapted tool_choice: only the tools that are allowed are declared
    none, us.anthropic.claude-opus-5
      }
    none, meta.llama3-1-70b-instruct-v1:0
      }
    none, after calls, us.anthropic.claude-opus-5
      "}]}}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"find","inputSchema":{"json":{"type":"object","properties":{}}}}},{"toolSpec":{"name":"other","inputSchema":{"json":{"type":"object","properties":{}}}}}]},"additionalModelRequestFields":{"tool_choice":{"type":"none"}}}
    none, after calls, meta.llama3-1-70b-instruct-v1:0
      "}]}}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"find","inputSchema":{"json":{"type":"object","properties":{}}}}},{"toolSpec":{"name":"other","inputSchema":{"json":{"type":"object","properties":{}}}}}]}}
      LOST tool_choice: this model must be told of its tools and cannot be told to call none
    "#);
}

#[test]
fn tools_that_were_called_are_declared_even_if_nobody_declares_them() {
    let chat = Chat {
        turns: vec![
            user("x"),
            turn(Role::Assistant, vec![call("a"), call("b")]),
            turn(Role::User, vec![result("a", vec![]), result("b", vec![Part::text("y")])]),
        ],
        ..Chat::default()
    };
    let (body, changes) = write(&chat, LLAMA).unwrap();
    let config = r#""toolConfig":{"tools":[{"toolSpec":{"name":"find","inputSchema":{"json":{"type":"object","properties":{}}}}}]}"#;
    assert!(body.contains(config), "{body}");
    changes.check(false).unwrap();
}

#[test]
fn schemas_of_arguments_say_that_they_are_objects() {
    let mut chat = Chat { turns: vec![user("x")], ..Chat::default() };
    for (schema, expected) in [
        (r#"{"properties":{"a":{}}}"#, r#"{"type":"object","properties":{"a":{}}}"#),
        (r" { } ", r#"{"type":"object","properties":{}}"#),
        (r#"{"type":"object"}"#, r#"{"type":"object"}"#),
        ("true", r#"{"type":"object","properties":{}}"#),
    ] {
        let schema = serde_json::value::RawValue::from_string(schema.into()).unwrap();
        let kind = ToolKind::Function { schema: Some(std::borrow::Cow::Owned(schema)), strict: None };
        chat.tools = vec![Tool { kind, ..tool("f") }];
        let (body, _) = write(&chat, CLAUDE).unwrap();
        assert!(body.contains(&format!(r#""inputSchema":{{"json":{expected}}}"#)), "{body}");
    }
}

#[test]
fn tools_that_providers_run_are_lost_but_for_novas_search() {
    let hosted = Tool { kind: ToolKind::Hosted { kind: "file_search".into() }, ..tool("files") };
    let search = Tool { kind: ToolKind::WebSearch(WebSearch::default()), ..tool("web_search") };
    let chat = Chat { turns: vec![user("x")], tools: vec![hosted, search], ..Chat::default() };
    insta::assert_snapshot!(said(&chat, CLAUDE), @r"
    }
    LOST tools.0: Amazon Bedrock does not run `file_search`
    LOST tools.1: Amazon Bedrock has no search of the web for this model
    ");
    insta::assert_snapshot!(said(&chat, NOVA), @r#"
    ,"toolConfig":{"tools":[{"systemTool":{"name":"nova_grounding"}}]}}
    LOST tools.0: Amazon Bedrock does not run `file_search`
    "#);
}

#[test]
fn models_choose_words_within_what_they_take() {
    let mut chat = Chat { turns: vec![user("x")], ..Chat::default() };
    chat.sampling.temperature = Some(1.5);
    chat.sampling.top_p = Some(0.5);
    chat.sampling.top_k = Some(40);
    let mut all = Vec::new();
    for model in [CLAUDE, OLD_CLAUDE, NOVA, LLAMA] {
        all.push(format!("{model}\n  {}", said(&chat, model).replace('\n', "\n  ")));
    }
    insta::assert_snapshot!(all.join("\n"), @r#"
    us.anthropic.claude-opus-5
      }
      LOST top_p: this model chooses words in its own way
      LOST top_k: this model chooses words in its own way
    anthropic.claude-sonnet-4-5-20250929-v1:0
      ,"inferenceConfig":{"temperature":1.0},"additionalModelRequestFields":{"top_k":40}}
      adapted temperature: 1 in place of 1.5: the most that is allowed
      LOST top_p: this model takes a temperature or a top_p
    us.amazon.nova-2-lite-v1:0
      ,"inferenceConfig":{"temperature":1.0,"topP":0.5},"additionalModelRequestFields":{"inferenceConfig":{"topK":40}}}
      adapted temperature: 1 in place of 1.5: the most that is allowed
    meta.llama3-1-70b-instruct-v1:0
      ,"inferenceConfig":{"temperature":1.0,"topP":0.5}}
      LOST top_k: this model on Amazon Bedrock takes none
      adapted temperature: 1 in place of 1.5: the most that is allowed
    "#);
    chat.sampling.temperature = Some(1.0);
    chat.sampling.top_p = Some(1.0);
    chat.sampling.top_k = None;
    assert_eq!(said(&chat, CLAUDE), "}");
}

#[test]
fn what_has_no_place_is_lost_or_a_hint_and_defaults_are_neither() {
    let mut chat = Chat { turns: vec![user("x")], ..Chat::default() };
    chat.sampling.presence_penalty = Some(0.0);
    chat.answers = Some(1);
    chat.verbosity = Some("medium".into());
    assert_eq!(said(&chat, CLAUDE), "}");
    chat.sampling.presence_penalty = Some(0.5);
    chat.sampling.seed = Some(7);
    chat.sampling.logprobs = Some(Logprobs { top: 0 });
    chat.answers = Some(2);
    chat.verbosity = Some("low".into());
    chat.user = Some("u".into());
    chat.cache_key = Some("k".into());
    chat.service_tier = Some(ServiceTier::Priority);
    chat.stop = vec!["END".into(), " ".into()];
    chat.form = AnswerForm::Json;
    chat.turns[0].name = Some("Ann".into());
    insta::assert_snapshot!(said(&chat, CLAUDE), @r#"
    ,"inferenceConfig":{"stopSequences":["END"]},"serviceTier":{"type":"priority"},"additionalModelResponseFieldPaths":["/stop_sequence"]}
    LOST messages.0.name: Amazon Bedrock has no names of speakers
    LOST presence_penalty: Amazon Bedrock's Converse has none
    LOST seed: Amazon Bedrock's Converse has none
    LOST logprobs: Amazon Bedrock's Converse has none
    LOST answers: Amazon Bedrock's Converse has none
    LOST verbosity: Amazon Bedrock's Converse has none
    hint user: Amazon Bedrock's Converse has none
    hint cache_key: Amazon Bedrock's Converse has none
    LOST stop: this model takes no blank stop sequences
    LOST response_format: Amazon Bedrock asks for JSON only with a schema
    "#);
}

#[test]
fn nothing_left_to_say_is_refused() {
    for turns in [
        vec![],
        vec![turn(Role::System, vec![Part::text("Be brief.")])],
        vec![user("  ")],
        vec![turn(Role::User, vec![call("a")])],
    ] {
        let refusal = write(&Chat { turns, ..Chat::default() }, CLAUDE).unwrap_err().to_string();
        assert!(refusal.starts_with("messages: Amazon Bedrock needs at least one message"), "{refusal}");
    }
}

#[test]
fn arguments_that_are_no_object_are_refused_by_their_path() {
    let mut broken = call("a");
    let PartBody::ToolCall(inner) = &mut broken.body else { panic!() };
    inner.arguments = r#"{"q": "#.into();
    let chat = Chat {
        turns: vec![user("x"), turn(Role::Assistant, vec![Part::text("y"), broken])],
        ..Chat::default()
    };
    assert_eq!(
        write(&chat, CLAUDE).unwrap_err().to_string(),
        "messages.1.content.1.arguments: Amazon Bedrock takes the arguments of a call only as a JSON object"
    );
}

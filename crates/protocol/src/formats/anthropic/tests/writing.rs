//! Requests for providers, written.

use std::borrow::Cow;

use insta::assert_snapshot;
use paceway_domain::{Dialect, Tokens};
use serde_json::value::RawValue;

use super::{pretty, told, write};
use crate::changes::Changes;
use crate::neutral::{
    AnswerForm, CacheMark, Chat, Citation, Detail, Document, DocumentSource, Image, Json, Logprobs, Media,
    Part, PartBody, Role, Sampling, Schema, Seal, ServiceTier, Tool, ToolCall, ToolChoice, ToolKind,
    ToolResult, Turn, WebSearch,
};

fn turn(role: Role, parts: Vec<Part<'_>>) -> Turn<'_> {
    Turn { role, name: None, parts }
}

fn says(role: Role, text: &str) -> Turn<'_> {
    turn(role, vec![Part::text(text)])
}

fn json(text: &str) -> Json<'static> {
    Cow::Owned(RawValue::from_string(text.to_owned()).unwrap())
}

fn function<'a>(name: &'a str, schema: Option<&str>) -> Tool<'a> {
    let kind = ToolKind::Function { schema: schema.map(json), strict: None };
    Tool { name: name.into(), namespace: None, description: None, kind, cache: None }
}

fn call<'a>(id: &'a str, arguments: &'a str) -> Part<'a> {
    Part::new(PartBody::ToolCall(ToolCall {
        id: id.into(),
        name: "f".into(),
        namespace: None,
        arguments: arguments.into(),
        is_custom: false,
        seal: None,
    }))
}

fn result<'a>(id: &'a str, content: Vec<Part<'a>>) -> Part<'a> {
    let call_id = id.into();
    Part::new(PartBody::ToolResult(ToolResult {
        call_id,
        name: None,
        content,
        is_error: false,
        is_custom: false,
    }))
}

fn image(media_type: &str) -> Part<'_> {
    let media = Media::Base64 { media_type: media_type.into(), data: "AA==".into() };
    Part::new(PartBody::Image(Image { media, detail: Some(Detail::High) }))
}

fn document(source: DocumentSource<'_>) -> Part<'_> {
    Part::new(PartBody::Document(Document {
        source,
        title: Some("T".into()),
        context: None,
        wants_citations: true,
    }))
}

#[test]
fn a_conversation_with_tools_is_written_whole() {
    let mut chat = Chat {
        turns: vec![
            says(Role::System, "One."),
            says(Role::System, "Two."),
            says(Role::User, "Weather?"),
            turn(
                Role::Assistant,
                vec![
                    Part::new(PartBody::Thinking {
                        text: "Hm.".into(),
                        seal: Some(Seal { by: Dialect::Anthropic, data: "Eq1".into() }),
                    }),
                    call("call:1", r#" {"z":null,"a":1.50} "#),
                    call("call_2", ""),
                ],
            ),
            turn(
                Role::User,
                vec![Part::text("Here."), result("call:1", vec![Part::text("Sun."), image("image/png")])],
            ),
            turn(Role::User, vec![result("call_2", Vec::new())]),
        ],
        tools: vec![function("f", Some(r#"{"type":"object","x":1}"#)), function("g", None)],
        parallel_tools: Some(false),
        max_output: Some(Tokens(100)),
        stop: vec!["END".into()],
        user: Some("u".into()),
        service_tier: Some(ServiceTier::Standard),
        stream: true,
        ..Chat::default()
    };
    chat.turns[1].parts[0].cache = Some(CacheMark::OneHour);
    let mut changes = Changes::default();
    assert_snapshot!(pretty(&write(&chat, "claude-opus-5", &mut changes).unwrap()), @r#"
    model: "claude-opus-5"
    max_tokens: 100
    tools:
      {"name":"f","input_schema":{"type":"object","x":1}}
      {"name":"g","input_schema":{"type":"object","properties":{}}}
    tool_choice: {"type":"auto","disable_parallel_tool_use":true}
    system:
      {"type":"text","text":"One."}
      {"type":"text","text":"Two.","cache_control":{"type":"ephemeral","ttl":"1h"}}
    messages:
      {"role":"user","content":[{"type":"text","text":"Weather?"}]}
      {"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"Eq1"},{"type":"tool_use","id":"call_1","name":"f","input":{"z":null,"a":1.5}},{"type":"tool_use","id":"call_2","name":"f","input":{}}]}
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"Sun."},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}]},{"type":"tool_result","tool_use_id":"call_2"},{"type":"text","text":"Here."}]}
    stop_sequences:
      "END"
    metadata: {"user_id":"u"}
    service_tier: "standard_only"
    stream: true
    "#);
    assert_snapshot!(told(&changes), @"hint messages.4.content.1.content.1.detail: this API has none");
}

#[test]
fn what_the_api_has_no_place_for_is_noted() {
    let sampling = Sampling {
        temperature: Some(1.5),
        top_p: Some(1.0),
        top_k: Some(4),
        presence_penalty: Some(0.0),
        frequency_penalty: Some(0.5),
        seed: Some(1),
        logit_bias: Some(json(r#"{"1":2}"#)),
        logprobs: Some(Logprobs { top: 2 }),
    };
    let chat = Chat {
        turns: vec![
            Turn { name: Some("ann".into()), ..says(Role::User, "x") },
            turn(
                Role::User,
                vec![Part::new(PartBody::Audio(Media::Base64 {
                    media_type: "audio/wav".into(),
                    data: "AA==".into(),
                }))],
            ),
        ],
        tools: vec![Tool { kind: ToolKind::Hosted { kind: "file_search".into() }, ..function("h", None) }],
        sampling,
        stop: vec![" ".into()],
        answers: Some(2),
        verbosity: Some("low".into()),
        cache_key: Some("k".into()),
        user: Some("u".repeat(300).into()),
        service_tier: Some(ServiceTier::Flex),
        form: AnswerForm::Json,
        ..Chat::default()
    };
    let mut changes = Changes::default();
    assert_snapshot!(pretty(&write(&chat, "claude-sonnet-4-6", &mut changes).unwrap()), @r#"
    model: "claude-sonnet-4-6"
    max_tokens: 4096
    messages:
      {"role":"user","content":[{"type":"text","text":"x"}]}
    temperature: 1.0
    top_k: 4
    "#);
    assert_snapshot!(told(&changes), @r#"
    hint messages.0.name: this API has no names of speakers
    lost messages.1.content.0: Claude models do not take this kind of content here
    lost tools.0: another provider runs this tool: Claude models have none like it
    lost frequency_penalty: Claude models have none
    lost seed: Claude models have none
    lost logit_bias: Claude models have none
    lost logprobs: Claude models have none
    lost verbosity: Claude models have none
    lost answers: Claude models have none
    hint cache_key: this API finds a cache by the prompt alone
    lost response_format: Claude models give JSON only of a schema
    adapted temperature: sent as 1, the most that Claude models take
    lost stop: Claude models take no stop sequences of white space alone
    hint user: it is longer than 256 characters
    hint service_tier: this API has no cheaper tier
    "#);
}

#[test]
fn defaults_of_other_formats_are_not_noted() {
    let sampling = Sampling {
        top_p: Some(1.0),
        presence_penalty: Some(0.0),
        logit_bias: Some(json("{}")),
        ..Sampling::default()
    };
    let chat = Chat {
        turns: vec![says(Role::User, "x")],
        sampling,
        answers: Some(1),
        verbosity: Some("medium".into()),
        parallel_tools: Some(true),
        ..Chat::default()
    };
    let mut changes = Changes::default();
    assert_snapshot!(
        write(&chat, "claude-opus-5", &mut changes).unwrap(),
        @r#"{"model":"claude-opus-5","max_tokens":4096,"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}]}"#
    );
    assert!(changes.is_empty());
}

#[test]
fn instructions_in_mid_conversation_stand_where_the_api_takes_them() {
    let chat = Chat {
        turns: vec![
            says(Role::User, "a"),
            says(Role::System, "S1"),
            says(Role::System, "S2"),
            says(Role::User, "b"),
            turn(Role::Assistant, vec![call("c1", "{}")]),
            says(Role::System, "S3"),
            turn(Role::User, vec![result("c1", Vec::new())]),
            says(Role::Assistant, "c"),
            says(Role::System, "S4"),
        ],
        tools: vec![function("f", None)],
        ..Chat::default()
    };
    let mut changes = Changes::default();
    assert_snapshot!(pretty(&write(&chat, "claude-opus-4-8", &mut changes).unwrap()["messages"]), @r#"
    {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}
    {"role":"system","content":[{"type":"text","text":"S1"},{"type":"text","text":"S2"}]}
    {"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{}}]}
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1"}]}
    {"role":"system","content":[{"type":"text","text":"S3"}]}
    {"role":"assistant","content":[{"type":"text","text":"c"}]}
    {"role":"user","content":[{"type":"text","text":"<system>\nS4\n</system>"}]}
    "#);
    assert_snapshot!(told(&changes), @r#"
    adapted messages.3: sent before the instructions in front of it, which have to follow the user
    adapted messages.6: sent before the instructions in front of it, which have to follow the user
    adapted messages: instructions that no user's message comes before were sent as a user's message
    "#);
}

#[test]
fn a_model_without_instructions_in_mid_conversation_gets_a_users_message() {
    let chat = Chat {
        turns: vec![
            says(Role::User, "a"),
            turn(Role::Assistant, vec![call("c1", "{}")]),
            says(Role::System, "S"),
            turn(Role::User, vec![result("c1", Vec::new())]),
        ],
        ..Chat::default()
    };
    let mut changes = Changes::default();
    assert_snapshot!(pretty(&write(&chat, "claude-sonnet-4-5", &mut changes).unwrap()["messages"]), @r#"
    {"role":"user","content":[{"type":"text","text":"a"}]}
    {"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{}}]}
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1"},{"type":"text","text":"<system>\nS\n</system>"}]}
    "#);
    assert_snapshot!(told(&changes), @"adapted messages.2: this model has instructions only at the beginning: sent as a user's message");
}

#[test]
fn a_conversation_that_begins_with_the_assistant_gets_a_beginning() {
    let chat = Chat { turns: vec![says(Role::Assistant, "Hello! \n")], ..Chat::default() };
    let mut changes = Changes::default();
    let body = write(&chat, "claude-opus-4-5", &mut changes).unwrap();
    assert_snapshot!(body["messages"], @r#"[{"role":"user","content":[{"type":"text","text":"."}]},{"role":"assistant","content":[{"type":"text","text":"Hello!"}]}]"#);
    assert_snapshot!(told(&changes), @"adapted messages.0: a user's message `.` was put first, with which this API wants to begin");
}

#[test]
fn pictures_and_documents_are_sent_if_claude_takes_them_there() {
    let base64 = |media_type: &'static str, data: &'static str| {
        DocumentSource::Media(Media::Base64 { media_type: media_type.into(), data: data.into() })
    };
    let chat = Chat {
        turns: vec![
            turn(
                Role::User,
                vec![
                    image("image/webp"),
                    image("image/tiff"),
                    document(base64("application/pdf", "JVBE")),
                    document(base64("text/csv", "YSxi")),
                    document(base64("application/zip", "UEs=")),
                    document(DocumentSource::Text("words".into())),
                    document(DocumentSource::Parts(vec![Part::text("p"), image("image/gif")])),
                    document(DocumentSource::Media(Media::Url {
                        url: "https://e.x/a.pdf".into(),
                        media_type: None,
                    })),
                    document(DocumentSource::Media(Media::File { at: Dialect::OpenAi, id: "file-1".into() })),
                ],
            ),
            turn(Role::Assistant, vec![image("image/png"), Part::new(PartBody::Refusal("No.".into()))]),
        ],
        ..Chat::default()
    };
    let mut changes = Changes::default();
    assert_snapshot!(pretty(&write(&chat, "claude-opus-5", &mut changes).unwrap()["messages"]), @r#"
    {"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/webp","data":"AA=="}},{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"},"title":"T","citations":{"enabled":true}},{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a,b"},"title":"T","citations":{"enabled":true}},{"type":"document","source":{"type":"text","media_type":"text/plain","data":"words"},"title":"T","citations":{"enabled":true}},{"type":"document","source":{"type":"content","content":[{"type":"text","text":"p"},{"type":"image","source":{"type":"base64","media_type":"image/gif","data":"AA=="}}]},"title":"T","citations":{"enabled":true}},{"type":"document","source":{"type":"url","url":"https://e.x/a.pdf"},"title":"T","citations":{"enabled":true}}]}
    {"role":"assistant","content":[{"type":"text","text":"No."}]}
    "#);
    assert_snapshot!(told(&changes), @r#"
    hint messages.0.content.0.detail: this API has none
    lost messages.0.content.1: Claude models do not take this kind of content here
    lost messages.0.content.4: Claude models do not take this kind of content here
    hint messages.0.content.6.content.1.detail: this API has none
    lost messages.0.content.8: Claude models do not take this kind of content here
    lost messages.1.content.0: Claude models do not take this kind of content here
    "#);
}

#[test]
fn thoughts_of_others_and_sources_are_left_out_as_hints() {
    let foreign = || Some(Seal { by: Dialect::Gemini, data: "s".into() });
    let chat = Chat {
        turns: vec![
            says(Role::User, "a"),
            turn(
                Role::Assistant,
                vec![
                    Part::new(PartBody::Thinking { text: "t".into(), seal: foreign() }),
                    Part::new(PartBody::Thinking { text: "t".into(), seal: None }),
                    Part::new(PartBody::Redacted(foreign().unwrap())),
                    Part::new(PartBody::Text {
                        text: "w".into(),
                        citations: vec![Citation { url: Some("https://e.x".into()), ..Citation::default() }],
                    }),
                    Part::new(PartBody::ToolCall(ToolCall {
                        id: "c".into(),
                        name: "f".into(),
                        namespace: None,
                        arguments: "{}".into(),
                        is_custom: false,
                        seal: foreign(),
                    })),
                ],
            ),
        ],
        ..Chat::default()
    };
    let mut changes = Changes::default();
    let body = write(&chat, "claude-opus-5", &mut changes).unwrap();
    assert_snapshot!(body["messages"][1], @r#"{"role":"assistant","content":[{"type":"text","text":"w"},{"type":"tool_use","id":"c","name":"f","input":{}}]}"#);
    assert_snapshot!(told(&changes), @r#"
    hint messages.1.content.0: a thought that Claude has not sealed is of no use to it
    hint messages.1.content.1: a thought that Claude has not sealed is of no use to it
    hint messages.1.content.2: a thought that Claude has not sealed is of no use to it
    hint messages.1.content.3.citations: sources of earlier answers have no form here
    hint messages.1.content.4.signature: another provider's signature is of no use to Claude
    "#);
    assert!(changes.check(false).is_ok());
}

#[test]
fn the_allowed_tools_alone_are_sent_and_a_search_is_worded_as_claudes() {
    let search = WebSearch {
        max_uses: Some(2),
        allowed_domains: vec!["a.x".into()],
        blocked_domains: vec!["b.x".into()],
        user_location: Some(json(r#"{"type":"approximate"}"#)),
    };
    let chat = Chat {
        turns: vec![says(Role::User, "x")],
        tools: vec![
            function("f", Some(r#"{"properties":{}}"#)),
            function("g", Some("{ }")),
            Tool { kind: ToolKind::WebSearch(search), ..function("web_search", None) },
        ],
        tool_choice: Some(ToolChoice::Among {
            names: vec!["f".into(), "web_search".into()],
            is_required: true,
        }),
        form: AnswerForm::Schema(Schema {
            name: Some("n".into()),
            description: None,
            schema: json(r#"{"b":1,"a":2}"#),
            strict: None,
        }),
        ..Chat::default()
    };
    let mut changes = Changes::default();
    assert_snapshot!(pretty(&write(&chat, "claude-opus-5", &mut changes).unwrap()), @r#"
    model: "claude-opus-5"
    max_tokens: 4096
    tools:
      {"name":"f","input_schema":{"type":"object","properties":{}}}
      {"type":"web_search_20250305","name":"web_search","max_uses":2,"allowed_domains":["a.x"],"user_location":{"type":"approximate"}}
    tool_choice: {"type":"any"}
    messages:
      {"role":"user","content":[{"type":"text","text":"x"}]}
    output_config: {"format":{"type":"json_schema","schema":{"b":1,"a":2}}}
    "#);
    assert_snapshot!(told(&changes), @r#"
    adapted tool_choice: only the allowed tools were sent
    lost tools.web_search.blocked_domains: Claude's search takes allowed or blocked sites, not both
    "#);
}

#[test]
fn a_model_that_cannot_be_forced_is_told_in_words() {
    let mut chat = Chat {
        turns: vec![says(Role::User, "x")],
        tools: vec![function("f", None)],
        tool_choice: Some(ToolChoice::Named("f".into())),
        ..Chat::default()
    };
    let mut changes = Changes::default();
    let body = write(&chat, "claude-opus-5-5", &mut changes).unwrap();
    assert_snapshot!(body["system"], @r#"[{"type":"text","text":"Your next message must call the tool `f`."}]"#);
    assert_snapshot!(body["tool_choice"], @r#"{"type":"auto"}"#);
    assert_snapshot!(told(&changes), @"adapted tool_choice: said in the system prompt: this model cannot be forced to call a tool");
    chat.tool_choice = Some(ToolChoice::Any);
    let body = write(&chat, "claude-opus-5", &mut changes).unwrap();
    assert_snapshot!(body["tool_choice"], @r#"{"type":"any"}"#);
}

#[test]
fn no_more_marks_for_the_cache_are_sent_than_the_api_takes() {
    let marked = |text| Part { cache: Some(CacheMark::FiveMinutes), ..Part::text(text) };
    let parts = ["a", "b", "c", "d", "e"].map(marked).to_vec();
    let chat = Chat { turns: vec![turn(Role::User, parts)], ..Chat::default() };
    let mut changes = Changes::default();
    let body = write(&chat, "claude-opus-5", &mut changes).unwrap();
    assert_eq!(body.to_string().matches("cache_control").count(), 4);
    assert_snapshot!(told(&changes), @"hint cache_control: this API takes four marks a request: later ones were left out");
}

#[test]
fn a_large_picture_is_copied_into_a_buffer_that_need_not_grow() {
    let data = "A".repeat(10_000_000);
    let media = Media::Base64 { media_type: "image/png".into(), data: data.as_str().into() };
    let chat = Chat {
        turns: vec![turn(Role::User, vec![Part::new(PartBody::Image(Image { media, detail: None }))])],
        ..Chat::default()
    };
    let body = write(&chat, "claude-opus-5", &mut Changes::default()).unwrap();
    assert_eq!(body["messages"][0]["content"][0]["source"]["data"], data);
}

#[test]
fn nothing_that_cannot_be_sent_is_sent() {
    let refused = |turns| {
        let chat = Chat { turns, ..Chat::default() };
        write(&chat, "claude-opus-5", &mut Changes::default()).unwrap_err().to_string()
    };
    assert_snapshot!(refused(vec![says(Role::System, "x")]), @"messages: Claude models need at least one message that is not a system prompt and not blank");
    assert_snapshot!(refused(vec![turn(Role::Assistant, vec![call("c", "[1]")])]), @"messages.0.content.0.arguments: expected the text of a JSON object, which Claude models need");
    assert_snapshot!(refused(vec![turn(Role::Assistant, vec![call("c", r#"{"a":"#)])]), @"messages.0.content.0.arguments: expected the text of a JSON object, which Claude models need");
}

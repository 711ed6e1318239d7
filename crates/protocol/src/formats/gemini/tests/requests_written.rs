//! Requests, written.

use std::borrow::Cow;

use paceway_domain::Dialect;
use serde_json::value::RawValue;

use super::*;
use crate::neutral::{
    AnswerForm, CacheMark, Document, DocumentSource, Effort, Image, Logprobs, Media, Reasoning,
    ReasoningMode, Role, Sampling, Schema, Seal, ServiceTier, Tool, ToolCall, ToolChoice, ToolKind,
    ToolResult, WebSearch,
};

fn turn(role: Role, parts: Vec<PartBody<'_>>) -> Turn<'_> {
    Turn { role, name: None, parts: parts.into_iter().map(Part::new).collect() }
}

fn text(text: &str) -> PartBody<'_> {
    PartBody::Text { text: text.into(), citations: Vec::new() }
}

fn seal(by: Dialect, data: &str) -> Seal<'_> {
    Seal { by, data: data.into() }
}

fn call<'a>(id: &'a str, name: &'a str, arguments: &'a str, seal: Option<Seal<'a>>) -> PartBody<'a> {
    PartBody::ToolCall(ToolCall {
        id: id.into(),
        name: name.into(),
        namespace: None,
        arguments: arguments.into(),
        is_custom: false,
        seal,
    })
}

fn result<'a>(call_id: &'a str, content: &'a str, is_error: bool) -> PartBody<'a> {
    let content = if content.is_empty() { Vec::new() } else { vec![Part::text(content)] };
    PartBody::ToolResult(ToolResult {
        call_id: call_id.into(),
        name: None,
        content,
        is_error,
        is_custom: false,
    })
}

fn function<'a>(name: &'a str, schema: &'a str) -> Tool<'a> {
    let schema: &RawValue = serde_json::from_str(schema).unwrap();
    Tool {
        name: name.into(),
        namespace: None,
        description: Some("does it".into()),
        kind: ToolKind::Function { schema: Some(Cow::Borrowed(schema)), strict: Some(true) },
        cache: None,
    }
}

fn hello<'a>() -> Chat<'a> {
    Chat { turns: vec![turn(Role::User, vec![text("Hello")])], ..Chat::default() }
}

#[test]
fn a_whole_request_is_written_in_one_go() {
    let schema: &RawValue =
        serde_json::from_str(r#"{"type":"object","$schema":"s","additionalProperties":false}"#).unwrap();
    let chat = Chat {
        turns: vec![
            turn(Role::System, vec![text("Be brief."), text(" ")]),
            turn(Role::User, vec![text("Hello")]),
            turn(Role::User, vec![text("again")]),
            turn(Role::Assistant, vec![text("Hi.")]),
            turn(Role::System, vec![text("Be long.")]),
            turn(
                Role::User,
                vec![PartBody::Image(Image {
                    media: Media::Base64 { media_type: "image/png".into(), data: "AAAA".into() },
                    detail: None,
                })],
            ),
        ],
        tools: vec![function("f", r#"{"type":"object","$schema":"x"}"#)],
        tool_choice: Some(ToolChoice::Named("f".into())),
        form: AnswerForm::Schema(Schema {
            name: Some("n".into()),
            description: None,
            schema: Cow::Borrowed(schema),
            strict: Some(true),
        }),
        reasoning: Some(Reasoning {
            mode: ReasoningMode::On,
            effort: Some(Effort::Medium),
            budget: None,
            is_shown: Some(true),
        }),
        sampling: Sampling {
            temperature: Some(2.5),
            top_p: Some(0.9),
            top_k: Some(40),
            presence_penalty: Some(0.5),
            seed: Some(7),
            logprobs: Some(Logprobs { top: 3 }),
            ..Sampling::default()
        },
        max_output: Some(Tokens(1_000)),
        stop: vec!["END".into()],
        answers: Some(2),
        user: Some("u".into()),
        cache_key: Some("k".into()),
        service_tier: Some(ServiceTier::Priority),
        stream: true,
        ..Chat::default()
    };
    let (body, noted) = written(&chat, "gemini-3.5-flash");
    insta::assert_snapshot!(body, @r#"{"systemInstruction":{"parts":[{"text":"Be brief."}]},"contents":[{"role":"user","parts":[{"text":"Hello"},{"text":"again"}]},{"role":"model","parts":[{"text":"Hi."}]},{"role":"user","parts":[{"text":"Be long."},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}],"tools":[{"functionDeclarations":[{"name":"f","description":"does it","parametersJsonSchema":{"type":"object","$schema":"x"}}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},"generationConfig":{"maxOutputTokens":1000,"stopSequences":["END"],"candidateCount":2,"temperature":2.0,"topP":0.9,"presencePenalty":0.5,"topK":40,"seed":7,"responseLogprobs":true,"logprobs":3,"thinkingConfig":{"thinkingLevel":"MEDIUM","includeThoughts":true},"responseMimeType":"application/json","responseJsonSchema":{"type":"object","$schema":"s","additionalProperties":false}},"serviceTier":"priority"}"#);
    insta::assert_snapshot!(noted, @"tools.0.strict dropped (this API's functions have none); temperature adapted (2 is the nearest that this API takes); user dropped (this API has none); prompt_cache_key dropped (this API caches of its own accord)");
}

#[test]
fn results_come_first_in_the_order_of_their_calls_and_as_objects() {
    let chat = Chat {
        turns: vec![
            turn(Role::User, vec![text("Go")]),
            turn(
                Role::Assistant,
                vec![
                    call("a", "one", r#" {"x": 1} "#, Some(seal(Dialect::Gemini, "c2ln"))),
                    call("b", "two", "", None),
                    call("c", "three", "{}", None),
                    call("d", "four", "{}", None),
                ],
            ),
            turn(
                Role::User,
                vec![
                    text("meanwhile"),
                    result("d", "", false),
                    result("c", "broken", true),
                    result("b", r#"{"own":"object"}"#, false),
                ],
            ),
            turn(Role::User, vec![result("a", "plain", false)]),
        ],
        ..Chat::default()
    };
    let (body, noted) = written(&chat, "gemini-2.5-flash");
    insta::assert_snapshot!(body, @r#"{"contents":[{"role":"user","parts":[{"text":"Go"}]},{"role":"model","parts":[{"functionCall":{"name":"one","args":{"x": 1}},"thoughtSignature":"c2ln"},{"functionCall":{"name":"two","args":{}}},{"functionCall":{"name":"three","args":{}}},{"functionCall":{"name":"four","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"one","response":{"result":"plain"}}},{"functionResponse":{"name":"two","response":{"own":"object"}}},{"functionResponse":{"name":"three","response":{"error":"broken"}}},{"functionResponse":{"name":"four","response":{"result":""}}},{"text":"meanwhile"}]}]}"#);
    assert_eq!(noted, "");
}

#[test]
fn a_first_call_without_a_signature_of_its_own_gets_the_one_that_is_not_checked() {
    let chat = Chat {
        turns: vec![
            turn(Role::User, vec![text("Go")]),
            turn(
                Role::Assistant,
                vec![
                    PartBody::Thinking { text: "hm".into(), seal: Some(seal(Dialect::Anthropic, "x")) },
                    call("a", "one", "{}", Some(seal(Dialect::Anthropic, "x"))),
                    call("b", "two", "{}", None),
                ],
            ),
            turn(Role::User, vec![result("a", "1", false), result("b", "2", false)]),
            turn(
                Role::Assistant,
                vec![
                    PartBody::Thinking { text: "so".into(), seal: Some(seal(Dialect::Gemini, "Z2Vt")) },
                    text("then"),
                    PartBody::Thinking { text: "".into(), seal: Some(seal(Dialect::Gemini, "ZW1w")) },
                    call("c", "three", "{}", Some(seal(Dialect::Gemini, "b3du"))),
                ],
            ),
            turn(Role::User, vec![result("c", "3", false)]),
        ],
        ..Chat::default()
    };
    let (body, noted) = written(&chat, "models/gemini-3.8-flash");
    insta::assert_snapshot!(body, @r#"{"contents":[{"role":"user","parts":[{"text":"Go"}]},{"role":"model","parts":[{"functionCall":{"name":"one","args":{}},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"name":"two","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"one","response":{"result":"1"}}},{"functionResponse":{"name":"two","response":{"result":"2"}}}]},{"role":"model","parts":[{"text":"so","thought":true,"thoughtSignature":"Z2Vt"},{"text":"then"},{"text":"","thoughtSignature":"ZW1w"},{"functionCall":{"name":"three","args":{}},"thoughtSignature":"b3du"}]},{"role":"user","parts":[{"functionResponse":{"name":"three","response":{"result":"3"}}}]}]}"#);
    insta::assert_snapshot!(noted, @"thinking dropped (thoughts without a signature of this provider's say nothing to its models)");
    assert!(!written(&chat, "gemini-2.5-pro").0.contains("skip_thought"));
}

#[test]
fn media_go_as_bytes_or_as_addresses() {
    let image = |media| PartBody::Image(Image { media, detail: None });
    let document = |source| {
        PartBody::Document(Document {
            source,
            title: Some("Title".into()),
            context: None,
            wants_citations: true,
        })
    };
    let url = |url: &'static str| Media::Url { url: url.into(), media_type: None };
    let chat = Chat {
        turns: vec![turn(
            Role::User,
            vec![
                image(url("https://example.com/a.webp")),
                image(url("https://example.com/a")),
                image(Media::File { at: Dialect::Gemini, id: "gs://b/c.png".into() }),
                image(Media::File { at: Dialect::OpenAi, id: "file-1".into() }),
                PartBody::Video(url("https://youtu.be/1")),
                PartBody::Audio(Media::Base64 { media_type: "audio/wav".into(), data: "AAAA".into() }),
                document(DocumentSource::Media(url("https://example.com/b"))),
                document(DocumentSource::Text("words".into())),
            ],
        )],
        ..Chat::default()
    };
    let (body, noted) = written(&chat, "gemini-3.5-flash");
    insta::assert_snapshot!(body, @r#"{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"image/webp","fileUri":"https://example.com/a.webp"}},{"fileData":{"mimeType":"image/jpeg","fileUri":"https://example.com/a"}},{"fileData":{"mimeType":"image/png","fileUri":"gs://b/c.png"}},{"fileData":{"mimeType":"video/mp4","fileUri":"https://youtu.be/1"}},{"inlineData":{"mimeType":"audio/wav","data":"AAAA"}},{"text":"Title"},{"fileData":{"mimeType":"application/pdf","fileUri":"https://example.com/b"}},{"text":"Title"},{"text":"words"}]}]}"#);
    insta::assert_snapshot!(noted, @"messages.0.content.3 dropped (the file is at another provider: send it in the request); messages.0.content.6 dropped (this API does not cite documents); messages.0.content.7 dropped (this API does not cite documents)");
}

#[test]
fn thinking_is_asked_for_as_each_model_takes_it() {
    let ask = |model: &str, mode, effort, budget: Option<u64>, max: Option<u64>| {
        let reasoning = Reasoning { mode, effort, budget: budget.map(Tokens), is_shown: Some(true) };
        let chat = Chat { reasoning: Some(reasoning), max_output: max.map(Tokens), ..hello() };
        let (body, noted) = written(&chat, model);
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let config = &body["generationConfig"]["thinkingConfig"];
        format!("{config} {noted}")
    };
    let (off, on, adaptive) = (ReasoningMode::Off, ReasoningMode::On, ReasoningMode::Adaptive);
    insta::assert_snapshot!(ask("gemini-2.5-flash", off, None, None, None), @r#"{"thinkingBudget":0}"#);
    insta::assert_snapshot!(ask("gemini-2.5-pro", off, None, None, None), @r#"{"thinkingBudget":128} reasoning adapted (this model always thinks and is asked for the least of it)"#);
    insta::assert_snapshot!(ask("gemini-2.5-flash", adaptive, None, None, None), @r#"{"thinkingBudget":-1,"includeThoughts":true}"#);
    insta::assert_snapshot!(ask("gemini-2.5-flash", on, Some(Effort::Medium), None, None), @r#"{"thinkingBudget":4096,"includeThoughts":true}"#);
    insta::assert_snapshot!(ask("gemini-2.5-flash", on, Some(Effort::Max), None, Some(64_000)), @r#"{"thinkingBudget":24576,"includeThoughts":true}"#);
    insta::assert_snapshot!(ask("gemini-2.5-flash", on, None, Some(60_000), None), @r#"{"thinkingBudget":24576,"includeThoughts":true} reasoning.budget adapted (24576 tokens are what this model takes)"#);
    insta::assert_snapshot!(ask("gemini-3.5-flash", off, None, None, None), @r#"{"thinkingLevel":"MINIMAL"} reasoning adapted (this model always thinks and is asked for the least of it)"#);
    insta::assert_snapshot!(ask("gemini-3.8-flash", off, None, None, None), @r#"{"thinkingLevel":"LOW"} reasoning adapted (this model always thinks and is asked for the least of it)"#);
    insta::assert_snapshot!(ask("gemini-3.1-pro-preview", on, Some(Effort::Minimal), None, None), @r#"{"thinkingLevel":"LOW","includeThoughts":true}"#);
    insta::assert_snapshot!(ask("gemini-3.5-flash", on, Some(Effort::Max), None, None), @r#"{"thinkingLevel":"HIGH","includeThoughts":true} reasoning.effort adapted (sent as the highest level that every model takes)"#);
    insta::assert_snapshot!(ask("gemini-3.5-flash", on, None, Some(10_000), None), @r#"{"thinkingLevel":"MEDIUM","includeThoughts":true} reasoning.budget adapted (sent as a level, which is what this model takes)"#);
    insta::assert_snapshot!(ask("gemini-3.5-flash", adaptive, None, None, None), @r#"{"includeThoughts":true}"#);
    insta::assert_snapshot!(ask("gemini-2.0-flash", on, Some(Effort::High), None, None), @"null reasoning dropped (this model does not think)");
    insta::assert_snapshot!(ask("gemini-2.0-flash", off, None, None, None), @"null");
}

#[test]
fn a_search_of_the_web_goes_alone_and_what_others_run_is_lost() {
    let tool = |name: &'static str, kind| Tool {
        name: name.into(),
        namespace: None,
        description: None,
        kind,
        cache: Some(CacheMark::FiveMinutes),
    };
    let search =
        || tool("web_search", ToolKind::WebSearch(WebSearch { max_uses: Some(3), ..WebSearch::default() }));
    let alone = Chat { tools: vec![search()], tool_choice: Some(ToolChoice::Any), ..hello() };
    let (body, noted) = written(&alone, "gemini-3.5-flash");
    insta::assert_snapshot!(body, @r#"{"contents":[{"role":"user","parts":[{"text":"Hello"}]}],"tools":[{"googleSearch":{}}]}"#);
    insta::assert_snapshot!(noted, @"tools.0.max_uses dropped (Google's search has none); cache_control dropped (this API caches of its own accord)");
    let hosted = tool("code", ToolKind::Hosted { kind: "code_execution_20250825".into() });
    let custom = tool("c", ToolKind::Custom { format: None });
    let beside = Chat {
        tools: vec![search(), hosted, custom],
        parallel_tools: Some(false),
        tool_choice: Some(ToolChoice::Among { names: vec!["c".into()], is_required: false }),
        ..hello()
    };
    let (body, noted) = written(&beside, "gemini-3.5-flash");
    insta::assert_snapshot!(body, @r#"{"contents":[{"role":"user","parts":[{"text":"Hello"}]}],"tools":[{"functionDeclarations":[{"name":"c","parametersJsonSchema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}}]}],"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED","allowedFunctionNames":["c"]}}}"#);
    insta::assert_snapshot!(noted, @"tools.0 dropped (this API does not search the web beside calling functions); cache_control dropped (this API caches of its own accord); tools.1 dropped (no tool `code_execution_20250825` is run by this API's provider); parallel_tool_calls dropped (this API's models may call several functions at once)");
}

#[test]
fn older_models_give_either_json_or_calls() {
    let chat = Chat { form: AnswerForm::Json, tools: vec![function("f", "{}")], ..hello() };
    let (body, noted) = written(&chat, "gemini-2.5-pro");
    assert!(!body.contains("responseMimeType"), "{body}");
    assert!(noted.contains("response_format dropped"), "{noted}");
    let (body, _) = written(&chat, "gemini-3.1-pro");
    assert!(body.contains(r#""responseMimeType":"application/json""#), "{body}");
}

#[test]
fn instructions_alone_are_the_users_message() {
    let chat = Chat { turns: vec![turn(Role::System, vec![text("Write a poem.")])], ..Chat::default() };
    let (body, noted) = written(&chat, "gemini-3.5-flash");
    assert_eq!(body, r#"{"contents":[{"role":"user","parts":[{"text":"Write a poem."}]}]}"#);
    assert!(noted.starts_with("messages adapted"), "{noted}");
}

#[test]
fn what_could_not_be_sent_is_refused_with_its_place() {
    let refused = |chat: &Chat<'_>| {
        Gemini.write_chat(chat, target("gemini-3.5-flash"), &mut Changes::default()).unwrap_err().to_string()
    };
    insta::assert_snapshot!(refused(&Chat::default()), @"messages: no message is left that this API could take: send at least one with a text");
    let blank = Chat { turns: vec![turn(Role::User, vec![text(" \n")])], ..Chat::default() };
    insta::assert_snapshot!(refused(&blank), @"messages: no message is left that this API could take: send at least one with a text");
    let list =
        Chat { turns: vec![turn(Role::Assistant, vec![text("a"), call("a", "f", "[1]", None)])], ..hello() };
    insta::assert_snapshot!(refused(&list), @"messages.0.content.1.arguments: the arguments of a call have to be a JSON object");
    let broken =
        Chat { turns: vec![turn(Role::Assistant, vec![call("a", "f", r#"{"x":"#, None)])], ..hello() };
    insta::assert_snapshot!(refused(&broken), @"messages.0.content.0.arguments: the arguments of a call have to be a JSON object");
    let orphan = Chat { turns: vec![turn(Role::User, vec![result("a", "x", false)])], ..hello() };
    insta::assert_snapshot!(refused(&orphan), @"messages.0.content.0.tool_call_id: no call of the id `a` comes before its result");
    let stops = Chat { stop: vec!["x".into(); 6], ..hello() };
    insta::assert_snapshot!(refused(&stops), @"stop: models of Google's API take at most 5, got 6");
}

#[test]
fn other_losses_are_told() {
    let bias: &RawValue = serde_json::from_str("{}").unwrap();
    let mut chat = Chat {
        verbosity: Some("low".into()),
        sampling: Sampling {
            seed: Some(1 << 40),
            logit_bias: Some(Cow::Borrowed(bias)),
            frequency_penalty: Some(3.0),
            ..Sampling::default()
        },
        ..hello()
    };
    chat.turns[0].name = Some("Ann".into());
    chat.turns[0].parts[0].cache = Some(CacheMark::OneHour);
    insta::assert_snapshot!(written(&chat, "gemini-3.5-flash").1, @"messages.name dropped (this API's messages have no names); cache_control dropped (this API caches of its own accord); frequency_penalty adapted (2 is the nearest that this API takes); seed adapted (this API's seeds have 32 bits); logit_bias dropped (this API has none); verbosity dropped (this API has none)");
}

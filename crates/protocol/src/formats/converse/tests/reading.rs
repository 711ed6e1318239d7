//! Requests read into the neutral form.

use paceway_domain::{Dialect, Tokens};

use super::support::{CLAUDE, OLD_CLAUDE, read, summary, through, told};
use crate::changes::Gravity;
use crate::neutral::{
    AnswerForm, CacheMark, DocumentSource, Effort, Media, PartBody, ReasoningMode, Role, ServiceTier,
    ToolChoice, ToolKind,
};

const FULL: &str = r#"{
    "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
    "messages": [
        {"role": "user", "content": [
            {"text": "Look at these."},
            {"image": {"format": "png", "source": {"bytes": "aGk="}}},
            {"document": {"format": "pdf", "name": "Report 7", "source": {"bytes": "JVBE"}, "citations": {"enabled": true}}},
            {"cachePoint": {"type": "default"}}
        ]},
        {"role": "assistant", "content": [
            {"reasoningContent": {"reasoningText": {"text": "Two files.", "signature": "c2ln"}}},
            {"reasoningContent": {"redactedContent": "b3BhcXVl"}},
            {"text": "I look it up."},
            {"toolUse": {"toolUseId": "tooluse_1", "name": "find", "input": {"q": "seven", "n": 1}}},
            {"toolUse": {"toolUseId": "tooluse_2", "name": "find", "input": {}}}
        ]},
        {"role": "user", "content": [
            {"toolResult": {"toolUseId": "tooluse_1", "content": [{"text": "found"}, {"json": {"a": [1]}}]}},
            {"toolResult": {"toolUseId": "tooluse_2", "content": [{"text": "no"}], "status": "error"}},
            {"text": "Go on."}
        ]}
    ],
    "inferenceConfig": {"maxTokens": 9000, "stopSequences": ["END"]},
    "toolConfig": {
        "tools": [
            {"toolSpec": {"name": "find", "description": "Finds.", "strict": true,
                "inputSchema": {"json": {"type": "object", "properties": {"q": {"type": "string"}}}}}},
            {"cachePoint": {"type": "default"}}
        ],
        "toolChoice": {"auto": {}}
    },
    "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 4000}},
    "outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {
        "name": "out", "schema": "{\"type\":\"object\"}"}}}},
    "serviceTier": {"type": "flex"},
    "requestMetadata": {"team": "a"}
}"#;

#[test]
fn a_full_request_is_read_in_every_part() {
    let (chat, changes) = read(FULL).unwrap();
    let roles: Vec<_> = chat.turns.iter().map(|turn| turn.role).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::Assistant, Role::User]);
    assert_eq!(chat.turns[0].parts[0].cache, Some(CacheMark::OneHour));
    assert_eq!(chat.turns[1].parts.len(), 3);
    assert_eq!(chat.turns[1].parts[2].cache, Some(CacheMark::FiveMinutes));
    let PartBody::Thinking { text, seal: Some(seal) } = &chat.turns[2].parts[0].body else { panic!() };
    assert_eq!((&**text, seal.by, &*seal.data), ("Two files.", Dialect::Converse, "c2ln"));
    let PartBody::ToolCall(call) = &chat.turns[2].parts[3].body else { panic!() };
    assert_eq!((&*call.id, &*call.arguments), ("tooluse_1", r#"{"q": "seven", "n": 1}"#));
    let PartBody::ToolResult(result) = &chat.turns[3].parts[1].body else { panic!() };
    assert!(result.is_error);
    assert_eq!(chat.max_output, Some(Tokens(9000)));
    assert_eq!(chat.stop, ["END"]);
    assert_eq!(chat.tool_choice, Some(ToolChoice::Auto));
    assert!(matches!(chat.tools[0].kind, ToolKind::Function { strict: Some(true), .. }));
    let reasoning = chat.reasoning.unwrap();
    assert_eq!((reasoning.mode, reasoning.budget), (ReasoningMode::On, Some(Tokens(4000))));
    assert!(
        matches!(&chat.form, AnswerForm::Schema(schema) if schema.schema.get() == r#"{"type":"object"}"#)
    );
    assert_eq!(chat.service_tier, Some(ServiceTier::Flex));
    assert_eq!(told("", &[&changes]), "\nhint requestMetadata: it has no counterpart");
}

#[test]
fn a_full_request_comes_out_as_it_went_in() {
    insta::assert_snapshot!(through(FULL, OLD_CLAUDE), @r#"
    {"system":[{"text":"Be brief."},{"cachePoint":{"type":"default","ttl":"1h"}}],"messages":[{"role":"user","content":[{"text":"Look at these."},{"image":{"format":"png","source":{"bytes":"aGk="}}},{"document":{"format":"pdf","name":"Report 7","source":{"bytes":"JVBE"},"citations":{"enabled":true}}},{"cachePoint":{"type":"default"}}]},{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Two files.","signature":"c2ln"}}},{"reasoningContent":{"redactedContent":"b3BhcXVl"}},{"text":"I look it up."},{"toolUse":{"toolUseId":"tooluse_1","name":"find","input":{"q": "seven", "n": 1}}},{"toolUse":{"toolUseId":"tooluse_2","name":"find","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"tooluse_1","content":[{"text":"found"},{"text":"{\"a\": [1]}"}]}},{"toolResult":{"toolUseId":"tooluse_2","content":[{"text":"no"}],"status":"error"}},{"text":"Go on."}]}],"inferenceConfig":{"maxTokens":9000,"stopSequences":["END"]},"toolConfig":{"tools":[{"toolSpec":{"name":"find","description":"Finds.","inputSchema":{"json":{"type": "object", "properties": {"q": {"type": "string"}}}},"strict":true}},{"cachePoint":{"type":"default"}}],"toolChoice":{"auto":{}}},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":4000}},"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{\"type\":\"object\"}","name":"out"}}}},"serviceTier":{"type":"flex"},"additionalModelResponseFieldPaths":["/stop_sequence"]}
    hint requestMetadata: it has no counterpart
    "#);
}

#[test]
fn texts_and_files_are_borrowed_from_the_body() {
    let (chat, _) = read(FULL).unwrap();
    let PartBody::Image(image) = &chat.turns[1].parts[1].body else { panic!() };
    let Media::Base64 { data, .. } = &image.media else { panic!() };
    assert_eq!(data.lent(), Some("aGk="));
}

#[test]
fn files_in_s3_are_addresses() {
    let body = r#"{"messages":[{"role":"user","content":[
        {"video":{"format":"three_gp","source":{"s3Location":{"uri":"s3://films/one","bucketOwner":"123456789012"}}}}]}]}"#;
    let (chat, changes) = read(body).unwrap();
    let PartBody::Video(Media::Url { url, media_type }) = &chat.turns[0].parts[0].body else { panic!() };
    assert_eq!((&**url, media_type.as_deref()), ("s3://films/one", Some("video/3gpp")));
    assert!(changes.iter().all(|change| change.gravity == Gravity::Hint));
}

#[test]
fn documents_of_words_are_read_in_all_their_forms() {
    let body = r#"{"messages":[{"role":"user","content":[{"text":"x"},
        {"document":{"name":"a","source":{"text":"words"},"context":"why"}},
        {"document":{"format":"txt","name":"b","source":{"content":[{"text":"one"},{"text":"two"}]}}},
        {"searchResult":{"source":"https://a.example","title":"A","content":[{"text":"hit"}],"citations":{"enabled":true}}}]}]}"#;
    let (chat, changes) = read(body).unwrap();
    let documents: Vec<_> = chat.turns[0].parts[1..]
        .iter()
        .map(|part| match &part.body {
            PartBody::Document(document) => document,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(matches!(&documents[0].source, DocumentSource::Text(text) if text == "words"));
    assert_eq!(documents[0].context.as_deref(), Some("why"));
    assert!(matches!(&documents[1].source, DocumentSource::Parts(parts) if parts.len() == 2));
    assert!(documents[2].wants_citations);
    assert_eq!(documents[2].context.as_deref(), Some("https://a.example"));
    assert_eq!(changes.iter().count(), 1);
}

#[test]
fn what_no_other_provider_has_is_noted() {
    let body = r#"{"messages":[
        {"role":"user","content":[{"guardContent":{"text":{"text":"hi","qualifiers":["query"]}}},{"text":" "},{"unheard":{}}]},
        {"role":"system","content":[{"toolAddition":{"tool":{"name":"x"}}}]}],
        "guardrailConfig":{"guardrailIdentifier":"g"},"promptVariables":{"a":{"text":"b"}},
        "additionalModelResponseFieldPaths":["/stop_sequence","/other"],
        "additionalModelRequestFields":{"top_k":7,"anthropic_beta":["x"],"unheard":1},
        "serviceTier":{"type":"reserved"},"performanceConfig":{"latency":"optimized"}}"#;
    let (chat, changes) = read(body).unwrap();
    assert_eq!(chat.turns.len(), 1);
    assert_eq!(chat.sampling.top_k, Some(7));
    insta::assert_snapshot!(told("", &[&changes]), @r"
    LOST messages.0.content.0.guardContent: another provider has not your guardrails: its words are sent unmarked
    LOST messages.0.content.2.unheard: it cannot be carried over to another provider's API
    LOST messages.1.content.0.toolAddition: it cannot be carried over to another provider's API
    hint additionalModelRequestFields.anthropic_beta: it has no counterpart
    LOST additionalModelRequestFields.unheard: it cannot be carried over to another provider's API
    hint serviceTier: only this account of this provider has such a tier
    LOST additionalModelResponseFieldPaths.1: another provider's answers have no such fields
    LOST guardrailConfig: it cannot be carried over to another provider's API
    LOST promptVariables: it cannot be carried over to another provider's API
    hint performanceConfig: it has no counterpart
    ");
}

#[test]
fn effort_is_read_from_each_of_its_places() {
    for (fields, mode, effort) in [
        (r#""outputConfig":{"effort":"xhigh"}"#, ReasoningMode::Adaptive, Some(Effort::ExtraHigh)),
        (
            r#""outputConfig":{"effort":"low"},"additionalModelRequestFields":{"thinking":{"type":"disabled"}}"#,
            ReasoningMode::Off,
            Some(Effort::Low),
        ),
        (
            r#""additionalModelRequestFields":{"thinking":{"type":"adaptive"},"output_config":{"effort":"max"}}"#,
            ReasoningMode::Adaptive,
            Some(Effort::Max),
        ),
        (
            r#""additionalModelRequestFields":{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"medium"}}"#,
            ReasoningMode::On,
            Some(Effort::Medium),
        ),
        (
            r#""additionalModelRequestFields":{"reasoning_effort":"high"}"#,
            ReasoningMode::Adaptive,
            Some(Effort::High),
        ),
        (r#""additionalModelRequestFields":{"reasoning_effort":"none"}"#, ReasoningMode::Off, None),
    ] {
        let body = format!(r#"{{"messages":[{{"role":"user","content":[{{"text":"x"}}]}}],{fields}}}"#);
        let (chat, changes) = read(&body).unwrap();
        let reasoning = chat.reasoning.unwrap();
        assert_eq!((reasoning.mode, reasoning.effort), (mode, effort), "{fields}");
        assert!(changes.is_empty(), "{fields}: {changes}");
    }
}

#[test]
fn claudes_own_choice_of_tools_is_read() {
    let body = r#"{"messages":[{"role":"user","content":[{"text":"x"}]}],
        "toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}},{"systemTool":{"name":"nova_grounding"}}]},
        "additionalModelRequestFields":{"tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true}}}"#;
    let (chat, _) = read(body).unwrap();
    assert_eq!(chat.tool_choice, Some(ToolChoice::Named("f".into())));
    assert_eq!(chat.parallel_tools, Some(false));
    assert!(matches!(chat.tools[1].kind, ToolKind::WebSearch(_)));
}

#[test]
fn the_address_says_model_and_streaming() {
    let summary = summary(r#"{"messages":[],"inferenceConfig":{"maxTokens":5}}"#).unwrap();
    assert_eq!((&*summary.model, summary.stream), (CLAUDE, false));
    assert_eq!(summary.max_output, Some(Tokens(5)));
    assert!(summary.wants_stream_usage);
}

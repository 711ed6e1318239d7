//! Whole answers.

use std::fmt::Write as _;

use paceway_domain::{Dialect, Usage};

use super::*;
use crate::neutral::{Citation, Finish, Reply, ReplyPart, Seal, ToolCall};

/// An answer, a line for each part, then why it ended and what it used.
fn read(body: &str) -> String {
    let reply = match Gemini.read_reply(body.as_bytes()) {
        Ok(reply) => reply,
        Err(why) => return format!("error: {why}"),
    };
    show_reply(&reply)
}

pub(super) fn show_reply(reply: &Reply<'_>) -> String {
    let mut shown = format!("{} {}\n", reply.id, reply.model);
    for part in &reply.parts {
        writeln!(shown, "{part:?}").unwrap();
    }
    if let Some(logprobs) = &reply.logprobs {
        writeln!(shown, "{logprobs}").unwrap();
    }
    shown + &format!("{:?} {}", reply.finish, show_usage(&reply.usage))
}

fn show_usage(usage: &Usage) -> String {
    let Usage { input, cache_read, output, reasoning, .. } = usage;
    format!("{input:?} {cache_read:?} {output:?} {reasoning:?}")
}

/// A candidate's answer without usage.
fn candidate(candidate: &str) -> String {
    read(&format!(r#"{{"candidates":[{candidate}],"responseId":"r1","modelVersion":"gemini-3.5-flash"}}"#))
}

#[test]
fn an_answer_of_thoughts_words_and_calls_is_read_in_order() {
    let body = r#"{"candidates":[{"content":{"parts":[
            {"text":"Let me see.","thought":true},
            {"text":"It is \"sunny\"","thoughtSignature":"c2lnMQ=="},
            {"functionCall":{"name":"weather","args":{"city": "Rome"}},"thoughtSignature":"c2lnMg=="},
            {"functionCall":{"id":"own","name":"time"}},
            {"inlineData":{"mimeType":"image/png","data":"AAAA"}},
            {"executableCode":{"code":"1"}},
            {"unheard":{"of":1}}],"role":"model"},
        "finishReason":"STOP","index":0,"safetyRatings":[{"category":"x"}]}],
        "usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":60,"candidatesTokenCount":20,
            "thoughtsTokenCount":30,"toolUsePromptTokenCount":5,"totalTokenCount":155,
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":100}],"trafficType":"ON_DEMAND"},
        "modelVersion":"gemini-3.5-flash","responseId":"mAit.aL/k","createTime":"2026-11-01T00:00:00Z"}"#;
    insta::assert_snapshot!(read(body), @r#"
mAit.aL/k gemini-3.5-flash
Thinking { text: "Let me see.", seal: None }
Text { text: "It is \"sunny\"", citations: [] }
Thinking { text: "", seal: Some(Seal { by: Gemini, data: "c2lnMQ==" }) }
ToolCall(ToolCall { id: "call_mAitaLk_0", name: "weather", namespace: None, arguments: "{\"city\": \"Rome\"}", is_custom: false, seal: Some(Seal { by: Gemini, data: "c2lnMg==" }) })
ToolCall(ToolCall { id: "own", name: "time", namespace: None, arguments: "{}", is_custom: false, seal: None })
Image { media_type: "image/png", data: "AAAA" }
ToolCalls Tokens(45) Tokens(60) Tokens(50) Tokens(30)
"#);
    let usage = Gemini.usage(body.as_bytes()).unwrap();
    assert_eq!((usage.input.0, usage.cache_read.0, usage.output.0, usage.reasoning.0), (45, 60, 50, 30));
}

#[test]
fn thoughts_that_are_counted_among_the_candidates_are_not_counted_twice() {
    let body = br#"{"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":20,"thoughtsTokenCount":15,
        "totalTokenCount":30}}"#;
    let usage = Gemini.usage(body).unwrap();
    assert_eq!((usage.output.0, usage.reasoning.0), (20, 15));
}

#[test]
fn every_reason_to_end_is_understood() {
    let with = |reason: &str| {
        let text = r#"{"content":{"parts":[{"text":"a"}]},"finishReason":"#;
        let shown = candidate(&format!(r#"{text}"{reason}"}}"#));
        shown.lines().last().unwrap().split(' ').next().unwrap().to_owned()
    };
    for reason in ["STOP", "OTHER", "MALFORMED_FUNCTION_CALL", "NEVER_HEARD_OF"] {
        assert_eq!(with(reason), "Done", "{reason}");
    }
    assert_eq!(with("MAX_TOKENS"), "Length");
    for reason in ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"] {
        assert_eq!(with(reason), "Refused", "{reason}");
    }
}

#[test]
fn an_answer_that_failed_without_a_word_is_an_error() {
    insta::assert_snapshot!(candidate(r#"{"content":{},"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"call: x("}"#), @"error: the model gave no answer (MALFORMED_FUNCTION_CALL): call: x(");
    insta::assert_snapshot!(candidate(r#"{"content":{"parts":[{"text":"hm","thought":true}]},"finishReason":"OTHER"}"#), @"error: the model gave no answer (OTHER)");
    insta::assert_snapshot!(read("{}"), @"error: the answer has neither a candidate nor a reason why");
    insta::assert_snapshot!(read(r#"{"error":{"code":500,"message":"oops","status":"INTERNAL"}}"#), @"error: oops");
    insta::assert_snapshot!(read("[]"), @"error: the answer has neither a candidate nor a reason why");
    insta::assert_snapshot!(read(r#"{"candidates":7}"#), @"error: invalid type: integer `7`, expected a sequence at line 1 column 15");
}

#[test]
fn a_refusal_is_one_whether_of_the_prompt_or_of_the_answer() {
    insta::assert_snapshot!(read(
        r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT","blockReasonMessage":"Not this."},
            "usageMetadata":{"promptTokenCount":9,"totalTokenCount":9},"responseId":"r","modelVersion":"m"}"#
    ), @r#"
r m
Refusal("Not this.")
Refused Tokens(9) Tokens(0) Tokens(0) Tokens(0)
"#);
    insta::assert_snapshot!(read(r#"{"promptFeedback":{"blockReason":"OTHER"}}"#), @r"
 
Refused Tokens(0) Tokens(0) Tokens(0) Tokens(0)
");
    insta::assert_snapshot!(candidate(r#"{"finishReason":"SAFETY","finishMessage":"Blocked."}"#), @r#"
r1 gemini-3.5-flash
Refusal("Blocked.")
Refused Tokens(0) Tokens(0) Tokens(0) Tokens(0)
"#);
    insta::assert_snapshot!(candidate(r#"{"content":{"parts":[{"text":"Half"}]},"finishReason":"SAFETY","finishMessage":"Blocked."}"#), @r#"
r1 gemini-3.5-flash
Text { text: "Half", citations: [] }
Refused Tokens(0) Tokens(0) Tokens(0) Tokens(0)
"#);
}

#[test]
fn sources_are_read_with_their_places_in_characters() {
    insta::assert_snapshot!(candidate(
        r#"{"content":{"parts":[{"text":"Größe: 1.","thoughtSignature":"YQ=="},{"text":"Ende."}]},"finishReason":"STOP",
        "groundingMetadata":{"webSearchQueries":["q"],"searchEntryPoint":{"renderedContent":"<x>"},
            "groundingChunks":[{"web":{"uri":"https://a.com","title":"a.com"}},
                {"retrievedContext":{"uri":"gs://b","title":"B","text":"words there"}},
                {"web":{"uri":"https://unused.com"}},{"image":{}}],
            "groundingSupports":[
                {"segment":{"endIndex":7,"text":"Größe"},"groundingChunkIndices":[0,1],"confidenceScores":[0.9]},
                {"segment":{"partIndex":1,"startIndex":0,"endIndex":5},"groundingChunkIndices":[1,99]}]},
        "citationMetadata":{"citationSources":[{"startIndex":0,"endIndex":4,"uri":"https://c.com","license":""}]}}"#
    ), @r#"
r1 gemini-3.5-flash
Text { text: "Größe: 1.", citations: [Citation { url: Some("https://a.com"), title: Some("a.com"), quoted: None, place: Some((0, 5)) }, Citation { url: Some("gs://b"), title: Some("B"), quoted: Some("words there"), place: Some((0, 5)) }, Citation { url: Some("https://c.com"), title: None, quoted: None, place: Some((0, 3)) }] }
Thinking { text: "", seal: Some(Seal { by: Gemini, data: "YQ==" }) }
Text { text: "Ende.", citations: [Citation { url: Some("gs://b"), title: Some("B"), quoted: Some("words there"), place: Some((9, 14)) }, Citation { url: Some("https://unused.com"), title: None, quoted: None, place: None }] }
Done Tokens(0) Tokens(0) Tokens(0) Tokens(0)
"#);
}

#[test]
fn logprobs_are_read_in_the_neutral_form() {
    insta::assert_snapshot!(candidate(
        r#"{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP","avgLogprobs":-0.1,"logprobsResult":{
            "topCandidates":[{"candidates":[{"token":"Hi","tokenId":1,"logProbability":-0.1},
                {"token":"é","tokenId":2,"logProbability":-2.5}]}],
            "chosenCandidates":[{"token":"Hi","tokenId":1,"logProbability":-0.1}]}}"#
    ), @r#"
r1 gemini-3.5-flash
Text { text: "Hi", citations: [] }
[{"token":"Hi","logprob":-0.1,"bytes":[72,105],"top_logprobs":[{"token":"Hi","logprob":-0.1,"bytes":[72,105]},{"token":"é","logprob":-2.5,"bytes":[195,169]}]}]
Done Tokens(0) Tokens(0) Tokens(0) Tokens(0)
"#);
}

fn reply<'a>(parts: Vec<ReplyPart<'a>>, finish: Finish<'a>) -> Reply<'a> {
    let usage = Usage {
        input: Tokens(10),
        cache_read: Tokens(5),
        cache_write_5m: Tokens(2),
        output: Tokens(30),
        reasoning: Tokens(20),
        ..Usage::default()
    };
    Reply { id: "id".into(), model: "".into(), parts, logprobs: None, finish, usage }
}

fn write(reply: &Reply<'_>) -> String {
    String::from_utf8(Gemini.write_reply(reply, &frame()).to_vec()).unwrap()
}

#[test]
fn an_answer_is_written_with_foreign_seals_as_base64() {
    let foreign = || Seal { by: Dialect::Anthropic, data: "EqQB".into() };
    let parts = vec![
        ReplyPart::Thinking { text: "hm".into(), seal: Some(foreign()) },
        ReplyPart::Redacted(foreign()),
        ReplyPart::Thinking {
            text: "".into(),
            seal: Some(Seal { by: Dialect::Gemini, data: "c2ln".into() }),
        },
        ReplyPart::Text { text: "Hi".into(), citations: Vec::new() },
        ReplyPart::ToolCall(ToolCall {
            id: "toolu_1".into(),
            name: "f".into(),
            namespace: None,
            arguments: "{\n\"b\": 1, \"a\": null}".into(),
            is_custom: false,
            seal: Some(foreign()),
        }),
        ReplyPart::Image { media_type: "image/png".into(), data: "AAAA".into() },
    ];
    let body = write(&reply(parts, Finish::ToolCalls));
    insta::assert_snapshot!(body, @r#"
{"candidates":[{"content":{"parts":[{"text":"hm","thought":true,"thoughtSignature":"cGFjZXdheS5hbnRocm9waWMuRXFRQg=="},{"thought":true,"thoughtSignature":"cGFjZXdheS5hbnRocm9waWMuRXFRQg=="},{"text":"","thought":true,"thoughtSignature":"c2ln"},{"text":"Hi"},{"functionCall":{"id":"toolu_1","name":"f","args":{
"b": 1, "a": null}},"thoughtSignature":"cGFjZXdheS5hbnRocm9waWMuRXFRQg=="},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":17,"cachedContentTokenCount":5,"candidatesTokenCount":10,"thoughtsTokenCount":20,"totalTokenCount":47},"modelVersion":"asked","responseId":"id"}
"#);
    insta::assert_snapshot!(read(&body), @r#"
id asked
Thinking { text: "hm", seal: Some(Seal { by: Anthropic, data: "EqQB" }) }
Redacted(Seal { by: Anthropic, data: "EqQB" })
Thinking { text: "", seal: Some(Seal { by: Gemini, data: "c2ln" }) }
Text { text: "Hi", citations: [] }
ToolCall(ToolCall { id: "toolu_1", name: "f", namespace: None, arguments: "{\n\"b\": 1, \"a\": null}", is_custom: false, seal: Some(Seal { by: Anthropic, data: "EqQB" }) })
Image { media_type: "image/png", data: "AAAA" }
ToolCalls Tokens(12) Tokens(5) Tokens(30) Tokens(20)
"#);
}

#[test]
fn broken_arguments_are_shown_and_an_empty_answer_keeps_a_part() {
    let call = |arguments: &'static str| {
        ReplyPart::ToolCall(ToolCall {
            id: "i".into(),
            name: "f".into(),
            namespace: None,
            arguments: arguments.into(),
            is_custom: false,
            seal: None,
        })
    };
    let body = write(&reply(vec![call(""), call("{\"a\":"), call("[1]")], Finish::Length));
    insta::assert_snapshot!(body, @r#"{"candidates":[{"content":{"parts":[{"functionCall":{"id":"i","name":"f","args":{}}},{"functionCall":{"id":"i","name":"f","args":{"input":"{\"a\":"}}},{"functionCall":{"id":"i","name":"f","args":{"input":"[1]"}}}],"role":"model"},"finishReason":"MAX_TOKENS","index":0}],"usageMetadata":{"promptTokenCount":17,"cachedContentTokenCount":5,"candidatesTokenCount":10,"thoughtsTokenCount":20,"totalTokenCount":47},"modelVersion":"asked","responseId":"id"}"#);
    insta::assert_snapshot!(write(&reply(Vec::new(), Finish::Refused)), @r#"{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"SAFETY","index":0}],"usageMetadata":{"promptTokenCount":17,"cachedContentTokenCount":5,"candidatesTokenCount":10,"thoughtsTokenCount":20,"totalTokenCount":47},"modelVersion":"asked","responseId":"id"}"#);
}

#[test]
fn sources_come_back_as_they_were_written() {
    let cited = |url: &'static str, quoted: Option<&'static str>, place| Citation {
        url: Some(url.into()),
        title: Some("T".into()),
        quoted: quoted.map(Into::into),
        place,
    };
    let parts = vec![
        ReplyPart::Thinking { text: "hm".into(), seal: None },
        ReplyPart::Text {
            text: "Größe".into(),
            citations: vec![
                cited("https://a.com", None, Some((1, 5))),
                cited("https://b.com", Some("q"), Some((0, 3))),
            ],
        },
        ReplyPart::Redacted(Seal { by: Dialect::Anthropic, data: "x".into() }),
        ReplyPart::Text {
            text: "Ende".into(),
            citations: vec![cited("https://a.com", None, Some((5, 9))), cited("https://c.com", None, None)],
        },
    ];
    let before = Reply { model: "m".into(), ..reply(parts, Finish::Done) };
    let body = write(&before);
    insta::assert_snapshot!(body, @r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"Größe"},{"thought":true,"thoughtSignature":"cGFjZXdheS5hbnRocm9waWMueA=="},{"text":"Ende"}],"role":"model"},"finishReason":"STOP","index":0,"groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://a.com","title":"T"}},{"retrievedContext":{"uri":"https://b.com","title":"T","text":"q"}},{"web":{"uri":"https://c.com","title":"T"}}],"groundingSupports":[{"segment":{"partIndex":1,"startIndex":1,"endIndex":7,"text":"röße"},"groundingChunkIndices":[0]},{"segment":{"partIndex":1,"startIndex":0,"endIndex":4,"text":"Grö"},"groundingChunkIndices":[1]},{"segment":{"partIndex":3,"startIndex":0,"endIndex":4,"text":"Ende"},"groundingChunkIndices":[0]}]}}],"usageMetadata":{"promptTokenCount":17,"cachedContentTokenCount":5,"candidatesTokenCount":10,"thoughtsTokenCount":20,"totalTokenCount":47},"modelVersion":"m","responseId":"id"}"#);
    let after = Gemini.read_reply(body.as_bytes()).unwrap();
    assert_eq!(format!("{:?}", after.parts), format!("{:?}", before.parts));
}

#[test]
fn a_source_that_is_named_many_times_for_the_same_words_is_cited_once() {
    let indices = ["0"; 500].join(",");
    let body = format!(
        r#"{{"candidates":[{{"content":{{"parts":[{{"text":"Yes"}}]}},"finishReason":"STOP","groundingMetadata":{{"groundingChunks":[{{"web":{{"uri":"https://a.org"}}}}],"groundingSupports":[{{"segment":{{"endIndex":3}},"groundingChunkIndices":[{indices}]}}]}}}}]}}"#
    );
    let reply = Gemini.read_reply(body.as_bytes()).unwrap();
    let [ReplyPart::Text { citations, .. }] = reply.parts.as_slice() else { panic!("{reply:?}") };
    assert_eq!(citations.len(), 1);
}

//! Streams.

use paceway_domain::{Dialect, Usage};
use proptest::prelude::*;

use super::*;
use crate::formats::{Edit, Ending, Seen};
use crate::neutral::{Citation, ErrorKind, ErrorReport, Finish, Seal};

/// Thoughts, words with a signature, parallel calls; usage in every chunk; as AI Studio writes it.
const THINKING_AND_CALLS: &str = concat!(
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"**Plan**\\n\",\"thought\": true}],\"role\": \"model\"},\"index\": 0}],",
    "\"usageMetadata\": {\"promptTokenCount\": 50,\"totalTokenCount\": 60,\"thoughtsTokenCount\": 10},\"modelVersion\": \"gemini-3.5-flash\",\"responseId\": \"Ab-1_c\"}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"ask é\",\"thought\": true}],\"role\": \"model\"},\"index\": 0}],\"modelVersion\": \"gemini-3.5-flash\",\"responseId\": \"Ab-1_c\"}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"I will \"}],\"role\": \"model\"},\"index\": 0}]}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"ask.\"},{\"functionCall\": {\"name\": \"weather\",\"args\": {\"city\": \"Rome\"}},\"thoughtSignature\": \"c2lnMQ==\"},{\"functionCall\": {\"name\": \"time\",\"args\": {}}}],\"role\": \"model\"},\"index\": 0}]}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\",\"thoughtSignature\": \"c2lnMg==\"}],\"role\": \"model\"},\"finishReason\": \"STOP\",\"index\": 0}],",
    "\"usageMetadata\": {\"promptTokenCount\": 50,\"candidatesTokenCount\": 12,\"totalTokenCount\": 92,\"thoughtsTokenCount\": 30,\"cachedContentTokenCount\": 40}}\r\n\r\n",
);

/// A reason in every chunk, as old models write it, sources after it, and no empty line at the end.
const SOURCES: &str = concat!(
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Größe: \"}]},\"finishReason\":\"STOP\"}],\"responseId\":\"r\",\"modelVersion\":\"m\"}\n\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"1.\"}]},\"finishReason\":\"STOP\"}]}\n\n",
    "data: {\"candidates\":[{\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{\"uri\":\"https://a.com\",\"title\":\"a\"}}],",
    "\"groundingSupports\":[{\"segment\":{\"startIndex\":9,\"endIndex\":11},\"groundingChunkIndices\":[0]}]}}],\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":4}}\n",
);

const REFUSED: &str = "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\",\"blockReasonMessage\":\"No.\"},\"usageMetadata\":{\"promptTokenCount\":3}}\n\n";

const FAILS_AT_ONCE: &str =
    "data: {\"candidates\":[{\"content\":{},\"finishReason\":\"MALFORMED_FUNCTION_CALL\"}]}\n\n";

const ERROR_IN_MIDSTREAM: &str = concat!(
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Half\"}]}}],\"responseId\":\"r\"}\n\n",
    "data: {\"error\":{\"code\":503,\"message\":\"The model is overloaded.\",\"status\":\"UNAVAILABLE\"}}\n\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"more\"}]},\"finishReason\":\"STOP\"}]}\n\n",
);

const IMAGE_AND_LENGTH: &str = concat!(
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"AA-_\"}},{\"text\":\"a\"}]},",
    "\"logprobsResult\":{\"chosenCandidates\":[{\"token\":\"a\",\"logProbability\":-1.5}]}}]}\n\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"codeExecutionResult\":{}}]},\"finishReason\":\"MAX_TOKENS\"}]}\n\n",
);

const ALL: [&str; 6] =
    [THINKING_AND_CALLS, SOURCES, REFUSED, FAILS_AT_ONCE, ERROR_IN_MIDSTREAM, IMAGE_AND_LENGTH];

fn whole(stream: &str) -> Vec<String> {
    pieces([stream.as_bytes()], false)
}

#[test]
fn a_stream_of_thoughts_words_and_calls_is_read_in_order() {
    insta::assert_snapshot!(whole(THINKING_AND_CALLS).join("\n"), @r#"
Begin { id: "Ab-1_c", model: "gemini-3.5-flash", usage: Usage { input: Tokens(50), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(10), reasoning: Tokens(10) } }
Open(Thinking)
text **Plan**

text ask é
Close
Open(Text)
text I will 
text ask.
Close
open call call_Ab-1_c_0 weather sealed by gemini c2lnMQ==
text {"city": "Rome"}
Close
open call call_Ab-1_c_1 time unsealed
Close
Open(Thinking)
sealed by gemini c2lnMg==
Close
End { finish: ToolCalls, usage: Usage { input: Tokens(10), cache_read: Tokens(40), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(42), reasoning: Tokens(30) } }
"#);
}

#[test]
fn sources_of_sealed_words_stay_with_the_words() {
    let stream = concat!(
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"So.\"}]}}]}\n\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\",\"thoughtSignature\":\"c2ln\"}]},",
        "\"finishReason\":\"STOP\",\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{\"uri\":\"https://a.com\"}}]}}]}\n\n",
    );
    insta::assert_snapshot!(whole(stream)[1..].join("\n"), @r#"
Open(Text)
text So.
Delta(Citation(Citation { url: Some("https://a.com"), title: None, quoted: None, place: None }))
Close
Open(Thinking)
sealed by gemini c2ln
Close
End { finish: Done, usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
"#);
}

#[test]
fn what_comes_after_a_reason_is_read_too() {
    insta::assert_snapshot!(whole(SOURCES).join("\n"), @r#"
Begin { id: "r", model: "m", usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
Open(Text)
text Größe: 
text 1.
Delta(Citation(Citation { url: Some("https://a.com"), title: Some("a"), quoted: None, place: Some((7, 9)) }))
Close
End { finish: Done, usage: Usage { input: Tokens(3), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(4), reasoning: Tokens(0) } }
"#);
}

#[test]
fn refusals_failures_and_errors_are_themselves() {
    insta::assert_snapshot!(whole(REFUSED).join("\n"), @r#"
Begin { id: "", model: "", usage: Usage { input: Tokens(3), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
Open(Refusal)
text No.
Close
End { finish: Refused, usage: Usage { input: Tokens(3), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
"#);
    insta::assert_snapshot!(whole(FAILS_AT_ONCE).join("\n"), @r#"
Begin { id: "", model: "", usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
Error(ErrorReport { kind: Server, message: "the model gave no answer (MALFORMED_FUNCTION_CALL)", field: None, code: None })
"#);
    insta::assert_snapshot!(whole(ERROR_IN_MIDSTREAM).join("\n"), @r#"
Begin { id: "r", model: "", usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
Open(Text)
text Half
Error(ErrorReport { kind: Overloaded, message: "The model is overloaded.", field: None, code: None })
"#);
}

#[test]
fn images_and_logprobs_are_read() {
    insta::assert_snapshot!(whole(IMAGE_AND_LENGTH).join("\n"), @r#"
Begin { id: "", model: "", usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
Open(Image { media_type: "image/png", data: "AA+/" })
Close
Open(Text)
text a
Delta(Logprobs(RawValue([{"token":"a","logprob":-1.5,"bytes":[97],"top_logprobs":[]}])))
Close
End { finish: Length, usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
"#);
}

#[test]
fn a_stream_that_is_cut_has_no_end() {
    let cut = THINKING_AND_CALLS.rfind("data:").unwrap();
    let lines = whole(&THINKING_AND_CALLS[..cut]);
    assert!(!lines.iter().any(|line| line.starts_with("End")), "{lines:?}");
}

#[test]
fn cut_at_every_position_a_stream_reads_the_same_and_is_well_formed() {
    for stream in ALL {
        let expected = whole(stream);
        assert_well_formed(&expected);
        for cut in 0..=stream.len() {
            let (head, tail) = stream.as_bytes().split_at(cut);
            assert_eq!(pieces([head, tail], false), expected, "cut at {cut}");
            // And a stream that ends there is read without a panic.
            pieces([head], false);
        }
    }
}

#[test]
fn an_event_that_is_no_json_is_an_error() {
    let mut reader = Gemini.reader();
    let mut splitter = Splitter::default();
    let mut told = Vec::new();
    splitter
        .push(b"data: {\"candidates\":\n\ndata: {\"candidates\":7}\n\n: note\n\ndata: [DONE]\n\n", |event| {
            told.push(reader.event(event, &mut |_| ()).is_err());
        })
        .unwrap();
    assert_eq!(told, [true, true, false, false]);
}

fn seen(stream: &str) -> Seen {
    let mut watch = Gemini.watch(true);
    let mut splitter = Splitter::default();
    splitter.push(stream.as_bytes(), |event| assert_eq!(watch.event(event), Edit::Pass)).unwrap();
    splitter.finish(|event| assert_eq!(watch.event(event), Edit::Pass));
    assert!(!watch.edits());
    watch.seen()
}

#[test]
fn the_watch_sees_usage_and_ending_and_changes_nothing() {
    let seen_whole = seen(THINKING_AND_CALLS);
    assert_eq!((seen_whole.usage.input.0, seen_whole.usage.cache_read.0), (10, 40));
    assert_eq!((seen_whole.usage.output.0, seen_whole.usage.reasoning.0), (42, 30));
    assert!(seen_whole.usage_is_final && seen_whole.ending == Ending::Complete);
    assert!(seen_whole.output_bytes > 20);
    assert_eq!(seen(SOURCES).ending, Ending::Complete);
    assert_eq!(seen(SOURCES).usage.output.0, 4);
    assert_eq!(seen(REFUSED).ending, Ending::Complete);
    assert_eq!(seen(ERROR_IN_MIDSTREAM).ending, Ending::Failed);
    let cut = THINKING_AND_CALLS.rfind("data:").unwrap();
    assert_eq!(seen(&THINKING_AND_CALLS[..cut]).ending, Ending::Open);
    assert!(!seen(&THINKING_AND_CALLS[..cut]).usage_is_final);
    assert_eq!(seen("data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\\\"finishReason\\\": \\\"error\\\"\"}]}}]}\n\n").ending, Ending::Open);
}

fn write(pieces: &[Piece<'_>]) -> String {
    let mut writer = Gemini.writer(frame());
    let mut out = Vec::new();
    for piece in pieces {
        writer.piece(piece, &mut out);
    }
    String::from_utf8(out).unwrap()
}

fn answer<'a>() -> Vec<Piece<'a>> {
    let foreign = || Seal { by: Dialect::Anthropic, data: "EqQB".into() };
    let usage = Usage { input: Tokens(9), output: Tokens(5), reasoning: Tokens(2), ..Usage::default() };
    let place = Some((0, 2));
    let citation = Citation { url: Some("https://a.com".into()), title: None, quoted: None, place };
    vec![
        Piece::Begin { id: "msg_1".into(), model: "claude".into(), usage: Usage::default() },
        Piece::Open(Opening::Thinking),
        Piece::Delta(Delta::Text("hm\n".into())),
        Piece::Delta(Delta::Seal(foreign())),
        Piece::Close,
        Piece::Open(Opening::Redacted(foreign())),
        Piece::Close,
        Piece::Open(Opening::Text),
        Piece::Delta(Delta::Text("Hé".into())),
        Piece::Delta(Delta::Citation(citation)),
        Piece::Close,
        Piece::Open(Opening::ToolCall {
            id: "toolu_1".into(),
            name: "f".into(),
            namespace: None,
            is_custom: false,
            seal: Some(foreign()),
        }),
        Piece::Delta(Delta::Text("{\n\"a\":".into())),
        Piece::Delta(Delta::Text("1}".into())),
        Piece::Close,
        Piece::Open(Opening::ToolCall {
            id: "toolu_2".into(),
            name: "g".into(),
            namespace: None,
            is_custom: false,
            seal: None,
        }),
        Piece::Close,
        Piece::End { finish: Finish::ToolCalls, usage },
    ]
}

#[test]
fn a_stream_is_written_in_chunks_of_data_and_read_back() {
    let stream = write(&answer());
    insta::assert_snapshot!(stream, @r#"
data: {"candidates":[{"content":{"parts":[{"text":"hm\n","thought":true}],"role":"model"},"index":0}],"modelVersion":"claude","responseId":"msg_1"}

data: {"candidates":[{"content":{"parts":[{"text":"","thought":true,"thoughtSignature":"cGFjZXdheS5hbnRocm9waWMuRXFRQg=="}],"role":"model"},"index":0}],"modelVersion":"claude","responseId":"msg_1"}

data: {"candidates":[{"content":{"parts":[{"thought":true,"thoughtSignature":"cGFjZXdheS5hbnRocm9waWMuRXFRQg=="}],"role":"model"},"index":0}],"modelVersion":"claude","responseId":"msg_1"}

data: {"candidates":[{"content":{"parts":[{"text":"Hé"}],"role":"model"},"index":0}],"modelVersion":"claude","responseId":"msg_1"}

data: {"candidates":[{"content":{"parts":[{"functionCall":{"id":"toolu_1","name":"f","args":{ "a":1}},"thoughtSignature":"cGFjZXdheS5hbnRocm9waWMuRXFRQg=="}],"role":"model"},"index":0}],"modelVersion":"claude","responseId":"msg_1"}

data: {"candidates":[{"content":{"parts":[{"functionCall":{"id":"toolu_2","name":"g","args":{}}}],"role":"model"},"index":0}],"modelVersion":"claude","responseId":"msg_1"}

data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://a.com"}}],"groundingSupports":[{"segment":{"startIndex":0,"endIndex":3,"text":"Hé"},"groundingChunkIndices":[0]}]},"index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3,"thoughtsTokenCount":2,"totalTokenCount":14},"modelVersion":"claude","responseId":"msg_1"}
"#);
    insta::assert_snapshot!(pieces([stream.as_bytes()], true).join("\n"), @r#"
Begin { id: "msg_1", model: "claude", usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
Open(Thinking)
text hm

sealed by anthropic EqQB
Close
open redacted sealed by anthropic EqQB
Close
Open(Text)
text Hé
Close
open call toolu_1 f sealed by anthropic EqQB
text { "a":1}
Close
open call toolu_2 g unsealed
Close
Open(Text)
Delta(Citation(Citation { url: Some("https://a.com"), title: None, quoted: None, place: Some((0, 2)) }))
Close
End { finish: ToolCalls, usage: Usage { input: Tokens(9), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(5), reasoning: Tokens(2) } }
"#);
    assert_eq!(seen(&stream).ending, Ending::Complete);
}

#[test]
fn an_error_in_midstream_is_written_as_a_chunk_that_begins_with_it() {
    let error = Piece::Error(ErrorReport::new(ErrorKind::Overloaded, "busy"));
    assert_eq!(
        write(&[error]),
        "data: {\"error\":{\"code\":503,\"message\":\"busy\",\"status\":\"UNAVAILABLE\"}}\n\n"
    );
}

#[test]
fn an_answer_without_id_and_model_has_the_requests() {
    let begin = Piece::Begin { id: "".into(), model: "".into(), usage: Usage::default() };
    let end = Piece::End { finish: Finish::Length, usage: Usage::default() };
    insta::assert_snapshot!(write(&[begin, end]), @r#"data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"MAX_TOKENS","index":0}],"usageMetadata":{"promptTokenCount":0,"candidatesTokenCount":0,"totalTokenCount":0},"modelVersion":"asked","responseId":"req-1"}"#);
}

proptest! {
    #[test]
    fn in_any_pieces_a_stream_reads_the_same(which in 0..ALL.len(), cuts in proptest::collection::vec(1usize..200, 1..30)) {
        let stream = ALL[which].as_bytes();
        let mut chunks = Vec::new();
        let mut rest = stream;
        for cut in cuts {
            let (head, tail) = rest.split_at(cut.min(rest.len()));
            chunks.push(head);
            rest = tail;
        }
        chunks.push(rest);
        prop_assert_eq!(pieces(chunks, false), pieces([stream], false));
    }
}

//! Streams: read, watched and written, cut at every position.

use paceway_domain::{Dialect, Tokens, Usage};

use super::support::pieces;
use crate::formats::cohere::Cohere;
use crate::formats::converse::tests::any::json;
use crate::formats::converse::tests::support::stream;
use crate::formats::{Edit, Ending, Format, Frame};
use crate::neutral::{Citation, Delta, Finish, Opening, Piece, Seal};
use crate::sse::Splitter;

const START: (&str, &str) = (
    "message-start",
    r#"{"id":"0f3c","type":"message-start","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}"#,
);

fn end(reason: &str) -> String {
    format!(
        r#"{{"type":"message-end","delta":{{"finish_reason":"{reason}","usage":{{"billed_units":{{"input_tokens":9,"output_tokens":4}},"tokens":{{"input_tokens":90,"output_tokens":7}},"cached_tokens":85}}}}}}"#
    )
}

/// A thought, then words whose sources come behind their end.
fn cited() -> Vec<u8> {
    stream(&[
        START,
        (
            "content-start",
            r#"{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking","thinking":""}}}}"#,
        ),
        (
            "content-delta",
            r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"Hm é\n"}}}}"#,
        ),
        ("content-end", r#"{"type":"content-end","index":0}"#),
        (
            "content-start",
            r#"{"type":"content-start","index":1,"delta":{"message":{"content":{"type":"text","text":""}}}}"#,
        ),
        (
            "content-delta",
            r#"{"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"It "}}},"logprobs":{"text":"It ","token_ids":[1],"logprobs":[-0.5]}}"#,
        ),
        (
            "content-delta",
            r#"{"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"rains 🙂"}}}}"#,
        ),
        ("content-end", r#"{"type":"content-end","index":1}"#),
        (
            "citation-start",
            r#"{"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":3,"end":8,"text":"rains","sources":[{"type":"document","id":"doc:0","document":{"id":"doc:0","text":"rain","title":"W"}}],"type":"TEXT_CONTENT"}}}}"#,
        ),
        ("citation-end", r#"{"type":"citation-end","index":0}"#),
        ("message-end", &end("COMPLETE")),
    ])
}

/// A plan and two calls, the second without arguments; no names of events.
fn called() -> Vec<u8> {
    let events = [
        START.1,
        r#"{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"I"}}}"#,
        r#"{"type":"tool-plan-delta","delta":{"message":{"tool_plan":" look."}}}"#,
        r#"{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"find_1","type":"function","function":{"name":"find","arguments":""}}}}}"#,
        r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{\"q\""}}}}}"#,
        r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":": 1}"}}}}}"#,
        r#"{"type":"tool-call-end","index":0}"#,
        r#"{"type":"tool-call-start","index":1,"delta":{"message":{"tool_calls":{"id":"now_1","type":"function","function":{"name":"now","arguments":""}}}}}"#,
        r#"{"type":"tool-call-end","index":1}"#,
        r#"{"type":"debug","prompt":"…"}"#,
        &end("TOOL_CALL"),
        "[DONE]",
    ];
    let mut out = Vec::new();
    for data in events {
        crate::sse::write(&mut out, None, data.as_bytes());
    }
    out
}

fn failed() -> Vec<u8> {
    stream(&[
        START,
        (
            "content-delta",
            r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"So"}}}}"#,
        ),
        (
            "message-end",
            r#"{"type":"message-end","delta":{"error":"the model gave up","finish_reason":"ERROR"}}"#,
        ),
    ])
}

#[test]
fn thoughts_words_and_sources_are_read() {
    insta::assert_snapshot!(pieces([&cited()[..]]).join("\n"), @r#"
    Begin { id: "0f3c", model: "", usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
    Open(Thinking)
    Delta(Text("Hm é\n"))
    Close
    Open(Text)
    Delta(Text("It "))
    Delta(Logprobs(RawValue([{"token":"It ","logprob":-0.5,"bytes":null,"top_logprobs":[]}])))
    Delta(Text("rains 🙂"))
    Delta(Citation(Citation { url: None, title: Some("W"), quoted: Some("rain"), place: Some((3, 8)) }))
    Close
    End { finish: Done, usage: Usage { input: Tokens(5), cache_read: Tokens(4), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(4), reasoning: Tokens(0) } }
    "#);
}

#[test]
fn plans_and_calls_are_read() {
    insta::assert_snapshot!(pieces([&called()[..]]).join("\n"), @r#"
    Begin { id: "0f3c", model: "", usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
    Open(Thinking)
    Delta(Text("I"))
    Delta(Text(" look."))
    Close
    Open(ToolCall { id: "find_1", name: "find", namespace: None, is_custom: false, seal: None })
    Delta(Text("{\"q\""))
    Delta(Text(": 1}"))
    Close
    Open(ToolCall { id: "now_1", name: "now", namespace: None, is_custom: false, seal: None })
    Close
    End { finish: ToolCalls, usage: Usage { input: Tokens(5), cache_read: Tokens(4), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(4), reasoning: Tokens(0) } }
    "#);
}

#[test]
fn a_stream_that_failed_ends_with_an_error() {
    insta::assert_snapshot!(pieces([&failed()[..]]).join("\n"), @r#"
    Begin { id: "0f3c", model: "", usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
    Open(Text)
    Delta(Text("So"))
    Error(ErrorReport { kind: Server, message: "the model gave up", field: None, code: None })
    "#);
    let read = pieces([&b"data: {\"id\":\"1\",\"message\":\"too many tokens\"}\n\n"[..]]);
    assert_eq!(
        read,
        [r#"Error(ErrorReport { kind: Server, message: "too many tokens", field: None, code: None })"#]
    );
}

#[test]
fn cut_at_every_position_a_stream_reads_the_same() {
    for stream in [cited(), called(), failed()] {
        let whole = pieces([&stream[..]]);
        for cut in 0..=stream.len() {
            let (head, tail) = stream.split_at(cut);
            assert_eq!(pieces([head, tail]), whole, "cut at {cut}");
        }
        assert_eq!(pieces(stream.chunks(1)), whole);
    }
}

#[test]
fn a_stream_that_is_cut_off_has_no_end() {
    for stream in [cited(), called()] {
        let text = String::from_utf8(stream.clone()).unwrap();
        let last = text.rfind("finish_reason").unwrap();
        // With its line end the last event is whole, with or without the empty line behind it.
        let whole = last + text[last..].find("}\n").unwrap() + 2;
        for end in 0..stream.len() {
            let has_end = pieces([&stream[..end]]).iter().any(|piece| piece.starts_with("End"));
            assert_eq!(has_end, end >= whole, "cut off at {end}");
        }
    }
}

#[test]
fn calls_that_interleave_are_told_as_wrong() {
    let start = |index: u8| {
        format!(
            r#"{{"type":"tool-call-start","index":{index},"delta":{{"message":{{"tool_calls":{{"id":"{index}","function":{{"name":"f"}}}}}}}}}}"#
        )
    };
    let delta = r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{}"}}}}}"#;
    let events =
        [("tool-call-start", &*start(0)), ("tool-call-start", &*start(1)), ("tool-call-delta", delta)];
    let read = pieces([&stream(&events)[..]]);
    assert_eq!(read.last().unwrap(), "wrong: arguments came for call 0, which is not open");
}

#[test]
fn events_of_another_shape_are_told_in_a_sentence() {
    for (name, data) in
        [("content-delta", "7"), ("tool-call-start", r#"{"delta":[1,2]}"#), ("message-end", "{")]
    {
        let read = pieces([&stream(&[(name, data)])[..]]);
        assert!(read[0].starts_with("wrong: an event is not what Cohere documents: "), "{read:?}");
    }
}

fn watched(stream: &[u8]) -> (crate::formats::Seen, bool) {
    let mut watch = Cohere.watch(true);
    assert!(!watch.edits());
    let mut splitter = Splitter::default();
    splitter.push(stream, |event| assert_eq!(watch.event(event), Edit::Pass)).unwrap();
    (watch.seen(), watch.is_complete_at_end())
}

#[test]
fn a_watch_sees_usage_and_ending_and_changes_nothing() {
    let (seen, is_complete) = watched(&called());
    assert_eq!(
        (seen.usage.input, seen.usage.cache_read, seen.usage.output),
        (Tokens(5), Tokens(4), Tokens(4))
    );
    assert!(seen.usage_is_final && is_complete);
    assert_eq!(seen.ending, Ending::Complete);
    // The texts as they are escaped: 1 + 6, 6 + 4.
    assert_eq!(seen.output_bytes, 17);
    let (seen, is_complete) = watched(&failed());
    assert_eq!((seen.ending, is_complete), (Ending::Failed, false));
    assert!(!watched(&cited()[..200]).1);
}

#[test]
// tidy: long because it holds its snapshot
fn every_kind_of_piece_is_written() {
    let seal = |by| Seal { by, data: "c2ln".into() };
    let written = [
        Piece::Begin { id: "".into(), model: "".into(), usage: Usage::default() },
        Piece::Open(Opening::Thinking),
        Piece::Delta(Delta::Text("Hm".into())),
        Piece::Delta(Delta::Seal(seal(Dialect::Anthropic))),
        Piece::Close,
        Piece::Open(Opening::Redacted(seal(Dialect::Converse))),
        Piece::Close,
        Piece::Open(Opening::Text),
        Piece::Delta(Delta::Text("Es ".into())),
        Piece::Delta(Delta::Text("regnet".into())),
        Piece::Delta(Delta::Logprobs(json(r#"[{"token":"reg","logprob":-1},{"token":"net","logprob":-2}]"#))),
        Piece::Delta(Delta::Citation(Citation {
            title: Some("W".into()),
            place: Some((3, 9)),
            ..Citation::default()
        })),
        Piece::Close,
        Piece::Open(Opening::ToolCall {
            id: "call_1".into(),
            name: "f".into(),
            namespace: None,
            is_custom: false,
            seal: None,
        }),
        Piece::Close,
        Piece::Open(Opening::Image { media_type: "image/png".into(), data: "aGk=".into() }),
        Piece::Close,
        Piece::End {
            finish: Finish::StopSequence(Some("END".into())),
            usage: Usage { input: Tokens(1), output: Tokens(2), ..Usage::default() },
        },
    ];
    let mut writer = Cohere.writer(Frame { request_id: "req_1".into(), ..Frame::default() });
    let mut out = Vec::new();
    for piece in &written {
        writer.piece(piece, &mut out);
    }
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
    event: message-start
    data: {"type":"message-start","id":"req_1","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}

    event: content-start
    data: {"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking","thinking":""}}}}

    event: content-delta
    data: {"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"Hm"}}}}

    event: content-end
    data: {"type":"content-end","index":0}

    event: content-start
    data: {"type":"content-start","index":1,"delta":{"message":{"content":{"type":"text","text":""}}}}

    event: content-delta
    data: {"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"Es "}}}}

    event: content-delta
    data: {"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"regnet"}}}}

    event: content-delta
    data: {"type":"content-delta","index":1,"delta":{"message":{"content":{"text":""}}},"logprobs":{"text":"regnet","token_ids":[],"logprobs":[-1.0,-2.0]}}

    event: citation-start
    data: {"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":3,"end":9,"text":"regnet","sources":[{"type":"document","id":"W","document":{"title":"W"}}],"content_index":1,"type":"TEXT_CONTENT"}}}}

    event: citation-end
    data: {"type":"citation-end","index":0}

    event: content-end
    data: {"type":"content-end","index":1}

    event: tool-call-start
    data: {"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"call_1","type":"function","function":{"name":"f","arguments":""}}}}}

    event: tool-call-delta
    data: {"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{}"}}}}}

    event: tool-call-end
    data: {"type":"tool-call-end","index":0}

    event: message-end
    data: {"type":"message-end","delta":{"finish_reason":"STOP_SEQUENCE","usage":{"billed_units":{"input_tokens":1,"output_tokens":2},"tokens":{"input_tokens":1,"output_tokens":2},"cached_tokens":0}}}
    "#);
}

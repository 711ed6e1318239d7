//! Streams: read, watched and written, cut at every position.

use paceway_domain::{Dialect, Tokens, Usage};

use super::support::{pieces, stream};
use crate::formats::converse::Converse;
use crate::formats::{Edit, Ending, Format, Frame};
use crate::neutral::{Citation, Delta, Finish, Opening, Piece, Seal};
use crate::sse::Splitter;

const START: (&str, &str) = ("messageStart", r#"{"p":"abcd","role":"assistant"}"#);
const USAGE: (&str, &str) = (
    "metadata",
    r#"{"metrics":{"latencyMs":1},"usage":{"inputTokens":5,"outputTokens":7,"totalTokens":112,"cacheReadInputTokens":100,"cacheWriteInputTokens":0}}"#,
);

/// A thought, words, two calls: with a start for calls only, as Claude's models stream.
fn full() -> Vec<u8> {
    stream(&[
        START,
        (
            "contentBlockDelta",
            r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Hm"}},"p":"abc"}"#,
        ),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":" é\n"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"c2ln"}}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        (
            "contentBlockDelta",
            r#"{"contentBlockIndex":1,"delta":{"reasoningContent":{"redactedContent":"b3Bh"}}}"#,
        ),
        ("contentBlockStop", r#"{"contentBlockIndex":1}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"text":""}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"text":"Look"}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"text":"ing 🙂"}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":2}"#),
        (
            "contentBlockStart",
            r#"{"contentBlockIndex":3,"start":{"toolUse":{"name":"f","toolUseId":"tooluse_1"}}}"#,
        ),
        ("contentBlockDelta", r#"{"contentBlockIndex":3,"delta":{"toolUse":{"input":""}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":3,"delta":{"toolUse":{"input":"{\"q\": "}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":3,"delta":{"toolUse":{"input":"1}"}}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":3}"#),
        (
            "contentBlockStart",
            r#"{"contentBlockIndex":4,"start":{"toolUse":{"name":"g","toolUseId":"tooluse_2"}}}"#,
        ),
        ("contentBlockStop", r#"{"contentBlockIndex":4}"#),
        ("messageStop", r#"{"stopReason":"tool_use"}"#),
        USAGE,
    ])
}

/// Words with their sources, ended by a stop sequence.
fn cited() -> Vec<u8> {
    stream(&[
        START,
        ("contentBlockStart", r#"{"contentBlockIndex":0,"start":{}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"It rains."}}"#),
        (
            "contentBlockDelta",
            r#"{"contentBlockIndex":0,"delta":{"citation":{"title":"W","sourceContent":[{"text":"rain"}],"location":{"documentPage":{"documentIndex":0,"start":1,"end":2}}}}}"#,
        ),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        (
            "messageStop",
            r#"{"stopReason":"stop_sequence","additionalModelResponseFields":{"stop_sequence":"END"}}"#,
        ),
        USAGE,
    ])
}

/// A search of the provider's own and a picture.
fn own_tools() -> Vec<u8> {
    stream(&[
        START,
        (
            "contentBlockStart",
            r#"{"contentBlockIndex":0,"start":{"toolUse":{"name":"nova_grounding","toolUseId":"s","type":"server_tool_use"}}}"#,
        ),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{}"}}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        (
            "contentBlockStart",
            r#"{"contentBlockIndex":1,"start":{"toolResult":{"toolUseId":"s","status":"success"}}}"#,
        ),
        ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"toolResult":[{"json":{}}]}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":1}"#),
        ("contentBlockStart", r#"{"contentBlockIndex":2,"start":{"image":{"format":"png"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"image":{"source":{"bytes":"aG"}}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"image":{"source":{"bytes":"k="}}}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":2}"#),
        ("unheardOf", r#"{"x":1}"#),
        ("messageStop", r#"{"stopReason":"end_turn"}"#),
        USAGE,
    ])
}

/// A stream that breaks off with an exception.
fn failed() -> Vec<u8> {
    stream(&[
        START,
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"So"}}"#),
        (
            "modelStreamErrorException",
            r#"{"message":"The model gave up","originalMessage":"x","originalStatusCode":500}"#,
        ),
        USAGE,
    ])
}

#[test]
fn thoughts_words_and_calls_are_read() {
    insta::assert_snapshot!(pieces([&full()[..]]).join("\n"), @r#"
    Begin { id: "", model: "", usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
    Open(Thinking)
    Delta(Text("Hm"))
    Delta(Text(" é\n"))
    Delta(Seal(Seal { by: Converse, data: "c2ln" }))
    Close
    Open(Redacted(Seal { by: Converse, data: "b3Bh" }))
    Close
    Open(Text)
    Delta(Text("Look"))
    Delta(Text("ing 🙂"))
    Close
    Open(ToolCall { id: "tooluse_1", name: "f", namespace: None, is_custom: false, seal: None })
    Delta(Text("{\"q\": "))
    Delta(Text("1}"))
    Close
    Open(ToolCall { id: "tooluse_2", name: "g", namespace: None, is_custom: false, seal: None })
    Close
    End { finish: ToolCalls, usage: Usage { input: Tokens(5), cache_read: Tokens(100), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(7), reasoning: Tokens(0) } }
    "#);
}

#[test]
fn sources_and_stop_sequences_are_read() {
    insta::assert_snapshot!(pieces([&cited()[..]]).join("\n"), @r#"
    Begin { id: "", model: "", usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
    Open(Text)
    Delta(Text("It rains."))
    Delta(Citation(Citation { url: None, title: Some("W"), quoted: Some("rain"), place: None }))
    Close
    End { finish: StopSequence(Some("END")), usage: Usage { input: Tokens(5), cache_read: Tokens(100), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(7), reasoning: Tokens(0) } }
    "#);
}

#[test]
fn the_providers_own_tools_are_passed_over() {
    insta::assert_snapshot!(pieces([&own_tools()[..]]).join("\n"), @r#"
    Begin { id: "", model: "", usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
    Open(Image { media_type: "image/png", data: "aGk=" })
    Close
    End { finish: Done, usage: Usage { input: Tokens(5), cache_read: Tokens(100), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(7), reasoning: Tokens(0) } }
    "#);
}

#[test]
fn an_exception_ends_a_stream_with_an_error() {
    insta::assert_snapshot!(pieces([&failed()[..]]).join("\n"), @r#"
    Begin { id: "", model: "", usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
    Open(Text)
    Delta(Text("So"))
    Error(ErrorReport { kind: Server, message: "The model gave up", field: None, code: None })
    "#);
}

#[test]
fn cut_at_every_position_a_stream_reads_the_same() {
    for stream in [full(), cited(), own_tools(), failed()] {
        let whole = pieces([&stream[..]]);
        for cut in 0..=stream.len() {
            let (head, tail) = stream.split_at(cut);
            assert_eq!(pieces([head, tail]), whole, "cut at {cut}");
        }
        assert_eq!(pieces(stream.chunks(1)), whole);
    }
}

#[test]
fn a_stream_that_is_cut_off_has_no_end_unless_the_model_had_stopped() {
    for stream in [full(), cited(), own_tools()] {
        let text = String::from_utf8(stream.clone()).unwrap();
        // With its line end the last event is whole, with or without the empty line behind it.
        let stop = text.find("messageStop").unwrap();
        let stopped = stop + text[stop..].find("}\n").unwrap() + 2;
        for end in 0..stream.len() {
            let read = pieces([&stream[..end]]);
            let has_end = read.iter().any(|piece| piece.starts_with("End"));
            assert_eq!(has_end, end >= stopped, "cut off at {end}: {read:?}");
        }
    }
}

#[test]
fn the_usage_may_come_before_the_reason() {
    let mut events =
        vec![START, ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"x"}}"#), USAGE];
    events.push(("messageStop", r#"{"stopReason":"max_tokens"}"#));
    let read = pieces([&stream(&events)[..]]);
    assert!(
        read.last().unwrap().starts_with("End { finish: Length, usage: Usage { input: Tokens(5)"),
        "{read:?}"
    );
}

#[test]
fn blocks_that_interleave_stay_well_formed_or_are_told_as_wrong() {
    let read = pieces([&stream(&[
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"a"}}"#),
        ("contentBlockStart", r#"{"contentBlockIndex":1,"start":{"toolUse":{"name":"f","toolUseId":"1"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"b"}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"toolUse":{"input":"{}"}}}"#),
    ])[..]]);
    assert_eq!(read.last().unwrap(), "wrong: arguments came for block 1, which is not an open call");
    assert_eq!(read.iter().filter(|piece| piece.starts_with("Open")).count(), 3);
    assert_eq!(read.iter().filter(|piece| *piece == "Close").count(), 2);
}

#[test]
fn events_of_another_shape_are_told_in_a_sentence() {
    for (name, data) in [
        ("contentBlockDelta", "7"),
        ("contentBlockStart", r#"{"start":{"toolUse":{}}}"#),
        ("messageStop", "{"),
    ] {
        let read = pieces([&stream(&[(name, data)])[..]]);
        assert!(read[0].starts_with("wrong: an event is not what Amazon Bedrock documents: "), "{read:?}");
    }
}

fn watched(stream: &[u8]) -> (crate::formats::Seen, bool) {
    let mut watch = Converse.watch(true);
    assert!(!watch.edits());
    let mut splitter = Splitter::default();
    splitter.push(stream, |event| assert_eq!(watch.event(event), Edit::Pass)).unwrap();
    (watch.seen(), watch.is_complete_at_end())
}

#[test]
fn a_watch_sees_usage_and_ending_and_changes_nothing() {
    let (seen, is_complete) = watched(&full());
    assert_eq!((seen.usage.input, seen.usage.cache_read), (Tokens(5), Tokens(100)));
    assert!(seen.usage_is_final && is_complete);
    assert_eq!((seen.finish.tools_called, seen.finish.is_cut), (2, false));
    assert_eq!(seen.ending, Ending::Complete);
    // The texts as they are escaped: 2 + 5, 4 + 8, 8 + 2.
    assert_eq!(seen.output_bytes, 29);
    let (seen, is_complete) = watched(&failed());
    assert_eq!((seen.ending, is_complete), (Ending::Failed, false));
}

#[test]
fn a_watch_takes_a_stop_without_usage_for_whole_and_less_for_cut_off() {
    let events = [
        START,
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"x"}}"#),
        ("messageStop", r#"{"stopReason":"end_turn"}"#),
    ];
    assert!(watched(&stream(&events)).1);
    assert!(!watched(&stream(&events[..2])).1);
    let (seen, is_complete) = watched(&stream(&[START, ("throttlingException", r#"{"message":"x"}"#)]));
    assert_eq!((seen.ending, is_complete), (Ending::Failed, false));
}

#[test]
// tidy: long because it holds its snapshot
fn every_kind_of_piece_is_written() {
    let seal = |by| Seal { by, data: "c2ln".into() };
    let nameless = || "".into();
    let written = [
        Piece::Begin { id: nameless(), model: nameless(), usage: Usage::default() },
        Piece::Open(Opening::Thinking),
        Piece::Delta(Delta::Text("Hm".into())),
        Piece::Delta(Delta::Seal(seal(Dialect::Anthropic))),
        Piece::Close,
        Piece::Open(Opening::Redacted(seal(Dialect::Converse))),
        Piece::Close,
        Piece::Open(Opening::Text),
        Piece::Close,
        Piece::Open(Opening::Text),
        Piece::Delta(Delta::Text("It\nrains".into())),
        Piece::Delta(Delta::Citation(Citation {
            url: Some("https://a.example".into()),
            ..Citation::default()
        })),
        Piece::Close,
        Piece::Open(Opening::Refusal),
        Piece::Delta(Delta::Text("No.".into())),
        Piece::Close,
        Piece::Open(Opening::ToolCall {
            id: "call_1".into(),
            name: "f".into(),
            namespace: None,
            is_custom: false,
            seal: Some(seal(Dialect::Gemini)),
        }),
        Piece::Close,
        Piece::Open(Opening::Image { media_type: "image/png".into(), data: "aGk=".into() }),
        Piece::Close,
        Piece::End {
            finish: Finish::StopSequence(Some("END".into())),
            usage: Usage { input: Tokens(1), output: Tokens(2), ..Usage::default() },
        },
    ];
    let mut writer = Converse.writer(Frame::default());
    let mut out = Vec::new();
    for piece in &written {
        writer.piece(piece, &mut out);
    }
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
    event: messageStart
    data: {"role":"assistant"}

    event: contentBlockDelta
    data: {"delta":{"reasoningContent":{"text":"Hm"}},"contentBlockIndex":0}

    event: contentBlockDelta
    data: {"delta":{"reasoningContent":{"signature":"paceway.anthropic.c2ln"}},"contentBlockIndex":0}

    event: contentBlockStop
    data: {"contentBlockIndex":0}

    event: contentBlockDelta
    data: {"delta":{"reasoningContent":{"redactedContent":"c2ln"}},"contentBlockIndex":1}

    event: contentBlockStop
    data: {"contentBlockIndex":1}

    event: contentBlockDelta
    data: {"delta":{"text":"It\nrains"},"contentBlockIndex":2}

    event: contentBlockDelta
    data: {"delta":{"citation":{"location":{"web":{"url":"https://a.example"}}}},"contentBlockIndex":2}

    event: contentBlockStop
    data: {"contentBlockIndex":2}

    event: contentBlockDelta
    data: {"delta":{"text":"No."},"contentBlockIndex":3}

    event: contentBlockStop
    data: {"contentBlockIndex":3}

    event: contentBlockStart
    data: {"start":{"toolUse":{"toolUseId":"call_1__pw_Z2VtaW5pLmMybG4","name":"f"}},"contentBlockIndex":4}

    event: contentBlockDelta
    data: {"delta":{"toolUse":{"input":"{}"}},"contentBlockIndex":4}

    event: contentBlockStop
    data: {"contentBlockIndex":4}

    event: contentBlockStart
    data: {"start":{"image":{"format":"png"}},"contentBlockIndex":5}

    event: contentBlockDelta
    data: {"delta":{"image":{"source":{"bytes":"aGk="}}},"contentBlockIndex":5}

    event: contentBlockStop
    data: {"contentBlockIndex":5}

    event: messageStop
    data: {"stopReason":"stop_sequence","additionalModelResponseFields":{"stop_sequence":"END"}}

    event: metadata
    data: {"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3,"cacheReadInputTokens":0,"cacheWriteInputTokens":0},"metrics":{"latencyMs":0}}
    "#);
}

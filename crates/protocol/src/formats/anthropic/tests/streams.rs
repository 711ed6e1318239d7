//! Streams, read, written and watched. Shapes are those of the official SDKs' types and tests.

use insta::assert_snapshot;
use paceway_domain::{Dialect, Tokens, Usage};
use proptest::prelude::*;

use super::{pieces, stream};
use crate::formats::{Ending, Frame, format_of};
use crate::neutral::{Citation, Delta, ErrorKind, ErrorReport, Finish, Opening, Piece, Seal};
use crate::sse::Splitter;

const START: &str = r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":5,"cache_read_input_tokens":2,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":5},"output_tokens":1}}}"#;
const PING: &str = r#"{"type":"ping"}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

fn block(index: u64, block: &str) -> String {
    format!(r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#)
}

fn delta(index: u64, delta: &str) -> String {
    format!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}}}"#)
}

fn stopped(index: u64) -> String {
    format!(r#"{{"type":"content_block_stop","index":{index}}}"#)
}

fn ending(reason: &str) -> String {
    format!(
        r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}","stop_sequence":null,"container":null}},"usage":{{"output_tokens":42,"output_tokens_details":{{"thinking_tokens":12}}}}}}"#
    )
}

fn of(events: &[String]) -> String {
    stream(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A thought with its signature, words with é, and two calls, one without arguments.
fn rich() -> String {
    of(&[
        START.into(),
        PING.into(),
        block(0, r#"{"type":"thinking","thinking":"","signature":""}"#),
        delta(0, r#"{"type":"thinking_delta","thinking":"Let me "}"#),
        delta(0, r#"{"type":"thinking_delta","thinking":"see.\n"}"#),
        delta(0, r#"{"type":"signature_delta","signature":"EqQBCgIYAhIM+/="}"#),
        stopped(0),
        block(1, r#"{"type":"redacted_thinking","data":"EmwKAhgB"}"#),
        stopped(1),
        block(2, r#"{"type":"text","text":""}"#),
        delta(2, r#"{"type":"text_delta","text":"Voil\u00e0 é"}"#),
        delta(2, r#"{"type":"text_delta","text":""}"#),
        delta(
            2,
            r#"{"type":"citations_delta","citation":{"type":"web_search_result_location","cited_text":"c","url":"https://e.x","title":"E","encrypted_index":"x"}}"#,
        ),
        stopped(2),
        block(
            3,
            r#"{"type":"tool_use","id":"toolu_1","name":"weather","input":{},"caller":{"type":"direct"}}"#,
        ),
        delta(3, r#"{"type":"input_json_delta","partial_json":""}"#),
        delta(3, r#"{"type":"input_json_delta","partial_json":"{\"city\": \"Z"}"#),
        delta(3, r#"{"type":"input_json_delta","partial_json":"ürich\"}"}"#),
        stopped(3),
        block(4, r#"{"type":"tool_use","id":"toolu_2","name":"now","input":{}}"#),
        stopped(4),
        ending("tool_use"),
        STOP.into(),
    ])
}

fn searched() -> String {
    of(&[
        START.into(),
        block(0, r#"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}"#),
        delta(0, r#"{"type":"input_json_delta","partial_json":"{\"query\":1}"}"#),
        stopped(0),
        block(1, r#"{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]}"#),
        stopped(1),
        block(2, r#"{"type":"invented","text":{"a":1}}"#),
        delta(2, r#"{"type":"invented_delta","text":{"a":1},"partial_json":7}"#),
        stopped(2),
        r#"{"type":"invented_event","index":"x"}"#.into(),
        block(3, r#"{"type":"text","text":"So."}"#),
        stopped(3),
        ending("pause_turn"),
        STOP.into(),
    ])
}

fn read(text: &str) -> String {
    pieces([text.as_bytes()]).join("\n")
}

#[test]
fn a_stream_of_every_kind_is_read_into_well_formed_pieces() {
    assert_snapshot!(read(&rich()), @r#"
    Begin { id: "msg_1", model: "m", usage: Usage { input: Tokens(10), cache_read: Tokens(2), cache_write_5m: Tokens(0), cache_write_1h: Tokens(5), output: Tokens(1), reasoning: Tokens(0) } }
    Open(Thinking)
    Delta(Text("Let me "))
    Delta(Text("see.\n"))
    Delta(Seal(Seal { by: Anthropic, data: "EqQBCgIYAhIM+/=" }))
    Close
    Open(Redacted(Seal { by: Anthropic, data: "EmwKAhgB" }))
    Close
    Open(Text)
    Delta(Text("Voilà é"))
    Delta(Citation(Citation { url: Some("https://e.x"), title: Some("E"), quoted: Some("c"), place: None }))
    Close
    Open(ToolCall { id: "toolu_1", name: "weather", namespace: None, is_custom: false, seal: None })
    Delta(Text("{\"city\": \"Z"))
    Delta(Text("ürich\"}"))
    Close
    Open(ToolCall { id: "toolu_2", name: "now", namespace: None, is_custom: false, seal: None })
    Close
    End { finish: ToolCalls, usage: Usage { input: Tokens(10), cache_read: Tokens(2), cache_write_5m: Tokens(0), cache_write_1h: Tokens(5), output: Tokens(42), reasoning: Tokens(12) } }
    "#);
}

#[test]
fn blocks_of_own_tools_and_unknown_ones_are_passed_over() {
    assert_snapshot!(read(&searched()), @r#"
    Begin { id: "msg_1", model: "m", usage: Usage { input: Tokens(10), cache_read: Tokens(2), cache_write_5m: Tokens(0), cache_write_1h: Tokens(5), output: Tokens(1), reasoning: Tokens(0) } }
    Open(Text)
    Delta(Text("So."))
    Close
    End { finish: Paused, usage: Usage { input: Tokens(10), cache_read: Tokens(2), cache_write_5m: Tokens(0), cache_write_1h: Tokens(5), output: Tokens(42), reasoning: Tokens(12) } }
    "#);
}

#[test]
fn an_error_in_mid_stream_ends_the_pieces() {
    let text = of(&[
        START.into(),
        block(0, r#"{"type":"text","text":""}"#),
        delta(0, r#"{"type":"text_delta","text":"Hal"}"#),
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#.into(),
        delta(0, r#"{"type":"text_delta","text":"ignored"}"#),
        STOP.into(),
    ]);
    assert_snapshot!(read(&text), @r#"
    Begin { id: "msg_1", model: "m", usage: Usage { input: Tokens(10), cache_read: Tokens(2), cache_write_5m: Tokens(0), cache_write_1h: Tokens(5), output: Tokens(1), reasoning: Tokens(0) } }
    Open(Text)
    Delta(Text("Hal"))
    Error(ErrorReport { kind: Overloaded, message: "Overloaded", field: None, code: None })
    "#);
}

#[test]
fn a_stop_sequence_is_told_with_the_last_event_and_not_without_it() {
    let text = of(&[
        START.into(),
        block(0, r#"{"type":"text","text":"x"}"#),
        stopped(0),
        r#"{"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"END"},"usage":{"output_tokens":3}}"#.into(),
        STOP.into(),
    ]);
    assert_snapshot!(read(&text), @r#"
    Begin { id: "msg_1", model: "m", usage: Usage { input: Tokens(10), cache_read: Tokens(2), cache_write_5m: Tokens(0), cache_write_1h: Tokens(5), output: Tokens(1), reasoning: Tokens(0) } }
    Open(Text)
    Delta(Text("x"))
    Close
    End { finish: StopSequence(Some("END")), usage: Usage { input: Tokens(10), cache_read: Tokens(2), cache_write_5m: Tokens(0), cache_write_1h: Tokens(5), output: Tokens(3), reasoning: Tokens(0) } }
    "#);
    let cut = text.strip_suffix(&of(&[STOP.into()])).unwrap();
    assert!(!read(cut).contains("End {"), "what is cut may not look whole");
}

#[test]
fn a_stream_that_is_cut_has_no_end() {
    let whole = rich();
    let cut = whole.find("event: message_delta").unwrap();
    assert!(!read(&whole[..cut]).contains("End {"), "{}", read(&whole[..cut]));
}

#[test]
fn what_servers_that_imitate_the_format_do_comes_out_well_formed() {
    // A second start, words without a block, a thought in a text, a block that is never closed.
    let text = of(&[
        START.into(),
        START.into(),
        delta(0, r#"{"type":"text_delta","text":"a"}"#),
        delta(0, r#"{"type":"thinking_delta","thinking":"b"}"#),
        delta(0, r#"{"type":"text_delta","text":"c"}"#),
        block(1, r#"{"type":"tool_use","id":"t","name":"f","input":{"given":true}}"#),
        block(2, r#"{"type":"tool_use","id":"u","name":"g","input":""}"#),
        delta(2, r#"{"type":"input_json_delta","partial_json":"{}"}"#),
        STOP.into(),
    ]);
    assert_snapshot!(read(&text), @r#"
    Begin { id: "msg_1", model: "m", usage: Usage { input: Tokens(10), cache_read: Tokens(2), cache_write_5m: Tokens(0), cache_write_1h: Tokens(5), output: Tokens(1), reasoning: Tokens(0) } }
    Open(Text)
    Delta(Text("a"))
    Close
    Open(Thinking)
    Delta(Text("b"))
    Close
    Open(Text)
    Delta(Text("c"))
    Close
    Open(ToolCall { id: "t", name: "f", namespace: None, is_custom: false, seal: None })
    Delta(Text("{\"given\":true}"))
    Close
    Open(ToolCall { id: "u", name: "g", namespace: None, is_custom: false, seal: None })
    Delta(Text("{}"))
    Close
    End { finish: Done, usage: Usage { input: Tokens(10), cache_read: Tokens(2), cache_write_5m: Tokens(0), cache_write_1h: Tokens(5), output: Tokens(1), reasoning: Tokens(0) } }
    "#);
}

#[test]
fn an_answer_that_is_whole_at_its_start_is_read() {
    let text = of(&[
        r#"{"type":"message_start","message":{"id":"msg_1","model":"m","content":[{"type":"code_execution_tool_result","tool_use_id":"s","content":{}},{"type":"tool_use","id":"t","name":"f","input":{"id":1}}],"stop_reason":"tool_use","usage":{"input_tokens":0,"output_tokens":0}}}"#.into(),
        STOP.into(),
    ]);
    assert_snapshot!(read(&text), @r#"
    Begin { id: "msg_1", model: "m", usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
    Open(ToolCall { id: "t", name: "f", namespace: None, is_custom: false, seal: None })
    Delta(Text("{\"id\":1}"))
    Close
    End { finish: ToolCalls, usage: Usage { input: Tokens(0), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(0), reasoning: Tokens(0) } }
    "#);
}

#[test]
fn an_event_that_is_broken_is_told() {
    let text = of(&[START.into(), delta(0, r#"{"type":"text_delta","text":7}"#)]);
    assert_snapshot!(read(&text), @r#"
    Begin { id: "msg_1", model: "m", usage: Usage { input: Tokens(10), cache_read: Tokens(2), cache_write_5m: Tokens(0), cache_write_1h: Tokens(5), output: Tokens(1), reasoning: Tokens(0) } }
    an event is not what the format allows: invalid type: integer `7`, expected a string at line 1 column 77
    "#);
    let text = of(&[START.into(), delta(5, r#"{"type":"input_json_delta","partial_json":"{"}"#)]);
    assert_snapshot!(read(&text), @r#"
    Begin { id: "msg_1", model: "m", usage: Usage { input: Tokens(10), cache_read: Tokens(2), cache_write_5m: Tokens(0), cache_write_1h: Tokens(5), output: Tokens(1), reasoning: Tokens(0) } }
    arguments came for block 5, which is no open call of a tool
    "#);
}

#[test]
fn events_without_names_are_known_by_their_type() {
    let nameless = rich().replace("event: ", ": ");
    assert_eq!(read(&nameless), read(&rich()));
}

#[test]
fn cut_at_every_position_a_stream_reads_the_same() {
    for text in [rich(), searched()] {
        let bytes = text.as_bytes();
        let whole = pieces([bytes]);
        for cut in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            assert_eq!(pieces([head, tail]), whole, "cut at {cut}");
        }
        assert_eq!(pieces(bytes.chunks(1)), whole);
    }
}

#[test]
fn truncated_at_every_position_a_stream_gives_a_beginning_of_its_pieces() {
    for text in [rich(), searched()] {
        let whole = pieces([text.as_bytes()]);
        for end in 0..text.len() {
            let seen = pieces([&text.as_bytes()[..end]]);
            assert!(whole.starts_with(&seen), "truncated at {end}: {seen:?}");
        }
    }
}

proptest! {
    #[test]
    fn in_any_chunks_a_stream_reads_the_same(cuts in proptest::collection::vec(1usize..300, 1..40)) {
        let text = rich();
        let mut chunks = Vec::new();
        let mut rest = text.as_bytes();
        for cut in cuts {
            let (head, tail) = rest.split_at(cut.min(rest.len()));
            chunks.push(head);
            rest = tail;
        }
        chunks.push(rest);
        prop_assert_eq!(pieces(chunks), pieces([text.as_bytes()]));
    }
}

fn watched(text: &str) -> crate::formats::Seen {
    let mut watch = format_of(Dialect::Anthropic).watch(true);
    assert!(!watch.edits());
    let mut splitter = Splitter::default();
    splitter
        .push(text.as_bytes(), |event| {
            assert_eq!(watch.event(event), crate::formats::Edit::Pass);
        })
        .unwrap();
    watch.seen()
}

#[test]
fn a_passing_stream_is_watched_for_usage_ending_and_length() {
    let seen = watched(&rich());
    let usage = Usage {
        input: Tokens(10),
        cache_read: Tokens(2),
        cache_write_5m: Tokens(0),
        cache_write_1h: Tokens(5),
        output: Tokens(42),
        reasoning: Tokens(12),
        ..Usage::default()
    };
    assert_eq!((seen.usage, seen.usage_is_final, seen.ending), (usage, true, Ending::Complete));
    assert_eq!(
        seen.output_bytes,
        "Let me see.\\n".len() + "Voil\\u00e0 é".len() + r#"{\"city\": \"Zürich\"}"#.len()
    );

    let cut = watched(&rich()[..rich().find("event: message_delta").unwrap()]);
    assert_eq!((cut.usage.output, cut.usage_is_final, cut.ending), (Tokens(1), false, Ending::Open));
    let failed =
        watched(&of(&[START.into(), r#"{"type":"error","error":{"type":"x","message":"y"}}"#.into()]));
    assert_eq!(failed.ending, Ending::Failed);
    assert_eq!(watched(&searched()).ending, Ending::Complete);
}

fn written(pieces: &[Piece<'_>]) -> String {
    let frame = Frame { request_id: "req1".into(), model: "asked".into(), ..Frame::default() };
    let mut writer = format_of(Dialect::Anthropic).writer(frame);
    let mut out = Vec::new();
    for piece in pieces {
        writer.piece(piece, &mut out);
    }
    String::from_utf8(out).unwrap()
}

fn begin() -> Piece<'static> {
    let usage = Usage { input: Tokens(10), ..Usage::default() };
    Piece::Begin { id: "".into(), model: "".into(), usage }
}

fn call(id: &'static str) -> Opening<'static> {
    Opening::ToolCall { id: id.into(), name: "f".into(), namespace: None, is_custom: false, seal: None }
}

fn said(text: &'static str) -> Piece<'static> {
    Piece::Delta(Delta::Text(text.into()))
}

fn of_every_kind() -> Vec<Piece<'static>> {
    let seal = || Seal { by: Dialect::Responses, data: "gAAA".into() };
    let citation = Citation { url: Some("https://e.x".into()), ..Citation::default() };
    let usage = Usage { input: Tokens(10), output: Tokens(20), reasoning: Tokens(5), ..Usage::default() };
    vec![
        begin(),
        Piece::Open(Opening::Thinking),
        said("Hm."),
        Piece::Delta(Delta::Seal(seal())),
        Piece::Close,
        Piece::Open(Opening::Redacted(seal())),
        Piece::Close,
        Piece::Open(Opening::Text),
        said("a\nb"),
        Piece::Delta(Delta::Citation(citation)),
        Piece::Delta(Delta::Citation(Citation::default())),
        Piece::Close,
        Piece::Open(Opening::Refusal),
        said("No."),
        Piece::Close,
        Piece::Open(Opening::Image { media_type: "image/png".into(), data: "AA==".into() }),
        Piece::Close,
        Piece::Open(call("call.1")),
        said(r#"{"a":"#),
        said("1}"),
        Piece::Close,
        Piece::Open(call("call_2")),
        Piece::Close,
        Piece::End { finish: Finish::Done, usage },
    ]
}

#[test]
fn pieces_of_every_kind_are_written_as_events() {
    let text = written(&of_every_kind());
    let data: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_snapshot!(data.join("\n"), @r#"
    {"type":"message_start","message":{"id":"msg_req1","type":"message","role":"assistant","model":"asked","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":0}}}
    {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}
    {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}
    {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"paceway.openai_responses.gAAA"}}
    {"type":"content_block_stop","index":0}
    {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"paceway.openai_responses.gAAA"}}
    {"type":"content_block_stop","index":1}
    {"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}
    {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"a\nb"}}
    {"type":"content_block_delta","index":2,"delta":{"type":"citations_delta","citation":{"type":"web_search_result_location","cited_text":"","url":"https://e.x","title":null,"encrypted_index":""}}}
    {"type":"content_block_stop","index":2}
    {"type":"content_block_start","index":3,"content_block":{"type":"text","text":""}}
    {"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"No."}}
    {"type":"content_block_stop","index":3}
    {"type":"content_block_start","index":4,"content_block":{"type":"text","text":""}}
    {"type":"content_block_delta","index":4,"delta":{"type":"text_delta","text":"[The model made a picture (image/png), which this API cannot carry.]"}}
    {"type":"content_block_stop","index":4}
    {"type":"content_block_start","index":5,"content_block":{"type":"tool_use","id":"call_1","name":"f","input":{}}}
    {"type":"content_block_delta","index":5,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}
    {"type":"content_block_delta","index":5,"delta":{"type":"input_json_delta","partial_json":"1}"}}
    {"type":"content_block_stop","index":5}
    {"type":"content_block_start","index":6,"content_block":{"type":"tool_use","id":"call_2","name":"f","input":{}}}
    {"type":"content_block_delta","index":6,"delta":{"type":"input_json_delta","partial_json":"{}"}}
    {"type":"content_block_stop","index":6}
    {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":20,"output_tokens_details":{"thinking_tokens":5}}}
    {"type":"message_stop"}
    "#);
}

/// The kinds of blocks that are begun, and what is said in them.
fn blocks(pieces: &[Piece<'_>]) -> String {
    let text = written(pieces);
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let told = data.filter_map(|data| {
        let event: serde_json::Value = serde_json::from_str(data).unwrap();
        let delta = &event["delta"];
        let said = [&event["content_block"]["type"], &delta["text"], &delta["thinking"], &delta["signature"]];
        said.into_iter().find_map(|said| said.as_str().map(str::to_owned))
    });
    told.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_thought_without_words_does_not_end_an_answer() {
    let seal = || Piece::Delta(Delta::Seal(Seal { by: Dialect::Gemini, data: "s".into() }));
    let end = || Piece::End { finish: Finish::Done, usage: Usage::default() };
    let words =
        [begin(), Piece::Open(Opening::Text), said("Hi."), Piece::Close, Piece::Open(Opening::Thinking)];
    let sealed = [seal(), Piece::Close];
    assert_snapshot!(blocks(&[&words[..], &sealed, &[end()]].concat()), @"text Hi.");
    let more = [Piece::Open(call("call_1")), Piece::Close, end()];
    assert_snapshot!(blocks(&[&words[..], &sealed, &more].concat()), @"text Hi. thinking paceway.gemini.s tool_use");
    let spoken = [said("Hm."), seal(), Piece::Close, end()];
    assert_snapshot!(blocks(&[&words[..], &spoken].concat()), @"text Hi. thinking Hm. paceway.gemini.s");
}

#[test]
fn an_error_is_written_in_the_place_of_the_rest() {
    let pieces = [
        begin(),
        Piece::Open(Opening::Text),
        said("a"),
        Piece::Error(ErrorReport::new(ErrorKind::RateLimit, "slow")),
    ];
    assert_snapshot!(written(&pieces).lines().skip(6).collect::<Vec<_>>().join("\n"), @r#"
    event: content_block_delta
    data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}

    event: error
    data: {"type":"error","error":{"type":"rate_limit_error","message":"slow"}}
    "#);
}

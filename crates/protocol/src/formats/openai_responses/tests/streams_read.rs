//! Streams of providers, read and watched: whole, cut at every byte, and of shapes that only some servers write.

use proptest::prelude::*;

use super::*;
use crate::formats::{Edit, Ending, StreamWatch as _};

const CREATED: &str = r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","model":"gpt-6-sol","output":[],"usage":null}}"#;
const COMPLETED: &str = r#"{"type":"response.completed","sequence_number":99,"response":{"id":"resp_1","object":"response","status":"completed","model":"gpt-6-sol","output":[],"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":60},"output_tokens":40,"output_tokens_details":{"reasoning_tokens":30},"total_tokens":140}}}"#;

/// A thought, a search, words with a source, two calls and a refusal.
fn every_item() -> Vec<u8> {
    sse(&[
        CREATED,
        r#"{"type":"response.in_progress","sequence_number":1,"response":{"id":"resp_1","model":"gpt-6-sol","output":[]}}"#,
        r#"{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}}"#,
        r#"{"type":"response.reasoning_summary_part.added","sequence_number":3,"item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}"#,
        r#"{"type":"response.reasoning_summary_text.delta","sequence_number":4,"item_id":"rs_1","output_index":0,"summary_index":0,"delta":"**Só**","obfuscation":"x8"}"#,
        r#"{"type":"response.reasoning_summary_text.done","sequence_number":5,"item_id":"rs_1","output_index":0,"summary_index":0,"text":"**Só**"}"#,
        r#"{"type":"response.reasoning_summary_part.done","sequence_number":6,"item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":"**Só**"}}"#,
        r#"{"type":"response.reasoning_summary_text.delta","sequence_number":7,"item_id":"rs_1","output_index":0,"summary_index":1,"delta":"then"}"#,
        r#"{"type":"response.output_item.done","sequence_number":8,"output_index":0,"item":{"id":"rs_1","type":"reasoning","encrypted_content":"gAAA","summary":[{"type":"summary_text","text":"**Só**"},{"type":"summary_text","text":"then"}]}}"#,
        r#"{"type":"response.output_item.added","sequence_number":9,"output_index":1,"item":{"id":"ws_1","type":"web_search_call","status":"in_progress"}}"#,
        r#"{"type":"response.web_search_call.searching","sequence_number":10,"output_index":1,"item_id":"ws_1"}"#,
        r#"{"type":"response.output_item.done","sequence_number":11,"output_index":1,"item":{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"q"}}}"#,
        r#"{"type":"response.output_item.added","sequence_number":12,"output_index":2,"item":{"id":"msg_1","type":"message","status":"in_progress","content":[],"role":"assistant"}}"#,
        r#"{"type":"response.content_part.added","sequence_number":13,"item_id":"msg_1","output_index":2,"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""}}"#,
        r#"{"type":"response.output_text.delta","sequence_number":14,"item_id":"msg_1","output_index":2,"content_index":0,"delta":"Os","logprobs":[{"token":"Os","logprob":-0.5,"bytes":[79,115],"top_logprobs":[]}]}"#,
        r#"{"type":"response.output_text.delta","sequence_number":15,"item_id":"msg_1","output_index":2,"content_index":0,"delta":"lo\n","logprobs":[]}"#,
        r#"{"type":"response.output_text.annotation.added","sequence_number":16,"item_id":"msg_1","output_index":2,"content_index":0,"annotation_index":0,"annotation":{"type":"url_citation","start_index":0,"end_index":4,"title":"A","url":"https://a.org"}}"#,
        r#"{"type":"response.output_text.done","sequence_number":17,"item_id":"msg_1","output_index":2,"content_index":0,"text":"Oslo\n","logprobs":[]}"#,
        r#"{"type":"response.content_part.done","sequence_number":18,"item_id":"msg_1","output_index":2,"content_index":0,"part":{"type":"output_text","annotations":[{"type":"url_citation","start_index":0,"end_index":4,"title":"A","url":"https://a.org"}],"text":"Oslo\n"}}"#,
        r#"{"type":"response.refusal.delta","sequence_number":19,"item_id":"msg_1","output_index":2,"content_index":1,"delta":"No."}"#,
        r#"{"type":"response.output_item.done","sequence_number":20,"output_index":2,"item":{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[{"type":"url_citation","start_index":0,"end_index":4,"title":"A","url":"https://a.org"}],"text":"Oslo\n"},{"type":"refusal","refusal":"No."}]}}"#,
        r#"{"type":"response.output_item.added","sequence_number":21,"output_index":3,"item":{"id":"fc_1","type":"function_call","status":"in_progress","arguments":"","call_id":"call_1","name":"f","namespace":"n"}}"#,
        r#"{"type":"response.function_call_arguments.delta","sequence_number":22,"item_id":"fc_1","output_index":3,"delta":"{\"a\":"}"#,
        r#"{"type":"response.function_call_arguments.delta","sequence_number":23,"item_id":"fc_1","output_index":3,"delta":"1}"}"#,
        r#"{"type":"response.function_call_arguments.done","sequence_number":24,"item_id":"fc_1","output_index":3,"arguments":"{\"a\":1}"}"#,
        r#"{"type":"response.output_item.done","sequence_number":25,"output_index":3,"item":{"id":"fc_1","type":"function_call","status":"completed","arguments":"{\"a\":1}","call_id":"call_1","name":"f","namespace":"n"}}"#,
        r#"{"type":"response.output_item.added","sequence_number":26,"output_index":4,"item":{"id":"ctc_1","type":"custom_tool_call","status":"in_progress","input":"","call_id":"call_2","name":"sh"}}"#,
        r#"{"type":"response.custom_tool_call_input.delta","sequence_number":27,"item_id":"ctc_1","output_index":4,"delta":"ls"}"#,
        r#"{"type":"response.output_item.done","sequence_number":28,"output_index":4,"item":{"id":"ctc_1","type":"custom_tool_call","status":"completed","input":"ls","call_id":"call_2","name":"sh"}}"#,
        r#"{"type":"response.hologram.delta","sequence_number":29,"delta":{"never":"heard of"}}"#,
        COMPLETED,
    ])
}

#[test]
fn every_kind_of_item_is_told_in_order() {
    insta::assert_snapshot!(pieces([every_item().as_slice()]).join("\n"), @r#"
    begin resp_1 gpt-6-sol
    open Thinking
    text **Só**

    then
    seal openai_responses rs_1|gAAA
    close
    open Text
    text Os
    logprobs [{"token":"Os","logprob":-0.5,"bytes":[79,115],"top_logprobs":[]}]
    text lo

    Citation { url: Some("https://a.org"), title: Some("A"), quoted: None, place: Some((0, 4)) }
    close
    open Refusal
    text No.
    close
    open ToolCall { id: "call_1", name: "f", namespace: Some("n"), is_custom: false, seal: None }
    text {"a":1}
    close
    open ToolCall { id: "call_2", name: "sh", namespace: None, is_custom: true, seal: None }
    text ls
    close
    end ToolCalls in 40 read 60 written 0 out 40 thought 30
    "#);
}

#[test]
fn cut_at_every_byte_the_stream_reads_the_same() {
    let stream = every_item();
    let whole = pieces([stream.as_slice()]);
    for cut in 0..=stream.len() {
        let (head, tail) = stream.split_at(cut);
        assert_eq!(pieces([head, tail]), whole, "cut at {cut}");
    }
    assert_eq!(pieces(stream.chunks(1)), whole);
}

#[test]
fn a_stream_that_breaks_off_has_no_end() {
    let stream = every_item();
    let last = stream.windows(2).rposition(|two| two == b"\n\n").unwrap();
    for end in (0..last).step_by(7) {
        let seen = pieces([&stream[..end]]);
        assert!(
            !seen.iter().any(|piece| piece.starts_with("end") || piece.starts_with("broken")),
            "{seen:?}"
        );
    }
}

/// Like [`pieces`], of these events between the first and the last.
fn between(events: &[&str]) -> String {
    let all: Vec<_> = [CREATED].iter().chain(events).chain(&[COMPLETED]).copied().collect();
    pieces([sse(&all).as_slice()]).join("\n")
}

#[test]
fn a_stream_of_nothing_but_whole_items_is_told() {
    let told = between(&[
        r#"{"type":"response.output_item.done","item":{"type":"reasoning","summary":[],"encrypted_content":"gAAA"}}"#,
        r#"{"type":"response.output_item.done","item":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi"},{"type":"output_text","text":"!"}]}}"#,
        r#"{"type":"response.output_item.done","item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}}"#,
        r#"{"type":"response.output_item.done","item":{"type":"image_generation_call","result":"AAAA"}}"#,
    ]);
    insta::assert_snapshot!(told, @r#"
    begin resp_1 gpt-6-sol
    open Redacted(Seal { by: Responses, data: "|gAAA" })
    close
    open Text
    text Hi
    close
    open Text
    text !
    close
    open ToolCall { id: "c", name: "f", namespace: None, is_custom: false, seal: None }
    text {}
    close
    open Image { media_type: "image/png", data: "AAAA" }
    close
    end ToolCalls in 40 read 60 written 0 out 40 thought 30
    "#);
}

#[test]
fn a_stream_whose_only_event_is_the_last_is_told_from_its_response() {
    let last = r#"{"type":"response.incomplete","response":{"id":"resp_2","model":"m","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"message","content":[{"type":"output_text","text":"Hi"}]}]}}"#;
    insta::assert_snapshot!(pieces([sse(&[last]).as_slice()]).join("\n"), @r#"
    begin resp_2 m
    open Text
    text Hi
    close
    end Length in 0 read 0 written 0 out 0 thought 0
    "#);
}

#[test]
fn items_that_interleave_come_out_one_after_the_other() {
    let told = between(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"a","call_id":"c0","name":"f","arguments":""}}"#,
        r#"{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","id":"b","call_id":"c1","name":"g","arguments":""}}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":1,"delta":"{\"b\""}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"a\""}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":1,"delta":":1}"}"#,
        r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","call_id":"c1","name":"g","arguments":"{\"b\":1}"}}"#,
        r#"{"type":"response.output_item.added","output_index":2,"item":{"type":"message","content":[]}}"#,
        r#"{"type":"response.output_item.done","output_index":2,"item":{"type":"message","content":[{"type":"output_text","text":"Both"}]}}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c0","name":"f","arguments":"{\"a\":0}"}}"#,
    ]);
    insta::assert_snapshot!(told, @r#"
    begin resp_1 gpt-6-sol
    open ToolCall { id: "c0", name: "f", namespace: None, is_custom: false, seal: None }
    text {"a":0}
    close
    open ToolCall { id: "c1", name: "g", namespace: None, is_custom: false, seal: None }
    text {"b":1}
    close
    open Text
    text Both
    close
    end ToolCalls in 40 read 60 written 0 out 40 thought 30
    "#);
}

#[test]
fn items_that_nobody_calls_whole_are_taken_from_the_last_event() {
    let last = r#"{"type":"response.completed","response":{"id":"r","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hi there"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}}"#;
    let stream = sse(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"message","content":[]}}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Hi"}"#,
        r#"{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","call_id":"c","name":"f","arguments":""}}"#,
        last,
    ]);
    insta::assert_snapshot!(pieces([stream.as_slice()]).join("\n"), @r#"
    begin  
    open Text
    text Hi there
    close
    open ToolCall { id: "c", name: "f", namespace: None, is_custom: false, seal: None }
    text {}
    close
    end ToolCalls in 0 read 0 written 0 out 0 thought 0
    "#);
}

#[test]
fn an_item_that_is_announced_many_times_is_told_once() {
    let added = |place: u64, text: &str| {
        format!(
            r#"{{"type":"response.output_item.added","output_index":{place},"item":{{"type":"message","content":[],"id":"{text}"}}}}"#
        )
    };
    let said =
        |text: &str| format!(r#"{{"type":"message","content":[{{"type":"output_text","text":"{text}"}}]}}"#);
    let completed =
        COMPLETED.replace(r#""output":[]"#, &format!(r#""output":[{},{}]"#, said("one"), said("two")));
    let (first, second) = (added(0, "a"), added(1, "b"));
    let mut events = vec![CREATED];
    events.extend([&first, &second, &first, &second, &second].map(String::as_str));
    events.push(&completed);
    let told = pieces([sse(&events).as_slice()]);
    assert_eq!(told.iter().filter(|piece| piece.starts_with("open")).count(), 2, "{told:#?}");
}

#[test]
fn deltas_that_no_item_announced_are_told_and_so_are_the_thoughts_of_open_models() {
    let told = between(&[
        r#"{"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"delta":"Let me"}"#,
        r#"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"(in short)"}"#,
        r#"{"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"delta":" see"}"#,
        r#"{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"Hi"}"#,
    ]);
    insta::assert_snapshot!(told, @r#"
    begin resp_1 gpt-6-sol
    open Thinking
    text Let me see
    close
    open Text
    text Hi
    close
    end Done in 40 read 60 written 0 out 40 thought 30
    "#);
}

#[test]
fn seals_of_other_dialects_are_their_own_again() {
    let told = between(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","summary":[]}}"#,
        r#"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"Hm"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","summary":[{"type":"summary_text","text":"Hm"}],"encrypted_content":"paceway.anthropic.SIG"}}"#,
        r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"reasoning","summary":[],"encrypted_content":"redacted.paceway.anthropic.SIG"}}"#,
        r#"{"type":"response.output_item.done","output_index":2,"item":{"type":"reasoning","summary":[],"encrypted_content":"paceway.anthropic.SIG"}}"#,
    ]);
    insta::assert_snapshot!(told, @r#"
    begin resp_1 gpt-6-sol
    open Thinking
    text Hm
    seal anthropic SIG
    close
    open Redacted(Seal { by: Anthropic, data: "SIG" })
    close
    open Thinking
    seal anthropic SIG
    close
    end Done in 40 read 60 written 0 out 40 thought 30
    "#);
}

#[test]
fn events_without_names_are_known_by_their_type() {
    let stream = format!("data: {CREATED}\n\ndata: {COMPLETED}\n\ndata: [DONE]\n\n");
    insta::assert_snapshot!(pieces([stream.as_bytes()]).join("\n"), @r#"
    begin resp_1 gpt-6-sol
    end Done in 40 read 60 written 0 out 40 thought 30
    "#);
}

#[test]
fn errors_in_mid_stream_are_told_once() {
    let told = |event: &str| {
        let failed = r#"{"type":"response.failed","response":{"id":"r","status":"failed","error":{"code":"server_error","message":"second"}}}"#;
        pieces([sse(&[CREATED, event, failed]).as_slice()]).split_off(1)
    };
    let errors = [
        r#"{"type":"error","sequence_number":2,"code":"rate_limit_exceeded","message":"Slow.","param":null}"#,
        r#"{"type":"error","error":{"type":"invalid_request_error","code":"context_length_exceeded","message":"Long.","param":"input"}}"#,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Busy."}}"#,
        r#"{"type":"error"}"#,
        r#"{"type":"response.failed","response":{"error":{"code":"insufficient_quota","message":"Pay."}}}"#,
        r#"{"type":"response.failed","response":{"error":null}}"#,
        r#"{"type":"response.failed","response":{"error":{"code":429,"message":"Number."}}}"#,
    ]
    .map(|event| told(event).join("\n"));
    insta::assert_snapshot!(errors.join("\n"), @r#"
    error ErrorReport { kind: RateLimit, message: "Slow.", field: None, code: Some("rate_limit_exceeded") }
    error ErrorReport { kind: InvalidRequest, message: "Long.", field: Some("input"), code: Some("context_length_exceeded") }
    error ErrorReport { kind: Overloaded, message: "Busy.", field: None, code: None }
    error ErrorReport { kind: Server, message: "the provider gave no reason", field: None, code: None }
    error ErrorReport { kind: Billing, message: "Pay.", field: None, code: Some("insufficient_quota") }
    error ErrorReport { kind: Server, message: "the response failed, and the provider gave no reason", field: None, code: None }
    error ErrorReport { kind: RateLimit, message: "Number.", field: None, code: None }
    "#);
}

#[test]
fn an_event_of_a_wrong_shape_is_an_error_that_says_so() {
    let stream = b"event: response.output_text.delta\ndata: {\"delta\":7}\n\n";
    let seen = pieces([&stream[..]]);
    assert!(seen[0].starts_with("broken: an event is not what the dialect allows"), "{seen:?}");
}

/// What is seen of a stream that passes through.
fn watched(stream: &[u8]) -> crate::formats::Seen {
    let mut watch = super::super::stream::Watch::default();
    assert!(!watch.edits());
    Splitter::default().push(stream, |event| assert_eq!(watch.event(event), Edit::Pass)).unwrap();
    watch.seen()
}

#[test]
fn a_watched_stream_shows_its_usage_its_text_and_its_end() {
    let seen = watched(&every_item());
    assert_eq!((seen.ending, seen.usage_is_final), (Ending::Complete, true));
    assert_eq!(
        (seen.usage.input, seen.usage.cache_read, seen.usage.reasoning),
        (Tokens(40), Tokens(60), Tokens(30))
    );
    assert_eq!(seen.output_bytes, 7 + 4 + 2 + 4 + 3 + 7 + 2 + 2);
    assert_eq!(watched(&sse(&[CREATED])).ending, Ending::Open);
    let failed = r#"{"type":"response.failed","response":{"usage":{"input_tokens":3,"output_tokens":1}}}"#;
    let seen = watched(&sse(&[CREATED, failed]));
    assert_eq!((seen.ending, seen.usage.input), (Ending::Failed, Tokens(3)));
    assert_eq!(watched(&sse(&[r#"{"type":"error","message":"m"}"#])).ending, Ending::Failed);
}

proptest! {
    #[test]
    fn in_any_pieces_the_stream_reads_the_same(cuts in proptest::collection::vec(1usize..600, 1..60)) {
        let stream = every_item();
        let mut chunks = Vec::new();
        let mut rest = stream.as_slice();
        for cut in cuts {
            let (head, tail) = rest.split_at(cut.min(rest.len()));
            chunks.push(head);
            rest = tail;
        }
        chunks.push(rest);
        prop_assert_eq!(pieces(chunks), pieces([stream.as_slice()]));
    }
}

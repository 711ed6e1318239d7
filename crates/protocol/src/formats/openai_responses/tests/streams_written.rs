//! Streams written from neutral pieces.

use std::fmt::Write as _;

use paceway_domain::{Dialect, Usage};

use super::*;
use crate::neutral::{Citation, ErrorKind, ErrorReport, Finish, Opening, Seal};

fn usage() -> Usage {
    Usage { input: Tokens(5), output: Tokens(7), ..Usage::default() }
}

fn begin() -> Piece<'static> {
    Piece::Begin { id: "msg_01".into(), model: "claude".into(), usage: Usage::default() }
}

fn text(text: &'static str) -> Piece<'static> {
    Piece::Delta(Delta::Text(text.into()))
}

fn end(finish: Finish<'static>) -> Piece<'static> {
    Piece::End { finish, usage: usage() }
}

fn written(pieces: &[Piece<'_>], request: &str) -> Vec<u8> {
    let mut writer = OpenAiResponses.writer(frame(request));
    let mut out = Vec::new();
    for piece in pieces {
        writer.piece(piece, &mut out);
    }
    out
}

/// Events without what they have in common, one a line.
fn events(stream: &[u8]) -> String {
    let text = std::str::from_utf8(stream).unwrap();
    let mut lines = String::new();
    for (number, event) in text.trim_end().split("\n\n").enumerate() {
        let (name, data) = event.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
        let mut data: serde_json::Value = serde_json::from_str(data).unwrap();
        let fields = data.as_object_mut().unwrap();
        assert_eq!(fields.remove("type").unwrap(), name);
        assert_eq!(fields.remove("sequence_number").unwrap(), number);
        if let Some(response) = fields.get_mut("response") {
            response.as_object_mut().unwrap().retain(|name, value| {
                matches!(
                    name.as_str(),
                    "id" | "status" | "model" | "output" | "error" | "incomplete_details" | "instructions"
                ) && !value.is_null()
            });
        }
        writeln!(lines, "{name} {data}").unwrap();
    }
    lines
}

fn call(id: &'static str, is_custom: bool) -> Piece<'static> {
    Piece::Open(Opening::ToolCall {
        id: id.into(),
        name: "f".into(),
        namespace: is_custom.then(|| "n".into()),
        is_custom,
        seal: (!is_custom).then(|| Seal { by: Dialect::Gemini, data: "SIG".into() }),
    })
}

const TOKENS: &str = "[\n{\"token\":\"Tø\",\"logprob\":-0.5,\"bytes\":[84,195,184],\"top_logprobs\":[]}]";

fn every_piece() -> Vec<Piece<'static>> {
    let seal = || Seal { by: Dialect::Anthropic, data: "SIG".into() };
    let citation = Citation {
        url: Some("https://a.org".into()),
        title: Some("A".into()),
        quoted: None,
        place: Some((0, 2)),
    };
    let tokens: &serde_json::value::RawValue = serde_json::from_str(TOKENS).unwrap();
    vec![
        begin(),
        Piece::Open(Opening::Thinking),
        text("Let "),
        text("me"),
        Piece::Delta(Delta::Seal(seal())),
        Piece::Close,
        Piece::Open(Opening::Redacted(seal())),
        Piece::Close,
        Piece::Open(Opening::Text),
        text("Tø"),
        Piece::Delta(Delta::Logprobs(std::borrow::Cow::Borrowed(tokens))),
        Piece::Delta(Delta::Citation(citation)),
        text("!"),
        Piece::Close,
        Piece::Open(Opening::Text),
        text("More"),
        Piece::Close,
        call("c1", false),
        text("{\"a\":"),
        text("1}"),
        Piece::Close,
        call("c2", true),
        text("ls"),
        Piece::Close,
        call("c3", false),
        Piece::Close,
        Piece::Open(Opening::Image { media_type: "image/png".into(), data: "AAAA".into() }),
        Piece::Close,
        end(Finish::ToolCalls),
    ]
}

#[test]
fn every_piece_has_its_events_and_the_last_carries_the_whole_response() {
    insta::assert_snapshot!(events(&written(&every_piece(), r#"{"instructions":"Be\nbrief."}"#)), @r#"
    response.created {"response":{"id":"resp_01","status":"in_progress","model":"claude","output":[],"instructions":"Be\nbrief."}}
    response.in_progress {"response":{"id":"resp_01","status":"in_progress","model":"claude","output":[],"instructions":"Be\nbrief."}}
    response.output_item.added {"item":{"id":"rs_01_0","type":"reasoning","summary":[]},"output_index":0}
    response.reasoning_summary_part.added {"part":{"type":"summary_text","text":""},"summary_index":0,"item_id":"rs_01_0","output_index":0}
    response.reasoning_summary_text.delta {"delta":"Let ","summary_index":0,"item_id":"rs_01_0","output_index":0}
    response.reasoning_summary_text.delta {"delta":"me","summary_index":0,"item_id":"rs_01_0","output_index":0}
    response.reasoning_summary_text.done {"text":"Let me","summary_index":0,"item_id":"rs_01_0","output_index":0}
    response.reasoning_summary_part.done {"part":{"type":"summary_text","text":"Let me"},"summary_index":0,"item_id":"rs_01_0","output_index":0}
    response.output_item.done {"item":{"id":"rs_01_0","type":"reasoning","summary":[{"type":"summary_text","text":"Let me"}],"encrypted_content":"paceway.anthropic.SIG"},"output_index":0}
    response.output_item.added {"item":{"id":"rs_01_1","type":"reasoning","summary":[]},"output_index":1}
    response.output_item.done {"item":{"id":"rs_01_1","type":"reasoning","summary":[],"encrypted_content":"redacted.paceway.anthropic.SIG"},"output_index":1}
    response.output_item.added {"item":{"id":"msg_01_2","type":"message","status":"in_progress","content":[],"role":"assistant"},"output_index":2}
    response.content_part.added {"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]},"content_index":0,"item_id":"msg_01_2","output_index":2}
    response.output_text.delta {"logprobs":[],"delta":"Tø","item_id":"msg_01_2","output_index":2,"content_index":0}
    response.output_text.delta {"logprobs":[{"token":"Tø","logprob":-0.5,"bytes":[84,195,184],"top_logprobs":[]}],"delta":"","item_id":"msg_01_2","output_index":2,"content_index":0}
    response.output_text.annotation.added {"annotation":{"type":"url_citation","start_index":0,"end_index":2,"url":"https://a.org","title":"A"},"annotation_index":0,"item_id":"msg_01_2","output_index":2,"content_index":0}
    response.output_text.delta {"logprobs":[],"delta":"!","item_id":"msg_01_2","output_index":2,"content_index":0}
    response.output_text.done {"logprobs":[{"token":"Tø","logprob":-0.5,"bytes":[84,195,184],"top_logprobs":[]}],"text":"Tø!","item_id":"msg_01_2","output_index":2,"content_index":0}
    response.content_part.done {"part":{"type":"output_text","text":"Tø!","annotations":[{"type":"url_citation","start_index":0,"end_index":2,"url":"https://a.org","title":"A"}],"logprobs":[{"token":"Tø","logprob":-0.5,"bytes":[84,195,184],"top_logprobs":[]}]},"content_index":0,"item_id":"msg_01_2","output_index":2}
    response.content_part.added {"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]},"content_index":1,"item_id":"msg_01_2","output_index":2}
    response.output_text.delta {"logprobs":[],"delta":"More","item_id":"msg_01_2","output_index":2,"content_index":1}
    response.output_text.done {"logprobs":[],"text":"More","item_id":"msg_01_2","output_index":2,"content_index":1}
    response.content_part.done {"part":{"type":"output_text","text":"More","annotations":[],"logprobs":[]},"content_index":1,"item_id":"msg_01_2","output_index":2}
    response.output_item.done {"item":{"id":"msg_01_2","type":"message","status":"completed","content":[{"type":"output_text","text":"Tø!","annotations":[{"type":"url_citation","start_index":0,"end_index":2,"url":"https://a.org","title":"A"}],"logprobs":[{"token":"Tø","logprob":-0.5,"bytes":[84,195,184],"top_logprobs":[]}]},{"type":"output_text","text":"More","annotations":[],"logprobs":[]}],"role":"assistant"},"output_index":2}
    response.output_item.added {"item":{"id":"fc_01_3","type":"function_call","status":"in_progress","arguments":"","call_id":"c1__pw_Z2VtaW5pLlNJRw","name":"f"},"output_index":3}
    response.function_call_arguments.delta {"delta":"{\"a\":","output_index":3,"item_id":"fc_01_3"}
    response.function_call_arguments.delta {"delta":"1}","output_index":3,"item_id":"fc_01_3"}
    response.function_call_arguments.done {"arguments":"{\"a\":1}","output_index":3,"item_id":"fc_01_3"}
    response.output_item.done {"item":{"id":"fc_01_3","type":"function_call","status":"completed","arguments":"{\"a\":1}","call_id":"c1__pw_Z2VtaW5pLlNJRw","name":"f"},"output_index":3}
    response.output_item.added {"item":{"id":"ctc_01_4","type":"custom_tool_call","status":"in_progress","input":"","call_id":"c2","name":"f","namespace":"n"},"output_index":4}
    response.custom_tool_call_input.delta {"delta":"ls","output_index":4,"item_id":"ctc_01_4"}
    response.custom_tool_call_input.done {"input":"ls","output_index":4,"item_id":"ctc_01_4"}
    response.output_item.done {"item":{"id":"ctc_01_4","type":"custom_tool_call","status":"completed","input":"ls","call_id":"c2","name":"f","namespace":"n"},"output_index":4}
    response.output_item.added {"item":{"id":"fc_01_5","type":"function_call","status":"in_progress","arguments":"","call_id":"c3__pw_Z2VtaW5pLlNJRw","name":"f"},"output_index":5}
    response.function_call_arguments.delta {"delta":"{}","output_index":5,"item_id":"fc_01_5"}
    response.function_call_arguments.done {"arguments":"{}","output_index":5,"item_id":"fc_01_5"}
    response.output_item.done {"item":{"id":"fc_01_5","type":"function_call","status":"completed","arguments":"{}","call_id":"c3__pw_Z2VtaW5pLlNJRw","name":"f"},"output_index":5}
    response.output_item.added {"item":{"id":"ig_01_6","type":"image_generation_call","status":"in_progress","output_format":"png","result":null},"output_index":6}
    response.image_generation_call.in_progress {"output_index":6,"item_id":"ig_01_6"}
    response.image_generation_call.completed {"output_index":6,"item_id":"ig_01_6"}
    response.output_item.done {"item":{"id":"ig_01_6","type":"image_generation_call","status":"completed","output_format":"png","result":"AAAA"},"output_index":6}
    response.completed {"response":{"id":"resp_01","status":"completed","model":"claude","output":[{"id":"rs_01_0","type":"reasoning","summary":[{"type":"summary_text","text":"Let me"}],"encrypted_content":"paceway.anthropic.SIG"},{"id":"rs_01_1","type":"reasoning","summary":[],"encrypted_content":"redacted.paceway.anthropic.SIG"},{"id":"msg_01_2","type":"message","status":"completed","content":[{"type":"output_text","text":"Tø!","annotations":[{"type":"url_citation","start_index":0,"end_index":2,"url":"https://a.org","title":"A"}],"logprobs":[{"token":"Tø","logprob":-0.5,"bytes":[84,195,184],"top_logprobs":[]}]},{"type":"output_text","text":"More","annotations":[],"logprobs":[]}],"role":"assistant"},{"id":"fc_01_3","type":"function_call","status":"completed","arguments":"{\"a\":1}","call_id":"c1__pw_Z2VtaW5pLlNJRw","name":"f"},{"id":"ctc_01_4","type":"custom_tool_call","status":"completed","input":"ls","call_id":"c2","name":"f","namespace":"n"},{"id":"fc_01_5","type":"function_call","status":"completed","arguments":"{}","call_id":"c3__pw_Z2VtaW5pLlNJRw","name":"f"},{"id":"ig_01_6","type":"image_generation_call","status":"completed","output_format":"png","result":"AAAA"}],"instructions":"Be\nbrief."}}
    "#);
}

#[test]
fn a_request_of_several_lines_is_repeated_on_one() {
    let request = "{\n\"tools\": [\n{\"type\":\"function\",\n\"name\":\"f\"}],\r\n\"metadata\":{\n}}";
    let stream = written(&[begin(), end(Finish::Done)], request);
    let stream = String::from_utf8(stream).unwrap();
    assert_eq!(stream.lines().count(), 9, "{stream}");
}

#[test]
fn an_answer_that_was_cut_off_ends_as_incomplete() {
    let stream =
        written(&[begin(), Piece::Open(Opening::Text), text("Hi"), Piece::Close, end(Finish::Length)], "");
    insta::assert_snapshot!(events(&stream), @r#"
    response.created {"response":{"id":"resp_01","status":"in_progress","model":"claude","output":[]}}
    response.in_progress {"response":{"id":"resp_01","status":"in_progress","model":"claude","output":[]}}
    response.output_item.added {"item":{"id":"msg_01_0","type":"message","status":"in_progress","content":[],"role":"assistant"},"output_index":0}
    response.content_part.added {"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]},"content_index":0,"item_id":"msg_01_0","output_index":0}
    response.output_text.delta {"logprobs":[],"delta":"Hi","item_id":"msg_01_0","output_index":0,"content_index":0}
    response.output_text.done {"logprobs":[],"text":"Hi","item_id":"msg_01_0","output_index":0,"content_index":0}
    response.content_part.done {"part":{"type":"output_text","text":"Hi","annotations":[],"logprobs":[]},"content_index":0,"item_id":"msg_01_0","output_index":0}
    response.output_item.done {"item":{"id":"msg_01_0","type":"message","status":"incomplete","content":[{"type":"output_text","text":"Hi","annotations":[],"logprobs":[]}],"role":"assistant"},"output_index":0}
    response.incomplete {"response":{"id":"resp_01","status":"incomplete","model":"claude","incomplete_details":{"reason":"max_output_tokens"},"output":[{"id":"msg_01_0","type":"message","status":"incomplete","content":[{"type":"output_text","text":"Hi","annotations":[],"logprobs":[]}],"role":"assistant"}]}}
    "#);
}

#[test]
fn a_refusal_in_words_is_complete_and_one_without_is_not() {
    let words = written(
        &[begin(), Piece::Open(Opening::Refusal), text("No."), Piece::Close, end(Finish::Refused)],
        "",
    );
    insta::assert_snapshot!(events(&words), @r#"
    response.created {"response":{"id":"resp_01","status":"in_progress","model":"claude","output":[]}}
    response.in_progress {"response":{"id":"resp_01","status":"in_progress","model":"claude","output":[]}}
    response.output_item.added {"item":{"id":"msg_01_0","type":"message","status":"in_progress","content":[],"role":"assistant"},"output_index":0}
    response.content_part.added {"part":{"type":"refusal","refusal":""},"content_index":0,"item_id":"msg_01_0","output_index":0}
    response.refusal.delta {"delta":"No.","content_index":0,"item_id":"msg_01_0","output_index":0}
    response.refusal.done {"refusal":"No.","content_index":0,"item_id":"msg_01_0","output_index":0}
    response.content_part.done {"part":{"type":"refusal","refusal":"No."},"content_index":0,"item_id":"msg_01_0","output_index":0}
    response.output_item.done {"item":{"id":"msg_01_0","type":"message","status":"completed","content":[{"type":"refusal","refusal":"No."}],"role":"assistant"},"output_index":0}
    response.completed {"response":{"id":"resp_01","status":"completed","model":"claude","output":[{"id":"msg_01_0","type":"message","status":"completed","content":[{"type":"refusal","refusal":"No."}],"role":"assistant"}]}}
    "#);
    let silent = events(&written(&[begin(), end(Finish::Refused)], ""));
    assert!(silent.contains(r#"response.incomplete {"response":{"id":"resp_01""#), "{silent}");
}

#[test]
fn an_error_is_told_twice_for_clients_that_look_for_either() {
    let error = ErrorReport::new(ErrorKind::Overloaded, "Busy.");
    let stream = written(&[begin(), Piece::Open(Opening::Text), text("Hi"), Piece::Error(error.clone())], "");
    insta::assert_snapshot!(events(&stream), @r#"
    response.created {"response":{"id":"resp_01","status":"in_progress","model":"claude","output":[]}}
    response.in_progress {"response":{"id":"resp_01","status":"in_progress","model":"claude","output":[]}}
    response.output_item.added {"item":{"id":"msg_01_0","type":"message","status":"in_progress","content":[],"role":"assistant"},"output_index":0}
    response.content_part.added {"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]},"content_index":0,"item_id":"msg_01_0","output_index":0}
    response.output_text.delta {"logprobs":[],"delta":"Hi","item_id":"msg_01_0","output_index":0,"content_index":0}
    error {"error":{"message":"Busy.","type":"server_error","param":null,"code":"server_is_overloaded"},"param":null,"code":"server_is_overloaded","message":"Busy."}
    response.failed {"response":{"id":"resp_01","status":"failed","model":"claude","error":{"code":"server_is_overloaded","message":"Busy."},"output":[]}}
    "#);
    let alone = written(&[Piece::Error(error.clone())], "");
    insta::assert_snapshot!(events(&alone), @r#"
    error {"error":{"message":"Busy.","type":"server_error","param":null,"code":"server_is_overloaded"},"param":null,"code":"server_is_overloaded","message":"Busy."}
    response.failed {"response":{"id":"resp_req-7","status":"failed","model":"sonnet","error":{"code":"server_is_overloaded","message":"Busy."},"output":[]}}
    "#);
    let mut out = Vec::new();
    OpenAiResponses.write_stream_error(&error, &mut out);
    insta::assert_snapshot!(events(&out), @r#"
    error {"error":{"message":"Busy.","type":"server_error","param":null,"code":"server_is_overloaded"},"param":null,"code":"server_is_overloaded","message":"Busy."}
    response.failed {"response":{"id":"","status":"failed","error":{"code":"server_is_overloaded","message":"Busy."},"output":[]}}
    "#);
}

#[test]
fn an_answer_without_id_and_model_has_those_of_the_request() {
    let nameless = Piece::Begin { id: "".into(), model: "".into(), usage: Usage::default() };
    let stream = events(&written(&[nameless], ""));
    assert!(stream.contains(r#""id":"resp_req-7""#) && stream.contains(r#""model":"sonnet""#), "{stream}");
}

#[test]
fn what_is_written_reads_as_the_same_pieces() {
    let mut said = Vec::new();
    for piece in every_piece() {
        note(&piece, &mut said);
    }
    let mut heard = pieces([written(&every_piece(), "").as_slice()]);
    said[0] = "begin resp_01 claude".into();
    // A client's reading splits a call's id again; a provider's ids are taken as they are.
    let carries_seal = |line: &String| line.starts_with("open ToolCall") && line.contains("namespace: None");
    said.retain(|line| !carries_seal(line));
    // An event's data is one line.
    let said: Vec<_> = said.iter().map(|line| line.replace("[\n", "[")).collect();
    heard.retain(|line| !carries_seal(line));
    let empty = heard.iter().rposition(|line| line == "text {}").unwrap();
    heard.remove(empty);
    assert_eq!(heard, said);
}

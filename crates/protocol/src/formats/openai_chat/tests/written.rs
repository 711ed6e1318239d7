//! Streams written.

use crate::formats::{Format, Frame, StreamWriter};
use crate::neutral::{Citation, Delta, ErrorKind, ErrorReport, Finish, Opening, Piece, Seal};
use paceway_domain::{Dialect, Tokens, Usage};

use super::{OpenAiChat, frame, pieces};

fn write(frame: Frame, list: &[Piece<'_>]) -> String {
    let mut writer: Box<dyn StreamWriter> = OpenAiChat.writer(frame);
    let mut out = Vec::new();
    for piece in list {
        writer.piece(piece, &mut out);
    }
    String::from_utf8(out).unwrap()
}

fn text(text: &'static str) -> Piece<'static> {
    Piece::Delta(Delta::Text(text.into()))
}

fn begin() -> Piece<'static> {
    Piece::Begin { id: "msg_1".into(), model: "claude".into(), usage: Usage::default() }
}

fn end(finish: Finish<'static>) -> Piece<'static> {
    let usage = Usage {
        input: Tokens(10),
        cache_read: Tokens(5),
        cache_write_5m: Tokens(2),
        output: Tokens(7),
        reasoning: Tokens(3),
        ..Usage::default()
    };
    Piece::End { finish, usage }
}

fn call(id: &'static str, is_custom: bool, seal: Option<Seal<'static>>) -> Piece<'static> {
    Piece::Open(Opening::ToolCall { id: id.into(), name: "f".into(), namespace: None, is_custom, seal })
}

fn seal(by: Dialect) -> Seal<'static> {
    Seal { by, data: "EqQB".into() }
}

#[test]
fn a_stream_has_role_words_finish_usage_and_done() {
    let list = [begin(), Piece::Open(Opening::Text), text("Hi"), Piece::Close, end(Finish::Done)];
    insta::assert_snapshot!(write(frame(), &list), @r#"
    data: {"id":"chatcmpl-msg_1","object":"chat.completion.chunk","created":1800000000,"model":"claude","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null}

    data: {"id":"chatcmpl-msg_1","object":"chat.completion.chunk","created":1800000000,"model":"claude","choices":[{"index":0,"delta":{"content":"Hi"},"logprobs":null,"finish_reason":null}],"usage":null}

    data: {"id":"chatcmpl-msg_1","object":"chat.completion.chunk","created":1800000000,"model":"claude","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}

    data: {"id":"chatcmpl-msg_1","object":"chat.completion.chunk","created":1800000000,"model":"claude","choices":[],"usage":{"prompt_tokens":17,"completion_tokens":7,"total_tokens":24,"prompt_tokens_details":{"cached_tokens":5,"cache_write_tokens":2},"completion_tokens_details":{"reasoning_tokens":3}}}

    data: [DONE]
    "#);
}

#[test]
fn usage_is_left_out_where_it_was_not_asked_for_and_names_are_made_up_where_there_are_none() {
    let begin = Piece::Begin { id: "".into(), model: "".into(), usage: Usage::default() };
    let list = [begin, call("", false, None), Piece::Close, end(Finish::ToolCalls)];
    insta::assert_snapshot!(write(Frame { wants_usage: false, ..frame() }, &list), @r#"
    data: {"id":"chatcmpl-req_7","object":"chat.completion.chunk","created":1800000000,"model":"asked","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]}

    data: {"id":"chatcmpl-req_7","object":"chat.completion.chunk","created":1800000000,"model":"asked","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_req7_0","type":"function","function":{"name":"f","arguments":""}}]},"logprobs":null,"finish_reason":null}]}

    data: {"id":"chatcmpl-req_7","object":"chat.completion.chunk","created":1800000000,"model":"asked","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"logprobs":null,"finish_reason":null}]}

    data: {"id":"chatcmpl-req_7","object":"chat.completion.chunk","created":1800000000,"model":"asked","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}]}

    data: [DONE]
    "#);
}

#[test]
fn a_stream_that_is_written_reads_as_the_same_pieces() {
    let list = [
        begin(),
        Piece::Open(Opening::Thinking),
        text("Hm"),
        text("m."),
        Piece::Delta(Delta::Seal(seal(Dialect::Anthropic))),
        Piece::Close,
        Piece::Open(Opening::Redacted(seal(Dialect::Converse))),
        Piece::Close,
        Piece::Open(Opening::Thinking),
        Piece::Delta(Delta::Seal(seal(Dialect::Responses))),
        Piece::Close,
        Piece::Open(Opening::Text),
        text("Let me "),
        text("see."),
        Piece::Close,
        call("toolu_1", false, None),
        text("{\"a\""),
        text(":1}"),
        Piece::Close,
        call("toolu_2", false, None),
        text("{}"),
        Piece::Close,
        call("toolu_3", true, None),
        text("*** patch"),
        Piece::Close,
        end(Finish::ToolCalls),
    ];
    let expected: Vec<_> = list.iter().map(super::line).collect();
    let read = pieces([write(frame(), &list).as_bytes()]);
    assert_eq!(read[1..], expected[1..]);
    assert_eq!(read[0], "begin chatcmpl-msg_1 claude");
}

#[test]
fn thoughts_are_told_in_plain_and_in_details_with_their_seals() {
    let list = [
        Piece::Open(Opening::Thinking),
        text("Hm"),
        Piece::Delta(Delta::Seal(seal(Dialect::Anthropic))),
        Piece::Close,
        Piece::Open(Opening::Redacted(seal(Dialect::Gemini))),
        Piece::Close,
    ];
    insta::assert_snapshot!(write(frame(), &list).replace("\n\n", "\n"), @r#"
    data: {"index":0,"delta":{"reasoning_content":"Hm","reasoning_details":[{"type":"reasoning.text","text":"Hm","index":0}]},"logprobs":null,"finish_reason":null}],"usage":null}
    data: {"index":0,"delta":{"reasoning_details":[{"type":"reasoning.text","signature":"EqQB","format":"anthropic-claude-v1","index":0}]},"logprobs":null,"finish_reason":null}],"usage":null}
    data: {"index":0,"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"EqQB","format":"google-gemini-v1","index":1}]},"logprobs":null,"finish_reason":null}],"usage":null}
    "#);
}

#[test]
fn the_seal_of_a_call_travels_in_its_id() {
    let list = [call("call_1", false, Some(seal(Dialect::Gemini))), text("{}"), Piece::Close];
    let written = write(frame(), &list);
    let id = written.split("\"id\":\"").nth(1).unwrap().split('"').next().unwrap();
    let (bare, found) = crate::seals::split_id(id.into());
    assert_eq!((&*bare, found), ("call_1", Some(seal(Dialect::Gemini))));
}

#[test]
fn sources_without_places_are_those_of_their_text() {
    let cite = |url: Option<&'static str>, place| {
        let citation = Citation { url: url.map(Into::into), title: None, quoted: Some("so".into()), place };
        Piece::Delta(Delta::Citation(citation))
    };
    let list = [
        Piece::Open(Opening::Text),
        text("Hé, "),
        Piece::Close,
        Piece::Open(Opening::Text),
        cite(Some("https://a.example"), None),
        text("so"),
        cite(Some("https://b.example"), Some((0, 2))),
        cite(None, None),
        Piece::Close,
    ];
    let places: Vec<_> = write(frame(), &list)
        .lines()
        .filter_map(|line| line.split_once("\"url_citation\":").map(|(_, place)| place.to_owned()))
        .map(|place| place.split_once('}').unwrap().0.to_owned())
        .collect();
    insta::assert_snapshot!(places.join("\n"), @r#"
    {"start_index":0,"end_index":2,"title":"https://b.example","url":"https://b.example","content":"so"
    {"start_index":4,"end_index":6,"title":"https://a.example","url":"https://a.example","content":"so"
    "#);
}

#[test]
fn an_error_is_the_last_word() {
    let error =
        ErrorReport { field: Some("messages".into()), ..ErrorReport::new(ErrorKind::Overloaded, "no room") };
    let written = write(frame(), &[begin(), Piece::Error(error)]);
    insta::assert_snapshot!(written.split_once("\n\n").unwrap().1, @r#"data: {"error":{"message":"no room","type":"server_error","param":"messages","code":"overloaded"}}"#);
}

#[test]
fn refusals_logprobs_and_pictures_have_their_places() {
    let tokens = serde_json::value::RawValue::from_string("[1]".into()).unwrap();
    let list = [
        Piece::Open(Opening::Text),
        text("a"),
        Piece::Delta(Delta::Logprobs(std::borrow::Cow::Owned(tokens))),
        Piece::Close,
        Piece::Open(Opening::Image { media_type: "image/png".into(), data: "AAAA".into() }),
        Piece::Close,
        Piece::Open(Opening::Refusal),
        text("No."),
        Piece::Close,
        end(Finish::Refused),
    ];
    insta::assert_snapshot!(write(Frame { wants_usage: false, ..frame() }, &list).replace("\n\n", "\n"), @r#"
    data: {"index":0,"delta":{"content":"a"},"logprobs":null,"finish_reason":null}]}
    data: {"index":0,"delta":{},"logprobs":{"content":[1],"refusal":null},"finish_reason":null}]}
    data: {"index":0,"delta":{"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"},"index":0}]},"logprobs":null,"finish_reason":null}]}
    data: {"index":0,"delta":{"refusal":"No."},"logprobs":null,"finish_reason":null}]}
    data: {"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}
    data: [DONE]
    "#);
}

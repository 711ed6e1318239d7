//! Long texts are copied from one body into another without being read: whatever escapes they hold, they say the same there.

use bytes::Bytes;
use paceway_domain::{Dialect, Refusal};
use paceway_protocol::Envelope;
use paceway_protocol::changes::Changes;
use paceway_protocol::formats::{Address, format_of};
use paceway_protocol::neutral::{Chat, Part, PartBody, Role, ToolCall, ToolResult, Turn};
use proptest::prelude::*;
use serde_json::Value;

use super::{few_cases, model, pairs, read, written};

/// Stands in every place of a conversation where a long text may be. It ends up in bodies as it is.
const PLACE: &str = "the-place-of-a-text";

/// A body of this dialect that holds, in all these places, what stands between the quotes of a JSON string.
fn body_with(inside: &str, dialect: Dialect) -> Bytes {
    let turn = |role, body| Turn { role, name: None, parts: vec![Part::new(body)] };
    let text = || PartBody::Text { text: PLACE.into(), citations: Vec::new() };
    let call = ToolCall {
        id: "call_1".into(),
        name: "find".into(),
        namespace: None,
        arguments: "{}".into(),
        is_custom: false,
        seal: None,
    };
    let result = ToolResult {
        call_id: "call_1".into(),
        name: Some("find".into()),
        content: vec![Part::text(PLACE)],
        is_error: false,
        is_custom: false,
    };
    let turns = vec![
        turn(Role::System, text()),
        turn(Role::User, text()),
        turn(Role::Assistant, PartBody::ToolCall(call)),
        turn(Role::User, PartBody::ToolResult(result)),
        turn(Role::Assistant, text()),
        turn(Role::User, PartBody::Text { text: "Go on.".into(), citations: Vec::new() }),
    ];
    let chat = Chat { turns, ..Chat::default() };
    let (body, _) = written(chat, dialect, &mut Changes::default()).unwrap();
    String::from_utf8(body.to_vec()).unwrap().replace(PLACE, inside).into()
}

fn strings<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(list) => list.iter().for_each(|value| strings(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| strings(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Crosses every way and looks for the text in all four places.
fn says_the_same_everywhere(inside: &str) {
    let said: String = serde_json::from_str(&format!("\"{inside}\"")).unwrap();
    for (client, provider) in pairs() {
        let body = body_with(inside, client);
        let mut changes = Changes::default();
        let (crossed, _) = written(read(&body, client, &mut changes), provider, &mut changes).unwrap();
        let json: Value = serde_json::from_slice(&crossed)
            .unwrap_or_else(|error| panic!("{client} to {provider}, {inside}: {error}"));
        let mut found = Vec::new();
        strings(&json, &mut found);
        let times = found.iter().filter(|text| **text == said).count();
        assert_eq!(times, 4, "{client} to {provider}: {inside}: {}", String::from_utf8_lossy(&crossed));
    }
}

/// Long enough to be left unread.
fn long(inside: &str) -> String {
    format!(
        "It begins, {inside} and it goes on for so long that nobody wants to read it if it can be helped."
    )
}

#[test]
fn every_kind_of_escape_says_the_same_on_the_other_shore() {
    for inside in
        [r"\/", r"\u0000", r"\u00e9 \ud83d\ude00 é 😀", r#"\"\\\b\f\n\r\t"#, r"\\u0041", "\u{7f}\u{2028}"]
    {
        says_the_same_everywhere(&long(inside));
    }
    says_the_same_everywhere(&format!(r"\n\t\u0020\r {}", long("")));
    says_the_same_everywhere(&format!(r"\u0041 {}", long("")));
}

#[test]
fn escapes_at_the_beginning_do_not_hide_that_a_text_is_blank() {
    let blank = r"\n \t\r\u0020".repeat(12);
    for client in Dialect::ALL {
        let body = body_with(&blank, client);
        let chat = read(&body, client, &mut Changes::default());
        let texts = chat.turns.iter().flat_map(|turn| &turn.parts).filter(|part| match &part.body {
            PartBody::Text { text, .. } => text.is_blank(),
            _ => false,
        });
        assert_eq!(texts.count(), 0, "{client}");
    }
}

#[test]
fn half_of_a_surrogate_pair_is_refused_and_not_passed_on() {
    for half in [r"\ud83d", r"\ude00", r"\ud83d\ud83d\ude00", r"\ud83d\u0041", r"\uD83D\n"] {
        for client in Dialect::ALL {
            let body = body_with(&long(half), client);
            let envelope = Envelope::parse(&body).unwrap();
            let address = Address { model: Some(model(client).into()), stream: Some(false) };
            let format = format_of(client);
            let summary = format.summary(&envelope, &address).unwrap();
            let refusal = format.read_chat(&envelope, &summary, &mut Changes::default()).unwrap_err();
            assert!(matches!(refusal, Refusal::InvalidField { .. }), "{client}: {half}: {refusal}");
        }
    }
}

#[test]
fn an_escape_that_is_none_is_no_json() {
    for wrong in [r"\x", r"\u12g4", r"\u12", "\u{1}", "\n"] {
        for client in Dialect::ALL {
            let body = body_with(&long(wrong), client);
            let refusal = Envelope::parse(&body).unwrap_err();
            assert!(matches!(refusal, Refusal::MalformedBody(_)), "{client}: {wrong}: {refusal}");
        }
    }
}

proptest! {
    #![proptest_config(few_cases())]

    #[test]
    fn any_text_says_the_same_on_the_other_shore(
        inside in "(\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-cA-C][0-9a-fA-F]{3}|\\\\ud8[0-9a-f]{2}\\\\udc[0-9a-f]{2}|[a-zé😀 ]{1,9}){0,30}",
    ) {
        says_the_same_everywhere(&long(&inside));
    }
}

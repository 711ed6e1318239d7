//! What is put in other words, and how it comes back.

use std::borrow::Cow;
use std::fmt::Write as _;

use paceway_domain::Usage;
use serde_json::value::RawValue;

use super::*;
use crate::neutral::{
    AnswerForm, Delta, Finish, Image, Json, Media, Opening, Part, Piece, Reply, ReplyPart, Schema, Tool,
    ToolCall, ToolChoice, ToolKind, ToolResult, Turn,
};

const NOTHING: Abilities = Abilities {
    schema: false,
    json: false,
    custom_tools: false,
    namespaces: false,
    tool_name_length: 64,
    mid_system: false,
    media_in_results: false,
    one_call: false,
};

fn json(text: &str) -> Json<'static> {
    Cow::Owned(RawValue::from_string(text.into()).expect("it is JSON"))
}

fn function(name: &str) -> Tool<'static> {
    Tool {
        name: name.to_owned().into(),
        namespace: None,
        description: None,
        kind: ToolKind::Function { schema: None, strict: None },
        cache: None,
    }
}

fn call(name: &str, arguments: &str) -> ToolCall<'static> {
    ToolCall {
        id: "call_1".into(),
        name: name.to_owned().into(),
        namespace: None,
        arguments: arguments.to_owned().into(),
        is_custom: false,
        seal: None,
    }
}

fn reply(parts: Vec<ReplyPart<'static>>) -> Reply<'static> {
    Reply {
        id: "1".into(),
        model: "m".into(),
        parts,
        logprobs: None,
        finish: Finish::ToolCalls,
        usage: Usage::default(),
    }
}

fn text(text: &str) -> ReplyPart<'static> {
    ReplyPart::Text { text: text.to_owned().into(), citations: Vec::new() }
}

/// A stream as the words that its parts hold, each part in brackets.
fn told(way: WayBack, pieces: Vec<Piece<'_>>) -> String {
    let mut unfitting = Unfitting::new(way);
    let mut told = String::new();
    for piece in pieces {
        unfitting.piece(piece, &mut |piece| match piece {
            Piece::Open(Opening::Text) => told.push_str("[text "),
            Piece::Open(Opening::ToolCall { name, namespace, is_custom, .. }) => {
                write!(told, "[call {namespace:?} {name} {is_custom} ").expect("a text takes everything");
            }
            Piece::Delta(Delta::Text(text)) => told.push_str(&text),
            Piece::Close => told.push(']'),
            Piece::End { finish, .. } => write!(told, "{finish:?}").expect("a text takes everything"),
            other => write!(told, "{other:?}").expect("a text takes everything"),
        });
    }
    told
}

fn open_call(name: &str) -> Piece<'_> {
    Piece::Open(Opening::ToolCall {
        id: "call_1".into(),
        name: name.into(),
        namespace: None,
        is_custom: false,
        seal: None,
    })
}

fn words(text: &str) -> Piece<'_> {
    Piece::Delta(Delta::Text(text.into()))
}

fn end() -> Piece<'static> {
    Piece::End { finish: Finish::ToolCalls, usage: Usage::default() }
}

#[test]
fn names_that_a_format_cannot_write_are_changed_everywhere_and_come_back() {
    let long = format!("mcp__{}", "x".repeat(100));
    let mut chat = Chat {
        tools: vec![function(&long), function("ok"), function("with.dot")],
        tool_choice: Some(ToolChoice::Named(long.clone().into())),
        turns: vec![Turn {
            role: Role::Assistant,
            name: None,
            parts: vec![Part::new(PartBody::ToolCall(call(&long, "{}")))],
        }],
        ..Chat::default()
    };
    let mut changes = Changes::default();
    let way = fit(&mut chat, NOTHING, &mut changes);
    let written = chat.tools[0].name.to_string();
    assert_eq!(written.len(), 64);
    assert_eq!(chat.tool_choice, Some(ToolChoice::Named(written.clone().into())));
    let PartBody::ToolCall(past) = &chat.turns[0].parts[0].body else { panic!("{chat:?}") };
    assert_eq!((&*past.name, &*chat.tools[1].name), (&*written, "ok"));
    assert!(chat.tools[2].name.starts_with("with_dot_"), "{}", chat.tools[2].name);
    let back = way.reply(reply(vec![ReplyPart::ToolCall(call(&written, "{}"))]));
    assert!(matches!(&back.parts[0], ReplyPart::ToolCall(call) if call.name == long));
    assert_eq!(told(way, vec![open_call(&written), Piece::Close]), format!("[call None {long} false ]"));
}

#[test]
fn a_tool_in_a_group_is_flattened_and_comes_back_in_its_group() {
    let mut chat = Chat {
        tools: vec![Tool { namespace: Some("files".into()), ..function("read") }],
        tool_choice: Some(ToolChoice::Named("read".into())),
        ..Chat::default()
    };
    let way = fit(&mut chat, NOTHING, &mut Changes::default());
    assert_eq!((&*chat.tools[0].name, &chat.tools[0].namespace), ("files__read", &None));
    assert_eq!(chat.tool_choice, Some(ToolChoice::Named("files__read".into())));
    let stream = vec![open_call("files__read"), words("{}"), Piece::Close, end()];
    assert_eq!(told(way, stream), "[call Some(\"files\") read false {}]ToolCalls");
}

#[test]
fn a_tool_of_plain_text_becomes_a_function_and_its_text_comes_back() {
    let custom = ToolKind::Custom { format: Some(json(r#"{"type":"grammar"}"#)) };
    let past = ToolCall { is_custom: true, ..call("patch", "a \"b\"") };
    let mut chat = Chat {
        tools: vec![Tool { kind: custom, ..function("patch") }],
        turns: vec![Turn {
            role: Role::Assistant,
            name: None,
            parts: vec![Part::new(PartBody::ToolCall(past))],
        }],
        ..Chat::default()
    };
    let way = fit(&mut chat, NOTHING, &mut Changes::default());
    assert!(matches!(chat.tools[0].kind, ToolKind::Function { schema: Some(_), .. }));
    assert!(chat.tools[0].description.as_deref().is_some_and(|told| told.contains("grammar")));
    let PartBody::ToolCall(past) = &chat.turns[0].parts[0].body else { panic!("{chat:?}") };
    assert_eq!(past.arguments, r#"{"input":"a \"b\""}"#);
    let stream = vec![open_call("patch"), words(r#"{"inp"#), words(r#"ut":"x\ny"}"#), Piece::Close, end()];
    assert_eq!(told(way, stream), "[call None patch true x\ny]ToolCalls");
}

#[test]
fn an_answer_of_a_schema_is_asked_for_as_a_tool_and_comes_back_as_text() {
    let schema = Schema { name: None, description: None, schema: json(r#"{"type":"object"}"#), strict: None };
    let mut chat = Chat { form: AnswerForm::Schema(schema), ..Chat::default() };
    let mut changes = Changes::default();
    let way = fit(&mut chat, NOTHING, &mut changes);
    assert_eq!(chat.tool_choice, Some(ToolChoice::Named("final_answer".into())));
    assert!(changes.check(false).is_ok());
    let said = vec![text("Here it is."), ReplyPart::ToolCall(call("final_answer", r#"{"a":1}"#))];
    let back = way.reply(reply(said));
    assert_eq!(back.finish, Finish::Done);
    assert!(matches!(&back.parts[..], [ReplyPart::Text { text, .. }] if text == r#"{"a":1}"#));
    let stream = vec![
        Piece::Open(Opening::Text),
        words("Here."),
        Piece::Close,
        open_call("final_answer"),
        words("{}"),
        Piece::Close,
        end(),
    ];
    assert_eq!(told(way.clone(), stream), "[text {}]Done");
    // Without arguments there may be no word at all.
    for nothing in [vec![], vec![words("")]] {
        let stream = [vec![open_call("final_answer")], nothing, vec![Piece::Close, end()]].concat();
        assert_eq!(told(way.clone(), stream), "[text {}]Done");
    }
    let back = way.reply(reply(vec![ReplyPart::ToolCall(call("final_answer", ""))]));
    assert!(matches!(&back.parts[..], [ReplyPart::Text { text, .. }] if text == "{}"));
    let declined = vec![Piece::Open(Opening::Text), words("No."), Piece::Close, end()];
    assert_eq!(told(way, declined), "[text No.]ToolCalls");
}

#[test]
fn a_schema_beside_tools_leaves_the_model_the_choice_among_all() {
    let schema = Schema { name: None, description: None, schema: json(r#"{"type":"object"}"#), strict: None };
    let mut chat =
        Chat { form: AnswerForm::Schema(schema), tools: vec![function("final_answer")], ..Chat::default() };
    let way = fit(&mut chat, NOTHING, &mut Changes::default());
    assert_eq!((chat.tools.len(), &chat.tool_choice), (2, &Some(ToolChoice::Any)));
    assert_eq!(chat.tools[1].name, "final_answer_");
    let back = way.reply(reply(vec![ReplyPart::ToolCall(call("final_answer", "{}"))]));
    assert_eq!(back.finish, Finish::ToolCalls);
}

#[test]
fn who_has_to_call_a_tool_calls_that_one_and_who_may_call_some_may_call_no_other() {
    let asked = |choice| {
        let tools = vec![function("weather"), function("delete")];
        let mut chat = Chat { form: AnswerForm::Json, tools, tool_choice: Some(choice), ..Chat::default() };
        fit(&mut chat, NOTHING, &mut Changes::default());
        (chat.tools.len(), chat.tool_choice.expect("it is kept"))
    };
    let among = |names: &[&str], is_required| {
        let names = names.iter().map(|name| (*name).to_owned().into()).collect();
        ToolChoice::Among { names, is_required }
    };
    for forced in [ToolChoice::Named("weather".into()), ToolChoice::Any, among(&["weather"], true)] {
        assert_eq!(asked(forced.clone()), (2, forced));
    }
    let some = asked(among(&["weather"], false));
    assert_eq!(some, (3, among(&["weather", "final_answer"], true)));
}

#[test]
fn a_choice_means_the_tool_that_is_in_no_group_or_else_the_first() {
    let in_group = |group: &str| Tool { namespace: Some(group.to_owned().into()), ..function("x") };
    for (tools, meant) in [
        (vec![in_group("a"), function("x")], "x"),
        (vec![in_group("a"), in_group("b")], "a__x"),
        (vec![in_group("b"), in_group("a")], "b__x"),
    ] {
        let choice = Some(ToolChoice::Named("x".into()));
        let mut chat = Chat { tools, tool_choice: choice, ..Chat::default() };
        fit(&mut chat, NOTHING, &mut Changes::default());
        assert_eq!(chat.tool_choice, Some(ToolChoice::Named(meant.to_owned().into())));
    }
}

#[test]
fn where_one_call_at_a_time_cannot_be_asked_for_the_first_is_passed_on() {
    let mut chat = Chat {
        tools: vec![function("read"), function("write")],
        parallel_tools: Some(false),
        ..Chat::default()
    };
    let mut changes = Changes::default();
    let way = fit(&mut chat, NOTHING, &mut changes);
    assert_eq!(chat.parallel_tools, None);
    assert_eq!((changes.iter().count(), changes.check(false).is_ok()), (1, true));
    let calls = ["read", "write"].map(|name| ReplyPart::ToolCall(call(name, "{}")));
    let back = way.reply(reply(vec![text("Now."), calls[0].clone(), calls[1].clone(), text("Done.")]));
    assert!(
        matches!(&back.parts[..], [ReplyPart::Text { .. }, ReplyPart::ToolCall(call), ReplyPart::Text { .. }] if call.name == "read")
    );
    let stream = vec![
        open_call("read"),
        words("1"),
        Piece::Close,
        open_call("write"),
        words("2"),
        Piece::Close,
        end(),
    ];
    assert_eq!(told(way, stream), "[call None read false 1]ToolCalls");
}

#[test]
fn an_answer_of_a_schema_is_no_more_than_one_even_where_that_cannot_be_asked_for() {
    let schema = Schema { name: None, description: None, schema: json(r#"{"type":"object"}"#), strict: None };
    let mut chat = Chat { form: AnswerForm::Schema(schema), ..Chat::default() };
    let mut changes = Changes::default();
    let way = fit(&mut chat, NOTHING, &mut changes);
    assert_eq!((chat.parallel_tools, changes.iter().count()), (None, 1));
    let answers =
        vec![ReplyPart::ToolCall(call("final_answer", "1")), ReplyPart::ToolCall(call("final_answer", "2"))];
    let back = way.reply(reply(answers));
    assert!(matches!(&back.parts[..], [ReplyPart::Text { text, .. }] if text == "1"));
}

#[test]
fn media_in_a_result_follow_in_a_message_of_their_own() {
    let image = PartBody::Image(Image {
        media: Media::Base64 { media_type: "image/png".into(), data: "AA==".into() },
        detail: None,
    });
    let result = ToolResult {
        call_id: "call_1".into(),
        name: None,
        content: vec![Part::text("seen"), Part::new(image)],
        is_error: false,
        is_custom: false,
    };
    let parts = vec![Part::new(PartBody::ToolResult(result))];
    let mut chat = Chat { turns: vec![Turn { role: Role::User, name: None, parts }], ..Chat::default() };
    fit(&mut chat, NOTHING, &mut Changes::default());
    assert_eq!(chat.turns.len(), 2);
    assert!(matches!(chat.turns[1].parts[1].body, PartBody::Image(_)));
}

#[test]
fn instructions_in_mid_conversation_become_the_users_words() {
    let turn = |role| Turn { role, name: None, parts: vec![Part::text("x")] };
    let mut chat =
        Chat { turns: vec![turn(Role::System), turn(Role::User), turn(Role::System)], ..Chat::default() };
    let mut changes = Changes::default();
    fit(&mut chat, NOTHING, &mut changes);
    let roles: Vec<_> = chat.turns.iter().map(|turn| turn.role).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::User]);
    assert_eq!(changes.iter().count(), 1);
}

#[test]
fn what_a_format_has_is_left_alone() {
    let everything = Abilities {
        schema: true,
        json: true,
        custom_tools: true,
        namespaces: true,
        tool_name_length: 128,
        mid_system: true,
        media_in_results: true,
        one_call: true,
    };
    let mut chat = Chat {
        tools: vec![Tool { namespace: Some("n".into()), ..function("read") }],
        form: AnswerForm::Json,
        ..Chat::default()
    };
    let mut changes = Changes::default();
    let way = fit(&mut chat, everything, &mut changes);
    assert_eq!((way, changes.is_empty()), (WayBack::default(), true));
    assert!(matches!(chat.form, AnswerForm::Json));
}

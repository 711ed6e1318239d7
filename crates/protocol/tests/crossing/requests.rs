//! Requests: written by a client, read, put in the words of a provider, written for it, and read there.

use paceway_domain::Dialect;
use paceway_protocol::changes::Changes;
use paceway_protocol::fit::WayBack;
use paceway_protocol::neutral::{Chat, PartBody, ToolChoice};
use proptest::prelude::*;

use super::digest::{self, Said};
use super::{chats, few_cases, pairs, read, written};

/// Dialects in which a result says that its tool failed. The others say it in words.
const WITH_FAILURES: [Dialect; 3] = [Dialect::Anthropic, Dialect::Converse, Dialect::Gemini];

/// The conversation without what one of the two dialects has no place for.
fn comparable(mut said: Vec<Said>, shores: (Dialect, Dialect)) -> Vec<Said> {
    for one in &mut said {
        if let Said::Result { words, is_error, .. } = one
            && !(WITH_FAILURES.contains(&shores.0) && WITH_FAILURES.contains(&shores.1))
        {
            *is_error = false;
            for told in ["Error: ", "The tool failed."] {
                *words = words.replace(told, "");
            }
        }
    }
    said
}

/// Asserts that a setting is the same, or that a change of one of these fields has been told.
fn same_or_told<T: PartialEq + std::fmt::Debug>(
    before: &T,
    after: &T,
    fields: &[&str],
    changes: &Changes,
    way: &str,
) {
    let is_told = changes.iter().any(|change| fields.iter().any(|field| change.field.contains(field)));
    assert!(
        before == after || is_told,
        "{way}: {before:?} became {after:?}, and of {fields:?} nothing is told: {changes}"
    );
}

fn settings_cross(before: &Chat<'_>, after: &Chat<'_>, way_back: &WayBack, changes: &Changes, way: &str) {
    let temperature = |chat: &Chat<'_>| chat.sampling.temperature;
    same_or_told(&temperature(before), &temperature(after), &["temperature"], changes, way);
    same_or_told(&before.stop, &after.stop, &["stop"], changes, way);
    same_or_told(&before.max_output, &after.max_output, &["max"], changes, way);
    let thinks = |chat: &Chat<'_>| chat.reasoning.map(|reasoning| reasoning.mode);
    same_or_told(&thinks(before), &thinks(after), &["reasoning", "thinking", "effort"], changes, way);
    // Who may call none needs not be told of any.
    if before.tool_choice != Some(ToolChoice::None) || !after.tools.is_empty() {
        tools_cross(before, after, way_back, changes, way);
    }
}

fn tools_cross(before: &Chat<'_>, after: &Chat<'_>, way_back: &WayBack, changes: &Changes, way: &str) {
    let choice =
        |chat: &Chat<'_>, way_back: &WayBack| match chat.tool_choice.as_ref().unwrap_or(&ToolChoice::Auto) {
            ToolChoice::Named(name) => format!("named {}", digest::original(name, way_back)),
            other => format!("{other:?}"),
        };
    let none = WayBack::default();
    same_or_told(&choice(before, &none), &choice(after, way_back), &["tool_choice"], changes, way);
    let tools = digest::tools(before, &none);
    same_or_told(&tools, &digest::tools(after, way_back), &["tools", "tool_choice"], changes, way);
    let is_known = |name: &String| tools.iter().any(|(known, ..)| known == name);
    let names: Vec<String> = digest::tools(after, way_back).into_iter().map(|(name, ..)| name).collect();
    assert!(names.iter().all(is_known), "{way}: {names:?} do not come back as {tools:?}");
}

proptest! {
    #![proptest_config(few_cases())]

    #[test]
    fn what_two_formats_can_say_crosses_between_them_and_the_rest_is_told(chat in chats::chat()) {
        for (client, provider) in pairs() {
            let way = format!("{client} to {provider}");
            // The client's own body says what its dialect can say; what that is is the dialect's affair.
            let (asked, _) = written(chat.clone(), client, &mut Changes::default()).unwrap();
            let mut changes = Changes::default();
            let before = read(&asked, client, &mut changes);
            prop_assert!(changes.is_empty(), "{}: {}", way, changes);
            let (sent, way_back) = match written(before.clone(), provider, &mut changes) {
                Ok(sent) => sent,
                Err(refusal) => panic!("{way}: {refusal}"),
            };
            let after = read(&sent, provider, &mut Changes::default());
            let shores = (client, provider);
            prop_assert_eq!(
                comparable(digest::of_chat(&after, &way_back), shores),
                comparable(digest::of_chat(&before, &WayBack::default()), shores),
                "{}: {}\n{}\n{}", way, changes, String::from_utf8_lossy(&asked), String::from_utf8_lossy(&sent)
            );
            if [client, provider].iter().all(|dialect| *dialect != Dialect::Gemini) {
                prop_assert_eq!(ids(&after), ids(&before), "{}", way);
            }
            settings_cross(&before, &after, &way_back, &changes, &way);
        }
    }
}

#[test]
fn a_picture_in_a_result_reaches_every_provider() {
    for (client, provider) in pairs() {
        let (asked, _) = written(chats::with_picture_in_result(), client, &mut Changes::default()).unwrap();
        let mut changes = Changes::default();
        let chat = read(&asked, client, &mut changes);
        let (sent, _) = written(chat, provider, &mut changes).unwrap();
        let holds = |body: &[u8]| memchr::memmem::find(body, chats::PICTURE.as_bytes()).is_some();
        assert!(!holds(&asked) || holds(&sent), "{client} to {provider}: {changes}");
    }
}

fn ids(chat: &Chat<'_>) -> Vec<String> {
    let parts = chat.turns.iter().flat_map(|turn| &turn.parts);
    parts
        .filter_map(|part| match &part.body {
            PartBody::ToolCall(call) => Some(call.id.to_string()),
            PartBody::ToolResult(result) => Some(result.call_id.to_string()),
            _ => None,
        })
        .collect()
}

//! Thoughts and their seals: what a provider wants back on the next turn comes back to it byte for byte through every
//! client's dialect.

use paceway_domain::{Dialect, Tokens, Usage};
use paceway_protocol::changes::Changes;
use paceway_protocol::formats::format_of;
use paceway_protocol::neutral::{
    Chat, Finish, Part, PartBody, Reply, ReplyPart, Role, Seal, Tool, ToolCall, ToolKind, Turn,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{few_cases, frame, read, written};

/// Dialects whose providers seal what they think.
const SEALING: [Dialect; 4] = [Dialect::Anthropic, Dialect::Responses, Dialect::Gemini, Dialect::Converse];

/// An answer of a provider's: a thought with its seal, words, and a call (which Gemini seals).
fn answer(provider: Dialect, thought: &str, seal: &str) -> Reply<'static> {
    let seal = Seal { by: provider, data: seal.to_owned().into() };
    let call = ToolCall {
        id: "call_1".into(),
        name: "f".into(),
        namespace: None,
        arguments: r#"{"a":1}"#.into(),
        is_custom: false,
        seal: (provider == Dialect::Gemini).then(|| seal.clone()),
    };
    let thought = ReplyPart::Thinking {
        text: thought.to_owned().into(),
        seal: (provider != Dialect::Gemini).then(|| seal.clone()),
    };
    let hides_some = provider == Dialect::Anthropic || provider == Dialect::Converse;
    let redacted = hides_some.then_some(ReplyPart::Redacted(seal));
    Reply {
        id: "msg_1".into(),
        model: "m".into(),
        parts: [thought].into_iter().chain(redacted).chain([ReplyPart::ToolCall(call)]).collect(),
        logprobs: None,
        finish: Finish::ToolCalls,
        usage: Usage::default(),
    }
}

/// What a client sends on the next turn: the answer as it was shown, and the call's result. `asked` is its first turn.
fn next_turn(client: Dialect, asked: &[u8], shown: &[u8]) -> Vec<u8> {
    let (mut asked, shown): (Value, Value) =
        (serde_json::from_slice(asked).unwrap(), serde_json::from_slice(shown).unwrap());
    let mut add = |list: &str, more: Vec<Value>| asked[list].as_array_mut().unwrap().extend(more);
    match client {
        Dialect::Anthropic => {
            let id = &shown["content"].as_array().unwrap().last().unwrap()["id"];
            let result = json!({"type": "tool_result", "tool_use_id": id, "content": "done"});
            let said = json!({"role": "assistant", "content": shown["content"]});
            add("messages", vec![said, json!({"role": "user", "content": [result]})]);
        }
        Dialect::OpenAi => {
            let message = &shown["choices"][0]["message"];
            let result =
                json!({"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "done"});
            add("messages", vec![message.clone(), result]);
        }
        Dialect::Cohere => {
            let message = &shown["message"];
            let result =
                json!({"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "done"});
            add("messages", vec![message.clone(), result]);
        }
        Dialect::Responses => {
            let mut items = shown["output"].as_array().unwrap().clone();
            let id = items.last().unwrap()["call_id"].clone();
            items.push(json!({"type": "function_call_output", "call_id": id, "output": "done"}));
            add("input", items);
        }
        Dialect::Gemini => {
            let result = json!({"functionResponse": {"name": "f", "response": {"result": "done"}}});
            add(
                "contents",
                vec![shown["candidates"][0]["content"].clone(), json!({"role": "user", "parts": [result]})],
            );
        }
        Dialect::Converse => {
            let message = &shown["output"]["message"];
            let id = &message["content"].as_array().unwrap().last().unwrap()["toolUse"]["toolUseId"];
            let result = json!({"toolResult": {"toolUseId": id, "content": [{"text": "done"}]}});
            add("messages", vec![message.clone(), json!({"role": "user", "content": [result]})]);
        }
    }
    serde_json::to_vec(&asked).unwrap()
}

/// A first turn in the client's dialect.
fn first_turn(client: Dialect) -> Vec<u8> {
    let turn = Turn { role: Role::User, name: None, parts: vec![Part::text("Why?")] };
    let tool = Tool {
        name: "f".into(),
        namespace: None,
        description: None,
        kind: ToolKind::Function { schema: None, strict: None },
        cache: None,
    };
    let chat =
        Chat { turns: vec![turn], tools: vec![tool], max_output: Some(Tokens(9_000)), ..Chat::default() };
    written(chat, client, &mut Changes::default()).unwrap().0.to_vec()
}

/// The seals of a conversation, in order, and the words of its thoughts.
fn seals(chat: &Chat<'_>) -> Vec<String> {
    let parts = chat.turns.iter().flat_map(|turn| &turn.parts);
    let told = |seal: &Option<Seal<'_>>| seal.as_ref().map(|seal| format!("{} {}", seal.by, seal.data));
    parts
        .filter_map(|part| match &part.body {
            PartBody::Thinking { text, seal } => Some(format!("thought {text}: {:?}", told(seal))),
            PartBody::Redacted(seal) => Some(format!("redacted: {:?}", told(&Some(seal.clone())))),
            PartBody::ToolCall(call) => Some(format!("call {}: {:?}", call.name, told(&call.seal))),
            _ => None,
        })
        .collect()
}

proptest! {
    #![proptest_config(few_cases())]

    #[test]
    fn a_seal_comes_back_to_its_provider_through_every_client(thought in "[a-zé\n]{1,12}x", seal in "[A-Za-z0-9]{8}") {
        for provider in SEALING {
            let data = match provider {
                // An item's id, and its content encrypted.
                Dialect::Responses => format!("rs_1|{seal}"),
                _ => seal.clone(),
            };
            let given = format_of(provider).write_reply(&answer(provider, &thought, &data), &frame());
            let at_home = next_turn(provider, &first_turn(provider), &given);
            let at_home = read(&at_home, provider, &mut Changes::default());
            let expected = seals(&read(&written(at_home, provider, &mut Changes::default()).unwrap().0, provider, &mut Changes::default()));
            prop_assert!(expected.iter().any(|one| one.contains(&seal)), "{}: {:?}", provider, expected);
            for client in Dialect::ALL {
                let shown = format_of(client).write_reply(&format_of(provider).read_reply(&given).unwrap(), &frame());
                let asked = next_turn(client, &first_turn(client), &shown);
                let mut changes = Changes::default();
                let chat = read(&asked, client, &mut changes);
                let (sent, _) = written(chat, provider, &mut changes).unwrap();
                let found = seals(&read(&sent, provider, &mut Changes::default()));
                // Cohere's thoughts have no place for a seal; those of its calls travel in their ids.
                let has_place = |one: &&String| client != Dialect::Cohere || one.starts_with("call");
                let expected: Vec<&String> = expected.iter().filter(has_place).collect();
                prop_assert!(client != Dialect::Cohere || provider == Dialect::Gemini || !changes.is_empty(), "{}", provider);
                let found: Vec<&String> = found.iter().filter(has_place).collect();
                prop_assert_eq!(
                    found, expected, "{} through {}: {}\n{}\n{}", provider, client, changes,
                    String::from_utf8_lossy(&shown), String::from_utf8_lossy(&sent)
                );
            }
        }
    }
}

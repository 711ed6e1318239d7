//! What the ledger keeps of requests so that waste shows, in every dialect, streamed or not.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use paceway_domain::Dialect;
use paceway_gateway::Address;
use paceway_gateway::platform::Platform;
use paceway_scheduler::Limits;
use paceway_store::ledger::Traits;
use serde_json::{Value, json};
use support::{easy, house_with, message, provider, question, streamed, text, whole};

/// Of one request to a provider of its own dialect.
async fn traits(dialect: Dialect, body: &Value, answer: &Value) -> Traits {
    let mut settings = provider("p", dialect, "m*", Limits::none());
    // Nobody but Amazon speaks its dialect.
    if dialect == Dialect::Converse {
        settings.platform = Platform::Bedrock;
    }
    let providers = vec![settings];
    let answers = vec![whole(200, &[("content-type", "application/json")], answer)];
    let house = house_with(answers, providers, Vec::new(), Duration::ZERO, 0, BTreeMap::new());
    let address = Address { model: Some("m1".into()), stream: Some(false) };
    text(house.ask_at(dialect, address, body).await).await;
    house.rows.only().traits
}

fn counts(traits: Traits) -> (u32, u32, bool, Option<u64>) {
    (traits.tools_offered, traits.tools_called, traits.is_cut, traits.max_tokens)
}

#[tokio::test(start_paused = true)]
async fn tools_bounds_and_cuts_are_kept_in_every_dialect() {
    let turns = json!([{"role": "user", "content": "Hi"}]);
    let both = [
        (
            Dialect::Anthropic,
            json!({"model": "m1", "max_tokens": 9, "messages": turns, "tools": [{"name": "f"}, {"name": "g"}]}),
            json!({"content": [{"type": "tool_use", "name": "f"}], "stop_reason": "max_tokens"}),
        ),
        (
            Dialect::OpenAi,
            json!({"model": "m1", "max_tokens": 9, "messages": turns, "tools": [{"type": "function"}, {"type": "function"}]}),
            json!({"choices": [{"message": {"tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}, "finish_reason": "length"}]}),
        ),
        (
            Dialect::Responses,
            json!({"model": "m1", "max_output_tokens": 9, "input": "Hi", "tools": [{"type": "function"}, {"type": "function"}]}),
            json!({"output": [{"type": "function_call"}], "incomplete_details": {"reason": "max_output_tokens"}}),
        ),
        (
            Dialect::Gemini,
            json!({"contents": [{"parts": [{"text": "Hi"}]}], "generationConfig": {"maxOutputTokens": 9},
                "tools": [{"functionDeclarations": [{"name": "f"}, {"name": "g"}]}]}),
            json!({"candidates": [{"content": {"parts": [{"functionCall": {"name": "f"}}]}, "finishReason": "MAX_TOKENS"}]}),
        ),
        (
            Dialect::Converse,
            json!({"messages": [{"role": "user", "content": [{"text": "Hi"}]}], "inferenceConfig": {"maxTokens": 9},
                "toolConfig": {"tools": [{"toolSpec": {}}, {"toolSpec": {}}]}}),
            json!({"output": {"message": {"content": [{"toolUse": {"name": "f"}}]}}, "stopReason": "max_tokens"}),
        ),
        (
            Dialect::Cohere,
            json!({"model": "m1", "max_tokens": 9, "messages": turns, "tools": [{"type": "function"}, {"type": "function"}]}),
            json!({"message": {"tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}, "finish_reason": "MAX_TOKENS"}),
        ),
    ];
    for (dialect, body, answer) in both {
        let traits = traits(dialect, &body, &answer).await;
        assert_eq!(counts(traits), (2, 1, true, Some(9)), "{dialect:?}");
        assert!(traits.request_hash.is_some() && traits.head_hash.is_some(), "{dialect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_leaves_the_same_traits_as_a_whole_answer() {
    let stream = support::STREAM.replace("end_turn", "max_tokens");
    let house = easy(vec![
        streamed(vec![stream.into()]),
        whole(200, &[], &{
            let mut cut = message();
            cut["stop_reason"] = json!("max_tokens");
            cut
        }),
    ]);
    text(house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", true)).await).await;
    text(house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", false)).await).await;
    let rows = house.rows.all();
    assert_eq!(rows[0].traits, rows[1].traits);
    assert!(rows[0].traits.is_cut);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_crosses_dialects_is_told_by_its_providers_own() {
    let stream = support::STREAM.replace("end_turn", "max_tokens");
    let house = easy(vec![streamed(vec![stream.into()])]);
    text(house.ask(Dialect::OpenAi, &question("claude-haiku-5-5", true)).await).await;
    let traits = house.rows.only().traits;
    assert_eq!((traits.is_cut, traits.max_tokens), (true, Some(50)));
}

#[tokio::test(start_paused = true)]
async fn requests_that_ask_the_same_have_one_hash_and_others_have_not() {
    let house =
        easy(vec![whole(200, &[], &message()), whole(200, &[], &message()), whole(200, &[], &message())]);
    let mut asked = question("claude-haiku-5-5", false);
    house.ask(Dialect::Anthropic, &asked).await;
    asked["metadata"] = json!({"user_id": "another"});
    house.ask(Dialect::Anthropic, &asked).await;
    asked["messages"][0]["content"] = json!("Hello");
    house.ask(Dialect::Anthropic, &asked).await;
    let hashes: Vec<_> = house.rows.all().iter().map(|row| row.traits.request_hash).collect();
    assert_eq!(hashes[0], hashes[1]);
    assert_ne!(hashes[0], hashes[2]);
}

#[tokio::test(start_paused = true)]
async fn who_asks_with_the_priority_batch_is_patient() {
    let house = easy(vec![whole(200, &[], &message()), whole(200, &[], &message())]);
    let asked = question("claude-haiku-5-5", false);
    house.ask_with(Dialect::Anthropic, &asked, &[("x-paceway-priority", "batch")]).await;
    house.ask(Dialect::Anthropic, &asked).await;
    let patient: Vec<_> = house.rows.all().iter().map(|row| row.traits.is_patient).collect();
    assert_eq!(patient, [true, false]);
}

#[tokio::test(start_paused = true)]
async fn one_in_eight_short_prompts_is_looked_at_for_how_hard_it_is() {
    let answers = (0..200).map(|_| whole(200, &[], &message())).collect();
    let house = easy(answers);
    for number in 0..200 {
        let mut asked = question("claude-haiku-5-5", false);
        asked["messages"][0]["content"] = json!(format!("What is {number} plus one?"));
        house.ask(Dialect::Anthropic, &asked).await;
    }
    let judged = house.rows.all().iter().filter(|row| row.traits.complexity.is_some()).count();
    assert!((10..=45).contains(&judged), "{judged}");
}

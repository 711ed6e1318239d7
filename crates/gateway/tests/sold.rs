//! What an answer says was sold, on its way to the ledger: service level, place, and what is not sold by the token.
#![allow(clippy::unwrap_used)]

mod support;

use paceway_domain::{Dialect, MicroUsd, ServiceTier};
use paceway_gateway::Endpoint;
use paceway_store::Row;
use serde_json::{Value, json};
use support::{STREAM, easy, message, question, streamed, text, whole};

/// The row of a request for this model whose answer has this usage.
async fn row_of(model: &str, usage: &Value) -> Row {
    let mut answer = message();
    answer["usage"] = usage.clone();
    let house = easy(vec![whole(200, &[], &answer)]);
    text(house.ask(Dialect::Anthropic, &question(model, false)).await).await;
    house.rows.only()
}

#[tokio::test(start_paused = true)]
async fn the_level_at_which_it_was_served_is_on_the_row_and_in_the_price() {
    let usage = json!({"input_tokens": 1_000, "output_tokens": 1_000, "service_tier": "batch"});
    let row = row_of("claude-sonnet-5-5", &usage).await;
    assert_eq!((row.tier, row.cost), (ServiceTier::Batch, Some(MicroUsd(6_000))));
    let usage = json!({"input_tokens": 1_000, "output_tokens": 1_000, "speed": "fast"});
    let row = row_of("claude-opus-4-8", &usage).await;
    assert_eq!((row.tier, row.cost), (ServiceTier::Fast, Some(MicroUsd(60_000))));
}

#[tokio::test(start_paused = true)]
async fn a_level_whose_price_nobody_knows_is_not_priced_at_all() {
    let row = row_of("claude-sonnet-5-5", &json!({"input_tokens": 9, "service_tier": "priority"})).await;
    assert_eq!((row.tier, row.cost), (ServiceTier::Priority, None));
}

#[tokio::test(start_paused = true)]
async fn the_row_names_the_price_list_or_why_there_is_no_price() {
    let used = |tier: &str| json!({"input_tokens": 9, "output_tokens": 1, "service_tier": tier});
    assert_eq!(row_of("claude-sonnet-5-5", &used("standard")).await.price_source, "catalogue 2026-11-12");
    assert_eq!(row_of("claude-sonnet-5-5", &used("priority")).await.price_source, "unknown tier: priority");
    assert_eq!(row_of("claude-of-nobody", &used("standard")).await.price_source, "unknown model");
}

#[tokio::test(start_paused = true)]
async fn the_place_and_searches_are_in_the_price() {
    let usage = json!({"input_tokens": 1_000, "output_tokens": 100, "inference_geo": "us",
        "server_tool_use": {"web_search_requests": 1}});
    let row = row_of("claude-sonnet-5-5", &usage).await;
    // (2,000 + 1,000) × 1.1, and 10 dollars for a thousand searches.
    assert_eq!((row.usage.web_searches, row.cost), (1, Some(MicroUsd(13_300))));
}

#[tokio::test(start_paused = true)]
async fn a_stream_tells_the_level_as_well() {
    let stream = STREAM
        .replace("\"output_tokens\":1}}}", "\"output_tokens\":1,\"service_tier\":\"batch\"}}}")
        .replace("claude-haiku-5-5", "claude-sonnet-5-5");
    let house = easy(vec![streamed(vec![stream.into()])]);
    text(house.ask(Dialect::Anthropic, &question("claude-sonnet-5-5", true)).await).await;
    let row = house.rows.only();
    // 100 × 1 + 7 × 0.05 + 20 × 5 = 200.35
    assert_eq!((row.tier, row.cost), (ServiceTier::Batch, Some(MicroUsd(200))));
}

#[tokio::test(start_paused = true)]
async fn what_is_spoken_is_sold_by_the_character() {
    let house = easy(vec![whole(200, &[("content-type", "audio/mpeg")], &json!("sound"))]);
    let body = json!({"model": "openai/tts-1", "voice": "alloy", "input": "x".repeat(1_000)});
    text(house.ask_for(Endpoint::Speech, &body).await).await;
    assert_eq!(house.rows.only().cost, Some(MicroUsd(15_000)));
}

#[tokio::test(start_paused = true)]
async fn pictures_are_sold_by_the_token_or_not_priced() {
    let usage = json!({"input_tokens": 100, "output_tokens": 1_000, "total_tokens": 1_100,
        "output_tokens_details": {"image_tokens": 1_000}});
    let drawn = json!({"created": 1, "data": [{"b64_json": "x"}], "usage": usage});
    let house = easy(vec![whole(200, &[], &drawn)]);
    let body = |model: &str| json!({"model": model, "prompt": "a cat"});
    text(house.ask_for(Endpoint::Images, &body("openai/gpt-image-1")).await).await;
    let row = house.rows.only();
    assert_eq!((row.usage.image_output.get(), row.cost), (1_000, Some(MicroUsd(40_500))));
    let untold = json!({"created": 1, "data": [{"url": "https://x"}]});
    let house = easy(vec![whole(200, &[], &untold)]);
    text(house.ask_for(Endpoint::Images, &body("openai/dall-e-3")).await).await;
    let row = house.rows.only();
    assert_eq!((row.cost, row.price_source.as_str()), (None, "unknown model"));
}

#[tokio::test(start_paused = true)]
async fn an_error_costs_nothing_whoever_gives_it() {
    let house =
        easy(vec![whole(400, &[], &json!({"error": {"message": "no", "type": "invalid_request_error"}}))]);
    text(house.ask_for(Endpoint::Speech, &json!({"model": "openai/tts-9", "input": "x"})).await).await;
    let row = house.rows.only();
    assert_eq!((row.cost, row.price_source.as_str()), (Some(MicroUsd::ZERO), "not sold"));
}

//! What becomes of a request when a provider, or our own rules, limit it: in virtual time.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use paceway_domain::Dialect;
use paceway_gateway::provider::ProviderSettings;
use paceway_gateway::standing::CallerRule;
use paceway_gateway::{Answer, Arrival, Endpoint, pipeline};
use paceway_scheduler::{Charging, Limits, Priority};
use serde_json::{Value, json};
use support::{
    House, KEY, STREAM, at_once, easy, house, house_of, key, message, provider, question, requests, streamed,
    text, whole,
};

fn refusal(message: &str) -> Value {
    json!({"type": "error", "error": {"type": "rate_limit_error", "message": message}})
}

/// Two keys of two organisations, of whose limits nothing is known.
fn two_keys() -> Vec<ProviderSettings> {
    let unknown = Limits::unknown(Charging::AsGenerated);
    let keys = vec![key("a", "sk-a", "a"), key("b", "sk-b", "b")];
    vec![ProviderSettings { keys, ..provider("anthropic", Dialect::Anthropic, "claude-*", unknown) }]
}

fn keys_used(house: &House) -> Vec<String> {
    let calls = house.script.calls.lock().unwrap();
    calls.iter().map(|call| call.headers["x-api-key"].to_str().unwrap().to_owned()).collect()
}

async fn ask(house: &House) -> Answer {
    house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", false)).await
}

async fn ask_with(house: &House, headers: &[(&'static str, &'static str)]) -> Answer {
    let mut arrival = Arrival {
        id: house.gateway.new_request_id(),
        dialect: Dialect::Anthropic,
        endpoint: Endpoint::Generate,
        address: paceway_gateway::Address::default(),
        headers: http::HeaderMap::new(),
        query: None,
        body: question("claude-haiku-5-5", false).to_string().into(),
    };
    arrival.headers.insert("x-api-key", HeaderValue::from_static(KEY));
    for &(name, value) in headers {
        arrival.headers.insert(name, HeaderValue::from_static(value));
    }
    pipeline::serve(&house.gateway, arrival).await
}

#[tokio::test(start_paused = true)]
async fn another_key_is_used_before_anything_is_slept() {
    let limited = refusal("This request would exceed your rate limit of 50 requests per minute.");
    let answers = vec![whole(429, &[("retry-after", "30")], &limited), whole(200, &[], &message())];
    let house = house_of(answers, two_keys(), Vec::new(), Duration::ZERO);
    let answer = ask(&house).await;
    assert_eq!(
        (answer.status, &answer.headers["x-paceway-queued-ms"]),
        (StatusCode::OK, &HeaderValue::from(0))
    );
    assert_eq!(keys_used(&house), ["sk-a", "sk-b"]);
}

#[tokio::test(start_paused = true)]
async fn a_key_whose_account_is_empty_is_left_for_another_and_with_none_left_the_client_is_told_at_once() {
    let broke = json!({"type": "error", "error": {"type": "billing_error", "message": "Your credit balance is too low"}});
    let answers = vec![whole(402, &[], &broke), whole(402, &[], &broke)];
    let house = house_of(answers, two_keys(), Vec::new(), Duration::ZERO);
    let before = house.gateway.clock.now();
    let answer = ask(&house).await;
    assert_eq!(answer.status.as_u16(), 402);
    assert_eq!(house.gateway.clock.now(), before);
    assert_eq!(keys_used(&house), ["sk-a", "sk-b"]);
}

#[tokio::test(start_paused = true)]
async fn an_overload_without_a_word_is_backed_off_from_and_survived() {
    let overloaded = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let house =
        easy(vec![whole(529, &[], &overloaded), whole(529, &[], &overloaded), whole(200, &[], &message())]);
    let before = house.gateway.clock.now();
    assert_eq!(ask(&house).await.status, 200);
    let waited = house.gateway.clock.now().since(before);
    assert!((Duration::from_millis(1_400)..Duration::from_millis(1_600)).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn the_wait_in_a_body_counts_to_the_millisecond() {
    let said = json!({"error": {"message": "Rate limit reached for gpt-5-nano in organization org-x on tokens per min \
        (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 1.234s.", "type": "tokens", "code":
        "rate_limit_exceeded"}});
    let fine = json!({"id": "x", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant",
        "content": "Hi"}}], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}});
    let unknown = Limits::unknown(Charging::Reserved);
    let providers = vec![provider("openai", Dialect::OpenAi, "gpt-*", unknown)];
    let house =
        house_of(vec![whole(429, &[], &said), whole(200, &[], &fine)], providers, Vec::new(), Duration::ZERO);
    let before = house.gateway.clock.now();
    assert_eq!(house.ask(Dialect::OpenAi, &question("gpt-5-nano", false)).await.status, 200);
    let waited = house.gateway.clock.now().since(before).as_millis();
    assert!((1_100..1_300).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn what_is_final_is_not_tried_again() {
    let house = easy(vec![whole(429, &[("retry-after", "1"), ("x-should-retry", "false")], &refusal("No."))]);
    assert_eq!(ask(&house).await.status, 429);
    assert_eq!(house.script.calls.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_429_of_ours_says_when_and_claude_code_understands_it() {
    let house = house(vec![whole(200, &[], &message())], requests(1, 1), Duration::ZERO);
    ask(&house).await;
    let told = ask_with(&house, &[("x-stainless-timeout", "10")]).await;
    assert_eq!(told.status, 429);
    assert_eq!(told.headers["retry-after"], "60");
    assert_eq!(told.headers["anthropic-ratelimit-unified-status"], "rejected");
    let reset: u64 = told.headers["anthropic-ratelimit-unified-reset"].to_str().unwrap().parse().unwrap();
    assert!(reset.abs_diff(house.gateway.clock.wall().0 / 1_000 + 60) <= 1);
}

#[tokio::test(start_paused = true)]
async fn the_clients_own_timeout_is_its_deadline() {
    let house =
        house(vec![whole(200, &[], &message()), whole(200, &[], &message())], requests(2, 1), Duration::ZERO);
    ask(&house).await;
    assert_eq!(ask_with(&house, &[("x-stainless-read-timeout", "20")]).await.status, 429);
    assert_eq!(ask_with(&house, &[("x-stainless-read-timeout", "40")]).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_key_has_limits_of_its_own_and_waits_for_them() {
    let rule = CallerRule {
        name: "interns".into(),
        keys: vec!["te*".into()],
        priority: Priority::Low,
        weight: 1,
        is_team: false,
        models: vec!["*".into()],
        limits: Some(requests(60, 1)),
    };
    let providers = vec![provider("anthropic", Dialect::Anthropic, "claude-*", at_once(10))];
    let answers = (0..2).map(|_| whole(200, &[], &message())).collect();
    let house = Arc::new(house_of(answers, providers, vec![rule], Duration::ZERO));
    assert_eq!(ask(&house).await.headers["x-paceway-queued-ms"], "0");
    let waited: u64 = ask(&house).await.headers["x-paceway-queued-ms"].to_str().unwrap().parse().unwrap();
    assert!((990..1_010).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn every_key_is_tried_however_few_attempts_one_key_gets() {
    let limited = refusal("This request would exceed your rate limit of 50 requests per minute.");
    let mut answers: Vec<_> = (0..6).map(|_| whole(429, &[("retry-after", "30")], &limited)).collect();
    answers.push(whole(200, &[], &message()));
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let keys = names.map(|name| key(name, &format!("sk-{name}"), name)).to_vec();
    let unknown = Limits::unknown(Charging::AsGenerated);
    let providers =
        vec![ProviderSettings { keys, ..provider("anthropic", Dialect::Anthropic, "claude-*", unknown) }];
    // One attempt may be made again three times, seven keys or not.
    let house = house_of(answers, providers, Vec::new(), Duration::ZERO);
    assert_eq!(ask(&house).await.status, 200);
    assert_eq!(keys_used(&house).len(), 7);
}

#[tokio::test(start_paused = true)]
async fn with_all_keys_used_up_the_client_is_told_the_soonest_release_of_any() {
    let limited = refusal("This request would exceed your rate limit of 50 requests per minute.");
    let answers = vec![
        whole(429, &[("retry-after", "7000")], &limited),
        whole(429, &[("retry-after", "90")], &limited),
    ];
    let house = house_of(answers, two_keys(), Vec::new(), Duration::ZERO);
    for _ in 0..2 {
        let told = ask(&house).await;
        assert_eq!((told.status.as_u16(), &told.headers["retry-after"]), (429, &HeaderValue::from(90)));
    }
    assert_eq!(keys_used(&house).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_waits_gets_signs_of_life_with_its_place_and_then_its_answer() {
    let answers = vec![whole(200, &[], &message()), streamed(vec![Bytes::from_static(STREAM.as_bytes())])];
    let house = house(answers, requests(2, 1), Duration::ZERO);
    ask(&house).await;
    let asked = question("claude-haiku-5-5", true);
    let before = house.gateway.clock.now();
    let answer = house.ask(Dialect::Anthropic, &asked).await;
    assert_eq!(house.gateway.clock.now().since(before), Duration::from_secs(15));
    assert_eq!(
        (answer.status, &answer.headers["content-type"]),
        (StatusCode::OK, &HeaderValue::from_static("text/event-stream; charset=utf-8"))
    );
    let seen = text(answer).await;
    let sign = ": 0 before this request in the queue\nevent: ping\ndata: {\"type\": \"ping\"}\n\n";
    assert!(seen.starts_with(sign), "{seen}");
    assert!(seen.ends_with(STREAM), "{seen}");
    assert_eq!(house.rows.all().last().unwrap().outcome, "completed");
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_after_a_sign_of_life_is_told_in_the_stream_in_either_dialect() {
    for (dialect, error) in [
        (Dialect::Anthropic, "event: error\ndata: {\"type\":\"error\""),
        (Dialect::OpenAi, "data: {\"error\""),
    ] {
        let answers = vec![
            whole(200, &[], &message()),
            whole(400, &[], &json!({"error": {"message": "No such thing."}})),
        ];
        let house = house(answers, requests(2, 1), Duration::ZERO);
        ask(&house).await;
        let answer = house.ask(dialect, &question("claude-haiku-5-5", true)).await;
        assert_eq!(answer.status, 200);
        let seen = text(answer).await;
        assert!(seen.contains(error) && seen.contains("No such thing."), "{seen}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_retried_as_a_whole_answer_is() {
    let overloaded = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let answers = vec![whole(529, &[], &overloaded), streamed(vec![Bytes::from_static(STREAM.as_bytes())])];
    let house = easy(answers);
    let answer = house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", true)).await;
    assert_eq!((answer.status.as_u16(), text(answer).await.as_str()), (200, STREAM));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_inside_a_stream_holds_the_next_request_back() {
    let unknown = Limits::unknown(Charging::Reserved);
    let providers = vec![provider("openai", Dialect::OpenAi, "gpt-*", unknown)];
    let refused =
        "data: {\"error\":{\"message\":\"Rate limit reached. Please try again in 7s.\",\"code\":429}}\n\n";
    let answers = vec![streamed(vec![Bytes::from_static(refused.as_bytes())]), whole(200, &[], &json!({}))];
    let house = house_of(answers, providers, Vec::new(), Duration::ZERO);
    text(house.ask(Dialect::OpenAi, &question("gpt-5-nano", true)).await).await;
    let before = house.gateway.clock.now();
    house.ask(Dialect::OpenAi, &question("gpt-5-nano", false)).await;
    assert!(house.gateway.clock.now().since(before) >= Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn an_answer_says_what_is_left_of_the_limits() {
    let house = house(
        vec![whole(200, &[], &message()), whole(200, &[], &message())],
        requests(60, 10),
        Duration::ZERO,
    );
    let answer = ask(&house).await;
    assert_eq!(answer.headers["ratelimit-policy"], "\"requests-per-minute\";q=60;w=60");
    assert_eq!(answer.headers["ratelimit"], "\"requests-per-minute\";r=9;t=1");
    let crossed = house.ask(Dialect::OpenAi, &question("claude-haiku-5-5", false)).await;
    assert_eq!(crossed.headers["x-ratelimit-remaining-requests"], "8");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_waited_says_why() {
    let house = house(
        vec![whole(200, &[], &message()), whole(200, &[], &message())],
        requests(60, 1),
        Duration::ZERO,
    );
    ask(&house).await;
    assert_eq!(ask(&house).await.headers["x-paceway-wait-reason"], "requests per minute");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_asked_says_what_the_limits_are() {
    let grants = json!({"data": [{"type": "rate_limit", "group_type": "model_group", "models": ["claude-haiku-5-5"],
        "limits": [{"type": "requests_per_minute", "value": 7}]}], "next_page": null});
    let unknown = Limits::unknown(Charging::AsGenerated);
    let admin = Some(key("admin", "sk-ant-admin", "main"));
    let pools = Vec::new();
    let one =
        ProviderSettings { admin, pools, ..provider("anthropic", Dialect::Anthropic, "claude-*", unknown) };
    let house = house_of(
        vec![whole(200, &[], &message()), whole(200, &[], &grants)],
        vec![one],
        Vec::new(),
        Duration::ZERO,
    );
    ask(&house).await;
    let current = Arc::new(paceway_gateway::Current::new(Arc::clone(&house.gateway)));
    let following = tokio::spawn(paceway_gateway::grants::follow(current));
    tokio::time::sleep(Duration::from_secs(1)).await;
    following.abort();
    let report = paceway_gateway::limits_report::report(&house.gateway);
    assert_eq!(report.pools[0].state.meters[0].limit, 7);
    let calls = house.script.calls.lock().unwrap();
    assert_eq!(calls[1].uri.path(), "/v1/organizations/rate_limits");
    assert_eq!(calls[1].headers["x-api-key"], "sk-ant-admin");
}

#[tokio::test(start_paused = true)]
async fn a_tier_is_where_to_begin() {
    let unknown = Limits::unknown(Charging::AsGenerated);
    let tier = Some("start".into());
    let one = ProviderSettings {
        tier,
        pools: Vec::new(),
        ..provider("anthropic", Dialect::Anthropic, "claude-*", unknown)
    };
    let house = house_of(vec![whole(200, &[], &message())], vec![one], Vec::new(), Duration::ZERO);
    let answer = ask(&house).await;
    assert!(
        answer.headers["ratelimit-policy"]
            .to_str()
            .unwrap()
            .starts_with("\"requests-per-minute\";q=1000;w=60")
    );
}

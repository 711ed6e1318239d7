//! Which target a request goes to: by what is known of the targets, by what it holds, and by what its caller wishes.
#![allow(clippy::unwrap_used, clippy::unnecessary_wraps)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use paceway_domain::Dialect;
use paceway_gateway::explain::Decision;
use paceway_gateway::fleet::{AliasSettings, ChainRules, Escalation, EscalationBy, Sticky, TargetSettings};
use paceway_gateway::provider::ProviderSettings;
use paceway_policy::routing::rules::Rule;
use paceway_policy::routing::strategy::Strategy;
use paceway_scheduler::Limits;
use paceway_upstream::Answer;
use serde_json::{Value, json};
use support::{House, fallback, house_with, message, provider, question, requests, text, whole};

fn at(name: &str, limits: Limits) -> ProviderSettings {
    let mut settings = provider(name, Dialect::Anthropic, "claude-*", limits);
    settings.ways[0].base_url = format!("http://{name}.test").parse().unwrap();
    settings.candidate.catalogue = "anthropic".into();
    settings.region = Some(format!("{name}-1"));
    settings
}

fn target(model: &str) -> TargetSettings {
    TargetSettings { model: model.into(), weight: 1, when: None }
}

fn good() -> Result<Answer, paceway_domain::Failure> {
    whole(200, &[], &message())
}

/// Two providers, and the alias `smart` for a dear model at the one and a cheap one at the other.
fn house(change: impl FnOnce(&mut AliasSettings)) -> House {
    house_at(Limits::none(), change)
}

fn house_at(limits: Limits, change: impl FnOnce(&mut AliasSettings)) -> House {
    let mut settings = AliasSettings {
        targets: vec![target("us/claude-opus-5-5"), target("eu/claude-haiku-4-5")],
        rules: ChainRules::plain(fallback()),
    };
    change(&mut settings);
    house_with(
        (0..40).map(|_| good()).collect(),
        vec![at("us", limits), at("eu", Limits::none())],
        Vec::new(),
        Duration::from_millis(10),
        0,
        BTreeMap::from([("smart".to_owned(), settings)]),
    )
}

fn by(strategy: &str) -> impl FnOnce(&mut AliasSettings) {
    let strategies: Vec<Strategy> = vec![strategy.parse().unwrap()];
    move |alias| alias.rules.strategies = strategies
}

async fn went(house: &House, body: &Value, headers: &[(&'static str, &'static str)]) -> String {
    let answer = house.ask_with(Dialect::Anthropic, body, headers).await;
    let provider = answer.headers.get("x-paceway-provider").map(|name| name.to_str().unwrap().to_owned());
    let status = answer.status.as_u16();
    provider.unwrap_or(format!("{status}: {}", text(answer).await))
}

async fn goes(house: &House) -> String {
    went(house, &question("smart", false), &[]).await
}

fn decision_of(house: &House, id: &str) -> Arc<Decision> {
    house.gateway.decisions.find(id).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_cheapest_serves_and_the_record_says_by_how_much() {
    let house = house(by("cheapest"));
    let answer = house.ask(Dialect::Anthropic, &question("smart", false)).await;
    assert_eq!(answer.headers["x-paceway-provider"], "eu");
    let id = answer.headers["x-paceway-request-id"].to_str().unwrap().to_owned();
    text(answer).await;
    let decision = decision_of(&house, &id);
    let [first, second] = decision.candidates.as_slice() else { panic!("{decision:?}") };
    assert!(first.why.starts_with("cheapest: $") && first.why.contains(" against $"), "{}", first.why);
    assert!(first.known.price_microusd.unwrap() < second.known.price_microusd.unwrap());
    let [attempt] = decision.attempts.as_slice() else { panic!("{decision:?}") };
    assert_eq!((attempt.target.as_str(), attempt.result.as_str()), ("eu/claude-haiku-4-5", "served"));
    assert_eq!(decision.outcome, "completed");
}

#[tokio::test(start_paused = true)]
async fn in_the_configured_order_the_first_serves() {
    assert_eq!(goes(&house(|_| {})).await, "us");
}

#[tokio::test(start_paused = true)]
async fn weights_share_the_traffic_and_weight_zero_is_only_a_fallback() {
    let house = house(|alias| {
        by("weighted")(alias);
        alias.targets[0].weight = 0;
    });
    for _ in 0..20 {
        assert_eq!(goes(&house).await, "eu");
    }
}

#[tokio::test(start_paused = true)]
async fn most_headroom_goes_where_more_of_the_limits_is_free() {
    let house = house_at(requests(60, 10), by("most_headroom"));
    // As much is free at both: the first serves, and then it has less.
    assert_eq!(goes(&house).await, "us");
    assert_eq!(goes(&house).await, "eu");
}

#[tokio::test(start_paused = true)]
async fn lowest_latency_tries_both_and_stays_with_the_quicker() {
    let house = house(by("lowest_latency"));
    let first = [goes(&house).await, goes(&house).await];
    assert!(first.contains(&"us".to_owned()) && first.contains(&"eu".to_owned()), "{first:?}");
}

#[tokio::test(start_paused = true)]
async fn nearest_prefers_and_regions_pin() {
    assert_eq!(goes(&house(by("nearest: eu-*"))).await, "eu");
    let pinned =
        |region: &'static str| move |alias: &mut AliasSettings| alias.rules.regions = vec![region.into()];
    assert_eq!(goes(&house(pinned("eu-*"))).await, "eu");
    let refused = goes(&house(pinned("mars-*"))).await;
    assert!(refused.starts_with("400") && refused.contains("region us-1"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_rule_leaves_its_target_out_where_it_does_not_hold() {
    let ruled = |rule: &'static str| {
        move |alias: &mut AliasSettings| alias.targets[0].when = Some(Rule::parse(rule).unwrap())
    };
    assert_eq!(goes(&house(ruled("input_tokens > 1000"))).await, "eu");
    assert_eq!(goes(&house(ruled("key == 'test' && !stream && tools == 0"))).await, "us");
    assert_eq!(goes(&house(ruled("team == 'default'"))).await, "us");
    assert_eq!(goes(&house(ruled("team == 'search'"))).await, "eu");
    let tagged = house(ruled("headers['x-paceway-tag-feature'] == 'search'"));
    assert_eq!(went(&tagged, &question("smart", false), &[("x-paceway-tag-feature", "search")]).await, "us");
    assert_eq!(goes(&tagged).await, "eu");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_known_to_lack_room_is_left_out() {
    let mut long = question("smart", false);
    long["messages"][0]["content"] = json!("word ".repeat(260_000));
    let house = house(by("cheapest"));
    assert_eq!(went(&house, &long, &[]).await, "us", "Haiku 4.5 has 200,000 tokens");
}

#[tokio::test(start_paused = true)]
async fn a_session_keeps_its_target_and_sessions_are_shared_out() {
    let house = house(|alias| {
        alias.targets[1].model = "eu/claude-opus-5-5".into();
        alias.rules.sticky = Sticky::Session;
    });
    let sessions =
        ["0f3a", "77b1", "c2d9", "41ee", "9a05", "e6f2", "5b8c", "d310", "28a7", "b4c6", "1e9d", "86f0"];
    let mut homes = Vec::new();
    for session in sessions {
        let headers = [("x-paceway-session", session)];
        let home = went(&house, &question("smart", false), &headers).await;
        assert_eq!(went(&house, &question("smart", false), &headers).await, home);
        homes.push(home);
    }
    assert!(homes.contains(&"us".to_owned()) && homes.contains(&"eu".to_owned()), "{homes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_looks_hard_goes_to_the_stronger_model() {
    let house = house(|alias| {
        alias.targets.swap(0, 1);
        alias.rules.escalation = Some(Escalation { by: EscalationBy::Prompt, threshold: 0.5 });
    });
    assert_eq!(goes(&house).await, "eu", "`Hi` is easy");
    let mut hard = question("smart", false);
    hard["messages"][0]["content"] = json!(
        "Prove that every finite integral domain is a field, and then determine all ring homomorphisms from Z[x]/(x^2 + 1) to \
         the finite field with 49 elements. Explain each step rigorously."
    );
    assert_eq!(went(&house, &hard, &[]).await, "us");
}

#[tokio::test(start_paused = true)]
async fn a_caller_may_wish_within_what_is_configured() {
    let house = house(|_| {});
    let body = question("smart", false);
    assert_eq!(went(&house, &body, &[("x-paceway-only", "eu")]).await, "eu");
    assert_eq!(went(&house, &body, &[("x-paceway-ignore", "us")]).await, "eu");
    assert_eq!(went(&house, &body, &[("x-paceway-strategy", "cheapest")]).await, "eu");
    let other = question("us/claude-opus-5-5", false);
    let models = [("x-paceway-models", "eu/claude-haiku-4-5"), ("x-paceway-ignore", "us")];
    assert_eq!(went(&house, &other, &models).await, "eu");
    let dear = went(&house, &body, &[("x-paceway-max-price", "0.0000001")]).await;
    assert!(dear.starts_with("400") && dear.contains("more than the caller's"), "{dear}");
    let wrong = went(&house, &body, &[("x-paceway-strategy", "dearest")]).await;
    assert!(wrong.contains("x-paceway-strategy") && wrong.contains("least_busy"), "{wrong}");
}

#[tokio::test(start_paused = true)]
async fn the_fields_that_openrouters_users_know_are_read_and_taken_out() {
    let house = house(|_| {});
    let body = json!({
        "model": "us/claude-opus-5-5",
        "models": ["eu/claude-haiku-4-5"],
        "provider": {"order": ["eu"], "sort": "price", "max_price": {"prompt": 2, "completion": "10"}},
        "messages": [{"role": "user", "content": "Hi"}],
    });
    let answer = house.ask(Dialect::OpenAi, &body).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["x-paceway-provider"]),
        (200, &"eu".parse().unwrap())
    );
    let sent = house.sent();
    assert!(sent.get("models").is_none() && sent.get("provider").is_none(), "{sent}");
    let private =
        json!({"model": "smart", "provider": {"zdr": true}, "messages": [{"role": "user", "content": "Hi"}]});
    let told = text(house.ask(Dialect::OpenAi, &private).await).await;
    assert!(told.contains("provider.zdr") && told.contains("provider.only"), "{told}");
    let wrong = json!({"model": "smart", "provider": {"sort": "beauty"}, "messages": [{"role": "user", "content": "Hi"}]});
    let told = text(house.ask(Dialect::OpenAi, &wrong).await).await;
    assert!(told.contains("provider.sort") && told.contains("latency"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn the_order_that_a_caller_wishes_goes_before_the_strategy() {
    let house = house(by("cheapest"));
    let mut body = question("smart", false);
    body["provider"] = json!({"order": ["us"]});
    let answer = house.ask(Dialect::OpenAi, &body).await;
    assert_eq!(answer.headers["x-paceway-provider"], "us");
}

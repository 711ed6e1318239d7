//! Two targets for one request: a hedge where the first is late, a cascade where the first looks wrong.
#![allow(clippy::unwrap_used, clippy::unnecessary_wraps)]

mod support;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::BoxFuture;
use paceway_domain::failure::Phase;
use paceway_domain::{Dialect, Failure};
use paceway_gateway::Gateway;
use paceway_gateway::fleet::{AliasSettings, Escalation, EscalationBy};
use paceway_gateway::provider::ProviderSettings;
use paceway_scheduler::Limits;
use paceway_upstream::{Answer, Call, Upstream};
use serde_json::{Value, json};
use support::{House, alias, house_with, message, provider, question, text, whole};

fn at(name: &str, limits: Limits) -> ProviderSettings {
    let mut settings = provider(name, Dialect::Anthropic, "claude-*", limits);
    settings.ways[0].base_url = format!("http://{name}.test").parse().unwrap();
    settings.candidate.catalogue = "anthropic".into();
    settings
}

fn of_two(answers: Vec<Result<Answer, Failure>>, change: impl FnOnce(&mut AliasSettings)) -> House {
    of_one_and(Limits::none(), answers, change)
}

/// A house of two targets, of which the second has these limits.
fn of_one_and(
    seconds: Limits,
    answers: Vec<Result<Answer, Failure>>,
    change: impl FnOnce(&mut AliasSettings),
) -> House {
    let (name, mut settings) = alias("smart", &["one/claude-haiku-4-5", "two/claude-opus-5-5"]);
    change(&mut settings);
    let aliases = BTreeMap::from([(name, settings)]);
    house_with(
        answers,
        vec![at("one", Limits::none()), at("two", seconds)],
        Vec::new(),
        Duration::ZERO,
        0,
        aliases,
    )
}

/// A provider whose answers take as long as each host has set.
struct Slow {
    latency: Mutex<BTreeMap<&'static str, Result<Duration, Failure>>>,
    asked: Mutex<Vec<String>>,
}

impl Upstream for Slow {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, Failure>> {
        let host = call.uri.host().unwrap().to_owned();
        self.asked.lock().unwrap().push(host.clone());
        let latency = self.latency.lock().unwrap()[host.trim_end_matches(".test")].clone();
        Box::pin(async move {
            tokio::time::sleep(latency?).await;
            whole(200, &[], &message())
        })
    }
}

impl Slow {
    fn takes(&self, host: &'static str, latency: Result<Duration, Failure>) {
        self.latency.lock().unwrap().insert(host, latency);
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// A house that hedges, and knows that its first target answers within 100 ms.
async fn hedging() -> (House, std::sync::Arc<Slow>) {
    hedging_to(Limits::none()).await
}

/// One whose second target has these limits.
async fn hedging_to(limits: Limits) -> (House, std::sync::Arc<Slow>) {
    let mut house = of_one_and(limits, Vec::new(), |alias| alias.rules.hedges = true);
    let slow = std::sync::Arc::new(Slow { latency: Mutex::default(), asked: Mutex::default() });
    slow.takes("one", Ok(Duration::from_millis(100)));
    slow.takes("two", Ok(Duration::from_millis(50)));
    let gateway: &mut Gateway = std::sync::Arc::get_mut(&mut house.gateway).unwrap();
    gateway.upstream = std::sync::Arc::clone(&slow) as std::sync::Arc<dyn Upstream>;
    for _ in 0..30 {
        assert_eq!(ask(&house).await.1, "one");
    }
    (house, slow)
}

async fn ask(house: &House) -> (u16, String, String) {
    let answer = house.ask(Dialect::Anthropic, &question("smart", false)).await;
    let provider = answer.headers.get("x-paceway-provider").map(|name| name.to_str().unwrap().to_owned());
    (answer.status.as_u16(), provider.unwrap_or_default(), text(answer).await)
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_late_is_overtaken_and_the_loser_is_on_the_bill() {
    let (house, slow) = hedging().await;
    slow.takes("one", Ok(Duration::from_secs(30)));
    let before = house.gateway.clock.now();
    assert_eq!(ask(&house).await.1, "two");
    let took = house.gateway.clock.now().since(before);
    assert!((150..200).contains(&took.as_millis()), "{took:?}");
    let rows = house.rows.all();
    let [.., lost, served] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(
        (lost.provider.as_str(), lost.outcome.as_str(), lost.usage_is_estimated),
        ("one", "hedge_lost", true)
    );
    assert!(lost.usage.input.get() > 0 && lost.cost.is_some());
    assert_eq!((served.provider.as_str(), served.outcome.as_str()), ("two", "completed"));
}

#[tokio::test(start_paused = true)]
async fn who_was_overtaken_is_known_to_be_slow() {
    let (house, slow) = hedging().await;
    slow.takes("one", Ok(Duration::from_secs(30)));
    slow.takes("two", Ok(Duration::from_secs(2)));
    ask(&house).await;
    let answer = house.ask(Dialect::Anthropic, &question("smart", false)).await;
    let id = answer.headers["x-paceway-request-id"].to_str().unwrap().to_owned();
    text(answer).await;
    let record = house.gateway.decisions.find(&id).unwrap();
    assert!(record.candidates[0].known.first_byte_ms.unwrap() > 1_900, "{record:?}");
}

#[tokio::test(start_paused = true)]
async fn the_first_still_serves_if_it_is_sooner_after_all() {
    let (house, slow) = hedging().await;
    slow.takes("one", Ok(Duration::from_millis(120)));
    slow.takes("two", Ok(Duration::from_secs(5)));
    assert_eq!(ask(&house).await.1, "one");
    let rows = house.rows.all();
    let lost: Vec<_> = rows.iter().filter(|row| row.outcome == "hedge_lost").collect();
    assert_eq!((lost.len(), lost[0].provider.as_str()), (1, "two"));
}

#[tokio::test(start_paused = true)]
async fn a_hedge_that_fails_leaves_the_first_as_it_was_and_the_other_way_round() {
    let (house, slow) = hedging().await;
    slow.takes("one", Ok(Duration::from_millis(300)));
    slow.takes("two", Err(Failure::Connect("refused".into())));
    assert_eq!(ask(&house).await.1, "one");
    let (house, slow) = hedging().await;
    slow.takes("one", Ok(Duration::from_secs(30)));
    slow.takes("two", Ok(Duration::from_secs(40)));
    let asking = ask(&house);
    let failing = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let ((status, provider, _), ()) = tokio::join!(asking, failing);
    assert_eq!((status, provider.as_str()), (200, "one"));
}

#[tokio::test(start_paused = true)]
async fn a_hedge_goes_at_once_or_not_at_all() {
    let (house, slow) = hedging_to(support::at_once(1)).await;
    slow.takes("one", Ok(Duration::from_millis(500)));
    slow.takes("two", Ok(Duration::from_secs(1)));
    let before = house.gateway.clock.now();
    let direct = question("two/claude-opus-5-5", false);
    let others = house.ask(Dialect::Anthropic, &direct);
    let hedging = async {
        let (status, provider, _) = ask(&house).await;
        (status, provider, house.gateway.clock.now().since(before).as_millis())
    };
    let (_, served) = tokio::join!(others, hedging);
    assert_eq!(served, (200, "one".to_owned(), 500));
}

#[tokio::test(start_paused = true)]
async fn who_could_not_hedge_goes_elsewhere_all_the_same_when_the_breaker_opens() {
    let (house, slow) = hedging_to(support::at_once(1)).await;
    slow.takes("one", Ok(Duration::from_secs(30)));
    slow.takes("two", Ok(Duration::from_secs(1)));
    let before = house.gateway.clock.now();
    let others = async {
        // Until then the second target has no room.
        house.ask(Dialect::Anthropic, &question("two/claude-opus-5-5", false)).await;
        slow.takes("one", Err(Failure::Timeout(Phase::Headers, Duration::from_secs(2))));
        for _ in 0..5 {
            house.ask(Dialect::Anthropic, &question("one/claude-haiku-4-5", false)).await;
        }
    };
    let ((), (status, provider, _)) = tokio::join!(others, ask(&house));
    assert_eq!((status, provider.as_str()), (200, "two"));
    assert_eq!(house.gateway.clock.now().since(before).as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_is_not_late_is_not_overtaken() {
    let (house, slow) = hedging().await;
    let before = slow.asked();
    ask(&house).await;
    assert_eq!(slow.asked(), before + 1);
    assert!(house.rows.all().iter().all(|row| row.outcome == "completed"));
}

fn said(words: &str) -> Result<Answer, Failure> {
    let mut answer = message();
    answer["content"][0]["text"] = json!(words);
    whole(200, &[], &answer)
}

fn sum() -> Value {
    let mut body = question("smart", false);
    body["messages"][0]["content"] =
        json!("A shop sells 12 boxes with 7 pens each and 5 single pens. How many pens does it sell?");
    body
}

fn cascade(answers: Vec<Result<Answer, Failure>>) -> House {
    of_two(answers, |alias| {
        alias.rules.escalation = Some(Escalation { by: EscalationBy::Answer, threshold: 0.5 });
    })
}

const WRONG: &str = "12 * 7 = 74, and 74 + 5 = 80. I am not sure. The answer is 81.5 pens.";
const RIGHT: &str = "12 * 7 = 84 and 84 + 5 = 89, so it sells 89 pens.\n#### 89";

#[tokio::test(start_paused = true)]
async fn an_answer_that_looks_wrong_is_asked_of_the_stronger_model_and_both_are_paid_for() {
    let house = cascade(vec![said(WRONG), said(RIGHT)]);
    let answer = house.ask(Dialect::Anthropic, &sum()).await;
    assert_eq!(answer.headers["x-paceway-provider"], "two");
    assert_eq!(answer.headers["x-paceway-tried"], "one/claude-haiku-4-5 (doubt)");
    let id = answer.headers["x-paceway-request-id"].to_str().unwrap().to_owned();
    assert!(text(answer).await.contains("#### 89"));
    let rows = house.rows.all();
    let [cheap, strong] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((cheap.outcome.as_str(), cheap.usage.output.get()), ("escalated", 20));
    assert_eq!((strong.outcome.as_str(), strong.usage.output.get()), ("completed", 20));
    assert!(cheap.cost.unwrap() > paceway_domain::MicroUsd::ZERO);
    let record = house.gateway.decisions.find(&id).unwrap();
    assert!(record.attempts.iter().any(|attempt| attempt.said.contains("wrong calculation")), "{record:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_looks_right_serves() {
    let house = cascade(vec![said(RIGHT)]);
    let answer = house.ask(Dialect::Anthropic, &sum()).await;
    assert_eq!(answer.headers["x-paceway-provider"], "one");
    assert_eq!(house.rows.only().outcome, "completed");
}

#[tokio::test(start_paused = true)]
async fn a_doubted_answer_is_better_than_none_and_is_paid_for_once() {
    let house = cascade(vec![said(WRONG), Err(Failure::Connect("refused".into()))]);
    let answer = house.ask(Dialect::Anthropic, &sum()).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["x-paceway-provider"]),
        (200, &"one".parse().unwrap())
    );
    assert!(text(answer).await.contains("81.5"));
    let output: u64 = house.rows.all().iter().map(|row| row.usage.output.get()).sum();
    assert_eq!(output, 20);
}

#[tokio::test(start_paused = true)]
async fn streams_are_not_judged() {
    let house = cascade(vec![said(WRONG)]);
    let mut body = sum();
    body["stream"] = json!(true);
    let answer = house.ask(Dialect::Anthropic, &body).await;
    assert_eq!(answer.headers["x-paceway-provider"], "one");
}

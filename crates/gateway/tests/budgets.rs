//! Budgets hold: before a call, after it, and however many there are at once.
#![allow(clippy::unwrap_used, clippy::unnecessary_wraps)]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{BoxFuture, join, join_all};
use http_body_util::BodyExt;
use paceway_domain::{Dialect, Failure, MicroUsd, Tokens};
use paceway_gateway::provider::ProviderSettings;
use paceway_gateway::{Gateway, limits_report};
use paceway_policy::budget::{Action, Budget, Ladder, Level, Period, Rung, Scope, Standing, Window};
use paceway_scheduler::{Limits, Priority};
use paceway_upstream::{Answer as Response, Call, Upstream};
use serde_json::{Value, json};
use support::{House, alias, easy, house_with, message, provider, question, streamed, text, whole};

/// What a question of the tests may cost at Haiku 4.5, with so much output at most: 1 dollar in, 2 for an hour's cache, 5 out, per
/// million; its text and what providers add to it is held as if it were all written to the cache.
fn most(body: &Value, output: u64) -> u64 {
    (body.to_string().len() as u64 + 1_000) * 2 + output * 5
}

fn budget(name: &str, dollars_millionth: u64, rungs: Vec<(u32, Action)>) -> Budget {
    let rungs = rungs.into_iter().map(|(at_percent, action)| Rung { at_percent, action }).collect();
    Budget {
        name: name.into(),
        scope: Scope::everyone(),
        amount: MicroUsd(dollars_millionth),
        window: Window::utc(Period::Once),
        ladder: Ladder::new(rungs),
        allows_unpriced: false,
    }
}

fn hard(amount: u64) -> Vec<Budget> {
    vec![budget("all", amount, vec![(100, Action::Refuse)])]
}

fn with(house: House, budgets: Vec<Budget>) -> House {
    house.gateway.budgets.replace(budgets, house.gateway.clock.wall());
    house
}

fn asking(model: &str, max_tokens: u64) -> Value {
    json!({"model": model, "max_tokens": max_tokens, "messages": [{"role": "user", "content": "Hi"}]})
}

/// An answer with so much output; its input is 100.
fn answer(output: u64) -> Result<Response, Failure> {
    let mut body = message();
    body["usage"]["output_tokens"] = json!(output);
    whole(200, &[], &body)
}

impl House {
    fn account(&self) -> Standing {
        self.gateway.budgets.report(self.gateway.clock.wall()).remove(0)
    }

    fn figures(&self) -> (u64, u64) {
        let account = self.account();
        (account.spent.0, account.held.0)
    }

    fn ledger_sum(&self) -> u64 {
        self.rows.all().iter().filter_map(|row| row.cost).map(|cost| cost.0).sum()
    }
}

#[tokio::test(start_paused = true)]
async fn the_most_is_held_while_a_call_runs_and_what_it_cost_is_spent_afterwards() {
    let body = asking("claude-haiku-4-5", 1_000);
    let house =
        with(support::house(vec![answer(20)], Limits::none(), Duration::from_secs(1)), hard(1_000_000));
    let look = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        house.figures()
    };
    let (answer, running) = join(house.ask(Dialect::Anthropic, &body), look).await;
    assert_eq!(running, (0, most(&body, 1_000)));
    assert_eq!((answer.status.as_u16(), house.figures()), (200, (200, 0)));
    let told = answer.headers["x-paceway-budget"].to_str().unwrap();
    assert_eq!(told, "all; spent=0.000000; limit=1.000000; resets=never");
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_spent_is_refused_in_each_dialect_as_its_provider_would() {
    let house = with(easy(Vec::new()), hard(1));
    let anthropic = house.ask(Dialect::Anthropic, &asking("claude-haiku-4-5", 10)).await;
    assert_eq!(anthropic.status, 402);
    assert_eq!(anthropic.headers["x-should-retry"], "false");
    let body: Value = serde_json::from_str(&text(anthropic).await).unwrap();
    assert_eq!(body["error"]["type"], "billing_error");
    let said = body["error"]["message"].as_str().unwrap();
    assert!(said.starts_with("budget `all` has no room for this request: $0.000000 of $0.000001"), "{said}");
    let openai = house.ask(Dialect::OpenAi, &asking("gpt-4o", 10)).await;
    assert_eq!(openai.status, 429);
    let body: Value = serde_json::from_str(&text(openai).await).unwrap();
    assert_eq!(body["error"]["code"], "insufficient_quota");
    let contents = json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]});
    let address = paceway_gateway::Address { model: Some("gpt-4o".into()), stream: Some(false) };
    let gemini = house.ask_at(Dialect::Gemini, address, &contents).await;
    assert_eq!(gemini.status, 429);
    let body: Value = serde_json::from_str(&text(gemini).await).unwrap();
    assert_eq!(body["error"]["status"], "RESOURCE_EXHAUSTED");
    assert_eq!(house.rows.all(), []);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_fit_beside_running_calls_waits_for_them_and_says_so() {
    let body = asking("claude-haiku-4-5", 1_000);
    let answers = vec![answer(20), answer(20)];
    let house =
        with(support::house(answers, Limits::none(), Duration::from_secs(1)), hard(most(&body, 1_000) + 500));
    let ask = || house.ask(Dialect::Anthropic, &body);
    let before = house.gateway.clock.now();
    let (first, second) = join(ask(), ask()).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200));
    assert_eq!(house.gateway.clock.now().since(before), Duration::from_secs(2));
    assert_eq!(second.headers["x-paceway-wait-reason"], "running requests held what is left of a budget");
    assert_eq!(house.figures(), (400, 0));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_budget_longer_than_it_can_is_told_to_come_back() {
    let body = asking("claude-haiku-4-5", 1_000);
    let answers = vec![answer(20), answer(20)];
    let house = with(
        support::house(answers, Limits::none(), Duration::from_secs(30)),
        hard(most(&body, 1_000) + 500),
    );
    let patient = house.ask(Dialect::Anthropic, &body);
    let hasty = house.ask_with(Dialect::Anthropic, &body, &[("x-paceway-timeout", "10")]);
    let (first, second) = join(patient, hasty).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 429));
    assert_eq!(second.headers["retry-after"], "5");
    assert_eq!((house.figures(), house.account().waiting), ((200, 0), 0));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_while_it_waits_or_runs_leaves_nothing_held() {
    let body = asking("claude-haiku-4-5", 1_000);
    let answers = vec![answer(20), answer(20)];
    let house = with(
        support::house(answers, Limits::none(), Duration::from_secs(30)),
        hard(most(&body, 1_000) + 500),
    );
    let hasty =
        |seconds| tokio::time::timeout(Duration::from_secs(seconds), house.ask(Dialect::Anthropic, &body));
    let (running, waiting) = join(hasty(20), hasty(10)).await;
    assert!(running.is_err() && waiting.is_err());
    let (spent, held) = house.figures();
    assert_eq!((spent, held), (house.ledger_sum(), 0));
    assert!(spent > 0, "the call ran, and its input is likely paid for");
}

#[tokio::test(start_paused = true)]
async fn failures_and_retries_cost_what_the_ledger_says_and_leave_nothing_held() {
    let down = || Err(Failure::Broken("gone".into()));
    let house = with(support::patient(vec![down(), answer(20)], 2), hard(1_000_000));
    let served = house.ask(Dialect::Anthropic, &asking("claude-haiku-4-5", 1_000)).await;
    assert_eq!((served.status.as_u16(), house.figures()), (200, (200, 0)));
    let house = with(support::patient(vec![down(), down(), down()], 2), hard(1_000_000));
    let failed = house.ask(Dialect::Anthropic, &asking("claude-haiku-4-5", 1_000)).await;
    assert_eq!((failed.status.as_u16(), house.figures()), (502, (0, 0)));
}

fn two(answers: Vec<Result<Response, Failure>>, targets: &[&str]) -> House {
    let aliases = BTreeMap::from([alias("smart", targets), alias("thrifty", &["two/claude-haiku-4-5"])]);
    house_with(answers, vec![at("one"), at("two")], Vec::new(), Duration::ZERO, 0, aliases)
}

fn at(name: &str) -> ProviderSettings {
    let mut settings = provider(name, Dialect::Anthropic, "claude-*", Limits::none());
    settings.ways[0].base_url = format!("http://{name}.test").parse().unwrap();
    settings.candidate.catalogue = "anthropic".into();
    settings
}

#[tokio::test(start_paused = true)]
async fn a_request_that_moves_to_a_dearer_target_holds_more_or_is_told_why_not() {
    let targets = ["one/claude-haiku-4-5", "two/claude-opus-5-5"];
    let body = asking("smart", 1_000);
    let broken = || whole(500, &[], &json!({"error": {}}));
    // Opus 5.5 costs 4, 8 and 20: four times as much.
    let house = with(two(vec![broken(), answer(20)], &targets), hard(4 * most(&body, 1_000)));
    let served = house.ask(Dialect::Anthropic, &body).await;
    assert_eq!((served.status.as_u16(), house.figures()), (200, (400 + 400, 0)));
    let house = with(two(vec![broken()], &targets), hard(4 * most(&body, 1_000) - 1));
    let failed = house.ask(Dialect::Anthropic, &body).await;
    assert_eq!((failed.status.as_u16(), house.figures()), (500, (0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_dear_target_that_no_budget_pays_for_gives_way_to_one_that_fits() {
    let body = asking("smart", 1_000);
    let house = two(vec![answer(20)], &["one/claude-opus-5-5", "two/claude-haiku-4-5"]);
    let house = with(house, hard(most(&body, 1_000)));
    let served = house.ask(Dialect::Anthropic, &body).await;
    assert_eq!(served.headers["x-paceway-model"], "claude-haiku-4-5");
}

/// A house of which so much is spent already, in percent.
async fn used_up_to(percent: u64, rung: Action, answers: usize) -> House {
    let answers = (0..answers).map(|_| answer(percent * 200)).collect();
    let house = two(answers, &["one/claude-opus-5-5", "two/claude-haiku-4-5"]);
    // 100 in and the output at 5 per million: `percent` thousandths and a little.
    let house = with(house, vec![budget("all", 100_000, vec![(85, rung), (100, Action::Refuse)])]);
    let spent = house.ask(Dialect::Anthropic, &asking("claude-haiku-4-5", percent * 200)).await;
    assert_eq!((spent.status.as_u16(), house.account().percent), (200, percent));
    house
}

#[tokio::test(start_paused = true)]
async fn from_the_rung_cheaper_on_the_cheapest_target_serves_and_the_record_says_why() {
    let house = used_up_to(84, Action::Cheaper(None), 2).await;
    house.script.answers.lock().unwrap().push_front(answer(1));
    let dear = house.ask(Dialect::Anthropic, &asking("smart", 10)).await;
    assert_eq!(dear.headers["x-paceway-model"], "claude-opus-5-5");
    let house = used_up_to(87, Action::Cheaper(None), 2).await;
    let cheap = house.ask(Dialect::Anthropic, &asking("smart", 10)).await;
    assert_eq!(cheap.headers["x-paceway-model"], "claude-haiku-4-5");
    let id = cheap.headers["x-paceway-request-id"].to_str().unwrap();
    let notes = house.gateway.decisions.find(id).unwrap().notes.clone();
    assert_eq!(notes, ["budget `all` is at 87 %: cheaper"]);
}

#[tokio::test(start_paused = true)]
async fn the_rung_cheaper_may_name_models_that_were_not_asked_for() {
    let house = used_up_to(87, Action::Cheaper(Some("thrifty".into())), 2).await;
    let cheap = house.ask(Dialect::Anthropic, &asking("one/claude-opus-5-5", 10)).await;
    assert_eq!(cheap.headers["x-paceway-model"], "claude-haiku-4-5");
}

#[tokio::test(start_paused = true)]
async fn from_the_rung_cap_output_on_answers_are_bounded_and_the_client_is_told() {
    let house = used_up_to(87, Action::CapOutput(Tokens(7)), 2).await;
    let capped = house.ask(Dialect::Anthropic, &asking("claude-haiku-4-5", 500)).await;
    assert_eq!(
        capped.headers["x-paceway-changed"],
        "max_output adapted (7 tokens, so that it fits a budget)"
    );
    assert_eq!(house.sent()["max_tokens"], 7);
    let shorter = house.ask(Dialect::Anthropic, &asking("claude-haiku-4-5", 5)).await;
    assert_eq!(shorter.headers.get("x-paceway-changed"), None);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_whole_is_bounded_to_what_fits_where_the_ladder_has_such_a_rung() {
    let body = asking("claude-haiku-4-5", 1_000);
    let rungs = vec![(95, Action::CapOutput(Tokens(5_000))), (100, Action::Refuse)];
    let house = easy(vec![answer(20)]);
    let house = with(house, vec![budget("all", most(&body, 300), rungs)]);
    let capped = house.ask(Dialect::Anthropic, &body).await;
    assert_eq!(capped.status, 200);
    assert_eq!(house.sent()["max_tokens"], 300);
    assert_eq!(
        capped.headers["x-paceway-changed"],
        "max_output adapted (300 tokens, so that it fits a budget)"
    );
}

#[tokio::test(start_paused = true)]
async fn from_the_rung_batch_on_requests_go_behind_all_others() {
    let answers = vec![answer(87 * 200 - 20), answer(1), answer(1)];
    let house = support::house(answers, support::at_once(1), Duration::from_secs(1));
    let rungs = vec![(85, Action::Batch), (100, Action::Refuse)];
    let house = with(house, vec![budget("all", 100_000, rungs)]);
    house.ask(Dialect::Anthropic, &asking("claude-haiku-4-5", 17_400)).await;
    assert_eq!(house.account().percent, 87);
    let body = asking("claude-haiku-4-5", 10);
    let ask = || house.ask(Dialect::Anthropic, &body);
    let look = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        limits_report::report(&house.gateway).pools.remove(0).waiting.remove(0).priority
    };
    let (_, priority) = join(join(ask(), ask()), look).await;
    assert_eq!(priority, Priority::Batch);
}

#[tokio::test(start_paused = true)]
async fn what_has_no_price_is_refused_unless_the_budget_allows_it() {
    let body = asking("claude-imaginary-9", 10);
    let house = with(easy(Vec::new()), hard(1_000_000));
    let refused = house.ask(Dialect::Anthropic, &body).await;
    assert_eq!(refused.status, 400);
    let said = text(refused).await;
    assert!(said.contains("the price of `claude-imaginary-9` at `anthropic` is not known"), "{said}");
    let mut lenient = hard(1_000_000);
    lenient[0].allows_unpriced = true;
    let house = with(easy(vec![answer(20)]), lenient);
    let served = house.ask(Dialect::Anthropic, &body).await;
    assert_eq!((served.status.as_u16(), house.figures()), (200, (0, 0)));
}

#[tokio::test(start_paused = true)]
async fn counting_tokens_costs_nothing_and_is_not_held_up() {
    let house = with(easy(vec![whole(200, &[], &json!({"input_tokens": 5}))]), hard(1));
    let counted = house.count(Dialect::Anthropic, &question("claude-haiku-4-5", false)).await;
    assert_eq!(counted.status, 200);
}

#[tokio::test(start_paused = true)]
async fn whom_no_budget_counts_is_not_held() {
    let mut budgets = hard(1);
    budgets[0].scope = Scope { level: Level::Team, pattern: "others".into(), is_each: false };
    let house = with(easy(vec![answer(20)]), budgets);
    let served = house.ask(Dialect::Anthropic, &asking("claude-haiku-4-5", 1_000)).await;
    assert_eq!((served.status.as_u16(), served.headers.get("x-paceway-budget")), (200, None));
}

/// A provider of which nobody knows what it will do: answers of any length after any time, streamed or not, errors, broken lines.
struct Unruly {
    random: Mutex<fastrand::Rng>,
}

/// So much may an answer have.
const MOST_OUTPUT: u64 = 4_000;

impl Upstream for Unruly {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Response, Failure>> {
        let (latency, fate, output) = {
            let mut random = self.random.lock().unwrap();
            (random.u64(20..3_000), random.u32(0..100), random.u64(1..=MOST_OUTPUT))
        };
        let is_streamed = call.body.windows(13).any(|bytes| bytes == b"\"stream\":true");
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(latency)).await;
            match fate {
                0..6 => whole(500, &[], &json!({"error": {"type": "api_error", "message": "sorry"}})),
                6..10 => whole(529, &[], &json!({"error": {"type": "overloaded_error", "message": "busy"}})),
                10..14 => Err(Failure::Broken("the line broke".into())),
                14..17 => Ok(support::response(200, &[("content-type", "application/json")]).0),
                _ if is_streamed => {
                    let last = format!("\"usage\":{{\"output_tokens\":{output}}}");
                    let stream = support::STREAM.replace("\"usage\":{\"output_tokens\":20}", &last);
                    let cut = if fate < 25 { stream.len() / 2 } else { stream.len() };
                    streamed(
                        stream.as_bytes()[..cut].chunks(200).map(|piece| piece.to_vec().into()).collect(),
                    )
                }
                _ => answer(output),
            }
        })
    }
}

/// What one client has seen: answers, refusals of the budget, and others of Paceway's.
#[derive(Debug, Default, Clone, Copy)]
struct Met {
    answered: u32,
    spent: u32,
    busy: u32,
    hung_up: u32,
}

/// Asks until the budget is spent.
async fn client(house: &House, number: u64) -> Met {
    let mut random = fastrand::Rng::with_seed(number);
    let mut met = Met::default();
    while met.spent == 0 {
        let mut body = asking("smart", MOST_OUTPUT);
        body["stream"] = json!(random.bool());
        let patience = Duration::from_millis(random.u64(500..20_000));
        let going = async {
            let answer = house.ask(Dialect::Anthropic, &body).await;
            let (status, has_room) = (answer.status.as_u16(), answer.headers.contains_key("retry-after"));
            let mut body = answer.body;
            while let Some(frame) = body.frame().await {
                frame.unwrap();
            }
            (status, has_room)
        };
        match tokio::time::timeout(patience, going).await {
            Err(_) => met.hung_up += 1,
            Ok((402, _)) => met.spent += 1,
            Ok((429, _)) => met.busy += 1,
            Ok(_) => met.answered += 1,
        }
    }
    met
}

fn unruly() -> House {
    let (name, mut settings) = alias("smart", &["one/claude-haiku-4-5", "two/claude-haiku-4-5"]);
    settings.rules.hedges = true;
    let aliases = BTreeMap::from([(name, settings)]);
    let mut house =
        house_with(Vec::new(), vec![at("one"), at("two")], Vec::new(), Duration::ZERO, 2, aliases);
    let gateway: &mut Gateway = Arc::get_mut(&mut house.gateway).unwrap();
    gateway.upstream = Arc::new(Unruly { random: Mutex::new(fastrand::Rng::with_seed(42)) });
    house
}

#[tokio::test(start_paused = true)]
async fn both_calls_of_a_hedge_are_held_and_both_are_charged() {
    let house = unruly();
    for _ in 0..40 {
        house.ask(Dialect::Anthropic, &asking("smart", MOST_OUTPUT)).await;
    }
    let before = house.ledger_sum();
    let house = with(house, hard(10_000_000));
    for _ in 0..60 {
        house.ask(Dialect::Anthropic, &asking("smart", MOST_OUTPUT)).await;
    }
    let lost = house.rows.all().iter().filter(|row| row.outcome == "hedge_lost").count();
    assert!(lost > 0);
    assert_eq!(house.figures(), (house.ledger_sum() - before, 0));
}

#[tokio::test(start_paused = true)]
async fn two_hundred_clients_never_pass_a_budget_and_use_it_up_to_one_calls_worth() {
    let house = with(unruly(), hard(1_000_000));
    let met = join_all((0..200).map(|number| client(&house, number))).await;
    let sum = |count: fn(&Met) -> u32| met.iter().map(count).sum::<u32>();
    let (spent, held) = house.figures();
    assert_eq!((spent, held, house.account().waiting), (house.ledger_sum(), 0, 0));
    assert!(spent <= 1_000_000, "{spent}");
    let mut body = asking("smart", MOST_OUTPUT);
    body["stream"] = json!(false);
    assert!(1_000_000 - spent < most(&body, MOST_OUTPUT), "refused with {} left", 1_000_000 - spent);
    assert_eq!((sum(|met| met.spent), sum(|met| met.busy)), (200, 0));
    assert!(sum(|met| met.answered) > 50 && sum(|met| met.hung_up) > 10, "{met:?}");
    let rows = house.rows.all();
    let outcomes = |name: &str| rows.iter().filter(|row| row.outcome == name).count();
    let seen = ["client_gone", "cut", "completed"].map(outcomes);
    assert!(seen.iter().all(|count| *count > 2), "{seen:?}");
    assert!(rows.iter().any(|row| row.attempts > 1));
}

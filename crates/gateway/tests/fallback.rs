//! A request that its target does not serve goes to another one, at once where that is there, and says where it went.
#![allow(clippy::unwrap_used, clippy::unnecessary_wraps)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::HeaderMap;
use paceway_domain::failure::Phase;
use paceway_domain::{Dialect, Failure};
use paceway_gateway::explain::Decision;
use paceway_gateway::fleet::AliasSettings;
use paceway_gateway::provider::ProviderSettings;
use paceway_gateway::{Current, health};
use paceway_policy::fallback::{Reason, Reasons};
use paceway_scheduler::Limits;
use paceway_upstream::Answer;
use serde_json::{Value, json};
use support::{
    House, STREAM, alias, house_with, message, provider, question, requests, response, streamed, text, whole,
};

type Said = Result<Answer, Failure>;

fn at(name: &str, limits: Limits) -> ProviderSettings {
    let mut settings = provider(name, Dialect::Anthropic, "claude-*", limits);
    settings.ways[0].base_url = format!("http://{name}.test").parse().unwrap();
    settings.candidate.catalogue = "anthropic".into();
    settings
}

const NAMES: [&str; 3] = ["one", "two", "three"];

/// Three providers of the same models, and an alias for one model at each of them, in order.
fn three(answers: Vec<Said>, change: impl FnOnce(&mut AliasSettings)) -> House {
    let providers = NAMES.map(|name| at(name, Limits::none()));
    of(answers, providers.into(), change, 0)
}

fn of(
    answers: Vec<Said>,
    providers: Vec<ProviderSettings>,
    change: impl FnOnce(&mut AliasSettings),
    retries: u32,
) -> House {
    let targets = ["one/claude-haiku-4-5", "two/claude-haiku-4-5", "three/claude-sonnet-5-5"];
    let (name, mut settings) = alias("smart", &targets[..providers.len()]);
    change(&mut settings);
    let aliases = BTreeMap::from([(name, settings)]);
    house_with(answers, providers, Vec::new(), Duration::from_millis(10), retries, aliases)
}

fn hosts(house: &House) -> Vec<String> {
    let calls = house.script.calls.lock().unwrap();
    calls.iter().map(|call| call.uri.host().unwrap().trim_end_matches(".test").to_owned()).collect()
}

async fn ask(house: &House, stream: bool) -> (u16, HeaderMap, String) {
    let answer = house.ask(Dialect::Anthropic, &question("smart", stream)).await;
    (answer.status.as_u16(), answer.headers.clone(), text(answer).await)
}

fn error(status: u16, kind: &str, message: &str) -> Said {
    whole(status, &[], &json!({"type": "error", "error": {"type": kind, "message": message}}))
}

fn good() -> Said {
    whole(200, &[], &message())
}

fn broken_server() -> Said {
    error(500, "api_error", "Internal")
}

fn too_long() -> Said {
    error(400, "invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum")
}

#[tokio::test(start_paused = true)]
async fn every_failure_of_a_target_sends_the_request_to_the_next_one_at_once() {
    let html = || whole(200, &[("content-type", "text/html")], &Value::Null);
    let half = || {
        let (answer, feed) = response(200, &[("content-type", "application/json")]);
        feed.send(Err(Failure::Broken("reset".into()))).unwrap();
        Ok(answer)
    };
    let failures: Vec<(Said, &str)> = vec![
        (Err(Failure::Connect("refused".into())), "connection"),
        (Err(Failure::Timeout(Phase::Headers, Duration::from_secs(1))), "timeout"),
        (half(), "connection"),
        (html(), "server_error"),
        (broken_server(), "server_error"),
        (error(401, "authentication_error", "invalid x-api-key"), "credentials"),
        (error(404, "not_found_error", "model: claude-haiku-4-5"), "not_found"),
        (error(402, "billing_error", "no credit"), "quota"),
    ];
    for (failed, reason) in failures {
        let house = three(vec![failed, good()], |_| {});
        let before = house.gateway.clock.now();
        let (status, headers, body) = ask(&house, false).await;
        assert_eq!((status, hosts(&house)), (200, vec!["one".to_owned(), "two".into()]), "{reason}: {body}");
        assert!(house.gateway.clock.now().since(before) < Duration::from_millis(50), "{reason}");
        assert_eq!(headers["x-paceway-provider"], "two");
        assert_eq!(headers["x-paceway-tried"], format!("one/claude-haiku-4-5 ({reason})"));
        let row = house.rows.only();
        assert_eq!((row.provider.as_str(), row.attempts, row.outcome.as_str()), ("two", 2, "completed"));
    }
}

/// Two providers of other dialects than the client's.
fn across(answers: Vec<Said>) -> House {
    let (name, settings) = alias("smart", &["one/gpt-5.5", "two/gpt-5.5"]);
    let of = |name: &str| {
        let mut settings = at(name, Limits::none());
        settings.ways[0].dialect = Dialect::OpenAi;
        settings
    };
    let providers = vec![of("one"), of("two")];
    house_with(answers, providers, Vec::new(), Duration::ZERO, 2, BTreeMap::from([(name, settings)]))
}

fn completion(choices: &Value) -> Said {
    let usage = json!({"prompt_tokens": 70, "completion_tokens": 9, "total_tokens": 79});
    let body = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-5.5", "choices": choices,
        "usage": usage});
    whole(200, &[], &body)
}

fn readable() -> Said {
    let message = json!({"role": "assistant", "content": "Hello"});
    completion(&json!([{"index": 0, "message": message, "finish_reason": "stop"}]))
}

fn unreadable() -> Said {
    completion(&json!("none today"))
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_translated_sends_the_request_to_the_next_target_and_is_paid_for() {
    let house = across(vec![unreadable(), readable()]);
    let (status, headers, body) = ask(&house, false).await;
    assert_eq!((status, hosts(&house)), (200, vec!["one".into(), "two".into()]), "{body}");
    assert!(body.contains("Hello"), "{body}");
    assert_eq!(headers["x-paceway-tried"], "one/gpt-5.5 (server_error)");
    let rows = house.rows.all();
    let [garbled, completed] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((garbled.outcome.as_str(), garbled.provider.as_str()), ("garbled", "one"));
    assert!(garbled.usage.input.get() > 0 && garbled.usage.output.get() > 0, "{garbled:?}");
    assert_eq!((completed.outcome.as_str(), completed.usage.output.get()), ("completed", 9));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_can_translate_is_not_asked_for_again_where_it_came_from() {
    let house = across(vec![unreadable(), unreadable()]);
    let (status, _, body) = ask(&house, false).await;
    assert_eq!((status, hosts(&house)), (502, vec!["one".into(), "two".into()]), "{body}");
    assert!(body.contains("could not be understood"), "{body}");
    let rows = house.rows.all();
    let told: Vec<_> = rows.iter().map(|row| (row.outcome.as_str(), row.usage.input.get() > 0)).collect();
    assert_eq!(told, [("garbled", true), ("garbled", true), ("upstream_failed", false)]);
}

#[tokio::test(start_paused = true)]
async fn streams_find_the_next_target_too_as_long_as_nothing_has_come() {
    let (silent, feed) = response(200, &[("content-type", "text/event-stream")]);
    feed.send(Err(Failure::Broken("reset".into()))).unwrap();
    let whole_stream = || streamed(vec![Bytes::from_static(STREAM.as_bytes())]);
    let house = three(vec![Ok(silent), broken_server(), whole_stream()], |_| {});
    let (status, headers, body) = ask(&house, true).await;
    assert_eq!((status, hosts(&house).len()), (200, 3));
    assert!(body.contains("message_stop") && headers["x-paceway-model"] == "claude-sonnet-5-5");
}

#[tokio::test(start_paused = true)]
async fn the_callers_own_mistake_is_told_and_nobody_else_is_asked() {
    let house = three(vec![error(400, "invalid_request_error", "messages: empty")], |_| {});
    let (status, _, body) = ask(&house, false).await;
    assert_eq!((status, hosts(&house).len()), (400, 1));
    assert!(body.contains("messages: empty"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_the_client_hears_what_the_preferred_target_said() {
    let house = three(
        vec![broken_server(), Err(Failure::Connect("refused".into())), Err(Failure::Connect("no".into()))],
        |_| {},
    );
    let (status, headers, body) = ask(&house, false).await;
    assert_eq!((status, &headers["x-should-retry"]), (500, &"false".parse().unwrap()));
    assert!(body.contains("Internal"), "{body}");
    let row = house.rows.only();
    assert_eq!((row.provider.as_str(), row.status, row.attempts), ("one", 500, 3));
}

#[tokio::test(start_paused = true)]
async fn those_that_may_have_recovered_are_asked_again_once_all_were() {
    let providers = NAMES[..2].iter().map(|name| at(name, Limits::none())).collect();
    let unknown_model = error(404, "not_found_error", "model");
    let house = of(vec![broken_server(), unknown_model, good()], providers, |_| {}, 2);
    let before = house.gateway.clock.now();
    assert_eq!(ask(&house, false).await.0, 200);
    assert_eq!(hosts(&house), ["one", "two", "one"]);
    assert!(house.gateway.clock.now().since(before) >= Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn a_target_whose_limits_make_it_wait_is_passed_over_and_waited_for_if_no_other_serves() {
    let providers = || vec![at("one", requests(1, 1)), at("two", Limits::none())];
    let house = of(vec![good(), good()], providers(), |_| {}, 0);
    ask(&house, false).await;
    assert_eq!(ask(&house, false).await.0, 200);
    assert_eq!(hosts(&house), ["one", "two"]);
    // Nobody else is left: the limit of one request a minute is waited for.
    let house = of(vec![good(), broken_server(), good()], providers(), |_| {}, 0);
    ask(&house, false).await;
    let before = house.gateway.clock.now();
    assert_eq!(ask(&house, false).await.0, 200);
    assert_eq!(hosts(&house), ["one", "two", "one"]);
    assert!(house.gateway.clock.now().since(before) > Duration::from_secs(50));
    // Whoever is patient waits for the one that is preferred.
    let house = of(
        vec![good(), good()],
        providers(),
        |alias| alias.rules.fallback.patience = Duration::from_mins(2),
        0,
    );
    ask(&house, false).await;
    assert_eq!(ask(&house, false).await.0, 200);
    assert_eq!(hosts(&house), ["one", "one"]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_its_rate_goes_elsewhere_before_anything_is_waited_for() {
    let limited = whole(
        429,
        &[("retry-after", "30")],
        &json!({"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}),
    );
    let house = three(vec![limited, good()], |_| {});
    let before = house.gateway.clock.now();
    assert_eq!(ask(&house, false).await.0, 200);
    assert_eq!(hosts(&house), ["one", "two"]);
    assert!(house.gateway.clock.now().since(before) < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_long_goes_only_where_there_is_more_room() {
    // Haiku's window is known and the same at both; the third has more.
    let house = three(vec![too_long(), good()], |_| {});
    let (status, headers, _) = ask(&house, false).await;
    assert_eq!((status, hosts(&house)), (200, vec!["one".to_owned(), "three".into()]));
    assert_eq!(headers["x-paceway-provider"], "three");
    let house = three(vec![too_long(), too_long()], |_| {});
    let (status, _, body) = ask(&house, false).await;
    assert_eq!((status, hosts(&house).len()), (400, 2));
    assert!(body.contains("208310"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_reason_that_is_not_configured_ends_the_request_where_it_is() {
    let only_timeouts = |alias: &mut AliasSettings| {
        alias.rules.fallback.on = [Reason::Timeout].into_iter().collect();
    };
    let house = three(vec![broken_server()], only_timeouts);
    assert_eq!((ask(&house, false).await.0, hosts(&house).len()), (500, 1));
    let filtered = || error(400, "invalid_request_error", "Output blocked by content filtering policy");
    let house = three(vec![filtered()], |_| {});
    assert_eq!((ask(&house, false).await.0, hosts(&house).len()), (400, 1));
    let house = three(vec![filtered(), good()], |alias| {
        alias.rules.fallback.on = [Reason::Content].into_iter().collect::<Reasons>();
    });
    assert_eq!((ask(&house, false).await.0, hosts(&house).len()), (200, 2));
}

#[tokio::test(start_paused = true)]
async fn what_one_dialect_cannot_carry_goes_to_a_target_that_can() {
    let mut openai = provider("openai", Dialect::OpenAi, "gpt-*", Limits::none());
    openai.ways[0].base_url = "http://openai.test".parse().unwrap();
    let (name, settings) = alias("smart", &["openai/gpt-5.5", "one/claude-haiku-4-5"]);
    let house = house_with(
        vec![good()],
        vec![openai, at("one", Limits::none())],
        Vec::new(),
        Duration::ZERO,
        0,
        BTreeMap::from([(name, settings)]),
    );
    let mut body = question("smart", false);
    body["top_k"] = json!(5);
    let answer = house.ask(Dialect::Anthropic, &body).await;
    assert_eq!((answer.status.as_u16(), hosts(&house)), (200, vec!["one".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_several_providers_serve_is_served_by_whichever_does() {
    let house = house_with(
        vec![broken_server(), good()],
        vec![at("one", Limits::none()), at("two", Limits::none())],
        Vec::new(),
        Duration::ZERO,
        0,
        BTreeMap::new(),
    );
    let answer = house.ask(Dialect::OpenAi, &question("claude-haiku-4-5", false)).await;
    assert_eq!((answer.status.as_u16(), hosts(&house)), (200, vec!["one".to_owned(), "two".into()]));
}

#[tokio::test(start_paused = true)]
async fn one_that_keeps_failing_is_left_alone_and_probed_and_taken_back() {
    let mut answers: Vec<Said> = (0..5).flat_map(|_| [broken_server(), good()]).collect();
    answers.extend((0..4).map(|_| good()));
    let house = three(answers, |_| {});
    for _ in 0..6 {
        assert_eq!(ask(&house, false).await.0, 200);
    }
    // Five failures have opened it: the sixth request does not try it any more.
    assert_eq!(hosts(&house).last().unwrap(), "two");
    assert_eq!(hosts(&house).len(), 11);
    let metrics = house.gateway.metrics_text().unwrap();
    let open = r#"paceway_breaker{provider="one",model="claude-haiku-4-5",state="open"} 1"#;
    assert!(metrics.contains(open), "{metrics}");
    tokio::time::sleep(Duration::from_secs(5)).await;
    ask(&house, false).await;
    assert_eq!(hosts(&house).last().unwrap(), "one", "a probe");
    assert!(house.gateway.metrics_text().unwrap().contains(r#"state="ramping"} 1"#));
    tokio::time::sleep(Duration::from_secs(11)).await;
    ask(&house, false).await;
    assert_eq!(hosts(&house).last().unwrap(), "one");
}

#[tokio::test(start_paused = true)]
async fn when_nobody_is_left_the_client_hears_so_at_once_and_when_to_come_back() {
    let providers = vec![at("one", Limits::none())];
    let house = of((0..5).map(|_| broken_server()).collect(), providers, |_| {}, 0);
    for _ in 0..5 {
        assert_eq!(ask(&house, false).await.0, 500);
    }
    let (status, headers, body) = ask(&house, false).await;
    assert_eq!((status, &headers["retry-after"]), (503, &"5".parse().unwrap()));
    assert!(
        body.contains("one") && body.contains("server_error") && body.contains("overloaded_error"),
        "{body}"
    );
    assert_eq!(hosts(&house).len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_total_outage_is_not_multiplied_once_the_breakers_are_open() {
    let failures = (0..400).map(|_| Err(Failure::Connect("refused".into()))).collect();
    let providers = NAMES.map(|name| at(name, Limits::none())).into();
    let house = of(failures, providers, |_| {}, 2);
    for _ in 0..20 {
        ask(&house, false).await;
    }
    let before = hosts(&house).len();
    for _ in 0..300 {
        assert!(ask(&house, false).await.0 >= 502);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let calls = hosts(&house).len() - before;
    assert!(calls <= 330, "{calls} calls for 300 requests");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_refused_gives_way_to_the_providers_other_keys_first() {
    let mut one = at("one", Limits::none());
    one.keys.push(support::key("second", "sk-second", "second"));
    let refused = error(401, "authentication_error", "invalid x-api-key");
    let house = of(vec![refused, good()], vec![one, at("two", Limits::none())], |_| {}, 0);
    assert_eq!(ask(&house, false).await.0, 200);
    assert_eq!(hosts(&house), ["one", "one"]);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_answers_again_is_probed_before_its_time_is_over() {
    let mut answers: Vec<Said> = (0..6).map(|_| broken_server()).collect();
    answers.extend([good(), good()]);
    let mut house = of(answers, vec![at("one", Limits::none())], |_| {}, 0);
    Arc::get_mut(&mut house.gateway).unwrap().bounds.check_every = Duration::from_secs(1);
    for _ in 0..5 {
        ask(&house, false).await;
    }
    assert_eq!(ask(&house, false).await.0, 503);
    let current = Arc::new(Current::new(Arc::clone(&house.gateway)));
    let checking = tokio::spawn(health::follow(current));
    // The first check is answered with a 500, the second well.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(ask(&house, false).await.0, 503);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(ask(&house, false).await.0, 200);
    let checks: Vec<String> =
        house.script.calls.lock().unwrap().iter().map(|call| call.uri.path().to_owned()).collect();
    assert_eq!(checks.iter().filter(|path| *path == "/v1/models").count(), 2);
    checking.abort();
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_target_that_fails_meanwhile_goes_elsewhere() {
    let providers = vec![at("one", support::at_once(1)), at("two", Limits::none())];
    let failed = || Err(Failure::Timeout(Phase::Headers, Duration::from_secs(2)));
    let house = of(vec![failed(), good(), good()], providers, |_| {}, 0);
    // Both are for the first, which takes one at a time.
    let both = tokio::join!(ask(&house, false), ask(&house, false));
    assert_eq!((both.0.0, both.1.0), (200, 200));
    assert_eq!(hosts(&house).iter().filter(|host| *host == "one").count(), 1, "{:?}", hosts(&house));
}

/// Six questions at once to a first target that leaves five of them without an answer for two seconds, and the sixth for a
/// minute; the statuses, and after how many seconds the sixth had its answer.
async fn six_of_which_five_time_out(others: usize, providers: Vec<ProviderSettings>) -> (Vec<u16>, u64) {
    let silent = || response(200, &[("content-type", "application/json")]);
    let (silent, feeds): (Vec<_>, Vec<_>) = (0..6).map(|_| silent()).unzip();
    let answers = silent.into_iter().map(Ok).chain((0..others).map(|_| good())).collect();
    let house = of(answers, providers, |_| {}, 0);
    let began = house.gateway.clock.now();
    let five = join_all((0..5).map(|_| ask(&house, false)));
    let sixth = async {
        let (status, ..) = ask(&house, false).await;
        (status, house.gateway.clock.now().since(began).as_secs())
    };
    let provider = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        for feed in &feeds[..5] {
            feed.send(Err(Failure::Timeout(Phase::Idle, Duration::from_secs(2)))).unwrap();
        }
        tokio::time::sleep(Duration::from_secs(58)).await;
        // Nobody may be there to hear it.
        let _ = feeds[5].send(Ok(message().to_string().into()));
        drop(feeds);
    };
    let (five, (sixth, seconds), ()) = tokio::join!(five, sixth, provider);
    (five.into_iter().map(|(status, ..)| status).chain([sixth]).collect(), seconds)
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_on_for_a_target_whose_breaker_opens_because_of_timeouts() {
    let providers = vec![at("one", Limits::none()), at("two", Limits::none())];
    assert_eq!(six_of_which_five_time_out(6, providers).await, (vec![200; 6], 2));
}

#[tokio::test(start_paused = true)]
async fn whole_answers_and_streams_that_break_off_are_one_row() {
    let half = |kind: &str, bytes: &'static [u8]| {
        let (answer, feed) = response(200, &[("content-type", kind)]);
        feed.send(Ok(Bytes::from_static(bytes))).unwrap();
        feed.send(Err(Failure::Timeout(Phase::Idle, Duration::from_secs(2)))).unwrap();
        Ok(answer)
    };
    let whole = || half("application/json", b"{");
    let stream = || half("text/event-stream", &STREAM.as_bytes()[..STREAM.len() / 2]);
    let answers = vec![whole(), good(), stream(), whole(), good(), stream(), whole(), good(), good()];
    let house = three(answers, |_| {});
    for is_streamed in [false, true, false, true, false] {
        ask(&house, is_streamed).await;
    }
    assert_eq!(hosts(&house)[6..], ["one", "two"]);
    ask(&house, false).await;
    assert_eq!(hosts(&house)[8..], ["two"], "the breaker is open");
}

#[tokio::test(start_paused = true)]
async fn who_has_nowhere_else_to_go_waits_on_for_a_target_whose_breaker_opens() {
    let providers = vec![at("one", Limits::none())];
    assert_eq!(six_of_which_five_time_out(0, providers).await, (vec![504, 504, 504, 504, 504, 200], 60));
}

#[tokio::test(start_paused = true)]
async fn clients_of_the_responses_api_get_the_same_fallbacks() {
    let house = three(vec![broken_server(), good()], |_| {});
    let answer = house.ask(Dialect::Responses, &json!({"model": "smart", "input": "Hi"})).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["x-paceway-provider"]),
        (200, &"two".parse().unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn patience_is_for_all_waits_of_a_request_together() {
    let limited = || {
        let said = json!({"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}});
        whole(429, &[("retry-after", "2")], &said)
    };
    let answers = vec![limited(), limited(), limited(), good()];
    let house = of(answers, vec![at("one", Limits::none()), at("two", Limits::none())], |_| {}, 0);
    assert_eq!(ask(&house, false).await.0, 200);
    // Two seconds twice are within the five, the third time is not.
    assert_eq!(hosts(&house), ["one", "one", "one", "two"]);
}

fn overloaded() -> Said {
    error(529, "overloaded_error", "Overloaded")
}

async fn record(house: &House, stream: bool) -> Arc<Decision> {
    let answer = house.ask(Dialect::Anthropic, &question("smart", stream)).await;
    let id = answer.headers["x-paceway-request-id"].to_str().unwrap().to_owned();
    text(answer).await;
    house.gateway.decisions.find(&id).unwrap()
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_target_that_is_closed_for_its_load_while_another_is_free() {
    let house = three(vec![overloaded(), good(), good()], |_| {});
    let before = house.gateway.clock.now();
    assert_eq!(ask(&house, false).await.0, 200);
    assert_eq!(ask(&house, false).await.0, 200);
    assert_eq!(hosts(&house), ["one", "two", "two"]);
    assert!(house.gateway.clock.now().since(before) < Duration::from_millis(50));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_is_waited_out_elsewhere_is_in_the_record_and_in_the_headers() {
    let house = three(vec![overloaded(), good()], |_| {});
    let answer = house.ask(Dialect::Anthropic, &question("smart", false)).await;
    assert_eq!(answer.headers["x-paceway-tried"], "one/claude-haiku-4-5 (overload)");
    let id = answer.headers["x-paceway-request-id"].to_str().unwrap().to_owned();
    text(answer).await;
    let record = house.gateway.decisions.find(&id).unwrap();
    let attempts: Vec<_> = record.attempts.iter().map(|attempt| attempt.result.as_str()).collect();
    assert_eq!(
        (attempts.as_slice(), record.attempts[0].said.as_str()),
        (["overload", "served"].as_slice(), "status 529: Overloaded")
    );
}

#[tokio::test(start_paused = true)]
async fn streams_that_end_in_an_error_of_the_providers_open_its_breaker_and_are_in_the_record() {
    let half = STREAM.find("event: content_block_stop").unwrap();
    let failing = format!(
        "{}event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"api_error\",\"message\":\"Internal\"}}}}\n\n",
        &STREAM[..half]
    );
    let answers = (0..5).map(|_| streamed(vec![Bytes::from(failing.clone())])).chain([good()]).collect();
    let house = three(answers, |_| {});
    let first = record(&house, true).await;
    let last = first.attempts.last().unwrap();
    assert_eq!((last.result.as_str(), last.said.as_str()), ("broke off", "Internal"));
    for _ in 0..4 {
        ask(&house, true).await;
    }
    assert_eq!(ask(&house, false).await.0, 200);
    assert_eq!(hosts(&house).last().unwrap(), "two");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_refused_while_it_is_planned_has_its_candidates_in_the_record() {
    let house = of((0..5).map(|_| broken_server()).collect(), vec![at("one", Limits::none())], |_| {}, 0);
    for _ in 0..5 {
        ask(&house, false).await;
    }
    let record = record(&house, false).await;
    assert_eq!((record.model_asked.as_str(), record.candidates.len()), ("smart", 1), "{record:?}");
    assert_eq!(record.candidates[0].breaker, "open");
    let foreign = three(Vec::new(), |alias| alias.rules.regions = vec!["eu-*".into()]);
    let answer = foreign.ask(Dialect::Anthropic, &question("smart", false)).await;
    let id = answer.headers["x-paceway-request-id"].to_str().unwrap().to_owned();
    let record = foreign.gateway.decisions.find(&id).unwrap();
    assert!(
        record.candidates.len() == 3 && record.candidates.iter().all(|one| one.is_left_out),
        "{record:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn when_several_breakers_are_open_the_client_hears_of_all_and_no_advice_that_it_has_followed() {
    let providers = NAMES[..2].iter().map(|name| at(name, Limits::none())).collect();
    let house = of((0..10).map(|_| broken_server()).collect(), providers, |_| {}, 0);
    for _ in 0..5 {
        assert_eq!(ask(&house, false).await.0, 500);
    }
    let (status, headers, body) = ask(&house, false).await;
    assert_eq!((status, &headers["retry-after"]), (503, &"5".parse().unwrap()));
    assert!(
        body.contains("one/claude-haiku-4-5 (server_error), two/claude-haiku-4-5 (server_error)"),
        "{body}"
    );
    assert!(!body.contains("[aliases]"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_lists_its_models_while_one_fails_ends_no_time_early() {
    let mut answers: Vec<Said> = (0..5).map(|_| broken_server()).collect();
    answers.extend((0..10).map(|_| good()));
    let mut house = of(answers, vec![at("one", Limits::none())], |_| {}, 0);
    Arc::get_mut(&mut house.gateway).unwrap().bounds.check_every = Duration::from_secs(1);
    for _ in 0..5 {
        ask(&house, false).await;
    }
    let checking = tokio::spawn(health::follow(Arc::new(Current::new(Arc::clone(&house.gateway)))));
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    assert_eq!(ask(&house, false).await.0, 503);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(ask(&house, false).await.0, 200, "its own time is over");
    checking.abort();
}

#[tokio::test(start_paused = true)]
async fn who_hears_that_a_key_is_wrong_hears_whose() {
    let refused = || error(401, "authentication_error", "invalid x-api-key");
    let house = three(vec![refused(), refused(), refused()], |_| {});
    let (status, _, body) = ask(&house, false).await;
    assert_eq!(status, 401);
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["error"]["type"], "authentication_error");
    assert_eq!(
        body["error"]["message"],
        "provider `one` refused the key that Paceway has for it (not yours): invalid x-api-key"
    );
}

#[tokio::test(start_paused = true)]
async fn who_waits_behind_a_request_that_is_refused_for_its_rate_goes_elsewhere_at_once() {
    let providers = vec![at("one", support::at_once(1)), at("two", Limits::none())];
    let said = json!({"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}});
    let limited = whole(429, &[("retry-after", "20")], &said);
    let house = of(vec![limited, good(), good()], providers, |_| {}, 0);
    let before = house.gateway.clock.now();
    let both = tokio::join!(ask(&house, false), ask(&house, false));
    assert_eq!((both.0.0, both.1.0), (200, 200));
    assert_eq!(hosts(&house), ["one", "two", "two"]);
    assert!(house.gateway.clock.now().since(before) < Duration::from_secs(1));
}

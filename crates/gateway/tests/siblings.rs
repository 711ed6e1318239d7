//! Requests whose prompts begin alike: one writes the provider's prompt cache, the others wait for its first byte. In virtual
//! time.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use paceway_domain::{Dialect, Failure};
use paceway_gateway::provider::ProviderSettings;
use paceway_gateway::{Answer, Arrival, Endpoint, pipeline};
use paceway_scheduler::Limits;
use paceway_upstream::Answer as Response;
use serde_json::{Value, json};
use support::{
    Feed, House, KEY, STREAM, at_once, easy, house, house_of, key, message, provider, response, text, whole,
};
use tokio::task::JoinHandle;

const REASON: &str = "another request is writing the same cached prefix";

/// About 1,700 tokens by our estimate.
fn long(begins: &str) -> String {
    format!("{begins} {}", "Answer with care and in short sentences. ".repeat(200))
}

/// A streamed request whose system prompt is to be cached.
fn cached(system: &str, question: &str) -> Value {
    json!({"model": "claude-haiku-5-5", "max_tokens": 50, "stream": true,
        "system": [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": question}]})
}

fn question(number: u32) -> Value {
    cached(&long("You are a clerk."), &format!("Question {number}"))
}

/// Streams that the test feeds.
fn streams<const NUMBER: usize>() -> (Vec<Result<Response, Failure>>, [Feed; NUMBER]) {
    let made = [(); NUMBER].map(|()| response(200, &[("content-type", "text/event-stream")]));
    let mut answers = Vec::new();
    let feeds = made.map(|(response, feed)| {
        answers.push(Ok(response));
        feed
    });
    (answers, feeds)
}

fn send(house: &House, body: &Value, headers: &[(&'static str, &'static str)]) -> JoinHandle<Seen> {
    send_as(house, Dialect::Anthropic, body, headers)
}

/// What a client saw: headers and text.
struct Seen {
    headers: HeaderMap,
    text: String,
}

fn send_as(
    house: &House,
    dialect: Dialect,
    body: &Value,
    headers: &[(&'static str, &'static str)],
) -> JoinHandle<Seen> {
    let named = |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    let mut headers: HeaderMap = headers.iter().map(named).collect();
    headers.insert("x-api-key", HeaderValue::from_static(KEY));
    let arrival = Arrival {
        id: house.gateway.new_request_id(),
        dialect,
        endpoint: Endpoint::Generate,
        address: paceway_gateway::Address::default(),
        headers,
        query: None,
        body: body.to_string().into(),
    };
    let gateway = Arc::clone(&house.gateway);
    tokio::spawn(async move {
        let answer: Answer = pipeline::serve(&gateway, arrival).await;
        Seen { headers: answer.headers.clone(), text: text(answer).await }
    })
}

/// Everything that can happen now has happened.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn begin(feed: &Feed) {
    let first = STREAM.split_at(STREAM.find("event: unheard_of").unwrap()).0;
    feed.send(Ok(Bytes::from_static(first.as_bytes()))).unwrap();
}

fn finish(feed: Feed) {
    let rest = STREAM.split_at(STREAM.find("event: unheard_of").unwrap()).1;
    feed.send(Ok(Bytes::from_static(rest.as_bytes()))).unwrap();
    drop(feed);
}

/// The whole stream.
fn answer(feed: Feed) {
    begin(&feed);
    finish(feed);
}

fn calls(house: &House) -> usize {
    house.script.calls.lock().unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn siblings_wait_for_the_first_byte_of_the_first_and_then_all_go() {
    let (answers, [first_feed, second_feed, third_feed]) = streams();
    let house = easy(answers);
    let first = send(&house, &question(1), &[]);
    let waiting = [send(&house, &question(2), &[]), send(&house, &question(3), &[])];
    pass(2).await;
    assert_eq!(calls(&house), 1);
    begin(&first_feed);
    settle().await;
    assert_eq!(calls(&house), 3);
    finish(first_feed);
    answer(second_feed);
    answer(third_feed);
    let first = first.await.unwrap();
    assert_eq!((&first.headers["x-paceway-queued-ms"], first.text.as_str()), (&HeaderValue::from(0), STREAM));
    assert!(!first.headers.contains_key("x-paceway-wait-reason"));
    for sibling in waiting {
        let seen = sibling.await.unwrap();
        assert_eq!(seen.headers["x-paceway-queued-ms"], "2000");
        assert_eq!(seen.headers["x-paceway-wait-reason"], REASON);
        assert_eq!(seen.text, STREAM);
    }
    let queued: Vec<u64> = house.rows.all().iter().map(|row| row.queued_ms).collect();
    assert_eq!(queued.iter().sum::<u64>(), 4_000);
    let metrics = house.gateway.metrics_text().unwrap();
    assert!(metrics.contains("paceway_queue_wait_seconds_sum{provider=\"anthropic\"} 4.0"), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_streamed_has_begun_when_it_is_there() {
    let (slow, feed) = response(200, &[]);
    let house = easy(vec![Ok(slow), whole(200, &[], &message())]);
    let mut body = question(1);
    body["stream"] = json!(false);
    let (first, second) = (send(&house, &body, &[]), send(&house, &body, &[]));
    pass(3).await;
    assert_eq!(calls(&house), 1);
    feed.send(Ok(message().to_string().into())).unwrap();
    drop(feed);
    first.await.unwrap();
    assert_eq!(second.await.unwrap().headers["x-paceway-queued-ms"], "3000");
}

#[tokio::test(start_paused = true)]
async fn when_the_first_fails_exactly_one_takes_its_place() {
    let (mut answers, [second, third]) = streams();
    let (broken, failing) = response(500, &[]);
    answers.insert(0, Ok(broken));
    let house = easy(answers);
    let asked = [1, 2, 3].map(|number| send(&house, &question(number), &[]));
    settle().await;
    assert_eq!(calls(&house), 1);
    failing.send(Ok("{}".into())).unwrap();
    drop(failing);
    pass(1).await;
    assert_eq!(calls(&house), 2, "one and no more takes its place");
    begin(&second);
    settle().await;
    assert_eq!(calls(&house), 3);
    answer(third);
    finish(second);
    for seen in asked {
        seen.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_in_the_place_of_the_first_byte_of_a_stream_is_a_failure() {
    let (answers, [first, second]) = streams();
    let house = easy(answers);
    let asked = [1, 2].map(|number| send(&house, &question(number), &[]));
    settle().await;
    let error =
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"no\"}}\n\n";
    first.send(Ok(error.into())).unwrap();
    settle().await;
    let third = send(&house, &question(3), &[]);
    settle().await;
    assert_eq!(calls(&house), 2, "nothing can be read yet");
    third.abort();
    drop(first);
    answer(second);
    for seen in asked {
        seen.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_arrives_whole_has_begun_too() {
    let (answers, [first, _second, _third]) = streams();
    let house = easy(answers);
    first.send(Ok(STREAM.into())).unwrap();
    drop(first);
    let _asked = [1, 2, 3].map(|number| send(&house, &question(number), &[]));
    settle().await;
    assert_eq!(calls(&house), 3);
}

#[tokio::test(start_paused = true)]
async fn when_the_first_hangs_up_the_next_takes_its_place() {
    let (answers, [_first, second, _third]) = streams();
    let house = easy(answers);
    let asked = [1, 2, 3].map(|number| send(&house, &question(number), &[]));
    settle().await;
    asked[0].abort();
    settle().await;
    assert_eq!(calls(&house), 2);
    begin(&second);
    settle().await;
    assert_eq!(calls(&house), 3);
}

#[tokio::test(start_paused = true)]
async fn a_sibling_that_hangs_up_while_it_waits_leaves_nothing_behind() {
    let (answers, [_first, second]) = streams();
    let house = easy(answers);
    let asked = [1, 2].map(|number| send(&house, &question(number), &[]));
    settle().await;
    asked[1].abort();
    asked[0].abort();
    settle().await;
    assert_eq!((calls(&house), house.gateway.turnstile.waiting()), (1, 0));
    let metrics = house.gateway.metrics_text().unwrap();
    assert!(metrics.contains("paceway_in_flight 0"), "{metrics}");
    let next = send(&house, &question(3), &[]);
    settle().await;
    assert_eq!(calls(&house), 2, "nobody is first any more");
    answer(second);
    assert_eq!(next.await.unwrap().headers["x-paceway-queued-ms"], "0");
}

#[tokio::test(start_paused = true)]
async fn who_waits_takes_no_place_from_others() {
    let (answers, [_first, second]) = streams();
    let house = house(answers, at_once(2), Duration::ZERO);
    let _asked = [1, 2].map(|number| send(&house, &question(number), &[]));
    settle().await;
    let stranger = send(&house, &cached("You are brief.", "Hi"), &[]);
    settle().await;
    assert_eq!(calls(&house), 2);
    answer(second);
    assert_eq!(stranger.await.unwrap().headers["x-paceway-queued-ms"], "0");
}

#[tokio::test(start_paused = true)]
async fn different_prefixes_and_different_models_do_not_wait() {
    let (answers, [_first, _second, _third]) = streams();
    let house = easy(answers);
    let mut other_model = question(2);
    other_model["model"] = json!("claude-sonnet-5-5");
    let _asked = [question(1), cached(&long("You are a judge."), "Question 1"), other_model]
        .map(|body| send(&house, &body, &[]));
    settle().await;
    assert_eq!(calls(&house), 3);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_while_the_entry_can_be_read_and_each_read_renews_it() {
    let (answers, [first, second, third, _fourth]) = streams();
    let house = easy(answers);
    for (number, feed) in (1..).zip([first, second, third]) {
        let asked = send(&house, &question(number), &[]);
        answer(feed);
        assert_eq!(asked.await.unwrap().headers["x-paceway-queued-ms"], "0");
        pass(299).await;
    }
    pass(2).await;
    let _asked = [4, 5].map(|number| send(&house, &question(number), &[]));
    settle().await;
    assert_eq!(calls(&house), 4, "it can no longer be read, so that one writes it again");
}

#[tokio::test(start_paused = true)]
async fn an_entry_of_an_hour_lives_an_hour() {
    let (answers, [first, _second, _third]) = streams();
    let house = easy(answers);
    let mut body = question(1);
    body["system"][0]["cache_control"]["ttl"] = json!("1h");
    let asked = send(&house, &body, &[]);
    answer(first);
    asked.await.unwrap();
    pass(3_590).await;
    let _asked = [send(&house, &body, &[]), send(&house, &body, &[])];
    settle().await;
    assert_eq!(calls(&house), 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_small_unpriced_or_not_to_be_cached_does_not_wait() {
    let (answers, _feeds): (_, [Feed; 6]) = streams();
    let house = easy(answers);
    let small = cached("You are a clerk.", &long("Question"));
    let mut unpriced = question(1);
    unpriced["model"] = json!("claude-imaginary-9");
    let mut unmarked = question(1);
    unmarked["system"] = json!(long("You are a clerk."));
    let _asked = [small, unpriced, unmarked].map(|body| [send(&house, &body, &[]), send(&house, &body, &[])]);
    settle().await;
    assert_eq!(calls(&house), 6);
}

#[tokio::test(start_paused = true)]
async fn the_wait_is_bounded_by_the_setting_and_by_half_of_the_clients_timeout() {
    let (answers, [_first, second, third]) = streams();
    let house = easy(answers);
    let _asked = send(&house, &question(1), &[]);
    let hurried = send(&house, &question(2), &[("x-stainless-timeout", "8")]);
    let patient = send(&house, &question(3), &[]);
    answer(second);
    answer(third);
    // 95 % of the eight seconds can be used.
    assert_eq!(hurried.await.unwrap().headers["x-paceway-queued-ms"], "3800");
    // Its answer came before that of the first, and can be read from as well.
    assert_eq!(patient.await.unwrap().headers["x-paceway-queued-ms"], "3800");
}

#[tokio::test(start_paused = true)]
async fn a_first_that_takes_too_long_is_waited_for_no_longer_than_the_setting_says() {
    let (answers, [_first, second]) = streams();
    let house = easy(answers);
    let _asked = send(&house, &question(1), &[]);
    let patient = send(&house, &question(2), &[]);
    answer(second);
    let seen = patient.await.unwrap();
    assert_eq!(seen.headers["x-paceway-queued-ms"], "10000");
    assert_eq!(seen.headers["x-paceway-wait-reason"], REASON);
}

#[tokio::test(start_paused = true)]
async fn with_a_wait_of_zero_nobody_waits() {
    let (answers, [_first, _second]) = streams();
    let mut house = easy(answers);
    Arc::get_mut(&mut house.gateway).unwrap().bounds.max_sibling_wait = Duration::ZERO;
    let _asked = [1, 2].map(|number| send(&house, &question(number), &[]));
    settle().await;
    assert_eq!(calls(&house), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_waits_for_a_sibling_gets_signs_of_life() {
    let (answers, [_first, second]) = streams();
    let mut house = easy(answers);
    Arc::get_mut(&mut house.gateway).unwrap().bounds.max_sibling_wait = Duration::from_secs(25);
    let _asked = send(&house, &question(1), &[]);
    let patient = send(&house, &question(2), &[]);
    answer(second);
    let seen = patient.await.unwrap().text;
    assert_eq!(seen, format!("event: ping\ndata: {{\"type\": \"ping\"}}\n\n{STREAM}"));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_request_that_matters_less() {
    let (answers, [_first, second, _third]) = streams();
    let house = easy(answers);
    let _slow = send(&house, &question(1), &[("x-paceway-priority", "batch")]);
    let _asked = [2, 3].map(|number| send(&house, &question(number), &[]));
    settle().await;
    assert_eq!(calls(&house), 2, "the first of its own priority goes, the other waits for it");
    begin(&second);
    settle().await;
    assert_eq!(calls(&house), 3);
}

/// Two keys of two organisations.
fn two_keys(limits: Limits) -> Vec<ProviderSettings> {
    let keys = vec![key("a", "sk-a", "a"), key("b", "sk-b", "b")];
    vec![ProviderSettings { keys, ..provider("anthropic", Dialect::Anthropic, "claude-*", limits) }]
}

fn keys_used(house: &House) -> Vec<HeaderValue> {
    let calls = house.script.calls.lock().unwrap();
    calls.iter().map(|call| call.headers["x-api-key"].clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn siblings_follow_the_first_to_the_key_that_it_went_to() {
    let (answers, [before, first, _second]) = streams();
    let house = house_of(answers, two_keys(at_once(1)), Vec::new(), Duration::ZERO);
    // It prefers the same key and is no sibling, as its model is another one.
    let mut other_model = question(1);
    other_model["model"] = json!("claude-sonnet-5-5");
    let other = send(&house, &other_model, &[]);
    settle().await;
    let asked = send(&house, &question(2), &[]);
    settle().await;
    answer(before);
    answer(first);
    other.await.unwrap();
    asked.await.unwrap();
    let _sibling = send(&house, &question(3), &[]);
    settle().await;
    let used = keys_used(&house);
    assert_ne!(used[0], used[1]);
    assert_eq!(used[1], used[2]);
}

#[tokio::test(start_paused = true)]
async fn a_first_that_is_refused_and_tries_again_is_still_the_first() {
    let broke = json!({"type": "error", "error": {"type": "billing_error", "message": "Your credit balance is too low"}});
    let (mut answers, [first, _second]) = streams();
    answers.insert(0, whole(402, &[], &broke));
    let house = house_of(answers, two_keys(Limits::none()), Vec::new(), Duration::ZERO);
    let _asked = [1, 2].map(|number| send(&house, &question(number), &[]));
    settle().await;
    assert_eq!(calls(&house), 2);
    begin(&first);
    settle().await;
    assert_eq!(calls(&house), 3);
}

#[tokio::test(start_paused = true)]
async fn openais_dialect_caches_unasked_and_by_its_key() {
    let (answers, [_first, _second]) = streams();
    let house = easy(answers);
    let asked = |number: u32, key: &str| {
        json!({"model": "gpt-5-nano", "stream": true, "prompt_cache_key": key, "messages": [
            {"role": "system", "content": long("You are a clerk.")},
            {"role": "user", "content": format!("Question {number}")}]})
    };
    let _asked = [asked(1, "a"), asked(2, "a"), asked(3, "b")]
        .map(|body| send_as(&house, Dialect::OpenAi, &body, &[]));
    settle().await;
    assert_eq!(calls(&house), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_in_another_dialect_waits_only_if_its_provider_is_asked_to_cache() {
    let (answers, [_first, _second]) = streams();
    let house = easy(answers);
    let asked = |number: u32| {
        json!({"model": "claude-haiku-5-5", "stream": true, "messages": [
            {"role": "system", "content": long("You are a clerk.")},
            {"role": "user", "content": format!("Question {number}")}]})
    };
    let _asked = [asked(1), asked(2)].map(|body| send_as(&house, Dialect::OpenAi, &body, &[]));
    settle().await;
    assert_eq!(calls(&house), 2);
}

//! A stream that breaks in the middle goes on at another target, and its client sees one answer.
#![allow(clippy::unwrap_used, clippy::unnecessary_wraps)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use paceway_domain::failure::Phase;
use paceway_domain::{Dialect, Failure};
use paceway_gateway::provider::ProviderSettings;
use paceway_scheduler::Limits;
use paceway_upstream::Answer;
use serde_json::{Value, json};
use support::{House, STREAM, alias, house_with, provider, question, response, text, whole};

type Said = Result<Answer, Failure>;

fn at(name: &str, dialect: Dialect, pattern: &str) -> ProviderSettings {
    let mut settings = provider(name, dialect, pattern, Limits::none());
    settings.ways[0].base_url = format!("http://{name}.test").parse().unwrap();
    settings
}

fn house(answers: Vec<Said>, continues: bool) -> House {
    let (name, mut settings) = alias("smart", &["one/claude-haiku-5-5", "two/gpt-5.5"]);
    settings.rules.continues = continues;
    house_with(
        answers,
        vec![at("one", Dialect::Anthropic, "claude-*"), at("two", Dialect::OpenAi, "gpt-*")],
        Vec::new(),
        Duration::ZERO,
        0,
        BTreeMap::from([(name, settings)]),
    )
}

/// A stream of these bytes that then breaks.
fn broken(bytes: &'static str) -> Said {
    let (answer, feed) = response(200, &[("content-type", "text/event-stream")]);
    feed.send(Ok(Bytes::from_static(bytes.as_bytes()))).unwrap();
    feed.send(Err(Failure::Broken("reset".into()))).unwrap();
    Ok(answer)
}

/// The rest, in OpenAI's dialect.
fn rest(words: &str) -> Said {
    let (answer, feed) = response(200, &[("content-type", "text/event-stream")]);
    let chunk = |delta: Value, finish: Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        let chunk = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5.5", "choices": [choice]});
        format!("data: {chunk}\n\n")
    };
    let usage = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5.5", "choices": [],
        "usage": {"prompt_tokens": 50, "completion_tokens": 9, "total_tokens": 59}});
    let events = [
        chunk(json!({"role": "assistant", "content": ""}), Value::Null),
        chunk(json!({"content": words}), Value::Null),
        chunk(json!({}), json!("stop")),
        format!("data: {usage}\n\ndata: [DONE]\n\n"),
    ];
    feed.send(Ok(events.concat().into())).unwrap();
    Ok(answer)
}

/// Up to the first words.
fn half() -> &'static str {
    let end = STREAM.find("Héllo ").unwrap() + "Héllo \"}}\n\n".len();
    &STREAM[..end]
}

async fn ask(house: &House, headers: &[(&'static str, &'static str)]) -> String {
    let answer = house.ask_with(Dialect::Anthropic, &question("smart", true), headers).await;
    text(answer).await
}

fn words(stream: &str) -> String {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    let events = data.map(|data| serde_json::from_str::<Value>(data).unwrap());
    events.filter_map(|event| event["delta"]["text"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(start_paused = true)]
async fn the_rest_comes_from_another_target_in_one_answer_with_one_usage() {
    let house = house(vec![broken(half()), rest("Héllo wörld, again")], true);
    let stream = ask(&house, &[]).await;
    assert_eq!(words(&stream), "Héllo wörld, again", "{stream}");
    for once in ["message_start\"", "content_block_start\"", "message_delta\"", "message_stop\""] {
        assert_eq!(stream.matches(&format!("\"type\":\"{once}")).count(), 1, "{once}: {stream}");
    }
    assert!(!stream.contains("event: error"), "{stream}");
    let sent = house.sent();
    let turns: Vec<&str> =
        sent["messages"].as_array().unwrap().iter().map(|turn| turn["role"].as_str().unwrap()).collect();
    assert_eq!(turns, ["user", "assistant", "user"]);
    assert_eq!(sent["messages"][1]["content"].as_str().unwrap().trim(), "Héllo");
    // Each part has a row, at its own model's price.
    let rows = house.rows.all();
    let [first, second] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((first.provider.as_str(), first.outcome.as_str()), ("one", "continued"));
    assert_eq!((second.provider.as_str(), second.outcome.as_str()), ("two", "completed"));
    let record = house.gateway.decisions.find(second.request_id.as_str()).unwrap();
    let attempts: Vec<_> = record.attempts.iter().map(|attempt| attempt.result.as_str()).collect();
    assert_eq!(attempts, ["served", "connection", "served"], "{record:?}");
    assert!(record.attempts[1].said.contains("broke off"), "{record:?}");
    assert!(first.request_id.as_str().starts_with(second.request_id.as_str()));
    assert_eq!((first.usage.input.get(), second.usage.input.get(), second.usage.output.get()), (100, 50, 9));
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_an_error_where_that_is_not_allowed() {
    let house = house(vec![broken(half()), rest("never")], false);
    let stream = ask(&house, &[]).await;
    assert!(stream.contains("event: error") && !stream.contains("never"), "{stream}");
    assert_eq!(house.script.calls.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_may_allow_or_forbid_it() {
    let allowed = house(vec![broken(half()), rest("Héllo you")], false);
    assert_eq!(words(&ask(&allowed, &[("x-paceway-continue", "true")]).await), "Héllo you");
    let forbidden = house(vec![broken(half())], true);
    assert!(ask(&forbidden, &[("x-paceway-continue", "false")]).await.contains("event: error"));
}

#[tokio::test(start_paused = true)]
async fn where_nobody_goes_on_it_ends_with_an_error_that_says_both() {
    let refused = whole(400, &[], &json!({"error": {"message": "no such voice"}}));
    let again = Err(Failure::Connect("refused".into()));
    let house = house(vec![broken(half()), refused, again], true);
    let stream = ask(&house, &[]).await;
    assert_eq!(stream.matches("event: error").count(), 1, "{stream}");
    assert!(stream.contains("could not be continued elsewhere: status 400: no such voice"), "{stream}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_whole_passes_as_it_is_understood() {
    let (answer, feed) = response(200, &[("content-type", "text/event-stream")]);
    feed.send(Ok(Bytes::from_static(STREAM.as_bytes()))).unwrap();
    drop(feed);
    let house = house(vec![Ok(answer)], true);
    let stream = ask(&house, &[]).await;
    assert_eq!(
        (words(&stream).as_str(), stream.matches("\"type\":\"message_stop\"").count()),
        ("Héllo wörld", 1)
    );
    let row = house.rows.only();
    assert_eq!((row.outcome.as_str(), row.usage.output.get()), ("completed", 20));
}

/// Providers of OpenAI's dialect count in an event of its own, behind the answer's end.
#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_behind_its_end_is_whole_with_a_likely_usage() {
    let (answer, feed) = response(200, &[("content-type", "text/event-stream")]);
    let uncounted = "data: {\"id\":\"c\",\"model\":\"gpt-5.5\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Héllo wörld\"},\
        \"finish_reason\":\"stop\"}]}\n\n";
    feed.send(Ok(Bytes::from_static(uncounted.as_bytes()))).unwrap();
    feed.send(Err(Failure::Broken("reset".into()))).unwrap();
    let house = house(vec![broken(half()), Ok(answer)], true);
    let stream = ask(&house, &[]).await;
    assert_eq!(words(&stream), "Héllo wörld", "{stream}");
    let (_, end) = stream.split_once("event: message_delta\ndata: ").unwrap();
    let end: Value = serde_json::from_str(end.lines().next().unwrap()).unwrap();
    let [first, second] = house.rows.all().try_into().unwrap();
    // The first part as it counted itself, the second as expected: thirteen bytes are four tokens.
    assert_eq!(end["usage"]["output_tokens"], first.usage.output.get() + 4, "{end}");
    let input = end["usage"]["input_tokens"].as_u64().unwrap();
    assert!(input > first.usage.input.get(), "{end}, {second:?}");
}

/// At every event, also one in the middle of which it breaks.
#[tokio::test(start_paused = true)]
async fn wherever_it_breaks_the_client_sees_one_valid_answer() {
    for (at, _) in STREAM.char_indices().step_by(7).skip(1) {
        let house = house(vec![broken(&STREAM[..at]), rest("Héllo wörld")], true);
        let stream = ask(&house, &[]).await;
        assert_eq!(stream.matches("\"type\":\"message_stop\"").count(), 1, "cut at {at}: {stream}");
        assert_eq!(stream.matches("\"type\":\"message_start\"").count(), 1, "cut at {at}: {stream}");
        assert_eq!(words(&stream).trim(), "Héllo wörld", "cut at {at}: {stream}");
    }
}

/// What is written depends on the model, which the alias does not show.
#[tokio::test(start_paused = true)]
async fn the_rest_is_asked_for_in_words_that_the_model_itself_has() {
    let (name, mut settings) = alias("smart", &["one/gemini-2.5-flash"]);
    settings.rules.continues = true;
    let first =
        "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Hello \"}]}}]}\n\n";
    let house = house_with(
        vec![broken(first), Err(Failure::Connect("refused".into()))],
        vec![at("one", Dialect::Gemini, "gemini-*")],
        Vec::new(),
        Duration::ZERO,
        0,
        BTreeMap::from([(name, settings)]),
    );
    let body = json!({
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "generationConfig": {"thinkingConfig": {"thinkingBudget": 1024}},
    });
    let address = paceway_gateway::Address { model: Some("smart".into()), stream: Some(true) };
    text(house.ask_at(Dialect::Gemini, address, &body).await).await;
    let sent = house.sent();
    assert_eq!(sent["contents"].as_array().unwrap().len(), 3, "{sent}");
    assert_eq!(sent["generationConfig"]["thinkingConfig"]["thinkingBudget"], 1024, "{sent}");
}

/// A stream of which the second half comes after it has been found too slow.
fn slow() -> Said {
    let (answer, feed) = response(200, &[("content-type", "text/event-stream")]);
    feed.send(Ok(Bytes::from_static(half().as_bytes()))).unwrap();
    feed.send(Err(Failure::Timeout(Phase::LowSpeed(50), Duration::from_secs(20)))).unwrap();
    feed.send(Ok(Bytes::from_static(&STREAM.as_bytes()[half().len()..]))).unwrap();
    Ok(answer)
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_too_slow_is_continued_by_another_target_where_that_is_allowed() {
    let house = house(vec![slow(), rest("and so on.")], true);
    assert_eq!(words(&ask(&house, &[]).await), "Héllo and so on.");
    let rows = house.rows.all();
    let ends: Vec<_> = rows.iter().map(|row| (row.provider.as_str(), row.outcome.as_str())).collect();
    assert_eq!(ends, [("one", "continued"), ("two", "completed")]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_too_slow_and_then_breaks_off_is_one_failure() {
    let slow_and_broken = || {
        let (answer, feed) = response(200, &[("content-type", "text/event-stream")]);
        feed.send(Ok(Bytes::from_static(half().as_bytes()))).unwrap();
        for phase in [Phase::LowSpeed(50), Phase::Idle] {
            feed.send(Err(Failure::Timeout(phase, Duration::from_secs(20)))).unwrap();
        }
        Ok(answer)
    };
    let house = house(vec![slow_and_broken(), slow_and_broken(), slow_and_broken(), slow()], false);
    for _ in 0..3 {
        assert!(ask(&house, &[]).await.contains("event: error"));
    }
    assert_eq!(ask(&house, &[]).await, STREAM, "three failures do not open the breaker");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_too_slow_and_cannot_be_continued_goes_on_and_counts_against_its_target() {
    let house = house((0..5).map(|_| slow()).chain([rest("another's")]).collect(), false);
    for _ in 0..5 {
        assert_eq!(ask(&house, &[]).await, STREAM);
    }
    assert!(house.rows.all().iter().all(|row| row.outcome == "completed"));
    assert_eq!(words(&ask(&house, &[]).await), "another's", "the breaker is open");
}

/// A stream of the Responses API, whole.
const RESPONSES: &str = concat!(
    "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1,\"status\":\"in_progress\",\"model\":\"gpt-5.5\",\"output\":[]}}\n\n",
    "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":1,\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}}\n\n",
    "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":2,\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"Ada.\"}\n\n",
    "event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"sequence_number\":3,\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"Ada.\",\"annotations\":[]}]}}\n\n",
    "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":4,\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1,\"status\":\"completed\",\"model\":\"gpt-5.5\",\"output\":[{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"Ada.\",\"annotations\":[]}]}],\"usage\":{\"input_tokens\":3,\"output_tokens\":2,\"total_tokens\":5}}}\n\n",
);

fn house_of_responses() -> House {
    let (name, mut settings) = alias("smart", &["one/gpt-5.5"]);
    settings.rules.continues = true;
    let streams = (0..2).map(|_| {
        let (answer, feed) = response(200, &[("content-type", "text/event-stream")]);
        feed.send(Ok(Bytes::from_static(RESPONSES.as_bytes()))).unwrap();
        Ok(answer)
    });
    let aliases = BTreeMap::from([(name, settings)]);
    house_with(
        streams.collect(),
        vec![at("one", Dialect::Responses, "gpt-*")],
        Vec::new(),
        Duration::ZERO,
        0,
        aliases,
    )
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_not_continued_is_gone_on_from_where_its_provider_keeps_it() {
    let house = house_of_responses();
    let mut asked = json!({"model": "smart", "input": "My name is Ada.", "stream": true});
    let first = text(house.ask(Dialect::Responses, &asked).await).await;
    assert!(first.contains("response.completed"), "{first}");
    asked["input"] = json!("Who am I?");
    asked["previous_response_id"] = json!("resp_1");
    text(house.ask(Dialect::Responses, &asked).await).await;
    let sent = house.sent();
    assert_eq!((&sent["previous_response_id"], &sent["input"]), (&json!("resp_1"), &json!("Who am I?")));
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_sealed_thoughts_passes_as_it_is() {
    let house = house_of_responses();
    let mut asked = json!({"model": "smart", "input": "Hi", "stream": true});
    let rewritten = text(house.ask(Dialect::Responses, &asked).await).await;
    assert_ne!(rewritten, RESPONSES);
    asked["include"] = json!(["reasoning.encrypted_content"]);
    assert_eq!(text(house.ask(Dialect::Responses, &asked).await).await, RESPONSES);
}

//! Calls that fail are made again, while the client has seen nothing and within budgets.
#![allow(clippy::unwrap_used, clippy::unnecessary_wraps)]

mod support;

use std::time::Duration;

use bytes::Bytes;
use paceway_domain::failure::Phase;
use paceway_domain::{Dialect, Failure};
use serde_json::json;
use support::{House, STREAM, message, patient, question, response, streamed, text, whole};

fn refused_connection() -> Result<paceway_upstream::Answer, Failure> {
    Err(Failure::Connect("refused".into()))
}

fn broken_server() -> Result<paceway_upstream::Answer, Failure> {
    whole(500, &[], &json!({"type": "error", "error": {"type": "api_error", "message": "Internal"}}))
}

fn answer() -> Result<paceway_upstream::Answer, Failure> {
    whole(200, &[], &message())
}

/// A stream or a whole answer that breaks off after these bytes.
fn cut(kind: &str, bytes: &'static str) -> Result<paceway_upstream::Answer, Failure> {
    let (answer, feed) = response(200, &[("content-type", kind)]);
    if !bytes.is_empty() {
        feed.send(Ok(Bytes::from_static(bytes.as_bytes()))).unwrap();
    }
    feed.send(Err(Failure::Broken("reset".into()))).unwrap();
    Ok(answer)
}

/// An answer of these bytes that ends in order.
fn cut_short(kind: &str, bytes: &'static str) -> Result<paceway_upstream::Answer, Failure> {
    let (answer, feed) = response(200, &[("content-type", kind)]);
    feed.send(Ok(Bytes::from_static(bytes.as_bytes()))).unwrap();
    Ok(answer)
}

async fn ask(house: &House, stream: bool) -> (u16, String) {
    let answer = house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", stream)).await;
    (answer.status.as_u16(), text(answer).await)
}

#[tokio::test(start_paused = true)]
async fn whatever_fails_in_a_way_that_may_pass_is_sent_again() {
    let timeout = || Err(Failure::Timeout(Phase::Headers, Duration::from_secs(1)));
    let half = || cut("application/json", "{\"id\":");
    let garbage = || cut_short("text/html", "<html>Bad gateway</html>");
    for failed in [refused_connection(), broken_server(), timeout(), half(), garbage()] {
        let house = patient(vec![failed, answer()], 2);
        assert_eq!(ask(&house, false).await.0, 200);
        let row = house.rows.only();
        assert_eq!((row.attempts, row.outcome.as_str(), row.status), (2, "completed", 200));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_before_its_first_byte_is_sent_again_and_after_it_never() {
    let whole_stream = || streamed(vec![Bytes::from_static(STREAM.as_bytes())]);
    let house = patient(vec![cut("text/event-stream", ""), whole_stream()], 2);
    let (status, seen) = ask(&house, true).await;
    assert_eq!((status, seen.matches("message_stop\"}").count()), (200, 1));
    let house = patient(vec![cut("text/event-stream", &STREAM[..200]), whole_stream()], 2);
    let (_, seen) = ask(&house, true).await;
    assert!(seen.contains("event: error") && !seen.contains("message_stop"), "{seen}");
    assert_eq!(house.script.calls.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_keeps_failing_is_told_in_the_end_and_who_asked_need_not_ask_again() {
    let house = patient(vec![broken_server(), broken_server(), broken_server()], 2);
    let answer = house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", false)).await;
    assert_eq!((answer.status.as_u16(), &answer.headers["x-should-retry"]), (500, &"false".parse().unwrap()));
    assert!(text(answer).await.contains("Internal"));
    let house = patient(vec![refused_connection(), refused_connection()], 1);
    let answer = house.ask(Dialect::OpenAi, &question("claude-haiku-5-5", false)).await;
    assert_eq!((answer.status.as_u16(), &answer.headers["x-should-retry"]), (502, &"false".parse().unwrap()));
    assert_eq!(house.rows.only().attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_forbids_it_is_not_asked_again_and_a_stated_wait_is_kept() {
    let forbidden = whole(500, &[("x-should-retry", "false")], &json!({}));
    let house = patient(vec![forbidden, answer()], 2);
    assert_eq!(ask(&house, false).await.0, 500);
    let house = patient(vec![whole(503, &[("retry-after", "20")], &json!({"a": 1})), answer()], 2);
    let before = house.gateway.clock.now();
    assert_eq!(ask(&house, false).await.0, 200);
    let waited = house.gateway.clock.now().since(before).as_millis();
    assert!((20_000..20_100).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_clients_patience_is_not_begun() {
    let house = patient(vec![whole(500, &[("retry-after", "3600")], &json!({})), answer()], 2);
    assert_eq!(ask(&house, false).await.0, 500);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_not_multiplied_by_retries() {
    let failures = (0..400).map(|_| refused_connection()).collect();
    let house = patient(failures, 2);
    for _ in 0..100 {
        // The breaker opens at last, and says so.
        assert!(matches!(ask(&house, false).await.0, 502 | 503));
    }
    let calls = house.script.calls.lock().unwrap().len();
    // 100 requests, a fifth of them again, and one retry a second at most besides.
    assert!(calls < 220, "{calls} calls for 100 requests");
}

#[tokio::test(start_paused = true)]
async fn errors_of_the_caller_are_not_sent_again() {
    let wrong = whole(
        400,
        &[],
        &json!({"type": "error", "error": {"type": "invalid_request_error", "message": "x"}}),
    );
    let house = patient(vec![wrong, answer()], 2);
    assert_eq!(ask(&house, false).await.0, 400);
    assert_eq!(house.rows.only().attempts, 1);
}

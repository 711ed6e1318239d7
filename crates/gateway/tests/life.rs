//! The life of a request with fakes for everything outside, in virtual time.
#![allow(clippy::unwrap_used, clippy::unnecessary_wraps)] // A script holds answers and failures alike.

mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http_body_util::BodyExt;
use paceway_domain::failure::Phase;
use paceway_domain::{Dialect, Failure, MicroUsd, Tokens};
use serde_json::{Value, json};
use support::{
    STREAM, at_once, bytes, easy, house, message, question, requests, response, streamed, text, whole,
};

const CHUNKS: &str = "data: {\"id\":\"chatcmpl-1\",\"model\":\"gpt-5-nano\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\
    \"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\ndata: {\"id\":\"chatcmpl-1\",\"model\":\
    \"gpt-5-nano\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Héllo \\\"you\\\"\"},\"finish_reason\":null}],\"usage\":\
    null}\n\ndata: {\"id\":\"chatcmpl-1\",\"model\":\"gpt-5-nano\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\
    \"stop\"}],\"usage\":null}\n\ndata: {\"id\":\"chatcmpl-1\",\"model\":\"gpt-5-nano\",\"choices\":[],\"usage\":{\
    \"prompt_tokens\":100,\"completion_tokens\":20,\"total_tokens\":120,\"prompt_tokens_details\":{\"cached_tokens\":7}}}\n\n\
    data: [DONE]\n\n";

#[tokio::test(start_paused = true)]
async fn the_same_dialect_passes_bytes_through_in_both_directions() {
    let house = easy(vec![whole(200, &[("request-id", "req_theirs")], &message())]);
    let mut asked = question("claude-haiku-5-5", false);
    asked["unheard_of"] = json!({"b": 1, "a": [null]});
    let answer = house.ask(Dialect::Anthropic, &asked).await;
    assert_eq!(answer.headers["request-id"], "req_theirs");
    assert_eq!(answer.headers["x-paceway-provider"], "anthropic");
    assert_eq!(text(answer).await, message().to_string());
    assert_eq!(house.script.calls.lock().unwrap()[0].body, asked.to_string());
    let row = house.rows.only();
    assert_eq!((row.usage.input, row.usage.output, row.usage_is_estimated), (Tokens(100), Tokens(20), false));
    // Haiku 5.5: 100 × 0.1 + 20 × 0.5 micro-dollars.
    assert_eq!((row.cost, row.outcome.as_str()), (Some(MicroUsd(20)), "completed"));
    assert_eq!(row.provider_request_id.as_deref(), Some("req_theirs"));
}

#[tokio::test(start_paused = true)]
async fn a_clients_key_never_reaches_a_provider_and_its_other_headers_do() {
    let house = easy(vec![whole(200, &[], &message())]);
    house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", false)).await;
    let calls = house.script.calls.lock().unwrap();
    let headers = &calls[0].headers;
    assert_eq!(
        (&headers["x-api-key"], &headers["anthropic-version"]),
        (&"sk-provider".parse().unwrap(), &"2023-06-01".parse().unwrap())
    );
    assert!(!format!("{headers:?}").contains("sk-provider"), "a provider's key shows in debug output");
}

#[tokio::test(start_paused = true)]
async fn a_provider_can_be_named_and_only_the_models_name_is_rewritten() {
    let house = easy(vec![whole(200, &[], &message())]);
    house.ask(Dialect::Anthropic, &question("anthropic/claude-haiku-5-5", false)).await;
    assert_eq!(house.sent(), question("claude-haiku-5-5", false));
    assert_eq!(house.rows.only().model_asked, "anthropic/claude-haiku-5-5");
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_passed_on_as_it_arrives() {
    let (response, feed) = response(200, &[("content-type", "text/event-stream")]);
    let house = easy(vec![Ok(response)]);
    let mut answer = house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", true)).await;
    let (first, rest) = STREAM.split_at(STREAM.find("event: unheard_of").unwrap());
    feed.send(Ok(Bytes::copy_from_slice(first.as_bytes()))).unwrap();
    let seen = answer.body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(seen, first, "the first event waited for the second");
    feed.send(Ok(Bytes::copy_from_slice(rest.as_bytes()))).unwrap();
    drop(feed);
    assert_eq!(text(answer).await, rest);
}

#[tokio::test(start_paused = true)]
async fn the_bill_is_settled_before_the_last_event_leaves() {
    let (response, feed) = response(200, &[("content-type", "text/event-stream")]);
    let house = easy(vec![Ok(response)]);
    let mut answer = house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", true)).await;
    let (first, last) = STREAM.split_at(STREAM.find("event: message_stop").unwrap());
    feed.send(Ok(Bytes::copy_from_slice(first.as_bytes()))).unwrap();
    answer.body.frame().await.unwrap().unwrap();
    assert!(house.rows.all().is_empty());
    feed.send(Ok(Bytes::copy_from_slice(last.as_bytes()))).unwrap();
    answer.body.frame().await.unwrap().unwrap();
    let row = house.rows.only();
    assert_eq!(
        (row.usage.input, row.usage.cache_read, row.usage.output),
        (Tokens(100), Tokens(7), Tokens(20))
    );
    assert!(!row.usage_is_estimated);
}

#[tokio::test(start_paused = true)]
async fn a_stream_in_any_two_pieces_is_the_same_for_client_and_ledger() {
    for cut in 0..=STREAM.len() {
        let (head, tail) = STREAM.as_bytes().split_at(cut);
        let house = easy(vec![streamed(vec![Bytes::copy_from_slice(head), Bytes::copy_from_slice(tail)])]);
        let answer = house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", true)).await;
        assert_eq!(text(answer).await, STREAM, "cut at {cut}");
        let row = house.rows.only();
        assert_eq!(
            (row.usage.input, row.usage.output, row.outcome.as_str()),
            (Tokens(100), Tokens(20), "completed")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_early_ends_in_an_error_event_behind_the_last_that_was_whole() {
    let last = STREAM.len() - 1;
    for cut in 0..last {
        let house = easy(vec![streamed(vec![Bytes::copy_from_slice(&STREAM.as_bytes()[..cut])])]);
        let answer = house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", true)).await;
        let seen = text(answer).await;
        let (passed, error) = seen.trim_end().rsplit_once("\n\n").unwrap_or(("", seen.trim_end()));
        let left_out = STREAM.strip_prefix(passed).unwrap();
        assert!(
            passed.is_empty() || left_out.starts_with("\n\n"),
            "cut at {cut}: half an event was passed on: {seen}"
        );
        assert!(error.starts_with("event: error\ndata: {\"type\":\"error\""), "cut at {cut}: {error}");
        let row = house.rows.only();
        assert_eq!((row.outcome.as_str(), row.usage.input >= Tokens(1)), ("cut", true), "cut at {cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_last_event_that_cannot_be_translated_is_an_error_to_the_client() {
    let (told, _) = STREAM.split_at(STREAM.find("event: message_stop").unwrap());
    let stream = format!("{told}event: error\ndata: {{\"oops\n\n");
    let house = easy(vec![streamed(vec![stream.into()])]);
    let seen = text(house.ask(Dialect::OpenAi, &question("claude-haiku-5-5", true)).await).await;
    let last = seen.trim_end().rsplit("\n\n").next().unwrap();
    assert!(last.starts_with("data: {\"error\":"), "{seen}");
    assert!(!seen.contains("[DONE]") && !seen.contains("\"finish_reason\":\"stop\""), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn usage_that_the_client_did_not_ask_for_is_asked_for_and_taken_out_again() {
    let house = easy(vec![streamed(vec![CHUNKS.into()])]);
    let answer = house.ask(Dialect::OpenAi, &question("gpt-5-nano", true)).await;
    let seen = text(answer).await;
    assert!(!seen.contains("usage") && seen.ends_with("data: [DONE]\n\n"), "{seen}");
    assert_eq!(house.sent()["stream_options"], json!({"include_usage": true}));
    let row = house.rows.only();
    assert_eq!(
        (row.usage.input, row.usage.cache_read, row.usage.output),
        (Tokens(93), Tokens(7), Tokens(20))
    );
}

#[tokio::test(start_paused = true)]
async fn usage_that_the_client_asked_for_stays() {
    let house = easy(vec![streamed(vec![CHUNKS.into()])]);
    let mut asked = question("gpt-5-nano", true);
    asked["stream_options"] = json!({"include_usage": true});
    let answer = house.ask(Dialect::OpenAi, &asked).await;
    assert_eq!(text(answer).await, CHUNKS);
    assert_eq!(house.sent(), asked);
}

#[tokio::test(start_paused = true)]
async fn a_cut_stream_of_the_other_dialect_has_no_done_and_no_finish() {
    for cut in 0..CHUNKS.find("\"stop\"").unwrap() {
        let house = easy(vec![streamed(vec![Bytes::copy_from_slice(&CHUNKS.as_bytes()[..cut])])]);
        let answer = house.ask(Dialect::OpenAi, &question("gpt-5-nano", true)).await;
        let seen = String::from_utf8_lossy(&bytes(answer).await).into_owned();
        assert!(!seen.contains("[DONE]") && seen.contains("\"error\""), "cut at {cut}: {seen}");
    }
}

/// The text and the end of a translated stream, as each dialect's client puts them together.
fn said(dialect: Dialect, stream: &str) -> (String, Value) {
    let events = stream.split("\n\n").filter_map(|event| event.split("data: ").nth(1));
    let events: Vec<Value> = events.filter_map(|data| serde_json::from_str(data).ok()).collect();
    let (text, end) = match dialect {
        Dialect::Anthropic => ("/delta/text", "/delta/stop_reason"),
        _ => ("/choices/0/delta/content", "/choices/0/finish_reason"),
    };
    let pick =
        |path: &str| events.iter().filter_map(|event| event.pointer(path).cloned()).collect::<Vec<_>>();
    let text = pick(text).iter().filter_map(Value::as_str).collect();
    (text, pick(end).into_iter().find(|end| !end.is_null()).unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn an_openai_client_reads_a_claude_stream_in_any_two_pieces() {
    for cut in 0..=STREAM.len() {
        let (head, tail) = STREAM.as_bytes().split_at(cut);
        let house = easy(vec![streamed(vec![Bytes::copy_from_slice(head), Bytes::copy_from_slice(tail)])]);
        let seen = text(house.ask(Dialect::OpenAi, &question("claude-haiku-5-5", true)).await).await;
        assert_eq!(said(Dialect::OpenAi, &seen), ("Héllo wörld".into(), json!("stop")), "cut at {cut}");
        assert!(seen.ends_with("data: [DONE]\n\n"), "cut at {cut}: {seen}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_anthropic_client_reads_a_gpt_stream_in_any_two_pieces() {
    for cut in 0..=CHUNKS.len() {
        let (head, tail) = CHUNKS.as_bytes().split_at(cut);
        let house = easy(vec![streamed(vec![Bytes::copy_from_slice(head), Bytes::copy_from_slice(tail)])]);
        let seen = text(house.ask(Dialect::Anthropic, &question("gpt-5-nano", true)).await).await;
        assert_eq!(
            said(Dialect::Anthropic, &seen),
            ("Héllo \"you\"".into(), json!("end_turn")),
            "cut at {cut}"
        );
        assert_eq!(
            (seen.matches("event: message_start").count(), seen.matches("event: message_stop").count()),
            (1, 1)
        );
        assert!(seen.contains("\"usage\":{\"input_tokens\":93,"), "{seen}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_conversation_crosses_over_whole() {
    let house = easy(vec![whole(200, &[], &message())]);
    let asked = json!({
        "model": "claude-haiku-5-5", "max_completion_tokens": 99, "temperature": 0.5, "stop": "END",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
            {"role": "assistant", "content": "Yes?"},
            {"role": "user", "content": "Go on"},
        ],
    });
    let answer: Value = serde_json::from_str(&text(house.ask(Dialect::OpenAi, &asked).await).await).unwrap();
    assert_eq!(
        house.sent(),
        json!({
            "model": "claude-haiku-5-5", "max_tokens": 99, "temperature": 0.5, "stop_sequences": ["END"],
            "system": [{"type": "text", "text": "Be brief."}],
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "Yes?"}]},
                {"role": "user", "content": [{"type": "text", "text": "Go on"}]},
            ],
        })
    );
    assert_eq!(answer["choices"][0]["message"]["content"], "Hello.");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!(answer["usage"]["prompt_tokens"], 100);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_cross_over_is_refused_by_name_before_anything_is_sent() {
    let house = easy(vec![]);
    let mut asked = question("claude-haiku-5-5", false);
    asked["seed"] = json!(7);
    asked["logit_bias"] = json!({"1": 2});
    let answer = house.ask(Dialect::OpenAi, &asked).await;
    assert_eq!(answer.status, 400);
    let told = text(answer).await;
    assert!(told.contains("seed: ") && told.contains("`logit_bias`"), "{told}");
    assert!(told.contains("x-paceway-drop-unsupported: true"), "{told}");
    assert!(house.rows.all().is_empty(), "nothing reached a provider");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_left_to_send_the_client_hears_what_was_lost() {
    let house = easy(vec![]);
    let mut asked = question("claude-haiku-5-5", false);
    let audio = json!({"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}});
    asked["messages"] = json!([{"role": "user", "content": [audio]}]);
    let told = text(house.ask(Dialect::OpenAi, &asked).await).await;
    assert!(told.contains("messages.0") && told.contains("drop-unsupported"), "{told}");
    // With leave to drop it, there is nothing more to allow: the message is simply missing.
    let leave = [("x-paceway-drop-unsupported", "true")];
    let told = text(house.ask_with(Dialect::OpenAi, &asked, &leave).await).await;
    assert!(told.contains("at least one message") && !told.contains("drop-unsupported"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn with_the_clients_leave_it_is_dropped_and_a_header_says_so() {
    let house = easy(vec![whole(200, &[], &message())]);
    let mut asked = question("claude-haiku-5-5", false);
    asked["seed"] = json!(7);
    let leave = [("x-paceway-drop-unsupported", "true")];
    let answer = house.ask_with(Dialect::OpenAi, &asked, &leave).await;
    assert_eq!(answer.status, 200);
    let changed = answer.headers["x-paceway-changed"].to_str().unwrap().to_owned();
    assert!(changed.contains("seed dropped"), "{changed}");
    assert!(house.sent().get("seed").is_none());
}

#[tokio::test(start_paused = true)]
async fn several_answers_are_asked_for_one_by_one_where_the_provider_gives_one() {
    let house = easy(vec![whole(200, &[], &message()), whole(200, &[], &message())]);
    let mut asked = question("claude-haiku-5-5", false);
    asked["n"] = json!(2);
    let answer: Value = serde_json::from_str(&text(house.ask(Dialect::OpenAi, &asked).await).await).unwrap();
    let indices: Vec<_> = answer["choices"].as_array().unwrap().iter().map(|c| c["index"].clone()).collect();
    assert_eq!(indices, [0, 1]);
    assert_eq!(answer["usage"]["prompt_tokens"], 200);
    assert_eq!(house.rows.all().len(), 2, "each has a bill of its own");
}

#[tokio::test(start_paused = true)]
async fn several_streams_become_one() {
    let stream = || streamed(vec![Bytes::from_static(STREAM.as_bytes())]);
    let house = easy(vec![stream(), stream()]);
    let mut asked = question("claude-haiku-5-5", true);
    asked["n"] = json!(2);
    let seen = text(house.ask(Dialect::OpenAi, &asked).await).await;
    let of = |index: u64| {
        let chunks = seen.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
        let chunks = chunks.filter_map(|data| serde_json::from_str::<Value>(data).ok());
        let mine = chunks.filter(|chunk| chunk["choices"][0]["index"] == index);
        mine.filter_map(|chunk| Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned()))
            .collect::<String>()
    };
    assert_eq!((of(0), of(1)), ("Héllo wörld".into(), "Héllo wörld".into()));
    assert_eq!(seen.matches("[DONE]").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_estimated_where_the_provider_cannot_count_them_in_the_callers_dialect() {
    let house = easy(vec![]);
    let answer = house.count(Dialect::Anthropic, &question("gpt-5-nano", false)).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["x-paceway-estimated"]),
        (200, &HeaderValue::from_static("true"))
    );
    let counted: Value = serde_json::from_str(&text(answer).await).unwrap();
    assert!(counted["input_tokens"].as_u64().unwrap() > 5, "{counted}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_another_dialect_can_be_gone_on_from() {
    let house = easy(vec![whole(200, &[], &message()), whole(200, &[], &message())]);
    let asked = json!({"model": "claude-haiku-5-5", "input": "Hi", "max_output_tokens": 50});
    let first: Value =
        serde_json::from_str(&text(house.ask(Dialect::Responses, &asked).await).await).unwrap();
    let id = first["id"].as_str().unwrap();
    let asked = json!({
        "model": "claude-haiku-5-5", "input": "Go on", "max_output_tokens": 50, "previous_response_id": id,
    });
    let second: Value =
        serde_json::from_str(&text(house.ask(Dialect::Responses, &asked).await).await).unwrap();
    assert_eq!(second["previous_response_id"], id);
    let roles: Vec<_> =
        house.sent()["messages"].as_array().unwrap().iter().map(|m| m["role"].clone()).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    let unknown = json!({"model": "claude-haiku-5-5", "input": "Go on", "previous_response_id": "resp_none"});
    let answer = house.ask(Dialect::Responses, &unknown).await;
    assert_eq!(answer.status, 400);
    assert!(text(answer).await.contains("there is no response `resp_none`"));
}

#[tokio::test(start_paused = true)]
async fn a_streamed_answer_can_be_gone_on_from() {
    let stream = || streamed(vec![Bytes::from_static(STREAM.as_bytes())]);
    let house = easy(vec![stream(), whole(200, &[], &message())]);
    let asked = json!({"model": "claude-haiku-5-5", "input": "Hi", "max_output_tokens": 50, "stream": true});
    let seen = text(house.ask(Dialect::Responses, &asked).await).await;
    let completed = seen.split("event: response.completed\ndata: ").nth(1).unwrap();
    let completed: Value = serde_json::from_str(completed.lines().next().unwrap()).unwrap();
    assert_eq!(completed["response"]["output"][0]["content"][0]["text"], "Héllo wörld");
    let asked = json!({
        "model": "claude-haiku-5-5", "input": "Go on", "max_output_tokens": 50,
        "previous_response_id": completed["response"]["id"],
    });
    assert_eq!(house.ask(Dialect::Responses, &asked).await.status, 200);
    assert_eq!(house.sent()["messages"][1]["content"][0]["text"], "Héllo wörld");
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_or_unprocessable_stays_so_in_either_dialect() {
    let error = json!({"type": "error", "error": {"type": "request_too_large", "message": "No."}});
    for status in [413, 422] {
        let house = easy((0..2).map(|_| whole(status, &[("retry-after", "7")], &error)).collect());
        let same = house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", false)).await;
        assert_eq!((same.status.as_u16(), &same.headers["retry-after"]), (status, &"7".parse().unwrap()));
        assert_eq!(text(same).await, error.to_string());
        let crossed = house.ask(Dialect::OpenAi, &question("claude-haiku-5-5", false)).await;
        assert_eq!(
            (crossed.status.as_u16(), &crossed.headers["retry-after"]),
            (status, &"7".parse().unwrap())
        );
        assert!(text(crossed).await.contains("\"message\":\"No.\""));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_compressed_unasked_passes_as_it_is() {
    let bytes = b"\x1f\x8b\x08\0\0event: message_stop\n\n\xff";
    let (response, feed) =
        response(200, &[("content-type", "text/event-stream"), ("content-encoding", "gzip")]);
    feed.send(Ok(Bytes::from_static(bytes))).unwrap();
    drop(feed);
    let house = easy(vec![Ok(response)]);
    let more = [("accept-encoding", "gzip, br, zstd")];
    let answer = house.ask_with(Dialect::Anthropic, &question("claude-haiku-5-5", true), &more).await;
    assert_eq!(answer.headers["content-encoding"], "gzip");
    assert_eq!(self::bytes(answer).await, &bytes[..]);
    // What goes to the provider is for the gateway to read on the way.
    assert_eq!(house.script.calls.lock().unwrap()[0].headers["accept-encoding"], "identity");
}

#[tokio::test(start_paused = true)]
async fn a_providers_error_keeps_status_and_message_in_either_dialect() {
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    // An overload is tried again, as often as the bounds allow.
    let house = easy((0..8).map(|_| whole(529, &[], &error)).collect());
    let same = house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", false)).await;
    assert_eq!((same.status.as_u16(), text(same).await), (529, error.to_string()));
    let crossed = house.ask(Dialect::OpenAi, &question("claude-haiku-5-5", false)).await;
    assert_eq!(crossed.status.as_u16(), 529);
    assert!(text(crossed).await.contains("\"message\":\"Overloaded\",\"type\":\"server_error\""));
    assert!(
        house.rows.all().iter().all(|row| row.outcome == "provider_error" && row.cost == Some(MicroUsd(0)))
    );
}

#[tokio::test(start_paused = true)]
async fn a_stated_wait_is_waited_out_and_the_client_sees_no_429() {
    let refused = || whole(429, &[("retry-after", "7")], &json!({"type": "error"}));
    let house = easy(vec![refused(), refused(), whole(200, &[], &message())]);
    let before = house.gateway.clock.now();
    let answer = house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", false)).await;
    assert_eq!(answer.status, 200);
    let waited = house.gateway.clock.now().since(before).as_millis();
    assert!((14_000..14_010).contains(&waited), "{waited}");
    assert_eq!(house.rows.only().attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn a_429_beyond_the_deadline_is_handed_on_and_the_next_request_is_told_at_once() {
    let house = easy(vec![whole(429, &[("retry-after", "3600")], &json!({"type": "error"}))]);
    for _ in 0..2 {
        let answer = house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", false)).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["retry-after"]),
            (429, &HeaderValue::from(3_600))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn requests_wait_for_their_turn_and_say_how_long() {
    let limits = requests(60, 1);
    let answers = (0..3).map(|_| whole(200, &[], &message())).collect();
    let house = house(answers, limits, Duration::from_millis(10));
    let asked = question("claude-haiku-5-5", false);
    let three = [(); 3].map(|()| house.ask(Dialect::Anthropic, &asked));
    let answers = futures_util::future::join_all(three).await;
    let mut waits: Vec<u64> = answers
        .iter()
        .map(|answer| answer.headers["x-paceway-queued-ms"].to_str().unwrap().parse().unwrap())
        .collect();
    waits.sort_unstable();
    assert!(
        waits[0] == 0 && (1_000..1_010).contains(&waits[1]) && (2_000..2_010).contains(&waits[2]),
        "{waits:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_comes_too_late_is_told_at_once_with_the_true_wait() {
    let limits = requests(1, 1);
    let house = house(vec![whole(200, &[], &message())], limits, Duration::ZERO);
    let asked = question("claude-haiku-5-5", false);
    house.ask(Dialect::Anthropic, &asked).await;
    let waiting = tokio::spawn({
        let gateway = Arc::clone(&house.gateway);
        async move { gateway.clock.now() }
    });
    waiting.await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    // One may wait 60 s; a second one behind it would wait two minutes.
    let first = house.ask(Dialect::Anthropic, &asked);
    let second = async {
        tokio::task::yield_now().await;
        house.ask(Dialect::Anthropic, &asked).await
    };
    tokio::select! {
        biased;
        _ = first => panic!("it did not wait"),
        told = second => {
            assert_eq!((told.status.as_u16(), &told.headers["retry-after"]), (429, &HeaderValue::from(120)));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_is_billed_for_what_was_used_and_frees_its_place() {
    let limits = at_once(1);
    let (response, feed) = response(200, &[("content-type", "text/event-stream")]);
    let house = house(vec![Ok(response), whole(200, &[], &message())], limits, Duration::ZERO);
    let mut answer = house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", true)).await;
    let seen = &STREAM[..STREAM.find("event: content_block_stop").unwrap()];
    feed.send(Ok(Bytes::copy_from_slice(seen.as_bytes()))).unwrap();
    answer.body.frame().await.unwrap().unwrap();
    drop(answer);
    assert!(feed.is_closed(), "the provider goes on generating");
    let row = house.rows.only();
    assert_eq!(
        (row.outcome.as_str(), row.usage.input, row.usage_is_estimated),
        ("client_gone", Tokens(100), true)
    );
    assert!((2..=5).contains(&row.usage.output.get()), "{:?}", row.usage);
    let next = house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", false)).await;
    assert_eq!(next.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_before_the_answer_leaves_a_row_and_one_that_waits_leaves_none() {
    let limits = at_once(1);
    let house = house(vec![whole(200, &[], &message())], limits, Duration::from_secs(5));
    let asked = question("claude-haiku-5-5", false);
    let sent = house.ask(Dialect::Anthropic, &asked);
    let waits = house.ask(Dialect::Anthropic, &asked);
    let both = futures_util::future::join(sent, waits);
    assert!(tokio::time::timeout(Duration::from_secs(1), both).await.is_err());
    let row = house.rows.only();
    assert_eq!((row.outcome.as_str(), row.status, row.usage_is_estimated), ("client_gone", 0, true));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_fails_is_told_in_the_callers_dialect() {
    let timeout = Failure::Timeout(Phase::Headers, Duration::from_secs(9));
    let house = easy(vec![Err(timeout), Err(Failure::Connect("refused".into()))]);
    let answer = house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", false)).await;
    assert_eq!(answer.status, 504);
    assert!(
        text(answer)
            .await
            .contains("\"type\":\"timeout_error\",\"message\":\"provider `anthropic`: timed out after 9 s")
    );
    let answer = house.ask(Dialect::OpenAi, &question("gpt-5-nano", false)).await;
    assert_eq!(answer.status, 502);
    assert!(text(answer).await.contains("could not connect: refused"));
}

//! Faults as clients of every dialect see them: what errors say, and how bodies break.
#![allow(clippy::unwrap_used)]

mod support;

use paceway_sandbox::{Episode, Fault, Faults, Latency, Sandbox, Settings};
use serde_json::{Value, json};
use support::{Answer, Client, with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request of each dialect, and how it is asked for a stream.
struct Door {
    path: &'static str,
    streamed: &'static str,
    body: fn(bool) -> Value,
}

fn turns() -> Value {
    json!([{"role": "user", "content": "Hi"}])
}

const DOORS: [Door; 9] = [
    Door {
        path: "/v1/messages",
        streamed: "/v1/messages",
        body: |stream| json!({"model": "claude-haiku-5-5", "max_tokens": 99, "messages": turns(), "stream": stream}),
    },
    Door {
        path: "/v1/chat/completions",
        streamed: "/v1/chat/completions",
        body: |stream| json!({"model": "gpt-5-mini", "messages": turns(), "stream": stream}),
    },
    Door {
        path: "/v1/responses",
        streamed: "/v1/responses",
        body: |stream| json!({"model": "gpt-5-mini", "input": "Hi", "stream": stream}),
    },
    Door {
        path: "/v1beta/models/gemini-2.5-flash:generateContent",
        streamed: "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        body: |_| json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}),
    },
    Door {
        path: "/model/amazon.nova-pro-v1:0/converse",
        streamed: "/model/amazon.nova-pro-v1:0/converse-stream",
        body: |_| json!({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}),
    },
    Door {
        path: "/openai/deployments/gpt-5-mini/chat/completions?api-version=1",
        streamed: "/openai/deployments/gpt-5-mini/chat/completions?api-version=1",
        body: |stream| json!({"messages": turns(), "stream": stream}),
    },
    Door {
        path: "/v1/projects/p/locations/l/publishers/anthropic/models/claude-haiku-5-5:rawPredict",
        streamed: "/v1/projects/p/locations/l/publishers/anthropic/models/claude-haiku-5-5:streamRawPredict",
        body: |_| json!({"anthropic_version": "vertex-2023-10-16", "max_tokens": 99, "messages": turns()}),
    },
    Door {
        path: "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:generateContent",
        streamed: "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        body: |_| json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}),
    },
    Door {
        path: "/v2/chat",
        streamed: "/v2/chat",
        body: |stream| json!({"model": "command-a-03-2025", "messages": turns(), "stream": stream}),
    },
];

const HEADERS: [(&str, &str); 4] = [
    ("authorization", "Bearer any"),
    ("api-key", "any"),
    ("x-goog-api-key", "any"),
    ("anthropic-version", "2023-06-01"),
];

fn settings(faults: Faults) -> Settings {
    Settings { latency: Latency { first_token_ms: 0, per_token_ms: 0.0 }, faults, ..Settings::default() }
}

fn client(faults: Faults) -> Client {
    Client::with(settings(faults), &HEADERS)
}

/// What each dialect answers under these faults.
async fn answers(faults: Faults, is_streamed: bool) -> Vec<Answer> {
    let client = client(faults);
    let mut answers = Vec::new();
    for door in &DOORS {
        let path = if is_streamed { door.streamed } else { door.path };
        answers.push(client.post(path, &(door.body)(is_streamed)).await);
    }
    answers
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

/// A text at a pointer of each answer.
fn texts<'a>(answers: &[Answer], pointers: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let text = |(answer, pointer): (&Answer, &str)| match answer.json().pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        _ => format!("nothing at {pointer}: {}", answer.text()),
    };
    answers.iter().zip(pointers).map(text).collect()
}

const MESSAGES: [&str; 9] = [
    "/error/message",
    "/error/message",
    "/error/message",
    "/error/message",
    "/message",
    "/error/message",
    "/error/message",
    "/error/message",
    "/message",
];

#[tokio::test]
async fn a_prompt_that_is_too_long_is_refused_in_each_providers_words() {
    let faults = Faults { too_long: 1.0, ..Faults::default() };
    for is_streamed in [false, true] {
        let answers = answers(faults.clone(), is_streamed).await;
        assert_eq!(statuses(&answers), [400; 9]);
        let beginnings = [
            "prompt is too long: 2000",
            "This model's maximum context length is 272000 tokens. However, your messages resulted in 2720",
            "Your input exceeds the context window of this model.",
            "The input token count (10485",
            "Input is too long for requested model.",
            "This model's maximum context length is 272000 tokens.",
            "prompt is too long: 2000",
            "The input token count (10485",
            "too many tokens: total number of tokens (prompt and prediction) cannot exceed 256000 - received 2560",
        ];
        for (text, beginning) in texts(&answers, MESSAGES).into_iter().zip(beginnings) {
            assert!(text.starts_with(beginning), "{text}");
        }
        assert!(answers[0].text().contains(" tokens > 200000 maximum"));
        let codes = ["/error/type", "/error/code", "/error/code", "/error/status"];
        let codes = texts(&answers[..4], codes);
        assert_eq!(
            codes,
            [
                "invalid_request_error",
                "context_length_exceeded",
                "context_length_exceeded",
                "INVALID_ARGUMENT"
            ]
        );
        assert_eq!(texts(&answers[1..3], ["/error/param"; 2]), ["messages", "input"]);
        assert_eq!(answers[4].headers["x-amzn-errortype"], "ValidationException");
    }
}

#[tokio::test]
async fn a_filter_of_contents_refuses_in_each_providers_words_and_googles_within_a_200() {
    let faults = Faults { filtered: 1.0, ..Faults::default() };
    let whole = answers(faults.clone(), false).await;
    assert_eq!(statuses(&whole), [400, 400, 400, 200, 400, 400, 400, 200, 400]);
    assert_eq!(whole[0].json()["error"]["message"], "Output blocked by content filtering policy");
    assert_eq!(whole[1].json()["error"]["code"], "invalid_prompt");
    let azure = &whole[5].json()["error"];
    assert_eq!(
        (&azure["code"], &azure["type"], &azure["param"]),
        (&json!("content_filter"), &Value::Null, &json!("prompt"))
    );
    assert_eq!(azure["innererror"]["code"], "ResponsibleAIPolicyViolation");
    assert_eq!(whole[4].headers["x-amzn-errortype"], "ValidationException");
    for google in [&whole[3], &whole[7]] {
        assert_eq!(google.json()["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
        assert_eq!(google.json().get("candidates"), None);
    }
    let streamed = answers(faults, true).await;
    assert_eq!(statuses(&streamed), statuses(&whole));
    let events = streamed[3].events();
    assert_eq!(
        (events.len(), &events[0]["promptFeedback"]["blockReason"]),
        (1, &json!("PROHIBITED_CONTENT"))
    );
}

#[tokio::test]
async fn a_key_that_is_refused_and_a_model_that_is_not_there_have_each_providers_status() {
    let denied = answers(Faults { unauthorized: 1.0, ..Faults::default() }, false).await;
    assert_eq!(statuses(&denied), [401, 401, 401, 400, 403, 401, 401, 401, 401]);
    assert_eq!(
        denied[0].json()["error"],
        json!({"type": "authentication_error", "message": "invalid x-api-key"})
    );
    assert_eq!(denied[1].json()["error"]["code"], "invalid_api_key");
    assert_eq!(denied[3].json()["error"]["details"][0]["reason"], "API_KEY_INVALID");
    assert_eq!(denied[4].headers["x-amzn-errortype"], "UnrecognizedClientException");
    assert_eq!(denied[6].json()["error"]["status"], "UNAUTHENTICATED");
    let missing = answers(Faults { not_found: 1.0, ..Faults::default() }, true).await;
    assert_eq!(statuses(&missing), [404, 404, 404, 404, 400, 404, 404, 404, 404]);
    assert_eq!(missing[0].json()["error"]["type"], "not_found_error");
    assert_eq!(missing[1].json()["error"]["code"], "model_not_found");
}

#[tokio::test]
async fn garbage_is_a_page_with_status_200_streamed_or_not() {
    let faults = Faults { garbage: 1.0, ..Faults::default() };
    for is_streamed in [false, true] {
        for answer in answers(faults.clone(), is_streamed).await {
            assert_eq!(
                (answer.status, &answer.headers["content-type"]),
                (200, &"text/html; charset=utf-8".parse().unwrap())
            );
            assert!(answer.text().starts_with("<!DOCTYPE html>"));
        }
    }
}

#[tokio::test]
async fn overload_and_errors_of_the_server_have_each_providers_status() {
    let overloaded = answers(Faults { overloaded: 1.0, ..Faults::default() }, true).await;
    assert_eq!(statuses(&overloaded), [529, 503, 503, 503, 503, 503, 529, 503, 503]);
    let failed = answers(Faults { broken: 1.0, ..Faults::default() }, false).await;
    assert_eq!(statuses(&failed), [500; 9]);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_faults_and_they_are_counted() {
    let faults = Faults { server_error: 0.2, not_found: 0.2, ..Faults::default() };
    let run = |seed| {
        let client = Client::with(Settings { seed, ..settings(faults.clone()) }, &HEADERS);
        async move {
            let mut statuses = Vec::new();
            for _ in 0..100 {
                statuses.push(client.post(DOORS[0].path, &(DOORS[0].body)(false)).await.status);
            }
            (statuses, client.get("/sandbox/stats").await.json())
        }
    };
    let (first, stats) = run(7).await;
    assert_eq!(first, run(7).await.0);
    assert_ne!(first, run(8).await.0);
    let count = |wanted: u16| first.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(200) + count(500) + count(404), count(500) > 5, count(404) > 5), (100, true, true));
    assert_eq!((&stats["failed"], &stats["struck"]), (&json!(count(500)), &json!(count(500) + count(404))));
}

#[tokio::test(start_paused = true)]
async fn an_episode_begins_and_ends_by_itself_and_anew_when_settings_are_put() {
    let episode = Episode { from_ms: 1_000, until_ms: 2_000, fault: Fault::Overloaded };
    let client = client(Faults { episode, ..Faults::default() });
    let status = async || client.post(DOORS[0].path, &(DOORS[0].body)(false)).await.status;
    let later = |ms| tokio::time::advance(std::time::Duration::from_millis(ms));
    assert_eq!(status().await, 200);
    later(1_500).await;
    assert_eq!(status().await, 529);
    later(1_000).await;
    assert_eq!(status().await, 200);
    assert_eq!(client.send("PUT", "/sandbox/settings", "{}").await.status, 204);
    later(1_500).await;
    assert_eq!(status().await, 529);
}

/// What comes over a socket before the connection is closed.
async fn received(faults: Faults, is_streamed: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(Sandbox::new(settings(faults)).serve(listener, std::future::pending()));
    let body = with((DOORS[0].body)(is_streamed), json!({})).to_string();
    let mut socket = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: sandbox\r\nx-api-key: any\r\nanthropic-version: 2023-06-01\r\n\
         content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    socket.read_to_end(&mut received).await.unwrap();
    serving.abort();
    String::from_utf8(received).unwrap()
}

#[tokio::test]
async fn a_reset_closes_the_connection_without_a_byte() {
    assert_eq!(received(Faults { reset: 1.0, ..Faults::default() }, false).await, "");
}

#[tokio::test]
async fn an_early_cut_leaves_the_head_of_a_200_alone() {
    for is_streamed in [false, true] {
        let received = received(Faults { cut_early: 1.0, ..Faults::default() }, is_streamed).await;
        assert!(received.starts_with("HTTP/1.1 200 OK\r\n") && received.ends_with("\r\n\r\n"), "{received}");
    }
}

#[tokio::test]
async fn a_cut_leaves_the_first_half_of_the_answer() {
    let cut = Faults { cut: 1.0, ..Faults::default() };
    let stream = received(cut.clone(), true).await;
    assert!(stream.contains("event: message_start") && !stream.contains("event: message_stop"), "{stream}");
    let whole = received(cut, false).await;
    let (head, body) = whole.split_once("\r\n\r\n").unwrap();
    let (_, length) = head.split_once("content-length: ").unwrap();
    let length: usize = length.lines().next().unwrap().parse().unwrap();
    assert!((length / 4..length).contains(&body.len()), "{} of {length}", body.len());
}

/// The events that came, and the half one behind them.
fn events(stream: &str) -> (usize, usize) {
    let (_, body) = stream.split_once("\r\n\r\n").unwrap();
    let whole = body.matches("}\n\n").count();
    (whole, body.matches("event: ").count() - whole)
}

#[tokio::test]
async fn a_stream_breaks_at_the_event_that_was_asked_for() {
    for (fault, came) in [("cut@0", (0, 0)), ("cut@1", (1, 0)), ("cut@5", (5, 0)), ("cut@5.5", (5, 1))] {
        let next = vec![fault.parse().unwrap()];
        let received = received(Faults { next, ..Faults::default() }, true).await;
        assert_eq!(events(&received), came, "{fault}: {received}");
    }
    let next = vec!["error@3".parse().unwrap()];
    let received = received(Faults { next, ..Faults::default() }, true).await;
    assert_eq!(events(&received), (4, 0), "{received}");
    assert!(received.contains("event: error"), "{received}");
}

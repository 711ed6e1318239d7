//! OpenAI's images and audio.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::json;
use support::{Client, PNG};

fn client() -> Client {
    Client::new(&[("authorization", "Bearer any")])
}

#[tokio::test]
async fn a_picture_is_given_for_each_that_is_asked_for() {
    let body = json!({"model": "gpt-image-1", "prompt": "a river", "n": 2});
    let answer = client().post("/v1/images/generations", &body).await.ok();
    assert_eq!(answer["data"], json!([{"b64_json": PNG}, {"b64_json": PNG}]));
}

#[tokio::test]
async fn speech_is_bytes_of_audio() {
    let body = json!({"model": "tts-1", "input": "Hello", "voice": "alloy"});
    let answer = client().post("/v1/audio/speech", &body).await;
    assert_eq!(answer.headers["content-type"], "audio/mpeg");
    assert_eq!(answer.bytes[..2], [0xff, 0xfb]);
}

#[tokio::test]
async fn a_recording_is_transcribed_in_the_format_asked_for() {
    let part = |name: &str, value: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let form = |format: &str| {
        let file = part("file\"; filename=\"a.mp3", "…");
        format!("{}{}{file}--x--\r\n", part("model", "whisper-1"), part("response_format", format))
    };
    let client =
        Client::new(&[("authorization", "Bearer any"), ("content-type", "multipart/form-data; boundary=x")]);
    let path = "/v1/audio/transcriptions";
    assert!(client.send("POST", path, form("json")).await.ok()["text"].is_string());
    assert!(
        client.send("POST", path, form("text")).await.text().starts_with("This is a simulated transcription")
    );
    assert_eq!(client.send("POST", path, part("model", "whisper-1")).await.status, 400);
}

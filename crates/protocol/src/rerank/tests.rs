//! Tests of reranking.

use proptest::prelude::*;

use super::*;

const BODY: &str = r#"{"model":"m","query":"q?","documents":["a",{"text":"b","id":7},{"title":"c"}],"top_n":2,
    "return_documents":true,"max_tokens_per_doc":512,"priority":1,"relevant_spans":{}}"#;

fn with<R>(body: &str, look: impl FnOnce(Rerank<'_>, String) -> R) -> R {
    let envelope = Envelope::parse(body.as_bytes()).unwrap();
    let mut changes = Changes::default();
    let rerank = read(&envelope, &mut changes).unwrap();
    look(rerank, changes.to_string())
}

fn refusal(body: &str) -> String {
    read(&Envelope::parse(body.as_bytes()).unwrap(), &mut Changes::default()).unwrap_err().to_string()
}

#[test]
fn a_request_is_written_in_each_providers_shape() {
    let written = |shape| {
        with(BODY, |rerank, _| {
            let mut changes = Changes::default();
            let body = write(&rerank, shape, "m2", &mut changes);
            format!("{} {changes}", std::str::from_utf8(&body).unwrap())
        })
    };
    insta::assert_snapshot!(with(BODY, |_, noted| noted), @"priority dropped (it has no counterpart); relevant_spans dropped (it cannot be carried over to another provider's API)");
    insta::assert_snapshot!(written(Shape::Cohere), @r#"{"model":"m2","query":"q?","documents":["a","b","{\"title\":\"c\"}"],"top_n":2,"max_tokens_per_doc":512}"#);
    insta::assert_snapshot!(written(Shape::Jina), @r#"{"model":"m2","query":"q?","documents":["a","b","{\"title\":\"c\"}"],"top_n":2,"return_documents":false} max_tokens_per_doc dropped (this API has none)"#);
    insta::assert_snapshot!(written(Shape::Voyage), @r#"{"model":"m2","query":"q?","documents":["a","b","{\"title\":\"c\"}"],"top_k":2,"return_documents":false} max_tokens_per_doc dropped (this API has none)"#);
}

#[test]
fn voyages_clients_are_understood_too() {
    let body = r#"{"model":"m","query":"q","documents":["a"],"top_k":1,"truncation":true}"#;
    with(body, |rerank, noted| assert_eq!((rerank.top, noted.as_str()), (Some(1), "")));
    let body = r#"{"model":"m","query":"q","documents":["a"],"truncation":false}"#;
    with(body, |_, noted| assert!(noted.starts_with("truncation dropped"), "{noted}"));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    insta::assert_snapshot!(refusal(r#"{"model":"m","query":"q"}"#), @"documents: this field is required: send an array of strings or of objects with a `text`");
    insta::assert_snapshot!(refusal(r#"{"model":"m","query":"q","documents":[]}"#), @"documents: at least one document is required");
    insta::assert_snapshot!(refusal(r#"{"model":"m","query":"q","documents":["a",7]}"#), @"documents.1: expected a string or an object with a `text`");
    insta::assert_snapshot!(refusal(r#"{"model":"m","query":"q","documents":[{"text":7}]}"#), @"documents.0.text: expected a string, got 7");
    insta::assert_snapshot!(refusal(r#"{"model":"m","query":7,"documents":["a"]}"#), @"query: expected a string, got 7");
    insta::assert_snapshot!(refusal(r#"{"model":"m","query":"q","documents":["a"],"top_n":0}"#), @"top_n: expected a positive integer, got 0");
}

#[test]
fn answers_of_every_provider_are_told_alike() {
    let cohere = r#"{"id":"c","results":[{"index":1,"relevance_score":0.25},{"index":0,"relevance_score":0.75},{"index":9,"relevance_score":0.9},{"index":2,"relevance_score":0.1}],
        "meta":{"api_version":{"version":"2"},"billed_units":{"search_units":1.0}}}"#;
    let jina = r#"{"model":"jina","object":"list","usage":{"total_tokens":15,"prompt_tokens":15},
        "results":[{"index":0,"document":{"text":"a"},"relevance_score":0.75},{"index":1,"relevance_score":0.25}]}"#;
    let voyage = r#"{"object":"list","data":[{"relevance_score":0.75,"index":0},{"relevance_score":0.25,"index":1}],
        "model":"rerank-2.5","usage":{"total_tokens":26}}"#;
    let told = |answer: &str| {
        let answer = read_answer(answer.as_bytes()).unwrap();
        with(BODY, |rerank, _| String::from_utf8(write_answer(&answer, &rerank, "req").to_vec()).unwrap())
    };
    insta::assert_snapshot!(told(cohere), @r#"{"id":"c","model":"m","results":[{"index":0,"relevance_score":0.75,"document":{"text":"a"}},{"index":1,"relevance_score":0.25,"document":{"text":"b","id":7}}],"usage":{"total_tokens":0,"prompt_tokens":0},"meta":{"billed_units":{"search_units":1}}}"#);
    insta::assert_snapshot!(told(jina), @r#"{"id":"req","model":"jina","results":[{"index":0,"relevance_score":0.75,"document":{"text":"a"}},{"index":1,"relevance_score":0.25,"document":{"text":"b","id":7}}],"usage":{"total_tokens":15,"prompt_tokens":15}}"#);
    insta::assert_snapshot!(told(voyage), @r#"{"id":"req","model":"rerank-2.5","results":[{"index":0,"relevance_score":0.75,"document":{"text":"a"}},{"index":1,"relevance_score":0.25,"document":{"text":"b","id":7}}],"usage":{"total_tokens":26,"prompt_tokens":26}}"#);
    insta::assert_snapshot!(read_answer(b"{}").unwrap_err(), @"missing field `results` at line 1 column 2");
    insta::assert_snapshot!(read_answer(br#"{"results":[{"index":-1,"relevance_score":1}]}"#).unwrap_err(), @"invalid value: integer `-1`, expected usize at line 1 column 23");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..100), text in "\\PC{0,80}") {
        for bytes in [&bytes[..], text.as_bytes()] {
            let _ = read_answer(bytes);
            let _ = Envelope::parse(bytes).map(|envelope| read(&envelope, &mut Changes::default()).is_ok());
        }
    }
}

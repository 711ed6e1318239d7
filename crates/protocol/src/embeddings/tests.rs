//! Tests of embeddings.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const DIALECTS: [Dialect; 3] = [Dialect::OpenAi, Dialect::Gemini, Dialect::Cohere];

fn with<R>(body: &str, look: impl FnOnce(Embed<'_>, String) -> R) -> R {
    let envelope = Envelope::parse(body.as_bytes()).unwrap();
    let mut changes = Changes::default();
    let embed = read(&envelope, &mut changes).unwrap();
    look(embed, changes.to_string())
}

fn refusal(body: &str) -> String {
    read(&Envelope::parse(body.as_bytes()).unwrap(), &mut Changes::default()).unwrap_err().to_string()
}

fn written(body: &str, dialect: Dialect) -> String {
    with(body, |embed, _| {
        let mut changes = Changes::default();
        match write(&embed, dialect, "m2", &mut changes) {
            Ok(body) => format!("{} {changes}", std::str::from_utf8(&body).unwrap()),
            Err(refusal) => refusal.to_string(),
        }
    })
}

#[test]
fn every_shape_of_input_is_read() {
    let inputs = |input: &str| {
        with(&format!(r#"{{"model":"m","input":{input}}}"#), |embed, _| format!("{:?}", embed.inputs))
    };
    assert_eq!(inputs(r#""hi\n""#), r#"Texts(["hi\n"])"#);
    assert_eq!(inputs(r#"["a","b"]"#), r#"Texts(["a", "b"])"#);
    assert_eq!(inputs("[1,2]"), "Tokens([[1, 2]])");
    assert_eq!(inputs("[[1,2],[3]]"), "Tokens([[1, 2], [3]])");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    insta::assert_snapshot!(refusal(r#"{"model":"m"}"#), @"input: this field is required: send a string, an array of strings, or an array of arrays of tokens");
    insta::assert_snapshot!(refusal(r#"{"input":"x"}"#), @"model: this field is required: send a string");
    insta::assert_snapshot!(refusal(r#"{"model":"m","input":[]}"#), @"input: at least one input is required");
    insta::assert_snapshot!(refusal(r#"{"model":"m","input":""}"#), @"input: an empty text cannot be embedded");
    insta::assert_snapshot!(refusal(r#"{"model":"m","input":["a",7]}"#), @"input.1: expected a string, got 7");
    insta::assert_snapshot!(refusal(r#"{"model":"m","input":[1,"a"]}"#), @r#"input: expected an array of tokens, got [1,"a"]"#);
    insta::assert_snapshot!(refusal(r#"{"model":"m","input":{}}"#), @"input: expected a string, an array of strings, or an array of arrays of tokens, got {}");
    insta::assert_snapshot!(refusal(r#"{"model":"m","input":"a","dimensions":0}"#), @"dimensions: expected a positive integer, got 0");
    insta::assert_snapshot!(refusal(r#"{"model":"m","input":"a","encoding_format":"hex"}"#), @"encoding_format: expected `float` or `base64`, got `hex`");
}

#[test]
fn requests_are_written_in_each_providers_shape() {
    let body =
        r#"{"model":"m","input":["a","b\n"],"dimensions":256,"user":"u","encoding_format":"base64","x":1}"#;
    insta::assert_snapshot!(with(body, |_, noted| noted), @"x dropped (it cannot be carried over to another provider's API)");
    insta::assert_snapshot!(written(body, Dialect::OpenAi), @r#"{"model":"m2","input":["a","b\n"],"encoding_format":"base64","dimensions":256,"user":"u"}"#);
    insta::assert_snapshot!(written(body, Dialect::Gemini), @r#"{"requests":[{"model":"models/m2","content":{"parts":[{"text":"a"}]},"outputDimensionality":256},{"model":"models/m2","content":{"parts":[{"text":"b\n"}]},"outputDimensionality":256}]} user dropped (this API has none)"#);
    insta::assert_snapshot!(written(body, Dialect::Cohere), @r#"{"model":"m2","texts":["a","b\n"],"input_type":"search_document","embedding_types":["float"],"output_dimension":256} user dropped (this API has none); input adapted (embedded as documents to be searched, since this API wants to know what for)"#);
    insta::assert_snapshot!(written(body, Dialect::Anthropic), @"model: the API of `anthropic` has no embeddings: choose a model of another provider");
    insta::assert_snapshot!(written(r#"{"model":"m","input":[1]}"#, Dialect::Gemini), @"input: this provider's API embeds texts, not the numbers of tokens: send strings");
    let many = json!({"model": "m", "input": vec!["a"; 101]}).to_string();
    insta::assert_snapshot!(written(&many, Dialect::Gemini), @"input: this provider takes at most 100 inputs at once, got 101");
    insta::assert_snapshot!(written(&many, Dialect::Cohere), @"input: this provider takes at most 96 inputs at once, got 101");
}

#[test]
fn answers_are_read_from_each_providers_shape() {
    let openai = br#"{"object":"list","data":[{"object":"embedding","index":1,"embedding":[0.5,-1]},
        {"object":"embedding","index":0,"embedding":"AACAPwAAAEA="}],"model":"m","usage":{"prompt_tokens":8,"total_tokens":8}}"#;
    let gemini =
        br#"{"embeddings":[{"values":[1,2]},{"values":[0.5,-1.0]}],"usageMetadata":{"promptTokenCount":8}}"#;
    let cohere = br#"{"id":"x","embeddings":{"float":[[1,2],[0.5,-1]]},"texts":["a"],"meta":{"api_version":{"version":"2"},
        "billed_units":{"input_tokens":8.0}},"response_type":"embeddings_by_type"}"#;
    for (dialect, body) in DIALECTS.into_iter().zip([&openai[..], gemini, cohere]) {
        let answer = read_answer(dialect, body).unwrap();
        assert_eq!(answer.vectors, [[1.0, 2.0], [0.5, -1.0]]);
        assert_eq!(answer.usage.input.0, 8);
    }
    insta::assert_snapshot!(read_answer(Dialect::OpenAi, br#"{"data":[{"embedding":"AAA="}]}"#).unwrap_err(), @"an embedding of 2 bytes is no vector of 32-bit floats");
    insta::assert_snapshot!(read_answer(Dialect::OpenAi, br#"{"data":[{"embedding":"!"}]}"#).unwrap_err(), @"an embedding is no base64: Invalid symbol 33, offset 0.");
    let infinite = br#"{"data":[{"embedding":[1e63]}]}"#;
    insta::assert_snapshot!(read_answer(Dialect::OpenAi, infinite).unwrap_err(), @"an embedding holds a number that is not finite in 32 bits");
    insta::assert_snapshot!(read_answer(Dialect::Gemini, b"{}").unwrap_err(), @"missing field `embeddings` at line 1 column 2");
}

#[test]
fn an_answer_is_written_as_numbers_or_as_base64() {
    let answer = Embedded {
        vectors: vec![vec![1.0, 2.0], vec![0.1, -0.5]],
        usage: Usage { input: paceway_domain::Tokens(8), ..Usage::default() },
        ..Embedded::default()
    };
    let write = |format: &str| {
        with(&format!(r#"{{"model":"m","input":"a","encoding_format":"{format}"}}"#), |embed, _| {
            String::from_utf8(write_answer(&answer, &embed).to_vec()).unwrap()
        })
    };
    insta::assert_snapshot!(write("float"), @r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1.0,2.0]},{"object":"embedding","index":1,"embedding":[0.1,-0.5]}],"model":"m","usage":{"prompt_tokens":8,"total_tokens":8}}"#);
    insta::assert_snapshot!(write("base64"), @r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAAEA="},{"object":"embedding","index":1,"embedding":"zczMPQAAAL8="}],"model":"m","usage":{"prompt_tokens":8,"total_tokens":8}}"#);
}

proptest! {
    #[test]
    fn vectors_come_back_bit_for_bit(vectors in prop::collection::vec(prop::collection::vec(-1e3f32..1e3, 1..9), 1..4), is_base64: bool) {
        let encoding = if is_base64 { Encoding::Base64 } else { Encoding::Float };
        let embed = Embed { model: "m".into(), inputs: Inputs::Texts(Vec::new()), dimensions: None, encoding, user: None };
        let answer = Embedded { model: "m".into(), vectors, usage: Usage::default() };
        prop_assert_eq!(read_answer(Dialect::OpenAi, &write_answer(&answer, &embed)).unwrap(), answer);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..100), text in "\\PC{0,80}") {
        for bytes in [&bytes[..], text.as_bytes()] {
            for dialect in DIALECTS {
                let _ = read_answer(dialect, bytes);
            }
            let _ = Envelope::parse(bytes).map(|envelope| read(&envelope, &mut Changes::default()).is_ok());
        }
        let odd: Value = json!({"model": "m", "input": [text, 1, [2]]});
        prop_assert!(read(&Envelope::parse(odd.to_string().as_bytes()).unwrap(), &mut Changes::default()).is_err());
    }
}

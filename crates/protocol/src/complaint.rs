//! What a provider's error answer complains of, as far as another target could do better: a request that is too long, contents
//! that it refuses, our key, a model that it does not know.
//!
//! Codes and phrases, for all providers at once, as `limits` reads refusals for rate and load; those are not looked for here. What
//! is not recognised is nobody's complaint: the answer is handed on as it is.

use memchr::memmem;

/// What an answer complains of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Complaint {
    /// The prompt, or prompt and answer together, are longer than the model's window.
    TooLong,
    /// A filter refused the contents.
    Content,
    /// Our key is wrong, or may not do this.
    Credentials,
    /// There is no such model or address.
    Missing,
}

/// So much of an error is looked at, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// Phrases of requests that are too long, in lower case. Sources, all read 2026-11: `context_length_exceeded` OpenAI, Azure, Groq,
/// `DeepSeek`; "prompt is too long" and "exceed context limit" Anthropic; "exceeds the maximum number of tokens" Google; "input is
/// too long" Bedrock; "too large for model with" Mistral; "maximum prompt length" xAI; "too many tokens" Cohere; "maximum context
/// length" OpenAI, vLLM, OpenRouter; "exceed_context_size" llama.cpp; "max_new_tokens` must be" text-generation-inference, Together.
const TOO_LONG: [&str; 11] = [
    "context_length_exceeded",
    "prompt is too long",
    "exceed context limit",
    "exceeds the maximum number of tokens",
    "input is too long",
    "too large for model with",
    "maximum prompt length",
    "too many tokens",
    "maximum context length",
    "exceed_context_size",
    "max_new_tokens` must be",
];

/// Phrases of contents that a filter refused, in lower case: `content_policy_violation`, `moderation_blocked`, `invalid_prompt` OpenAI;
/// `content_filter` Azure; "content filtering policy" Anthropic; `prohibited_content` Google; `data_inspection_failed` Alibaba;
/// `safety_check` xAI.
const CONTENT: [&str; 8] = [
    "content_policy_violation",
    "moderation_blocked",
    "invalid_prompt",
    "\"content_filter\"",
    "content filtering policy",
    "prohibited_content",
    "data_inspection_failed",
    "safety_check",
];

/// What this error answer complains of.
pub fn complaint(status: u16, body: &[u8]) -> Option<Complaint> {
    let text = body[..body.len().min(MOST_BYTES)].to_ascii_lowercase();
    let says =
        |phrases: &[&str]| phrases.iter().any(|phrase| memmem::find(&text, phrase.as_bytes()).is_some());
    match status {
        400 | 413 | 422 if says(&TOO_LONG) => Some(Complaint::TooLong),
        400 | 403 | 422 if says(&CONTENT) => Some(Complaint::Content),
        413 => Some(Complaint::TooLong),
        401 | 403 => Some(Complaint::Credentials),
        404 => Some(Complaint::Missing),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_known_in_every_providers_words() {
        let said = [
            r#"{"error":{"message":"This model's maximum context length is 128000 tokens.","code":"context_length_exceeded"}}"#,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 208310 tokens > 200000 maximum"}}"#,
            r#"{"type":"error","error":{"message":"input length and `max_tokens` exceed context limit: 190000 + 21333 > 200000"}}"#,
            r#"{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."}}"#,
            r#"{"message":"Input is too long for requested model."}"#,
            r#"{"message":"Prompt contains 40000 tokens, too large for model with 32768 maximum context length","code":"3051"}"#,
            r#"{"error":"This model's maximum prompt length is 131072 but the request contains 537812 tokens."}"#,
            r#"{"message":"too many tokens: total number of tokens in the prompt cannot exceed 4081"}"#,
        ];
        for body in said {
            assert_eq!(complaint(400, body.as_bytes()), Some(Complaint::TooLong), "{body}");
        }
        assert_eq!(complaint(413, b""), Some(Complaint::TooLong));
    }

    #[test]
    fn contents_keys_and_missing_models_are_told_apart() {
        let filtered = br#"{"error":{"code":"content_filter","message":"The response was filtered"}}"#;
        assert_eq!(complaint(400, filtered), Some(Complaint::Content));
        assert_eq!(complaint(403, br#"{"error":"SAFETY_CHECK_TYPE_BIO"}"#), Some(Complaint::Content));
        assert_eq!(complaint(401, b"{}"), Some(Complaint::Credentials));
        assert_eq!(complaint(403, b"<html>"), Some(Complaint::Credentials));
        assert_eq!(complaint(404, b""), Some(Complaint::Missing));
    }

    #[test]
    fn a_mistake_of_the_callers_is_no_complaint() {
        let wrong = br#"{"error":{"message":"max_tokens: Field required","type":"invalid_request_error"}}"#;
        assert_eq!(complaint(400, wrong), None);
        assert_eq!(complaint(500, b"context_length_exceeded"), None);
    }
}

//! Refusals of every provider, as issue threads and documentation quote them.

use http::HeaderMap;
use paceway_domain::{Cause, Counted, RateRefusal, Window};

use super::{DATE, WALL, headers, ms};
use crate::limits::{refusal, refusal_in_stream};

fn plain(status: u16, body: &str) -> Option<RateRefusal> {
    refusal(status, &HeaderMap::new(), body.as_bytes(), WALL)
}

/// The cause of a body without headers.
fn cause(status: u16, body: &str) -> Option<Cause> {
    plain(status, body).map(|refusal| refusal.cause)
}

/// An error body in OpenAI's shape, whose message is `message`.
fn openai(kind: &str, code: &str, message: &str) -> String {
    serde_json::json!({"error": {"message": message, "type": kind, "param": null, "code": code}}).to_string()
}

fn anthropic(kind: &str, message: &str) -> String {
    serde_json::json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"})
        .to_string()
}

const fn limit(counted: Counted, window: Window) -> Cause {
    Cause::Limit { counted: Some(counted), window: Some(window) }
}

const SOME_LIMIT: Cause = Cause::Limit { counted: None, window: None };

#[test]
fn an_anthropic_message_tells_which_limit_and_how_large() {
    let advice = "For details, refer to: https://docs.claude.com/en/api/rate-limits. You can see the response headers \
                  for current usage. Please reduce the prompt length or the maximum tokens requested, or try again later.";
    for (rate, counted, expected) in [
        ("30,000 input tokens per minute", Counted::Input, 30_000),
        ("8,000 output tokens per minute", Counted::Output, 8_000),
        ("50 requests per minute", Counted::Requests, 50),
        ("1,000,000 tokens per minute", Counted::Total, 1_000_000),
    ] {
        let message = format!(
            "This request would exceed your organization's rate limit of {rate} (org: 9d50ef40-6cc8-4ca6-9d35-1dc9cf26235c, \
             model: claude-sonnet-4-6). {advice}"
        );
        let refusal = plain(429, &anthropic("rate_limit_error", &message)).unwrap();
        assert_eq!(refusal.cause, limit(counted, Window::Minute), "{rate}");
        assert_eq!((refusal.limit, refusal.wait, refusal.is_final), (Some(expected), None, false), "{rate}");
    }
}

#[test]
fn the_other_429s_of_anthropic_are_told_apart() {
    let of = |message| cause(429, &anthropic("rate_limit_error", message));
    let concurrent = "Number of concurrent connections has exceeded your rate limit. Please try again later.";
    assert_eq!(of(concurrent), Some(Cause::Concurrency));
    let rise = "This request would exceed your organization's maximum usage increase rate for input tokens per minute. \
                Please scale up your input tokens usage more gradually to stay within the acceleration limit.";
    assert_eq!(of(rise), Some(Cause::Acceleration));
    let account = "This request would exceed your account's rate limit. Please try again later.";
    assert_eq!(of(account), Some(SOME_LIMIT));
    assert_eq!(of("Error"), Some(SOME_LIMIT));
}

#[test]
fn an_anthropic_overload_is_one_with_and_without_a_wait() {
    let body = anthropic("overloaded_error", "Overloaded");
    assert_eq!(cause(529, &body), Some(Cause::Overload));
    assert_eq!(cause(529, ""), Some(Cause::Overload));
    let stated = refusal(529, &headers(&[("retry-after", "5")]), body.as_bytes(), WALL).unwrap();
    assert_eq!(stated.wait, Some(ms(5_000)));
}

#[test]
fn an_anthropic_spend_cap_is_no_rate_limit() {
    let tier = r#"{"type":"error","error":{"type":"rate_limit_error","message":"Your organization has reached its limit.",
                   "details":{"error_code":"enforced_spend_limit_reached"}}}"#;
    assert_eq!(cause(429, tier), Some(Cause::SpendCap));
    let own = |message| cause(400, &anthropic("invalid_request_error", message));
    let organization = "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.";
    assert_eq!(own(organization), Some(Cause::SpendCap));
    let workspace =
        "You have reached your specified workspace API usage limits. You will regain access on 2026-12-01.";
    assert_eq!(own(workspace), Some(Cause::SpendCap));
    let credit = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.";
    assert_eq!(own(credit), Some(Cause::Billing));
    assert_eq!(
        cause(402, &anthropic("billing_error", "There is an issue with billing.")),
        Some(Cause::Billing)
    );
}

#[test]
fn an_openai_message_tells_everything() {
    let message = "Rate limit reached for gpt-4o in organization org-abc on tokens per min (TPM): Limit 30000, Used 29000, \
                   Requested 2000. Please try again in 41.724s. Visit https://platform.openai.com/account/rate-limits.";
    let expected = RateRefusal {
        cause: limit(Counted::Total, Window::Minute),
        limit: Some(30_000),
        used: Some(29_000),
        requested: Some(2_000),
        wait: Some(ms(41_724)),
        is_final: false,
    };
    assert_eq!(plain(429, &openai("tokens", "rate_limit_exceeded", message)), Some(expected));
}

#[test]
fn openai_names_every_kind_of_limit() {
    for (words, expected) in [
        ("requests per min (RPM)", limit(Counted::Requests, Window::Minute)),
        ("requests per day (RPD)", limit(Counted::Requests, Window::Day)),
        ("tokens per min (TPM)", limit(Counted::Total, Window::Minute)),
        ("tokens per day (TPD)", limit(Counted::Total, Window::Day)),
        ("input tokens per minute (ITPM)", limit(Counted::Input, Window::Minute)),
    ] {
        let message = format!(
            "Rate limit reached for gpt-4o in organization org-a on {words}: Limit 3, Used 3, Requested 1."
        );
        let refusal = plain(429, &openai("requests", "rate_limit_exceeded", &message)).unwrap();
        assert_eq!((refusal.cause, refusal.limit, refusal.used), (expected, Some(3), Some(3)), "{words}");
    }
    let old = "Rate limit reached for default-gpt-3.5-turbo in organization org-x on requests per min. Limit: 3 / min. \
               Please try again in 20s.";
    let refusal = plain(429, &openai("requests", "rate_limit_exceeded", old)).unwrap();
    assert_eq!((refusal.limit, refusal.wait), (Some(3), Some(ms(20_000))));
}

#[test]
fn a_request_larger_than_the_limit_can_be_told_from_one_that_has_to_wait() {
    let message = "Request too large for gpt-4o in organization org-a on tokens per min (TPM): Limit 30000, Requested 40000. \
                   The input or output tokens must be reduced in order to run successfully.";
    let refusal = plain(429, &openai("tokens", "rate_limit_exceeded", message)).unwrap();
    assert_eq!(refusal.cause, limit(Counted::Total, Window::Minute));
    assert_eq!((refusal.limit, refusal.used, refusal.requested), (Some(30_000), None, Some(40_000)));
}

#[test]
fn an_empty_account_is_no_rate_limit() {
    let quota = "You exceeded your current quota, please check your plan and billing details.";
    for (code, expected) in [
        ("insufficient_quota", Cause::Billing),
        ("credit_balance_exhausted", Cause::Billing),
        ("organization_spend_limit_exceeded", Cause::SpendCap),
        ("project_spend_limit_exceeded", Cause::SpendCap),
        ("organization_usage_limit_exceeded", Cause::SpendCap),
    ] {
        assert_eq!(cause(429, &openai("insufficient_quota", code, quota)), Some(expected), "{code}");
    }
    let image = openai(
        "image_generation_user_error",
        "billing_hard_limit_reached",
        "Billing hard limit has been reached",
    );
    assert_eq!(cause(400, &image), Some(Cause::SpendCap));
}

#[test]
fn slow_down_is_acceleration_and_an_overloaded_server_is_not() {
    assert_eq!(cause(429, &openai("rate_limit_error", "slow_down", "Slow down.")), Some(Cause::Acceleration));
    assert_eq!(cause(503, &openai("server_error", "slow_down", "Slow down.")), Some(Cause::Acceleration));
    let busy = openai("service_unavailable_error", "server_is_overloaded", "Our servers are busy.");
    assert_eq!(cause(503, &busy), Some(Cause::Overload));
}

#[test]
fn azures_two_kinds_of_429_are_told_apart() {
    let tokens = "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-01-preview have \
                  exceeded token rate limit of your current AIServices S0 pricing tier. Please retry after 7 seconds.";
    let refusal = plain(429, &openai("", "429", tokens)).unwrap();
    assert_eq!(refusal.cause, Cause::Limit { counted: Some(Counted::Total), window: None });
    assert_eq!(refusal.wait, Some(ms(7_000)));
    let calls = tokens.replace("token rate", "call rate");
    let refusal = plain(429, &openai("", "429", &calls)).unwrap();
    assert_eq!(refusal.cause, Cause::Limit { counted: Some(Counted::Requests), window: None });
    let busy = "The system is currently experiencing high demand and cannot process your request. Your request exceeds the \
                maximum usage size allowed during peak load. Please retry after 20 seconds.";
    let refusal = plain(429, &openai("too_many_requests", "too_many_requests", busy)).unwrap();
    assert_eq!((refusal.cause, refusal.wait), (Cause::Overload, Some(ms(20_000))));
}

#[test]
fn a_day_of_waiting_is_believed() {
    let refusal = plain(
        429,
        r#"{"error":{"code":"429","message":"Rate limit is exceeded. Try again in 86400 seconds."}}"#,
    );
    assert_eq!(refusal.unwrap().wait, Some(ms(86_400_000)));
}

const GEMINI: &str = r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details. Please retry in 37.20044668s.","status":"RESOURCE_EXHAUSTED","details":[
  {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[
    {"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_input_token_count","quotaId":"GenerateContentInputTokensPerModelPerMinute-FreeTier","quotaValue":"250000"}]},
  {"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"Learn more"}]},
  {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"37s"}]}}"#;

#[test]
fn geminis_details_tell_the_quota_and_its_message_the_finer_wait() {
    let expected = RateRefusal {
        cause: limit(Counted::Input, Window::Minute),
        limit: Some(250_000),
        used: None,
        requested: None,
        wait: Some(std::time::Duration::new(37, 200_446_680)),
        is_final: false,
    };
    assert_eq!(plain(429, GEMINI), Some(expected));
    assert_eq!(plain(429, &format!("[{GEMINI}]")), Some(expected), "an array of one");
}

#[test]
fn of_several_gemini_quotas_the_longest_counts() {
    let body = GEMINI.replace(
        r#""quotaValue":"250000"}"#,
        r#""quotaValue":"250000"},
           {"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier","quotaValue":"50"},
           {"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier","quotaValue":"10"}"#,
    );
    let refusal = plain(429, &body).unwrap();
    assert_eq!((refusal.cause, refusal.limit), (limit(Counted::Requests, Window::Day), Some(50)));
}

#[test]
fn vertex_says_little_and_is_not_misread() {
    let bare = r#"{"error":{"code":429,"message":"Resource exhausted. Please try again later.","status":"RESOURCE_EXHAUSTED"}}"#;
    assert_eq!(cause(429, bare), Some(Cause::Unknown));
    let metric = r#"[{"error":{"code":429,"message":"Quota exceeded for aiplatform.googleapis.com/generate_content_requests_per_minute_per_project_per_base_model with base model: gemini-pro."}}]"#;
    assert_eq!(cause(429, metric), Some(limit(Counted::Requests, Window::Minute)));
    let busy = r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#;
    assert_eq!(cause(503, busy), Some(Cause::Overload));
}

#[test]
fn a_bedrock_throttle_tells_what_it_counts_at_most() {
    let throttle = headers(&[(
        "x-amzn-errortype",
        "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/",
    )]);
    let of = |message: &str| {
        let body = serde_json::json!({ "message": message }).to_string();
        refusal(429, &throttle, body.as_bytes(), WALL).map(|refusal| refusal.cause)
    };
    let counted = |counted| Some(Cause::Limit { counted: Some(counted), window: None });
    assert_eq!(of("Too many tokens, please wait before trying again."), counted(Counted::Total));
    assert_eq!(of("Too many requests, please wait before trying again."), counted(Counted::Requests));
    let day = Some(limit(Counted::Total, Window::Day));
    assert_eq!(of("Too many tokens per day, please wait before trying again."), day);
    assert_eq!(of("Your request was denied."), Some(Cause::Unknown));
}

#[test]
fn groq_speaks_as_openai_does() {
    let message = "Rate limit reached for model `llama-3.3-70b-versatile` in organization `org_01` service tier `on_demand` on \
                   tokens per day (TPD): Limit 100000, Used 97050, Requested ~3619. Please try again in 9m38.016s. Need more \
                   tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing";
    let expected = RateRefusal {
        cause: limit(Counted::Total, Window::Day),
        limit: Some(100_000),
        used: Some(97_050),
        requested: Some(3_619),
        wait: Some(ms(578_016)),
        is_final: false,
    };
    assert_eq!(plain(429, &openai("tokens", "rate_limit_exceeded", message)), Some(expected));
}

#[test]
fn the_429_of_an_aggregators_provider_is_not_our_accounts() {
    let upstream = r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"deepseek/deepseek-chat:free is temporarily rate-limited upstream.","provider_name":"Chutes"}},"user_id":"u"}"#;
    assert_eq!(cause(429, upstream), Some(Cause::Elsewhere));
    let named =
        r#"{"type":"limitation","message":"Error from provider (Xiaomi): Too many requests","code":"429"}"#;
    assert_eq!(cause(429, named), Some(Cause::Elsewhere));
}

#[test]
fn openrouters_own_limits_are_our_accounts() {
    let free = r#"{"error":{"message":"Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day","code":429,"metadata":{"headers":{"X-RateLimit-Limit":"50","X-RateLimit-Remaining":"0","X-RateLimit-Reset":"1793750400000"}}}}"#;
    let refused = refusal(429, &headers(&[("date", DATE)]), free.as_bytes(), WALL).unwrap();
    assert_eq!((refused.cause, refused.limit), (limit(Counted::Requests, Window::Day), Some(50)));
    assert_eq!(refused.wait, Some(ms(50_400_000)));
    let credits =
        r#"{"error":{"message":"This request requires more credits, or fewer max_tokens.","code":402}}"#;
    assert_eq!(cause(402, credits), Some(Cause::Billing));
    let key = r#"{"error":{"message":"Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys","code":403}}"#;
    assert_eq!(cause(403, key), Some(Cause::SpendCap));
    assert_eq!(cause(402, &key.replace("403", "402")), Some(Cause::SpendCap));
}

#[test]
fn mistral_tells_its_limits_from_its_capacity() {
    let limited = r#"{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}"#;
    assert_eq!(cause(429, limited), Some(SOME_LIMIT));
    let requests = Some(Cause::Limit { counted: Some(Counted::Requests), window: None });
    assert_eq!(cause(429, r#"{"message":"Requests rate limit exceeded"}"#), requests);
    let capacity = r#"{"object":"error","message":"Service tier capacity exceeded for this model.","type":"invalid_request_error","param":null,"code":null}"#;
    assert_eq!(cause(429, capacity), Some(Cause::Overload));
    assert_eq!(cause(503, capacity), Some(Cause::Overload));
}

#[test]
fn texts_and_broken_bodies_say_what_they_can() {
    assert_eq!(cause(429, ""), Some(Cause::Unknown));
    assert_eq!(cause(429, "Too Many Requests"), Some(Cause::Unknown));
    assert_eq!(cause(429, r#"{"error":"Too Many Requests"}"#), Some(Cause::Unknown));
    assert_eq!(cause(429, "<html><h1>429 Too Many Requests</h1><hr>nginx</html>"), Some(Cause::Unknown));
    assert_eq!(cause(429, r#"{"error":{"mess"#), Some(Cause::Unknown));
    let refusal = plain(429, "Rate limit exceeded. Retry in 1 minute 5 seconds").unwrap();
    assert_eq!((refusal.cause, refusal.wait), (SOME_LIMIT, Some(ms(65_000))));
    assert_eq!(
        cause(429, r#"{"detail":"Rate limit: 60 requests per hour"}"#),
        Some(limit(Counted::Requests, Window::Hour))
    );
}

#[test]
fn a_body_above_the_bound_is_not_read() {
    let mut body = openai("", "insufficient_quota", "x");
    body.push_str(&" ".repeat(1_000_000));
    assert_eq!(cause(429, &body), Some(Cause::Unknown));
}

#[test]
fn other_failures_are_no_refusals() {
    assert_eq!(cause(200, ""), None);
    assert_eq!(cause(500, &anthropic("api_error", "Rate limit exceeded")), None);
    assert_eq!(cause(503, "Service Unavailable"), None);
    assert_eq!(cause(401, &anthropic("authentication_error", "invalid x-api-key")), None);
    let quoting = "messages.0.content: unexpected text 'You have reached your specified API usage limits'";
    assert_eq!(cause(400, &anthropic("invalid_request_error", quoting)), None);
    let budget = "`max_tokens` must be greater than `thinking.budget_tokens`.";
    assert_eq!(cause(400, &anthropic("invalid_request_error", budget)), None);
    assert_eq!(cause(403, &anthropic("permission_error", "Your key may not use this model.")), None);
}

#[test]
fn a_503_that_states_a_wait_is_overload() {
    let stated = refusal(503, &headers(&[("retry-after", "30")]), b"Service Unavailable", WALL).unwrap();
    assert_eq!((stated.cause, stated.wait), (Cause::Overload, Some(ms(30_000))));
}

#[test]
fn the_headers_wait_holds_unless_the_body_states_the_same_one_finer() {
    let body = openai("tokens", "rate_limit_exceeded", "Rate limit reached. Please try again in 41.724s.");
    let wait = |pairs| refusal(429, &headers(pairs), body.as_bytes(), WALL).unwrap().wait;
    assert_eq!(wait(&[("retry-after", "42")]), Some(ms(41_724)));
    assert_eq!(wait(&[("retry-after", "60")]), Some(ms(60_000)));
    assert_eq!(wait(&[("retry-after", "42"), ("retry-after-ms", "41800")]), Some(ms(41_800)));
    assert_eq!(wait(&[]), Some(ms(41_724)));
}

#[test]
fn a_provider_can_say_that_asking_again_is_of_no_use() {
    let is_final = |value| refusal(429, &headers(&[("x-should-retry", value)]), b"", WALL).unwrap().is_final;
    assert!(is_final("false"));
    assert!(!is_final("true"));
}

#[test]
fn a_refusal_within_a_stream_is_recognised_in_every_dialect() {
    let cause = |data: &str| refusal_in_stream(data.as_bytes()).map(|refusal| refusal.cause);
    assert_eq!(cause(&anthropic("overloaded_error", "Overloaded")), Some(Cause::Overload));
    assert_eq!(cause(&anthropic("rate_limit_error", "Slow")), Some(SOME_LIMIT));
    let openrouter = r#"{"id":"gen-1","error":{"code":429,"message":"Provider returned error","metadata":{"provider_name":"X"}},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#;
    assert_eq!(cause(openrouter), Some(Cause::Elsewhere));
    let numbered = r#"{"error":{"code":"429","message":"Please retry after 7 seconds"}}"#;
    assert_eq!(refusal_in_stream(numbered.as_bytes()).unwrap().wait, Some(ms(7_000)));
    let responses = r#"{"type":"error","code":"rate_limit_exceeded","message":"Rate limit reached on tokens per min (TPM): Limit 3"}"#;
    assert_eq!(cause(responses), Some(limit(Counted::Total, Window::Minute)));
    let failed =
        r#"{"type":"response.failed","response":{"error":{"code":"insufficient_quota","message":"x"}}}"#;
    assert_eq!(cause(failed), Some(Cause::Billing));
    let gemini = GEMINI.replace('\n', "");
    assert_eq!(cause(&gemini), Some(limit(Counted::Input, Window::Minute)));
}

#[test]
fn ordinary_events_and_other_errors_of_a_stream_are_no_refusals() {
    for data in [
        "[DONE]",
        "",
        r#"{"choices":[{"delta":{"content":"\"error\" 429"}}]}"#,
        r#"{"type":"response.created","response":{"error":null,"status":"in_progress"}}"#,
        r#"{"type":"error","error":{"type":"api_error","message":"Internal server error"}}"#,
        r#"{"error":{"code":500,"message":"Rate limit exceeded"}}"#,
        r#"{"error":{"code":400,"message":"Your credit balance is too low"}}"#,
    ] {
        assert_eq!(refusal_in_stream(data.as_bytes()), None, "{data}");
    }
}

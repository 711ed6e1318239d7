//! What the codes and types in error bodies mean.
//!
//! Tables only; words are `words`'.
//!
//! Sources, read 2026-11: platform.claude.com/docs/en/api/errors, developers.openai.com/api/docs/guides/error-codes,
//! cloud.google.com/apis/design/errors, docs.aws.amazon.com/bedrock (InvokeModel, errors), platform.moonshot.ai.

use paceway_domain::Cause;

/// Codes of an account that may spend no more, or has nothing left to spend. A spend cap is often accompanied by the
/// broader `insufficient_quota`, so caps come first.
const SPEND_CAP: [&str; 4] = [
    "enforced_spend_limit_reached",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
    "budget_exceeded",
];
const BILLING: [&str; 8] = [
    "credit_balance_exhausted",
    "insufficient_quota",
    "insufficient_balance",
    "insufficient_credits",
    "billing_error",
    "billing_not_active",
    "exceeded_current_quota_error",
    "BILLING_DISABLED",
];
const ACCELERATION: [&str; 1] = ["slow_down"];
const OVERLOAD: [&str; 6] = [
    "overloaded_error",
    "engine_overloaded_error",
    "server_is_overloaded",
    "server_overloaded",
    "service_tier_capacity_exceeded",
    "MODEL_CAPACITY_EXHAUSTED",
];
/// Codes of a limit, which do not say which one.
const LIMIT: [&str; 8] = [
    "rate_limit_error",
    "rate_limit_exceeded",
    "rate_limit_reached_error",
    "rate_limited",
    "rate_limit",
    "RateLimitReached",
    "rateLimitExceeded",
    "too_many_requests",
];

/// The refusal lies in the account: its spend cap, or its money.
pub(super) fn account(codes: &[&str]) -> Option<Cause> {
    if codes.iter().any(|code| SPEND_CAP.contains(code) || code.ends_with("_spend_limit_exceeded")) {
        return Some(Cause::SpendCap);
    }
    has(codes, &BILLING).then_some(Cause::Billing)
}

/// The refusal lies in the provider's load, or in how fast use rises.
pub(super) fn load(codes: &[&str]) -> Option<Cause> {
    if has(codes, &ACCELERATION) {
        return Some(Cause::Acceleration);
    }
    has(codes, &OVERLOAD).then_some(Cause::Overload)
}

/// The refusal is a limit's.
pub(super) fn is_limit(codes: &[&str]) -> bool {
    has(codes, &LIMIT)
}

/// Amazon's throttle, which says nothing of itself; its name may be followed by a colon and an address.
pub(super) fn is_throttle(codes: &[&str]) -> bool {
    codes.iter().any(|code| code.to_ascii_lowercase().contains("throttling"))
}

/// The status that a refusal with these codes would have had, for one that came without.
pub(super) fn status(codes: &[&str]) -> Option<u16> {
    if load(codes) == Some(Cause::Overload) {
        return Some(529);
    }
    let is_refusal =
        account(codes).is_some() || load(codes).is_some() || is_limit(codes) || is_throttle(codes);
    (is_refusal || codes.contains(&"RESOURCE_EXHAUSTED")).then_some(429)
}

fn has(codes: &[&str], known: &[&str]) -> bool {
    codes.iter().any(|code| known.contains(code))
}

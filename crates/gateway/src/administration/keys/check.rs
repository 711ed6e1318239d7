//! Bounds on what is said of a key.

use std::time::Duration;

use paceway_domain::UnixMillis;
use paceway_policy::access::{Grant, OwnLimits};

use super::Denied;

/// The longest overlap of a rotation.
const LONGEST_OVERLAP: Duration = Duration::from_hours(90 * 24);
/// The largest limit: more than any provider's.
const LARGEST: u64 = 1_000_000_000_000;

pub(super) fn expiry(at: Option<UnixMillis>, now: UnixMillis) -> Result<(), Denied> {
    if at.is_some_and(|at| at <= now) {
        return Err(Denied::invalid("expires_at", "expected a time to come: to end a key now, revoke it"));
    }
    Ok(())
}

pub(super) fn overlap(overlap: Duration) -> Result<(), Denied> {
    if overlap > LONGEST_OVERLAP {
        let most = LONGEST_OVERLAP.as_secs();
        return Err(Denied::invalid("overlap_s", format!("expected 0 to {most} seconds (90 days)")));
    }
    Ok(())
}

pub(super) fn grant(grant: &Grant) -> Result<(), Denied> {
    if grant.models.len() > Grant::MOST_MODELS {
        let most = Grant::MOST_MODELS;
        return Err(Denied::invalid("models", format!("expected at most {most} patterns")));
    }
    for pattern in &grant.models {
        if !(1..=Grant::LONGEST_MODEL).contains(&pattern.len()) {
            let most = Grant::LONGEST_MODEL;
            let why = format!("expected patterns of 1 to {most} bytes, got `{pattern}`");
            return Err(Denied::invalid("models", why));
        }
    }
    limits(&grant.limits)
}

fn limits(limits: &OwnLimits) -> Result<(), Denied> {
    let stated = [
        ("requests_per_minute", limits.requests_per_minute),
        ("input_tokens_per_minute", limits.input_tokens_per_minute),
        ("output_tokens_per_minute", limits.output_tokens_per_minute),
        ("tokens_per_minute", limits.tokens_per_minute),
        ("requests_per_day", limits.requests_per_day),
        ("tokens_per_day", limits.tokens_per_day),
        ("concurrency", limits.concurrency.map(u64::from)),
    ];
    for (name, limit) in stated {
        if limit.is_some_and(|limit| !(1..=LARGEST).contains(&limit)) {
            return Err(Denied::invalid(&format!("limits.{name}"), format!("expected 1 to {LARGEST}")));
        }
    }
    if limits.burst_s.is_some_and(|burst| !(1..=60).contains(&burst)) {
        return Err(Denied::invalid("limits.burst_s", "expected 1 to 60 seconds"));
    }
    Ok(())
}

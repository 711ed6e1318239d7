//! The only loop: wait for a turn, send, judge, and if the provider refused for its rate, wait again.
//!
//! What is judged here is one thing: whether a 429 says when to come back. Other errors are answers and are handed on.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use paceway_domain::Refusal;
use paceway_scheduler::Cost;
use paceway_upstream::Answer;

use crate::Gateway;
use crate::bill::Bill;
use crate::fleet::Plan;

/// Sends the planned call when its turn comes and returns the provider's answer.
pub(crate) async fn send(gateway: &Arc<Gateway>, plan: &Plan, bill: &mut Bill) -> Result<Answer, Refusal> {
    let deadline = gateway.clock.now().after(gateway.bounds.max_wait);
    loop {
        let asked = gateway.clock.now();
        let turn = gateway.turnstile.wait(plan.pool.id(), plan.cost, deadline).await?;
        let waited = gateway.clock.now().since(asked);
        gateway.metrics.waited(plan.provider.name(), waited);
        bill.goes_out(turn, waited);
        let answer = match gateway.upstream.call(plan.call.clone()).await {
            Ok(answer) => answer,
            Err(failure) => {
                bill.close("upstream_failed");
                return Err(Refusal::Upstream { provider: plan.provider.name().to_owned(), failure });
            }
        };
        bill.answered(answer.status, &answer.headers);
        if answer.status != StatusCode::TOO_MANY_REQUESTS {
            return Ok(answer);
        }
        gateway.metrics.upstream_refused(plan.provider.name());
        let Some(wait) = stated_wait(&answer.headers) else { return Ok(answer) };
        let may_wait = gateway.clock.now().after(wait) <= deadline;
        if !may_wait || bill.attempts() >= gateway.bounds.max_attempts {
            return Ok(answer);
        }
        give_turn_back(bill, plan, wait);
    }
}

/// A provider that reserves charges refused calls as well (OpenAI); the others do not.
fn give_turn_back(bill: &mut Bill, plan: &Plan, wait: Duration) {
    let Some(turn) = bill.was_refused() else { return };
    turn.learn_refusal(wait);
    if plan.pool.charges_refused_calls() {
        turn.settle(Cost::default());
    }
}

/// How long a refused call should wait, if the provider says so and does not say that waiting is of no use. Never
/// clamped: a stated wait is a fact. Sources: `retry-after` (RFC 9110, 10.2.3, whole seconds here), `retry-after-ms` and
/// `x-should-retry` (OpenAI's and Anthropic's SDKs).
fn stated_wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if text("x-should-retry") == Some("false") {
        return None;
    }
    let millis = text("retry-after-ms").and_then(|value| value.parse::<f64>().ok()).map(|ms| ms / 1e3);
    let seconds = || text("retry-after").and_then(|value| value.parse::<f64>().ok());
    let wait = millis.or_else(seconds)?;
    Duration::try_from_secs_f64(wait).ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn wait(pairs: &[(&'static str, &'static str)]) -> Option<Duration> {
        let headers = pairs
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        stated_wait(&headers)
    }

    #[test]
    fn the_finer_of_two_stated_waits_counts_and_none_is_clamped() {
        assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(
            wait(&[("retry-after", "1"), ("retry-after-ms", "130")]),
            Some(Duration::from_millis(130))
        );
        assert_eq!(wait(&[("retry-after", "86400")]), Some(Duration::from_hours(24)));
    }

    #[test]
    fn a_wait_that_is_not_stated_or_of_no_use_is_none() {
        assert_eq!(wait(&[]), None);
        assert_eq!(wait(&[("retry-after", "soon")]), None);
        assert_eq!(wait(&[("retry-after", "-5")]), None);
        assert_eq!(wait(&[("retry-after", "NaN")]), None);
        assert_eq!(wait(&[("retry-after", "5"), ("x-should-retry", "false")]), None);
    }
}

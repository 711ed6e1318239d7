//! The details of Google's refusals: which quota, how large, and when to ask again.
//!
//! Shapes: google.rpc.QuotaFailure, ErrorInfo and RetryInfo (cloud.google.com/apis/design/errors). Vertex often sends
//! none of them.

use paceway_domain::{Cause, Counted, Window};
use serde_json::Value;

use crate::limits::number;

/// A quota that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    counted: Option<Counted>,
    window: Option<Window>,
    /// How large it is.
    pub(super) value: Option<u64>,
}

impl Quota {
    pub(super) fn cause(self) -> Cause {
        Cause::Limit { counted: self.counted, window: self.window }
    }
}

/// The quota that is used up; of several the one with the longest window, because it will be the last to refill.
pub(super) fn quota(details: &[Value]) -> Option<Quota> {
    let violations = details.iter().filter_map(|detail| detail["violations"].as_array()).flatten();
    let violated = violations
        .map(|violation| read(&violation["quotaId"], &violation["quotaMetric"], &violation["quotaValue"]));
    let infos = details.iter().map(|detail| &detail["metadata"]);
    let named =
        infos.map(|info| read(&info["quota_limit"], &info["quota_metric"], &info["quota_limit_value"]));
    violated.chain(named).flatten().max_by_key(|quota| (quota.window, quota.counted.is_some()))
}

/// RetryInfo's delay, such as `37s`.
pub(super) fn retry_delay(details: &[Value]) -> Option<&str> {
    details.iter().find_map(|detail| detail["retryDelay"].as_str())
}

/// `GenerateContentInputTokensPerModelPerMinute-FreeTier` names both what is counted and the window.
fn read(id: &Value, metric: &Value, value: &Value) -> Option<Quota> {
    let names = [id.as_str().unwrap_or_default(), metric.as_str().unwrap_or_default()];
    if names == ["", ""] {
        return None;
    }
    // Ids are in camel case, metrics in snake case.
    let names = names.map(|name| name.replace('_', "").to_ascii_lowercase());
    let says = |word: &str| names.iter().any(|name| name.contains(word));
    let counted = [
        ("inputtoken", Counted::Input),
        ("outputtoken", Counted::Output),
        ("token", Counted::Total),
        ("request", Counted::Requests),
    ];
    let value = value.as_u64().or_else(|| number::count(value.as_str()?));
    Some(Quota {
        counted: counted.into_iter().find(|(word, _)| says(word)).map(|(_, counted)| counted),
        window: Window::ALL.into_iter().find(|window| says(&format!("per{}", window.name()))),
        value: value.filter(|value| *value > 0),
    })
}

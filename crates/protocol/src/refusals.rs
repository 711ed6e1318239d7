//! The one table from a [`Refusal`] to what a client sees: status, kind of error, metric label.

use paceway_domain::{Dialect, Refusal};

use crate::neutral::{ErrorKind, ErrorReport};

/// How a refusal looks from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appearance {
    /// The HTTP status.
    pub status: u16,
    /// The kind, which each dialect has its own name for.
    pub kind: ErrorKind,
    /// The value of the metrics' and ledger's `outcome`.
    pub label: &'static str,
}

/// How this refusal looks from outside.
pub fn appearance(refusal: &Refusal) -> Appearance {
    let (status, kind, label) = match refusal {
        Refusal::MissingKey => (401, ErrorKind::Authentication, "missing_key"),
        Refusal::UnknownKey => (401, ErrorKind::Authentication, "unknown_key"),
        Refusal::RevokedKey => (401, ErrorKind::Authentication, "revoked_key"),
        Refusal::ExpiredKey => (401, ErrorKind::Authentication, "expired_key"),
        Refusal::RotatedKey => (401, ErrorKind::Authentication, "rotated_key"),
        Refusal::ModelNotAllowed { .. } => (403, ErrorKind::Permission, "model_not_allowed"),
        Refusal::EndpointNotAllowed { .. } => (403, ErrorKind::Permission, "endpoint_not_allowed"),
        Refusal::MalformedBody(_) => (400, ErrorKind::InvalidRequest, "malformed_body"),
        Refusal::WrongContentType { .. } => (415, ErrorKind::InvalidRequest, "wrong_content_type"),
        Refusal::BodyTooLarge(_) => (413, ErrorKind::TooLarge, "body_too_large"),
        Refusal::BodyIncomplete(_) => (400, ErrorKind::InvalidRequest, "body_incomplete"),
        Refusal::InvalidField { .. } => (400, ErrorKind::InvalidRequest, "invalid_field"),
        Refusal::Unsupported { .. } => (400, ErrorKind::InvalidRequest, "unsupported"),
        Refusal::UnknownModel { .. } => (404, ErrorKind::NotFound, "unknown_model"),
        Refusal::NoFit { .. } => (400, ErrorKind::InvalidRequest, "no_fit"),
        Refusal::NoSuchPath(_) => (404, ErrorKind::NotFound, "no_such_path"),
        Refusal::NoSuchResponse(_) => (404, ErrorKind::NotFound, "no_such_response"),
        Refusal::WrongMethod { .. } => (405, ErrorKind::InvalidRequest, "wrong_method"),
        Refusal::NoSuchEndpoint { .. } => (404, ErrorKind::NotFound, "no_such_endpoint"),
        Refusal::LargerThanLimit { .. } => (413, ErrorKind::TooLarge, "larger_than_limit"),
        Refusal::QueueFull { .. } => (429, ErrorKind::RateLimit, "queue_full"),
        Refusal::WaitTooLong { .. } => (429, ErrorKind::RateLimit, "wait_too_long"),
        Refusal::ProviderClosed { .. } => (402, ErrorKind::Billing, "provider_closed"),
        Refusal::Upstream { .. } if refusal.is_upstream_timeout() => {
            (504, ErrorKind::Timeout, "upstream_timeout")
        }
        Refusal::Upstream { .. } => (502, ErrorKind::Server, "upstream_failed"),
        Refusal::Unhealthy { .. } => (503, ErrorKind::Overloaded, "breaker_open"),
        Refusal::BudgetSpent { .. } => (402, ErrorKind::Billing, "budget_spent"),
        Refusal::BudgetBusy { .. } => (429, ErrorKind::RateLimit, "budget_busy"),
        Refusal::Unpriced { .. } => (400, ErrorKind::InvalidRequest, "unpriced"),
        Refusal::ShuttingDown => (503, ErrorKind::Overloaded, "shutting_down"),
        Refusal::Internal(_) => (500, ErrorKind::Server, "internal"),
    };
    Appearance { status, kind, label }
}

/// How it looks to clients of a dialect: a budget that is spent is what their provider's own spent quota would be, so that SDKs know it.
/// OpenAI answers 429 with `insufficient_quota`, Google 429 with `RESOURCE_EXHAUSTED`, the others 402.
pub fn appearance_in(dialect: Dialect, refusal: &Refusal) -> Appearance {
    let usual = appearance(refusal);
    match (refusal, dialect) {
        (Refusal::BudgetSpent { .. }, Dialect::OpenAi | Dialect::Responses) => {
            Appearance { status: 429, ..usual }
        }
        (Refusal::BudgetSpent { .. }, Dialect::Gemini) => {
            Appearance { status: 429, kind: ErrorKind::RateLimit, ..usual }
        }
        _ => usual,
    }
}

/// The refusal as an error that the dialect can write.
pub fn report(dialect: Dialect, refusal: &Refusal) -> ErrorReport {
    let field = match refusal {
        Refusal::InvalidField { field, .. } | Refusal::Unsupported { field, .. } => Some(field.clone()),
        _ => None,
    };
    // OpenAI's own codes where the kind's would mislead.
    let code = match refusal {
        Refusal::NoSuchPath(_) => Some("unknown_url".to_owned()),
        Refusal::NoSuchResponse(_) => Some("response_not_found".to_owned()),
        _ => None,
    };
    ErrorReport { field, code, ..ErrorReport::new(appearance_in(dialect, refusal).kind, refusal.to_string()) }
}

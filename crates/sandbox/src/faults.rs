//! What goes wrong with a request: by chance, or because a header asks for it.

use axum::http::HeaderMap;
use fastrand::Rng;

use crate::settings::Faults;

/// A fault of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    RateLimited,
    ServerError,
    Overloaded,
    Reset,
    Cut,
    Slow,
    Hang,
    /// A stream that ends with an error in its middle. Only a header asks for it.
    Broken,
}

/// A test asks for a fault by this header: 429, 500, 529, reset, cut, slow, hang or error.
const HEADER: &str = "x-sandbox-fault";

impl Fault {
    /// The fault that befalls a request, if any. Shares above 1 in all leave no request untouched.
    pub(crate) fn of(headers: &HeaderMap, faults: &Faults, dice: &mut Rng) -> Option<Self> {
        if let Some(asked) = headers.get(HEADER).and_then(|value| value.to_str().ok()) {
            return Self::named(asked);
        }
        let mut left = dice.f64();
        let shares = [
            (Self::RateLimited, faults.rate_limited),
            (Self::ServerError, faults.server_error),
            (Self::Overloaded, faults.overloaded),
            (Self::Reset, faults.reset),
            (Self::Cut, faults.cut),
            (Self::Slow, faults.slow),
            (Self::Hang, faults.hang),
        ];
        for (fault, share) in shares {
            left -= share;
            if left < 0.0 {
                return Some(fault);
            }
        }
        None
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "429" => Self::RateLimited,
            "500" => Self::ServerError,
            "529" => Self::Overloaded,
            "reset" => Self::Reset,
            "cut" => Self::Cut,
            "slow" => Self::Slow,
            "hang" => Self::Hang,
            "error" => Self::Broken,
            _ => return None,
        })
    }
}

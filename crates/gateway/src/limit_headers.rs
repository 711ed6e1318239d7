//! A client's own limits in the headers of its answer: what Paceway will let through, not what the provider said.

use std::time::Duration;

use http::HeaderMap;
use paceway_protocol::limits::show::{self, Shown};
use paceway_scheduler::{Ask as Wish, MeterState, PoolId, PoolState};

use crate::Gateway;
use crate::ask::Ask;

/// Adds the caller's own limits, or where it has none, those of the pool that it went to. The dialect's own family is
/// what the provider sent, if the caller's own limits do not count and the provider speaks the caller's dialect.
pub(crate) fn add(
    gateway: &Gateway,
    ask: &Ask,
    wish: &Wish,
    went: Option<PoolId>,
    is_passthrough: bool,
    headers: &mut HeaderMap,
) {
    let own: Vec<Shown> =
        wish.own.into_iter().flatten().flat_map(|pool| shown(&gateway.turnstile.state(pool))).collect();
    let has_own = !own.is_empty();
    let limits = match went {
        _ if has_own => own,
        Some(pool) => shown(&gateway.turnstile.state(pool)),
        None => return,
    };
    show::standard(&limits, headers);
    if has_own || !is_passthrough {
        show::of_dialect(ask.dialect, &limits, gateway.clock.wall(), headers);
    }
}

fn shown(pool: &PoolState) -> Vec<Shown> {
    pool.meters.iter().map(of_meter).collect()
}

fn of_meter(meter: &MeterState) -> Shown {
    let remaining = u64::try_from(meter.free).unwrap_or(0);
    let missing = i128::from(meter.burst) - meter.free;
    let per_second = meter.limit as f64 / meter.dimension.window.length().as_secs_f64();
    let full_in = Duration::try_from_secs_f64(missing.max(0) as f64 / per_second.max(f64::MIN_POSITIVE));
    Shown {
        dimension: meter.dimension,
        limit: meter.limit,
        remaining,
        full_in: full_in.unwrap_or(Duration::MAX).min(meter.dimension.window.length().saturating_mul(100)),
    }
}

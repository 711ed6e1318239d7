//! What a request asks of the scheduler: where it may go, how much it matters, and until when it is of use.

use std::sync::Arc;

use paceway_policy::access::Caller;
use paceway_scheduler::{Ask as Wish, Priority};

use crate::ask::Ask;
use crate::target::Target;
use crate::{Gateway, patience};

/// By this header a client may say that a request matters less than its key's requests do: `normal`, `low` or `batch`.
const PRIORITY: &str = "x-paceway-priority";

/// The request as the scheduler sees it. Its deadline is the client's own timeout or ours, whichever is sooner.
pub(crate) fn of(gateway: &Arc<Gateway>, caller: &Caller, ask: &Ask, target: &Target) -> Wish {
    let standing = gateway.standings.of(caller, &target.model);
    let most = gateway.bounds.max_wait;
    let patience = patience::stated(&ask.headers).map_or(most, |stated| stated.min(most));
    Wish {
        route: target.lane.route,
        without: 0,
        first: target.preferred,
        own: standing.own,
        caller: standing.caller,
        weight: standing.weight,
        priority: standing.priority.max(stated_priority(ask).unwrap_or(standing.priority)),
        cost: target.cost,
        deadline: gateway.clock.now().after(patience),
    }
}

fn stated_priority(ask: &Ask) -> Option<Priority> {
    match ask.headers.get(PRIORITY)?.to_str().ok()? {
        "high" => Some(Priority::High),
        "normal" => Some(Priority::Normal),
        "low" => Some(Priority::Low),
        "batch" => Some(Priority::Batch),
        _ => None,
    }
}

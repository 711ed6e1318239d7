//! What admins have done.

use serde::Deserialize;
use serde_json::json;

use super::paging::length;
use super::wire::{self, AuditView, ErrorBody, List};
use super::{Asked, Denied, Reply};

/// Which entries are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    limit: Option<u32>,
    after: Option<u64>,
}

/// List what admins have done, newest first
#[utoipa::path(
    get,
    path = "/admin/audit",
    tag = "audit",
    params(
        ("limit" = Option<u32>, Query, description = "Entries of the page, 1 to 1000; absent: 100"),
        ("after" = Option<u64>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, body = List<AuditView>), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn list(asked: &Asked) -> Result<Reply, Denied> {
    let wanted: Wanted = asked.query()?;
    let most = length(wanted.limit)?;
    let mut entries = asked.house.administration.audit(&asked.actor, wanted.after, most + 1)?;
    let has_more = entries.len() > most as usize;
    entries.truncate(most as usize);
    let next = entries.last().filter(|_| has_more).map(|entry| entry.number.to_string());
    Reply::ok(json!({"data": entries.iter().map(wire::entry).collect::<Vec<_>>(), "next": next}))
}

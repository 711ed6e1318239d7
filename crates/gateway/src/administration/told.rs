//! What the log says of things: all of them but hashes, so that no entry helps anybody to a secret.

use paceway_domain::{Priority, UnixMillis};
use paceway_policy::access::{Admin, Unit, VirtualKey};
use serde_json::{Value, json};

pub(super) fn unit(unit: &Unit) -> Value {
    json!({"place": unit.place.to_string(), "name": unit.name})
}

pub(super) fn key(key: &VirtualKey) -> Value {
    json!({
        "id": key.id.0,
        "name": key.name,
        "owner": key.owner,
        "expires_at": moment(key.expires_at),
        "revoked_at": moment(key.revoked_at),
        "previous_until": moment(key.previous.map(|previous| previous.until)),
        "models": key.grant.models,
        "endpoints": key.grant.endpoints.iter().map(|endpoint| endpoint.name()).collect::<Vec<_>>(),
        "priority": key.grant.priority.map(Priority::name),
        "limits": key.grant.limits,
    })
}

pub(super) fn admin(admin: &Admin) -> Value {
    json!({
        "id": admin.id.0,
        "name": admin.name,
        "role": admin.role.name(),
        "place": admin.place.to_string(),
        "revoked_at": moment(admin.revoked_at),
    })
}

fn moment(at: Option<UnixMillis>) -> Option<u64> {
    at.map(|at| at.0)
}

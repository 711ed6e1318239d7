//! Virtual keys: made, listed, changed, rotated, revoked. A secret is in the answer that makes it and in no other.

use std::time::Duration;

use paceway_domain::{Endpoint, KeyId, Owner, Priority, UnixMillis};
use paceway_gateway::administration::{Grant, KeyChange, NewKey, Place};
use serde::Deserialize;

use super::paging::page;
use super::wire::{self, ErrorBody, KeyBody, KeyPatch, KeyView, KeyWithSecret, List, Rotation};
use super::{Asked, Denied, Reply};

/// Which keys are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    organisation: Option<String>,
    team: Option<String>,
    project: Option<String>,
    limit: Option<u32>,
    after: Option<String>,
}

/// List keys
#[utoipa::path(
    get,
    path = "/admin/keys",
    tag = "keys",
    params(
        ("organisation" = Option<String>, Query, description = "Of this organisation only"),
        ("team" = Option<String>, Query, description = "Of this team of it only"),
        ("project" = Option<String>, Query, description = "Of this project of it only"),
        ("limit" = Option<u32>, Query, description = "Entries of the page, 1 to 1000; absent: 100"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, body = List<KeyView>), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn list(asked: &Asked) -> Result<Reply, Denied> {
    let wanted: Wanted = asked.query()?;
    let place = place_of(wanted.organisation.as_deref(), wanted.team.as_deref(), wanted.project.as_deref())?;
    let keys = asked.house.administration.keys(&asked.actor, &place)?;
    let bounds = (wanted.limit, wanted.after.as_deref());
    let now = now(asked);
    Reply::ok(page(&keys, bounds, |key| key.id.to_string(), |key| wire::key(key, now))?)
}

/// Make a key; its secret is in this answer and in no other
#[utoipa::path(
    post,
    path = "/admin/keys",
    tag = "keys",
    request_body = KeyBody,
    responses((status = 201, body = KeyWithSecret), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn create(asked: &Asked) -> Result<Reply, Denied> {
    let body: KeyBody = asked.body()?;
    let id = |id: Option<String>| id.unwrap_or_else(|| Owner::DEFAULT.to_owned());
    let owner = Owner { organisation: id(body.organisation), team: id(body.team), project: id(body.project) };
    place_of(Some(&owner.organisation), Some(&owner.team), Some(&owner.project))?;
    let new = NewKey {
        name: body.name,
        owner,
        expires_at: body.expires_at.map(UnixMillis),
        grant: Grant {
            models: body.models,
            endpoints: endpoints(&body.endpoints)?,
            priority: body.priority.as_deref().map(priority).transpose()?,
            limits: body.limits.into(),
        },
    };
    let (key, secret) = asked.house.administration.create_key(&asked.actor, new)?;
    let view = wire::key(&key, now(asked));
    Reply::created(KeyWithSecret { key: secret.reveal().to_owned(), view })
}

/// Show a key
#[utoipa::path(
    get,
    path = "/admin/keys/{id}",
    tag = "keys",
    params(("id" = String, Path, description = "The key's id")),
    responses((status = 200, body = KeyView), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn show(asked: &Asked) -> Result<Reply, Denied> {
    let key = asked.house.administration.key(&asked.actor, &id(asked))?;
    Reply::ok(wire::key(&key, now(asked)))
}

/// Change a key
#[utoipa::path(
    patch,
    path = "/admin/keys/{id}",
    tag = "keys",
    params(("id" = String, Path, description = "The key's id")),
    request_body = KeyPatch,
    responses((status = 200, body = KeyView), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn update(asked: &Asked) -> Result<Reply, Denied> {
    let patch: KeyPatch = asked.body()?;
    let change = KeyChange {
        name: patch.name,
        expires_at: patch.expires_at.map(|at| at.map(UnixMillis)),
        models: patch.models,
        endpoints: patch.endpoints.as_deref().map(endpoints).transpose()?,
        priority: patch.priority.map(|name| name.as_deref().map(priority).transpose()).transpose()?,
        limits: patch.limits.map(Into::into),
    };
    let key = asked.house.administration.update_key(&asked.actor, &id(asked), &change)?;
    Reply::ok(wire::key(&key, now(asked)))
}

/// Give a key another secret, which is in this answer and in no other; the present one may work for a while beside it
#[utoipa::path(
    post,
    path = "/admin/keys/{id}/rotate",
    tag = "keys",
    params(("id" = String, Path, description = "The key's id")),
    request_body = Rotation,
    responses((status = 200, body = KeyWithSecret), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn rotate(asked: &Asked) -> Result<Reply, Denied> {
    let Rotation { overlap_s } = asked.body()?;
    let overlap = Duration::from_secs(overlap_s);
    let (key, secret) = asked.house.administration.rotate_key(&asked.actor, &id(asked), overlap)?;
    let view = wire::key(&key, now(asked));
    Reply::ok(KeyWithSecret { key: secret.reveal().to_owned(), view })
}

/// Revoke a key for good, at once
#[utoipa::path(
    post,
    path = "/admin/keys/{id}/revoke",
    tag = "keys",
    params(("id" = String, Path, description = "The key's id")),
    responses((status = 200, body = KeyView), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn revoke(asked: &Asked) -> Result<Reply, Denied> {
    let key = asked.house.administration.revoke_key(&asked.actor, &id(asked))?;
    Reply::ok(wire::key(&key, now(asked)))
}

fn id(asked: &Asked) -> KeyId {
    KeyId(asked.part("id").to_owned())
}

fn now(asked: &Asked) -> UnixMillis {
    asked.house.gateway().clock.wall()
}

/// The place that three fields name.
pub(super) fn place_of(
    organisation: Option<&str>,
    team: Option<&str>,
    project: Option<&str>,
) -> Result<Place, Denied> {
    if (organisation.is_none() && (team.is_some() || project.is_some()))
        || (team.is_none() && project.is_some())
    {
        return Err(Denied::invalid(
            "organisation",
            "a team is named with its organisation, a project with its team",
        ));
    }
    let wrong =
        || Denied::invalid("organisation, team, project", "an id is 1 to 64 of a-z, 0-9, `-`, `_` and `.`");
    Place::of(organisation, team, project).ok_or_else(wrong)
}

fn endpoints(names: &[String]) -> Result<Vec<Endpoint>, Denied> {
    let read = |name: &String| {
        Endpoint::named(name).ok_or_else(|| {
            let all = Endpoint::ALL.map(Endpoint::name).join(", ");
            Denied::invalid("endpoints", format!("expected any of {all}, got `{name}`"))
        })
    };
    names.iter().map(read).collect()
}

fn priority(name: &str) -> Result<Priority, Denied> {
    Priority::named(name).ok_or_else(|| {
        let all = Priority::ALL.map(Priority::name).join(", ");
        Denied::invalid("priority", format!("expected one of {all}, got `{name}`"))
    })
}

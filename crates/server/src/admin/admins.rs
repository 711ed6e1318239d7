//! Those who administer: made, listed, revoked. A token is in the answer that makes it and in no other.

use paceway_domain::KeyId;
use paceway_gateway::administration::{NewAdmin, Role};

use super::keys::place_of;
use super::paging::{Page, page};
use super::wire::{self, AdminBody, AdminView, AdminWithToken, ErrorBody, List};
use super::{Asked, Denied, Reply};

/// List admins
#[utoipa::path(
    get,
    path = "/admin/admins",
    tag = "admins",
    params(
        ("limit" = Option<u32>, Query, description = "Entries of the page, 1 to 1000; absent: 100"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, body = List<AdminView>), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn list(asked: &Asked) -> Result<Reply, Denied> {
    let wanted: Page = asked.query()?;
    let admins = asked.house.administration.admins(&asked.actor)?;
    Reply::ok(page(&admins, wanted.bounds(), |admin| admin.id.to_string(), wire::admin)?)
}

/// Make an admin; the token is in this answer and in no other
#[utoipa::path(
    post,
    path = "/admin/admins",
    tag = "admins",
    request_body = AdminBody,
    responses((status = 201, body = AdminWithToken), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn create(asked: &Asked) -> Result<Reply, Denied> {
    let body: AdminBody = asked.body()?;
    let role = Role::named(&body.role).ok_or_else(|| {
        let all = Role::ALL.map(Role::name).join(", ");
        Denied::invalid("role", format!("expected one of {all}, got `{}`", body.role))
    })?;
    let place = place_of(body.organisation.as_deref(), body.team.as_deref(), None)?;
    let new = NewAdmin { name: body.name, role, place };
    let (admin, token) = asked.house.administration.create_admin(&asked.actor, new)?;
    Reply::created(AdminWithToken { token: token.reveal().to_owned(), view: wire::admin(&admin) })
}

/// Revoke an admin for good, at once
#[utoipa::path(
    post,
    path = "/admin/admins/{id}/revoke",
    tag = "admins",
    params(("id" = String, Path, description = "The admin's id")),
    responses((status = 200, body = AdminView), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn revoke(asked: &Asked) -> Result<Reply, Denied> {
    let id = KeyId(asked.part("id").to_owned());
    Reply::ok(wire::admin(&asked.house.administration.revoke_admin(&asked.actor, &id)?))
}

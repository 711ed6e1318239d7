//! Organisations: made, listed, renamed, deleted.

use paceway_gateway::administration::{Kind, NewUnit};

use super::paging::{Page, page};
use super::wire::{self, ErrorBody, List, Rename, UnitBody, UnitView};
use super::{Asked, Denied, Reply};

/// List organisations
#[utoipa::path(
    get,
    path = "/admin/organisations",
    tag = "organisations",
    params(
        ("limit" = Option<u32>, Query, description = "Entries of the page, 1 to 1000; absent: 100"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, body = List<UnitView>), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn list(asked: &Asked) -> Result<Reply, Denied> {
    let wanted: Page = asked.query()?;
    let units = asked.house.administration.units(&asked.actor, &asked.place()?, Kind::Organisation)?;
    Reply::ok(page(&units, wanted.bounds(), |unit| unit.place.to_string(), wire::unit)?)
}

/// Make an organisation
#[utoipa::path(
    post,
    path = "/admin/organisations",
    tag = "organisations",
    request_body = UnitBody,
    responses((status = 201, body = UnitView), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn create(asked: &Asked) -> Result<Reply, Denied> {
    let UnitBody { name, id } = asked.body()?;
    let unit =
        asked.house.administration.create_unit(&asked.actor, &asked.place()?, &NewUnit { name, id })?;
    Reply::created(wire::unit(&unit))
}

/// Show an organisation
#[utoipa::path(
    get,
    path = "/admin/organisations/{organisation}",
    tag = "organisations",
    params(("organisation" = String, Path, description = "The organisation's id")),
    responses((status = 200, body = UnitView), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn show(asked: &Asked) -> Result<Reply, Denied> {
    Reply::ok(wire::unit(&asked.house.administration.unit(&asked.actor, &asked.place()?)?))
}

/// Give an organisation another name
#[utoipa::path(
    patch,
    path = "/admin/organisations/{organisation}",
    tag = "organisations",
    params(("organisation" = String, Path, description = "The organisation's id")),
    request_body = Rename,
    responses((status = 200, body = UnitView), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn rename(asked: &Asked) -> Result<Reply, Denied> {
    let Rename { name } = asked.body()?;
    let unit = asked.house.administration.rename_unit(&asked.actor, &asked.place()?, &name)?;
    Reply::ok(wire::unit(&unit))
}

/// Delete an organisation in which nothing is
#[utoipa::path(
    delete,
    path = "/admin/organisations/{organisation}",
    tag = "organisations",
    params(("organisation" = String, Path, description = "The organisation's id")),
    responses((status = 200, body = UnitView), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn remove(asked: &Asked) -> Result<Reply, Denied> {
    Reply::ok(wire::unit(&asked.house.administration.remove_unit(&asked.actor, &asked.place()?)?))
}

//! Every address of the admin API, with what it needs, in one table. The router, the OpenAPI document and the test of roles are made
//! of it, so that none of them can forget a route.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use paceway_gateway::administration::Action;
use utoipa::openapi::OpenApi;

use crate::admin::route::{AdminRoute, route};
use crate::admin::{
    self, admins, audit, budgets, configuration, decisions, document, insights, keys, limits, organisations,
    projects, teams, usage,
};
use crate::{House, unwanted};

/// All of them.
#[rustfmt::skip] // A table.
pub fn all() -> Vec<AdminRoute> {
    use Action::{ManageAdmins, ManageKeys, ManageUnits, Observe, Operate, Read};
    vec![
        route(Read, organisations::list, organisations::__path_list),
        route(ManageUnits, organisations::create, organisations::__path_create),
        route(Read, organisations::show, organisations::__path_show),
        route(ManageUnits, organisations::rename, organisations::__path_rename),
        route(ManageUnits, organisations::remove, organisations::__path_remove),
        route(Read, teams::list, teams::__path_list),
        route(ManageUnits, teams::create, teams::__path_create),
        route(Read, teams::show, teams::__path_show),
        route(ManageUnits, teams::rename, teams::__path_rename),
        route(ManageUnits, teams::remove, teams::__path_remove),
        route(Read, projects::list, projects::__path_list),
        route(ManageUnits, projects::create, projects::__path_create),
        route(Read, projects::show, projects::__path_show),
        route(ManageUnits, projects::rename, projects::__path_rename),
        route(ManageUnits, projects::remove, projects::__path_remove),
        route(Read, keys::list, keys::__path_list),
        route(ManageKeys, keys::create, keys::__path_create),
        route(Read, keys::show, keys::__path_show),
        route(ManageKeys, keys::update, keys::__path_update),
        route(ManageKeys, keys::rotate, keys::__path_rotate),
        route(ManageKeys, keys::revoke, keys::__path_revoke),
        route(Read, admins::list, admins::__path_list),
        route(ManageAdmins, admins::create, admins::__path_create),
        route(ManageAdmins, admins::revoke, admins::__path_revoke),
        route(Read, audit::list, audit::__path_list),
        route(Read, usage::list, usage::__path_list),
        route(Read, insights::show, insights::__path_show),
        route(Observe, limits::show, limits::__path_show),
        route(Observe, budgets::show, budgets::__path_show),
        route(Observe, decisions::request, decisions::__path_request),
        route(Observe, decisions::route, decisions::__path_route),
        route(Observe, configuration::status, configuration::__path_status),
        route(Operate, configuration::reload, configuration::__path_reload),
        route(Read, document::show, document::__path_show),
    ]
}

/// The OpenAPI document of the admin API.
pub fn admin_document() -> OpenApi {
    document::of(&all())
}

/// The router of the admin API. It needs an admin token everywhere.
pub fn admin_router(house: House) -> Router {
    let mut router = Router::new();
    let document = Arc::new(admin_document());
    for AdminRoute { method, path, action, handler, .. } in all() {
        let document = Arc::clone(&document);
        let filter = MethodFilter::try_from(method).expect("a route has a usual method");
        let answer = move |State(house): State<House>, request: Request| {
            admin::serve((house, document), request, action, handler)
        };
        router = router.route(&path, on(filter, answer));
    }
    router.method_not_allowed_fallback(wrong_method).fallback(nothing_here).with_state(house)
}

async fn nothing_here(request: Request) -> Response {
    let told = format!(
        "there is nothing at `{}`: GET /admin/openapi.json lists what there is, and models are served at another address \
         (`server.listen`)",
        request.uri().path()
    );
    unwanted::refused(request.into_body(), admin::error(StatusCode::NOT_FOUND, "not_found_error", &told))
        .await
}

async fn wrong_method(request: Request) -> Response {
    let told = format!(
        "method {} is not allowed at `{}`: GET /admin/openapi.json lists those that are",
        request.method(),
        request.uri().path()
    );
    let response = admin::error(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", &told);
    unwanted::refused(request.into_body(), response).await
}

//! A route of the admin API: one description for the router, the OpenAPI document and the test of roles.

use axum::http::Method;
use paceway_gateway::administration::{Action, Role, may};
use utoipa::__dev::SchemaReferences;
use utoipa::Path;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::schema::Schema;

use super::Handler;

/// A route of the admin API.
pub struct AdminRoute {
    /// The method.
    pub method: Method,
    /// The address, with `{names}` of its parts.
    pub path: String,
    /// What an admin must be allowed to do.
    pub action: Action,
    pub(crate) handler: Handler,
    pub(super) methods: fn() -> Vec<HttpMethod>,
    pub(super) operation: fn() -> Operation,
    pub(super) schemas: fn(&mut Vec<(String, RefOr<Schema>)>),
}

impl AdminRoute {
    /// The roles that may ask here, from the least to the most.
    pub fn roles(&self) -> impl Iterator<Item = Role> {
        let action = self.action;
        Role::ALL.into_iter().filter(move |role| may(*role, action))
    }
}

/// A row of the table. Address and method are those that the handler's description states.
pub(crate) fn route<D: Path + SchemaReferences>(
    action: Action,
    handler: Handler,
    _description: D,
) -> AdminRoute {
    let methods = D::methods();
    let method = match methods.first() {
        Some(HttpMethod::Post) => Method::POST,
        Some(HttpMethod::Patch) => Method::PATCH,
        Some(HttpMethod::Delete) => Method::DELETE,
        _ => Method::GET,
    };
    AdminRoute {
        method,
        path: D::path(),
        action,
        handler,
        methods: D::methods,
        operation: D::operation,
        schemas: D::schemas,
    }
}

//! The OpenAPI document of the admin API, made of the table of its routes and the types of their bodies.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Paths};

use super::route::AdminRoute;
use super::{Asked, Denied, Reply};

const SCHEME: &str = "admin_token";

/// Show this document
#[utoipa::path(
    get,
    path = "/admin/openapi.json",
    tag = "configuration",
    responses((status = 200, body = serde_json::Value)),
)]
pub(crate) fn show(asked: &Asked) -> Result<Reply, Denied> {
    Reply::ok(asked.document.as_ref())
}

/// The document of these.
pub(crate) fn of(routes: &[AdminRoute]) -> OpenApi {
    let mut paths = Paths::new();
    let mut schemas = Vec::new();
    for route in routes {
        let mut operation = (route.operation)();
        let roles: Vec<_> = route.roles().map(paceway_gateway::administration::Role::name).collect();
        operation.description = Some(format!("For the roles {}.", roles.join(", ")));
        // Handlers of one name in several files would have one id.
        let plain = route.path.trim_start_matches("/admin/").replace(['/', '{', '}', '.'], "_");
        operation.operation_id = Some(format!("{}_{plain}", route.method.as_str().to_lowercase()));
        paths.add_path_operation(&route.path, (route.methods)(), operation);
        (route.schemas)(&mut schemas);
    }
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Paceway admin API")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Organisations, teams, projects, virtual keys, admins, the audit log, limits and the configuration.",
                ))
                .build(),
        )
        .paths(paths)
        .components(Some(
            ComponentsBuilder::new().schemas_from_iter(schemas).security_scheme(SCHEME, token).build(),
        ))
        .security(Some([SecurityRequirement::new(SCHEME, Vec::<String>::new())]))
        .build()
}

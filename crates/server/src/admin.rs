//! The admin API: who asks, what for, and how answers and errors look. What is done is the gateway's.
//!
//! Every handler is a plain function from [`Asked`] to [`Reply`]: it runs on a thread where it may wait for the database, after
//! the token and the role have been looked at in one place. Its address, method and action are a line of `admin_routes.rs`.

pub(crate) mod admins;
pub(crate) mod audit;
pub(crate) mod budgets;
pub(crate) mod configuration;
pub(crate) mod decisions;
pub(crate) mod document;
pub(crate) mod insights;
pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod organisations;
mod paging;
pub(crate) mod projects;
pub(crate) mod route;
pub(crate) mod teams;
mod unknown_fields;
pub(crate) mod usage;
pub(crate) mod wire;

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, Query, RawPathParams, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use paceway_gateway::administration::{Action, Admin, Denied, Place};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use crate::{House, unwanted};

/// A request that was let in.
pub(crate) struct Asked {
    pub(crate) house: House,
    document: Arc<OpenApi>,
    pub(crate) actor: Admin,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    uri: Uri,
    path: Vec<(String, String)>,
}

/// An answer.
pub(crate) struct Reply {
    status: StatusCode,
    body: Value,
}

/// What answers.
pub(crate) type Handler = fn(&Asked) -> Result<Reply, Denied>;

impl Reply {
    pub(crate) fn ok(body: impl Serialize) -> Result<Self, Denied> {
        Self::with(StatusCode::OK, body)
    }

    pub(crate) fn created(body: impl Serialize) -> Result<Self, Denied> {
        Self::with(StatusCode::CREATED, body)
    }

    /// Likewise, with any status.
    pub(crate) fn with(status: StatusCode, body: impl Serialize) -> Result<Self, Denied> {
        let unwritable = |error: serde_json::Error| Denied::invalid("answer", error.to_string());
        Ok(Self { status, body: serde_json::to_value(body).map_err(unwritable)? })
    }
}

impl Asked {
    /// A part of the address.
    pub(crate) fn part(&self, name: &str) -> &str {
        self.path.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The place that the address leads to.
    pub(crate) fn place(&self) -> Result<Place, Denied> {
        let part = |name: &str| Some(self.part(name)).filter(|id| !id.is_empty());
        let [organisation, team, project] = ["organisation", "team", "project"].map(part);
        let wrong = || Denied::invalid("path", "an id is 1 to 64 of a-z, 0-9, `-`, `_` and `.`");
        Place::of(organisation, team, project).ok_or_else(wrong)
    }

    /// What follows the address.
    pub(crate) fn query<T: DeserializeOwned>(&self) -> Result<T, Denied> {
        let read = Query::<T>::try_from_uri(&self.uri);
        read.map(|Query(query)| query).map_err(|error| {
            let told =
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            Denied::invalid("query", unknown_fields::with_suggestion(&told))
        })
    }

    /// The body, which may be empty where nothing has to be said.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Denied> {
        let body: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        serde_json::from_slice(body)
            .map_err(|error| Denied::invalid("body", unknown_fields::with_suggestion(&error.to_string())))
    }
}

/// Lets a request in, or not, and has it answered.
pub(crate) async fn serve(
    (house, document): (House, Arc<OpenApi>),
    request: Request,
    action: Action,
    handler: Handler,
) -> Response {
    let (mut head, body) = request.into_parts();
    let actor = match let_in(&house, &head.headers, action) {
        Ok(actor) => actor,
        Err(refusal) => return unwanted::refused(body, *refusal).await,
    };
    let path = match RawPathParams::from_request_parts(&mut head, &()).await {
        Ok(parts) => parts.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        Err(_) => return error(StatusCode::BAD_REQUEST, "invalid_request_error", "path: it is no text"),
    };
    let body = match read(&house, body).await {
        Ok(body) => body,
        Err(refusal) => return *refusal,
    };
    let asked = Asked { house, document, actor, headers: head.headers, body, uri: head.uri, path };
    let answered = tokio::task::spawn_blocking(move || handler(&asked)).await;
    match answered {
        Ok(Ok(Reply { status, body })) => with_status(status, body),
        Ok(Err(denied)) => refuse(&denied),
        Err(_) => {
            error(StatusCode::INTERNAL_SERVER_ERROR, "api_error", "a defect in Paceway, please report it")
        }
    }
}

fn let_in(house: &House, headers: &HeaderMap, action: Action) -> Result<Admin, Box<Response>> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let admin = token.and_then(|(_, token)| house.administration.admin(token.trim())).ok_or_else(|| {
        Box::new(error(
            StatusCode::UNAUTHORIZED,
            "authentication_error",
            "this needs an admin token: send `authorization: Bearer pwadmin_…` with what `paceway admins create` printed, or what the \
             file `admin.token` in the data directory holds",
        ))
    })?;
    if admin.may_somewhere(action) {
        return Ok(admin);
    }
    let (role, within) = (admin.role, admin.place);
    Err(Box::new(refuse(&Denied::Forbidden { role, within, action, place: Place::whole() })))
}

async fn read(house: &House, body: Body) -> Result<Bytes, Box<Response>> {
    let bounds = house.bounds.get();
    let reading = Limited::new(body, bounds.max_body_bytes).collect();
    match tokio::time::timeout(bounds.body_timeout, reading).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        _ => {
            let told = format!(
                "body: expected at most {} bytes within {} s",
                bounds.max_body_bytes,
                bounds.body_timeout.as_secs()
            );
            Err(Box::new(error(StatusCode::BAD_REQUEST, "invalid_request_error", &told)))
        }
    }
}

fn refuse(denied: &Denied) -> Response {
    let (status, kind) = match denied {
        Denied::Forbidden { .. } => (StatusCode::FORBIDDEN, "permission_error"),
        Denied::Missing { .. } | Denied::NotFound(_) => (StatusCode::NOT_FOUND, "not_found_error"),
        Denied::Conflict(_) => (StatusCode::CONFLICT, "conflict_error"),
        Denied::Invalid { .. } => (StatusCode::BAD_REQUEST, "invalid_request_error"),
        Denied::Store(_) if denied.is_away() => (StatusCode::SERVICE_UNAVAILABLE, "unavailable_error"),
        Denied::NoChance(_) | Denied::Store(_) => {
            tracing::error!(error = %denied, "an admin's request failed");
            (StatusCode::INTERNAL_SERVER_ERROR, "api_error")
        }
    };
    error(status, kind, &denied.to_string())
}

/// An error as every route tells it.
pub(crate) fn error(status: StatusCode, kind: &str, message: &str) -> Response {
    with_status(status, json!({"error": {"type": kind, "message": message}}))
}

fn with_status(status: StatusCode, body: Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    // Some hold a secret that is shown once.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

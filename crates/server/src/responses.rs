//! Kept answers of the Responses API.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use paceway_domain::{Dialect, Refusal};
use paceway_gateway::retrieve::{self, Wanted};

use crate::House;
use crate::endpoints::{refuse, respond};

type Id = Path<String>;

/// `GET` and `DELETE /v1/responses/{id}`.
pub(crate) async fn one(
    State(house): State<House>,
    Path(id): Id,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let wanted = if method == Method::DELETE { Wanted::Deletion } else { Wanted::Answer };
    serve(&house, &id, &uri, &headers, wanted).await
}

/// `GET /v1/responses/{id}/input_items`.
pub(crate) async fn input_items(
    State(house): State<House>,
    Path(id): Id,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    serve(&house, &id, &uri, &headers, Wanted::InputItems).await
}

/// `POST /v1/responses/{id}/cancel`.
pub(crate) async fn cancel(
    State(house): State<House>,
    Path(id): Id,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    serve(&house, &id, &uri, &headers, Wanted::Cancellation).await
}

async fn serve(house: &House, id: &str, uri: &Uri, headers: &HeaderMap, wanted: Wanted) -> Response {
    if !house.is_ready() {
        return refuse(house, Dialect::Responses, &Refusal::ShuttingDown);
    }
    respond(retrieve::serve(&house.gateway(), headers, uri.query(), id, wanted).await)
}

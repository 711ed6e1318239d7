//! The model endpoints: a body in, an answer out.

use std::error::Error;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header, request};
use axum::response::Response;
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use paceway_domain::{Dialect, Refusal};
use paceway_gateway::{Address, Answer, Arrival, Endpoint, models, pipeline};

use crate::{House, unwanted};

/// A handler that passes its body to `endpoint`, in the dialect of its address.
pub(crate) fn to(dialect: Dialect, endpoint: Endpoint) -> MethodRouter<House> {
    let handler = move |State(house): State<House>, request: Request| async move {
        pass(house, request, dialect, endpoint, Address::default()).await
    };
    post(handler).fallback(wrong_method_post)
}

/// Any other method where only POST makes sense.
pub(crate) async fn wrong_method_post(State(house): State<House>, request: Request) -> Response {
    wrong_method(&house, request, "POST").await
}

/// Any other method where only GET makes sense.
pub(crate) async fn wrong_method_get(State(house): State<House>, request: Request) -> Response {
    wrong_method(&house, request, "GET").await
}

/// Any other address.
pub(crate) async fn nothing_here(State(house): State<House>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let dialect = dialect_at(&path, request.headers());
    unwanted::refused(request.into_body(), refuse(&house, dialect, &Refusal::NoSuchPath(path))).await
}

/// Passes a body on as a request in `dialect`.
pub(crate) async fn pass(
    house: House,
    request: Request,
    dialect: Dialect,
    endpoint: Endpoint,
    address: Address,
) -> Response {
    // Before the body is read: who may not ask does not get to fill memory.
    let gateway = house.gateway();
    let may_ask = match gateway.callers.find(request.headers(), gateway.clock.wall()) {
        _ if !house.is_ready() => Err(Refusal::ShuttingDown),
        found => found.map(|_| ()),
    };
    if let Err(refusal) = may_ask {
        return unwanted::refused(request.into_body(), refuse(&house, dialect, &refusal)).await;
    }
    let (head, body) = request.into_parts();
    let body = match read_body(&house, &head, body).await {
        Ok(body) => body,
        Err(refusal) => return refuse(&house, dialect, &refusal),
    };
    let arrival = Arrival {
        id: gateway.new_request_id(),
        dialect,
        endpoint,
        address,
        query: head.uri.query().map(str::to_owned),
        headers: head.headers,
        body,
    };
    respond(pipeline::serve(&gateway, arrival).await)
}

async fn read_body(house: &House, head: &request::Parts, body: Body) -> Result<Bytes, Refusal> {
    let bounds = house.bounds.get();
    let most = bounds.max_body_bytes;
    let announced =
        head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > most) {
        return Err(Refusal::BodyTooLarge(most));
    }
    let reading = Limited::new(body, most).collect();
    match tokio::time::timeout(bounds.body_timeout, reading).await {
        Err(_) => {
            let bound = bounds.body_timeout.as_secs();
            Err(Refusal::BodyIncomplete(format!("nothing more came within {bound} s")))
        }
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if is_length_limit(error.as_ref()) => Err(Refusal::BodyTooLarge(most)),
        Ok(Err(error)) => Err(Refusal::BodyIncomplete(error.to_string())),
    }
}

fn is_length_limit(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

async fn wrong_method(house: &House, request: Request, allowed: &'static str) -> Response {
    let refusal = Refusal::WrongMethod { method: request.method().to_string(), allowed };
    let mut response = refuse(house, dialect_at(request.uri().path(), request.headers()), &refusal);
    let allowed =
        if allowed == "GET" { header::HeaderValue::from_static("GET, HEAD") } else { allow(&Method::POST) };
    response.headers_mut().insert(header::ALLOW, allowed);
    unwanted::refused(request.into_body(), response).await
}

fn allow(method: &Method) -> header::HeaderValue {
    header::HeaderValue::from_str(method.as_str()).expect("a method's name is visible ASCII")
}

/// The dialect of an address, or where it has none, of the caller's headers.
pub(crate) fn dialect_at(path: &str, headers: &HeaderMap) -> Dialect {
    match path {
        path if path.starts_with("/v1/messages") => Dialect::Anthropic,
        path if path.starts_with("/v1/chat") => Dialect::OpenAi,
        path if path.starts_with("/v1/responses") => Dialect::Responses,
        path if path.starts_with("/v1beta/") || path.ends_with("enerateContent") => Dialect::Gemini,
        _ => models::dialect_of(headers),
    }
}

/// A refusal before the pipeline, counted like one within it.
pub(crate) fn refuse(house: &House, dialect: Dialect, refusal: &Refusal) -> Response {
    let gateway = house.gateway();
    respond(pipeline::refuse(&gateway, dialect, &gateway.new_request_id(), refusal))
}

/// An answer as axum sends it.
pub(crate) fn respond(answer: Answer) -> Response {
    let mut response = Response::new(Body::new(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

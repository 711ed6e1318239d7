//! Google's addresses, which hold the model and what is wanted of it: `/v1beta/models/MODEL:generateContent`, or `/v1/…`.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use paceway_domain::{Dialect, Refusal};
use paceway_gateway::{Address, Endpoint};

use crate::endpoints::{pass, refuse};
use crate::{House, unwanted};

const KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

/// `POST /v1/models/{model}:{method}`, of either version.
pub(crate) async fn call(
    State(house): State<House>,
    Path(rest): Path<String>,
    mut request: Request,
) -> Response {
    take_key_from_query(&mut request);
    let (model, method) = rest.rsplit_once(':').unwrap_or((&rest, ""));
    let (endpoint, stream) = match method {
        "generateContent" => (Endpoint::Generate, false),
        "streamGenerateContent" => (Endpoint::Generate, true),
        "countTokens" => (Endpoint::CountTokens, false),
        _ => {
            let path = request.uri().path().to_owned();
            let response = refuse(&house, Dialect::Gemini, &Refusal::NoSuchPath(path));
            return unwanted::refused(request.into_body(), response).await;
        }
    };
    let address = Address { model: Some(model.to_owned()), stream: Some(stream) };
    pass(house, request, Dialect::Gemini, endpoint, address).await
}

/// Google's clients may send their key in the query. From here on it is a header like all others.
pub(crate) fn take_key_from_query(request: &mut Request) {
    let query = request.uri().query().unwrap_or_default();
    let key = query.split('&').find_map(|pair| pair.strip_prefix("key="));
    if let Some(key) = key.and_then(|key| HeaderValue::from_str(key).ok()) {
        request.headers_mut().entry(KEY).or_insert(key);
    }
}

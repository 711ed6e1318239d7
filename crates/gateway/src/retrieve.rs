//! Kept answers of the Responses API, shown, listed, deleted and cancelled: ours from the store, a provider's by asking it.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use paceway_domain::{Dialect, Failure, Refusal, RequestId};
use paceway_store::{Conversation, KeptResponse};
use paceway_upstream::Call;
use serde_json::{Value, json};

use crate::answer::{Answer, AnswerBody, name_request};
use crate::{Endpoint, Gateway, headers, pipeline};

/// What is wanted of a kept answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The answer: `GET /v1/responses/{id}`.
    Answer,
    /// What was asked: `GET /v1/responses/{id}/input_items`.
    InputItems,
    /// That it is forgotten: `DELETE /v1/responses/{id}`.
    Deletion,
    /// That it ends: `POST /v1/responses/{id}/cancel`.
    Cancellation,
}

/// Does what is wanted of the answer `id`.
pub async fn serve(
    gateway: &Arc<Gateway>,
    headers: &HeaderMap,
    query: Option<&str>,
    id: &str,
    wanted: Wanted,
) -> Answer {
    let request = gateway.new_request_id();
    match run(gateway, headers, query, id, wanted, &request).await {
        Ok(answer) => answer,
        Err(refusal) => pipeline::refuse(gateway, Dialect::Responses, &request, &refusal),
    }
}

async fn run(
    gateway: &Arc<Gateway>,
    headers: &HeaderMap,
    query: Option<&str>,
    id: &str,
    wanted: Wanted,
    request: &RequestId,
) -> Result<Answer, Refusal> {
    let caller = gateway.callers.find(headers, gateway.clock.wall())?;
    caller.grant.allow_endpoint(Endpoint::Generate)?;
    let internal = |error: paceway_store::StoreError| Refusal::Internal(error.to_string());
    let Some(kept) = gateway.responses.find(&caller.key, id).map_err(internal)? else {
        return Err(Refusal::NoSuchResponse(id.to_owned()));
    };
    let Some(content) = &kept.content else {
        let answer = forward(gateway, &kept, query, wanted).await?;
        if wanted == Wanted::Deletion && answer.status.is_success() {
            gateway.responses.forget(&caller.key, id).map_err(internal)?;
        }
        return Ok(answer);
    };
    let body = match wanted {
        Wanted::Answer => Bytes::from(content.answer.clone()),
        Wanted::InputItems => input_items(content)?,
        Wanted::Deletion => {
            gateway.responses.forget(&caller.key, id).map_err(internal)?;
            json!({"id": id, "object": "response", "deleted": true}).to_string().into()
        }
        Wanted::Cancellation => {
            return Err(Refusal::InvalidField {
                field: "response_id".into(),
                why: format!(
                    "`{id}` has ended: only responses made with `background: true` can be cancelled"
                ),
            });
        }
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    name_request(&mut headers, Dialect::Responses, request);
    Ok(Answer { status: StatusCode::OK, headers, body: AnswerBody::Full(body) })
}

/// The items as they were sent, newest first as the API lists them, each with an id.
fn input_items(content: &Conversation) -> Result<Bytes, Refusal> {
    let broken =
        |error: serde_json::Error| Refusal::Internal(format!("a kept response cannot be read: {error}"));
    let mut items: Vec<Value> = serde_json::from_slice(&content.input).map_err(broken)?;
    for (place, item) in items.iter_mut().enumerate() {
        if item["id"].is_null() {
            item["id"] = json!(format!("item_{place}"));
        }
    }
    items.reverse();
    let id = |item: Option<&Value>| item.map(|item| item["id"].clone());
    let list = json!({
        "object": "list", "first_id": id(items.first()), "last_id": id(items.last()), "has_more": false, "data": items,
    });
    Ok(list.to_string().into())
}

/// Asks the provider that keeps it, with a key of the same organisation.
async fn forward(
    gateway: &Arc<Gateway>,
    kept: &KeptResponse,
    query: Option<&str>,
    wanted: Wanted,
) -> Result<Answer, Refusal> {
    let gone = || Refusal::NoSuchResponse(kept.id.clone());
    let provider = gateway.fleet.provider(&kept.provider).ok_or_else(gone)?;
    let (method, rest) = match wanted {
        Wanted::Answer => (Method::GET, ""),
        Wanted::InputItems => (Method::GET, "/input_items"),
        Wanted::Deletion => (Method::DELETE, ""),
        Wanted::Cancellation => (Method::POST, "/cancel"),
    };
    let query = query.and_then(headers::query_to_provider);
    let uri = provider.response_uri(&kept.id, rest, query.as_deref())?;
    let mut call = Call { method, uri, headers: HeaderMap::new(), body: Bytes::new() };
    call.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let failed = |failure: Failure| Refusal::Upstream { provider: kept.provider.clone(), failure };
    let credential = provider.credential_of(&kept.quota_group).ok_or_else(gone)?;
    credential.authorize(&mut call, &gateway.upstream, gateway.clock.wall()).await.map_err(failed)?;
    let response = gateway.upstream.call(call).await.map_err(failed)?;
    let headers = headers::to_client(&response.headers);
    let body = response.body.collect(gateway.bounds.max_answer_bytes).await.map_err(failed)?;
    Ok(Answer { status: response.status, headers, body: AnswerBody::Full(body) })
}

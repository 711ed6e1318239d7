//! The call that goes out: the client's own bytes where the dialects agree, the request written anew where they do not.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use paceway_domain::{Dialect, Refusal};
use paceway_protocol::{Envelope, multipart};
use paceway_upstream::Call;

use crate::ask::{Ask, MODEL, content_type};
use crate::crossing::{Crossing, Shore};
use crate::platform::Wanted;
use crate::provider::{ANTHROPIC_VERSION, Provider};
use crate::{Endpoint, headers};

/// By this header Anthropic's clients say which version of its API they mean; who says nothing means the older one.
const VERSION: &str = "anthropic-version";

/// What is sent, and how its answer comes back if it crossed into another dialect.
pub(crate) struct Outgoing {
    pub(crate) call: Call,
    pub(crate) dialect: Dialect,
    pub(crate) crossing: Option<Crossing>,
}

/// Facts that writing a call needs beside the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances {
    /// Unix seconds.
    pub(crate) created: u64,
    /// Whether what cannot be carried is dropped where the client says nothing of it.
    pub(crate) drop_unsupported: bool,
}

/// Writes the call, without a credential, for a model that answers with at most so many tokens.
pub(crate) fn write(
    provider: &Provider,
    ask: &Ask,
    envelope: Option<&Envelope<'_>>,
    (model, most_output): (&str, Option<u64>),
    circumstances: Circumstances,
) -> Result<Outgoing, Refusal> {
    let way = provider.way_for(ask.dialect);
    let wanted = Wanted { dialect: way.dialect, endpoint: ask.endpoint, model, stream: ask.is_streamed() };
    // Whether the endpoint exists is said before a body is written for it.
    let is_same_shore = way.dialect == ask.dialect && provider.takes_as_it_is(ask.endpoint);
    // What asks for the rest of an answer is written anew, and for the model that gets it: models of one dialect differ.
    let is_passthrough = is_same_shore && !ask.goes_on();
    let query = if is_same_shore { ask.query.as_deref().and_then(headers::query_to_provider) } else { None };
    let uri = provider.uri(way, wanted, query.as_deref())?;
    let (body, mut sent, crossing) = if is_passthrough {
        (passed(ask, envelope, model)?, headers::to_provider(&ask.headers), None)
    } else {
        let may_drop = is_same_shore || ask.may_drop().unwrap_or(circumstances.drop_unsupported);
        let shore = Shore { provider, dialect: way.dialect, model, most_output, may_drop };
        let (crossing, body) = Crossing::write(ask, envelope, shore, circumstances.created)?;
        crossing.changes.check(may_drop)?;
        let sent = if is_same_shore { headers::to_provider(&ask.headers) } else { translated_headers() };
        (body, sent, Some(crossing))
    };
    if way.dialect == Dialect::Anthropic && !sent.contains_key(VERSION) {
        sent.insert(VERSION, ANTHROPIC_VERSION);
    }
    let body = provider.settings().platform.body(wanted, body, &mut sent)?;
    // A form's type names its boundary, so it stays.
    if ask.endpoint != Endpoint::Transcription {
        sent.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    // Usage is read from the answer, so it must not be compressed.
    sent.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let call = Call { method: Method::POST, uri, headers: sent, body };
    Ok(Outgoing { call, dialect: way.dialect, crossing })
}

fn passed(ask: &Ask, envelope: Option<&Envelope<'_>>, model: &str) -> Result<Bytes, Refusal> {
    let Some(envelope) = envelope else { return passed_form(ask, model) };
    match ask.endpoint {
        Endpoint::Generate | Endpoint::CountTokens => {
            Ok(ask.format().forward(envelope, &ask.summary, &ask.body, model))
        }
        _ if ask.summary.model == model => Ok(ask.body.clone()),
        _ => Ok(envelope.with("model", &serde_json::Value::from(model).to_string())),
    }
}

/// A form, in which at most the model's name is another.
fn passed_form(ask: &Ask, model: &str) -> Result<Bytes, Refusal> {
    if ask.summary.model == model {
        return Ok(ask.body.clone());
    }
    match multipart::value_of(content_type(&ask.headers), &ask.body, MODEL)? {
        Some(place) => {
            Ok([&ask.body[..place.start], model.as_bytes(), &ask.body[place.end..]].concat().into())
        }
        None => Ok(ask.body.clone()),
    }
}

/// A client's headers belong to its dialect and do not cross over.
fn translated_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers
        .insert(header::USER_AGENT, HeaderValue::from_static(concat!("paceway/", env!("CARGO_PKG_VERSION"))));
    headers
}

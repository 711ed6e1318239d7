//! Counting the tokens of a request whose provider has no counting in the caller's dialect: our own estimate, corrected by
//! what the provider has counted so far, and marked as one.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use paceway_domain::{Dialect, Refusal, Tokens};
use paceway_policy::access::Caller;

use crate::answer::{Answer, AnswerBody, name_request};
use crate::ask::Ask;
use crate::calibration::Subject;
use crate::platform::Wanted;
use crate::{Endpoint, Gateway};

/// The answer to a request that is to be counted here; `None` for all others.
///
/// # Errors
/// [`Refusal::UnknownModel`].
pub(crate) fn estimate(gateway: &Gateway, caller: &Caller, ask: &Ask) -> Result<Option<Answer>, Refusal> {
    if ask.endpoint != Endpoint::CountTokens {
        return Ok(None);
    }
    let (provider, model) = gateway.fleet.serving(&ask.summary.model)?;
    let way = provider.way_for(ask.dialect);
    let wanted =
        Wanted { dialect: way.dialect, endpoint: Endpoint::CountTokens, model: &model, stream: false };
    let counts = way.dialect == ask.dialect && provider.settings().platform.path(wanted).is_some();
    if counts {
        return Ok(None);
    }
    let subject = Subject { provider: provider.name(), model: &model, caller: caller.number };
    let (input, _) = gateway.calibration.expected(subject, ask.input);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-paceway-estimated", HeaderValue::from_static("true"));
    name_request(&mut headers, ask.dialect, &ask.id);
    Ok(Some(Answer { status: StatusCode::OK, headers, body: AnswerBody::Full(told(ask.dialect, input)) }))
}

/// A count as each dialect tells it.
fn told(dialect: Dialect, tokens: Tokens) -> Bytes {
    match dialect {
        Dialect::Responses => format!(r#"{{"object":"response.input_tokens","input_tokens":{tokens}}}"#),
        Dialect::Gemini => format!(r#"{{"totalTokens":{tokens}}}"#),
        Dialect::Anthropic | Dialect::OpenAi | Dialect::Converse | Dialect::Cohere => {
            format!(r#"{{"input_tokens":{tokens}}}"#)
        }
    }
    .into()
}

//! Answers of the Responses API that a client goes on from: kept here if the provider does not keep them, and found again.
//!
//! A request that names an earlier answer becomes one that holds the whole conversation; one whose answer the provider keeps
//! goes to that provider, with a key of the same organisation.

use std::sync::Arc;

use bytes::Bytes;
use paceway_domain::{Dialect, KeyId, Refusal};
use paceway_protocol::Envelope;
use paceway_store::{Conversation, KeptResponse};
use serde_json::value::RawValue;

use crate::Gateway;
use crate::ask::Ask;

/// The field that names an earlier answer.
const PREVIOUS: &str = "previous_response_id";

/// Where a request has to go, because the answer that it goes on from is kept there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptAt {
    pub(crate) provider: String,
    pub(crate) quota_group: String,
}

/// What becomes of a request that may go on from an earlier answer.
#[derive(Debug)]
pub(crate) enum GoingOn {
    /// It goes on from none.
    FromNothing,
    /// It has to go to this place.
    At(KeptAt),
    /// It has this body, in which the whole conversation is.
    With(Bytes),
}

/// Finds the answer that a request goes on from.
///
/// # Errors
/// [`Refusal::InvalidField`] if the earlier answer is not kept.
pub(crate) fn going_on(
    gateway: &Gateway,
    key: &KeyId,
    ask: &Ask,
    envelope: Option<&Envelope<'_>>,
) -> Result<GoingOn, Refusal> {
    let Some(envelope) = envelope.filter(|_| ask.dialect == Dialect::Responses) else {
        return Ok(GoingOn::FromNothing);
    };
    let Some(id) = envelope.field::<String>(PREVIOUS, "an answer's id as a string")? else {
        return Ok(GoingOn::FromNothing);
    };
    let found = gateway.responses.find(key, &id).map_err(|error| Refusal::Internal(error.to_string()))?;
    let Some(kept) = found else { return Err(not_kept(&id)) };
    let Some(content) = &kept.content else {
        return Ok(GoingOn::At(KeptAt { provider: kept.provider, quota_group: kept.quota_group }));
    };
    let items = [items_of(&content.input)?, output_of(&content.answer)?, input_of(envelope)?].concat();
    let body = envelope.without(PREVIOUS);
    let body = Envelope::parse(&body)?.with("input", &array(&items));
    Ok(GoingOn::With(body))
}

impl KeptAt {
    /// Nobody who serves this model keeps the answer.
    pub(crate) fn is_elsewhere(&self, model: &str) -> Refusal {
        Refusal::InvalidField {
            field: PREVIOUS.into(),
            why: format!(
                "that response is kept by provider `{}`, which does not serve `{model}`: ask for a model of that provider, or \
                 send the whole conversation as `input`",
                self.provider
            ),
        }
    }
}

fn not_kept(id: &str) -> Refusal {
    Refusal::InvalidField {
        field: PREVIOUS.into(),
        why: format!(
            "there is no response `{id}`: it was not stored, has been deleted or is too old, or was given to another key; \
             send the whole conversation as `input`"
        ),
    }
}

fn broken(error: &serde_json::Error) -> Refusal {
    Refusal::Internal(format!("a kept response cannot be read: {error}"))
}

fn items_of(array: &[u8]) -> Result<Vec<Box<RawValue>>, Refusal> {
    serde_json::from_slice(array).map_err(|error| broken(&error))
}

fn output_of(answer: &[u8]) -> Result<Vec<Box<RawValue>>, Refusal> {
    Envelope::parse(answer)?.required("output", "an array of items")
}

fn id_of(answer: &[u8]) -> Option<String> {
    Envelope::parse(answer).ok()?.field("id", "a string").ok()?
}

/// The items of a request's `input`, of which a mere string stands for a message of the user's.
fn input_of(envelope: &Envelope<'_>) -> Result<Vec<Box<RawValue>>, Refusal> {
    let Some(raw) = envelope.raw("input").filter(|raw| raw.get() != "null") else { return Ok(Vec::new()) };
    if raw.get().starts_with('"') {
        let message = format!(r#"{{"type":"message","role":"user","content":{}}}"#, raw.get());
        return Ok(vec![RawValue::from_string(message).expect("it is JSON")]);
    }
    envelope.required("input", "a string or an array of items")
}

fn array(items: &[Box<RawValue>]) -> String {
    let texts: Vec<&str> = items.iter().map(|item| item.get()).collect();
    format!("[{}]", texts.join(","))
}

/// Keeps the answer of one request.
pub(crate) struct Keeper {
    gateway: Arc<Gateway>,
    key: KeyId,
    provider: String,
    quota_group: String,
    /// The body that was answered.
    request: Bytes,
}

impl Keeper {
    /// For a request whose answer is to be kept; `None` for others.
    pub(crate) fn of(gateway: &Arc<Gateway>, ask: &Ask, key: &KeyId, pin: KeptAt) -> Option<Self> {
        (ask.stores && gateway.bounds.keeps_responses).then(|| Self {
            gateway: Arc::clone(gateway),
            key: key.clone(),
            provider: pin.provider,
            quota_group: pin.quota_group,
            request: ask.body.clone(),
        })
    }

    /// Keeps an answer that was written here, unless what came before it is kept by a provider: nothing could go on from a part.
    pub(crate) fn keep(&self, answer: &[u8]) {
        let Ok(envelope) = Envelope::parse(&self.request) else { return };
        if envelope.raw(PREVIOUS).is_some_and(|previous| previous.get() != "null") {
            return;
        }
        let (Some(id), Ok(input)) = (id_of(answer), input_of(&envelope)) else { return };
        self.write(id, Some(Conversation { input: array(&input).into_bytes(), answer: answer.to_vec() }));
    }

    /// Notes where an answer of this id is kept.
    pub(crate) fn note(&self, id: &str) {
        self.write(id.to_owned(), None);
    }

    /// Notes where a whole answer of a provider's is kept.
    pub(crate) fn note_whole(&self, answer: &[u8]) {
        if let Some(id) = id_of(answer) {
            self.note(&id);
        }
    }

    fn write(&self, id: String, content: Option<Conversation>) {
        let kept = KeptResponse {
            id,
            key: self.key.clone(),
            created_at: self.gateway.clock.wall(),
            provider: self.provider.clone(),
            quota_group: self.quota_group.clone(),
            content,
        };
        if let Err(error) = self.gateway.responses.keep(&kept) {
            tracing::error!(response = kept.id, %error, "a response could not be kept: nothing can go on from it");
        }
    }
}

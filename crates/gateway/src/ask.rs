//! Reading the ask: what a client wants, as far as the gateway has to know.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, header};
use paceway_domain::{Dialect, Refusal, RequestId, Tokens};
use paceway_protocol::continuation::Heard;
use paceway_protocol::formats::{Summary, format_of};
use paceway_protocol::{Envelope, Format, estimate, multipart};

use crate::{Arrival, Endpoint};

/// The field that names a model.
pub(crate) const MODEL: &str = "model";
/// By this header a client allows or forbids that what cannot be carried into another dialect is dropped.
const DROP_UNSUPPORTED: &str = "x-paceway-drop-unsupported";

/// By this header a client allows or forbids that a stream that breaks in the middle is continued by another target.
const CONTINUE: &str = "x-paceway-continue";

/// A request that has been read.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) id: RequestId,
    pub(crate) dialect: Dialect,
    pub(crate) endpoint: Endpoint,
    pub(crate) headers: HeaderMap,
    pub(crate) query: Option<String>,
    /// What is answered: the client's bytes, or more if it goes on from an earlier answer.
    pub(crate) body: Bytes,
    /// The client's bytes.
    pub(crate) original: Bytes,
    pub(crate) summary: Summary,
    /// Whether the client wants to go on from the answer later (Responses: unless it says no).
    pub(crate) stores: bool,
    /// The likely number of input tokens.
    pub(crate) input: Tokens,
    /// What the client has heard of the answer, where the rest of it is asked for.
    pub(crate) heard: Option<Arc<Heard>>,
    /// A bound of the output that a budget sets, below what was asked.
    pub(crate) output_cap: Option<Tokens>,
}

/// The top level of what has arrived, for all that look into it before the request goes out; `None` for a form.
pub(crate) fn envelope<'b>(arrival: &Arrival, body: &'b Bytes) -> Result<Option<Envelope<'b>>, Refusal> {
    if arrival.endpoint == Endpoint::Transcription {
        return Ok(None);
    }
    check_content_type(&arrival.headers)?;
    Envelope::parse(body).map(Some)
}

impl Ask {
    /// Reads what the gateway has to know and keeps the rest as it came.
    pub(crate) fn read(arrival: Arrival, envelope: Option<&Envelope<'_>>) -> Result<Self, Refusal> {
        let summary = match (envelope, arrival.endpoint) {
            (None, _) => form_summary(&arrival)?,
            (Some(envelope), Endpoint::Generate | Endpoint::CountTokens) => {
                format_of(arrival.dialect).summary(envelope, &arrival.address)?
            }
            (Some(envelope), _) => named_model(envelope)?,
        };
        if summary.max_output == Some(Tokens::ZERO) {
            return Err(Refusal::InvalidField {
                field: "max_tokens".into(),
                why: "expected a positive integer, got 0".into(),
            });
        }
        // Of a recording nobody knows what it says.
        let input = match arrival.endpoint {
            Endpoint::Transcription => Tokens::ZERO,
            _ => estimate::tokens(&arrival.body),
        };
        let Arrival { id, dialect, endpoint, address: _, headers, query, body } = arrival;
        let original = body.clone();
        let is_response = dialect == Dialect::Responses && endpoint == Endpoint::Generate;
        let stores = envelope.filter(|_| is_response).is_some_and(|envelope| {
            envelope.field("store", "true or false").is_ok_and(|stores| stores.unwrap_or(true))
        });
        Ok(Self {
            id,
            dialect,
            endpoint,
            headers,
            query,
            body,
            original,
            summary,
            stores,
            input,
            heard: None,
            output_cap: None,
        })
    }

    /// Puts a longer body in the place of the client's.
    pub(crate) fn continue_with(&mut self, body: Bytes) {
        self.input = estimate::tokens(&body);
        self.body = body;
    }

    /// From here on the rest of an answer is asked for, of which the client has heard this.
    pub(crate) fn go_on_from(&mut self, heard: &Heard) {
        self.input = estimate::tokens(&self.body) + estimate::tokens(heard.text().as_bytes());
        self.heard = Some(Arc::new(heard.clone()));
    }

    /// Its output has no more tokens than this. False, and nothing is changed, where it has a tighter bound already.
    pub(crate) fn cap_output(&mut self, most: Tokens) -> bool {
        let is_tighter = self.is_generation() && self.summary.max_output.is_none_or(|asked| asked > most);
        if is_tighter {
            (self.summary.max_output, self.output_cap) = (Some(most), Some(most));
        }
        is_tighter
    }

    /// Whether what is sent is more than what the client asked, because words of the answer have come already.
    pub(crate) fn goes_on(&self) -> bool {
        self.heard.as_ref().is_some_and(|heard| heard.has_words())
    }

    pub(crate) fn format(&self) -> &'static dyn Format {
        format_of(self.dialect)
    }

    pub(crate) fn is_streamed(&self) -> bool {
        self.summary.stream && self.endpoint == Endpoint::Generate
    }

    /// Whether a stream that breaks may be continued by another target, if the client says.
    pub(crate) fn may_continue(&self) -> Option<bool> {
        match self.headers.get(CONTINUE)?.to_str().ok()? {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    /// Whether it is a form, which has no fields to look into.
    pub(crate) fn is_form(&self) -> bool {
        self.endpoint == Endpoint::Transcription
    }

    /// Whether it makes words, which are charged and counted against limits of output.
    pub(crate) fn is_generation(&self) -> bool {
        self.endpoint == Endpoint::Generate
    }

    /// Whether the client allows that what cannot be carried into another dialect is dropped.
    pub(crate) fn may_drop(&self) -> Option<bool> {
        match self.headers.get(DROP_UNSUPPORTED)?.to_str().ok()? {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

/// What is to be known of a request that generates no text.
fn named_model(envelope: &Envelope<'_>) -> Result<Summary, Refusal> {
    Ok(of_model(envelope.required("model", "a model's name as a string")?))
}

/// What is to be known of a form with a recording.
fn form_summary(arrival: &Arrival) -> Result<Summary, Refusal> {
    let kind = content_type(&arrival.headers);
    if !kind.to_ascii_lowercase().starts_with("multipart/form-data") {
        return Err(Refusal::WrongContentType {
            got: kind.to_owned(),
            wanted: "multipart/form-data with the parts `file` and `model`",
        });
    }
    let Some(place) = multipart::value_of(kind, &arrival.body, MODEL)? else {
        return Err(Refusal::InvalidField {
            field: MODEL.into(),
            why: "this field is required: send a model's name as a part of the form".into(),
        });
    };
    Ok(of_model(String::from_utf8_lossy(&arrival.body[place]).trim().to_owned()))
}

fn of_model(model: String) -> Summary {
    Summary { model, stream: false, max_output: None, wants_stream_usage: false }
}

/// The header as text; empty if it is not there.
pub(crate) fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Clients that leave the type out are taken at their body's word.
fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let text = value.to_str().unwrap_or("not readable");
    let kind = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = kind == "application/json" || kind.ends_with("+json");
    if is_json {
        return Ok(());
    }
    Err(Refusal::WrongContentType { got: text.to_owned(), wanted: "application/json" })
}

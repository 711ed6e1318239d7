//! Writes neutral pieces as events, item after item, and gathers what it wrote: the last event carries the whole response.

use serde_json::value::RawValue;

use super::calls::{Call, image};
use super::items::Items;
use super::message::Message;
use super::thoughts::Thought;
use crate::compose;
use crate::formats::openai_responses::echo::Echo;
use crate::formats::openai_responses::output::{self, Ids, Named, Standing};
use crate::formats::{Frame, StreamWriter};
use crate::neutral::{Delta, ErrorReport, Opening, Piece};

pub(in crate::formats::openai_responses) struct Writer {
    frame: Frame,
    response: Option<Response>,
    items: Items,
    open: Option<Open>,
    /// The whole response, once it has ended.
    record: Vec<u8>,
}

/// What is known of the response since it began.
struct Response {
    ids: Ids,
    id: String,
    model: String,
    echo: Echo,
}

/// The item that is open.
enum Open {
    Message(Message),
    Thought(Thought),
    Call(Call),
}

impl Writer {
    pub(in crate::formats::openai_responses) fn new(frame: Frame) -> Self {
        Self { frame, response: None, items: Items::default(), open: None, record: Vec::new() }
    }

    fn begin(&mut self, id: &str, model: &str, out: &mut Vec<u8>) {
        let ids = Ids::of(id, &self.frame);
        let model = if model.is_empty() { &self.frame.model } else { model };
        let echo = Echo::of(&self.frame.request);
        self.response = Some(Response { id: ids.response(), ids, model: model.to_owned(), echo });
        self.lifecycle("response.created", &Standing::BEGUN, out);
        self.lifecycle("response.in_progress", &Standing::BEGUN, out);
    }

    /// An event that carries the response as it stands.
    fn lifecycle(&mut self, name: &str, standing: &Standing<'_>, out: &mut Vec<u8>) {
        let Some(Response { id, model, echo, .. }) = &self.response else { return };
        let named = Named { id, model, created: self.frame.created, echo };
        let mut events = std::mem::take(&mut self.items.events);
        events.write(name, out, |event| {
            event.object("response", |response| {
                output::response(&named, standing, response, |list| self.items.list(list));
            });
        });
        self.items.events = events;
    }

    /// The last event of a whole response, which is gathered on the way.
    fn end(&mut self, name: &str, standing: &Standing<'_>, out: &mut Vec<u8>) {
        let Some(Response { id, model, echo, .. }) = &self.response else { return };
        let named = Named { id, model, created: self.frame.created, echo };
        let mut record = Vec::new();
        compose::object(&mut record, |response| {
            output::response(&named, standing, response, |list| self.items.list(list));
        });
        let json = std::str::from_utf8(&record).expect("JSON of texts is text");
        self.items.events.write(name, out, |event| {
            event.raw("response", json);
        });
        self.record = record;
    }

    fn id(&self, kind: &str) -> String {
        self.response.as_ref().map(|response| response.ids.item(kind, self.items.index)).unwrap_or_default()
    }

    fn open(&mut self, opening: &Opening<'_>, out: &mut Vec<u8>) {
        if let Opening::Text | Opening::Refusal = opening {
            let is_refusal = matches!(opening, Opening::Refusal);
            self.items.has_refusal |= is_refusal;
            let mut message = match self.open.take() {
                Some(Open::Message(message)) => message,
                _ => Message::begin(self.id("msg"), &mut self.items, out),
            };
            message.open(is_refusal, &mut self.items, out);
            self.open = Some(Open::Message(message));
            return;
        }
        self.end_item("completed", out);
        match opening {
            Opening::Thinking => {
                self.open = Some(Open::Thought(Thought::begin(self.id("rs"), &mut self.items, out)));
            }
            Opening::Redacted(seal) => {
                let mut thought = Thought::begin(self.id("rs"), &mut self.items, out);
                thought.seal(seal, true);
                self.open = Some(Open::Thought(thought));
            }
            Opening::ToolCall { id, name, namespace, is_custom, seal } => {
                let item_id = self.id(output::CallItem::kind(*is_custom));
                let call_id = crate::seals::id_with(id, seal.as_ref()).into_owned();
                let (name, namespace) = (name.to_string(), namespace.as_ref().map(ToString::to_string));
                let call = Call::new(item_id, call_id, name, namespace, *is_custom);
                call.begin(&mut self.items, out);
                self.open = Some(Open::Call(call));
            }
            Opening::Image { media_type, data } => {
                image(&self.id("ig"), media_type, data, &mut self.items, out);
            }
            Opening::Text | Opening::Refusal => {}
        }
    }

    fn delta(&mut self, delta: &Delta<'_>, out: &mut Vec<u8>) {
        match (&mut self.open, delta) {
            (Some(Open::Message(message)), Delta::Text(text)) => message.text(text, &mut self.items, out),
            (Some(Open::Message(message)), Delta::Citation(citation)) => {
                message.citation(citation, &mut self.items, out);
            }
            (Some(Open::Message(message)), Delta::Logprobs(tokens)) => {
                let tokens: &RawValue = tokens;
                message.logprobs(tokens.get(), &mut self.items, out);
            }
            (Some(Open::Thought(thought)), Delta::Text(text)) => thought.text(text, &mut self.items, out),
            (Some(Open::Thought(thought)), Delta::Seal(seal)) => thought.seal(seal, false),
            (Some(Open::Call(call)), Delta::Text(text)) => call.text(text, &mut self.items, out),
            _ => {}
        }
    }

    /// A message stays open when its part is whole: more parts may follow.
    fn close(&mut self, out: &mut Vec<u8>) {
        match &mut self.open {
            Some(Open::Message(message)) => message.close(&mut self.items, out),
            _ => self.end_item("completed", out),
        }
    }

    fn end_item(&mut self, status: &str, out: &mut Vec<u8>) {
        match self.open.take() {
            Some(Open::Message(message)) => message.end(status, &mut self.items, out),
            Some(Open::Thought(thought)) => thought.end(&mut self.items, out),
            Some(Open::Call(call)) => call.end(&mut self.items, out),
            None => {}
        }
    }

    fn fail(&mut self, error: &ErrorReport, out: &mut Vec<u8>) {
        self.items.events.error(error, out);
        if self.response.is_none() {
            let (ids, echo) = (Ids::of("", &self.frame), Echo::of(&self.frame.request));
            self.response = Some(Response { id: ids.response(), ids, model: self.frame.model.clone(), echo });
        }
        self.lifecycle("response.failed", &Standing::failed(error), out);
    }
}

impl StreamWriter for Writer {
    fn piece(&mut self, piece: &Piece<'_>, out: &mut Vec<u8>) {
        match piece {
            Piece::Begin { id, model, .. } => self.begin(id, model, out),
            Piece::Open(opening) => self.open(opening, out),
            Piece::Delta(delta) => self.delta(delta, out),
            Piece::Close => self.close(out),
            Piece::End { finish, usage } => {
                let standing = Standing::ended(finish, self.items.has_refusal, usage);
                self.end_item(standing.status, out);
                let name =
                    if standing.reason.is_some() { "response.incomplete" } else { "response.completed" };
                self.end(name, &standing, out);
            }
            Piece::Error(error) => self.fail(error, out),
        }
    }

    fn record(&self) -> Option<&[u8]> {
        (!self.record.is_empty()).then_some(&self.record)
    }
}

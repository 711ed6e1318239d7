//! Reads events into neutral pieces, leniently: what was never heard of is passed over.
//!
//! Parts come out strictly one after the other. An item that begins while another is open waits and is told when it comes
//! whole (`response.output_item.done`, or the last event's response), so nothing of it has to be kept before.

use std::collections::VecDeque;

use serde_json::value::RawValue;

use super::events;
use super::incoming::{ItemEvent, Lifecycle, error, failure, parse};
use super::whole::{self, CallTold, MessageTold, ThoughtTold};
use crate::formats::openai_responses::wire::{self, Str, WireContent, WireItem, WireResponse};
use crate::formats::stencil::Stencil;
use crate::formats::{Sink, StreamReader};
use crate::neutral::{ErrorReport, Piece};
use crate::sse::Event;

/// Events of this kind are most of a stream.
const TEXT: &[u8] = b"response.output_text.delta";

/// How many items may wait. Beyond that something is wrong with the stream.
const MAX_WAITING: usize = 256;

#[derive(Default)]
pub(in crate::formats::openai_responses) struct Reader {
    phase: Phase,
    has_calls: bool,
    has_refusal: bool,
    /// Whether any item was told.
    has_items: bool,
    open: Option<Open>,
    waiting: VecDeque<Waiting>,
    /// What an event looks like that adds words to the message at this place, and to which of its parts.
    stencil: Stencil<(Option<u64>, u64)>,
}

#[derive(Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Silent,
    Begun,
    Ended,
}

/// The item that is being told.
struct Open {
    /// Its place in the output, where the events say one.
    place: Option<u64>,
    told: Told,
}

enum Told {
    Message(MessageTold),
    Thought(ThoughtTold),
    Call(CallTold),
}

/// An item whose turn has not come, and its JSON once it is whole.
struct Waiting {
    place: Option<u64>,
    whole: Option<String>,
}

impl StreamReader for Reader {
    fn event(&mut self, event: Event<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        let Some(data) = event.data().filter(|_| self.phase != Phase::Ended) else { return Ok(()) };
        let kind = events::kind(&event, &data);
        match kind.as_ref() {
            b"response.created" | b"response.in_progress" | b"response.queued" => {
                let Lifecycle { response } = parse(&data)?;
                self.begin(&response, sink);
            }
            b"response.completed" | b"response.incomplete" => {
                let Lifecycle { response } = parse(&data)?;
                self.begin(&response, sink);
                self.end(response, sink)?;
            }
            b"response.failed" => self.fail(failure(&data), sink),
            b"error" => self.fail(error(&data), sink),
            kind => self.item_event(kind, &data, sink)?,
        }
        Ok(())
    }
}

impl Reader {
    fn begin(&mut self, response: &WireResponse<'_>, sink: &mut Sink<'_>) {
        if self.phase != Phase::Silent {
            return;
        }
        self.phase = Phase::Begun;
        let text =
            |text: &Option<Str<'_>>| text.as_ref().map(|Str(text)| text.to_string()).unwrap_or_default();
        sink(Piece::Begin {
            id: text(&response.id).into(),
            model: text(&response.model).into(),
            usage: response.usage(),
        });
    }

    fn fail(&mut self, error: ErrorReport, sink: &mut Sink<'_>) {
        self.phase = Phase::Ended;
        sink(Piece::Error(error));
    }

    fn item_event(&mut self, kind: &[u8], data: &[u8], sink: &mut Sink<'_>) -> Result<(), String> {
        let is_known = matches!(
            kind,
            b"response.output_item.added"
                | b"response.output_item.done"
                | b"response.content_part.done"
                | b"response.output_text.delta"
                | b"response.output_text.annotation.added"
                | b"response.refusal.delta"
                | b"response.reasoning_summary_text.delta"
                | b"response.reasoning_text.delta"
                | b"response.function_call_arguments.delta"
                | b"response.custom_tool_call_input.delta"
        );
        if !is_known {
            return Ok(());
        }
        if kind == TEXT
            && let Some((words, (place, index))) = self.stencil.fit(data)
            && let Some(Open { place: open, told: Told::Message(told) }) = &mut self.open
            && *open == place
        {
            told.words(index, false, words, sink);
            return Ok(());
        }
        let event: ItemEvent<'_> = parse(data)?;
        if kind == TEXT
            && wire::some_logprobs(event.logprobs).is_none()
            && let Some(words) = event.delta.as_ref().and_then(|Str(words)| words.lent())
        {
            let unread = [event.sequence_number, event.obfuscation].map(|raw| raw.map(RawValue::get));
            let meaning = (event.output_index, event.content_index.unwrap_or(0));
            self.stencil.learn(data, words, &unread, meaning);
        }
        self.begin(&WireResponse::default(), sink);
        match kind {
            b"response.output_item.added" => self.added(&event, sink),
            b"response.output_item.done" => self.done(&event, sink),
            _ => {
                self.delta(kind, event, sink);
                Ok(())
            }
        }
    }

    fn added(&mut self, event: &ItemEvent<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        let Some(item) = event.item else { return Ok(()) };
        let place = event.output_index;
        if place.is_some() && self.is_known(place) {
            return Ok(()); // Or the last event's response would tell it again for every time that it was announced.
        }
        let told = match WireItem::read(item.get())? {
            WireItem::Other | WireItem::Image(_) => return Ok(()),
            _ if self.open.is_some() || !self.waiting.is_empty() => None,
            WireItem::Message(_) => Some(Told::Message(MessageTold::default())),
            WireItem::Reasoning(_) => Some(Told::Thought(ThoughtTold::default())),
            WireItem::Call(mut call) => CallTold::open(&mut call, sink).map(Told::Call),
        };
        match told {
            Some(told) => self.open = Some(Open { place, told }),
            None if self.waiting.len() >= MAX_WAITING => return Err("too many items are open at once".into()),
            None => self.waiting.push_back(Waiting { place, whole: None }),
        }
        Ok(())
    }

    /// Whether the item at this place is open or waits.
    fn is_known(&self, place: Option<u64>) -> bool {
        self.open.as_ref().is_some_and(|open| open.place == place)
            || self.waiting.iter().any(|waiting| waiting.place == place)
    }

    fn delta(&mut self, kind: &[u8], event: ItemEvent<'_>, sink: &mut Sink<'_>) {
        let place = event.output_index;
        let is_open = |open: &Open| open.place == place || open.place.is_none() || place.is_none();
        if !self.open.as_ref().is_some_and(is_open) {
            let begins = match kind {
                b"response.output_text.delta" | b"response.refusal.delta" => {
                    Told::Message(MessageTold::default())
                }
                b"response.reasoning_summary_text.delta" | b"response.reasoning_text.delta" => {
                    Told::Thought(ThoughtTold::default())
                }
                _ => return,
            };
            if self.waiting.iter().any(|waiting| waiting.place == place) {
                return;
            }
            // Some servers do not say that an item begins or is whole.
            self.close(sink);
            self.open = Some(Open { place, told: begins });
        }
        let Some(Open { told, .. }) = &mut self.open else { return };
        let index = event.content_index.unwrap_or(0);
        let words = wire::text(event.delta);
        match (told, kind) {
            (Told::Message(told), b"response.output_text.delta") => {
                told.words(index, false, words, sink);
                told.logprobs(event.logprobs, sink);
            }
            (Told::Message(told), b"response.refusal.delta") => told.words(index, true, words, sink),
            (Told::Message(told), b"response.output_text.annotation.added") => {
                if let Some(annotation) = event.annotation {
                    told.citation(index, annotation, sink);
                }
            }
            (Told::Message(told), b"response.content_part.done") => {
                let part =
                    event.part.and_then(|part| serde_json::from_str::<WireContent<'_>>(part.get()).ok());
                if let Some(part) = part {
                    told.part(index, part, sink);
                }
            }
            (Told::Thought(told), b"response.reasoning_summary_text.delta") => {
                told.words(false, event.summary_index.unwrap_or(0), words, sink);
            }
            (Told::Thought(told), b"response.reasoning_text.delta") => told.words(true, index, words, sink),
            (
                Told::Call(told),
                b"response.function_call_arguments.delta" | b"response.custom_tool_call_input.delta",
            ) => {
                told.words(words, sink);
            }
            _ => {}
        }
    }

    fn done(&mut self, event: &ItemEvent<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        let Some(item) = event.item else { return Ok(()) };
        let place = event.output_index;
        if self
            .open
            .as_ref()
            .is_some_and(|open| open.place == place || open.place.is_none() || place.is_none())
        {
            self.finish_open(item.get(), sink)?;
        } else if let Some(waiting) =
            self.waiting.iter_mut().find(|waiting| waiting.place == place && waiting.whole.is_none())
        {
            waiting.whole = Some(item.get().to_owned());
        } else if self.open.is_some() || !self.waiting.is_empty() {
            if self.waiting.len() >= MAX_WAITING {
                return Err("too many items are open at once".into());
            }
            self.waiting.push_back(Waiting { place, whole: Some(item.get().to_owned()) });
        } else {
            self.tell(item.get(), sink)?;
        }
        self.tell_waiting(sink)
    }

    /// Tells those that wait, as far as they are whole.
    fn tell_waiting(&mut self, sink: &mut Sink<'_>) -> Result<(), String> {
        while self.open.is_none()
            && let Some(whole) = self.waiting.front_mut().and_then(|waiting| waiting.whole.take())
        {
            self.waiting.pop_front();
            self.tell(&whole, sink)?;
        }
        Ok(())
    }

    /// Tells what is left of the open item.
    fn finish_open(&mut self, item: &str, sink: &mut Sink<'_>) -> Result<(), String> {
        let item = WireItem::read(item)?;
        match (self.open.take().map(|open| open.told), item) {
            (Some(Told::Message(mut told)), WireItem::Message(message)) => {
                told.whole(message, sink);
                self.has_items = true;
                self.has_refusal |= told.has_refusal;
            }
            (Some(Told::Thought(told)), WireItem::Reasoning(item)) => {
                told.whole(item, sink);
                self.has_items = true;
            }
            (Some(Told::Call(told)), WireItem::Call(mut call)) => {
                told.whole(call.take_arguments(), sink);
                (self.has_items, self.has_calls) = (true, true);
            }
            (Some(told), _) => {
                self.open = Some(Open { place: None, told });
                self.close(sink);
            }
            (None, _) => {}
        }
        Ok(())
    }

    /// Tells an item of which nothing was told.
    fn tell(&mut self, item: &str, sink: &mut Sink<'_>) -> Result<(), String> {
        match WireItem::read(item)? {
            WireItem::Message(message) => {
                let mut told = MessageTold::default();
                told.whole(message, sink);
                self.has_refusal |= told.has_refusal;
            }
            WireItem::Reasoning(item) => ThoughtTold::default().whole(item, sink),
            WireItem::Call(mut call) => {
                if let Some(told) = CallTold::open(&mut call, sink) {
                    told.whole(call.take_arguments(), sink);
                    self.has_calls = true;
                }
            }
            WireItem::Image(image) => whole::image(image, sink),
            WireItem::Other => return Ok(()),
        }
        self.has_items = true;
        Ok(())
    }

    /// Closes the open item where nobody says that it is whole.
    fn close(&mut self, sink: &mut Sink<'_>) {
        match self.open.take().map(|open| open.told) {
            Some(Told::Message(mut told)) => {
                told.close(sink);
                self.has_refusal |= told.has_refusal;
            }
            Some(Told::Thought(mut told)) => told.close(sink),
            Some(Told::Call(_)) => {
                sink(Piece::Close);
                self.has_calls = true;
            }
            None => return,
        }
        self.has_items = true;
    }

    /// The last event: what is still open or waits is taken from its response, and so is everything where the stream
    /// told nothing.
    fn end(&mut self, mut response: WireResponse<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        let output = response.output.take().unwrap_or_default();
        let whole = |place: Option<u64>| output.get(usize::try_from(place?).ok()?).map(|raw| raw.get());
        if let Some(open) = &self.open {
            match whole(open.place) {
                Some(item) => self.finish_open(item, sink)?,
                None => self.close(sink),
            }
        }
        while let Some(waiting) = self.waiting.pop_front() {
            if let Some(item) = waiting.whole.as_deref().or_else(|| whole(waiting.place)) {
                self.tell(item, sink)?;
            }
        }
        if !self.has_items {
            output.iter().try_for_each(|item| self.tell(item.get(), sink))?;
        }
        self.phase = Phase::Ended;
        let finish = response.finish(self.has_calls, self.has_refusal);
        sink(Piece::End { finish, usage: response.usage() });
        Ok(())
    }
}

//! Parts handed out strictly one after the other, whatever order their pieces come in.
//!
//! The part that is open streams live. While it is a call whose arguments are not whole, pieces of other parts are held; they
//! follow in the order in which the parts began. No JSON is read here.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::calls::{Call, Calls, State};
use crate::formats::Sink;
use crate::formats::openai_chat::wire;
use crate::neutral::{Citation, Delta, Opening, Piece, Seal, Text};

/// Parts that are made of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    Text,
    Refusal,
    /// Of the thought with this index, where the provider counts them; the flag tells summaries from thoughts.
    Thinking(Option<u64>, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Current {
    #[default]
    Nothing,
    Words(Words),
    /// A thought whose seal has come, so that no words of it can follow.
    SealedThought,
    /// The call at this place.
    Call(usize),
}

/// A part that waits for its turn.
#[derive(Debug)]
enum Waiting {
    Words { words: Words, held: Vec<Delta<'static>> },
    Whole(Opening<'static>),
    Call(usize),
}

/// Where a piece can go.
#[derive(Debug, PartialEq, Eq)]
enum Room {
    /// Into the part that is open.
    Here,
    /// Into a new part; none is open.
    Free,
    /// It has to wait.
    Later,
}

/// Puts pieces in order.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    current: Current,
    waiting: VecDeque<Waiting>,
    calls: Calls,
}

impl Sequence {
    /// Words of a text, a refusal or a thought.
    pub(super) fn words(&mut self, words: Words, text: Text<'_>, sink: &mut Sink<'_>) {
        if text.is_empty() {
            return;
        }
        match self.room(Current::Words(words), sink) {
            Room::Here => sink(Piece::Delta(Delta::Text(text))),
            Room::Free => {
                self.open_words(words, sink);
                sink(Piece::Delta(Delta::Text(text)));
            }
            Room::Later => match self.hold(words).last_mut() {
                Some(Delta::Text(known)) => known.push_str(&text),
                _ => self.hold(words).push(Delta::Text(text.into_owned().into())),
            },
        }
    }

    /// The seal of the thought that these words are of; it may have none.
    pub(super) fn seal(&mut self, words: Words, seal: Seal<'_>, sink: &mut Sink<'_>) {
        match self.room(Current::Words(words), sink) {
            Room::Later => {
                return self.hold(words).push(Delta::Seal(owned_seal(&seal)));
            }
            Room::Free => self.open_words(words, sink),
            Room::Here => {}
        }
        sink(Piece::Delta(Delta::Seal(seal)));
        self.current = Current::SealedThought;
    }

    /// Whether the open part is a summary of thoughts, whose seal comes behind it.
    pub(super) fn open_summary(&self) -> Option<Words> {
        match self.current {
            Current::Words(words @ Words::Thinking(_, true)) => Some(words),
            _ => None,
        }
    }

    /// A part that comes at once.
    pub(super) fn whole(&mut self, opening: Opening<'_>, sink: &mut Sink<'_>) {
        match self.room(Current::Nothing, sink) {
            Room::Later => self.waiting.push_back(Waiting::Whole(owned(opening))),
            Room::Here | Room::Free => {
                sink(Piece::Open(opening));
                sink(Piece::Close);
            }
        }
    }

    /// Something more about the words that came last, if they are an answer's.
    pub(super) fn beside_words(&mut self, delta: Delta<'_>, sink: &mut Sink<'_>) {
        let is_said = |words: &Words| matches!(words, Words::Text | Words::Refusal);
        match self.waiting.back_mut() {
            Some(Waiting::Words { words, held }) if is_said(words) => held.push(owned_delta(delta)),
            None if matches!(&self.current, Current::Words(words) if is_said(words)) => {
                sink(Piece::Delta(delta));
            }
            Some(_) | None => {}
        }
    }

    /// A call, or the next piece of one. `seal_of` is asked for the seal that came beside it.
    pub(super) fn call(
        &mut self,
        delta: &wire::Call<'_>,
        answer: &str,
        seal_of: impl FnOnce(&str) -> Option<Seal<'static>>,
        sink: &mut Sink<'_>,
    ) {
        let place = self.calls.place(delta, answer);
        let call = &mut self.calls.0[place];
        if call.state == State::Held && call.seal.is_none() {
            call.seal = seal_of(&call.id);
        }
        let piece = delta.arguments();
        match call.state {
            State::Held => call.hold(&piece),
            State::Open if !piece.is_empty() => {
                call.pass(&piece);
                return sink(Piece::Delta(Delta::Text(piece)));
            }
            // What comes after the end of its arguments is nothing: blanks, or the whole call again.
            State::Open | State::Closed => return,
        }
        match self.room(Current::Call(place), sink) {
            // It may have had its turn before its name was known.
            Room::Here | Room::Free => self.turn_to(place, sink),
            Room::Later => {
                let is_it = |waiting: &Waiting| matches!(waiting, Waiting::Call(known) if *known == place);
                if !self.waiting.iter().any(is_it) {
                    self.waiting.push_back(Waiting::Call(place));
                }
            }
        }
    }

    /// Whether there were calls.
    pub(super) fn has_calls(&self) -> bool {
        !self.calls.0.is_empty()
    }

    /// Hands out everything that is held.
    pub(super) fn finish(&mut self, sink: &mut Sink<'_>) {
        self.close(sink);
        while let Some(waiting) = self.waiting.pop_front() {
            self.open(waiting, sink);
            self.close(sink);
        }
    }

    /// Makes room for a piece of a part: closes what is whole and opens what was waiting before.
    fn room(&mut self, part: Current, sink: &mut Sink<'_>) -> Room {
        loop {
            let is_first = self.waiting.is_empty() || matches!(part, Current::Call(_));
            if self.current == part && part != Current::Nothing && is_first {
                return Room::Here;
            }
            if let Current::Call(place) = self.current
                && !self.calls.0[place].is_whole()
            {
                return Room::Later;
            }
            self.close(sink);
            match self.waiting.pop_front() {
                Some(waiting) => self.open(waiting, sink),
                None => return Room::Free,
            }
        }
    }

    fn open(&mut self, waiting: Waiting, sink: &mut Sink<'_>) {
        match waiting {
            Waiting::Words { words, held } => {
                self.open_words(words, sink);
                if is_sealed(&held) {
                    self.current = Current::SealedThought;
                }
                for delta in held {
                    sink(Piece::Delta(delta));
                }
            }
            Waiting::Whole(opening) => {
                sink(Piece::Open(opening));
                sink(Piece::Close);
            }
            Waiting::Call(place) => self.turn_to(place, sink),
        }
    }

    fn open_words(&mut self, words: Words, sink: &mut Sink<'_>) {
        sink(Piece::Open(match words {
            Words::Text => Opening::Text,
            Words::Refusal => Opening::Refusal,
            Words::Thinking(..) => Opening::Thinking,
        }));
        self.current = Current::Words(words);
    }

    /// What waits of these words, at the end of what does.
    fn hold(&mut self, words: Words) -> &mut Vec<Delta<'static>> {
        let is_last = matches!(self.waiting.back(),
            Some(Waiting::Words { words: last, held }) if *last == words && !is_sealed(held));
        if !is_last {
            self.waiting.push_back(Waiting::Words { words, held: Vec::new() });
        }
        match self.waiting.back_mut() {
            Some(Waiting::Words { held, .. }) => held,
            _ => unreachable!("words were pushed just now, or were there"),
        }
    }

    /// It is this call's turn: it is opened as soon as its name is known.
    fn turn_to(&mut self, place: usize, sink: &mut Sink<'_>) {
        self.current = Current::Call(place);
        let call = &mut self.calls.0[place];
        if !call.name.is_empty() {
            hand_out(call, sink);
        }
    }

    fn close(&mut self, sink: &mut Sink<'_>) {
        match std::mem::take(&mut self.current) {
            Current::Nothing => {}
            Current::Words(_) | Current::SealedThought => sink(Piece::Close),
            Current::Call(place) => {
                let call = &mut self.calls.0[place];
                // A call that never got a name nor said anything is none.
                if call.state == State::Held && !call.held.is_empty() {
                    hand_out(call, sink);
                }
                if call.state == State::Open {
                    sink(Piece::Close);
                }
                call.state = State::Closed;
            }
        }
    }
}

/// Opens a call if it is not open yet and hands out what was held of it.
fn hand_out(call: &mut Call, sink: &mut Sink<'_>) {
    if call.state == State::Held {
        sink(Piece::Open(Opening::ToolCall {
            id: Text::of(&call.id),
            name: Text::of(&call.name),
            namespace: None,
            is_custom: call.is_custom,
            seal: call.seal.take(),
        }));
        call.state = State::Open;
    }
    let held = std::mem::take(&mut call.held);
    if !held.is_empty() {
        sink(Piece::Delta(Delta::Text(held.into())));
    }
}

/// Whether no words can follow these.
fn is_sealed(held: &[Delta<'_>]) -> bool {
    matches!(held.last(), Some(Delta::Seal(_)))
}

fn owned_seal(seal: &Seal<'_>) -> Seal<'static> {
    Seal { by: seal.by, data: seal.data.clone().detached() }
}

fn owned_delta(delta: Delta<'_>) -> Delta<'static> {
    match delta {
        Delta::Text(text) => Delta::Text(text.detached()),
        Delta::Seal(seal) => Delta::Seal(owned_seal(&seal)),
        Delta::Logprobs(tokens) => Delta::Logprobs(Cow::Owned(tokens.into_owned())),
        Delta::Citation(citation) => Delta::Citation(Citation {
            url: citation.url.map(Text::detached),
            title: citation.title.map(Text::detached),
            quoted: citation.quoted.map(Text::detached),
            place: citation.place,
        }),
    }
}

fn owned(opening: Opening<'_>) -> Opening<'static> {
    match opening {
        Opening::Text => Opening::Text,
        Opening::Thinking => Opening::Thinking,
        Opening::Refusal => Opening::Refusal,
        Opening::Redacted(seal) => Opening::Redacted(owned_seal(&seal)),
        Opening::Image { media_type, data } => {
            Opening::Image { media_type: media_type.detached(), data: data.detached() }
        }
        Opening::ToolCall { id, name, namespace, is_custom, seal } => Opening::ToolCall {
            id: id.detached(),
            name: name.detached(),
            namespace: namespace.map(Text::detached),
            is_custom,
            seal: seal.as_ref().map(owned_seal),
        },
    }
}

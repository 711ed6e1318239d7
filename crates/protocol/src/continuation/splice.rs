//! The pieces of a continuation joined to what the client was told, so that one answer comes of both.
//!
//! What it hands on is well-formed behind what was told: no second beginning, the open text goes on, an open thought is
//! closed, one usage and one end. It trusts that the continuation is well-formed itself, as readers make it.

use std::borrow::Cow;

use paceway_domain::Usage;

use super::heard::{Heard, Open};
use super::overlap::{Overlap, Rest};
use crate::formats::Sink;
use crate::neutral::{Citation, Delta, Opening, Piece, Text};

/// So many sources and likelihoods are held back while the beginning is looked at; what comes beyond is left out.
const MOST_HELD: usize = 64;

/// Joins one continuation.
#[derive(Debug)]
pub struct Splice {
    has_begun: bool,
    /// The part that is open at the client.
    at_client: Open,
    part: Part,
    /// Until the first new words are certain.
    head: Option<Head>,
    /// What the attempts before used.
    spent: Usage,
    shift: Shift,
    /// Whether any of the continuation's words was told.
    has_new: bool,
}

/// The part of the continuation that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Nothing,
    /// Words that may have been told already.
    Head,
    /// Words that are new.
    Words,
    /// A thought that is left out.
    Unwanted,
    /// Anything else, handed on as it is.
    Other,
}

/// The beginning of a continuation's words.
#[derive(Debug)]
struct Head {
    overlap: Overlap,
    held: Vec<Delta<'static>>,
}

/// How many characters come before the continuation's first, and how many of its own were taken off: its sources count from
/// there.
#[derive(Debug, Clone, Copy)]
struct Shift {
    told: u64,
    removed: u64,
}

impl Splice {
    /// Joins a continuation to what was `heard`, of which the attempts so far have `spent` so much in all.
    pub fn new(heard: &Heard, spent: Usage) -> Self {
        let text = heard.text();
        let head = || Head { overlap: Overlap::new(text), held: Vec::new() };
        Self {
            has_begun: heard.has_begun(),
            at_client: heard.open(),
            part: Part::Nothing,
            head: heard.has_words().then(head),
            spent,
            shift: Shift { told: text.chars().count() as u64, removed: 0 },
            has_new: false,
        }
    }

    /// Hands on what a piece of the continuation is for the client.
    pub fn piece(&mut self, piece: Piece<'_>, sink: &mut Sink<'_>) {
        match piece {
            Piece::Begin { .. } => {
                if !std::mem::replace(&mut self.has_begun, true) {
                    sink(piece);
                }
            }
            Piece::Open(opening) => self.open(opening, sink),
            Piece::Delta(delta) => self.delta(delta, sink),
            Piece::Close => self.close(sink),
            Piece::End { finish, usage } => {
                self.close_at_client(sink);
                sink(Piece::End { finish, usage: self.spent + usage });
            }
            Piece::Error(_) => sink(piece),
        }
    }

    fn open(&mut self, opening: Opening<'_>, sink: &mut Sink<'_>) {
        match opening {
            Opening::Text => self.part = if self.head.is_some() { Part::Head } else { Part::Words },
            // It is about how to go on, and the client is in the middle of the words.
            Opening::Thinking | Opening::Redacted(_) if self.head.is_some() => self.part = Part::Unwanted,
            other => {
                self.head = None;
                self.close_at_client(sink);
                self.at_client =
                    if matches!(other, Opening::Thinking) { Open::Thinking } else { Open::Other };
                self.part = Part::Other;
                sink(Piece::Open(other));
            }
        }
    }

    fn delta(&mut self, delta: Delta<'_>, sink: &mut Sink<'_>) {
        match (self.part, delta) {
            (Part::Head, Delta::Text(text)) => {
                let rest = self.head.as_mut().and_then(|head| head.overlap.push(&text));
                if let Some(rest) = rest {
                    self.begin(rest, sink);
                }
            }
            (Part::Head, delta) => {
                if let Some(head) = self.head.as_mut().filter(|head| head.held.len() < MOST_HELD) {
                    head.held.extend(owned(delta));
                }
            }
            (Part::Words, delta) => self.words(delta, sink),
            (Part::Other, delta) => sink(Piece::Delta(delta)),
            (Part::Nothing | Part::Unwanted, _) => {}
        }
    }

    /// It is certain which words are new.
    fn begin(&mut self, rest: Rest, sink: &mut Sink<'_>) {
        let held = self.head.take().map(|head| head.held).unwrap_or_default();
        self.shift.removed = rest.removed;
        self.part = Part::Words;
        self.words(Delta::Text(Text::from(rest.text)), sink);
        // Likelihoods of words that were told already are not told again.
        let is_whole = rest.removed == 0;
        for delta in held.into_iter().filter(|delta| is_whole || !matches!(delta, Delta::Logprobs(_))) {
            self.words(delta, sink);
        }
    }

    /// The open text goes on with this, or one is begun: not before there is something to say, for all may have been told.
    fn words(&mut self, delta: Delta<'_>, sink: &mut Sink<'_>) {
        let delta = match delta {
            Delta::Text(text) if text.is_empty() => return,
            Delta::Logprobs(_) if !self.has_new && self.shift.removed > 0 => return,
            Delta::Citation(citation) => match self.shift.citation(citation) {
                Some(citation) => Delta::Citation(citation),
                None => return,
            },
            other => other,
        };
        self.has_new |= matches!(delta, Delta::Text(_));
        if self.at_client != Open::Text {
            self.close_at_client(sink);
            sink(Piece::Open(Opening::Text));
            self.at_client = Open::Text;
        }
        sink(Piece::Delta(delta));
    }

    fn close(&mut self, sink: &mut Sink<'_>) {
        match std::mem::replace(&mut self.part, Part::Nothing) {
            Part::Other => self.close_at_client(sink),
            Part::Words => self.close_text(sink),
            Part::Head => {
                let head = self.head.as_mut().filter(|head| !head.overlap.is_empty());
                if let Some(rest) = head.map(|head| head.overlap.finish()) {
                    self.begin(rest, sink);
                    self.part = Part::Nothing;
                    self.close_text(sink);
                }
            }
            Part::Nothing | Part::Unwanted => {}
        }
    }

    fn close_text(&mut self, sink: &mut Sink<'_>) {
        if self.at_client == Open::Text {
            self.close_at_client(sink);
        }
    }

    fn close_at_client(&mut self, sink: &mut Sink<'_>) {
        if std::mem::take(&mut self.at_client) != Open::Nothing {
            sink(Piece::Close);
        }
    }
}

impl Shift {
    /// A source with its place in the whole answer; none if it is one of words that were taken off.
    fn citation(self, citation: Citation<'_>) -> Option<Citation<'_>> {
        let Some((start, end)) = citation.place else { return Some(citation) };
        let at = |place: u64| place.saturating_sub(self.removed) + self.told;
        (end > self.removed).then(|| Citation { place: Some((at(start), at(end))), ..citation })
    }
}

/// What is said of words, so that it can wait. Seals are of thoughts only, and words do not wait here.
fn owned(delta: Delta<'_>) -> Option<Delta<'static>> {
    let owned = |text: Text<'_>| Text::from(text.into_owned());
    match delta {
        Delta::Citation(Citation { url, title, quoted, place }) => Some(Delta::Citation(Citation {
            url: url.map(owned),
            title: title.map(owned),
            quoted: quoted.map(owned),
            place,
        })),
        Delta::Logprobs(tokens) => Some(Delta::Logprobs(Cow::Owned(tokens.into_owned()))),
        Delta::Text(_) | Delta::Seal(_) => None,
    }
}

#[cfg(test)]
mod tests;

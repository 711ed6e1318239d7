//! A stream on its way from a provider's dialect to the caller's, which another provider may take over in the middle.
//!
//! The order is: reader, words put back ([`Unfitting`]), splice, what was heard, writer. A break changes all before the writer.
//! It is told of breaks; it does not notice them, but for an error that the provider reports in the stream.

use std::fmt;

use paceway_domain::{Dialect, Tokens, Usage};

use super::heard::{Heard, Obstacle};
use super::splice::Splice;
use crate::fit::{Unfitting, WayBack};
use crate::formats::{Ending, Frame, StreamReader, StreamWriter, format_of};
use crate::neutral::{Delta, ErrorReport, Piece};
use crate::sse::Event;

/// So many bytes of what was told make a token, where no provider counted.
const BYTES_PER_TOKEN: u64 = 4;

/// A stream that crosses over, event by event. Client and provider may speak the same dialect.
pub struct Translation {
    reader: Box<dyn StreamReader>,
    unfitting: Unfitting,
    client: Client,
}

/// What leads to the client, whichever provider speaks.
struct Client {
    splice: Option<Splice>,
    /// If the stream may be continued.
    heard: Option<Heard>,
    writer: Box<dyn StreamWriter>,
    ending: Ending,
    /// What the running attempt said of its usage when it began.
    begun: Usage,
    /// The likely input of the running attempt, and how many bytes it told.
    expected_input: Tokens,
    told_bytes: u64,
    /// Whether the bytes have broken off, so that no count comes any more.
    is_cut: bool,
    /// What the attempts before it used.
    spent: Usage,
    /// An error that the provider reported and the client was not told, because another may go on.
    withheld: Option<ErrorReport>,
}

impl Translation {
    /// From a provider's dialect and the words of a fitted request to those of the caller.
    pub fn new(provider: Dialect, way_back: WayBack, client: Dialect, frame: Frame) -> Self {
        Self {
            reader: format_of(provider).reader(),
            unfitting: Unfitting::new(way_back),
            client: Client {
                splice: None,
                heard: None,
                writer: format_of(client).writer(frame),
                ending: Ending::Open,
                begun: Usage::default(),
                expected_input: Tokens::ZERO,
                told_bytes: 0,
                is_cut: false,
                spent: Usage::default(),
                withheld: None,
            },
        }
    }

    /// Keeps what another provider needs to take over, and withholds an error of the provider's as long as one can: then
    /// either [`continue_from`](Self::continue_from) or [`error`](Self::error) has to follow.
    #[must_use]
    pub fn continuable(mut self) -> Self {
        self.client.heard = Some(Heard::default());
        self
    }

    /// The likely input of the running attempt, for an answer that is whole although it broke off before it was counted.
    pub fn expects(&mut self, input: Tokens) {
        self.client.expected_input = input;
    }

    /// Appends what an event is in the caller's dialect.
    ///
    /// # Errors
    /// What is wrong with the event, as a sentence.
    pub fn event(&mut self, event: Event<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        let Self { reader, unfitting, client } = self;
        reader.event(event, &mut |piece| client.unfitted(piece, unfitting, out))
    }

    /// Appends what the end of the bytes brings. Wherever the bytes broke off, this may show that the answer was whole.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let Self { reader, unfitting, client } = self;
        client.is_cut = true;
        reader.finish(&mut |piece| client.unfitted(piece, unfitting, out));
    }

    /// Appends an error that ends the stream. It knows what has been said already: events that are open, numbers, ids.
    pub fn error(&mut self, error: ErrorReport, out: &mut Vec<u8>) {
        self.client.withheld = None;
        self.client.told(&Piece::Error(error), out);
    }

    /// The provider's error that the client was not told yet: the stream is broken.
    pub fn withheld(&self) -> Option<&ErrorReport> {
        self.client.withheld.as_ref()
    }

    /// Whether the caller has been told an end, and which.
    pub fn ending(&self) -> Ending {
        self.client.ending
    }

    /// The whole answer, once it has ended, if its dialect's answers can be gone on from.
    pub fn record(&self) -> Option<&[u8]> {
        self.client.writer.record()
    }

    /// What the client was told, for [`continue_chat`](super::continue_chat); `None` unless it is
    /// [`continuable`](Self::continuable).
    pub fn heard(&self) -> Option<&Heard> {
        self.client.heard.as_ref()
    }

    /// What the running attempt is likely to have used if it ends here, for providers that count only at the end: the input as
    /// it said when it began, or else as estimated; the output as told. Nothing is known of what was not told.
    pub fn used(&self, estimated_input: Tokens) -> Usage {
        let (words, thoughts) = self.client.heard.as_ref().map(Heard::made).unwrap_or_default();
        let mut used = self.client.begun;
        if used.input_total() == Tokens::ZERO {
            used.input = estimated_input;
        }
        used.output = used.output.max(words + thoughts);
        used.reasoning = used.reasoning.max(thoughts).min(used.output);
        used
    }

    /// Another provider takes over; what the client is told goes on without a seam. `used` is what the attempt that broke off
    /// used: counted by the provider, or as [`used`](Self::used) estimates it.
    ///
    /// # Errors
    /// What stands against it; nothing is changed.
    pub fn continue_from(
        &mut self,
        provider: Dialect,
        way_back: WayBack,
        used: Usage,
    ) -> Result<(), Obstacle> {
        let client = &mut self.client;
        let heard = client.heard.as_mut().ok_or(Obstacle::NotKept)?;
        heard.can_continue()?;
        heard.next_attempt();
        client.spent = client.spent + used;
        client.splice = Some(Splice::new(heard, client.spent));
        (client.withheld, client.begun) = (None, Usage::default());
        (client.told_bytes, client.is_cut) = (0, false);
        self.reader = format_of(provider).reader();
        self.unfitting = Unfitting::new(way_back);
        Ok(())
    }
}

impl Client {
    /// A piece as the reader gives it.
    fn unfitted(&mut self, piece: Piece<'_>, unfitting: &mut Unfitting, out: &mut Vec<u8>) {
        unfitting.piece(piece, &mut |piece| self.piece(piece, out));
    }

    /// A piece in the caller's words.
    fn piece(&mut self, piece: Piece<'_>, out: &mut Vec<u8>) {
        if self.withheld.is_some() {
            return;
        }
        match piece {
            Piece::Begin { usage, .. } => self.begun = usage,
            Piece::Delta(Delta::Text(ref text)) => self.told_bytes += text.len() as u64,
            Piece::End { ref finish, usage } if self.is_cut && usage == Usage::default() => {
                let finish = finish.clone();
                return self.joined(Piece::End { finish, usage: self.likely_usage() }, out);
            }
            Piece::Error(error) if self.can_continue() => {
                self.withheld = Some(error);
                return;
            }
            _ => {}
        }
        self.joined(piece, out);
    }

    /// What the running attempt is likely to have used, whose count never came.
    fn likely_usage(&self) -> Usage {
        let mut used = self.begun;
        if used.input_total() == Tokens::ZERO {
            used.input = self.expected_input;
        }
        used.output = used.output.max(Tokens(self.told_bytes.div_ceil(BYTES_PER_TOKEN)));
        used
    }

    /// A piece that is joined to what was told.
    fn joined(&mut self, piece: Piece<'_>, out: &mut Vec<u8>) {
        match self.splice.take() {
            None => self.told(&piece, out),
            Some(mut splice) => {
                splice.piece(piece, &mut |piece| self.told(&piece, out));
                self.splice = Some(splice);
            }
        }
    }

    fn can_continue(&self) -> bool {
        self.heard.as_ref().is_some_and(|heard| heard.can_continue().is_ok())
    }

    /// A piece that the client is told.
    fn told(&mut self, piece: &Piece<'_>, out: &mut Vec<u8>) {
        match piece {
            Piece::End { .. } => self.ending = Ending::Complete,
            Piece::Error(_) => self.ending = Ending::Failed,
            _ => {}
        }
        if let Some(heard) = &mut self.heard {
            heard.piece(piece);
        }
        self.writer.piece(piece, out);
    }
}

impl fmt::Debug for Translation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Client { ending, spent, withheld, .. } = &self.client;
        f.debug_struct("Translation")
            .field("ending", ending)
            .field("spent", spent)
            .field("withheld", withheld)
            .finish_non_exhaustive()
    }
}

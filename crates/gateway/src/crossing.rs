//! A request that crosses into another dialect, and its answer on the way back.

use bytes::Bytes;
use paceway_domain::{CATALOGUE, Dialect, Refusal, Tokens};
use paceway_protocol::changes::Changes;
use paceway_protocol::fit::{Unfitting, WayBack, fit};
use paceway_protocol::formats::{Frame, Target, format_of};
use paceway_protocol::sse::Event;
use paceway_protocol::{StreamReader, StreamWriter};

use crate::ask::Ask;
use crate::provider::Provider;

/// The output bound that is sent where a format demands one, the client set none and the catalogue knows none.
const DEFAULT_MAX_OUTPUT: Tokens = Tokens(8_192);

/// From the caller's dialect to a provider's and back.
pub(crate) struct Crossing {
    ours: Dialect,
    theirs: Dialect,
    way_back: WayBack,
    frame: Frame,
    /// What was lost or changed on the way there.
    pub(crate) changes: Changes,
}

impl Crossing {
    /// Writes the request in the provider's dialect.
    pub(crate) fn write(
        ask: &Ask,
        provider: &Provider,
        theirs: Dialect,
        model: &str,
        may_drop: bool,
        created: u64,
    ) -> Result<(Self, Bytes), Refusal> {
        let mut changes = Changes::default();
        let envelope = ask.envelope()?;
        let mut chat = ask.format().read_chat(&envelope, &ask.summary, &mut changes)?;
        let format = format_of(theirs);
        let way_back = fit(&mut chat, format.abilities(), &mut changes);
        let known_most = CATALOGUE.find(provider.catalogue(), model).and_then(|card| card.max_output);
        let target = Target {
            model,
            default_max_output: known_most.map_or(DEFAULT_MAX_OUTPUT, Tokens),
            only_max_tokens: provider.settings().only_max_tokens,
        };
        let body = format.write_chat(&chat, target, &mut changes)?;
        changes.check(may_drop)?;
        let frame = Frame {
            created,
            request_id: ask.id.as_str().to_owned(),
            model: ask.summary.model.clone(),
            wants_usage: ask.summary.wants_stream_usage,
            request: ask.original.clone(),
        };
        Ok((Self { ours: ask.dialect, theirs, way_back, frame, changes }, body))
    }

    /// A whole answer in the caller's dialect.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub(crate) fn reply(&self, body: &[u8]) -> Result<Bytes, String> {
        let reply = format_of(self.theirs).read_reply(body)?;
        Ok(format_of(self.ours).write_reply(&self.way_back.reply(reply), &self.frame))
    }

    /// For a streamed answer.
    pub(crate) fn stream(self) -> Translation {
        Translation {
            reader: format_of(self.theirs).reader(),
            unfitting: Unfitting::new(self.way_back),
            writer: format_of(self.ours).writer(self.frame),
        }
    }
}

/// A stream that crosses over, event by event.
pub(crate) struct Translation {
    reader: Box<dyn StreamReader>,
    unfitting: Unfitting,
    writer: Box<dyn StreamWriter>,
}

impl Translation {
    /// Appends what an event is in the caller's dialect.
    ///
    /// # Errors
    /// What is wrong with the event, as a sentence.
    pub(crate) fn event(&mut self, event: Event<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        let Self { reader, unfitting, writer } = self;
        reader.event(event, &mut |piece| unfitting.piece(piece, &mut |piece| writer.piece(&piece, out)))
    }

    /// The whole answer, once it has ended, if its dialect's answers can be gone on from.
    pub(crate) fn record(&self) -> Option<&[u8]> {
        self.writer.record()
    }

    /// Appends what the end of the bytes brings.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        let Self { reader, unfitting, writer } = self;
        reader.finish(&mut |piece| unfitting.piece(piece, &mut |piece| writer.piece(&piece, out)));
    }
}

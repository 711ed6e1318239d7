//! A request that crosses into another dialect, and its answer on the way back.

use bytes::Bytes;
use paceway_domain::{CATALOGUE, Dialect, Refusal, Tokens, Usage};
use paceway_protocol::changes::Changes;
use paceway_protocol::fit::{Unfitting, WayBack, fit};
use paceway_protocol::formats::{Ending, Frame, Target, format_of};
use paceway_protocol::neutral::{ErrorReport, Piece};
use paceway_protocol::sse::Event;
use paceway_protocol::{Envelope, StreamReader, StreamWriter, embeddings, rerank};

use crate::Endpoint;
use crate::ask::Ask;
use crate::provider::Provider;

/// The output bound that is sent where a format demands one, the client set none and the catalogue knows none.
const DEFAULT_MAX_OUTPUT: Tokens = Tokens(8_192);

/// From the caller's dialect to a provider's and back.
pub(crate) struct Crossing {
    back: Back,
    /// What was lost or changed on the way there.
    pub(crate) changes: Changes,
}

/// What the way back needs.
enum Back {
    /// Of words.
    Chat(Box<ChatBack>),
    /// Of vectors: the request, which says how they are wanted.
    Embeddings { theirs: Dialect, request: Bytes },
    /// Of an order: the request, whose documents may be repeated, and its id.
    Rerank { request: Bytes, id: String },
}

struct ChatBack {
    ours: Dialect,
    theirs: Dialect,
    way_back: WayBack,
    frame: Frame,
}

/// Where a request crosses to.
#[derive(Clone, Copy)]
pub(crate) struct Shore<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) dialect: Dialect,
    pub(crate) model: &'a str,
    /// Whether what cannot be carried there may be dropped.
    pub(crate) may_drop: bool,
}

impl Crossing {
    /// Writes the request in the provider's dialect.
    pub(crate) fn write(
        ask: &Ask,
        envelope: Option<&Envelope<'_>>,
        to: Shore<'_>,
        created: u64,
    ) -> Result<(Self, Bytes), Refusal> {
        let mut changes = Changes::default();
        let (back, body) = match (ask.endpoint, envelope) {
            (Endpoint::Generate, Some(envelope)) => chat(ask, envelope, to, created, &mut changes)?,
            (Endpoint::Embeddings, Some(envelope)) => {
                let embed = embeddings::read(envelope, &mut changes)?;
                let body = embeddings::write(&embed, to.dialect, to.model, &mut changes)?;
                (Back::Embeddings { theirs: to.dialect, request: ask.body.clone() }, body)
            }
            (Endpoint::Rerank, Some(envelope)) => {
                let rerank = rerank::read(envelope, &mut changes)?;
                let shape = to.provider.rerank_shape(to.dialect);
                let body = rerank::write(&rerank, shape, to.model, &mut changes);
                (Back::Rerank { request: ask.body.clone(), id: ask.id.as_str().to_owned() }, body)
            }
            (Endpoint::CountTokens | Endpoint::Images | Endpoint::Transcription | Endpoint::Speech, _)
            | (_, None) => {
                return Err(Refusal::NoSuchEndpoint {
                    provider: to.provider.name().to_owned(),
                    endpoint: ask.endpoint.name(),
                });
            }
        };
        Ok((Self { back, changes }, body))
    }

    /// A whole answer in the caller's dialect, and what it used where only its translation shows that.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub(crate) fn reply(&self, body: &[u8]) -> Result<(Bytes, Option<Usage>), String> {
        match &self.back {
            Back::Chat(back) => {
                let reply = back.way_back.reply(format_of(back.theirs).read_reply(body)?);
                Ok((format_of(back.ours).write_reply(&reply, &back.frame), None))
            }
            Back::Embeddings { theirs, request } => {
                let embedded = embeddings::read_answer(*theirs, body)?;
                let told = |refusal: Refusal| refusal.to_string();
                let envelope = Envelope::parse(request).map_err(told)?;
                let embed = embeddings::read(&envelope, &mut Changes::default()).map_err(told)?;
                Ok((embeddings::write_answer(&embedded, &embed), Some(embedded.usage)))
            }
            Back::Rerank { request, id } => {
                let reranked = rerank::read_answer(body)?;
                let told = |refusal: Refusal| refusal.to_string();
                let envelope = Envelope::parse(request).map_err(told)?;
                let asked = rerank::read(&envelope, &mut Changes::default()).map_err(told)?;
                Ok((rerank::write_answer(&reranked, &asked, id), Some(reranked.usage)))
            }
        }
    }

    /// For a streamed answer; only words are streamed.
    pub(crate) fn stream(self) -> Option<Translation> {
        let Back::Chat(back) = self.back else { return None };
        Some(Translation {
            reader: format_of(back.theirs).reader(),
            unfitting: Unfitting::new(back.way_back),
            writer: format_of(back.ours).writer(back.frame),
            ending: Ending::Open,
        })
    }
}

fn chat(
    ask: &Ask,
    envelope: &Envelope<'_>,
    to: Shore<'_>,
    created: u64,
    changes: &mut Changes,
) -> Result<(Back, Bytes), Refusal> {
    let mut chat = ask.format().read_chat(envelope, &ask.summary, changes)?;
    let format = format_of(to.dialect);
    let way_back = fit(&mut chat, format.abilities(to.model), changes);
    let known_most = CATALOGUE.find(to.provider.catalogue(), to.model).and_then(|card| card.max_output);
    let target = Target {
        model: to.model,
        default_max_output: known_most.map_or(DEFAULT_MAX_OUTPUT, Tokens),
        only_max_tokens: to.provider.settings().only_max_tokens,
    };
    // Where what is left cannot be sent, it is because of what was lost: that is what the client has to hear.
    let body = format
        .write_chat(&chat, target, changes)
        .map_err(|refusal| changes.check(to.may_drop).err().unwrap_or(refusal))?;
    let frame = Frame {
        created,
        request_id: ask.id.as_str().to_owned(),
        model: ask.summary.model.clone(),
        wants_usage: ask.summary.wants_stream_usage,
        request: ask.original.clone(),
    };
    let back = ChatBack { ours: ask.dialect, theirs: to.dialect, way_back, frame };
    Ok((Back::Chat(Box::new(back)), body))
}

/// A stream that crosses over, event by event.
pub(crate) struct Translation {
    reader: Box<dyn StreamReader>,
    unfitting: Unfitting,
    writer: Box<dyn StreamWriter>,
    ending: Ending,
}

impl Translation {
    /// Appends what an event is in the caller's dialect.
    ///
    /// # Errors
    /// What is wrong with the event, as a sentence.
    pub(crate) fn event(&mut self, event: Event<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        let Self { reader, unfitting, writer, ending } = self;
        reader.event(event, &mut |piece| write(piece, unfitting, writer.as_mut(), ending, out))
    }

    /// The whole answer, once it has ended, if its dialect's answers can be gone on from.
    pub(crate) fn record(&self) -> Option<&[u8]> {
        self.writer.record()
    }

    /// Appends an error that ends the stream.
    pub(crate) fn error(&mut self, error: ErrorReport, out: &mut Vec<u8>) {
        self.ending = Ending::Failed;
        self.writer.piece(&Piece::Error(error), out);
    }

    /// Whether the caller has been told an end, and which.
    pub(crate) fn ending(&self) -> Ending {
        self.ending
    }

    /// Appends what the end of the bytes brings.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        let Self { reader, unfitting, writer, ending } = self;
        reader.finish(&mut |piece| write(piece, unfitting, writer.as_mut(), ending, out));
    }
}

fn write(
    piece: Piece<'_>,
    unfitting: &mut Unfitting,
    writer: &mut dyn StreamWriter,
    ending: &mut Ending,
    out: &mut Vec<u8>,
) {
    match piece {
        Piece::End { .. } => *ending = Ending::Complete,
        Piece::Error(_) => *ending = Ending::Failed,
        _ => {}
    }
    unfitting.piece(piece, &mut |piece| writer.piece(&piece, out));
}

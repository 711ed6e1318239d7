//! A request that crosses into another dialect, and its answer on the way back.

use bytes::Bytes;
use paceway_domain::{Apart, Dialect, Refusal, Sold, Tokens};
use paceway_protocol::changes::Changes;
use paceway_protocol::continuation::{Heard, Obstacle, Translation, continue_chat};
use paceway_protocol::fit::{WayBack, fit};
use paceway_protocol::formats::{Frame, Target, format_of};
use paceway_protocol::{Envelope, embeddings, rerank};

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

/// A whole answer in the caller's dialect.
pub(crate) struct Crossed {
    pub(crate) body: Bytes,
    /// What it used, where only its translation shows that.
    pub(crate) used: Option<Sold>,
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
    /// Tokens that the model answers with at most, if that is known.
    pub(crate) most_output: Option<u64>,
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
                    endpoint: ask.endpoint.described(),
                });
            }
        };
        Ok((Self { back, changes }, body))
    }

    /// Puts a whole answer into the caller's dialect.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub(crate) fn reply(&self, body: &[u8]) -> Result<Crossed, String> {
        let (body, used) = match &self.back {
            Back::Chat(back) => {
                let reply = back.way_back.reply(format_of(back.theirs).read_reply(body)?);
                (format_of(back.ours).write_reply(&reply, &back.frame), None)
            }
            Back::Embeddings { theirs, request } => {
                let embedded = embeddings::read_answer(*theirs, body)?;
                let told = |refusal: Refusal| refusal.to_string();
                let envelope = Envelope::parse(request).map_err(told)?;
                let embed = embeddings::read(&envelope, &mut Changes::default()).map_err(told)?;
                (embeddings::write_answer(&embedded, &embed), Some(embedded.usage.into()))
            }
            Back::Rerank { request, id } => {
                let reranked = rerank::read_answer(body)?;
                let told = |refusal: Refusal| refusal.to_string();
                let envelope = Envelope::parse(request).map_err(told)?;
                let asked = rerank::read(&envelope, &mut Changes::default()).map_err(told)?;
                (rerank::write_answer(&reranked, &asked, id), Some(sold_by(&reranked)))
            }
        };
        Ok(Crossed { body, used })
    }

    /// For a streamed answer; only words are streamed.
    pub(crate) fn stream(self) -> Option<Translation> {
        let Back::Chat(back) = self.back else { return None };
        Some(Translation::new(back.theirs, back.way_back, back.ours, back.frame))
    }

    /// What puts an answer back into the caller's words, where another provider goes on.
    pub(crate) fn way_back(self) -> WayBack {
        match self.back {
            Back::Chat(back) => back.way_back,
            Back::Embeddings { .. } | Back::Rerank { .. } => WayBack::default(),
        }
    }
}

/// What an order of documents says was sold: searches where the provider counts those, or else tokens.
pub(crate) fn sold_by(reranked: &rerank::Reranked) -> Sold {
    match reranked.search_units {
        Some(rerank_searches) => {
            Sold { apart: Apart { rerank_searches, ..Apart::default() }, ..Sold::default() }
        }
        None => reranked.usage.into(),
    }
}

/// A stream that does not cross over, read and written all the same, so that another provider can go on with it.
pub(crate) fn same_shore(ask: &Ask, created: u64) -> Translation {
    Translation::new(ask.dialect, WayBack::default(), ask.dialect, frame(ask, created))
}

/// Whether thoughts are to come sealed. Their seals hold only under the ids that their provider gave them, so that a stream of them
/// has to pass as it is.
pub(crate) fn wants_seals(ask: &Ask) -> bool {
    if ask.dialect != Dialect::Responses {
        return false;
    }
    let Ok(envelope) = Envelope::parse(&ask.body) else { return false };
    let included = envelope.field::<Vec<String>>("include", "a list of texts").ok().flatten();
    included.is_some_and(|names| names.iter().any(|name| name == "reasoning.encrypted_content"))
}

/// Whether the rest of an answer can be asked for, of which the client has heard this.
///
/// # Errors
/// Why not, as a sentence.
pub(crate) fn can_go_on(ask: &Ask, heard: &Heard) -> Result<(), String> {
    if !heard.has_words() {
        return heard.can_continue().map_err(|obstacle| obstacle.to_string());
    }
    let told = |refusal: Refusal| refusal.to_string();
    let envelope = Envelope::parse(&ask.body).map_err(told)?;
    let chat = ask.format().read_chat(&envelope, &ask.summary, &mut Changes::default());
    continue_chat(&mut chat.map_err(told)?, heard).map_err(|obstacle| obstacle.to_string())
}

fn frame(ask: &Ask, created: u64) -> Frame {
    Frame {
        created,
        request_id: ask.id.as_str().to_owned(),
        model: ask.summary.model.clone(),
        wants_usage: ask.summary.wants_stream_usage,
        request: ask.original.clone(),
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
    if let Some(most) = ask.output_cap {
        chat.max_output = Some(chat.max_output.map_or(most, |asked| asked.min(most)));
    }
    if let Some(heard) = &ask.heard {
        let why =
            |obstacle: Obstacle| Refusal::InvalidField { field: "stream".into(), why: obstacle.to_string() };
        continue_chat(&mut chat, heard).map_err(why)?;
    }
    let format = format_of(to.dialect);
    let way_back = fit(&mut chat, format.abilities(to.model), changes);
    let known_most = to.most_output;
    let target = Target {
        model: to.model,
        default_max_output: known_most.map_or(DEFAULT_MAX_OUTPUT, Tokens),
        only_max_tokens: to.provider.settings().only_max_tokens,
    };
    // Where what is left cannot be sent, it is because of what was lost: that is what the client has to hear.
    let body = format
        .write_chat(&chat, target, changes)
        .map_err(|refusal| changes.check(to.may_drop).err().unwrap_or(refusal))?;
    let back = ChatBack { ours: ask.dialect, theirs: to.dialect, way_back, frame: frame(ask, created) };
    Ok((Back::Chat(Box::new(back)), body))
}

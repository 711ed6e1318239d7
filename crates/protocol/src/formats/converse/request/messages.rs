//! Which parts of a conversation are sent and in what order: alternating turns, the user's first, results before words.
//! Nothing is written here.

use paceway_domain::{Dialect, Refusal};

use super::files::File;
use crate::changes::Changes;
use crate::formats::converse::media::Use;
use crate::formats::converse::model::{Family, Model};
use crate::neutral::{Chat, Document, DocumentSource, Media, Part, PartBody, Role, Seal, Text, Turn};

/// A part and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed<'c> {
    pub(crate) part: &'c Part<'c>,
    turn: usize,
    place: usize,
}

impl Placed<'_> {
    /// `messages.3.content.0`.
    pub(crate) fn field(&self) -> String {
        format!("messages.{}.content.{}", self.turn, self.place)
    }
}

/// A message to be sent.
pub(crate) struct Message<'c> {
    pub(crate) role: Role,
    pub(crate) parts: Vec<Placed<'c>>,
}

/// A conversation to be sent.
pub(crate) struct Conversation<'c> {
    pub(crate) system: Vec<Placed<'c>>,
    /// Not empty; no two neighbours of one role.
    pub(crate) messages: Vec<Message<'c>>,
}

impl Conversation<'_> {
    /// Whether it begins with the model, which Bedrock does not allow.
    pub(crate) fn lacks_opening(&self) -> bool {
        self.messages.first().is_some_and(|message| message.role == Role::Assistant)
    }

    /// Whether it ends with results of calls before which the model's thought is missing. Claude models that think by
    /// budget then refuse to go on thinking ("Expected `thinking` …, but found `tool_use`").
    pub(crate) fn goes_on_without_its_thought(&self) -> bool {
        let [.., asked, answered] = self.messages.as_slice() else { return false };
        let is_thought = |placed: &Placed<'_>| {
            matches!(placed.part.body, PartBody::Thinking { .. } | PartBody::Redacted(_))
        };
        let is_result = |placed: &Placed<'_>| matches!(placed.part.body, PartBody::ToolResult(_));
        answered.parts.iter().any(is_result) && !asked.parts.first().is_some_and(is_thought)
    }
}

/// Decides what is sent and notes what is not.
///
/// # Errors
/// [`Refusal::InvalidField`] if no message is left.
pub(crate) fn plan<'c>(
    chat: &'c Chat<'c>,
    model: Model,
    changes: &mut Changes,
) -> Result<Conversation<'c>, Refusal> {
    let opening = chat.turns.iter().take_while(|turn| turn.role == Role::System).count();
    let mut system = Vec::new();
    let mut messages: Vec<Message<'c>> = Vec::with_capacity(chat.turns.len());
    for (place, turn) in chat.turns.iter().enumerate() {
        if turn.name.is_some() {
            changes.lost(format!("messages.{place}.name"), "Amazon Bedrock has no names of speakers");
        }
        let parts = sendable_parts(turn, place, model, changes);
        if place < opening || (turn.role == Role::System && messages.is_empty()) {
            system.extend(parts);
            continue;
        }
        // Few models take `role: "system"` here. (Usually this is said in other words beforehand.)
        let role = if turn.role == Role::System { Role::User } else { turn.role };
        if role != turn.role {
            changes.adapted(format!("messages.{place}.role"), "told by the user");
        }
        if let Some(before) = messages.last_mut().filter(|before| before.role == role) {
            before.parts.extend(parts);
        } else if !parts.is_empty() {
            messages.push(Message { role, parts });
        }
    }
    if messages.is_empty() {
        return Err(Refusal::InvalidField {
            field: "messages".into(),
            why: "Amazon Bedrock needs at least one message that is not a system prompt and not blank".into(),
        });
    }
    for message in &mut messages {
        message.parts.sort_by_key(|placed| !matches!(placed.part.body, PartBody::ToolResult(_)));
    }
    Ok(Conversation { system, messages })
}

fn sendable_parts<'c>(
    turn: &'c Turn<'c>,
    place: usize,
    model: Model,
    changes: &mut Changes,
) -> Vec<Placed<'c>> {
    let placed = turn.parts.iter().enumerate().map(|(at, part)| Placed { part, turn: place, place: at });
    let mut parts: Vec<_> = placed
        .filter(|placed| is_sendable(&placed.part.body, turn.role, model, || placed.field(), changes))
        .collect();
    // A turn of thoughts alone is refused.
    let is_thought =
        |placed: &Placed<'_>| matches!(placed.part.body, PartBody::Thinking { .. } | PartBody::Redacted(_));
    if parts.iter().all(is_thought) {
        parts.clear();
    }
    parts
}

/// Whether a part can be sent in a turn of this role; what cannot is noted.
fn is_sendable(
    body: &PartBody<'_>,
    role: Role,
    model: Model,
    field: impl Fn() -> String,
    changes: &mut Changes,
) -> bool {
    let why = match body {
        PartBody::Text { text, .. } | PartBody::Refusal(text) => return !text.is_blank(),
        PartBody::Thinking { seal, .. } => return is_own(seal.as_ref(), role, model, field, changes),
        PartBody::Redacted(seal) => return is_own(Some(seal), role, model, field, changes),
        PartBody::ToolCall(_) if role == Role::Assistant => return true,
        PartBody::ToolResult(_) if role == Role::User => return true,
        PartBody::ToolCall(_) | PartBody::ToolResult(_) => "calls are the model's and results are the user's",
        _ if role != Role::User => "Amazon Bedrock takes files only from the user",
        body => match unfit_file(body, model) {
            Some(why) => why,
            None => return true,
        },
    };
    changes.lost(field(), why);
    false
}

/// Whether a part of a tool's result can be sent.
pub(crate) fn is_sendable_in_result(
    body: &PartBody<'_>,
    model: Model,
    field: impl Fn() -> String,
    changes: &mut Changes,
) -> bool {
    let why = match body {
        PartBody::Text { text, .. } => return !text.is_blank(),
        PartBody::Image(_) | PartBody::Document(_) | PartBody::Video(_) => match unfit_file(body, model) {
            Some(why) => why,
            None => return true,
        },
        _ => "the result of a tool holds texts, images and documents",
    };
    changes.lost(field(), why);
    false
}

/// Whether a thought is one that this model gave through this API; others are refused.
fn is_own(
    seal: Option<&Seal<'_>>,
    role: Role,
    model: Model,
    field: impl Fn() -> String,
    changes: &mut Changes,
) -> bool {
    let is_own = model.family == Family::Claude
        && role == Role::Assistant
        && seal.is_some_and(|seal| seal.by == Dialect::Converse);
    if !is_own {
        changes.hint(field(), "a thought goes back only to the model that had it");
    }
    is_own
}

/// Why a file cannot be sent, if it cannot.
fn unfit_file(body: &PartBody<'_>, model: Model) -> Option<&'static str> {
    let unfit = |media: &Media<'_>, used_as| File::of(media, used_as).err();
    match body {
        PartBody::Image(image) => unfit(&image.media, Use::Image),
        PartBody::Audio(_) | PartBody::Video(_) if model.family == Family::Claude => {
            Some("Claude models take no recordings and no films")
        }
        PartBody::Audio(media) => unfit(media, Use::Audio),
        PartBody::Video(media) => unfit(media, Use::Video),
        PartBody::Document(Document { source: DocumentSource::Media(media), .. }) => {
            unfit(media, Use::Document)
        }
        PartBody::Document(Document { source: DocumentSource::Text(text), .. }) => {
            text.is_blank().then_some("the document is empty")
        }
        PartBody::Document(Document { source: DocumentSource::Parts(parts), .. }) => {
            let is_empty = !parts.iter().any(|part| words(&part.body).is_some());
            is_empty.then_some("Amazon Bedrock takes documents in parts only if the parts are texts")
        }
        _ => None,
    }
}

/// The words of a part that is words.
pub(crate) fn words<'p, 'a>(body: &'p PartBody<'a>) -> Option<&'p Text<'a>> {
    match body {
        PartBody::Text { text, .. } | PartBody::Refusal(text) => Some(text).filter(|text| !text.is_blank()),
        _ => None,
    }
}

//! A conversation in the order that this format wants: turns that alternate, results first, instructions where they are
//! allowed.
//!
//! What cannot be sent is left out and noted here; how the rest is worded is not decided here.

use paceway_domain::Refusal;
use smallvec::{SmallVec, smallvec};

use super::parts::{self, Place};
use crate::changes::Changes;
use crate::neutral::{Part, PartBody, Role, Text, Turn};
use crate::object::Path;

/// One message to be written.
#[derive(Debug)]
pub(super) struct Message<'c, 'a> {
    pub(super) role: Role,
    /// Most messages have one.
    pub(super) parts: SmallVec<[Piece<'c, 'a>; 2]>,
}

/// A part of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'c, 'a> {
    pub(super) part: &'c Part<'a>,
    /// Whether it is an instruction that has to be told as a user's words.
    pub(super) is_instruction: bool,
}

/// What is put before a conversation that begins with the assistant, since the API wants the user first.
static OPENING: Part<'static> =
    Part { body: PartBody::Text { text: Text::of("."), citations: Vec::new() }, cache: None };

/// The system prompt and the messages.
#[derive(Debug, Default)]
pub(super) struct Conversation<'c, 'a> {
    pub(super) system: Vec<&'c Part<'a>>,
    pub(super) messages: Vec<Message<'c, 'a>>,
}

/// Puts the turns in order for a model that takes instructions in mid-conversation or not.
///
/// # Errors
/// If no message is left, or a call's arguments are no JSON object.
pub(super) fn conversation<'c, 'a>(
    turns: &'c [Turn<'a>],
    mid_system: bool,
    changes: &mut Changes,
) -> Result<Conversation<'c, 'a>, Refusal> {
    let opening = turns.iter().take_while(|turn| turn.role == Role::System).count();
    let mut found = Conversation::default();
    for (place, turn) in turns[..opening].iter().enumerate() {
        sendable(place, turn, &mut found.system, changes)?;
    }
    let mut parts = Vec::new();
    let messages = Vec::with_capacity(turns.len());
    let mut builder = Builder { messages, waiting: Vec::new(), mid_system };
    for (place, turn) in turns.iter().enumerate().skip(opening) {
        parts.clear();
        sendable(place, turn, &mut parts, changes)?;
        if !parts.is_empty() {
            builder.turn(place, turn.role, &parts, changes);
        }
    }
    builder.settle(changes);
    found.messages = builder.messages;
    let Some(first) = found.messages.first() else {
        return Err(Refusal::InvalidField {
            field: "messages".into(),
            why: "Claude models need at least one message that is not a system prompt and not blank".into(),
        });
    };
    if first.role == Role::Assistant {
        changes
            .adapted("messages.0", "a user's message `.` was put first, with which this API wants to begin");
        let parts = smallvec![Piece { part: &OPENING, is_instruction: false }];
        found.messages.insert(0, Message { role: Role::User, parts });
    }
    for message in &mut found.messages {
        // The API wants the results of calls right behind the calls.
        message.parts.sort_by_key(|piece| !matches!(piece.part.body, PartBody::ToolResult(_)));
    }
    Ok(found)
}

/// Adds the parts of a turn that can be sent.
fn sendable<'c, 'a>(
    place: usize,
    turn: &'c Turn<'a>,
    kept: &mut Vec<&'c Part<'a>>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let messages = Path::root("messages");
    let message = messages.index(place);
    if turn.name.is_some() {
        changes.hint(&message.name("name"), "this API has no names of speakers");
    }
    let content = message.name("content");
    for (index, part) in turn.parts.iter().enumerate() {
        if parts::check(part, Place::of(turn.role), &content.index(index), changes)? {
            kept.push(part);
        }
    }
    Ok(())
}

struct Builder<'c, 'a> {
    messages: Vec<Message<'c, 'a>>,
    /// Instructions that wait for the end of the user's turn: the API takes them only between the user and the assistant,
    /// or at the very end after the user, and never two in a row
    /// (platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages#limitations).
    waiting: Vec<&'c Part<'a>>,
    mid_system: bool,
}

impl<'c, 'a> Builder<'c, 'a> {
    fn turn(&mut self, place: usize, role: Role, parts: &[&'c Part<'a>], changes: &mut Changes) {
        match role {
            Role::System if self.mid_system => self.waiting.extend(parts),
            Role::System => {
                let what = "this model has instructions only at the beginning: sent as a user's message";
                changes.adapted(format!("messages.{place}"), what);
                self.push(Role::User, parts, true);
            }
            Role::User => {
                if !self.waiting.is_empty() {
                    let what = "sent before the instructions in front of it, which have to follow the user";
                    changes.adapted(format!("messages.{place}"), what);
                }
                self.push(role, parts, false);
            }
            Role::Assistant => {
                self.settle(changes);
                self.push(role, parts, false);
            }
        }
    }

    /// Puts waiting instructions where the conversation has come to.
    fn settle(&mut self, changes: &mut Changes) {
        let parts = std::mem::take(&mut self.waiting);
        if parts.is_empty() {
            return;
        }
        if self.messages.last().is_some_and(|last| last.role == Role::User) {
            self.push(Role::System, &parts, false);
        } else {
            let what = "instructions that no user's message comes before were sent as a user's message";
            changes.adapted("messages", what);
            self.push(Role::User, &parts, true);
        }
    }

    fn push(&mut self, role: Role, parts: &[&'c Part<'a>], is_instruction: bool) {
        let pieces = parts.iter().map(|&part| Piece { part, is_instruction });
        match self.messages.last_mut().filter(|last| last.role == role) {
            Some(last) => last.parts.extend(pieces),
            None => self.messages.push(Message { role, parts: pieces.collect() }),
        }
    }
}

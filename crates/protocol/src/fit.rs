//! A request put in words that its target's format has, before it is written, and the way back for the answer.
//!
//! Here is what all formats that lack something have in common: names of tools, answers of a schema, tools with plain text,
//! instructions in mid-conversation, media where they cannot be. What only one format lacks it deals with itself.

mod names;
mod results;
mod structure;
mod way_back;

use crate::changes::Changes;
use crate::formats::Abilities;
use crate::neutral::{Chat, PartBody, Role};

pub use way_back::{Unfitting, WayBack};

/// Puts `chat` in words that a format of these abilities has.
pub fn fit(chat: &mut Chat<'_>, abilities: Abilities, changes: &mut Changes) -> WayBack {
    let is_one_wanted = chat.parallel_tools == Some(false);
    let answer_tool = structure::fit(chat, abilities, changes);
    let only_first_call = !abilities.one_call && chat.parallel_tools == Some(false) && !chat.tools.is_empty();
    if only_first_call {
        chat.parallel_tools = None;
        if is_one_wanted {
            changes
                .adapted("parallel_tool_calls", "this API's models may make several: the first is passed on");
        }
    }
    let names = names::fit(chat, abilities, changes);
    if !abilities.media_in_results {
        results::move_media_out(chat, changes);
    }
    if !abilities.mid_system {
        move_instructions(chat, changes);
    }
    WayBack::new(names, answer_tool, only_first_call)
}

/// Instructions in mid-conversation become words of the user that say what they are.
fn move_instructions(chat: &mut Chat<'_>, changes: &mut Changes) {
    let opening = chat.turns.iter().take_while(|turn| turn.role == Role::System).count();
    for (place, turn) in chat.turns.iter_mut().enumerate().skip(opening) {
        if turn.role != Role::System {
            continue;
        }
        turn.role = Role::User;
        for part in &mut turn.parts {
            if let PartBody::Text { text, .. } = &mut part.body {
                *text = format!("<system>\n{text}\n</system>").into();
            }
        }
        changes.adapted(
            format!("messages.{place}"),
            "this API has instructions only at the beginning: sent as a user's message",
        );
    }
}

#[cfg(test)]
mod tests;

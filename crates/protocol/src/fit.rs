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
use crate::neutral::{Chat, DocumentSource, Part, PartBody, Role, Text};

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
    if !abilities.documents {
        write_documents_as_text(chat, changes);
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

fn write_documents_as_text(chat: &mut Chat<'_>, changes: &mut Changes) {
    for (place, turn) in chat.turns.iter_mut().enumerate() {
        let mut parts = Vec::with_capacity(turn.parts.len());
        for part in std::mem::take(&mut turn.parts) {
            let cache = part.cache;
            let PartBody::Document(document) = part.body else {
                parts.push(part);
                continue;
            };
            let title: Vec<Text<'_>> = document.title.into_iter().chain(document.context).collect();
            let field = format!("messages.{place}");
            match document.source {
                DocumentSource::Media(_) => changes.lost(field, "this API takes no documents as files"),
                DocumentSource::Text(text) => {
                    changes.adapted(field, "this API takes no documents: sent as text");
                    let whole = [title.join("\n").into(), text].map(Text::into_owned).join("\n");
                    parts.push(Part { cache, ..Part::text(whole.trim().to_owned()) });
                }
                DocumentSource::Parts(inner) => {
                    changes.adapted(field, "this API takes no documents: sent as text");
                    parts.extend((!title.is_empty()).then(|| Part::text(title.join("\n"))));
                    parts.extend(inner);
                }
            }
        }
        turn.parts = parts;
    }
    chat.turns.retain(|turn| !turn.parts.is_empty());
}

#[cfg(test)]
mod tests;

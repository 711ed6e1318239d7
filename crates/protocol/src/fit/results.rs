//! Results of tools where a result may be text only: media move into a user's turn behind all results of the round.

use crate::changes::Changes;
use crate::neutral::{Chat, Part, PartBody, Role, Turn};

/// Moves images and files out of results; a text in their place says where they are.
pub(super) fn move_media_out(chat: &mut Chat<'_>, changes: &mut Changes) {
    if !chat.turns.iter().any(has_media_in_results) {
        return;
    }
    let mut turns = Vec::with_capacity(chat.turns.len() + 1);
    for (place, mut turn) in std::mem::take(&mut chat.turns).into_iter().enumerate() {
        let mut moved = Vec::new();
        for part in &mut turn.parts {
            let PartBody::ToolResult(result) = &mut part.body else { continue };
            for inner in &mut result.content {
                if !is_media(&inner.body) {
                    continue;
                }
                let told = format!("[attachment of the result of call {}]", result.call_id);
                moved.push(Part::text(told.clone()));
                moved.push(std::mem::replace(inner, Part::text(format!("{told} follows"))));
            }
        }
        turns.push(turn);
        if !moved.is_empty() {
            changes
                .adapted(format!("messages.{place}"), "media in a tool's result: sent in a message after it");
            turns.push(Turn { role: Role::User, name: None, parts: moved });
        }
    }
    chat.turns = turns;
}

fn has_media_in_results(turn: &Turn<'_>) -> bool {
    turn.parts.iter().any(|part| match &part.body {
        PartBody::ToolResult(result) => result.content.iter().any(|inner| is_media(&inner.body)),
        _ => false,
    })
}

fn is_media(body: &PartBody<'_>) -> bool {
    matches!(body, PartBody::Image(_) | PartBody::Document(_) | PartBody::Audio(_) | PartBody::Video(_))
}

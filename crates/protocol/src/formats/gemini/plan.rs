//! What of a conversation is sent and as what, decided before a byte is written: roles alternate, results come first and in
//! the order of their calls, and nothing is left empty.

use std::borrow::Cow;

use paceway_domain::{Dialect, Refusal};
use serde_json::value::RawValue;

use super::encoding;
use crate::changes::Changes;
use crate::neutral::{
    Chat, Detail, Document, DocumentSource, Media, Part, PartBody, Role, Seal, Text, ToolCall, ToolResult,
};

/// One content of the request.
pub(super) struct Content<'c> {
    /// `user` or `model`.
    pub(super) role: &'static str,
    pub(super) pieces: Vec<Piece<'c>>,
}

/// One part of a content.
pub(super) enum Piece<'c> {
    Text(Text<'c>),
    Blob { media_type: &'c str, data: &'c Text<'c> },
    File { uri: &'c str, media_type: Option<&'c str> },
    Thought { text: &'c Text<'c>, signature: &'c str },
    Call { name: &'c str, arguments: Cow<'c, str>, signature: Option<&'c str> },
    Result { name: &'c str, response: Response<'c> },
}

/// What a function brought.
pub(super) enum Response<'c> {
    /// An object already.
    Object(&'c str),
    /// A text under this name.
    Text(&'static str, Text<'c>),
}

/// The whole conversation.
pub(super) struct Plan<'c> {
    pub(super) instructions: Vec<&'c Text<'c>>,
    pub(super) contents: Vec<Content<'c>>,
}

/// Plans the conversation of a chat.
///
/// # Errors
/// [`Refusal::InvalidField`] for what the API would not take: no message, arguments that are no object, a result
/// without its call.
pub(super) fn plan<'c>(chat: &'c Chat<'_>, changes: &mut Changes) -> Result<Plan<'c>, Refusal> {
    let leading = chat.turns.iter().take_while(|turn| turn.role == Role::System).count();
    let has_messages = leading < chat.turns.len();
    let mut planner = Planner { changes, calls: Vec::new(), contents: Vec::new(), turn: 0 };
    let mut instructions = Vec::new();
    for (index, turn) in chat.turns.iter().enumerate() {
        planner.turn = index;
        if turn.name.is_some() {
            planner.changes.hint("messages.name", "this API's messages have no names");
        }
        if index < leading && has_messages {
            planner.instructions(&turn.parts, &mut instructions);
        } else {
            planner.turn(turn.role, &turn.parts)?;
        }
    }
    let mut contents = planner.finish();
    contents.retain(|content| !content.pieces.is_empty());
    if contents.is_empty() {
        return Err(Refusal::InvalidField {
            field: "messages".into(),
            why: "no message is left that this API could take: send at least one with a text".into(),
        });
    }
    if !has_messages {
        changes
            .adapted("messages", "the instructions are sent as the user's message, since there is no other");
    }
    Ok(Plan { instructions, contents })
}

/// A content in the making.
struct Draft<'c> {
    role: &'static str,
    /// Results with the places of their calls.
    results: Vec<(usize, Piece<'c>)>,
    others: Vec<Piece<'c>>,
}

struct Planner<'c, 'n> {
    changes: &'n mut Changes,
    /// Ids and names of all calls so far.
    calls: Vec<(&'c str, &'c str)>,
    contents: Vec<Draft<'c>>,
    turn: usize,
}

impl<'c> Planner<'c, '_> {
    fn instructions(&mut self, parts: &'c [Part<'_>], instructions: &mut Vec<&'c Text<'c>>) {
        for (index, part) in parts.iter().enumerate() {
            self.note_cache(part);
            match &part.body {
                PartBody::Text { text, .. } if text.is_blank() => {}
                PartBody::Text { text, .. } => instructions.push(text),
                _ => self.lost(index, "instructions are texts in this API"),
            }
        }
    }

    fn turn(&mut self, role: Role, parts: &'c [Part<'_>]) -> Result<(), Refusal> {
        let role = if role == Role::Assistant { "model" } else { "user" };
        if self.contents.last().is_none_or(|content| content.role != role) {
            self.contents.push(Draft { role, results: Vec::new(), others: Vec::new() });
        }
        for (index, part) in parts.iter().enumerate() {
            self.note_cache(part);
            self.part(index, part)?;
        }
        Ok(())
    }

    fn part(&mut self, index: usize, part: &'c Part<'_>) -> Result<(), Refusal> {
        match &part.body {
            PartBody::Text { text, citations } => {
                if !citations.is_empty() {
                    self.changes
                        .hint("citations", "this API does not take back where an answer's words are from");
                }
                self.push_text(text.borrowed());
            }
            PartBody::Refusal(text) => self.push_text(text.borrowed()),
            PartBody::Image(image) => {
                if matches!(image.detail, Some(Detail::Low | Detail::High | Detail::Original)) {
                    self.changes.hint("detail", "this API sets it for the whole request");
                }
                self.media(index, &image.media, "image/jpeg");
            }
            PartBody::Audio(media) => self.media(index, media, "audio/mp3"),
            PartBody::Video(media) => self.media(index, media, "video/mp4"),
            PartBody::Document(document) => self.document(index, document),
            PartBody::Thinking { text, seal } => self.thought(text, seal.as_ref()),
            PartBody::Redacted(_) => self.note_thought(),
            PartBody::ToolCall(call) => self.call(index, call)?,
            PartBody::ToolResult(result) => self.result(index, result)?,
        }
        Ok(())
    }

    fn push(&mut self, piece: Piece<'c>) {
        if let Some(content) = self.contents.last_mut() {
            content.others.push(piece);
        }
    }

    fn push_text(&mut self, text: Text<'c>) {
        if !text.is_blank() {
            self.push(Piece::Text(text));
        }
    }

    /// Files at an address are fetched by the API. Source: ai.google.dev/gemini-api/docs/file-input-methods, read 2026-11.
    fn media(&mut self, index: usize, media: &'c Media<'_>, usual: &'static str) {
        match media {
            Media::Base64 { media_type, data } => self.push(Piece::Blob { media_type, data }),
            Media::Url { url, media_type } => {
                let guessed = media_type.as_deref().or_else(|| encoding::media_type_of_url(url));
                self.push(Piece::File { uri: url, media_type: Some(guessed.unwrap_or(usual)) });
            }
            Media::File { at: Dialect::Gemini, id } => {
                self.push(Piece::File { uri: id, media_type: encoding::media_type_of_url(id) });
            }
            Media::File { .. } => self.lost(index, "the file is at another provider: send it in the request"),
        }
    }

    fn document(&mut self, index: usize, document: &'c Document<'_>) {
        if document.wants_citations {
            self.lost(index, "this API does not cite documents");
        }
        for words in [&document.title, &document.context].into_iter().flatten() {
            self.push_text(words.borrowed());
        }
        match &document.source {
            DocumentSource::Media(media) => self.media(index, media, "application/pdf"),
            DocumentSource::Text(text) => self.push_text(text.borrowed()),
            DocumentSource::Parts(parts) => {
                for part in parts {
                    match &part.body {
                        PartBody::Text { text, .. } => self.push_text(text.borrowed()),
                        PartBody::Image(image) => self.media(index, &image.media, "image/jpeg"),
                        _ => self.lost(index, "a document's parts are texts and images"),
                    }
                }
            }
        }
    }

    fn thought(&mut self, text: &'c Text<'c>, seal: Option<&'c Seal<'_>>) {
        match seal.filter(|seal| seal.by == Dialect::Gemini) {
            Some(seal) => self.push(Piece::Thought { text, signature: &seal.data }),
            None => self.note_thought(),
        }
    }

    fn note_thought(&mut self) {
        self.changes
            .hint("thinking", "thoughts without a signature of this provider's say nothing to its models");
    }

    fn call(&mut self, index: usize, call: &'c ToolCall<'_>) -> Result<(), Refusal> {
        let arguments = call.arguments.trim();
        let arguments: Cow<'c, str> = if call.is_custom {
            Cow::Owned(serde_json::json!({ "input": &*call.arguments }).to_string())
        } else if arguments.is_empty() {
            Cow::Borrowed("{}")
        } else if arguments.starts_with('{') && serde_json::from_str::<&RawValue>(arguments).is_ok() {
            Cow::Borrowed(arguments)
        } else {
            return Err(self.invalid(index, "arguments", "the arguments of a call have to be a JSON object"));
        };
        self.calls.push((&call.id, &call.name));
        let own = call.seal.as_ref().filter(|seal| seal.by == Dialect::Gemini);
        let signature = own.map(|seal| &*seal.data);
        self.push(Piece::Call { name: &call.name, arguments, signature });
        Ok(())
    }

    fn result(&mut self, index: usize, result: &'c ToolResult<'_>) -> Result<(), Refusal> {
        let place = self.calls.iter().rposition(|(id, _)| result.call_id == *id);
        let name = place.map(|place| self.calls[place].1).or(result.name.as_deref());
        let Some(name) = name else {
            let why = format!("no call of the id `{}` comes before its result", result.call_id);
            return Err(self.invalid(index, "tool_call_id", &why));
        };
        let response = self.response(index, result);
        if let Some(content) = self.contents.last_mut() {
            content.results.push((place.unwrap_or(usize::MAX), Piece::Result { name, response }));
        }
        Ok(())
    }

    fn response(&mut self, index: usize, result: &'c ToolResult<'_>) -> Response<'c> {
        let mut texts: Vec<&'c Text<'c>> = Vec::new();
        for part in &result.content {
            self.note_cache(part);
            match &part.body {
                PartBody::Text { text, .. } => texts.push(text),
                PartBody::Image(image) => self.media(index, &image.media, "image/jpeg"),
                PartBody::Document(document) => self.document(index, document),
                _ => self.lost(index, "results are texts, images and documents"),
            }
        }
        match texts.as_slice() {
            _ if result.is_error => Response::Text("error", joined(&texts)),
            [only] if is_object(only) => Response::Object(only.trim()),
            _ => Response::Text("result", joined(&texts)),
        }
    }

    fn finish(self) -> Vec<Content<'c>> {
        let sorted = |mut draft: Draft<'c>| {
            draft.results.sort_by_key(|(place, _)| *place);
            let results = draft.results.into_iter().map(|(_, piece)| piece);
            Content { role: draft.role, pieces: results.chain(draft.others).collect() }
        };
        self.contents.into_iter().map(sorted).collect()
    }

    fn note_cache(&mut self, part: &Part<'_>) {
        if part.cache.is_some() {
            self.changes.hint("cache_control", "this API caches of its own accord");
        }
    }

    fn lost(&mut self, index: usize, why: &'static str) {
        self.changes.lost(format!("messages.{}.content.{index}", self.turn), why);
    }

    fn invalid(&self, index: usize, field: &str, why: &str) -> Refusal {
        Refusal::InvalidField {
            field: format!("messages.{}.content.{index}.{field}", self.turn),
            why: why.into(),
        }
    }
}

fn joined<'c>(texts: &[&'c Text<'c>]) -> Text<'c> {
    match texts {
        [only] => only.borrowed(),
        several => several.iter().map(|text| &***text).collect::<Vec<_>>().join("\n").into(),
    }
}

fn is_object(text: &Text<'_>) -> bool {
    text.first() == Some('{') && serde_json::from_str::<&RawValue>(text).is_ok()
}

/// Marks the first call of every step that has no signature: models of Gemini 3 and later refuse a request in which it is
/// missing. Source: ai.google.dev/gemini-api/docs/thought-signatures, read 2026-11.
pub(super) fn sign_first_calls(contents: &mut [Content<'_>]) {
    for content in contents {
        let first = content.pieces.iter_mut().find_map(|piece| match piece {
            Piece::Call { signature, .. } => Some(signature),
            _ => None,
        });
        if let Some(signature @ None) = first {
            *signature = Some(encoding::NO_SIGNATURE);
        }
    }
}

/// About how many bytes a piece takes.
pub(super) fn size_of(piece: &Piece<'_>) -> usize {
    let content = match piece {
        Piece::Text(text) | Piece::Result { response: Response::Text(_, text), .. } => text.room(),
        Piece::Blob { data, .. } => data.size(),
        Piece::File { uri, .. } => uri.len(),
        Piece::Thought { text, signature } => text.room() + signature.len(),
        Piece::Call { arguments, signature, .. } => arguments.len() + signature.map_or(0, str::len),
        Piece::Result { response: Response::Object(text), .. } => text.len(),
    };
    content + 64
}

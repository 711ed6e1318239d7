//! The conversation of a request, read: `systemInstruction` and `contents` with all kinds of parts.
//!
//! SDKs keep a streamed answer as many contents of many pieces, so consecutive pieces of the model's are joined again: a
//! thought's signature holds for the whole of it.

use std::borrow::Cow;
use std::collections::VecDeque;

use paceway_domain::{Dialect, Refusal};
use serde_json::value::RawValue;

use super::{encoding, names};
use crate::changes::Changes;
use crate::fields::shortened;
use crate::known::ElementList;
use crate::neutral::{
    Document, DocumentSource, Image, Media, Part, PartBody, Role, Text, ToolCall, ToolResult, Turn,
};
use crate::object::{Object, Path, is_string, text};
use crate::seals;

/// Parts of a part that say nothing to another provider's model.
const PART_HINTS: [&str; 4] = ["partMetadata", "mediaResolution", "mediaProcessing", "speechMetadata"];
/// What the API itself runs and tells of; nothing that was said.
const SERVER_SIDE: [&str; 4] = ["executableCode", "codeExecutionResult", "toolCall", "toolResponse"];

/// Reads `systemInstruction`: a content, or, as some clients send it, a mere text.
pub(super) fn read_system<'a>(
    raw: &'a RawValue,
    path: Path<'_>,
    turns: &mut Vec<Turn<'a>>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    if is_string(raw) {
        push(turns, Role::System, Part::text(text(raw, &path)?));
        drop_blank(turns);
        return Ok(());
    }
    let mut content = Object::read(raw, path)?;
    content.take("role");
    let Some(parts) = content.take("parts") else { return Ok(()) };
    let path = content.path.name("parts");
    for (index, raw) in names::one_or_more(parts, &path, "an array of parts")?.into_iter().enumerate() {
        let path = path.index(index);
        let mut part = Object::read(raw, path)?;
        match names::text(&mut part, "text")? {
            Some(text) => push(turns, Role::System, Part::text(text)),
            None => changes.lost(path.to_string(), "instructions are texts in other providers' APIs"),
        }
    }
    names::note_unread(&content, &[], changes);
    drop_blank(turns);
    Ok(())
}

/// Reads `contents`.
pub(super) fn read<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    turns: &mut Vec<Turn<'a>>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let mut reader = Reader { turns, changes, calls: VecDeque::new() };
    for (index, raw) in names::one_or_more(raw, path, "an array of contents")?.into_iter().enumerate() {
        reader.content(raw, path.index(index), index)?;
    }
    drop_blank(reader.turns);
    Ok(())
}

/// A call that has no result yet.
struct OpenCall<'a> {
    id: Text<'a>,
    name: Text<'a>,
}

struct Reader<'a, 'r> {
    turns: &'r mut Vec<Turn<'a>>,
    changes: &'r mut Changes,
    calls: VecDeque<OpenCall<'a>>,
}

impl<'a> Reader<'a, '_> {
    fn content(&mut self, raw: &'a RawValue, path: Path<'_>, turn: usize) -> Result<(), Refusal> {
        let mut content = Object::read(raw, path)?;
        let role = match content.text("role")?.as_deref() {
            None | Some("user" | "function" | "") => Role::User,
            Some("model") => Role::Assistant,
            Some(other) => {
                return Err(path.name("role").invalid(format!("expected `user` or `model`, got `{other}`")));
            }
        };
        let parts_path = path.name("parts");
        let parts = match content.take("parts") {
            Some(raw) => names::one_or_more(raw, &parts_path, "an array of parts")?,
            None => ElementList::new(),
        };
        if role == Role::User {
            // Consecutive messages of the user's stay apart: nothing says that they are pieces of one.
            self.turns.push(Turn { role, name: None, parts: Vec::new() });
        }
        for (index, raw) in parts.into_iter().enumerate() {
            self.part(raw, parts_path.index(index), role, &format!("call_{turn}_{index}"))?;
        }
        names::note_unread(&content, &[], self.changes);
        Ok(())
    }

    fn part(
        &mut self,
        raw: &'a RawValue,
        path: Path<'_>,
        role: Role,
        made_up_id: &str,
    ) -> Result<(), Refusal> {
        let mut part = Object::read(raw, path)?;
        let is_thought = part.value("thought", "true or false")?.unwrap_or(false);
        let mut seal = names::text(&mut part, "thoughtSignature")?.and_then(encoding::seal);
        if let Some(text) = part.text("text")? {
            if is_thought {
                self.push(role, PartBody::Thinking { text, seal: seal.take() });
            } else {
                self.push(role, PartBody::Text { text, citations: Vec::new() });
            }
        } else if let Some(raw) = names::take(&mut part, "functionCall") {
            let call = self.call(raw, path.name("functionCall"), made_up_id)?;
            self.push(role, PartBody::ToolCall(ToolCall { seal: seal.take().or(call.seal), ..call }));
        } else if let Some(raw) = names::take(&mut part, "functionResponse") {
            let result = self.result(raw, path.name("functionResponse"), made_up_id)?;
            self.push(role, PartBody::ToolResult(result));
        } else if let Some(raw) = names::take(&mut part, "inlineData") {
            let body = inline_data(raw, path.name("inlineData"), self.changes)?;
            self.push(role, body);
        } else if let Some(raw) = names::take(&mut part, "fileData") {
            let body = file_data(raw, path.name("fileData"), self.changes)?;
            self.push(role, body);
        } else if is_thought && seal.as_ref().is_some_and(|seal| seal.by != Dialect::Gemini) {
            // Only we write a thought without words: one that its own provider had hidden.
            self.turn(role).push(Part::new(PartBody::Redacted(seal.take().expect("it was just looked at"))));
        }
        if let Some(seal) = seal {
            self.push(role, PartBody::Thinking { text: "".into(), seal: Some(seal) });
        }
        for name in SERVER_SIDE {
            if names::take(&mut part, name).is_some() {
                self.changes.hint(path.name(name).to_string(), "another provider's model did not run it");
            }
        }
        names::note_unread(&part, &PART_HINTS, self.changes);
        Ok(())
    }

    fn push(&mut self, role: Role, body: PartBody<'a>) {
        push(self.turns, role, Part::new(body));
    }

    fn turn(&mut self, role: Role) -> &mut Vec<Part<'a>> {
        turn_of(self.turns, role)
    }

    fn call(&mut self, raw: &'a RawValue, path: Path<'_>, made_up_id: &str) -> Result<ToolCall<'a>, Refusal> {
        let mut call = Object::read(raw, path)?;
        let given = call.text("id")?.filter(|id| !id.is_empty());
        let (id, seal) = match given {
            Some(id) => seals::split_id(id),
            None => (made_up_id.to_owned().into(), None),
        };
        let name = call.need_text("name")?;
        let arguments = match call.take("args") {
            Some(raw) if raw.get().starts_with('{') => raw.get(),
            Some(raw) => {
                let why = format!("expected an object, got {}", shortened(raw.get()));
                return Err(path.name("args").invalid(why));
            }
            None => "{}",
        };
        names::note_unread(&call, &["willContinue", "partialArgs"], self.changes);
        self.calls.push_back(OpenCall { id: id.clone(), name: name.clone() });
        let arguments = Cow::Borrowed(arguments);
        Ok(ToolCall { id, name, namespace: None, arguments: arguments.into(), is_custom: false, seal })
    }

    fn result(
        &mut self,
        raw: &'a RawValue,
        path: Path<'_>,
        made_up_id: &str,
    ) -> Result<ToolResult<'a>, Refusal> {
        let mut result = Object::read(raw, path)?;
        let name = result.text("name")?.filter(|name| !name.is_empty());
        let given = result.text("id")?.filter(|id| !id.is_empty()).map(|id| seals::split_id(id).0);
        let place = self.calls.iter().position(|call| match (&given, &name) {
            (Some(id), _) => call.id == *id,
            (None, Some(name)) => call.name == *name,
            (None, None) => true,
        });
        let answered = place.and_then(|place| self.calls.remove(place));
        let call_id =
            given.or_else(|| answered.map(|call| call.id)).unwrap_or_else(|| made_up_id.to_owned().into());
        let (content, is_error) = match result.take("response") {
            Some(raw) => response(raw, &path.name("response"))?,
            None => (None, false),
        };
        let mut content: Vec<Part<'a>> = content.map(Part::text).into_iter().collect();
        if let Some(raw) = result.take("parts") {
            let path = path.name("parts");
            for (index, raw) in names::one_or_more(raw, &path, "an array of parts")?.into_iter().enumerate() {
                content.extend(result_part(raw, path.index(index), self.changes)?.map(Part::new));
            }
        }
        names::note_unread(&result, &["willContinue", "scheduling"], self.changes);
        Ok(ToolResult { call_id, name, content, is_error, is_custom: false })
    }
}

/// The text in a function's response, and whether it is an error. The API looks for `output` and `error`; SDKs that call
/// functions themselves write `result`.
fn response<'a>(raw: &'a RawValue, path: &Path<'_>) -> Result<(Option<Text<'a>>, bool), Refusal> {
    let mut object = Object::read(raw, *path)?;
    let names: Vec<&str> = object.unread().take(2).collect();
    let only = match names.as_slice() {
        [name @ ("result" | "output" | "error")] => Some((*name).to_owned()),
        _ => None,
    };
    let Some(name) = only else { return Ok((Some(Text::of(raw.get())), false)) };
    let is_error = name == "error";
    let Some(inner) = object.take(&name) else { return Ok((None, is_error)) };
    let text = if is_string(inner) { text(inner, path)? } else { Text::of(inner.get()) };
    Ok((Some(text).filter(|text| !text.is_blank()), is_error))
}

fn result_part<'a>(
    raw: &'a RawValue,
    path: Path<'_>,
    changes: &mut Changes,
) -> Result<Option<PartBody<'a>>, Refusal> {
    let mut part = Object::read(raw, path)?;
    let body = if let Some(raw) = names::take(&mut part, "inlineData") {
        Some(inline_data(raw, path.name("inlineData"), changes)?)
    } else if let Some(raw) = names::take(&mut part, "fileData") {
        Some(file_data(raw, path.name("fileData"), changes)?)
    } else {
        None
    };
    names::note_unread(&part, &PART_HINTS, changes);
    Ok(body)
}

fn inline_data<'a>(
    raw: &'a RawValue,
    path: Path<'_>,
    changes: &mut Changes,
) -> Result<PartBody<'a>, Refusal> {
    let mut blob = Object::read(raw, path)?;
    let media_type = encoding::media_type(names::need_media_type(&mut blob, "mimeType")?);
    let data = encoding::standard(blob.need_filled("data")?);
    let title = names::text(&mut blob, "displayName")?;
    names::note_unread(&blob, &[], changes);
    let kind = kind_of(&media_type);
    Ok(body(kind, Media::Base64 { media_type, data }, title))
}

fn file_data<'a>(raw: &'a RawValue, path: Path<'_>, changes: &mut Changes) -> Result<PartBody<'a>, Refusal> {
    let mut file = Object::read(raw, path)?;
    let url = names::need_text(&mut file, "fileUri")?;
    let media_type = names::text(&mut file, "mimeType")?.map(encoding::media_type);
    let title = names::text(&mut file, "displayName")?;
    names::note_unread(&file, &[], changes);
    let guessed = media_type.as_deref().or_else(|| encoding::media_type_of_url(&url));
    let is_film = url.contains("youtube.com/") || url.contains("youtu.be/");
    let kind = guessed.map_or(if is_film { Kind::Video } else { Kind::Document }, kind_of);
    let is_uploaded = !url.starts_with("http") || url.contains("generativelanguage.googleapis.com/");
    let media = if is_uploaded {
        Media::File { at: Dialect::Gemini, id: url }
    } else {
        Media::Url { url, media_type }
    };
    Ok(body(kind, media, title))
}

#[derive(Clone, Copy)]
enum Kind {
    Image,
    Audio,
    Video,
    Document,
}

fn kind_of(media_type: &str) -> Kind {
    match media_type.split('/').next() {
        Some("image") => Kind::Image,
        Some("audio") => Kind::Audio,
        Some("video") => Kind::Video,
        _ => Kind::Document,
    }
}

fn body<'a>(kind: Kind, media: Media<'a>, title: Option<Text<'a>>) -> PartBody<'a> {
    match kind {
        Kind::Image => PartBody::Image(Image { media, detail: None }),
        Kind::Audio => PartBody::Audio(media),
        Kind::Video => PartBody::Video(media),
        Kind::Document => PartBody::Document(Document {
            source: DocumentSource::Media(media),
            title,
            context: None,
            wants_citations: false,
        }),
    }
}

/// The parts of the last turn if it is this role's, else of a new one.
fn turn_of<'t, 'a>(turns: &'t mut Vec<Turn<'a>>, role: Role) -> &'t mut Vec<Part<'a>> {
    if turns.last().is_none_or(|turn| turn.role != role) {
        turns.push(Turn { role, name: None, parts: Vec::new() });
    }
    &mut turns.last_mut().expect("one was just pushed").parts
}

/// Appends a part, or what it says to the last part if both are pieces of one thing that the model said.
fn push<'a>(turns: &mut Vec<Turn<'a>>, role: Role, part: Part<'a>) {
    let parts = turn_of(turns, role);
    if role == Role::Assistant
        && let Some(last) = parts.last_mut()
        && join(&mut last.body, &part)
    {
        return;
    }
    parts.push(part);
}

fn join<'a>(last: &mut PartBody<'a>, next: &Part<'a>) -> bool {
    match (last, &next.body) {
        (PartBody::Text { text, .. }, PartBody::Text { text: more, .. }) => {
            text.push_str(more);
            true
        }
        (
            PartBody::Thinking { text, seal: seal @ None },
            PartBody::Thinking { text: more, seal: next_seal },
        ) => {
            text.push_str(more);
            seal.clone_from(next_seal);
            true
        }
        _ => false,
    }
}

/// Takes out texts without a word and turns without a part.
fn drop_blank(turns: &mut Vec<Turn<'_>>) {
    for turn in turns.iter_mut() {
        turn.parts.retain(|part| match &part.body {
            PartBody::Text { text, .. } => !text.is_blank(),
            PartBody::Thinking { text, seal } => seal.is_some() || !text.is_blank(),
            _ => true,
        });
    }
    turns.retain(|turn| !turn.parts.is_empty());
}

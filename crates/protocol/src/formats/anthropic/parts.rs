//! Parts of messages: which of them can be sent, and how they are written as content blocks.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paceway_domain::{Dialect, Refusal};
use serde_json::value::RawValue;

use super::wire;
use crate::changes::Changes;
use crate::compose::{ArrayWriter, Joined, ObjectWriter};
use crate::neutral::{
    CacheMark, Detail, Document, DocumentSource, Form, Media, Part, PartBody, Role, Seal, ToolCall,
    ToolResult,
};
use crate::object::Path;

/// Pictures that the API takes.
const PICTURES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Where a part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    System,
    User,
    Assistant,
    Result,
    Document,
}

impl Place {
    /// In a turn of this role.
    pub(super) fn of(role: Role) -> Self {
        match role {
            Role::System => Self::System,
            Role::User => Self::User,
            Role::Assistant => Self::Assistant,
        }
    }
}

/// Notes what of a part cannot be sent; `false` if nothing of it can.
///
/// # Errors
/// If a call's arguments are no JSON object, which no leave to drop would make sendable.
pub(super) fn check(
    part: &Part<'_>,
    place: Place,
    path: &Path<'_>,
    changes: &mut Changes,
) -> Result<bool, Refusal> {
    let is_sendable = is_sendable(&part.body, place);
    match &part.body {
        // It is blank.
        PartBody::Text { .. } if !is_sendable => return Ok(false),
        PartBody::Text { citations, .. } if !citations.is_empty() => {
            changes.hint(format!("{path}.citations"), "sources of earlier answers have no form here");
        }
        PartBody::Thinking { .. } | PartBody::Redacted(_) if !is_sendable => {
            changes.hint(path, "a thought that Claude has not sealed is of no use to it");
            return Ok(false);
        }
        PartBody::ToolCall(call) if is_sendable => {
            if !is_object(arguments(call)) {
                return Err(Refusal::InvalidField {
                    field: format!("{path}.arguments"),
                    why: "expected the text of a JSON object, which Claude models need".into(),
                });
            }
            if call.seal.as_ref().is_some_and(|seal| seal.by != Dialect::Anthropic) {
                changes
                    .hint(format!("{path}.signature"), "another provider's signature is of no use to Claude");
            }
        }
        PartBody::ToolResult(result) if is_sendable => {
            check_all(&result.content, Place::Result, path, changes)?;
        }
        PartBody::Image(image) if is_sendable => {
            if matches!(image.detail, Some(Detail::Low | Detail::High | Detail::Original)) {
                changes.hint(format!("{path}.detail"), "this API has none");
            }
        }
        PartBody::Document(document) if is_sendable => {
            if let DocumentSource::Parts(parts) = &document.source {
                check_all(parts, Place::Document, path, changes)?;
            }
        }
        _ => {}
    }
    if !is_sendable {
        changes.lost(path, "Claude models do not take this kind of content here");
    }
    Ok(is_sendable)
}

fn check_all(
    parts: &[Part<'_>],
    place: Place,
    path: &Path<'_>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let content = path.name("content");
    for (index, part) in parts.iter().enumerate() {
        check(part, place, &content.index(index), changes)?;
    }
    Ok(())
}

/// Whether a part can be sent where it stands.
fn is_sendable(body: &PartBody<'_>, place: Place) -> bool {
    use Place::{Assistant, Result, System, User};
    match body {
        PartBody::Text { text, .. } => !text.is_blank(),
        PartBody::Refusal(text) => place == Assistant && !text.is_blank(),
        PartBody::Image(image) => !matches!(place, System | Assistant) && is_picture(&image.media),
        PartBody::Document(document) => matches!(place, User | Result) && is_document(&document.source),
        PartBody::Thinking { seal, .. } => place == Assistant && seal.as_ref().is_some_and(is_own),
        PartBody::Redacted(seal) => place == Assistant && is_own(seal),
        PartBody::ToolCall(_) => place == Assistant,
        PartBody::ToolResult(_) => place == User,
        PartBody::Audio(_) | PartBody::Video(_) => false,
    }
}

fn is_own(seal: &Seal<'_>) -> bool {
    seal.by == Dialect::Anthropic && !seal.data.is_empty()
}

fn is_picture(media: &Media<'_>) -> bool {
    match media {
        Media::Base64 { media_type, .. } => PICTURES.contains(&&**media_type),
        Media::Url { .. } => true,
        Media::File { at, .. } => *at == Dialect::Anthropic,
    }
}

fn is_document(source: &DocumentSource<'_>) -> bool {
    match source {
        DocumentSource::Media(Media::Base64 { media_type, data }) => {
            media_type == "application/pdf" || decoded(media_type, data).is_some()
        }
        DocumentSource::Media(Media::Url { media_type, .. }) => {
            media_type.as_ref().is_none_or(|media_type| media_type == "application/pdf")
        }
        DocumentSource::Media(Media::File { at, .. }) => *at == Dialect::Anthropic,
        DocumentSource::Text(text) => !text.is_blank(),
        DocumentSource::Parts(parts) => parts.iter().any(|part| is_sendable(&part.body, Place::Document)),
    }
}

/// The words of a text file.
fn decoded(media_type: &str, data: &str) -> Option<String> {
    let is_text = media_type.starts_with("text/") || media_type == "application/json";
    let bytes = is_text.then(|| STANDARD.decode(data).ok()).flatten()?;
    String::from_utf8(bytes).ok().filter(|text| !text.trim().is_empty())
}

fn arguments<'c>(call: &'c ToolCall<'_>) -> &'c str {
    let arguments = call.arguments.trim();
    if arguments.is_empty() { "{}" } else { arguments }
}

fn is_object(json: &str) -> bool {
    json.starts_with('{') && serde_json::from_str::<&RawValue>(json).is_ok()
}

/// How many more parts may be marked for the cache: the API takes four marks a request.
#[derive(Debug)]
pub(super) struct Marks {
    left: u8,
}

impl Marks {
    /// None is used yet.
    pub(super) fn new() -> Self {
        Self { left: 4 }
    }

    /// Writes `cache_control` if there is a mark and one is left.
    pub(super) fn write(
        &mut self,
        object: &mut ObjectWriter<'_>,
        mark: Option<CacheMark>,
        changes: &mut Changes,
    ) {
        let Some(mark) = mark else { return };
        let Some(left) = self.left.checked_sub(1) else {
            changes.hint("cache_control", "this API takes four marks a request: later ones were left out");
            return;
        };
        self.left = left;
        object.object("cache_control", |control| {
            control.field("type", "ephemeral");
            control.maybe("ttl", (mark == CacheMark::OneHour).then_some("1h"));
        });
    }
}

/// Writes content blocks.
pub(super) struct BlockWriter<'w> {
    pub(super) marks: &'w mut Marks,
    pub(super) changes: &'w mut Changes,
}

impl BlockWriter<'_> {
    /// Writes a text, which may be another than the part's own.
    pub(super) fn text(
        &mut self,
        array: &mut ArrayWriter<'_>,
        pieces: &[Form<'_>],
        cache: Option<CacheMark>,
    ) {
        array.object(|block| {
            block.field("type", "text").field("text", &Joined(pieces));
            self.marks.write(block, cache, self.changes);
        });
    }

    /// Writes a part that has been checked; nothing for one that cannot be sent.
    pub(super) fn part(&mut self, array: &mut ArrayWriter<'_>, part: &Part<'_>, place: Place) {
        if !is_sendable(&part.body, place) {
            return;
        }
        match &part.body {
            PartBody::Text { text, .. } | PartBody::Refusal(text) => {
                self.text(array, &[text.form()], part.cache);
            }
            PartBody::Thinking { text, seal: Some(seal) } => array.object(|block| {
                block.field("type", "thinking").field("thinking", text).field("signature", &seal.data);
            }),
            PartBody::Redacted(seal) => array.object(|block| {
                block.field("type", "redacted_thinking").field("data", &seal.data);
            }),
            body => array.object(|block| {
                match body {
                    PartBody::Image(image) => {
                        block
                            .field("type", "image")
                            .object("source", |source| write_media(source, &image.media));
                    }
                    PartBody::Document(document) => self.document(block, document),
                    PartBody::ToolCall(call) => {
                        block
                            .field("type", "tool_use")
                            .field("id", &*wire::call_id(&call.id))
                            .field("name", &call.name)
                            .raw("input", arguments(call));
                    }
                    PartBody::ToolResult(result) => self.tool_result(block, result),
                    _ => unreachable!("every other kind is written above or cannot be sent"),
                }
                self.marks.write(block, part.cache, self.changes);
            }),
        }
    }

    fn tool_result(&mut self, block: &mut ObjectWriter<'_>, result: &ToolResult<'_>) {
        block.field("type", "tool_result").field("tool_use_id", &*wire::call_id(&result.call_id));
        if result.content.iter().any(|part| is_sendable(&part.body, Place::Result)) {
            block.array("content", |array| {
                for part in &result.content {
                    self.part(array, part, Place::Result);
                }
            });
        }
        block.maybe("is_error", result.is_error.then_some(&true));
    }

    fn document(&mut self, block: &mut ObjectWriter<'_>, document: &Document<'_>) {
        block.field("type", "document").object("source", |source| self.document_source(source, document));
        block.maybe("title", document.title.as_deref()).maybe("context", document.context.as_deref());
        if document.wants_citations {
            block.object("citations", |citations| {
                citations.field("enabled", &true);
            });
        }
    }

    fn document_source(&mut self, source: &mut ObjectWriter<'_>, document: &Document<'_>) {
        let words = match &document.source {
            DocumentSource::Text(text) => Some(Cow::Borrowed(&**text)),
            DocumentSource::Media(Media::Base64 { media_type, data }) if media_type != "application/pdf" => {
                decoded(media_type, data).map(Cow::Owned)
            }
            _ => None,
        };
        match (&document.source, words) {
            (_, Some(words)) => {
                source.field("type", "text").field("media_type", "text/plain").field("data", &words);
            }
            (DocumentSource::Media(media), None) => write_media(source, media),
            (DocumentSource::Parts(parts), None) => {
                source.field("type", "content").array("content", |array| {
                    for part in parts {
                        self.part(array, part, Place::Document);
                    }
                });
            }
            (DocumentSource::Text(_), None) => unreachable!("words are written above"),
        }
    }
}

fn write_media(source: &mut ObjectWriter<'_>, media: &Media<'_>) {
    match media {
        Media::Base64 { media_type, data } => {
            source.field("type", "base64").field("media_type", media_type).field("data", data);
        }
        Media::Url { url, .. } => {
            source.field("type", "url").field("url", url);
        }
        Media::File { id, .. } => {
            source.field("type", "file").field("file_id", id);
        }
    }
}

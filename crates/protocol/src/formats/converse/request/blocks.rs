//! Content blocks, written: what the model is sent of each part. Which parts are sent is decided before.

use std::borrow::Cow;

use paceway_domain::{Dialect, Refusal};
use serde_json::value::RawValue;

use super::files::{self, File};
use super::messages::{self, Message, Placed, words};
use super::tools::write_cache_point;
use crate::changes::Changes;
use crate::compose::{ArrayWriter, ObjectWriter};
use crate::formats::converse::media::Use;
use crate::formats::converse::model::{Family, Model};
use crate::neutral::{CacheMark, Document, DocumentSource, Form, Part, PartBody, Role, ToolCall, ToolResult};
use crate::seals;

/// The longest id of a call; letters, digits, `_`, `.`, `:` and `-` (`ToolUseId`).
const LONGEST_ID: usize = 64;
/// The longest name of a document.
const LONGEST_NAME: usize = 200;

/// Writes the blocks of a request.
pub(crate) struct BlockWriter<'w> {
    pub(crate) model: Model,
    pub(crate) changes: &'w mut Changes,
    /// Names that documents of this request have: two may not have one.
    names: Vec<String>,
    refusal: Option<Refusal>,
}

impl<'w> BlockWriter<'w> {
    pub(crate) fn new(model: Model, changes: &'w mut Changes) -> Self {
        Self { model, changes, names: Vec::new(), refusal: None }
    }

    /// What stood against sending what was written.
    pub(crate) fn finish(self) -> Result<(), Refusal> {
        self.refusal.map_or(Ok(()), Err)
    }

    /// Writes the texts of a system prompt.
    pub(crate) fn system(&mut self, parts: &[Placed<'_>], list: &mut ArrayWriter<'_>) {
        for placed in parts {
            if let Some(text) = words(&placed.part.body) {
                write_text(text.form(), list);
                self.mark(placed.part, list);
            }
        }
    }

    /// Writes a message. White space at the very end is refused where the model is to go on with its own words.
    pub(crate) fn message(&mut self, message: &Message<'_>, is_last: bool, list: &mut ArrayWriter<'_>) {
        let role = if message.role == Role::Assistant { "assistant" } else { "user" };
        list.object(|out| {
            out.field("role", role);
            out.array("content", |blocks| {
                let end = message.parts.len() - 1;
                for (place, placed) in message.parts.iter().enumerate() {
                    let is_end = is_last && place == end && message.role == Role::Assistant;
                    match words(&placed.part.body) {
                        Some(text) if is_end => write_text(text.trim_end().into(), blocks),
                        _ => self.block(placed, blocks),
                    }
                    self.mark(placed.part, blocks);
                }
                self.text_beside_documents(message, blocks);
            });
        });
    }

    /// A message with a document must have a text too (`Message.content`).
    fn text_beside_documents(&mut self, message: &Message<'_>, blocks: &mut ArrayWriter<'_>) {
        let document = message.parts.iter().find(|placed| matches!(placed.part.body, PartBody::Document(_)));
        let has_text = message.parts.iter().any(|placed| words(&placed.part.body).is_some());
        if let Some(document) = document.filter(|_| !has_text) {
            self.changes.adapted(document.field(), "words are put beside it: Amazon Bedrock demands some");
            write_text("See the attached document.".into(), blocks);
        }
    }

    fn block(&mut self, placed: &Placed<'_>, list: &mut ArrayWriter<'_>) {
        match &placed.part.body {
            PartBody::Text { text, .. } | PartBody::Refusal(text) => write_text(text.form(), list),
            PartBody::Thinking { text, seal } => list.object(|block| {
                block.object("reasoningContent", |thought| {
                    thought.object("reasoningText", |words| {
                        words.field("text", text);
                        let signature = seal.as_ref().map(|seal| seals::wrap(seal, Dialect::Converse));
                        words.maybe("signature", signature.as_ref());
                    });
                });
            }),
            PartBody::Redacted(seal) => list.object(|block| {
                block.object("reasoningContent", |thought| {
                    thought.field("redactedContent", &seals::wrap_base64(seal, Dialect::Converse));
                });
            }),
            PartBody::ToolCall(call) => self.call(call, placed, list),
            PartBody::ToolResult(result) => self.result(result, placed, list),
            PartBody::Document(document) => {
                list.object(|block| self.document(document, &|| placed.field(), block));
            }
            body => files::write(body, list),
        }
    }

    fn call(&mut self, call: &ToolCall<'_>, placed: &Placed<'_>, list: &mut ArrayWriter<'_>) {
        let input = match call.arguments.trim() {
            "" => "{}",
            arguments => arguments,
        };
        let is_object = input.starts_with('{') && serde_json::from_str::<&RawValue>(input).is_ok();
        if !is_object && self.refusal.is_none() {
            self.refusal = Some(Refusal::InvalidField {
                field: format!("{}.arguments", placed.field()),
                why: "Amazon Bedrock takes the arguments of a call only as a JSON object".into(),
            });
        }
        if call.seal.is_some() {
            self.changes.hint(placed.field(), "its signature goes back only to the model that made it");
        }
        list.object(|block| {
            block.object("toolUse", |out| {
                out.field("toolUseId", &self.id(&call.id)).field("name", &call.name);
                out.raw("input", if is_object { input } else { "{}" });
            });
        });
    }

    fn result(&mut self, result: &ToolResult<'_>, placed: &Placed<'_>, list: &mut ArrayWriter<'_>) {
        let has_status = matches!(self.model.family, Family::Claude | Family::Nova);
        list.object(|block| {
            block.object("toolResult", |out| {
                out.field("toolUseId", &self.id(&result.call_id));
                out.array("content", |content| {
                    let mut is_empty = true;
                    if result.is_error && !has_status {
                        self.changes.adapted(placed.field(), "that the tool failed is said in words");
                        write_text("The tool failed.".into(), content);
                        is_empty = false;
                    }
                    for (place, part) in result.content.iter().enumerate() {
                        let field = || format!("{}.content.{place}", placed.field());
                        if !messages::is_sendable_in_result(&part.body, self.model, field, self.changes) {
                            continue;
                        }
                        is_empty = false;
                        match &part.body {
                            PartBody::Text { text, .. } => write_text(text.form(), content),
                            PartBody::Document(document) => {
                                content.object(|block| self.document(document, &field, block));
                            }
                            body => files::write(body, content),
                        }
                    }
                    if is_empty {
                        self.changes.adapted(placed.field(), "an empty result is said in words");
                        write_text("(empty)".into(), content);
                    }
                });
                if result.is_error && has_status {
                    out.field("status", "error");
                }
            });
        });
    }

    fn document(
        &mut self,
        document: &Document<'_>,
        field: &dyn Fn() -> String,
        block: &mut ObjectWriter<'_>,
    ) {
        let name = self.document_name(document.title.as_deref(), field);
        block.object("document", |out| {
            let file = match &document.source {
                DocumentSource::Media(media) => File::of(media, Use::Document).ok(),
                _ => None,
            };
            out.field("format", file.as_ref().map_or("txt", |file| file.format)).field("name", &name);
            out.object("source", |source| match &document.source {
                DocumentSource::Text(text) => {
                    source.field("text", text);
                }
                DocumentSource::Parts(parts) => self.document_parts(parts, field, source),
                DocumentSource::Media(_) => {
                    if let Some(file) = &file {
                        file.write_source(source);
                    }
                }
            });
            out.maybe("context", document.context.as_ref());
            if document.wants_citations {
                out.object("citations", |citations| {
                    citations.field("enabled", &true);
                });
            }
        });
    }

    fn document_parts(
        &mut self,
        parts: &[Part<'_>],
        field: &dyn Fn() -> String,
        source: &mut ObjectWriter<'_>,
    ) {
        source.array("content", |content| {
            for (place, part) in parts.iter().enumerate() {
                match words(&part.body) {
                    Some(text) => write_text(text.form(), content),
                    None => self.changes.lost(
                        format!("{}.source.content.{place}", field()),
                        "Amazon Bedrock takes only texts as parts of a document",
                    ),
                }
            }
        });
    }

    /// A name of the characters that are allowed, which no other document of this request has.
    fn document_name(&mut self, title: Option<&str>, field: &dyn Fn() -> String) -> String {
        let mut name = String::new();
        for character in title.unwrap_or_default().chars() {
            match character {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '(' | ')' | '[' | ']' => name.push(character),
                _ if character.is_whitespace() && name.ends_with(' ') => {}
                _ if character.is_whitespace() => name.push(' '),
                _ => name.push('-'),
            }
        }
        name.truncate(LONGEST_NAME - " (999)".len());
        let base = match name.trim() {
            "" => "document".to_owned(),
            name => name.to_owned(),
        };
        let mut name = base.clone();
        let mut count = 1;
        while self.names.contains(&name) {
            count += 1;
            name = format!("{base} ({count})");
        }
        if title.is_some_and(|title| title != name) {
            self.changes
                .adapted(format!("{}.title", field()), "of the characters and length that are allowed");
        }
        self.names.push(name.clone());
        name
    }

    /// An id of the characters and length that are allowed, the same for a call and its result. Claude itself does not
    /// take `.` and `:`.
    fn id<'i>(&self, id: &'i str) -> Cow<'i, str> {
        let is_claude = self.model.family == Family::Claude;
        let is_allowed = |c: char| {
            c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || (matches!(c, '.' | ':') && !is_claude)
        };
        if (1..=LONGEST_ID).contains(&id.len()) && id.chars().all(is_allowed) {
            return Cow::Borrowed(id);
        }
        let mapped: String = id.chars().map(|c| if is_allowed(c) { c } else { '_' }).collect();
        if (1..=LONGEST_ID).contains(&mapped.len()) {
            return Cow::Owned(mapped);
        }
        // FNV-1a: long ids of one beginning stay apart.
        let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Cow::Owned(format!("{}-{hash:016x}", &mapped[..mapped.len().min(LONGEST_ID - 17)]))
    }

    /// Writes the cache point behind a part that is marked, where one may stand.
    fn mark(&mut self, part: &Part<'_>, list: &mut ArrayWriter<'_>) {
        let inner = match &part.body {
            PartBody::ToolResult(result) => result.content.iter().rev().find_map(|part| part.cache),
            _ => None,
        };
        let Some(mark) = part.cache.or(inner) else { return };
        let why = match &part.body {
            _ if !self.model.has_caches() => "this model has no prompt cache",
            PartBody::Thinking { .. } | PartBody::Redacted(_) => "no cache point may follow a thought",
            PartBody::Document(document) if !is_pdf(document) => {
                // github.com/aws/aws-sdk-java-v2/issues/6277: refused right behind a document that Bedrock takes apart.
                "no cache point may follow a document other than a PDF"
            }
            _ => return self.write_mark(mark, list),
        };
        self.changes.hint("cache_control", why);
    }

    fn write_mark(&mut self, mark: CacheMark, list: &mut ArrayWriter<'_>) {
        write_cache_point(mark, self.model, list);
    }
}

fn is_pdf(document: &Document<'_>) -> bool {
    match &document.source {
        DocumentSource::Media(media) => File::of(media, Use::Document).is_ok_and(|file| file.format == "pdf"),
        _ => false,
    }
}

pub(crate) fn write_text(text: Form<'_>, list: &mut ArrayWriter<'_>) {
    list.object(|block| {
        block.field("text", &text);
    });
}

//! Turns written as messages: each result of a tool is a message of its own.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::changes::Changes;
use crate::compose::{ArrayWriter, Joined, ObjectWriter};
use crate::neutral::{
    Detail, Document, DocumentSource, Image, Media, Part, PartBody, Role, Text, ToolCall, ToolResult, Turn,
};

/// A piece of a message's content that can be sent.
enum Block<'b> {
    Text(Text<'b>),
    Thinking(&'b str),
    Image(&'b Image<'b>),
}

/// Writes turns.
pub(crate) struct TurnWriter<'w> {
    pub(crate) thinks: bool,
    pub(crate) changes: &'w mut Changes,
    /// How many messages were written that are not the system's.
    pub(crate) count: usize,
}

impl TurnWriter<'_> {
    pub(crate) fn turn(&mut self, turn: &Turn<'_>, place: usize, list: &mut ArrayWriter<'_>) {
        if turn.name.is_some() {
            self.changes.lost(format!("messages.{place}.name"), "Cohere has no names of speakers");
        }
        if turn.parts.iter().any(|part| part.cache.is_some()) {
            self.changes.hint("cache_control", "Cohere caches of its own accord");
        }
        let mut blocks = Vec::new();
        let mut calls = Vec::new();
        let mut thoughts = Vec::new();
        for (at, part) in turn.parts.iter().enumerate() {
            let field = || format!("messages.{place}.content.{at}");
            match &part.body {
                PartBody::Text { text, .. } | PartBody::Refusal(text) => push_text(text, &mut blocks),
                PartBody::Thinking { text, seal } => {
                    let is_told = seal.is_none() && turn.role == Role::Assistant && !text.is_blank();
                    if is_told {
                        thoughts.push((blocks.len(), &**text));
                    } else {
                        self.changes.hint(field(), "a thought goes back only to the model that had it");
                    }
                }
                PartBody::Redacted(_) => {
                    self.changes.hint(field(), "a thought goes back only to the model that had it");
                }
                PartBody::ToolCall(call) if turn.role == Role::Assistant => calls.push((call, field())),
                PartBody::ToolResult(result) if turn.role == Role::User => {
                    self.result(result, &field, list);
                }
                PartBody::Image(image) if turn.role == Role::User => self.image(image, &field, &mut blocks),
                PartBody::Document(document) if turn.role == Role::User => {
                    self.document(document, &field, &mut blocks);
                }
                PartBody::Image(_) | PartBody::Document(_) => {
                    self.changes.lost(field(), "Cohere takes files only from the user");
                }
                PartBody::Audio(_) | PartBody::Video(_) => {
                    self.changes.lost(field(), "Cohere takes no recordings and no films");
                }
                PartBody::ToolCall(_) | PartBody::ToolResult(_) => {
                    self.changes.lost(field(), "calls are the model's and results are the user's");
                }
            }
        }
        let plan = self.thoughts(&thoughts, !calls.is_empty(), place, &mut blocks);
        self.message(turn.role, plan.as_deref(), &blocks, &calls, list);
    }

    /// Thoughts go in front of the words that they preceded where the model thinks, into the plan where it plans before
    /// it calls, and nowhere otherwise.
    fn thoughts<'b>(
        &mut self,
        thoughts: &[(usize, &'b str)],
        has_calls: bool,
        place: usize,
        blocks: &mut Vec<Block<'b>>,
    ) -> Option<String> {
        if self.thinks {
            for (at, text) in thoughts.iter().rev() {
                blocks.insert(*at, Block::Thinking(text));
            }
            return None;
        }
        if thoughts.is_empty() {
            return None;
        }
        if !has_calls {
            self.changes.hint(format!("messages.{place}.content"), "this model takes no thoughts back");
            return None;
        }
        let texts: Vec<_> = thoughts.iter().map(|(_, text)| *text).collect();
        Some(texts.join("\n"))
    }

    fn message(
        &mut self,
        role: Role,
        plan: Option<&str>,
        blocks: &[Block<'_>],
        calls: &[(&ToolCall<'_>, String)],
        list: &mut ArrayWriter<'_>,
    ) {
        let has_words = blocks.iter().any(|block| !matches!(block, Block::Thinking(_)));
        if !has_words && calls.is_empty() {
            return;
        }
        self.count += usize::from(role != Role::System);
        list.object(|message| {
            message.field(
                "role",
                match role {
                    Role::System => "system",
                    Role::User => "user",
                    Role::Assistant => "assistant",
                },
            );
            message.maybe("tool_plan", plan);
            match blocks {
                [] => {}
                [Block::Text(text)] => {
                    message.field("content", text);
                }
                blocks => {
                    message.array("content", |list| blocks.iter().for_each(|block| write_block(block, list)));
                }
            }
            if !calls.is_empty() {
                message.array("tool_calls", |list| {
                    for (call, field) in calls {
                        self.call(call, field, list);
                    }
                });
            }
        });
    }

    fn call(&mut self, call: &ToolCall<'_>, field: &str, list: &mut ArrayWriter<'_>) {
        if call.seal.is_some() {
            self.changes.hint(field, "its signature goes back only to the model that made it");
        }
        let arguments = if call.arguments.is_blank() { "{}" } else { &*call.arguments };
        list.object(|out| {
            out.field("id", id(&call.id)).field("type", "function");
            out.object("function", |function| {
                function.field("name", &call.name).field("arguments", arguments);
            });
        });
    }

    fn result(&mut self, result: &ToolResult<'_>, field: &dyn Fn() -> String, list: &mut ArrayWriter<'_>) {
        let mut blocks = Vec::new();
        if result.is_error {
            self.changes.adapted(field(), "that the tool failed is said in words");
            blocks.push(Block::Text("The tool failed.".into()));
        }
        for (at, part) in result.content.iter().enumerate() {
            let field = || format!("{}.content.{at}", field());
            match &part.body {
                PartBody::Text { text, .. } => push_text(text, &mut blocks),
                PartBody::Document(document) => self.document(document, &field, &mut blocks),
                _ => self.changes.lost(field(), "the result of a tool holds only texts"),
            }
        }
        if blocks.is_empty() {
            self.changes.adapted(field(), "an empty result is said in words");
            blocks.push(Block::Text("(empty)".into()));
        }
        self.count += 1;
        list.object(|message| {
            message.field("role", "tool").field("tool_call_id", id(&result.call_id));
            match blocks.as_slice() {
                [Block::Text(text)] => {
                    message.field("content", text);
                }
                blocks => {
                    message.array("content", |list| blocks.iter().for_each(|block| write_block(block, list)));
                }
            }
        });
    }

    fn image<'b>(&mut self, image: &'b Image<'b>, field: &dyn Fn() -> String, blocks: &mut Vec<Block<'b>>) {
        let why = match &image.media {
            Media::File { .. } => "a file uploaded to another provider cannot be read here",
            Media::Url { url, .. } if !url.starts_with("http") => "Cohere fetches pictures only from the web",
            Media::Base64 { media_type, .. } if !media_type.starts_with("image/") => "it is no picture",
            _ => {
                if image.detail == Some(Detail::Original) {
                    self.changes.adapted(format!("{}.detail", field()), "high is the most");
                }
                blocks.push(Block::Image(image));
                return;
            }
        };
        self.changes.lost(field(), why);
    }

    /// Documents of words are sent as words; others cannot be.
    fn document<'b>(
        &mut self,
        document: &'b Document<'b>,
        field: &dyn Fn() -> String,
        blocks: &mut Vec<Block<'b>>,
    ) {
        if let DocumentSource::Parts(parts) = &document.source
            && parts.iter().any(|part| matches!(part.body, PartBody::Image(_)))
        {
            self.illustrated(document, parts, field, blocks);
            return;
        }
        let Some(words) = words_of(document).filter(|words| !words.trim().is_empty()) else {
            self.changes.lost(field(), "Cohere takes documents only as texts");
            return;
        };
        self.note_citations(document, field);
        self.changes.adapted(field(), "sent as a text");
        let head = head_of(document);
        let text = if head.is_empty() { words } else { Cow::Owned(format!("{head}\n\n{words}")) };
        blocks.push(Block::Text(text.into()));
    }

    /// A document with pictures among its words.
    fn illustrated<'b>(
        &mut self,
        document: &'b Document<'b>,
        parts: &'b [Part<'b>],
        field: &dyn Fn() -> String,
        blocks: &mut Vec<Block<'b>>,
    ) {
        self.note_citations(document, field);
        self.changes.adapted(field(), "sent as texts and pictures");
        let head = head_of(document);
        if !head.is_empty() {
            blocks.push(Block::Text(head.into()));
        }
        for part in parts {
            match &part.body {
                PartBody::Text { text, .. } => push_text(text, blocks),
                PartBody::Image(image) => self.image(image, field, blocks),
                _ => self.changes.lost(field(), "Cohere takes documents only as texts and pictures"),
            }
        }
    }

    fn note_citations(&mut self, document: &Document<'_>, field: &dyn Fn() -> String) {
        if document.wants_citations {
            self.changes
                .lost(format!("{}.citations", field()), "Cohere cites no documents of a conversation");
        }
    }
}

/// What a document is called and what is said of it.
fn head_of(document: &Document<'_>) -> String {
    let head = [document.title.as_deref(), document.context.as_deref()];
    let head: Vec<_> = head.into_iter().flatten().filter(|text| !text.trim().is_empty()).collect();
    head.join("\n")
}

/// The words of a document, if it is made of words.
fn words_of<'d>(document: &'d Document<'_>) -> Option<Cow<'d, str>> {
    match &document.source {
        DocumentSource::Text(text) => Some(Cow::Borrowed(text)),
        DocumentSource::Parts(parts) => {
            let texts = parts.iter().map(|part| match &part.body {
                PartBody::Text { text, .. } => Some(&**text),
                _ => None,
            });
            texts.collect::<Option<Vec<_>>>().map(|texts| Cow::Owned(texts.join("\n")))
        }
        DocumentSource::Media(Media::Base64 { media_type, data }) => {
            let is_text = media_type.starts_with("text/") || media_type == "application/json";
            let bytes = is_text.then(|| STANDARD.decode(data.as_bytes()).ok()).flatten()?;
            String::from_utf8(bytes).ok().map(Cow::Owned)
        }
        DocumentSource::Media(_) => None,
    }
}

fn push_text<'b>(text: &'b Text<'_>, blocks: &mut Vec<Block<'b>>) {
    if !text.is_blank() {
        blocks.push(Block::Text(Text::of(text)));
    }
}

/// A call's id, which may not be empty.
fn id(id: &str) -> &str {
    if id.is_empty() { "call" } else { id }
}

fn write_block(block: &Block<'_>, list: &mut ArrayWriter<'_>) {
    list.object(|out| match block {
        Block::Text(text) => {
            out.field("type", "text").field("text", text);
        }
        Block::Thinking(text) => {
            out.field("type", "thinking").field("thinking", text);
        }
        Block::Image(image) => {
            out.field("type", "image_url");
            out.object("image_url", |out| write_image(image, out));
        }
    });
}

fn write_image(image: &Image<'_>, out: &mut ObjectWriter<'_>) {
    match &image.media {
        Media::Base64 { media_type, data } => {
            out.field("url", &Joined(&["data:", media_type, ";base64,", data]));
        }
        Media::Url { url, .. } => {
            out.field("url", url);
        }
        Media::File { .. } => {}
    }
    let detail = image.detail.map(|detail| match detail {
        Detail::Auto => "auto",
        Detail::Low => "low",
        Detail::High | Detail::Original => "high",
    });
    out.maybe("detail", detail);
}

//! The conversation as items: messages, calls, results and thoughts, in their order.

use std::borrow::Cow;

use paceway_domain::Dialect;
use smallvec::{SmallVec, smallvec};

use crate::changes::Changes;
use crate::compose::{ArrayWriter, Joined, ObjectWriter};
use crate::formats::openai_responses::{output, thought};
use crate::neutral::{
    Detail, Document, DocumentSource, Form, Image, Media, Part, PartBody, Role, Seal, Text, ToolCall,
    ToolResult, Turn,
};
use crate::object::Path;

/// The longest id of a call that OpenAI takes.
const MAX_CALL_ID: usize = 64;

/// An item to be written.
pub(super) enum Item<'c, 'a> {
    Message { role: Role, parts: Parts<'c, 'a> },
    Thought { text: Form<'c>, seal: &'c Seal<'a> },
    Call(&'c ToolCall<'a>),
    Result { result: &'c ToolResult<'a>, parts: Parts<'c, 'a> },
}

/// What an item is made of. Most have one part.
pub(super) type Parts<'c, 'a> = SmallVec<[&'c Part<'a>; 2]>;

/// The items of these turns, the first of which is the conversation's turn number `first`. What cannot be said is noted
/// and left out.
pub(super) fn input<'c, 'a>(turns: &'c [Turn<'a>], first: usize, changes: &mut Changes) -> Vec<Item<'c, 'a>> {
    let mut items = Vec::with_capacity(turns.len());
    for (turn, index) in turns.iter().zip(first..) {
        if turn.name.is_some() {
            changes.hint(format!("messages.{index}.name"), "speakers have no names here");
        }
        add_turn(turn, &Path::root("messages").index(index).name("content"), &mut items, changes);
    }
    items
}

fn add_turn<'c, 'a>(
    turn: &'c Turn<'a>,
    path: &Path<'_>,
    items: &mut Vec<Item<'c, 'a>>,
    changes: &mut Changes,
) {
    // Whether the message that was begun last is still to be added to.
    let mut is_open = false;
    for (index, part) in turn.parts.iter().enumerate() {
        let at = || path.index(index).to_string();
        if part.cache.is_some() {
            changes.hint("cache", "prompts are cached of their own accord");
        }
        let item = match &part.body {
            PartBody::ToolCall(call) => Item::Call(call),
            PartBody::ToolResult(result) => {
                Item::Result { result, parts: result_parts(result, &path.index(index), changes) }
            }
            PartBody::Thinking { seal: Some(seal), text } if seal.by == Dialect::Responses => {
                Item::Thought { text: text.form(), seal }
            }
            PartBody::Redacted(seal) if seal.by == Dialect::Responses => {
                Item::Thought { text: "".into(), seal }
            }
            PartBody::Thinking { .. } | PartBody::Redacted(_) => {
                changes.hint(at(), "this API takes back no thoughts but its own");
                continue;
            }
            _ if !is_sayable(part, turn.role, &at, changes) => continue,
            _ => {
                match items.last_mut().filter(|_| is_open) {
                    Some(Item::Message { parts, .. }) => parts.push(part),
                    _ => items.push(Item::Message { role: turn.role, parts: smallvec![part] }),
                }
                is_open = true;
                continue;
            }
        };
        items.push(item);
        is_open = false;
    }
    // "Item … of type 'reasoning' was provided without its required following item."
    while matches!(items.last(), Some(Item::Thought { .. })) {
        items.pop();
        changes.hint(path, "a thought that nothing follows cannot be sent");
    }
}

fn result_parts<'c, 'a>(result: &'c ToolResult<'a>, path: &Path<'_>, changes: &mut Changes) -> Parts<'c, 'a> {
    if result.is_error {
        changes.adapted(format!("{path}.is_error"), "said in words");
    }
    let parts = result.content.iter().enumerate();
    parts
        .filter(|(index, part)| is_sayable(part, Role::User, &|| format!("{path}.content.{index}"), changes))
        .map(|(_, part)| part)
        .collect()
}

/// Whether a part can stand in a message of this role; if not, that is noted.
fn is_sayable(part: &Part<'_>, role: Role, at: &dyn Fn() -> String, changes: &mut Changes) -> bool {
    let why = match &part.body {
        PartBody::Text { text, .. } | PartBody::Refusal(text) if text.is_blank() => return false,
        PartBody::Text { .. } | PartBody::Refusal(_) => return true,
        PartBody::Image(_) | PartBody::Document(_) if role == Role::Assistant => {
            "here the model says words only"
        }
        PartBody::Image(image) if is_reachable(&image.media) => return true,
        PartBody::Image(_) => "the file is at another provider",
        PartBody::Document(document) => match document_trouble(document, at, changes) {
            None => return true,
            Some(why) => why,
        },
        PartBody::Audio(_) => "this API takes no recordings",
        PartBody::Video(_) => "this API takes no films",
        _ => "it has no place here",
    };
    changes.lost(at(), why);
    false
}

fn is_reachable(media: &Media<'_>) -> bool {
    !matches!(media, Media::File { at, .. } if !matches!(at, Dialect::Responses | Dialect::OpenAi))
}

fn document_trouble(
    document: &Document<'_>,
    at: &dyn Fn() -> String,
    changes: &mut Changes,
) -> Option<&'static str> {
    if document.wants_citations {
        changes.lost(format!("{}.citations", at()), "this API cites no documents that are sent along");
    }
    match &document.source {
        DocumentSource::Media(media) if !is_reachable(media) => Some("the file is at another provider"),
        DocumentSource::Media(_) => None,
        DocumentSource::Text(_) => {
            changes.adapted(at(), "sent as text");
            None
        }
        DocumentSource::Parts(parts) => {
            changes.adapted(at(), "its parts are sent one by one");
            let is_sent = |(index, part): (usize, &Part<'_>)| {
                is_sayable(part, Role::User, &|| format!("{}.{index}", at()), changes)
            };
            let are_sent: Vec<_> = parts.iter().enumerate().map(is_sent).collect();
            (!are_sent.contains(&true)).then_some("it is empty")
        }
    }
}

impl Item<'_, '_> {
    pub(super) fn write(&self, list: &mut ArrayWriter<'_>) {
        list.object(|item| match self {
            Self::Message { role, parts } => message(*role, parts, item),
            Self::Thought { text, seal } => reasoning(*text, seal, item),
            Self::Call(call) => tool_call(call, item),
            Self::Result { result, parts } => tool_result(result, parts, item),
        });
    }
}

fn message(role: Role, parts: &[&Part<'_>], item: &mut ObjectWriter<'_>) {
    let name = match role {
        Role::System => "developer",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    item.field("type", "message").field("role", name);
    item.array("content", |list| parts.iter().for_each(|part| content(&part.body, role, list)));
}

fn content(body: &PartBody<'_>, role: Role, list: &mut ArrayWriter<'_>) {
    match body {
        PartBody::Text { text, citations } if role == Role::Assistant => list.object(|part| {
            part.field("type", "output_text").field("text", text);
            if !citations.is_empty() {
                part.array("annotations", |list| {
                    for citation in citations {
                        list.object(|fields| output::annotation(citation, text, fields));
                    }
                });
            }
        }),
        PartBody::Refusal(text) if role == Role::Assistant => list.object(|part| {
            part.field("type", "refusal").field("refusal", text);
        }),
        PartBody::Text { text, .. } | PartBody::Refusal(text) => input_text(text.form(), list),
        PartBody::Image(image) => list.object(|part| input_image(image, part)),
        PartBody::Document(document) => input_document(document, role, list),
        _ => {}
    }
}

fn input_text(text: Form<'_>, list: &mut ArrayWriter<'_>) {
    list.object(|part| {
        part.field("type", "input_text").field("text", &text);
    });
}

fn input_image(image: &Image<'_>, part: &mut ObjectWriter<'_>) {
    part.field("type", "input_image");
    match &image.media {
        Media::Base64 { media_type, data } => part.field(
            "image_url",
            &Joined(&["data:".into(), media_type.form(), ";base64,".into(), data.form()]),
        ),
        Media::Url { url, .. } => part.field("image_url", url),
        Media::File { id, .. } => part.field("file_id", id),
    };
    let detail = image.detail.map(|detail| match detail {
        Detail::Low => "low",
        Detail::High => "high",
        Detail::Original => "original",
        Detail::Auto => "auto",
    });
    part.maybe("detail", detail);
}

fn input_document(document: &Document<'_>, role: Role, list: &mut ArrayWriter<'_>) {
    let title = document.title.as_deref().filter(|title| !title.trim().is_empty());
    if let Some(context) = document.context.as_ref().filter(|context| !context.is_blank()) {
        input_text(context.form(), list);
    }
    match &document.source {
        DocumentSource::Media(media) => list.object(|part| input_file(media, title, part)),
        DocumentSource::Text(text) => match title {
            Some(title) => list.object(|part| {
                part.field("type", "input_text")
                    .field("text", &Joined(&[title.into(), "\n\n".into(), text.form()]));
            }),
            None => input_text(text.form(), list),
        },
        DocumentSource::Parts(parts) => parts.iter().for_each(|part| content(&part.body, role, list)),
    }
}

/// Data needs a name beside it, and the name an ending that fits.
fn input_file(media: &Media<'_>, title: Option<&str>, part: &mut ObjectWriter<'_>) {
    part.field("type", "input_file");
    match media {
        Media::Base64 { media_type, data } => {
            let name = match (title, media_type.as_ref()) {
                (Some(title), _) => title,
                (None, "text/plain") => "document.txt",
                (None, _) => "document.pdf",
            };
            part.field("filename", name);
            part.field(
                "file_data",
                &Joined(&["data:".into(), media_type.form(), ";base64,".into(), data.form()]),
            )
        }
        Media::Url { url, .. } => part.maybe("filename", title).field("file_url", url),
        Media::File { id, .. } => part.field("file_id", id),
    };
}

fn reasoning(text: Form<'_>, seal: &Seal<'_>, item: &mut ObjectWriter<'_>) {
    let (id, encrypted) = thought::id_and_content(seal);
    item.field("type", "reasoning");
    item.maybe("id", Some(id).filter(|id| !id.is_empty()));
    item.array("summary", |list| output::summary(text, list));
    item.field("encrypted_content", encrypted);
}

fn tool_call(call: &ToolCall<'_>, item: &mut ObjectWriter<'_>) {
    let (kind, field) =
        if call.is_custom { ("custom_tool_call", "input") } else { ("function_call", "arguments") };
    let is_empty_function = !call.is_custom && call.arguments.is_blank();
    item.field("type", kind).field("call_id", &short_id(&call.id)).field("name", &call.name);
    item.maybe("namespace", call.namespace.as_ref());
    item.field(field, &if is_empty_function { "{}".into() } else { call.arguments.form() });
}

fn tool_result(result: &ToolResult<'_>, parts: &[&Part<'_>], item: &mut ObjectWriter<'_>) {
    let kind = if result.is_custom { "custom_tool_call_output" } else { "function_call_output" };
    item.field("type", kind).field("call_id", &short_id(&result.call_id));
    let failed = if result.is_error { "Error: " } else { "" };
    match parts {
        [] => item.field("output", failed.trim_end_matches(": ")),
        [Part { body: PartBody::Text { text, .. }, .. }] => {
            item.field("output", &Joined(&[failed.into(), text.form()]))
        }
        parts => item.array("output", |list| {
            if result.is_error {
                input_text("Error".into(), list);
            }
            for part in parts {
                content(&part.body, Role::User, list);
            }
        }),
    };
}

/// A call's id, shortened where OpenAI would refuse it; the same for the call and its result.
fn short_id<'t>(id: &'t Text<'_>) -> Cow<'t, str> {
    if id.len() <= MAX_CALL_ID {
        return Cow::Borrowed(id);
    }
    // FNV-1a: it must be the same on every run, and nobody gains by a collision within one's own conversation.
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let head: String = id.chars().take(40).filter(char::is_ascii).collect();
    Cow::Owned(format!("{head}_{hash:016x}"))
}

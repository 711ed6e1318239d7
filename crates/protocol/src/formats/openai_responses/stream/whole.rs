//! Parts of a streamed answer told as pieces, one item at a time: as their deltas come, and what is left of them when the
//! item comes whole. So a stream of nothing but whole items, and one whose last deltas are missing, are told in full.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::formats::Sink;
use crate::formats::openai_responses::thought::{self, Thought};
use crate::formats::openai_responses::wire::{
    self, Str, WireCall, WireContent, WireImage, WireMessage, WireReasoning,
};
use crate::neutral::{Delta, Opening, Piece, Text};

fn tell(text: Text<'_>, told: &mut usize, sink: &mut Sink<'_>) {
    if !text.is_empty() {
        *told += text.len();
        sink(Piece::Delta(Delta::Text(text)));
    }
}

/// What has been told of a message.
#[derive(Debug, Default)]
pub(super) struct MessageTold {
    /// The part of it that was told last.
    index: u64,
    /// Whether that part is open, and is a refusal.
    open: Option<bool>,
    /// Bytes of that part's words.
    bytes: usize,
    citations: usize,
    has_logprobs: bool,
    /// Whether any part was a refusal.
    pub(super) has_refusal: bool,
}

impl MessageTold {
    /// More words of a part.
    pub(super) fn words(&mut self, index: u64, is_refusal: bool, words: Text<'_>, sink: &mut Sink<'_>) {
        if words.is_empty() {
            return;
        }
        if self.open.is_some_and(|open| open != is_refusal || index != self.index) {
            self.close(sink);
        }
        if index != self.index {
            self.index = index;
            (self.bytes, self.citations, self.has_logprobs) = (0, 0, false);
        }
        if self.open.is_none() {
            self.open = Some(is_refusal);
            sink(Piece::Open(if is_refusal { Opening::Refusal } else { Opening::Text }));
        }
        self.has_refusal |= is_refusal;
        tell(words, &mut self.bytes, sink);
    }

    /// How likely the last words were.
    pub(super) fn logprobs(&mut self, tokens: Option<&RawValue>, sink: &mut Sink<'_>) {
        if let Some(tokens) = wire::some_logprobs(tokens).filter(|_| self.open == Some(false)) {
            self.has_logprobs = true;
            sink(Piece::Delta(Delta::Logprobs(Cow::Borrowed(tokens))));
        }
    }

    /// A source of the part that is open.
    pub(super) fn citation(&mut self, index: u64, annotation: &RawValue, sink: &mut Sink<'_>) {
        if self.open != Some(false) || index != self.index {
            return;
        }
        self.citations += 1;
        if let Some(citation) = wire::citation(annotation) {
            sink(Piece::Delta(Delta::Citation(citation)));
        }
    }

    /// All words of a part.
    pub(super) fn part(&mut self, index: u64, part: WireContent<'_>, sink: &mut Sink<'_>) {
        if index < self.index {
            return;
        }
        let told = if index == self.index { self.bytes } else { 0 };
        let (is_refusal, words) = match part.refusal {
            Some(Str(refusal)) => (true, refusal),
            None => (false, wire::text(part.text)),
        };
        self.words(index, is_refusal, words.tail(told), sink);
        if index != self.index {
            return;
        }
        if !self.has_logprobs {
            self.logprobs(part.logprobs, sink);
        }
        for annotation in part.annotations.unwrap_or_default().into_iter().skip(self.citations) {
            self.citation(index, annotation, sink);
        }
    }

    pub(super) fn whole(&mut self, message: WireMessage<'_>, sink: &mut Sink<'_>) {
        for (part, index) in message.content.unwrap_or_default().into_iter().zip(0..) {
            self.part(index, part, sink);
        }
        self.close(sink);
    }

    pub(super) fn close(&mut self, sink: &mut Sink<'_>) {
        if self.open.take().is_some() {
            sink(Piece::Close);
        }
    }
}

/// What has been told of a thought: of its words or of their summary, whichever came first.
#[derive(Debug, Default)]
pub(super) struct ThoughtTold {
    /// Whether its words, rather than a summary, are told.
    is_content: Option<bool>,
    paragraph: u64,
    bytes: usize,
}

impl ThoughtTold {
    /// More words of a paragraph.
    pub(super) fn words(&mut self, is_content: bool, paragraph: u64, words: Text<'_>, sink: &mut Sink<'_>) {
        if words.is_empty() || self.is_content.is_some_and(|told| told != is_content) {
            return;
        }
        if self.is_content.is_none() {
            self.is_content = Some(is_content);
            self.paragraph = paragraph;
            sink(Piece::Open(Opening::Thinking));
        }
        if paragraph != self.paragraph {
            self.paragraph = paragraph;
            tell("\n\n".into(), &mut self.bytes, sink);
        }
        tell(words, &mut self.bytes, sink);
    }

    pub(super) fn whole(mut self, item: WireReasoning<'_>, sink: &mut Sink<'_>) {
        let (id, encrypted) = (wire::text(item.id), wire::text(item.encrypted_content));
        let (content, summary) = (wire::words(item.content), wire::words(item.summary));
        let Some(is_content) = self.is_content else {
            return thought_at_once(thought::read(&id, thought::words(content, summary), encrypted), sink);
        };
        let text = thought::joined(if is_content { content } else { summary });
        tell(text.tail(self.bytes), &mut self.bytes, sink);
        if let Some((seal, _)) = thought::seal(&id, encrypted) {
            sink(Piece::Delta(Delta::Seal(seal)));
        }
        self.close(sink);
    }

    pub(super) fn close(&mut self, sink: &mut Sink<'_>) {
        if self.is_content.take().is_some() {
            sink(Piece::Close);
        }
    }
}

fn thought_at_once(thought: Option<Thought<'_>>, sink: &mut Sink<'_>) {
    match thought {
        Some(Thought::Open { text, seal }) => {
            sink(Piece::Open(Opening::Thinking));
            tell(text, &mut 0, sink);
            if let Some(seal) = seal {
                sink(Piece::Delta(Delta::Seal(seal)));
            }
        }
        Some(Thought::Redacted(seal)) => sink(Piece::Open(Opening::Redacted(seal))),
        None => return,
    }
    sink(Piece::Close);
}

/// What has been told of a call that is open.
#[derive(Debug)]
pub(super) struct CallTold {
    bytes: usize,
}

impl CallTold {
    /// Opens the call, if it says enough of itself.
    pub(super) fn open(call: &mut WireCall<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let is_named = |name: &Option<Str<'_>>| name.as_ref().is_some_and(|Str(name)| !name.is_empty());
        if !is_named(&call.call_id) || !is_named(&call.name) {
            return None;
        }
        sink(Piece::Open(Opening::ToolCall {
            id: wire::text(call.call_id.take()),
            name: wire::text(call.name.take()),
            namespace: call.namespace.take().map(|Str(namespace)| namespace),
            is_custom: call.is_custom,
            seal: None,
        }));
        Some(Self { bytes: 0 })
    }

    pub(super) fn words(&mut self, words: Text<'_>, sink: &mut Sink<'_>) {
        tell(words, &mut self.bytes, sink);
    }

    pub(super) fn whole(mut self, arguments: Text<'_>, sink: &mut Sink<'_>) {
        tell(arguments.tail(self.bytes), &mut self.bytes, sink);
        sink(Piece::Close);
    }
}

/// A picture, if there is one.
pub(super) fn image(image: WireImage<'_>, sink: &mut Sink<'_>) {
    if let Some((media_type, data)) = image.read() {
        sink(Piece::Open(Opening::Image { media_type, data }));
        sink(Piece::Close);
    }
}

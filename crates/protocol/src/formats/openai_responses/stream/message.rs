//! A message in a stream: its parts one after the other, each with its events.

use super::events::Events;
use super::items::Items;
use crate::compose::{self, ArrayWriter, Gap, Mold, ObjectWriter};
use crate::formats::openai_responses::{echo, output};
use crate::neutral::{Citation, Text};

/// A message that is open.
pub(super) struct Message {
    id: String,
    /// JSON of the parts that are whole, with commas between.
    parts: String,
    index: u64,
    part: Option<Part>,
}

/// A part that is open.
#[derive(Default)]
struct Part {
    is_refusal: bool,
    text: String,
    /// JSON of its annotations and of its likelihoods, with commas between.
    annotations: String,
    annotation_count: u64,
    logprobs: String,
    /// An event that adds words to it, once one was written.
    mold: Option<Mold>,
}

impl Part {
    fn write(&self, part: &mut ObjectWriter<'_>) {
        if self.is_refusal {
            output::refusal(&self.text, part);
        } else {
            output::output_text(
                &self.text,
                part,
                |list| add(&self.annotations, list),
                |list| add(&self.logprobs, list),
            );
        }
    }
}

fn add(elements: &str, list: &mut ArrayWriter<'_>) {
    if !elements.is_empty() {
        list.raw(elements);
    }
}

fn join(list: &mut String, element: &str) {
    if !list.is_empty() {
        list.push(',');
    }
    list.push_str(element);
}

impl Message {
    pub(super) fn begin(id: String, items: &mut Items, out: &mut Vec<u8>) -> Self {
        items.begin(out, |item| output::message(&id, "in_progress", item, |_| {}));
        Self { id, parts: String::new(), index: 0, part: None }
    }

    /// Writes an event of the open part.
    fn event(
        &self,
        name: &str,
        items: &mut Items,
        out: &mut Vec<u8>,
        fields: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        let output_index = items.index;
        items.events.write(name, out, |event| {
            event.field("item_id", &self.id).field("output_index", &output_index);
            event.field("content_index", &self.index);
            fields(event);
        });
    }

    pub(super) fn open(&mut self, is_refusal: bool, items: &mut Items, out: &mut Vec<u8>) {
        let part = Part { is_refusal, ..Part::default() };
        self.event("response.content_part.added", items, out, |event| {
            event.object("part", |fields| part.write(fields));
        });
        self.part = Some(part);
    }

    pub(super) fn text(&mut self, text: &Text<'_>, items: &mut Items, out: &mut Vec<u8>) {
        let Some(part) = &mut self.part else { return };
        part.text.push_str(text);
        let (id, index, is_refusal) = (&self.id, self.index, part.is_refusal);
        let mold = part.mold.get_or_insert_with(|| {
            let name = if is_refusal { "response.refusal.delta" } else { "response.output_text.delta" };
            Events::mold(name, |event| {
                event.field("item_id", id).field("output_index", &items.index).field("content_index", &index);
                event.field("delta", &Gap);
                if !is_refusal {
                    event.array("logprobs", |_| {});
                }
            })
        });
        items.events.pour(mold, text, out);
    }

    /// Likelihoods come after their words, so they go with a delta that has none.
    pub(super) fn logprobs(&mut self, tokens: &str, items: &mut Items, out: &mut Vec<u8>) {
        let Some(part) = self.part.as_mut().filter(|part| !part.is_refusal) else { return };
        let tokens = echo::one_line(tokens);
        let Some(tokens) = echo::elements(&tokens) else { return };
        join(&mut part.logprobs, tokens);
        self.event("response.output_text.delta", items, out, |event| {
            event.field("delta", "").array("logprobs", |list| list.raw(tokens));
        });
    }

    pub(super) fn citation(&mut self, citation: &Citation<'_>, items: &mut Items, out: &mut Vec<u8>) {
        let Some(part) = self.part.as_mut().filter(|part| !part.is_refusal) else { return };
        let mut json = Vec::with_capacity(128);
        compose::object(&mut json, |fields| output::annotation(citation, &part.text, fields));
        let json = String::from_utf8_lossy(&json);
        join(&mut part.annotations, &json);
        let index = part.annotation_count;
        part.annotation_count += 1;
        self.event("response.output_text.annotation.added", items, out, |event| {
            event.field("annotation_index", &index).raw("annotation", &json);
        });
    }

    pub(super) fn close(&mut self, items: &mut Items, out: &mut Vec<u8>) {
        let Some(part) = self.part.take() else { return };
        if part.is_refusal {
            self.event("response.refusal.done", items, out, |event| {
                event.field("refusal", &part.text);
            });
        } else {
            self.event("response.output_text.done", items, out, |event| {
                event.field("text", &part.text).array("logprobs", |list| add(&part.logprobs, list));
            });
        }
        let mut json = Vec::with_capacity(64 + part.text.len());
        compose::object(&mut json, |fields| part.write(fields));
        let json = String::from_utf8_lossy(&json);
        self.event("response.content_part.done", items, out, |event| {
            event.raw("part", &json);
        });
        join(&mut self.parts, &json);
        self.index += 1;
    }

    pub(super) fn end(mut self, status: &str, items: &mut Items, out: &mut Vec<u8>) {
        self.close(items, out);
        items.end(out, |item| output::message(&self.id, status, item, |list| add(&self.parts, list)));
    }
}

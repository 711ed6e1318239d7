//! A thought in a stream: a reasoning item with one paragraph of summary, or none.

use super::items::Items;
use crate::compose::ObjectWriter;
use crate::formats::openai_responses::{output, thought};
use crate::neutral::Seal;

/// A reasoning item that is open.
pub(super) struct Thought {
    id: String,
    text: String,
    encrypted: Option<String>,
}

impl Thought {
    pub(super) fn begin(id: String, items: &mut Items, out: &mut Vec<u8>) -> Self {
        items.begin(out, |item| output::reasoning(&id, "", None, item));
        Self { id, text: String::new(), encrypted: None }
    }

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
            event.field("summary_index", &0);
            fields(event);
        });
    }

    pub(super) fn text(&mut self, text: &str, items: &mut Items, out: &mut Vec<u8>) {
        if self.text.is_empty() {
            self.event("response.reasoning_summary_part.added", items, out, |event| {
                event.object("part", |part| paragraph("", part));
            });
        }
        self.event("response.reasoning_summary_text.delta", items, out, |event| {
            event.field("delta", text);
        });
        self.text.push_str(text);
    }

    pub(super) fn seal(&mut self, seal: &Seal<'_>, is_redacted: bool) {
        self.encrypted = Some(thought::for_client(seal, is_redacted).into_owned());
    }

    pub(super) fn end(self, items: &mut Items, out: &mut Vec<u8>) {
        if !self.text.is_empty() {
            self.event("response.reasoning_summary_text.done", items, out, |event| {
                event.field("text", &self.text);
            });
            self.event("response.reasoning_summary_part.done", items, out, |event| {
                event.object("part", |part| paragraph(&self.text, part));
            });
        }
        items.end(out, |item| output::reasoning(&self.id, &self.text, self.encrypted.as_deref(), item));
    }
}

fn paragraph(text: &str, part: &mut ObjectWriter<'_>) {
    part.field("type", "summary_text").field("text", text);
}

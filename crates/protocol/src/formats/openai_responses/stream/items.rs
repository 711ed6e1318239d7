//! The items of a streamed answer as they come and go: their events, and what is kept of them for the last one.

use super::events::Events;
use crate::compose::{self, ArrayWriter, ObjectWriter};

/// Where items are written to, and those that are whole.
#[derive(Default)]
pub(super) struct Items {
    pub(super) events: Events,
    /// JSON of the items that are whole, with commas between.
    whole: String,
    /// The place in the output of the item that is open or comes next.
    pub(super) index: u64,
    /// Whether the model has declined in words.
    pub(super) has_refusal: bool,
}

impl Items {
    /// Writes the event that an item begins.
    pub(super) fn begin(&mut self, out: &mut Vec<u8>, item: impl FnOnce(&mut ObjectWriter<'_>)) {
        let index = self.index;
        self.events.write("response.output_item.added", out, |event| {
            event.field("output_index", &index).object("item", item);
        });
    }

    /// Writes the event that an item is whole, and keeps the item.
    pub(super) fn end(&mut self, out: &mut Vec<u8>, item: impl FnOnce(&mut ObjectWriter<'_>)) {
        let mut json = Vec::with_capacity(256);
        compose::object(&mut json, item);
        let json = String::from_utf8_lossy(&json);
        let index = self.index;
        self.events.write("response.output_item.done", out, |event| {
            event.field("output_index", &index).raw("item", &json);
        });
        if !self.whole.is_empty() {
            self.whole.push(',');
        }
        self.whole.push_str(&json);
        self.index += 1;
    }

    /// Lists the items that are whole.
    pub(super) fn list(&self, list: &mut ArrayWriter<'_>) {
        if !self.whole.is_empty() {
            list.raw(&self.whole);
        }
    }
}

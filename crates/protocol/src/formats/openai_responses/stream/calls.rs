//! Calls and pictures in a stream.

use super::items::Items;
use crate::formats::openai_responses::output::{self, CallItem};

/// A call that is open.
pub(super) struct Call {
    /// The item's.
    id: String,
    /// By which its result will refer to it.
    refers: String,
    name: String,
    namespace: Option<String>,
    arguments: String,
    is_custom: bool,
}

impl Call {
    pub(super) fn new(
        id: String,
        call_id: String,
        name: String,
        namespace: Option<String>,
        is_custom: bool,
    ) -> Self {
        Self { id, refers: call_id, name, namespace, arguments: String::new(), is_custom }
    }

    fn item(&self) -> CallItem<'_> {
        CallItem {
            id: &self.id,
            call_id: &self.refers,
            name: &self.name,
            namespace: self.namespace.as_deref(),
            arguments: &self.arguments,
            is_custom: self.is_custom,
        }
    }

    pub(super) fn begin(&self, items: &mut Items, out: &mut Vec<u8>) {
        items.begin(out, |item| self.item().write("in_progress", item));
    }

    fn event(
        &self,
        [custom, function]: [&str; 2],
        field: &'static str,
        text: &str,
        items: &mut Items,
        out: &mut Vec<u8>,
    ) {
        let output_index = items.index;
        items.events.write(if self.is_custom { custom } else { function }, out, |event| {
            event.field("item_id", &self.id).field("output_index", &output_index).field(field, text);
        });
    }

    pub(super) fn text(&mut self, text: &str, items: &mut Items, out: &mut Vec<u8>) {
        let names = ["response.custom_tool_call_input.delta", "response.function_call_arguments.delta"];
        self.event(names, "delta", text, items, out);
        self.arguments.push_str(text);
    }

    pub(super) fn end(mut self, items: &mut Items, out: &mut Vec<u8>) {
        if !self.is_custom && self.arguments.trim().is_empty() {
            self.text("{}", items, out);
        }
        let names = ["response.custom_tool_call_input.done", "response.function_call_arguments.done"];
        let field = if self.is_custom { "input" } else { "arguments" };
        self.event(names, field, &self.arguments, items, out);
        items.end(out, |item| self.item().write("completed", item));
    }
}

/// Writes a picture, whole.
pub(super) fn image(id: &str, media_type: &str, data: &str, items: &mut Items, out: &mut Vec<u8>) {
    items.begin(out, |item| output::image(id, "in_progress", media_type, None, item));
    let output_index = items.index;
    for name in ["response.image_generation_call.in_progress", "response.image_generation_call.completed"] {
        items.events.write(name, out, |event| {
            event.field("item_id", id).field("output_index", &output_index);
        });
    }
    items.end(out, |item| output::image(id, "completed", media_type, Some(data), item));
}

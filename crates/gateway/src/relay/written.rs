//! Bytes on their way to a client: what a chunk's events have become, and chunks that go out together.

use bytes::Bytes;
use paceway_protocol::continuation::Translation;
use paceway_protocol::formats::Edit;
use paceway_protocol::sse::Event;

/// Chunks on their way out together: each write to a client costs more than all that is done to a chunk before it.
#[derive(Default)]
pub(super) struct Gathered {
    /// Alone, it goes out as it came.
    first: Bytes,
    joined: Vec<u8>,
}

impl Gathered {
    pub(super) fn length(&self) -> usize {
        self.first.len().max(self.joined.len())
    }

    pub(super) fn add(&mut self, bytes: Bytes) {
        if self.first.is_empty() {
            self.first = bytes;
        } else if !bytes.is_empty() {
            if self.joined.is_empty() {
                self.joined.extend_from_slice(&self.first);
            }
            self.joined.extend_from_slice(&bytes);
        }
    }

    pub(super) fn bytes(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { self.joined.into() }
    }
}

/// What a chunk's events have become.
#[derive(Default)]
pub(super) struct Written {
    pub(super) bytes: Vec<u8>,
    pub(super) garbled: Option<String>,
}

impl Written {
    pub(super) fn edited(&mut self, event: Event<'_>, edit: Edit) {
        match edit {
            Edit::Pass => self.bytes.extend_from_slice(event.raw()),
            Edit::Hide => {}
            Edit::Replace(bytes) => self.bytes.extend_from_slice(&bytes),
        }
    }

    pub(super) fn translate(&mut self, translation: &mut Translation, event: Event<'_>) {
        if let Err(why) = translation.event(event, &mut self.bytes) {
            self.garbled = Some(why);
        }
    }
}

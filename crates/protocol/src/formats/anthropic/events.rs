//! The events of a stream as they are on the wire.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::usage::WireUsage;
use super::wire::{self, Str};
use crate::sse::Event;

/// The kind of an event: its name, or where a server leaves that out, the `type` in its data.
pub(super) fn kind_of<'a>(event: &Event<'a>, data: &'a [u8]) -> Cow<'a, [u8]> {
    match event.name() {
        b"" => wire::type_of(std::str::from_utf8(data).unwrap_or_default()).into_bytes(),
        name => Cow::Borrowed(name),
    }
}

/// `message_start`.
#[derive(Deserialize)]
pub(super) struct Start<'a> {
    #[serde(borrow)]
    pub(super) message: StartMessage<'a>,
}

/// The message that begins. After a pause in the provider's own tools it may hold content from the start.
#[derive(Deserialize)]
pub(super) struct StartMessage<'a> {
    #[serde(borrow, default)]
    pub(super) id: Str<'a>,
    #[serde(borrow, default)]
    pub(super) model: Str<'a>,
    #[serde(borrow, default)]
    pub(super) content: Vec<&'a RawValue>,
    #[serde(borrow)]
    pub(super) stop_reason: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) stop_sequence: Option<Str<'a>>,
    pub(super) usage: Option<WireUsage>,
}

/// `content_block_start`.
#[derive(Deserialize)]
pub(super) struct BlockStart<'a> {
    pub(super) index: u64,
    #[serde(borrow)]
    pub(super) content_block: &'a RawValue,
}

/// `content_block_delta`. Most of what a stream is made of, so it is read in one go: fields that a delta of a new type may
/// have in another shape than here are those of known types.
#[derive(Deserialize)]
pub(super) struct BlockDelta<'a> {
    pub(super) index: u64,
    #[serde(borrow)]
    pub(super) delta: WireDelta<'a>,
}

/// What is added to a block.
#[derive(Deserialize)]
pub(super) struct WireDelta<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Str<'a>,
    #[serde(borrow)]
    pub(super) text: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) thinking: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) signature: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) partial_json: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) citation: Option<&'a RawValue>,
}

/// `content_block_delta` where nothing but the delta's type is read.
#[derive(Deserialize)]
pub(super) struct AnyDelta<'a> {
    #[serde(borrow)]
    pub(super) delta: &'a RawValue,
}

/// `content_block_stop`.
#[derive(Deserialize)]
pub(super) struct BlockStop {
    pub(super) index: u64,
}

/// `message_delta`.
#[derive(Deserialize)]
pub(super) struct MessageDelta<'a> {
    #[serde(borrow, default)]
    pub(super) delta: StopDelta<'a>,
    pub(super) usage: Option<WireUsage>,
}

/// Why the message ends.
#[derive(Default, Deserialize)]
pub(super) struct StopDelta<'a> {
    #[serde(borrow)]
    pub(super) stop_reason: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) stop_sequence: Option<Str<'a>>,
}

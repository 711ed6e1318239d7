//! One provider's part of a stream, and what reads it.

use http::{HeaderMap, header};
use paceway_protocol::formats::format_of;
use paceway_protocol::framing::{Framing, Unframing};
use paceway_protocol::sse::Splitter;
use paceway_protocol::{Format, StreamWatch};

use crate::target::Plan;

/// One provider's part of a stream.
pub(super) struct Attempt {
    pub(super) provider: String,
    /// The provider's format.
    pub(super) format: &'static dyn Format,
    pub(super) unframing: Unframing,
    pub(super) splitter: Splitter,
    pub(super) watch: Box<dyn StreamWatch>,
    /// Whether the events can be read: not if the provider compressed them unasked.
    pub(super) is_readable: bool,
}

impl Attempt {
    pub(super) fn new(plan: &Plan, headers: &HeaderMap, framing: Framing, hides_usage: bool) -> Self {
        let encoding = headers.get(header::CONTENT_ENCODING);
        Self {
            provider: plan.target.provider.name().to_owned(),
            format: format_of(plan.dialect),
            unframing: Unframing::new(framing),
            splitter: Splitter::default(),
            watch: format_of(plan.dialect).watch(hides_usage),
            is_readable: encoding.is_none_or(|encoding| encoding == "identity"),
        }
    }
}

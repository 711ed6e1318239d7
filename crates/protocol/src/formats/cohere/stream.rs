//! Streams: `message-start`, contents, a plan, calls, citations, `message-end`.

mod reader;
mod watch;
mod writer;

pub(super) use self::reader::Reader;
pub(super) use self::watch::Watch;
pub(super) use self::writer::Writer;

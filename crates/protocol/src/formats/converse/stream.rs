//! Streams: `messageStart`, content blocks, `messageStop`, `metadata`; an exception may come in place of the rest.

mod reader;
mod watch;
mod writer;

pub(super) use self::reader::Reader;
pub(super) use self::watch::Watch;
pub(super) use self::writer::Writer;

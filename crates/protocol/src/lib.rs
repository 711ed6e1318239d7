//! What was said: the wire formats of clients and providers, both ways.
//!
//! Pure functions on bytes. No sockets, no clock, no configuration; no format knows another: they meet in [`neutral`].
//! Where client and provider speak the same format nothing is re-modelled: the bytes pass and are only read on the way.

pub mod apart;
pub mod cacheable;
pub mod changes;
pub mod complaint;
mod compose;
pub mod continuation;
pub mod embeddings;
pub mod envelope;
mod escapes;
pub mod estimate;
pub mod event_stream;
mod fields;
pub mod fingerprint;
pub mod finish;
pub mod fit;
pub mod formats;
pub mod framing;
mod index;
mod known;
mod lenient;
pub mod limits;
pub mod multipart;
pub mod neutral;
mod object;
pub mod output_cap;
pub mod refusals;
pub mod rerank;
mod seals;
pub mod several;
pub mod sse;
pub mod wants;

pub use cacheable::{Cacheable, cacheable, cacheable_in};
pub use envelope::Envelope;
pub use fingerprint::{Fingerprint, fingerprint};
pub use finish::Finish;
pub use formats::{Format, Seen, StreamReader, StreamWatch, StreamWriter, format_of};

//! A stream that breaks in the middle, continued on another target from what the client was told already.
//!
//! [`Heard`] follows what the client is told and says whether that can be gone on from. [`continue_chat`] makes the request
//! that asks for the rest. [`Splice`] joins the rest to what was told, so that the client sees one answer: one beginning, one
//! end, one usage. [`Translation`] holds these together with the reader and the writer of a stream, across as many breaks as
//! there are.
//!
//! It does not decide whether a caller allows this, where the rest is asked for or how often; it knows no wire format and
//! nothing of attempts, bills and time.

mod heard;
mod overlap;
mod request;
mod splice;
mod translation;

pub use heard::{Heard, MAX_HEARD_BYTES, Obstacle};
pub use request::continue_chat;
pub use splice::Splice;
pub use translation::Translation;

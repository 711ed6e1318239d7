//! The faults that there are, and their names.
//!
//! When one strikes is not here (`faults.rs`), nor where in a body (`strike.rs`).

use serde::{Deserialize, Serialize};

/// A fault of one request. In settings and in the header `x-sandbox-fault` it has the short name that is given here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// `429`: refused without a limit being reached.
    #[serde(rename = "429")]
    RateLimited,
    /// `500`: an error of the server.
    #[serde(rename = "500")]
    ServerError,
    /// `529`: overloaded; 503 in the dialects that have no 529.
    #[serde(rename = "529")]
    Overloaded,
    /// `reset`: the connection is closed before any answer.
    Reset,
    /// `cut`: the connection is closed in the middle of the answer.
    Cut,
    /// `cut_early`: the connection is closed after the head of a 200, before anything of its body.
    CutEarly,
    /// `slow`: the answer begins late.
    Slow,
    /// `drip`: the body comes piece by piece with a pause before each.
    Drip,
    /// `stall`: the body stops in its middle, and the connection stays open.
    Stall,
    /// `hang`: there is never an answer.
    Hang,
    /// `error`: a stream ends with an error in its middle. An answer that is not streamed is a 500.
    #[serde(rename = "error")]
    Broken,
    /// `garbage`: 200 with a page of HTML, as from a proxy or a portal in between.
    Garbage,
    /// `401`: the key is refused, with the status that the provider has for it.
    #[serde(rename = "401")]
    Unauthorized,
    /// `404`: the model is not there.
    #[serde(rename = "404")]
    NotFound,
    /// `too_long`: the prompt does not fit into the model's context.
    TooLong,
    /// `filtered`: a filter of contents refuses the prompt. Google answers 200 and says so there.
    Filtered,
}

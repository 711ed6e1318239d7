//! A simulated provider. It speaks the dialects of the large providers in full shape, enforces rate limits as those
//! providers document them, refuses what they refuse, fails on demand, and says in its prose that it is simulated.
//!
//! It answers when no provider key is set, it is the upstream of the demo, the tests and the benchmarks. Its limiter is
//! written from the providers' documentation and shares no code with the scheduler: a mistake in one shows against the
//! other. There is no model in it.
//!
//! | dialect | endpoints | key |
//! |---|---|---|
//! | Anthropic | `/v1/messages`, `…/count_tokens`, `/v1/models` | `x-api-key`, bearer |
//! | OpenAI | `/v1/chat/completions`, `/v1/responses` and what is stored there, `/v1/embeddings`, `/v1/models`, `/v1/images/generations`, `/v1/audio/{transcriptions,speech}` | bearer, `x-api-key` |
//! | Gemini | `/v1beta/models/MODEL:METHOD`, also under `/v1`: content whole and streamed, counts, embeddings | `x-goog-api-key`, `?key=`, bearer |
//! | Bedrock | `/model/ID/{converse,converse-stream,invoke,invoke-with-response-stream}` | bearer, AWS signature (not verified) |
//! | Azure | `/openai/deployments/NAME/{chat/completions,embeddings}?api-version=`, `/openai/v1/{chat/completions,embeddings,responses}` | `api-key`, bearer |
//! | Vertex | `/v1/projects/P/locations/L/publishers/{google,anthropic}/models/MODEL:METHOD` | bearer |
//! | Cohere, Jina | `/v2/{chat,embed,rerank}`, `/v1/rerank` | bearer |
//!
//! # What it answers
//!
//! The same in every dialect (`decision.rs`). A tool that is forced is called, with arguments that fit its schema. A tool
//! that the user's last words name is called. The words `call NAME {json}` call it with exactly that input, which lets a
//! real agent run a real session. After a tool's result it answers with text that quotes it. Where JSON is wanted, it is
//! JSON that fits the schema. Asked to go on from `<last_words>`, it repeats these and goes
//! on. `simulate a refusal` and `simulate a content filter` do. Everything else is prose.
//!
//! # What a test may ask for
//!
//! | header | what |
//! |---|---|
//! | `x-sandbox-output-tokens` | the length of prose |
//! | `x-sandbox-fault` | a fault of [`Fault`]: `429`, `500`, `529`, `reset`, `hang`, `slow`, `cut`, `cut_early`, `stall`, `drip`, `error` (a stream that ends with one), `garbage`, `401`, `404`, `too_long`, `filtered`; with a place for those that break a body, `cut@7` after seven events, `cut@7.5` in the middle of the eighth |
//! | `x-sandbox-interleave: 1` | parallel calls streamed in turns (OpenAI Chat) |
//!
//! `PUT /sandbox/settings` changes [`Settings`] in mid-run, `GET /sandbox/stats` tells [`Stats`]. Every fault can also be
//! a share of all requests or last for an [`Episode`]:
//!
//! ```toml
//! [faults]
//! server_error = 0.01
//! stall = 0.05
//! # All of 10 s, beginning 5 s after these settings were put.
//! episode = { from_ms = 5000, until_ms = 15000, fault = "529" }
//! # The next three requests, in this order.
//! next = ["cut@7", "error@0", "500"]
//! ```

mod anthropic;
mod ask;
mod azure;
mod bedrock;
mod cohere;
mod decision;
mod directive;
mod endpoints;
mod event_stream;
mod exchange;
mod failures;
mod fault;
mod faults;
mod gemini;
mod generation;
mod hashing;
mod keys;
mod limiter;
mod mishap;
mod models;
mod openai;
mod prose;
mod provider;
mod reply;
mod schema;
mod serve;
mod settings;
mod shelf;
mod state;
mod stats;
mod strike;
mod tokens;
mod vectors;
mod vertex;

use std::io;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

pub use fault::Fault;
pub use faults::{Episode, Faults};
pub use settings::{Latency, Limits, OutputLength, Quiet, Settings};
pub use stats::{Refusals, Stats};
pub use strike::{Place, Strike};

use state::Provider;

/// The simulated provider. Clones share one state.
#[derive(Clone)]
pub struct Sandbox {
    provider: Arc<Provider>,
}

impl Sandbox {
    /// A provider with all of its quota free.
    pub fn new(settings: Settings) -> Self {
        Self { provider: Arc::new(Provider::new(settings)) }
    }

    /// Its endpoints.
    pub fn router(&self) -> Router {
        endpoints::router(Arc::clone(&self.provider))
    }

    /// What it has counted so far.
    pub fn stats(&self) -> Stats {
        self.provider.stats.snapshot()
    }

    /// Puts other limits, faults or latencies in force from now on. What is free of a limit stays free, up to the burst
    /// of the new limit.
    pub fn set(&self, settings: Settings) {
        self.provider.set(settings);
    }

    /// Serves until `shutdown` is done.
    ///
    /// # Errors
    /// When connections can no longer be accepted.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        serve::serve(listener, self.router(), shutdown).await
    }
}

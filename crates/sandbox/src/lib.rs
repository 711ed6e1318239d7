//! A simulated provider. It speaks the Anthropic and OpenAI dialects in full shape, enforces rate limits as those
//! providers document them, fails on demand, and says in every answer that it is simulated.
//!
//! It answers when no provider key is set, it is the upstream of the demo, the tests and the benchmarks. Its limiter is
//! written from the providers' documentation and shares no code with the scheduler: a mistake in one shows against the
//! other. There is no model in it.

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
mod faults;
mod gemini;
mod generation;
mod hashing;
mod keys;
mod limiter;
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
mod tokens;
mod vectors;
mod vertex;

use std::io;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

pub use settings::{Faults, Latency, Limits, OutputLength, Quiet, Settings};
pub use stats::{Refusals, Stats};

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

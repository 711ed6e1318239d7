//! An answer being generated: paced, charged token by token, and stopped when nobody listens any more.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream;
use tokio::time::Instant;

use crate::exchange::Chunk;
use crate::limiter::Account;
use crate::settings::Latency;
use crate::state::Provider;
use crate::stats::add;

/// Unseen output is generated in steps of so many tokens, so that it is charged while it is generated, and little of it
/// after a hang-up.
const STEP: u64 = 16;

/// A request in flight. It ends when this is dropped, whoever drops it.
pub(crate) struct Flight {
    provider: Arc<Provider>,
    account: Account,
    /// What of its output was charged before and is not generated yet.
    reserved: u64,
    is_whole: bool,
    /// When what is generated next is there. Kept, so that the lateness of timers does not add up.
    due: Instant,
}

impl Flight {
    #[allow(clippy::disallowed_methods)] // A server of its own, it has a clock of its own.
    pub(crate) fn new(provider: Arc<Provider>, account: Account, reserved: u64) -> Self {
        provider.begin();
        Self { provider, account, reserved, is_whole: false, due: Instant::now() }
    }

    async fn wait_for_first(&mut self, latency: &Latency) {
        self.due += Duration::from_millis(latency.first_token_ms);
        tokio::time::sleep_until(self.due).await;
    }

    async fn wait_for(&mut self, tokens: u64, latency: &Latency) {
        let wait = Duration::try_from_secs_f64(latency.per_token_ms * tokens as f64 / 1e3);
        self.due += wait.unwrap_or_default();
        tokio::time::sleep_until(self.due).await;
    }

    fn generated(&mut self, tokens: u64) {
        if tokens > 0 {
            self.reserved = self.reserved.saturating_sub(tokens);
            self.provider.charge_output(&self.account, tokens);
        }
    }

    /// Generates `tokens` without showing them, in a time that a stream of them would take.
    pub(crate) async fn generate_unseen(&mut self, tokens: u64, latency: &Latency) {
        self.wait_for_first(latency).await;
        let mut left = tokens;
        while left > 0 {
            let step = left.min(STEP);
            self.wait_for(step, latency).await;
            self.generated(step);
            left -= step;
        }
        self.is_whole = true;
    }

    /// The chunks in their time.
    pub(crate) fn stream(self, chunks: Vec<Chunk>, latency: Latency) -> impl Stream<Item = Bytes> {
        let state = State { flight: self, chunks: chunks.into(), is_begun: false, latency };
        stream::unfold(state, |mut state| async move { state.next().await.map(|item| (item, state)) })
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.provider.end(&self.account, self.reserved);
        if !self.is_whole {
            add(&self.provider.stats.abandoned, 1);
        }
    }
}

struct State {
    flight: Flight,
    chunks: VecDeque<Chunk>,
    is_begun: bool,
    latency: Latency,
}

impl State {
    async fn next(&mut self) -> Option<Bytes> {
        if !self.is_begun {
            self.flight.wait_for_first(&self.latency).await;
            self.is_begun = true;
        }
        let Some(chunk) = self.chunks.pop_front() else {
            self.flight.is_whole = true;
            return None;
        };
        if chunk.tokens > 0 {
            self.flight.wait_for(chunk.tokens, &self.latency).await;
        }
        self.flight.generated(chunk.tokens);
        add(&self.flight.provider.stats.streamed, 1);
        Some(chunk.bytes)
    }
}

//! The life of a request: [`pipeline`] tells it, the other files are its stages.
//!
//! No HTTP framework and no SQL here: requests come in as [`Arrival`], go out as [`Answer`], and the ways out are the
//! traits of `upstream` and `store`.

pub mod administration;
mod admins;
pub mod admission;
mod affinity;
pub mod alerts;
pub mod answer;
mod ask;
mod attempts;
mod bill;
pub mod budgets;
mod calibration;
pub mod callers;
mod calls;
mod cascade;
mod charging;
mod choice;
pub mod clock;
mod continuing;
mod count;
pub mod credential;
mod crossing;
mod current;
mod deployment;
mod error_answer;
pub mod explain;
pub mod fleet;
pub mod grants;
mod headers;
pub mod health;
mod hedge;
pub mod insights;
mod journey;
mod kept;
pub mod lane;
mod limit_headers;
pub mod limits_report;
pub mod metrics;
pub mod models;
mod outgoing;
mod overrides;
mod patience;
pub mod pipeline;
pub mod platform;
pub mod provider;
mod relay;
pub mod retries;
pub mod retrieve;
mod rule_facts;
mod session;
mod several;
mod siblings;
pub mod standing;
mod target;
mod traits;
mod upstream_error;
pub mod waiting;
mod wish;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use paceway_domain::{Clock, Dialect, RequestId};
use paceway_policy::breaker::BreakerRules;
use paceway_policy::pricing::PriceBook;
use paceway_store::{Ledger, Responses};
use paceway_upstream::Upstream;

use crate::insights::KnownProvider;

pub use administration::Administration;
pub use admins::Admins;
pub use admission::Turnstile;
pub use alerts::AlertDesk;
pub use answer::{Answer, AnswerBody};
pub use budgets::Budgets;
pub use calibration::Calibration;
pub use callers::Callers;
pub use current::Current;
pub use explain::Decisions;
pub use fleet::Fleet;
pub use metrics::Metrics;
pub use paceway_domain::Endpoint;
pub use paceway_protocol::formats::Address;
pub use paceway_protocol::rerank::Shape;
pub use paceway_scheduler::PoolState;
pub use retries::{Retries, RetryRules};
pub use siblings::Siblings;
pub use standing::Standings;

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The id that Paceway gave it.
    pub id: RequestId,
    /// The dialect of the path it came to.
    pub dialect: Dialect,
    /// What is wanted.
    pub endpoint: Endpoint,
    /// What the address says that other dialects write into the body.
    pub address: Address,
    /// The client's headers.
    pub headers: HeaderMap,
    /// The query string without its `?`.
    pub query: Option<String>,
    /// The whole body.
    pub body: Bytes,
}

/// Bounds on what a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The longest wait for a rate limit.
    pub max_wait: Duration,
    /// The longest that an overload is waited out of which the provider does not say when it ends.
    pub max_overload: Duration,
    /// The longest that a request waits for a sibling that writes its cacheable beginning; zero: it does not.
    pub max_sibling_wait: Duration,
    /// How clients of streams hear that they are waited for; `None`: they hear nothing.
    pub signs_of_life: Option<waiting::SignsOfLife>,
    /// The largest answer that is not streamed, in bytes.
    pub max_answer_bytes: usize,
    /// How often a request is sent to a provider that refuses it for its rate or load.
    pub max_attempts: u32,
    /// How often a provider that is left alone is checked; zero: never.
    pub check_every: Duration,
    /// Whether what cannot be carried into a provider's dialect is dropped without the client's asking for it.
    pub drop_unsupported: bool,
    /// Whether answers of the Responses API are kept.
    pub keeps_responses: bool,
}

/// Everything that a request needs on its way: a snapshot that never changes its rules. Another configuration is another gateway in
/// its place ([`Current`]), which shares with it what lives longer.
pub struct Gateway {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Who may ask.
    pub callers: Arc<Callers>,
    /// The providers and their models.
    pub fleet: Fleet,
    /// Where callers stand.
    pub standings: Standings,
    /// How far estimates are from the truth.
    pub calibration: Arc<Calibration>,
    /// Who writes which prompt cache.
    pub siblings: Arc<Siblings>,
    /// Whose turn it is.
    pub turnstile: Arc<Turnstile>,
    /// The way to providers.
    pub upstream: Arc<dyn Upstream>,
    /// Whether what failed is asked again.
    pub retries: Retries,
    /// When a deployment that fails is left alone.
    pub breaker: BreakerRules,
    /// What requests cost.
    pub prices: Arc<PriceBook>,
    /// What insights know of providers, in use or not.
    pub known_providers: Arc<BTreeMap<String, KnownProvider>>,
    /// Where bills go.
    pub ledger: Arc<dyn Ledger>,
    /// Answers that clients go on from.
    pub responses: Arc<dyn Responses>,
    /// Why requests went where they went.
    pub decisions: Arc<Decisions>,
    /// Who may spend how much.
    pub budgets: Arc<Budgets>,
    /// Rules that tell people.
    pub alerts: Arc<AlertDesk>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Bounds.
    pub bounds: Bounds,
}

impl Gateway {
    /// All metrics in the OpenMetrics text format, with the breakers as they stand now.
    ///
    /// # Errors
    /// When the formatter fails, which memory does not.
    pub fn metrics_text(&self) -> Result<String, std::fmt::Error> {
        let now = self.clock.now();
        for (provider, model, deployment) in self.fleet.deployments() {
            let (state, _, openings) = deployment.state(&self.breaker, now);
            self.metrics.breaker_is(&provider, &model, state, openings);
            self.metrics.calls_in_hand(&provider, &model, deployment.in_flight());
        }
        self.metrics.ledger_waiting.set(i64::try_from(self.ledger.waiting()).unwrap_or(i64::MAX));
        self.metrics.encode()
    }

    /// A new request id: 48 bits of time, then chance.
    pub fn new_request_id(&self) -> RequestId {
        let time = u128::from(self.clock.wall().0) << 80;
        RequestId::from_bits(time | (u128::from(fastrand::u64(..)) << 16) | u128::from(fastrand::u16(..)))
    }
}

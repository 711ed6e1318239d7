//! What is counted, for Prometheus. Every metric is named here and described in docs/metrics.md.

use std::fmt;
use std::time::Duration;

use paceway_domain::{CATALOGUE, Cause, Dialect};
use paceway_policy::breaker::State;
use paceway_policy::fallback::Reason;
use paceway_store::Row;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    dialect: &'static str,
    provider: String,
    model: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    dialect: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenLabels {
    provider: String,
    model: String,
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelLabels {
    provider: String,
    model: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabels {
    provider: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CauseLabels {
    provider: String,
    cause: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    provider: String,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CheckLabels {
    provider: String,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AlertLabels {
    destination: String,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BreakerLabels {
    provider: String,
    model: String,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BudgetLabels {
    budget: String,
}

/// All metrics.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    refusals: Family<RefusalLabels, Counter>,
    tokens: Family<TokenLabels, Counter>,
    cost: Family<ModelLabels, Counter>,
    unpriced: Family<ModelLabels, Counter>,
    upstream_refusals: Family<CauseLabels, Counter>,
    retries: Family<ProviderLabels, Counter>,
    failovers: Family<ReasonLabels, Counter>,
    hedges: Family<ProviderLabels, Counter>,
    health_checks: Family<CheckLabels, Counter>,
    breakers: Family<BreakerLabels, Gauge>,
    breaker_openings: Family<ModelLabels, Gauge>,
    calls_in_flight: Family<ModelLabels, Gauge>,
    budget_alerts: Family<BudgetLabels, Counter>,
    budget_overrun: Counter,
    alerts: Family<AlertLabels, Counter>,
    config_generation: Gauge,
    config_reloads: Family<ResultLabels, Counter>,
    queue_wait: Family<ProviderLabels, Histogram>,
    duration: Family<ProviderLabels, Histogram>,
    first_byte: Family<ProviderLabels, Histogram>,
    /// Requests whose bill is open.
    pub(crate) in_flight: Gauge,
    pub(crate) ledger_waiting: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All metrics at zero.
    pub fn new() -> Self {
        let seconds = || Histogram::new(exponential_buckets(0.005, 2.0, 17));
        let mut metrics = Self {
            registry: Registry::with_prefix("paceway"),
            requests: Family::default(),
            refusals: Family::default(),
            tokens: Family::default(),
            cost: Family::default(),
            unpriced: Family::default(),
            upstream_refusals: Family::default(),
            retries: Family::default(),
            failovers: Family::default(),
            hedges: Family::default(),
            health_checks: Family::default(),
            breakers: Family::default(),
            breaker_openings: Family::default(),
            calls_in_flight: Family::default(),
            budget_alerts: Family::default(),
            budget_overrun: Counter::default(),
            alerts: Family::default(),
            config_generation: Gauge::default(),
            config_reloads: Family::default(),
            queue_wait: Family::new_with_constructor(seconds),
            duration: Family::new_with_constructor(seconds),
            first_byte: Family::new_with_constructor(seconds),
            in_flight: Gauge::default(),
            ledger_waiting: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    // tidy: long because it is a table of names and their meanings.
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("requests", "Requests that reached a provider", self.requests.clone());
        registry.register("refusals", "Requests that Paceway itself refused", self.refusals.clone());
        registry.register("tokens", "Tokens by kind", self.tokens.clone());
        registry.register("cost_microdollars", "List price of what was used", self.cost.clone());
        registry.register(
            "unpriced_requests",
            "Requests of models without a known price",
            self.unpriced.clone(),
        );
        registry.register(
            "upstream_refusals",
            "Calls that a provider refused for its rate, load or account",
            self.upstream_refusals.clone(),
        );
        registry.register("retries", "Calls made again because they failed", self.retries.clone());
        registry.register("failovers", "Times that a target did not serve a request", self.failovers.clone());
        registry.register("hedges", "Calls made because another was late", self.hedges.clone());
        registry.register(
            "health_checks",
            "Checks of providers that are left alone",
            self.health_checks.clone(),
        );
        registry.register("breaker", "1 for the state that a breaker is in", self.breakers.clone());
        registry.register(
            "breaker_openings",
            "How often a breaker has opened",
            self.breaker_openings.clone(),
        );
        registry.register(
            "calls_in_flight",
            "Calls that a deployment has in hand",
            self.calls_in_flight.clone(),
        );
        registry.register("alerts", "Alerts on their way to people", self.alerts.clone());
        registry.register(
            "budget_alerts",
            "Times that a budget has reached a rung that alerts",
            self.budget_alerts.clone(),
        );
        registry.register(
            "budget_overrun_microdollars",
            "What calls cost beyond what was held for them",
            self.budget_overrun.clone(),
        );
        registry.register(
            "config_generation",
            "How many configurations have been in force",
            self.config_generation.clone(),
        );
        registry.register(
            "config_reloads",
            "Times that the configuration was loaded again",
            self.config_reloads.clone(),
        );
        registry.register(
            "queue_wait_seconds",
            "Wait for a rate limit or a sibling",
            self.queue_wait.clone(),
        );
        registry.register("duration_seconds", "From arrival to the end of the answer", self.duration.clone());
        registry.register(
            "first_byte_seconds",
            "From arrival to the answer's first byte",
            self.first_byte.clone(),
        );
        registry.register("in_flight", "Requests being worked on", self.in_flight.clone());
        registry.register(
            "ledger_waiting",
            "Ledger rows that are not in the database yet",
            self.ledger_waiting.clone(),
        );
    }

    /// A call failed and is made again.
    pub(crate) fn retried(&self, provider: &str) {
        self.retries.get_or_create(&ProviderLabels { provider: provider.to_owned() }).inc();
    }

    /// A target did not serve a request, for this reason.
    pub(crate) fn failed_over(&self, provider: &str, reason: Reason) {
        let labels = ReasonLabels { provider: provider.to_owned(), reason: reason.name() };
        self.failovers.get_or_create(&labels).inc();
    }

    /// A call is made because another one is late.
    pub(crate) fn hedged(&self, provider: &str) {
        self.hedges.get_or_create(&ProviderLabels { provider: provider.to_owned() }).inc();
    }

    /// A provider that is left alone was checked, with this result.
    pub(crate) fn checked(&self, provider: &str, result: &'static str) {
        self.health_checks.get_or_create(&CheckLabels { provider: provider.to_owned(), result }).inc();
    }

    /// What became of an alert's delivery: `delivered`, `retried`, `given_up` or `dropped`.
    pub(crate) fn alerted(&self, destination: &str, result: &'static str) {
        self.alerts.get_or_create(&AlertLabels { destination: destination.to_owned(), result }).inc();
    }

    /// How a deployment's breaker stands, and how often it has opened.
    pub(crate) fn breaker_is(&self, provider: &str, model: &str, state: State, openings: u32) {
        let model = label(model);
        for each in State::ALL {
            let labels =
                BreakerLabels { provider: provider.to_owned(), model: model.clone(), state: each.name() };
            self.breakers.get_or_create(&labels).set(i64::from(each == state));
        }
        let labels = ModelLabels { provider: provider.to_owned(), model };
        self.breaker_openings.get_or_create(&labels).set(i64::from(openings));
    }

    /// So many calls a deployment has in hand.
    pub(crate) fn calls_in_hand(&self, provider: &str, model: &str, calls: u32) {
        let labels = ModelLabels { provider: provider.to_owned(), model: label(model) };
        self.calls_in_flight.get_or_create(&labels).set(i64::from(calls));
    }

    /// The configuration of this number is in force, 1 being that of the start. Deployments are counted anew: some may be gone.
    pub fn configured(&self, generation: u64) {
        self.config_generation.set(i64::try_from(generation).unwrap_or(i64::MAX));
        self.breakers.clear();
        self.breaker_openings.clear();
        self.calls_in_flight.clear();
    }

    /// The configuration was loaded again, with this result: `applied`, `unchanged` or `rejected`.
    pub fn reloaded(&self, result: &'static str) {
        self.config_reloads.get_or_create(&ResultLabels { result }).inc();
    }

    /// A budget has reached a rung that alerts.
    pub(crate) fn budget_alerted(&self, budget: &str) {
        self.budget_alerts.get_or_create(&BudgetLabels { budget: budget.to_owned() }).inc();
    }

    /// A call cost so much more than was held for it, in micro-dollars.
    pub(crate) fn budget_overrun(&self, over: u64) {
        self.budget_overrun.inc_by(over);
    }

    /// Everything in the OpenMetrics text format, version 1.0.0.
    ///
    /// # Errors
    /// When the formatter fails, which memory does not.
    pub(crate) fn encode(&self) -> Result<String, fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }

    pub(crate) fn refused(&self, dialect: Dialect, reason: &'static str) {
        self.refusals.get_or_create(&RefusalLabels { dialect: dialect.name(), reason }).inc();
    }

    pub(crate) fn upstream_refused(&self, provider: &str, cause: Cause) {
        let labels = CauseLabels { provider: provider.into(), cause: cause.name() };
        self.upstream_refusals.get_or_create(&labels).inc();
    }

    pub(crate) fn waited(&self, provider: &str, wait: Duration) {
        self.queue_wait
            .get_or_create(&ProviderLabels { provider: provider.into() })
            .observe(wait.as_secs_f64());
    }

    /// Counts a settled request.
    pub(crate) fn settled(&self, row: &Row) {
        let (provider, model) = (&row.provider, &label(&row.model));
        let labels = RequestLabels {
            dialect: row.dialect.name(),
            provider: provider.clone(),
            model: model.clone(),
            outcome: row.outcome.clone(),
        };
        self.requests.get_or_create(&labels).inc();
        let usage = &row.usage;
        let kinds = [
            ("input", usage.input),
            ("cache_read", usage.cache_read),
            ("cache_write", usage.cache_write()),
            ("output", usage.output),
        ];
        for (kind, count) in kinds.into_iter().filter(|(_, count)| count.get() > 0) {
            let labels = TokenLabels { provider: provider.clone(), model: model.clone(), kind };
            self.tokens.get_or_create(&labels).inc_by(count.get());
        }
        let by_model = ModelLabels { provider: provider.clone(), model: model.clone() };
        match row.cost {
            Some(cost) => self.cost.get_or_create(&by_model).inc_by(cost.0),
            None => self.unpriced.get_or_create(&by_model).inc(),
        };
        let by_provider = ProviderLabels { provider: provider.clone() };
        self.duration.get_or_create(&by_provider).observe(row.total_ms as f64 / 1e3);
        if let Some(first_byte) = row.first_byte_ms {
            self.first_byte.get_or_create(&by_provider).observe(first_byte as f64 / 1e3);
        }
    }
}

/// A model's label. Clients choose model names, and each new label value costs memory for ever: names outside the
/// catalogue share one.
fn label(model: &str) -> String {
    let is_known = CATALOGUE.find_anywhere(model).is_some();
    if is_known { model.to_owned() } else { "other".to_owned() }
}

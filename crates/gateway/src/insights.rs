//! Insights over the ledger: its rows, as `policy::insights` sees them, and what was found, as programs read it.
//!
//! It blocks while it reads: callers of the async world use a blocking thread. What is wasteful is not decided here.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use paceway_policy::insights::{Finding, Insights, Observed, Outcome, Report};
use paceway_policy::pricing::PriceBook;
use paceway_store::reports::Filter;
use paceway_store::{Reports, Row, StoreError};
use serde_json::{Value, json};

/// What a provider is to insights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownProvider {
    /// Its name in the price lists.
    pub catalogue: String,
    /// Its model for easy work, if one is known.
    pub small: Option<String>,
}

/// What the rows that pass the filter show.
///
/// # Errors
/// When the ledger cannot be read.
pub fn report(
    ledger: &dyn Reports,
    filter: &Filter,
    prices: Arc<PriceBook>,
    providers: &BTreeMap<String, KnownProvider>,
) -> Result<Report, StoreError> {
    let small = providers.iter().filter_map(|(name, provider)| Some((name.clone(), provider.small.clone()?)));
    let mut insights = Insights::new(prices, small.collect());
    ledger.export(filter, &mut |row| {
        insights.see(&observed(row, providers));
        ControlFlow::Continue(())
    })?;
    Ok(insights.report())
}

fn observed(row: Row, providers: &BTreeMap<String, KnownProvider>) -> Observed {
    let catalogue =
        providers.get(&row.provider).map_or(&row.provider, |provider| &provider.catalogue).clone();
    let traits = row.traits;
    Observed {
        request: row.request_id,
        part: row.part,
        at: row.arrived_at,
        key: row.key,
        team: row.owner.team,
        provider: row.provider,
        catalogue,
        model: row.model,
        is_generation: row.endpoint == "generate",
        usage: row.usage,
        tier: row.tier,
        cost: row.cost,
        outcome: Outcome::named(&row.outcome),
        queued_ms: row.queued_ms,
        request_hash: traits.request_hash,
        head_hash: traits.head_hash,
        head_shape: traits.head_shape,
        head_tokens: traits.head_tokens,
        tools_tokens: traits.tools_tokens,
        tools_offered: traits.tools_offered,
        tools_called: traits.tools_called,
        max_tokens: traits.max_tokens,
        is_cut: traits.is_cut,
        complexity: traits.complexity,
        is_patient: traits.is_patient,
    }
}

/// A report for programs. Money is in micro-dollars.
pub fn to_json(report: &Report) -> Value {
    json!({
        "rows": report.rows,
        "rows_left_out": report.left_out,
        "window_ms": report.window_ms,
        "findings": report.findings.iter().map(finding_to_json).collect::<Vec<_>>(),
    })
}

fn finding_to_json(finding: &Finding) -> Value {
    let Finding { kind, subject, requests, of, examples, evidence, saves, reckoned, advice } = finding;
    json!({
        "kind": kind.name(),
        "team": subject.team,
        "key": subject.key.0,
        "provider": subject.provider,
        "model": subject.model,
        "requests": requests,
        "of": of,
        "examples": examples.iter().map(paceway_domain::RequestId::as_str).collect::<Vec<_>>(),
        "evidence": evidence,
        "saves_microusd": saves.so_far.0,
        "saves_per_month_microusd": saves.per_month.0,
        "is_at_most": saves.is_at_most,
        "reckoned": reckoned,
        "advice": advice,
    })
}

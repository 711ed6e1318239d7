//! `paceway insights`: what of the ledger could have cost less, and what to do about it.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use jiff::Timestamp;
use paceway_domain::UnixMillis;
use paceway_domain::day::DAY_MS;
use paceway_gateway::insights;
use paceway_policy::insights::{Finding, Report};
use paceway_store::reports::Filter;

use super::{Common, counted, say};
use crate::{house, prices, providers};

/// Without `--from`, so many days are looked at.
const USUAL_DAYS: u64 = 30;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// From this day or time on, in UTC: 2026-11-01 or 2026-11-01T08:00:00Z [default: 30 days ago]
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to the beginning of this day or time [default: now]
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Print the findings as JSON; money in millionths of a dollar
    #[arg(long)]
    json: bool,
}

pub(super) fn run(common: &Common, options: &Options) -> Result<()> {
    let config = common.load()?;
    let now = house::wall_clock();
    let from =
        options.from.as_deref().map_or(Ok(UnixMillis(now.0.saturating_sub(USUAL_DAYS * DAY_MS))), time)?;
    let to = options.to.as_deref().map_or(Ok(UnixMillis(now.0 + 1)), time)?;
    if from >= to {
        bail!("--from is not before --to: nothing would be looked at");
    }
    let reports = common.administer()?.reports;
    let filter = Filter { from: Some(from), to: Some(to), ..Filter::default() };
    let prices = Arc::new(prices::load(&config)?);
    let report = insights::report(reports.as_ref(), &filter, prices, &providers::known(&config))?;
    if options.json {
        say(format_args!("{:#}", insights::to_json(&report)));
        return Ok(());
    }
    show(&report);
    Ok(())
}

/// A day, which begins at midnight in UTC, or a time.
fn time(text: &str) -> Result<UnixMillis> {
    let is_day = text.len() == "2026-11-01".len();
    let at = if is_day { format!("{text}T00:00:00Z").parse::<Timestamp>() } else { text.parse() };
    let at = at.with_context(|| format!("`{text}` is no time: write 2026-11-01 or 2026-11-01T08:00:00Z"))?;
    Ok(UnixMillis(u64::try_from(at.as_millisecond()).unwrap_or(0)))
}

fn show(report: &Report) {
    if report.rows == 0 {
        say("No requests in this time.");
        return;
    }
    say(format_args!("{} looked at, over {}.", counted(report.rows, "call"), time_told(report.window_ms)));
    if report.left_out > 0 {
        say(format_args!(
            "{} left out: there are too many keys and models. Look at a shorter time.",
            counted(report.left_out, "more call")
        ));
    }
    if report.findings.is_empty() {
        say("Nothing was found that could have cost less.");
        return;
    }
    for (number, finding) in report.findings.iter().enumerate() {
        show_finding(number + 1, finding);
    }
    say("\nFindings are not to be added up: one request can be in several.");
}

fn show_finding(number: usize, finding: &Finding) {
    let Finding { kind, subject, requests, of, examples, evidence, saves, reckoned, advice } = finding;
    let at_most = if saves.is_at_most { "at most " } else { "" };
    say(format_args!(
        "\n{number}. {kind}: {at_most}{} so far, {at_most}{} a month",
        saves.so_far, saves.per_month
    ));
    let whose =
        format_args!("key {} (team {}) at {}/{}", subject.key, subject.team, subject.provider, subject.model);
    say(format_args!("   who       {whose}"));
    say(format_args!("   seen      {evidence} ({requests} of {of})"));
    say(format_args!("   reckoned  {reckoned}"));
    say(format_args!("   do        {advice}"));
    let examples: Vec<&str> = examples.iter().map(paceway_domain::RequestId::as_str).collect();
    say(format_args!("   such as   {}", examples.join(", ")));
}

fn time_told(window_ms: u64) -> String {
    match window_ms / DAY_MS {
        0 => counted((window_ms / 3_600_000).max(1), "hour"),
        days => counted(days, "day"),
    }
}

//! The files that providers give: pages of their usage and cost APIs, and CSV.
//!
//! Shapes: Anthropic's `GET /v1/organizations/usage_report/messages` and `/v1/organizations/cost_report` (amounts in cents, as decimal
//! text), OpenAI's `GET /v1/organization/usage/completions` (input with what was read from and
//! written to a cache) and `/v1/organization/costs` (dollars); read
//! on 28 November 2026 at platform.claude.com/docs/en/api/admin-api/usage-cost and platform.openai.com/docs/api-reference/usage.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Deserializer, Value};

use super::decimal::{self, PicoUsd};

const USD: PicoUsd = 1_000_000_000_000;
const CENT: PicoUsd = USD / 100;

/// One line of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub day: Date,
    /// The model, if the line says so.
    pub model: Option<String>,
    pub tokens: Option<[u64; 4]>,
    pub charged: Option<PicoUsd>,
}

/// What is in a file.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub lines: Vec<Line>,
    /// Days that are covered, be it with nothing.
    pub token_days: BTreeSet<Date>,
    pub cost_days: BTreeSet<Date>,
    /// Each part as it was, to find what was given twice.
    pub buckets: Vec<String>,
}

impl Page {
    fn take(&mut self, line: Line) {
        if line.tokens.is_some() {
            self.token_days.insert(line.day);
        }
        if line.charged.is_some() {
            self.cost_days.insert(line.day);
        }
        self.lines.push(line);
    }
}

/// One page, or several one after the other.
pub(super) fn json(text: &str) -> Result<Page> {
    let (mut page, mut empty_days) = (Page::default(), BTreeSet::new());
    for value in Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.context("it is not JSON")?;
        let buckets =
            value["data"].as_array().context("it has no list `data`: give the answer of the API whole")?;
        for bucket in buckets {
            let day = day_of(bucket)?;
            let results = bucket["results"].as_array().context("a bucket has no list `results`")?;
            if results.is_empty() {
                empty_days.insert(day);
            } else {
                page.buckets.push(bucket.to_string());
            }
            for result in results {
                page.take(line(day, bucket, result)?);
            }
        }
    }
    // A day without results is one on which nothing was counted, or charged: what the other days of the file tell.
    for days in [&mut page.token_days, &mut page.cost_days] {
        if !days.is_empty() {
            days.extend(&empty_days);
        }
    }
    Ok(page)
}

fn day_of(bucket: &Value) -> Result<Date> {
    let moment = match (bucket["starting_at"].as_str(), bucket["start_time"].as_i64()) {
        (Some(text), _) => text.parse::<Timestamp>().with_context(|| format!("starting_at `{text}`"))?,
        (None, Some(seconds)) => {
            Timestamp::from_second(seconds).with_context(|| format!("start_time {seconds}"))?
        }
        (None, None) => bail!("a bucket has neither `starting_at` (Anthropic) nor `start_time` (OpenAI)"),
    };
    Ok(moment.to_zoned_datetime(TimeZone::UTC).date())
}

fn line(day: Date, bucket: &Value, result: &Value) -> Result<Line> {
    let is_anthropic = bucket["starting_at"].is_string();
    let model = result["model"].as_str().map(str::to_owned);
    let count = |value: &Value| value.as_u64().unwrap_or(0);
    if !result["amount"].is_null() {
        let (amount, currency, unit) = if is_anthropic {
            (&result["amount"], &result["currency"], CENT)
        } else {
            (&result["amount"]["value"], &result["amount"]["currency"], USD)
        };
        let currency = currency.as_str().unwrap_or("usd");
        ensure!(
            currency.eq_ignore_ascii_case("usd"),
            "an amount is in {currency}: only US dollars can be compared"
        );
        let text = amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
        let charged = decimal::parse(&text, unit)?;
        let of_item = || result["line_item"].as_str().and_then(model_of_item);
        return Ok(Line { day, model: model.or_else(of_item), tokens: None, charged: Some(charged) });
    }
    let tokens = if is_anthropic {
        ensure!(
            !result["uncached_input_tokens"].is_null(),
            "a result has neither `amount` nor `uncached_input_tokens`"
        );
        let written = &result["cache_creation"];
        [
            count(&result["uncached_input_tokens"]),
            count(&result["cache_read_input_tokens"]),
            count(&written["ephemeral_5m_input_tokens"]) + count(&written["ephemeral_1h_input_tokens"]),
            count(&result["output_tokens"]),
        ]
    } else {
        ensure!(!result["input_tokens"].is_null(), "a result has neither `amount` nor `input_tokens`");
        let (read, written) =
            (count(&result["input_cached_tokens"]), count(&result["input_cache_write_tokens"]));
        let uncached = count(&result["input_tokens"]).saturating_sub(read).saturating_sub(written);
        [uncached, read, written, count(&result["output_tokens"])]
    };
    Ok(Line { day, model, tokens: Some(tokens), charged: None })
}

/// OpenAI names what is charged for as `gpt-4o-2024-08-06, input`; other things (`Web search tool calls`) are no model's.
fn model_of_item(item: &str) -> Option<String> {
    let (model, _) = item.split_once(", ")?;
    let is_name = !model.contains(' ') && model.bytes().any(|byte| byte.is_ascii_lowercase());
    is_name.then(|| model.to_owned())
}

const COUNTS: [&str; 4] = ["input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"];

/// A table with a header. Cells are plain: no column has a place for commas.
pub(super) fn csv(text: &str) -> Result<Page> {
    let mut lines = text.trim_start_matches('\u{feff}').lines().filter(|line| !line.trim().is_empty());
    let header: Vec<_> = lines.next().context("it is empty")?.split(',').map(unquoted).collect();
    let known = |name: &&str| ["date", "model", "cost_usd"].contains(name) || COUNTS.contains(name);
    if let Some(unknown) = header.iter().find(|name| !known(name)) {
        bail!("it has a column `{unknown}`: those known are date, model, {}, cost_usd", COUNTS.join(", "));
    }
    let place = |name: &str| header.iter().position(|column| *column == name);
    let day = place("date").context("it has no column `date`")?;
    let model = place("model").context("it has no column `model`")?;
    let counts = COUNTS.map(place);
    let cost = place("cost_usd");
    let mut page = Page::default();
    for (number, text) in (2..).zip(lines) {
        let cells: Vec<_> = text.split(',').map(unquoted).collect();
        ensure!(
            cells.len() == header.len(),
            "line {number} has {} cells, the header {}",
            cells.len(),
            header.len()
        );
        let date: Date =
            cells[day].parse().with_context(|| format!("line {number}: date `{}`", cells[day]))?;
        let mut tokens = [0; 4];
        for (count, place) in tokens.iter_mut().zip(counts) {
            if let Some(cell) = place.map(|place| cells[place]).filter(|cell| !cell.is_empty()) {
                *count = cell.parse().with_context(|| format!("line {number}: `{cell}` is no count"))?;
            }
        }
        let charged = cost.map(|cost| decimal::parse(cells[cost], USD)).transpose();
        page.take(Line {
            day: date,
            model: Some(cells[model].to_owned()).filter(|model| !model.is_empty()),
            tokens: counts.iter().any(Option::is_some).then_some(tokens),
            charged: charged.with_context(|| format!("line {number}"))?,
        });
        page.buckets.push(text.to_owned());
    }
    Ok(page)
}

fn unquoted(cell: &str) -> &str {
    cell.trim().trim_matches('"')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn anthropics_usage_has_its_caches_apart() {
        let page = json(include_str!("fixtures/anthropic_usage.json")).unwrap();
        let line = Line {
            day: date(2026, 11, 23),
            model: Some("claude-haiku-4-5-20251001".into()),
            tokens: Some([1_500, 200, 1_700, 500]),
            charged: None,
        };
        assert_eq!(page.lines, [line]);
    }

    #[test]
    fn a_day_on_which_nothing_was_counted_is_told_of() {
        let page = json(
            r#"{"data": [{"start_time": 0, "results": [{"input_tokens": 1, "model": "m"}]}, {"start_time": 86400, "results": []}]}"#,
        );
        let page = page.unwrap();
        assert!(page.token_days.contains(&date(1970, 1, 2)) && page.cost_days.is_empty());
    }

    #[test]
    fn anthropics_costs_are_cents() {
        let page = json(include_str!("fixtures/anthropic_costs.json")).unwrap();
        let charged: Vec<_> =
            page.lines.iter().map(|line| (line.model.as_deref(), line.charged.unwrap())).collect();
        assert_eq!(charged, [(Some("claude-haiku-4-5-20251001"), 1_237_891_200_000), (None, 20_000_000_000)]);
    }

    #[test]
    fn openais_input_holds_what_was_cached_and_its_costs_are_dollars() {
        let page = json(include_str!("fixtures/openai.jsonl")).unwrap();
        let of = |line: &Line| (line.model.clone().unwrap_or_default(), line.tokens, line.charged);
        let lines: Vec<_> = page.lines.iter().map(of).collect();
        let expected = [
            ("gpt-4o-2024-08-06".to_owned(), Some([150, 800, 50, 500]), None),
            ("gpt-4o-2024-08-06".to_owned(), None, Some(60_000_000_000)),
            (String::new(), None, Some(2_250_000_000_000)),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_table_may_leave_columns_out() {
        let page = csv("date,model,cost_usd\n2026-11-23,gpt-4o,0.5\n").unwrap();
        assert_eq!((page.lines[0].tokens, page.lines[0].charged), (None, Some(500_000_000_000)));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let told = |text: &str| {
            let page = if text.starts_with('{') { json(text) } else { csv(text) };
            format!("{:#}", page.unwrap_err())
        };
        assert!(told("{\"error\": {}}").contains("`data`"));
        assert!(told("{\"data\": [{\"results\": []}]}").contains("starting_at"));
        assert!(told("date,colour\n").contains("`colour`"));
        assert!(told("date,model\n2026-11-23\n").contains("line 2"));
        assert!(told("date,model,cost_usd\n2026-11-23,m,ten\n").contains("`ten`"));
        let euros =
            r#"{"data": [{"start_time": 0, "results": [{"amount": {"value": 1, "currency": "eur"}}]}]}"#;
        assert!(told(euros).contains("eur"));
    }
}

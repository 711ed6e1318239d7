//! What a provider says, summed up by day and model, from whatever files.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use jiff::civil::Date;

use super::decimal::{PicoUsd, micro_usd};
use super::pages;

/// What a provider says of one model on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Said {
    /// Input not of a cache, read from one, written to one; output.
    pub tokens: [u64; 4],
    /// What was charged.
    pub charged: PicoUsd,
}

/// Everything that was read.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// By day and model; the empty name is for charges that are no model's.
    pub said: BTreeMap<(Date, String), Said>,
    /// Days of which the tokens are told, and those of which the charges are.
    pub token_days: BTreeSet<Date>,
    pub cost_days: BTreeSet<Date>,
    seen: BTreeSet<String>,
}

impl Report {
    /// Reads a file's text.
    ///
    /// # Errors
    /// A sentence that says which part makes no sense and what to do.
    pub(super) fn read(&mut self, text: &str) -> Result<()> {
        let page =
            if text.trim_start().starts_with(['{', '[']) { pages::json(text)? } else { pages::csv(text)? };
        for bucket in page.buckets {
            if !self.seen.insert(bucket.clone()) {
                bail!("a part of it was read before: give each page once ({})", shortened(&bucket));
            }
        }
        let has_models = page.lines.iter().any(|line| line.model.is_some());
        if !page.lines.is_empty() && !has_models {
            bail!(
                "it is not by model: ask the provider for group_by[]=model (usage), group_by[]=description (Anthropic's costs) or \
                 group_by[]=line_item (OpenAI's costs)"
            );
        }
        self.token_days.extend(&page.token_days);
        self.cost_days.extend(&page.cost_days);
        for line in page.lines {
            let model = line.model.as_deref().map(without_date).unwrap_or_default().to_owned();
            let said = self.said.entry((line.day, model)).or_default();
            for (sum, count) in said.tokens.iter_mut().zip(line.tokens.unwrap_or_default()) {
                *sum = sum.saturating_add(count);
            }
            said.charged = said.charged.saturating_add(line.charged.unwrap_or_default());
        }
        Ok(())
    }

    pub(super) fn has_costs(&self) -> bool {
        !self.cost_days.is_empty()
    }

    /// What was charged for a model on a day, if charges of that day are told at all.
    pub(super) fn charged(&self, day: Date, said: Said) -> Option<i64> {
        self.cost_days.contains(&day).then(|| micro_usd(said.charged))
    }
}

fn shortened(bucket: &str) -> String {
    bucket.chars().take(80).collect()
}

/// A model's name without the date of its snapshot: `-20251001` or `-2024-08-06` at its end.
pub(super) fn without_date(model: &str) -> &str {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let cut = |length: usize| model.split_at_checked(model.len().checked_sub(length)?);
    if let Some((name, date)) = cut(9)
        && let Some(digits) = date.strip_prefix('-')
        && is_digits(digits)
        && digits.starts_with("20")
    {
        return name;
    }
    if let Some((name, date)) = cut(11)
        && let Some(date) = date.strip_prefix('-')
        && date.parse::<Date>().is_ok()
    {
        return name;
    }
    model
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_of_a_model_are_the_model() {
        assert_eq!(without_date("claude-haiku-4-5-20251001"), "claude-haiku-4-5");
        assert_eq!(without_date("gpt-4o-2024-08-06"), "gpt-4o");
        for same in ["gpt-4o", "gpt-4-0613", "o1", "", "model-12345678", "gemini-2.5-pro"] {
            assert_eq!(without_date(same), same);
        }
    }
}

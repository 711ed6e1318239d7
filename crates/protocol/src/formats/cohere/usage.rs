//! `usage`, read and written. It prices nothing.

use paceway_domain::{Apart, Sold, Tokens, Usage};
use serde::Deserialize;

use crate::compose::ObjectWriter;

/// What was used: billed, and in all.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WireUsage {
    billed_units: Option<WireTokens>,
    tokens: Option<WireTokens>,
    cached_tokens: Option<f64>,
}

/// Cohere writes counts as numbers with a fraction.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct WireTokens {
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
    search_units: Option<f64>,
}

impl WireTokens {
    fn input(self) -> Option<u64> {
        self.input_tokens.map(count)
    }

    fn output(self) -> Option<u64> {
        self.output_tokens.map(count)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn count(number: f64) -> u64 {
    // A cast of a float saturates: nothing negative, nothing beyond the largest integer.
    number as u64
}

impl WireUsage {
    /// What is billed counts; Cohere's own prompt around the caller's is not. That prompt comes first, so that what is
    /// cached is first of all part of it.
    pub(super) fn read(&self) -> Usage {
        let billed = self.billed_units.unwrap_or_default();
        let all = self.tokens.unwrap_or_default();
        let input = billed.input().or(all.input()).unwrap_or(0);
        let unbilled = all.input().unwrap_or(0).saturating_sub(input);
        let cached = self.cached_tokens.map_or(0, count).saturating_sub(unbilled).min(input);
        Usage {
            input: Tokens(input - cached),
            cache_read: Tokens(cached),
            output: Tokens(billed.output().or(all.output()).unwrap_or(0)),
            ..Usage::default()
        }
    }
}

impl WireUsage {
    fn sold(&self) -> Sold {
        let searches = self.billed_units.and_then(|billed| billed.search_units);
        let apart =
            Apart { rerank_searches: searches.map_or(0, |units| count(units.ceil())), ..Apart::default() };
        Sold { usage: self.read(), apart, ..Sold::default() }
    }
}

/// What a whole answer says was sold: of words in `usage`, of vectors and orders in `meta`.
pub(super) fn of_answer(body: &[u8]) -> Option<Sold> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(alias = "meta")]
        usage: WireUsage,
    }
    serde_json::from_slice(body).ok().map(|body: Body| body.usage.sold())
}

/// Writes the fields of `usage`.
pub(super) fn write(usage: &Usage, fields: &mut ObjectWriter<'_>) {
    for name in ["billed_units", "tokens"] {
        fields.object(name, |tokens| {
            tokens.field("input_tokens", &usage.input_total()).field("output_tokens", &usage.output);
        });
    }
    fields.field("cached_tokens", &usage.cache_read);
}

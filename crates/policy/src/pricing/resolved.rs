//! What the database was asked before: all rates of a model for a time and a length of prompt.
//!
//! A question to the database goes through the patterns of its models, and a request is priced several times before it has its bill. What is
//! kept changes no price: rates are the same within a slot, which a test holds against the database itself. A reload begins
//! with nothing kept, as every new book does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use paceway_domain::price::{Kind, Rates};
use paceway_domain::{ServiceTier, Tokens, UnixMillis};

use super::Unpriced;
use super::database::Request;

/// The lengths of prompts beyond which the database has other prices, of any model. Those of its linked version.
const STEPS: [u64; 9] = [32_000, 100_000, 128_000, 199_999, 200_000, 256_000, 272_000, 512_000, 524_288];
/// Prices by the time of day begin and end on a half hour.
const HALF_HOUR_MS: u64 = 1_800_000;
/// Slots that are kept. When there are more, all are forgotten: hours that are over are of no use.
const MOST: usize = 4_096;
/// Longer names are asked for each time: they are no model's.
const LONGEST_NAME: usize = 200;

/// Within it the rates of a model are the same.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Slot {
    provider: Box<str>,
    model: Box<str>,
    tier: ServiceTier,
    half_hour: u64,
    step: usize,
}

impl Slot {
    fn of(request: &Request<'_>) -> Self {
        Self {
            provider: request.provider.into(),
            model: request.model.into(),
            tier: request.tier,
            half_hour: request.at.0 / HALF_HOUR_MS,
            step: step(request.prompt),
        }
    }
}

/// How many of the steps a prompt is beyond.
fn step(prompt: Tokens) -> usize {
    STEPS.partition_point(|step| prompt.get() > *step)
}

/// The rates that were asked for, or why there are none.
#[derive(Debug, Default)]
pub(super) struct Resolved(Mutex<HashMap<Slot, Result<Arc<Rates>, Unpriced>>>);

impl Resolved {
    /// The rates of a request.
    ///
    /// # Errors
    /// Why the database has none.
    pub(super) fn rates(&self, request: &Request<'_>) -> Result<Arc<Rates>, Unpriced> {
        if request.provider.len().max(request.model.len()) > LONGEST_NAME {
            return all_rates(request);
        }
        let slot = Slot::of(request);
        let known = self.lock().get(&slot).cloned();
        if let Some(known) = known {
            return known;
        }
        // The lock is not held meanwhile: two who ask at once get the same answer.
        let rates = all_rates(&of_slot(*request));
        let mut kept = self.lock();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(slot, rates.clone());
        rates
    }

    /// No panic can leave it half changed: it is changed by whole entries.
    fn lock(&self) -> MutexGuard<'_, HashMap<Slot, Result<Arc<Rates>, Unpriced>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Resolved {
    /// With nothing kept.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Resolved {
    /// What was asked before makes no difference.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Resolved {}

/// The first request of its slot, so that it makes no difference which one is asked first.
fn of_slot(request: Request<'_>) -> Request<'_> {
    let beyond = step(request.prompt).checked_sub(1).map_or(0, |step| STEPS[step]);
    let at = UnixMillis(request.at.0 / HALF_HOUR_MS * HALF_HOUR_MS);
    Request { prompt: Tokens(beyond + 1), at, ..request }
}

fn all_rates(request: &Request<'_>) -> Result<Arc<Rates>, Unpriced> {
    request.check()?;
    let known = Kind::ALL.into_iter().filter_map(|kind| Some((kind, request.rate(kind)?)));
    Ok(Arc::new(known.fold(Rates::default(), |rates, (kind, price)| rates.with(kind, price))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use paceway_domain::day::DAY_MS;
    use proptest::prelude::*;

    use super::super::database::{models_of, providers};
    use super::*;

    /// 2026-11-28.
    const DAY: u64 = 1_795_824_000_000;
    /// No model takes more.
    const LONGEST_PROMPT: u64 = 2_100_000;

    /// Every model of the database that has a price.
    fn models() -> Vec<(&'static str, &'static str)> {
        providers()
            .flat_map(|provider| models_of(provider).into_iter().map(move |(model, _)| (provider, model)))
            .collect()
    }

    fn request(provider: &'static str, model: &'static str, prompt: u64) -> Request<'static> {
        let (at, tier) = (UnixMillis(DAY), ServiceTier::Standard);
        Request { provider, model, at, tier, prompt: Tokens(prompt) }
    }

    #[test]
    fn no_price_changes_between_two_steps() {
        let rates = |provider, model, prompt| {
            [Kind::Input, Kind::Output].map(|kind| request(provider, model, prompt).rate(kind))
        };
        let is_stepped = |&(provider, model): &(&'static str, &'static str)| {
            rates(provider, model, 1) != rates(provider, model, LONGEST_PROMPT)
        };
        let stepped: Vec<_> = models().into_iter().filter(is_stepped).collect();
        // The first and the last of each slot.
        let is_other = |&(provider, model, last): &(&'static str, &'static str, u64)| {
            let first = of_slot(request(provider, model, last)).prompt.get();
            rates(provider, model, first) != rates(provider, model, last)
        };
        let lasts = || STEPS.into_iter().chain([LONGEST_PROMPT]);
        let wrong: Vec<_> = stepped
            .iter()
            .flat_map(|&(provider, model)| lasts().map(move |last| (provider, model, last)))
            .filter(is_other)
            .collect();
        assert!(stepped.len() > 50, "{}", stepped.len());
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let resolved = Resolved::default();
        for number in 0..=MOST {
            let at = UnixMillis(number as u64 * HALF_HOUR_MS);
            let request = Request { at, ..request("nobody", "nothing", 1) };
            assert_eq!(resolved.rates(&request), Err(Unpriced::Model));
        }
        assert_eq!(resolved.lock().len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn what_is_kept_is_what_the_database_says(
            (provider, model) in prop::sample::select(models()),
            ms in 0..DAY_MS,
            day in 0..60u64,
            tier in prop::sample::select(ServiceTier::ALL.to_vec()),
            prompt in prop_oneof![
                0..LONGEST_PROMPT,
                (prop::sample::select(STEPS.to_vec()), 0..4u64).prop_map(|(step, more)| step - 1 + more),
            ],
            other_ms in 0..HALF_HOUR_MS,
        ) {
            let at = UnixMillis(DAY - day * DAY_MS + ms);
            let asked = Request { provider, model, at, tier, prompt: Tokens(prompt) };
            let resolved = Resolved::default();
            // Whoever came first in that half hour.
            let first = UnixMillis(at.0 / HALF_HOUR_MS * HALF_HOUR_MS + other_ms);
            let _ = resolved.rates(&Request { at: first, ..asked });
            let kept = resolved.rates(&asked);
            prop_assert_eq!(resolved.lock().len(), 1);
            prop_assert_eq!(kept, all_rates(&asked));
        }
    }
}

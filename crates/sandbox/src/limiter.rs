//! Rate limits as the providers document them.
//!
//! Anthropic (platform.claude.com/docs/en/api/rate-limits): a token bucket that refills continuously; output is charged
//! as it is generated and `max_tokens` does not matter; input is charged at admission and corrected; input read from a
//! cache is not charged. OpenAI (platform.openai.com/docs/guides/rate-limits): the larger of `max_tokens` and an estimate
//! is charged at admission and not corrected; refused calls cost a request too (no page says whether into debt; here not).
//! Gemini (ai.google.dev/gemini-api/docs/rate-limits): requests and input tokens. Bedrock
//! (docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html): input and the most output are charged at
//! admission, what was not generated is given back at the end. Cohere (docs.cohere.com/docs/rate-limits): requests only.
//!
//! The books are kept as what has been *used* and drains away. Time is handed in, in seconds.

use std::collections::HashMap;

use crate::settings::Limits;

/// Which provider's rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Rules {
    Anthropic,
    OpenAi,
    Gemini,
    Bedrock,
    Cohere,
}

/// What Bedrock reserves for a request that does not say how much it may generate.
const BEDROCK_UNSAID: u64 = 64_000;

/// An API key and a model class.
pub(crate) type Account = (String, &'static str);

/// What limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Requests,
    Input,
    Output,
    Tokens,
    Concurrency,
}

/// One limit of one account, as headers show it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reading {
    pub(crate) kind: Kind,
    /// Units per minute.
    pub(crate) limit: u64,
    /// Free units, not below zero.
    pub(crate) remaining: f64,
    /// Seconds until everything is free.
    pub(crate) full_in: f64,
}

/// A refusal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Refused {
    pub(crate) kind: Kind,
    pub(crate) limit: u64,
    pub(crate) used: f64,
    pub(crate) requested: u64,
    /// Seconds until the same request would be admitted, if nothing else is.
    pub(crate) wait: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Meter {
    used: f64,
    at: f64,
}

impl Meter {
    fn drain(&mut self, now: f64, per_minute: f64) {
        let elapsed = (now - self.at).max(0.0);
        self.used = (self.used - elapsed * per_minute / 60.0).max(0.0);
        self.at = now.max(self.at);
    }

    /// What was free of the old burst stays free, up to the new burst; a debt stays a debt.
    fn resize(&mut self, old_burst: f64, new_burst: f64) {
        self.used = new_burst - (old_burst - self.used).min(new_burst);
    }
}

#[derive(Debug, Default)]
struct Books {
    requests: Meter,
    input: Meter,
    output: Meter,
    tokens: Meter,
    in_flight: u32,
}

/// The books of all accounts.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    books: HashMap<Account, Books>,
}

impl Limiter {
    /// Admits or refuses a request of so many uncached input tokens, which may generate so many (0: it does not say).
    /// Gives the output that is reserved until its end.
    pub(crate) fn admit(
        &mut self,
        now: f64,
        account: &Account,
        limits: &Limits,
        rules: Rules,
        (input, max_output): (u64, u64),
    ) -> Result<u64, Refused> {
        let books = self.books.entry(account.clone()).or_default();
        books.drain(now, limits);
        let reserved = reserved_output(rules, max_output);
        let refused = books.refusal(limits, rules, input, max_output.max(reserved));
        if let Some(refused) = refused {
            if rules == Rules::OpenAi {
                books.charge_refused_call(limits);
            }
            return Err(refused);
        }
        books.requests.used += 1.0;
        books.in_flight += 1;
        match rules {
            Rules::OpenAi => books.tokens.used += input.max(max_output) as f64,
            Rules::Anthropic | Rules::Gemini => books.input.used += input as f64,
            Rules::Bedrock => books.tokens.used += input.saturating_add(reserved) as f64,
            Rules::Cohere => {}
        }
        Ok(reserved)
    }

    /// So many tokens were generated.
    pub(crate) fn generated(&mut self, now: f64, account: &Account, limits: &Limits, tokens: u64) {
        let books = self.books.entry(account.clone()).or_default();
        books.drain(now, limits);
        books.output.used += tokens as f64;
    }

    /// Puts other limits in force. A cut makes no debt of what was used before it, a raise no gift.
    pub(crate) fn change(&mut self, now: f64, old: &Limits, new: &Limits) {
        for books in self.books.values_mut() {
            books.drain(now, old);
            for kind in [Kind::Requests, Kind::Input, Kind::Output, Kind::Tokens] {
                let bursts = [old, new].map(|limits| burst(per_minute(kind, limits), limits));
                books.meter_mut(kind).resize(bursts[0], bursts[1]);
            }
        }
    }

    /// A request ended, and so much of what was reserved for it was not generated.
    pub(crate) fn ended(&mut self, now: f64, account: &Account, limits: &Limits, given_back: u64) {
        let books = self.books.entry(account.clone()).or_default();
        books.in_flight = books.in_flight.saturating_sub(1);
        if given_back > 0 {
            books.drain(now, limits);
            books.tokens.used = (books.tokens.used - given_back as f64).max(0.0);
        }
    }

    /// Every limit that these rules have.
    pub(crate) fn readings(
        &mut self,
        now: f64,
        account: &Account,
        limits: &Limits,
        rules: Rules,
    ) -> Vec<Reading> {
        let books = self.books.entry(account.clone()).or_default();
        books.drain(now, limits);
        let kinds: &[Kind] = match rules {
            Rules::Anthropic => &[Kind::Requests, Kind::Input, Kind::Output],
            Rules::OpenAi => &[Kind::Requests, Kind::Tokens],
            Rules::Gemini | Rules::Bedrock | Rules::Cohere => &[],
        };
        kinds.iter().map(|&kind| books.reading(kind, limits)).collect()
    }
}

impl Books {
    fn drain(&mut self, now: f64, limits: &Limits) {
        let ours = 1.0 - limits.others.clamp(0.0, 1.0);
        for kind in [Kind::Requests, Kind::Input, Kind::Output, Kind::Tokens] {
            self.meter_mut(kind).drain(now, per_minute(kind, limits) as f64 * ours);
        }
    }

    /// A refused call costs a request, but no debt: a limit per minute never asks for a longer wait than that.
    fn charge_refused_call(&mut self, limits: &Limits) {
        let most = burst(limits.requests_per_minute, limits).max(self.requests.used);
        self.requests.used = (self.requests.used + 1.0).min(most);
    }

    fn refusal(&self, limits: &Limits, rules: Rules, input: u64, max_output: u64) -> Option<Refused> {
        if limits.concurrency > 0 && self.in_flight >= limits.concurrency {
            let (limit, used) = (u64::from(limits.concurrency), f64::from(self.in_flight));
            return Some(Refused { kind: Kind::Concurrency, limit, used, requested: 1, wait: 1.0 });
        }
        let needs: &[(Kind, u64)] = match rules {
            // A bucket of output that is not empty admits: what will be generated is not known.
            Rules::Anthropic => &[(Kind::Requests, 1), (Kind::Input, input), (Kind::Output, 1)],
            Rules::OpenAi => &[(Kind::Requests, 1), (Kind::Tokens, input.max(max_output))],
            Rules::Gemini => &[(Kind::Requests, 1), (Kind::Input, input)],
            Rules::Bedrock => &[(Kind::Requests, 1), (Kind::Tokens, input.saturating_add(max_output))],
            Rules::Cohere => &[(Kind::Requests, 1)],
        };
        needs.iter().find_map(|&(kind, requested)| {
            let limit = per_minute(kind, limits);
            let used = self.meter(kind).used;
            let missing = used + requested as f64 - burst(limit, limits);
            // A millionth of a unit is the rounding of this arithmetic and not a reason to refuse.
            let wait = missing / (limit as f64 / 60.0).max(f64::MIN_POSITIVE);
            (missing > 1e-6).then_some(Refused { kind, limit, used, requested, wait })
        })
    }

    fn reading(&self, kind: Kind, limits: &Limits) -> Reading {
        let limit = per_minute(kind, limits);
        let used = self.meter(kind).used;
        let remaining = (burst(limit, limits) - used).max(0.0);
        Reading { kind, limit, remaining, full_in: used / (limit as f64 / 60.0).max(f64::MIN_POSITIVE) }
    }

    fn meter(&self, kind: Kind) -> Meter {
        match kind {
            Kind::Requests | Kind::Concurrency => self.requests,
            Kind::Input => self.input,
            Kind::Output => self.output,
            Kind::Tokens => self.tokens,
        }
    }

    fn meter_mut(&mut self, kind: Kind) -> &mut Meter {
        match kind {
            Kind::Requests | Kind::Concurrency => &mut self.requests,
            Kind::Input => &mut self.input,
            Kind::Output => &mut self.output,
            Kind::Tokens => &mut self.tokens,
        }
    }
}

/// The output that is charged before it is generated and settled at the end.
fn reserved_output(rules: Rules, max_output: u64) -> u64 {
    match rules {
        Rules::Bedrock if max_output == 0 => BEDROCK_UNSAID,
        Rules::Bedrock => max_output,
        _ => 0,
    }
}

fn per_minute(kind: Kind, limits: &Limits) -> u64 {
    match kind {
        Kind::Requests => limits.requests_per_minute,
        Kind::Input => limits.input_tokens_per_minute,
        Kind::Output => limits.output_tokens_per_minute,
        Kind::Tokens => limits.tokens_per_minute,
        Kind::Concurrency => u64::from(limits.concurrency),
    }
}

/// What a full bucket holds: at least one unit, or nothing would ever be admitted.
fn burst(per_minute: u64, limits: &Limits) -> f64 {
    (per_minute as f64 * limits.burst_s.clamp(0.0, 60.0) / 60.0).max(1.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limits() -> Limits {
        Limits {
            requests_per_minute: 60,
            input_tokens_per_minute: 6_000,
            output_tokens_per_minute: 600,
            tokens_per_minute: 6_000,
            concurrency: 0,
            burst_s: 10.0,
            others: 0.0,
        }
    }

    fn account() -> Account {
        ("key".to_owned(), "class")
    }

    fn admit(
        limiter: &mut Limiter,
        now: f64,
        rules: Rules,
        input: u64,
        max_output: u64,
    ) -> Result<u64, Refused> {
        limiter.admit(now, &account(), &limits(), rules, (input, max_output))
    }

    #[test]
    fn a_refused_call_says_when_and_changes_nothing_at_anthropic() {
        let mut limiter = Limiter::default();
        admit(&mut limiter, 0.0, Rules::Anthropic, 1_000, 0).unwrap();
        let first = admit(&mut limiter, 0.0, Rules::Anthropic, 500, 0).unwrap_err();
        let second = admit(&mut limiter, 0.0, Rules::Anthropic, 500, 0).unwrap_err();
        assert_eq!(first, second);
        assert!((first.wait - 5.0).abs() < 1e-9, "{first:?}");
        admit(&mut limiter, first.wait, Rules::Anthropic, 500, 0).unwrap();
    }

    #[test]
    fn a_refused_call_costs_a_request_at_openai() {
        let mut limiter = Limiter::default();
        admit(&mut limiter, 0.0, Rules::OpenAi, 1_000, 0).unwrap();
        for _ in 0..9 {
            admit(&mut limiter, 0.0, Rules::OpenAi, 1_000, 0).unwrap_err();
        }
        let refused = admit(&mut limiter, 0.0, Rules::OpenAi, 0, 0).unwrap_err();
        assert_eq!(refused.kind, Kind::Requests);
    }

    #[test]
    fn refused_calls_keep_a_bucket_empty_and_make_no_debt_at_openai() {
        let mut limiter = Limiter::default();
        for _ in 0..100 {
            admit(&mut limiter, 0.0, Rules::OpenAi, 1_000, 0).ok();
        }
        let refused = admit(&mut limiter, 0.0, Rules::OpenAi, 0, 0).unwrap_err();
        assert!((refused.wait - 1.0).abs() < 1e-9, "{refused:?}");
    }

    #[test]
    fn anthropic_charges_output_as_generated_and_into_debt() {
        let mut limiter = Limiter::default();
        admit(&mut limiter, 0.0, Rules::Anthropic, 1, 1_000_000).unwrap();
        limiter.generated(0.0, &account(), &limits(), 250);
        let refused = admit(&mut limiter, 0.0, Rules::Anthropic, 1, 1).unwrap_err();
        assert_eq!(refused.kind, Kind::Output);
        assert!((refused.wait - 15.1).abs() < 1e-9, "{refused:?}");
    }

    #[test]
    fn openai_reserves_the_larger_of_input_and_max_tokens() {
        let mut limiter = Limiter::default();
        admit(&mut limiter, 0.0, Rules::OpenAi, 10, 900).unwrap();
        assert_eq!(admit(&mut limiter, 0.0, Rules::OpenAi, 101, 0).unwrap_err().kind, Kind::Tokens);
        admit(&mut limiter, 0.0, Rules::OpenAi, 100, 0).unwrap();
    }

    #[test]
    fn concurrency_frees_a_place_when_a_request_ends() {
        let mut limiter = Limiter::default();
        let limits = Limits { concurrency: 1, ..limits() };
        let try_one =
            |limiter: &mut Limiter| limiter.admit(0.0, &account(), &limits, Rules::Anthropic, (1, 1));
        try_one(&mut limiter).unwrap();
        assert_eq!(try_one(&mut limiter).unwrap_err().kind, Kind::Concurrency);
        limiter.ended(0.0, &account(), &limits, 0);
        try_one(&mut limiter).unwrap();
    }

    #[test]
    fn a_cut_limit_makes_no_debt_and_refills_at_its_own_rate() {
        let mut limiter = Limiter::default();
        let halved = Limits { input_tokens_per_minute: 3_000, ..limits() };
        admit(&mut limiter, 0.0, Rules::Anthropic, 1_000, 0).unwrap();
        limiter.change(1.0, &limits(), &halved);
        let refused = limiter.admit(1.0, &account(), &halved, Rules::Anthropic, (200, 0)).unwrap_err();
        assert!((refused.wait - 2.0).abs() < 1e-9, "100 were free and 50 come each second: {refused:?}");
    }

    #[test]
    fn a_raised_limit_gives_nothing_at_once_and_more_each_second() {
        let mut limiter = Limiter::default();
        let doubled = Limits { input_tokens_per_minute: 12_000, ..limits() };
        admit(&mut limiter, 0.0, Rules::Anthropic, 1_000, 0).unwrap();
        limiter.change(0.0, &limits(), &doubled);
        let refused = limiter.admit(0.0, &account(), &doubled, Rules::Anthropic, (2_000, 0)).unwrap_err();
        assert!((refused.wait - 10.0).abs() < 1e-9, "{refused:?}");
    }

    #[test]
    fn others_slow_the_refill_and_the_stated_wait_does_not_know_of_them() {
        let mut limiter = Limiter::default();
        let limits = Limits { others: 0.5, ..limits() };
        let mut take = |now| limiter.admit(now, &account(), &limits, Rules::Anthropic, (1_000, 0));
        take(0.0).unwrap();
        assert!((take(10.0).unwrap_err().wait - 5.0).abs() < 1e-9);
        take(20.0).unwrap();
    }

    #[test]
    fn bedrock_gives_back_what_was_reserved_and_not_generated() {
        let mut limiter = Limiter::default();
        let reserved = admit(&mut limiter, 0.0, Rules::Bedrock, 100, 900).unwrap();
        assert_eq!(admit(&mut limiter, 0.0, Rules::Bedrock, 1, 1).unwrap_err().kind, Kind::Tokens);
        limiter.ended(0.0, &account(), &limits(), reserved - 200);
        admit(&mut limiter, 0.0, Rules::Bedrock, 100, 600).unwrap();
        assert_eq!(admit(&mut limiter, 0.0, Rules::Bedrock, 1, 0).unwrap_err().requested, 64_001);
    }

    proptest! {
        #[test]
        fn in_no_span_is_more_admitted_than_burst_and_refill(
            calls in proptest::collection::vec((0.0f64..3.0, 1u64..900), 1..200),
        ) {
            let mut limiter = Limiter::default();
            let (mut now, mut admitted) = (0.0, Vec::new());
            for (pause, input) in calls {
                now += pause;
                if admit(&mut limiter, now, Rules::Anthropic, input, 0).is_ok() {
                    admitted.push((now, input));
                }
            }
            for (from, &(start, _)) in admitted.iter().enumerate() {
                let mut sum = 0.0;
                for &(at, input) in &admitted[from..] {
                    sum += input as f64;
                    prop_assert!(sum <= 1_000.0 + (at - start) * 100.0 + 1e-3);
                }
            }
        }
    }
}

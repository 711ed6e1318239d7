//! An exact copy of the provider's buckets, for those who have perfect knowledge.

use super::bucket::Bucket;
use super::scenario::{Dimension, Scenario};
use super::workload::Job;

/// How finely generated output is booked, in seconds.
const STEP_S: f64 = 0.02;

pub(crate) struct Books {
    at: f64,
    scenario: Scenario,
    buckets: Vec<(Dimension, Bucket)>,
    generating: Vec<Generation>,
    in_flight: u32,
    /// How much later the provider may be in what it does, in seconds.
    margin_s: f64,
}

/// Output that is being generated.
struct Generation {
    from: f64,
    per_second: f64,
    tokens: f64,
    charged: f64,
}

impl Books {
    pub(crate) fn new(scenario: &Scenario, during: f64, margin_s: f64) -> Self {
        let full = |dimension| (dimension, Bucket::full(&scenario.capacity(dimension, during)));
        let dimensions = scenario.dimensions().into_iter();
        let buckets = dimensions.filter(|&dimension| dimension != Dimension::Places).map(full).collect();
        let generating = Vec::new();
        Self { at: 0.0, scenario: scenario.clone(), buckets, generating, in_flight: 0, margin_s }
    }

    /// Takes what the request needs, if it fits now.
    pub(crate) fn take(&mut self, now: f64, job: &Job) -> bool {
        self.advance(now);
        let is_full = self.scenario.concurrency > 0 && self.in_flight >= self.scenario.concurrency;
        if is_full || !self.fits(job) {
            return false;
        }
        for (dimension, bucket) in &mut self.buckets {
            if *dimension != Dimension::Output {
                bucket.level -= job.work(*dimension, &self.scenario);
            }
        }
        self.in_flight += 1;
        self.generating.push(Generation {
            from: now + Scenario::FIRST_TOKEN_MS / 1e3,
            per_second: 1e3 / self.scenario.per_token_ms,
            tokens: job.size.output as f64,
            charged: 0.0,
        });
        true
    }

    /// Forgets so many seconds of refill.
    pub(crate) fn fall_back(&mut self, seconds: f64) {
        for (_, bucket) in &mut self.buckets {
            bucket.level -= bucket.capacity.rate * seconds;
        }
    }

    /// A request is over.
    pub(crate) fn ended(&mut self) {
        self.in_flight -= 1;
    }

    fn advance(&mut self, to: f64) {
        while self.at < to {
            self.at = to.min(self.at + STEP_S);
            let mut charged = 0.0;
            for generation in &mut self.generating {
                let until_now = ((self.at - generation.from) * generation.per_second).max(0.0);
                let until_now = until_now.min(generation.tokens);
                charged += until_now - generation.charged;
                generation.charged = until_now;
            }
            self.generating.retain(|generation| generation.charged < generation.tokens);
            for (dimension, bucket) in &mut self.buckets {
                bucket.advance(self.at);
                if *dimension == Dimension::Output {
                    bucket.level -= charged;
                }
            }
        }
    }

    fn fits(&self, job: &Job) -> bool {
        self.buckets.iter().all(|(dimension, bucket)| {
            let capacity = &bucket.capacity;
            let is_open = [self.at - self.margin_s, self.at, self.at + self.margin_s]
                .iter()
                .all(|&at| !capacity.phase(at).is_closed);
            // What will be generated is not asked for: a bucket of output that is not empty admits.
            let need =
                if *dimension == Dimension::Output { 1.0 } else { job.work(*dimension, &self.scenario) };
            is_open && bucket.level - capacity.rate * self.margin_s >= need
        })
    }
}

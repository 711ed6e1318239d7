//! What a run is judged by.

use serde_json::Value;

use super::bound;
use super::run::Outcome;
use super::scenario::{Arrivals, Dimension, Scenario};
use super::workload::{Job, TENANTS, Workload};
use crate::ranks::percentile;

/// Fairness is a matter of overload; one that takes less than this share of the time says nothing about it.
const SHORTEST_OVERLOAD: f64 = 0.2;

/// Requests that arrive in so many seconds before the end of the window are not judged by what was served in it.
const EDGE_S: f64 = 10.0;

/// A number by its name; none where it has no meaning.
pub(crate) type Numbers = Vec<(&'static str, Option<f64>)>;

/// The value of that name.
pub(crate) fn number(numbers: &Numbers, name: &str) -> Option<f64> {
    numbers.iter().find(|(known, _)| *known == name)?.1
}

struct Run<'a> {
    scenario: &'a Scenario,
    workload: &'a Workload,
    outcomes: &'a [Outcome],
}

/// All numbers of one run.
pub(crate) fn measure(
    scenario: &Scenario,
    workload: &Workload,
    outcomes: &[Outcome],
    stats: &Value,
) -> Numbers {
    let run = Run { scenario, workload, outcomes };
    let answered = outcomes.iter().filter(|outcome| outcome.first.is_some()).count();
    let sum = |of: fn(&Outcome) -> u32| outcomes.iter().map(|outcome| f64::from(of(outcome))).sum::<f64>();
    let told = |name: &str| stats[name].as_f64();
    let for_reason = |name: &str| stats["refused_for"][name].as_f64();
    let upstream_429_share =
        told("refused").zip(told("calls")).map(|(refused, calls)| refused / calls.max(1.0));
    let waits = run.waits();
    let bound_s = run.makespan_bound();
    let end = if matches!(scenario.arrivals, Arrivals::Batch(_)) { bound_s } else { workload.during };
    let arrivals = workload.arrivals(workload.bottleneck, scenario);
    let (attainable, overloaded_from) =
        bound::served_by(end, &arrivals, &scenario.capacity(workload.bottleneck, workload.during));
    let shares = overloaded_from.and_then(|from| run.shares(from, end));
    let makespan_s = outcomes.iter().map(|outcome| outcome.ended).fold(0.0, f64::max);
    vec![
        ("requests", Some(outcomes.len() as f64)),
        ("success", Some(answered as f64 / outcomes.len().max(1) as f64)),
        ("goodput", Some(run.served(0.0, end, |_| true) / attainable)),
        ("upstream_429_share", upstream_429_share),
        ("upstream_calls", told("calls")),
        ("upstream_429", told("refused")),
        ("upstream_429_requests", for_reason("requests")),
        ("upstream_429_input", for_reason("input")),
        ("upstream_429_output", for_reason("output")),
        ("upstream_429_tokens", for_reason("tokens")),
        ("upstream_429_concurrency", for_reason("concurrency")),
        ("upstream_429_fault", for_reason("fault")),
        ("upstream_5xx", told("failed")),
        ("most_in_flight", told("most_in_flight")),
        ("client_429", Some(sum(|outcome| outcome.refused))),
        ("client_5xx", Some(sum(|outcome| outcome.failed))),
        ("client_broken", Some(sum(|outcome| outcome.broken))),
        ("wait_p50_s", percentile(&waits, 0.5)),
        ("wait_p95_s", percentile(&waits, 0.95)),
        ("wait_p99_s", percentile(&waits, 0.99)),
        ("wait_max_s", waits.last().copied()),
        ("makespan_s", Some(makespan_s)),
        ("makespan_bound_s", Some(bound_s)),
        // Who gives up is soon done.
        ("makespan_ratio", (answered == outcomes.len()).then_some(makespan_s / bound_s)),
        ("overloaded_from_s", overloaded_from),
        ("smallest_share", shares.and_then(|(smallest, _)| smallest)),
        ("misallocated", shares.map(|(_, misallocated)| misallocated)),
        ("large_share", run.large_share(end)),
        ("goodput_after_event", run.goodput_after_event()),
        ("miscounted", Some(outcomes.iter().filter(|outcome| outcome.is_miscounted).count() as f64)),
    ]
}

impl Run<'_> {
    /// What was added to the provider's own latency, in seconds and in order.
    fn waits(&self) -> Vec<f64> {
        let mut waits: Vec<f64> = self
            .outcomes
            .iter()
            .filter_map(|outcome| {
                let latency = self.job(outcome).latency(self.scenario);
                Some((outcome.first? - outcome.arrived - latency).max(0.0))
            })
            .collect();
        waits.sort_by(f64::total_cmp);
        waits
    }

    fn job(&self, outcome: &Outcome) -> &Job {
        &self.workload.jobs[outcome.job]
    }

    /// When the provider admitted it.
    fn admitted(&self, outcome: &Outcome) -> Option<f64> {
        Some(outcome.first? - self.job(outcome).latency(self.scenario))
    }

    /// Work in the bottleneck that was served to success between two moments, of some requests. Output counts as it
    /// is generated, all else at once.
    fn served(&self, from: f64, to: f64, of: impl Fn(&Outcome) -> bool) -> f64 {
        let dimension = self.workload.bottleneck;
        let chosen = self.outcomes.iter().filter(|outcome| of(outcome));
        let work = chosen.filter_map(|outcome| {
            let job = self.job(outcome);
            let admitted = self.admitted(outcome)?;
            let is_slow = matches!(dimension, Dimension::Output | Dimension::Places);
            let (begin, lasts) = match dimension {
                Dimension::Output => {
                    let first = Scenario::FIRST_TOKEN_MS / 1e3;
                    (admitted + first, job.duration(self.scenario) - first)
                }
                _ => (admitted, job.duration(self.scenario)),
            };
            let share = if is_slow && lasts > 0.0 {
                let until = |at: f64| ((at - begin) / lasts).clamp(0.0, 1.0);
                until(to) - until(from)
            } else {
                f64::from(u8::from(from <= begin && begin < to))
            };
            Some(job.work(dimension, self.scenario) * share)
        });
        work.fold(0.0, |sum, work| sum + work)
    }

    /// When the last answer can have ended at the earliest.
    fn makespan_bound(&self) -> f64 {
        let (scenario, jobs) = (self.scenario, &self.workload.jobs);
        let ends = scenario.dimensions().into_iter().map(|dimension| {
            let mut arrivals = self.workload.arrivals(dimension, scenario);
            // The last one admitted may generate into debt; and whatever comes last takes at least the shortest time.
            if dimension == Dimension::Output
                && let Some(largest) = arrivals.iter_mut().max_by(|a, b| a.1.total_cmp(&b.1))
            {
                largest.1 = 0.0;
            }
            bound::all_served_at(&arrivals, &scenario.capacity(dimension, self.workload.during))
        });
        let shortest = jobs.iter().map(|job| job.duration(scenario)).fold(f64::INFINITY, f64::min);
        let served = ends.fold(0.0, f64::max) + shortest;
        jobs.iter().map(|job| job.at + job.duration(scenario)).fold(served, f64::max)
    }

    /// The least that a tenant got of its max-min fair share, from the beginning of the overload to the end of the
    /// arrivals, and the share of all work that should have been another tenant's. Requests that arrive in the last seconds
    /// are left out: whether one that waits for two seconds is served just before or just after the end says nothing of
    /// fairness, and decides a quarter of a small tenant's share.
    fn shares(&self, from: f64, to: f64) -> Option<(Option<f64>, f64)> {
        if to - from < SHORTEST_OVERLOAD * to {
            return None;
        }
        let last = to - EDGE_S;
        let of_tenant = |tenant: usize| {
            move |outcome: &Outcome| {
                let job = self.job(outcome);
                job.tenant == tenant && job.at <= last
            }
        };
        let served: Vec<f64> = (0..TENANTS).map(|tenant| self.served(from, to, of_tenant(tenant))).collect();
        let demands: Vec<f64> = (0..TENANTS)
            .map(|tenant| {
                let jobs = self.workload.jobs.iter().filter(|job| job.tenant == tenant && job.at <= last);
                let offered: f64 = jobs.map(|job| job.work(self.workload.bottleneck, self.scenario)).sum();
                offered - self.served(f64::NEG_INFINITY, from, of_tenant(tenant))
            })
            .collect();
        let fair = bound::max_min_shares(served.iter().sum(), &demands);
        let pairs = || served.iter().zip(&fair).filter(|(_, fair)| **fair > 0.0);
        let smallest = pairs().map(|(served, fair)| served / fair).min_by(f64::total_cmp);
        let missing: f64 = pairs().map(|(served, fair)| (fair - served).max(0.0)).sum();
        Some((smallest, missing / fair.iter().sum::<f64>().max(1.0)))
    }

    /// Goodput from the end of what changed on the way to the end of the arrivals, if something did.
    fn goodput_after_event(&self) -> Option<f64> {
        let during = self.workload.during;
        let phases = self.scenario.phases(during);
        let from = phases[1..].last()?.from;
        let capacity = self.scenario.capacity(self.workload.bottleneck, during);
        let arrivals = self.workload.arrivals(self.workload.bottleneck, self.scenario);
        let until = |end: f64| bound::served_by(end, &arrivals, &capacity).0;
        // At that very moment the best of all pacers serves everything that has gathered.
        Some(self.served(from, during, |_| true) / (until(during) - until(from - 1e-3)))
    }

    /// The share of large prompts among the requests served until `end`, by their share of those that arrived.
    fn large_share(&self, end: f64) -> Option<f64> {
        let share = |indices: Vec<usize>| {
            let large = indices.iter().filter(|index| self.workload.is_large(**index)).count();
            (!indices.is_empty()).then(|| large as f64 / indices.len() as f64)
        };
        let served =
            self.outcomes.iter().filter(|outcome| self.admitted(outcome).is_some_and(|at| at <= end));
        let arrived = share((0..self.workload.jobs.len()).collect())?;
        (arrived > 0.0).then_some(share(served.map(|outcome| outcome.job).collect())? / arrived)
    }
}

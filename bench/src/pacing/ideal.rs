//! How fair one can be: perfect knowledge, and always the tenant that was served least. Computed, not run.
//!
//! Requests are not divisible, so that even this does not give every tenant its exact share in a short time. The rule is
//! that of VTC (Sheng et al., "Fairness in Serving Large Language Models", OSDI 2024), with known output lengths.

use std::collections::VecDeque;

use super::books::Books;
use super::run::Outcome;
use super::scenario::Scenario;
use super::workload::{TENANTS, Workload};

/// How finely time passes, in seconds.
const STEP_S: f64 = 0.01;

#[derive(Default, Clone)]
struct Tenant {
    served: f64,
    /// Indices of jobs.
    waiting: VecDeque<usize>,
}

/// What would become of all requests.
pub(crate) fn outcomes(scenario: &Scenario, workload: &Workload) -> Vec<Outcome> {
    let mut books = Books::new(scenario, workload.during, 0.0);
    let mut tenants = vec![Tenant::default(); TENANTS];
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(workload.jobs.len());
    let mut under_way: Vec<f64> = Vec::new();
    let (mut now, mut arrived) = (0.0, 0);
    while outcomes.len() < workload.jobs.len() {
        while arrived < workload.jobs.len() && workload.jobs[arrived].at <= now {
            arrive(&mut tenants, workload.jobs[arrived].tenant, arrived);
            arrived += 1;
        }
        under_way.retain(|&end| {
            let is_over = end <= now;
            if is_over {
                books.ended();
            }
            !is_over
        });
        while let Some(tenant) = least_served(&tenants) {
            let index = tenants[tenant].waiting[0];
            let job = &workload.jobs[index];
            if !books.take(now, job) {
                break;
            }
            tenants[tenant].waiting.pop_front();
            tenants[tenant].served += job.work(workload.bottleneck, scenario);
            let ended = now + job.duration(scenario);
            under_way.push(ended);
            let first = Some(now + job.latency(scenario));
            outcomes.push(Outcome { job: index, arrived: job.at, first, ended, ..Outcome::default() });
        }
        now += STEP_S;
    }
    outcomes
}

/// Who was away does not catch up on what it did not ask for.
fn arrive(tenants: &mut [Tenant], tenant: usize, job: usize) {
    if tenants[tenant].waiting.is_empty()
        && let Some(least) = least_served(tenants)
    {
        tenants[tenant].served = tenants[tenant].served.max(tenants[least].served);
    }
    tenants[tenant].waiting.push_back(job);
}

fn least_served(tenants: &[Tenant]) -> Option<usize> {
    let waiting = (0..tenants.len()).filter(|&tenant| !tenants[tenant].waiting.is_empty());
    waiting.min_by(|&a, &b| tenants[a].served.total_cmp(&tenants[b].served))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(served: f64, waiting: usize) -> Tenant {
        Tenant { served, waiting: (0..waiting).collect() }
    }

    #[test]
    fn the_least_served_of_those_who_wait_is_next() {
        assert_eq!(least_served(&[tenant(1.0, 0), tenant(9.0, 1), tenant(5.0, 2)]), Some(2));
        assert_eq!(least_served(&[tenant(1.0, 0)]), None);
    }

    #[test]
    fn who_comes_back_begins_where_the_least_served_is() {
        let mut tenants = [tenant(1.0, 0), tenant(9.0, 1)];
        arrive(&mut tenants, 0, 7);
        assert!((tenants[0].served - 9.0).abs() < f64::EPSILON);
    }
}

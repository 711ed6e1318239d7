//! What the best of all pacers could do, computed from buckets and arrivals.
//!
//! Work is taken as a fluid, so that no pacer can do better, with one exception: where output is charged as it is generated,
//! whoever is admitted while the bucket is not quite empty generates into debt, by as much as is sent at that moment. Where
//! output is the bottleneck, goodput may therefore exceed 1 and a makespan its bound; compare with the oracle there.

use super::bucket::{Bucket, Capacity};

/// Work of one dimension that arrives at a time, in seconds.
pub(crate) type Arrival = (f64, f64);

/// The most that can be served until `end`, and from when on there was more than could be served at once.
pub(crate) fn served_by(end: f64, arrivals: &[Arrival], capacity: &Capacity) -> (f64, Option<f64>) {
    let mut bucket = Bucket::full(capacity);
    let (mut offered, mut overloaded_from) = (0.0, None);
    for &(at, work) in arrivals.iter().filter(|(at, _)| *at <= end) {
        bucket.advance(at);
        bucket.backlog += work;
        offered += work;
        bucket.advance(at);
        if bucket.backlog > 0.0 {
            overloaded_from = overloaded_from.or(Some(at));
        }
    }
    bucket.advance(end);
    (offered - bucket.backlog, overloaded_from)
}

/// The earliest time at which everything can have been served.
pub(crate) fn all_served_at(arrivals: &[Arrival], capacity: &Capacity) -> f64 {
    let mut bucket = Bucket::full(capacity);
    for &(at, work) in arrivals {
        bucket.advance(at);
        bucket.backlog += work;
    }
    bucket.advance(bucket.at);
    bucket.drained_at()
}

/// Shares `capacity` so that nobody who gets less than they ask for gets less than anybody else.
pub(crate) fn max_min_shares(capacity: f64, demands: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..demands.len()).collect();
    order.sort_by(|&a, &b| demands[a].total_cmp(&demands[b]));
    let mut shares = vec![0.0; demands.len()];
    let mut left = capacity;
    for (served, &index) in order.iter().enumerate() {
        let equal = left / (demands.len() - served) as f64;
        shares[index] = demands[index].min(equal);
        left -= shares[index];
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacing::bucket::Phase;

    fn capacity(phases: &[(f64, f64, bool)]) -> Capacity {
        let phase = |&(from, factor, is_closed): &(f64, f64, bool)| Phase { from, factor, is_closed };
        Capacity { rate: 10.0, burst: 100.0, phases: phases.iter().map(phase).collect() }
    }

    fn assert_near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-9, "{value} is not {expected}");
    }

    #[test]
    fn a_batch_takes_the_bucket_at_once_and_the_rest_as_it_refills() {
        let steady = capacity(&[(0.0, 1.0, false)]);
        let batch = [(0.0, 80.0), (0.0, 80.0)];
        assert_eq!(served_by(3.0, &batch, &steady), (130.0, Some(0.0)));
        assert_near(all_served_at(&batch, &steady), 6.0);
    }

    #[test]
    fn a_full_bucket_overflows_and_what_it_lost_is_not_served_later() {
        let steady = capacity(&[(0.0, 1.0, false)]);
        assert_eq!(served_by(31.0, &[(30.0, 500.0)], &steady), (110.0, Some(30.0)));
        assert_eq!(served_by(31.0, &[(30.0, 50.0)], &steady), (50.0, None));
    }

    #[test]
    fn a_halved_limit_keeps_half_a_bucket_at_the_most() {
        let halved = capacity(&[(0.0, 1.0, false), (10.0, 0.5, false), (20.0, 1.0, false)]);
        assert_near(served_by(12.0, &[(11.0, 500.0)], &halved).0, 55.0);
        assert_near(all_served_at(&[(0.0, 260.0)], &halved), 21.0);
    }

    #[test]
    fn a_closed_provider_serves_nothing_and_refills() {
        let closed = capacity(&[(0.0, 1.0, false), (10.0, 1.0, true), (20.0, 1.0, false)]);
        assert_near(served_by(19.0, &[(0.0, 100.0), (9.0, 500.0)], &closed).0, 200.0);
        assert_near(all_served_at(&[(0.0, 100.0), (11.0, 50.0)], &closed), 20.0);
    }

    #[test]
    fn who_asks_for_little_gets_it_and_the_others_share_alike() {
        assert_eq!(max_min_shares(100.0, &[10.0, 80.0, 50.0]), [10.0, 45.0, 45.0]);
        assert_eq!(max_min_shares(100.0, &[10.0, 20.0]), [10.0, 20.0]);
    }
}

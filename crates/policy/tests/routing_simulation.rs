//! Each strategy does what its name says, over thousands of requests with seeded chance and made-up time.
//!
//! A small world: targets with a latency, a length of calls, a quota, a price; requests that come at fixed times. Nothing
//! here is a benchmark, and every run of a seed is the same.

use std::time::Duration;

use paceway_domain::{MicroUsd, Moment};
use paceway_policy::routing::facts::Facts;
use paceway_policy::routing::latency::PeakEwma;
use paceway_policy::routing::rank::rank;
use paceway_policy::routing::sticky::{self, Offer, Verdict};
use paceway_policy::routing::strategy::Strategy;

const SEEDS: std::ops::Range<u64> = 0..8;

/// A target as it really is, which strategies see only through [`Facts`].
struct Target {
    /// Its time to the first token in a second of the simulation.
    ttft: fn(u64) -> Duration,
    /// From the first token to the end of a call.
    lasts: Duration,
    quota: f64,
    weight: u32,
    price: Option<MicroUsd>,
    region: Option<&'static str>,
    ewma: PeakEwma,
    calls: Vec<Call>,
    served: Vec<Moment>,
}

/// A call in flight.
struct Call {
    sent: Moment,
    first_token: Moment,
    ends: Moment,
    is_heard: bool,
}

fn target() -> Target {
    Target {
        ttft: |_| ms(400),
        lasts: ms(2_000),
        quota: f64::INFINITY,
        weight: 1,
        price: None,
        region: None,
        ewma: PeakEwma::default(),
        calls: Vec::new(),
        served: Vec::new(),
    }
}

impl Target {
    fn facts(&self, now: Moment) -> Facts<'static> {
        Facts {
            weight: self.weight,
            price: self.price,
            ttft: self.ewma.get(now),
            may_explore: self.ewma.may_explore(now),
            awaiting: count(self.calls.iter().filter(|call| call.first_token > now).count()),
            in_flight: count(self.calls.len()),
            headroom: 1.0 - self.used(),
            region: self.region,
            ..Facts::UNKNOWN
        }
    }

    fn serve(&mut self, now: Moment, chance: &mut fastrand::Rng) {
        let jitter = 0.9 + chance.f64() * 0.2;
        let first_token = now.after((self.ttft)(now.as_nanos() / 1_000_000_000).mul_f64(jitter));
        let ends = first_token.after(self.lasts.mul_f64(jitter));
        self.calls.push(Call { sent: now, first_token, ends, is_heard: false });
        self.served.push(now);
    }

    /// First tokens and ends up to now.
    fn hear(&mut self, now: Moment) {
        for call in self.calls.iter_mut().filter(|call| !call.is_heard && call.first_token <= now) {
            self.ewma.observe(call.first_token, call.first_token.since(call.sent));
            call.is_heard = true;
        }
        self.calls.retain(|call| call.ends > now);
    }

    /// The used share of the quota.
    fn used(&self) -> f64 {
        self.served.len() as f64 / self.quota
    }

    fn served_between(&self, from_s: u64, to_s: u64) -> usize {
        self.served.iter().filter(|sent| (at(from_s)..at(to_s)).contains(sent)).count()
    }
}

/// One request each `gap`, for `seconds`; after each, `look` sees the targets.
fn run(
    targets: &mut [Target],
    strategies: &[Strategy],
    (gap, seconds): (Duration, u64),
    seed: u64,
    mut look: impl FnMut(Moment, &[Target]),
) {
    let mut chance = fastrand::Rng::with_seed(seed);
    let mut dice = fastrand::Rng::with_seed(!seed);
    let mut now = at(0);
    while now < at(seconds) {
        for target in &mut *targets {
            target.hear(now);
        }
        let facts: Vec<_> = targets.iter().map(|target| target.facts(now)).collect();
        let first = rank(&facts, strategies, &mut || dice.f64())[0].place;
        targets[first].serve(now, &mut chance);
        look(now, targets);
        now = now.after(gap);
    }
}

fn served(targets: &[Target]) -> Vec<usize> {
    targets.iter().map(|target| target.served.len()).collect()
}

fn count(calls: usize) -> u32 {
    u32::try_from(calls).expect("few calls")
}

fn at(seconds: u64) -> Moment {
    Moment::from_nanos(seconds * 1_000_000_000)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn ordered_sends_everything_to_the_first() {
    let mut targets = [target(), target()];
    run(&mut targets, &[Strategy::Ordered], (ms(100), 60), 0, |_, _| {});
    assert_eq!(served(&targets), [600, 0]);
}

#[test]
fn weighted_gives_a_canary_its_tenth_and_a_fallback_nothing() {
    for seed in SEEDS {
        let of = |weight| Target { weight, ..target() };
        let mut targets = [of(9), of(1), of(0)];
        run(&mut targets, &[Strategy::Weighted], (ms(10), 100), seed, |_, _| {});
        let served = served(&targets);
        // 10,000 requests: four standard deviations are 120.
        assert!((880..=1_120).contains(&served[1]) && served[2] == 0, "seed {seed}: {served:?}");
    }
}

#[test]
fn least_busy_keeps_the_calls_in_flight_equal_though_calls_last_unequally_long() {
    for seed in SEEDS {
        let of = |lasts| Target { lasts: ms(lasts), ..target() };
        let mut targets = [of(2_000), of(4_000), of(16_000)];
        let (mut widest, mut sum, mut looks) = (0, 0, 0);
        run(&mut targets, &[Strategy::LeastBusy], (ms(50), 300), seed, |now, targets| {
            let busy = || targets.iter().map(|target| target.calls.len());
            if now > at(60) {
                let spread = busy().max().expect("three") - busy().min().expect("three");
                (widest, sum, looks) = (widest.max(spread), sum + spread, looks + 1);
            }
        });
        let served = served(&targets);
        // Of about 28 each; several calls can end between two requests. In turns it would be 16, 29 and 109.
        assert!(widest <= 6 && sum < 2 * looks, "seed {seed}: at most {widest}, {sum} in {looks}");
        assert!(served[0] > served[1] && served[1] > 3 * served[2], "seed {seed}: {served:?}");
    }
}

#[test]
fn lowest_latency_prefers_the_fast_target_and_comes_back_to_it_after_it_was_slow() {
    for seed in SEEDS {
        // The first is four times faster, but for five minutes ten times slower than it is otherwise.
        let fast = |second| if (600..900).contains(&second) { ms(3_000) } else { ms(300) };
        let mut targets = [Target { ttft: fast, ..target() }, Target { ttft: |_| ms(1_200), ..target() }];
        run(&mut targets, &[Strategy::LowestLatency], (ms(1_000), 3_600), seed, |_, _| {});
        let share = |from, to| {
            let of = |place: usize| targets[place].served_between(from, to) as f64;
            of(0) / (of(0) + of(1))
        };
        assert!(share(60, 600) > 0.95, "seed {seed}: before {}", share(60, 600));
        assert!(share(620, 900) < 0.10, "seed {seed}: during {}", share(620, 900));
        // Found again because what was heard of it fades, well before it is forgotten (ten minutes).
        assert!(share(1_050, 1_200) > 0.90, "seed {seed}: soon after {}", share(1_050, 1_200));
        assert!(share(1_200, 3_600) > 0.95, "seed {seed}: after {}", share(1_200, 3_600));
    }
}

#[test]
fn lowest_latency_sends_to_a_fast_target_even_where_a_request_comes_once_a_minute() {
    for seed in SEEDS {
        let mut targets =
            [Target { ttft: |_| ms(4_000), ..target() }, Target { ttft: |_| ms(400), ..target() }];
        let a_day = (Duration::from_mins(1), 86_400);
        run(&mut targets, &[Strategy::LowestLatency], a_day, seed, |_, _| {});
        let served = served(&targets);
        assert!(served[0] * 4 <= served[1], "seed {seed}: {served:?}");
    }
}

#[test]
fn lowest_latency_does_not_send_a_crowd_to_a_target_that_is_not_known_yet() {
    let mut targets = [target(), Target { ttft: |_| Duration::from_secs(30), ..target() }];
    run(&mut targets, &[Strategy::LowestLatency], (ms(100), 25), 0, |_, _| {});
    assert_eq!(served(&targets), [249, 1]);
}

#[test]
fn lowest_latency_spreads_a_crowd_that_waits_for_its_first_tokens() {
    // 40 requests a second, of which each waits two seconds: alike targets get alike shares.
    for seed in SEEDS {
        let slow = || Target { ttft: |_| ms(2_000), ..target() };
        let mut targets = [slow(), slow()];
        run(&mut targets, &[Strategy::LowestLatency], (ms(25), 120), seed, |_, _| {});
        let served = served(&targets);
        assert!(served[0].abs_diff(served[1]) < 480, "seed {seed}: {served:?}");
    }
}

#[test]
fn cheapest_never_takes_the_dearer_while_the_cheaper_may() {
    let of = |price| Target { price: Some(MicroUsd(price)), ..target() };
    let mut all = [target(), of(8_000), of(2_100)];
    run(&mut all, &[Strategy::Cheapest, Strategy::LeastBusy], (ms(50), 60), 0, |_, _| {});
    assert_eq!(served(&all), [0, 0, 1_200]);
    // The cheaper may no more: it is left out, and the next cheapest takes all.
    let mut left = [target(), of(8_000)];
    run(&mut left, &[Strategy::Cheapest], (ms(50), 60), 0, |_, _| {});
    assert_eq!(served(&left), [0, 1_200]);
}

#[test]
fn most_headroom_uses_up_unequal_quotas_evenly() {
    for seed in SEEDS {
        let of = |quota| Target { quota, ..target() };
        let mut targets = [of(3_000.0), of(1_000.0)];
        let mut widest: f64 = 0.0;
        run(&mut targets, &[Strategy::MostHeadroom], (ms(10), 38), seed, |_, targets| {
            widest = widest.max((targets[0].used() - targets[1].used()).abs());
        });
        assert!(widest < 0.06, "seed {seed}: {widest}");
        assert!(targets.iter().all(|target| target.used() < 1.0), "seed {seed}: {:?}", served(&targets));
    }
}

#[test]
fn nearest_prefers_the_regions_in_the_order_given() {
    let here = |region| Target { region, ..target() };
    let nearest = || Strategy::Nearest(vec!["eu-west-1".into(), "eu-*".into()]);
    let mut all = [here(Some("us-east-1")), here(Some("eu-north-1")), here(Some("eu-west-1")), here(None)];
    run(&mut all, &[nearest()], (ms(100), 60), 0, |_, _| {});
    assert_eq!(served(&all), [0, 0, 600, 0]);
    let mut without = [here(Some("us-east-1")), here(Some("eu-north-1")), here(None)];
    run(&mut without, &[nearest()], (ms(100), 60), 0, |_, _| {});
    assert_eq!(served(&without), [0, 600, 0]);
}

#[test]
fn strategies_compose_a_canary_within_the_cheapest() {
    for seed in SEEDS {
        let of = |price, weight| Target { price: Some(MicroUsd(price)), weight, ..target() };
        let mut targets = [of(10, 3), of(10, 1), of(9_000, 1_000)];
        run(&mut targets, &[Strategy::Cheapest, Strategy::Weighted], (ms(10), 100), seed, |_, _| {});
        let served = served(&targets);
        // 10,000 requests, a quarter: four standard deviations are 173.
        assert!((2_327..=2_673).contains(&served[1]) && served[2] == 0, "seed {seed}: {served:?}");
    }
}

#[test]
fn sticky_keeps_sessions_where_their_cache_is_until_it_has_lapsed() {
    let targets = ["frankfurt", "dublin", "ohio"].map(|name| (sticky::number_of(name), 1));
    let lifetime = Duration::from_mins(5);
    let mut chance = fastrand::Rng::with_seed(1);
    let (mut turns, mut moves) = (0_u32, 0_u32);
    for _ in 0..1_000 {
        let key = chance.u64(..);
        let home = sticky::home(key, &targets).expect("three targets");
        let mut last: Option<Moment> = None;
        let mut now = at(0);
        for _ in 0..20 {
            assert_eq!(sticky::home(key, &targets), Some(home), "a session's home does not wander");
            // Elsewhere is 2,000 cheaper; what is cached at home is worth 3,000 while it lives.
            let is_cached = last.is_some_and(|last| now.since(last) < lifetime);
            let cached = if is_cached { MicroUsd(3_000) } else { MicroUsd::ZERO };
            let offer = |price| Offer { uncached_price: Some(MicroUsd(price)), wait: Duration::ZERO };
            let verdict = sticky::judge(offer(6_000), offer(4_000), cached, Duration::from_secs(5));
            assert_eq!(matches!(verdict, Verdict::Stay(_)), is_cached);
            turns += 1;
            moves += u32::from(!is_cached);
            last = Some(now);
            now = now.after(Duration::from_secs(chance.u64(1..400)));
        }
    }
    // The first turn of each, and a quarter of the others: (400 − 300) / 400.
    assert!((turns - 1_000) / 5 < moves - 1_000 && moves - 1_000 < (turns - 1_000) / 3, "{moves} of {turns}");
}

#[test]
fn sticky_lets_a_session_go_when_the_queue_at_home_is_beyond_its_patience() {
    let patience = Duration::from_secs(5);
    let offer = |wait_s| Offer { uncached_price: Some(MicroUsd(6_000)), wait: Duration::from_secs(wait_s) };
    let verdict = |queue_s| sticky::judge(offer(queue_s), offer(2), MicroUsd(3_000), patience);
    let first_to_go = (0..60).find(|&queue_s| matches!(verdict(queue_s), Verdict::Move(_)));
    assert_eq!(first_to_go, Some(6));
}

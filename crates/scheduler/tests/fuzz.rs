//! Anything may be said, in any order, at any time: nothing panics, and no pool is stranded.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use paceway_domain::{Cause, Counted, LimitReading, LimitReadings, Moment, RateRefusal, Tokens, Window};
use paceway_scheduler::{
    Ask, Bounds, Charging, Cost, Decision, Lesson, Limits, Priority, Rate, Scheduler, Submitted, Ticket,
};
use proptest::prelude::*;
use support::by;

#[derive(Debug, Clone)]
enum Step {
    Submit(u64, Cost, Priority, u64),
    Answer(usize, LimitReadings),
    Refuse(usize, RateRefusal, LimitReadings),
    BreakOff(usize, RateRefusal),
    Settle(usize, Cost),
    Cancel(usize),
    Pass(u64),
    ClockGoesBack,
}

fn units() -> impl Strategy<Value = u64> {
    prop_oneof![0..10_u64, 10..100_000_u64, Just(u64::MAX), Just(1 << 40)]
}

fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        (0..5_000_u64).prop_map(Duration::from_millis),
        (0..10_000_000_u64).prop_map(Duration::from_secs),
        Just(Duration::MAX)
    ]
}

fn counted() -> impl Strategy<Value = Counted> {
    prop_oneof![Just(Counted::Requests), Just(Counted::Input), Just(Counted::Output), Just(Counted::Total)]
}

fn window() -> impl Strategy<Value = Option<Window>> {
    prop_oneof![Just(None), (0..5_usize).prop_map(|place| Some(Window::ALL[place]))]
}

fn cost() -> impl Strategy<Value = Cost> {
    (units(), units(), units()).prop_map(|(input, output, most)| Cost {
        input: Tokens(input),
        output: Tokens(output),
        max_output: Tokens(most),
    })
}

fn readings() -> impl Strategy<Value = LimitReadings> {
    let reading = (
        counted(),
        window(),
        proptest::option::of(units()),
        proptest::option::of((units(), units())),
        proptest::option::of((time(), time())),
    );
    let reading = reading.prop_map(|(counted, window, limit, remaining, full_in)| LimitReading {
        counted,
        window,
        limit,
        remaining: remaining.map(|(a, b)| (a.min(b), a.max(b))),
        full_in: full_in.map(|(a, b)| (a.min(b), a.max(b))),
    });
    (proptest::collection::vec(reading, 0..4), proptest::option::of(time()))
        .prop_map(|(limits, closed_for)| LimitReadings { limits, closed_for })
}

fn refusal() -> impl Strategy<Value = RateRefusal> {
    let cause = prop_oneof![
        (proptest::option::of(counted()), window())
            .prop_map(|(counted, window)| Cause::Limit { counted, window }),
        Just(Cause::Concurrency),
        Just(Cause::Acceleration),
        Just(Cause::Overload),
        Just(Cause::SpendCap),
        Just(Cause::Elsewhere),
        Just(Cause::Unknown)
    ];
    let number = || proptest::option::of(units());
    (cause, number(), number(), number(), proptest::option::of(time()), any::<bool>()).prop_map(
        |(cause, limit, used, requested, wait, is_final)| RateRefusal {
            cause,
            limit,
            used,
            requested,
            wait,
            is_final,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let priority = (0..4_usize).prop_map(|place| Priority::ALL[place]);
    prop_oneof![
        4 => (0..4_u64, cost(), priority, 0..2_000_u64).prop_map(|(caller, cost, priority, patience)| {
            Step::Submit(caller, cost, priority, patience)
        }),
        3 => (any::<usize>(), readings()).prop_map(|(which, readings)| Step::Answer(which, readings)),
        2 => (any::<usize>(), refusal(), readings()).prop_map(|(which, refusal, readings)| {
            Step::Refuse(which, refusal, readings)
        }),
        1 => (any::<usize>(), refusal()).prop_map(|(which, refusal)| Step::BreakOff(which, refusal)),
        3 => (any::<usize>(), cost()).prop_map(|(which, cost)| Step::Settle(which, cost)),
        1 => any::<usize>().prop_map(Step::Cancel),
        3 => (0..120_000_u64).prop_map(Step::Pass),
        1 => Just(Step::ClockGoesBack),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    let charging = prop_oneof![
        Just(Charging::AsGenerated),
        Just(Charging::Reserved),
        Just(Charging::ReservedThenSettled)
    ];
    (charging, proptest::option::of((1..1_000_u64, 1..60_u64))).prop_map(|(charging, declared)| {
        let rate = declared.map(|(units, burst)| (Counted::Requests, Rate::per_minute(units, burst)));
        Limits { rates: rate.into_iter().collect(), ..Limits::unknown(charging) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_that_is_said_panics_or_strands_a_pool(limits in limits(), steps in proptest::collection::vec(step(), 1..80)) {
        let bounds = Bounds { waiting: 50, waiting_per_caller: 20, ageing: Duration::from_mins(1) };
        let mut scheduler = Scheduler::new(bounds);
        let pool = scheduler.add_pool(Moment::ZERO, &limits);
        let route = scheduler.add_route(&[pool]);
        let mut now = Moment::ZERO;
        let mut tickets: Vec<Ticket> = Vec::new();
        for step in steps {
            let pick = |which: usize| tickets.get(which % tickets.len().max(1)).copied();
            match step {
                Step::Submit(caller, cost, priority, patience) => {
                    let deadline = now.after(Duration::from_secs(patience));
                    match scheduler.submit(now, Ask { cost, priority, deadline, ..by(caller, route) }) {
                        Submitted::Admitted(ticket, _) | Submitted::Waiting(ticket) => tickets.push(ticket),
                        Submitted::Refused(_) => {}
                    }
                }
                Step::Answer(which, readings) => {
                    if let Some(ticket) = pick(which) {
                        scheduler.learn(now, ticket, &Lesson::Answered(&readings));
                    }
                }
                Step::Refuse(which, refusal, readings) => {
                    if let Some(ticket) = pick(which) {
                        scheduler.learn(now, ticket, &Lesson::Refused(&refusal, &readings));
                    }
                }
                Step::BreakOff(which, refusal) => {
                    if let Some(ticket) = pick(which) {
                        scheduler.learn(now, ticket, &Lesson::BrokenOff(&refusal));
                    }
                }
                Step::Settle(which, cost) => {
                    if let Some(ticket) = pick(which) {
                        scheduler.settle(now, ticket, cost);
                    }
                }
                Step::Cancel(which) => {
                    if let Some(ticket) = pick(which) {
                        scheduler.cancel(now, ticket);
                    }
                }
                Step::Pass(millis) => now = now.after(Duration::from_millis(millis)),
                Step::ClockGoesBack => now = Moment::from_nanos(now.as_nanos() / 2),
            }
            for _ in 0..200 {
                if scheduler.poll(now).is_none() {
                    break;
                }
            }
            prop_assert!(scheduler.poll(now).is_none(), "it decides without end");
            scheduler.next_wakeup(now);
            scheduler.state(now, pool);
        }
        for ticket in tickets {
            scheduler.cancel(now, ticket);
        }
        prop_assert_eq!((scheduler.waiting(), scheduler.state(now, pool).in_flight), (0, 0));
        // Long after (limits per month and others who take most of them make it long), a small request goes.
        now = now.after(Duration::from_hours(24 * 4_000));
        let small = Cost { input: Tokens(1), output: Tokens(1), max_output: Tokens(1) };
        let goes = match scheduler.submit(now, Ask { cost: small, deadline: Moment::FAR, ..by(9, route) }) {
            Submitted::Admitted(..) => true,
            Submitted::Waiting(_) => matches!(scheduler.poll(now), Some(Decision::Admitted(..))),
            Submitted::Refused(_) => false,
        };
        prop_assert!(goes, "the pool is stranded: {:?}", scheduler.state(now, pool));
    }
}

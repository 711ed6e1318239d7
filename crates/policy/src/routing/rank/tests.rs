//! Who stands where, by one strategy and by several, and what is said of it.

use std::time::Duration;

use paceway_domain::MicroUsd;

use super::*;

const NO_DICE: fn() -> f64 = || panic!("chance was asked for");

fn places(ranked: &[Ranked]) -> Vec<usize> {
    ranked.iter().map(|target| target.place).collect()
}

fn whys(ranked: &[Ranked]) -> Vec<String> {
    ranked.iter().map(|target| target.why.to_string()).collect()
}

fn ranked(facts: &[Facts<'_>], strategies: &[Strategy]) -> Vec<Ranked> {
    rank(facts, strategies, &mut NO_DICE.clone())
}

fn priced(micro: u64) -> Facts<'static> {
    Facts { price: Some(MicroUsd(micro)), ..Facts::UNKNOWN }
}

fn fast(millis: u64) -> Facts<'static> {
    Facts { ttft: Some(Duration::from_millis(millis)), ..Facts::UNKNOWN }
}

#[test]
fn an_unknown_price_comes_after_every_known_one() {
    let ranked = ranked(&[Facts::UNKNOWN, priced(8_000), priced(2_100)], &[Strategy::Cheapest]);
    assert_eq!(places(&ranked), [2, 1, 0]);
    assert_eq!(
        whys(&ranked),
        [
            "cheapest: $0.002100 against $0.008000",
            "cheapest: $0.008000 against $0.002100",
            "cheapest: price not known against $0.002100",
        ]
    );
}

#[test]
fn those_as_good_as_each_other_are_ordered_by_the_next_strategy() {
    let facts = [
        Facts { in_flight: 5, ..priced(10) },
        Facts { in_flight: 2, ..priced(10) },
        Facts { in_flight: 0, ..priced(11) },
    ];
    let ranked = ranked(&facts, &[Strategy::Cheapest, Strategy::LeastBusy]);
    assert_eq!(places(&ranked), [1, 0, 2]);
    assert_eq!(
        whys(&ranked)[0],
        "cheapest: $0.000010 against $0.000011; then least_busy: 2 calls in flight against 5 calls in flight"
    );
    assert_eq!(whys(&ranked)[2], "cheapest: $0.000011 against $0.000010");
}

#[test]
fn the_configured_order_settles_what_is_left() {
    let ranked = ranked(&[priced(10), priced(10)], &[Strategy::Cheapest]);
    assert_eq!(places(&ranked), [0, 1]);
    assert_eq!(whys(&ranked)[1], "as good as others: number 2 in the configuration");
}

#[test]
fn one_target_and_none_are_no_trouble() {
    assert_eq!(whys(&ranked(&[Facts::UNKNOWN], &[Strategy::Cheapest])), ["the only target"]);
    assert!(ranked(&[], &[Strategy::Weighted]).is_empty());
    assert_eq!(places(&ranked(&[Facts::UNKNOWN; 3], &[])), [0, 1, 2]);
}

#[test]
fn latencies_within_a_tenth_are_alike() {
    let order = |a, b| places(&ranked(&[fast(a), fast(b)], &[Strategy::LowestLatency]));
    assert_eq!(order(1_100, 1_000), [0, 1]);
    assert_eq!(order(1_101, 1_000), [1, 0]);
}

#[test]
fn alike_is_measured_from_the_best_and_does_not_creep() {
    let ranked = ranked(&[fast(1_200), fast(1_095), fast(1_000)], &[Strategy::LowestLatency]);
    assert_eq!(places(&ranked), [1, 2, 0]);
    assert_eq!(
        whys(&ranked)[2],
        "lowest_latency: 1.20 s to the first token against 1.09 s to the first token"
    );
}

#[test]
fn the_wait_and_the_calls_ahead_count_as_latency() {
    let facts = [Facts { wait: Duration::from_secs(2), ..fast(400) }, Facts { awaiting: 1, ..fast(1_000) }];
    assert_eq!(places(&ranked(&facts, &[Strategy::LowestLatency])), [1, 0]);
}

#[test]
fn an_unknown_latency_is_tried_first_by_one_call_at_a_time_and_not_for_ever() {
    let place_of_unknown =
        |unknown: Facts<'static>| ranked(&[fast(400), unknown], &[Strategy::LowestLatency])[0].place;
    assert_eq!(place_of_unknown(Facts::UNKNOWN), 1);
    assert_eq!(place_of_unknown(Facts { awaiting: 1, ..Facts::UNKNOWN }), 0);
    assert_eq!(place_of_unknown(Facts { may_explore: false, ..Facts::UNKNOWN }), 0);
    let why = &ranked(&[fast(400), Facts::UNKNOWN], &[Strategy::LowestLatency])[0].why;
    assert_eq!(
        why.to_string(),
        "lowest_latency: latency not known yet, tried now against 0.40 s to the first token"
    );
}

#[test]
fn headrooms_within_five_points_are_alike() {
    let free = |headroom| Facts { headroom, ..Facts::UNKNOWN };
    let order = |a, b| places(&ranked(&[free(a), free(b)], &[Strategy::MostHeadroom]));
    assert_eq!(order(0.75, 0.80), [0, 1]);
    assert_eq!(order(0.74, 0.80), [1, 0]);
    assert_eq!(order(f64::NAN, 0.80), [1, 0]);
    let why = &ranked(&[free(0.3), free(0.8)], &[Strategy::MostHeadroom])[0].why;
    assert_eq!(why.to_string(), "most_headroom: 80 % of its limits free against 30 % of its limits free");
}

#[test]
fn regions_stand_in_the_order_asked_for_and_others_last() {
    let here = |region| Facts { region, ..Facts::UNKNOWN };
    let facts = [here(None), here(Some("us-east-1")), here(Some("eu-north-1")), here(Some("eu-west-1"))];
    let nearest = Strategy::Nearest(vec!["eu-west-1".into(), "eu-*".into()]);
    let ranked = ranked(&facts, &[nearest]);
    assert_eq!(places(&ranked), [3, 2, 0, 1]);
    assert_eq!(whys(&ranked)[0], "nearest: eu-west-1 against eu-north-1");
    assert_eq!(
        whys(&ranked)[2],
        "nearest: no region given against eu-west-1; then as good as others: number 1 in the configuration"
    );
}

#[test]
fn a_weight_of_nothing_is_a_fallback_whatever_the_dice_show() {
    let weights =
        |all: &[u32]| all.iter().map(|&weight| Facts { weight, ..Facts::UNKNOWN }).collect::<Vec<_>>();
    for roll in [0.0, 0.5, 0.999, 1.0, f64::NAN, -3.0, 7.0] {
        let ranked = rank(&weights(&[0, 9, 0, 1]), &[Strategy::Weighted], &mut || roll);
        assert_eq!(places(&ranked)[2..], [0, 2], "{roll}");
        assert_eq!(
            whys(&ranked)[2],
            "weighted: weight 0, only as a fallback; then as good as others: number 1 in the configuration"
        );
    }
    let first = rank(&weights(&[9, 1]), &[Strategy::Weighted], &mut || 0.95);
    assert_eq!(
        (places(&first), whys(&first)[0].as_str()),
        (vec![1, 0], "weighted: drawn with weight 1 of 10")
    );
}

#[test]
fn who_stays_comes_first_and_the_others_keep_their_order() {
    let mut ranked = ranked(&[priced(10), priced(20), priced(30)], &[Strategy::Cheapest]);
    let stay = super::super::sticky::Stay { cached_value: MicroUsd(25), gain: MicroUsd(20) };
    put_first(&mut ranked, 2, stay);
    assert_eq!(places(&ranked), [2, 0, 1]);
    assert_eq!(
        whys(&ranked)[0],
        "sticky: what it has cached is worth $0.000025, moving would save $0.000020"
    );
    put_first(&mut ranked, 9, stay);
    assert_eq!(places(&ranked), [2, 0, 1]);
}

//! Orders targets by strategies, and says why.
//!
//! The first strategy decides; targets that it finds as good as each other are ordered by the next, and at last by the
//! configuration. Pure: chance is handed in. It leaves nobody out.

use super::facts::Facts;
use super::matches;
use super::strategy::Strategy;
use super::why::{Measure, Step, Why};

/// Latencies that differ by no more than this share of the better one are alike: less than what one call differs from the
/// next.
pub const LATENCY_TOLERANCE: f64 = 0.10;

/// Free shares that differ by no more than this are alike.
pub const HEADROOM_TOLERANCE: f64 = 0.05;

/// Sums and products of decimal fractions are off by less than this.
const ROUNDING: f64 = 1e-9;

/// A target in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Its place in the list that was ranked.
    pub place: usize,
    /// Why it stands here.
    pub why: Why,
}

/// The targets of `facts` (in the configured order), best first. `dice` gives numbers from 0 up to 1 and is asked only by
/// [`Strategy::Weighted`].
pub fn rank(facts: &[Facts<'_>], strategies: &[Strategy], dice: &mut dyn FnMut() -> f64) -> Vec<Ranked> {
    let all = (0..facts.len()).map(|place| Ranked { place, why: Why { steps: Vec::new() } }).collect();
    let mut ranked = Vec::with_capacity(facts.len());
    order(facts, all, strategies, dice, &mut ranked);
    ranked
}

fn order(
    facts: &[Facts<'_>],
    mut group: Vec<Ranked>,
    strategies: &[Strategy],
    dice: &mut dyn FnMut() -> f64,
    out: &mut Vec<Ranked>,
) {
    let is_alone = group.len() == 1;
    let (false, Some((strategy, rest))) = (is_alone, strategies.split_first()) else {
        for target in &mut group {
            if !is_alone {
                target.why.steps.push(Step::AsConfigured(target.place));
            } else if target.why.steps.is_empty() {
                target.why.steps.push(Step::Alone);
            }
        }
        out.append(&mut group);
        return;
    };
    let scores = scores(facts, &group, strategy, dice);
    let mut classes = classes(group, scores);
    if classes.len() > 1 {
        let best = classes[0][0].1.clone();
        let next = classes[1][0].1.clone();
        for (number, class) in classes.iter_mut().enumerate() {
            for (target, own) in class {
                let other = if number == 0 { next.clone() } else { best.clone() };
                target.why.steps.push(Step::Told { strategy: strategy.as_str(), own: own.clone(), other });
            }
        }
    }
    for class in classes {
        order(facts, class.into_iter().map(|(target, _)| target).collect(), rest, dice, out);
    }
}

/// How good a target is by one strategy: lower is better, `tier` before `value`.
struct Score {
    tier: u8,
    value: f64,
    /// How much more than the best of its class a value may be to be as good.
    tolerance: f64,
    measure: Measure,
}

impl Score {
    fn exact(tier: u8, value: f64, measure: Measure) -> Self {
        Self { tier, value, tolerance: 0.0, measure }
    }
}

/// The group in classes of which all members are as good as the best of them, best class first, each in the order given.
fn classes(group: Vec<Ranked>, scores: Vec<Score>) -> Vec<Vec<(Ranked, Measure)>> {
    let mut scored: Vec<_> = group.into_iter().zip(scores).collect();
    scored.sort_by(|(_, a), (_, b)| a.tier.cmp(&b.tier).then(a.value.total_cmp(&b.value)));
    let mut classes: Vec<Vec<(Ranked, Measure)>> = Vec::new();
    let mut bound: Option<(u8, f64)> = None;
    for (target, score) in scored {
        if bound.is_none_or(|(tier, most)| score.tier != tier || score.value > most) {
            bound = Some((score.tier, score.value + score.tolerance));
            classes.push(Vec::new());
        }
        if let Some(class) = classes.last_mut() {
            class.push((target, score.measure));
        }
    }
    for class in &mut classes {
        class.sort_by_key(|(target, _)| target.place);
    }
    classes
}

fn scores(
    facts: &[Facts<'_>],
    group: &[Ranked],
    strategy: &Strategy,
    dice: &mut dyn FnMut() -> f64,
) -> Vec<Score> {
    if *strategy == Strategy::Weighted {
        let weights: Vec<_> = group.iter().map(|target| facts[target.place].weight).collect();
        return drawn(&weights, dice);
    }
    group.iter().map(|target| score(&facts[target.place], target.place, strategy)).collect()
}

fn score(facts: &Facts<'_>, place: usize, strategy: &Strategy) -> Score {
    match strategy {
        // Those with a weight were scored together, by chance.
        Strategy::Ordered | Strategy::Weighted => Score::exact(0, place as f64, Measure::Place(place)),
        Strategy::LeastBusy => {
            Score::exact(0, f64::from(facts.in_flight), Measure::InFlight(facts.in_flight))
        }
        Strategy::LowestLatency => by_latency(facts),
        Strategy::Cheapest => match facts.price {
            Some(price) => Score::exact(0, price.0 as f64, Measure::Price(price)),
            None => Score::exact(1, 0.0, Measure::NoPrice),
        },
        Strategy::MostHeadroom => {
            let free = if facts.headroom.is_nan() { 0.0 } else { facts.headroom.clamp(0.0, 1.0) };
            let tolerance = HEADROOM_TOLERANCE + ROUNDING;
            Score { tier: 0, value: 1.0 - free, tolerance, measure: Measure::Headroom(free) }
        }
        Strategy::Nearest(regions) => {
            let measure = Measure::Region(facts.region.map(str::to_owned));
            let near = |region| regions.iter().position(|pattern| matches(pattern, region));
            match facts.region.and_then(near) {
                Some(distance) => Score::exact(0, distance as f64, measure),
                None => Score::exact(1, 0.0, measure),
            }
        }
    }
}

/// Who is not known yet is tried by one call at a time, so that a slow one does not get a crowd before it is known.
fn by_latency(facts: &Facts<'_>) -> Score {
    match facts.expected_first_token() {
        Some(time) => {
            let value = time.as_secs_f64();
            let tolerance = value * LATENCY_TOLERANCE + ROUNDING;
            Score { tier: 1, value, tolerance, measure: Measure::FirstToken(time) }
        }
        None if facts.may_explore && facts.awaiting == 0 => Score::exact(0, 0.0, Measure::Untried),
        None => Score::exact(2, 0.0, Measure::NoLatency),
    }
}

/// A random permutation, drawn without putting back: each place goes to one of those left with probability weight / sum of
/// what is left. Those without a weight come last, as good as each other.
fn drawn(weights: &[u32], dice: &mut dyn FnMut() -> f64) -> Vec<Score> {
    let sum: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
    let mut scores: Vec<_> =
        weights.iter().map(|&weight| Score::exact(1, 0.0, Measure::Weight(weight, sum))).collect();
    let mut left: Vec<usize> = (0..weights.len()).filter(|&at| weights[at] > 0).collect();
    let mut rest = sum as f64;
    let mut drawn = 0.0;
    while !left.is_empty() {
        let mut mark = if left.len() == 1 { 0.0 } else { dice().clamp(0.0, 1.0) * rest };
        let chosen = left.iter().position(|&at| {
            mark -= f64::from(weights[at]);
            mark < 0.0
        });
        // Rounding, or dice that show 1, can leave the mark at the very end: that is the last one's.
        let at = left.remove(chosen.unwrap_or(left.len() - 1));
        (scores[at].tier, scores[at].value) = (0, drawn);
        drawn += 1.0;
        rest -= f64::from(weights[at]);
    }
    scores
}

/// Puts a target first that a session or prefix stays at; the others keep their order.
pub fn put_first(ranked: &mut Vec<Ranked>, place: usize, stay: super::sticky::Stay) {
    if let Some(at) = ranked.iter().position(|target| target.place == place) {
        let mut target = ranked.remove(at);
        target.why = Why { steps: vec![Step::Stays(stay)] };
        ranked.insert(0, target);
    }
}

#[cfg(test)]
#[path = "rank/tests.rs"]
mod tests;

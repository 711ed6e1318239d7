//! What happened in the last while, in slots that are forgotten one by one. It sums, and judges nothing.

use std::collections::VecDeque;
use std::time::Duration;

use paceway_domain::{MicroUsd, UnixMillis};

/// Slots of a window: it is as exact as a sixtieth of its length.
const SLOTS: u64 = 60;
/// Steps by which waits are told apart; each is a fifth longer than the one before, from a millisecond to more than a day.
const STEPS: usize = 104;
const GROWTH: f64 = 1.2;

/// Something that happened and rules may count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happening<'h> {
    /// When.
    pub at: UnixMillis,
    /// The organisation whose request it was.
    pub organisation: &'h str,
    /// The team in it.
    pub team: &'h str,
    /// The team's project.
    pub project: &'h str,
    /// The key's id.
    pub key: &'h str,
    /// The provider.
    pub provider: &'h str,
    /// The model.
    pub model: &'h str,
    /// What it cost, as far as is known.
    pub spent: MicroUsd,
    /// Tokens in and out.
    pub tokens: u64,
    /// Whether it is the end of a request, and whether that failed.
    pub ended: Option<Ended>,
    /// Refusals for rate or load before it, which the client has not seen.
    pub absorbed: u64,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Whether it failed, and not by its own fault.
    pub is_error: bool,
    /// How long it waited for its turns, in milliseconds.
    pub queued_ms: u64,
}

/// Sums of a slot, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) spent: u64,
    pub(super) tokens: u64,
    pub(super) requests: u64,
    pub(super) errors: u64,
    pub(super) absorbed: u64,
}

#[derive(Debug)]
struct Slot {
    number: u64,
    sum: Sum,
    /// Requests by the step of their wait; empty where nobody asks.
    waits: Vec<u32>,
}

#[derive(Debug)]
pub(super) struct Window {
    slot_ms: u64,
    slots: VecDeque<Slot>,
    keeps_waits: bool,
}

impl Window {
    pub(super) fn new(over: Duration, keeps_waits: bool) -> Self {
        let over_ms = u64::try_from(over.as_millis()).unwrap_or(u64::MAX);
        Self { slot_ms: (over_ms / SLOTS).max(1), slots: VecDeque::new(), keeps_waits }
    }

    pub(super) fn add(&mut self, what: &Happening<'_>) {
        let number = what.at.0 / self.slot_ms;
        let newest = self.slots.back().map_or(number, |slot| slot.number).max(number);
        if number + SLOTS <= newest {
            return;
        }
        self.forget(newest);
        let place = self.slots.partition_point(|slot| slot.number < number);
        if self.slots.get(place).is_none_or(|slot| slot.number != number) {
            self.slots.insert(place, Slot { number, sum: Sum::default(), waits: Vec::new() });
        }
        let slot = &mut self.slots[place];
        slot.sum.add(what);
        if let (true, Some(ended)) = (self.keeps_waits, what.ended) {
            slot.waits.resize(STEPS, 0);
            slot.waits[step(ended.queued_ms)] += 1;
        }
    }

    pub(super) fn forget_before(&mut self, now: UnixMillis) {
        self.forget(now.0 / self.slot_ms);
    }

    fn forget(&mut self, newest: u64) {
        while self.slots.front().is_some_and(|slot| slot.number + SLOTS <= newest) {
            self.slots.pop_front();
        }
    }

    /// Whether nothing is left in it.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(super) fn sum(&self) -> Sum {
        self.slots.iter().fold(Sum::default(), |sum, slot| sum.and(slot.sum))
    }

    /// Within this, 95 of 100 waits ended; at most a fifth too long.
    pub(super) fn wait_p95_ms(&self) -> u64 {
        let mut by_step = [0_u64; STEPS];
        for (step, count) in self.slots.iter().flat_map(|slot| slot.waits.iter().enumerate()) {
            by_step[step] += u64::from(*count);
        }
        let wanted = (by_step.iter().sum::<u64>() * 95).div_ceil(100);
        let mut seen = 0;
        for (step, count) in by_step.into_iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return longest_of(step);
            }
        }
        0
    }
}

impl Sum {
    fn add(&mut self, what: &Happening<'_>) {
        let one = Self {
            spent: what.spent.0,
            tokens: what.tokens,
            requests: u64::from(what.ended.is_some()),
            errors: u64::from(what.ended.is_some_and(|ended| ended.is_error)),
            absorbed: what.absorbed,
        };
        *self = self.and(one);
    }

    fn and(self, other: Self) -> Self {
        Self {
            spent: self.spent.saturating_add(other.spent),
            tokens: self.tokens.saturating_add(other.tokens),
            requests: self.requests + other.requests,
            errors: self.errors + other.errors,
            absorbed: self.absorbed + other.absorbed,
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Between 0 and `STEPS`.
fn step(ms: u64) -> usize {
    if ms == 0 {
        return 0;
    }
    let step = ((ms as f64).ln() / GROWTH.ln()).ceil() as usize;
    (step + 1).min(STEPS - 1)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A day and a half at most.
fn longest_of(step: usize) -> u64 {
    match step {
        0 => 0,
        step => GROWTH.powf((step - 1) as f64).floor() as u64,
    }
}

//! What came of the calls of the last while: a ring of counts.

use std::time::Duration;

use paceway_domain::Moment;

use super::Fault;

/// Parts of the window; the oldest is dropped whole.
const PARTS: u32 = 10;

/// Calls and failures of a window.
#[derive(Debug, Clone)]
pub(super) struct Window {
    part: Duration,
    parts: [Part; PARTS as usize],
    /// The part that is counted into, as a number since the clock's start.
    current: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Part {
    calls: u32,
    failures: [u32; Fault::ALL.len()],
}

impl Window {
    pub(super) fn new(length: Duration, now: Moment) -> Self {
        let part = (length / PARTS).max(Duration::from_millis(1));
        let mut window = Self { part, parts: [Part::default(); PARTS as usize], current: 0 };
        window.current = window.number(now);
        window
    }

    /// A call ended, well or in this way.
    pub(super) fn counts(&mut self, now: Moment, fault: Option<Fault>) {
        self.turn(now);
        let part = &mut self.parts[place(self.current)];
        part.calls = part.calls.saturating_add(1);
        if let Some(fault) = fault {
            let failures = &mut part.failures[fault as usize];
            *failures = failures.saturating_add(1);
        }
    }

    /// Whether this share of at least so many calls failed in this way.
    pub(super) fn has_share(&mut self, now: Moment, fault: Fault, share: f64, least: u32) -> bool {
        self.turn(now);
        let calls: u64 = self.parts.iter().map(|part| u64::from(part.calls)).sum();
        let failures: u64 = self.parts.iter().map(|part| u64::from(part.failures[fault as usize])).sum();
        calls >= u64::from(least.max(1)) && failures as f64 >= share * calls as f64 && failures > 0
    }

    fn turn(&mut self, now: Moment) {
        let number = self.number(now);
        let passed = number.saturating_sub(self.current).min(u64::from(PARTS));
        for step in 1..=passed {
            self.parts[place(self.current + step)] = Part::default();
        }
        self.current = self.current.max(number);
    }

    fn number(&self, now: Moment) -> u64 {
        u64::try_from(u128::from(now.as_nanos()) / self.part.as_nanos()).unwrap_or(u64::MAX)
    }
}

#[allow(clippy::cast_possible_truncation)] // Less than PARTS.
fn place(number: u64) -> usize {
    (number % u64::from(PARTS)) as usize
}

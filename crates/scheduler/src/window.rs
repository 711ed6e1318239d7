//! How many requests of a pool may be in flight, where nobody says: slow start, then additive increase and multiplicative
//! decrease, as TCP does it (RFC 5681), with longer and longer pauses at a ceiling that keeps being met.

use std::time::Duration;

use paceway_domain::Moment;

/// Where a pool of which nothing is known begins.
const FIRST: f64 = 8.0;
/// Answers without a refusal before more than a known ceiling is tried, at first and at most.
const FIRST_PATIENCE: u32 = 64;
const MOST_PATIENCE: u32 = 4_096;
/// A ceiling that was not met for so long is forgotten.
const CEILING_LASTS: Duration = Duration::from_mins(10);

#[derive(Debug, Clone)]
pub(crate) struct Window {
    size: f64,
    /// Below it the window doubles each round trip; above it, it grows by one.
    threshold: f64,
    /// Answers to wait for before it grows again.
    hold: u32,
    patience: u32,
    ceiling: Option<(f64, Moment)>,
}

impl Window {
    /// Everything may be in flight at once, until a refusal says otherwise.
    pub(crate) fn open() -> Self {
        Self { size: f64::INFINITY, ..Self::unknown() }
    }

    /// Nothing is known.
    pub(crate) fn unknown() -> Self {
        Self { size: FIRST, threshold: f64::INFINITY, hold: 0, patience: FIRST_PATIENCE, ceiling: None }
    }

    /// How many, or `None` if there is no bound.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Checked to be finite and positive.
    pub(crate) fn size(&self) -> Option<u32> {
        (self.size < f64::from(u32::MAX)).then_some(self.size as u32)
    }

    pub(crate) fn has_room(&self, in_flight: u32) -> bool {
        f64::from(in_flight) + 1.0 <= self.size
    }

    /// An answer has begun while so many were in flight: more may be, if the window was in use.
    pub(crate) fn answered(&mut self, now: Moment, in_flight: u32) {
        if self.ceiling.is_some_and(|(_, met)| now.since(met) > CEILING_LASTS) {
            (self.ceiling, self.hold, self.patience) = (None, 0, FIRST_PATIENCE);
        }
        if self.hold > 0 {
            self.hold -= 1;
        } else if f64::from(in_flight) * 2.0 >= self.size {
            self.size += if self.size < self.threshold { 1.0 } else { 1.0 / self.size };
        }
    }

    /// The provider allows no more at once than the so many that are left in flight.
    pub(crate) fn too_many(&mut self, now: Moment, left: u32) {
        let size = f64::from(left).max(1.0);
        if size >= self.size && self.hold > 0 {
            return;
        }
        let is_known = self.ceiling.is_some_and(|(ceiling, _)| (ceiling - size).abs() < 1.0);
        self.patience = if is_known { (self.patience * 2).min(MOST_PATIENCE) } else { FIRST_PATIENCE };
        self.ceiling = Some((size, now));
        self.size = size.min(self.size);
        self.threshold = self.size;
        self.hold = self.patience;
    }

    /// The provider has too much to do: half as many from now on, doubling again once it answers.
    pub(crate) fn halve(&mut self, left: u32) {
        self.size = (f64::from(left) + 1.0).min(self.size) / 2.0;
        self.size = self.size.max(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_each_round_trip_while_nothing_is_known() {
        let mut window = Window::unknown();
        for _ in 0..8 {
            window.answered(Moment::ZERO, 8);
        }
        assert_eq!(window.size(), Some(16));
    }

    #[test]
    fn it_does_not_grow_while_it_is_not_used() {
        let mut window = Window::unknown();
        for _ in 0..100 {
            window.answered(Moment::ZERO, 1);
        }
        assert_eq!(window.size(), Some(8));
    }

    #[test]
    fn a_flood_that_was_refused_one_by_one_leaves_what_was_let_in() {
        let mut window = Window::open();
        for left in (8..200).rev() {
            window.too_many(Moment::ZERO, left);
        }
        assert_eq!(window.size(), Some(8));
        assert!(!window.has_room(8) && window.has_room(7));
    }

    #[test]
    fn a_ceiling_that_is_met_again_is_left_alone_for_longer() {
        let mut window = Window::open();
        window.too_many(Moment::ZERO, 8);
        let mut answers = Vec::new();
        for _ in 0..3 {
            let mut count = 0;
            while !window.has_room(8) {
                window.answered(Moment::ZERO, 8);
                count += 1;
            }
            window.too_many(Moment::ZERO, 8);
            answers.push(count);
        }
        assert!(answers[0] > 60 && answers[1] > 120 && answers[2] > 250, "{answers:?}");
    }

    #[test]
    fn after_an_overload_the_old_size_is_back_within_a_few_round_trips() {
        let mut window = Window::unknown();
        for _ in 0..56 {
            window.answered(Moment::ZERO, 60);
        }
        window.halve(1);
        assert_eq!(window.size(), Some(1));
        let mut round_trips = 0;
        while window.size().is_some_and(|size| size < 64) {
            let in_flight = window.size().unwrap_or_default();
            (0..in_flight).for_each(|_| window.answered(Moment::ZERO, in_flight));
            round_trips += 1;
        }
        assert!(round_trips <= 8, "{round_trips}");
    }
}

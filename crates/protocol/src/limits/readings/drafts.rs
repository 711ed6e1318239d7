//! Parts of readings, collected until all headers are seen.
//!
//! A fixed number of places, so that collecting allocates nothing; what does not fit is left out. Not here: how parts
//! are read from headers.

use std::time::Duration;

use paceway_domain::{Counted, LimitReading, LimitReadings, Window};

use super::name::{Kind, Scheme};
use crate::limits::window::window_of;

/// More limits than any provider states at once.
const PLACES: usize = 24;
/// A reset further ahead is not believed: the longest window is a month.
const FURTHEST: Duration = Duration::from_hours(40 * 24);
/// A date of whole seconds, compared with a clock of whole seconds, is right to a second.
const ONE_SECOND_MS: i64 = 1_000;

/// When all is free again.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reset {
    /// After this time.
    In {
        earliest: Duration,
        latest: Duration,
        /// It is the time that what is used takes to refill, so that the window can be told from it.
        shows_refill: bool,
    },
    /// At this time, in milliseconds since 1970 by the sender's clock.
    At(i64),
}

impl Reset {
    /// After exactly this time, stated with units. Who states it so (OpenAI, Groq) states the time to refill.
    pub(super) fn refill(after: Duration) -> Self {
        Self::In { earliest: after, latest: after, shows_refill: true }
    }

    /// After this many seconds. Whole ones are rounded, nobody says which way; a fraction is exact.
    pub(super) fn rounded(after: Duration) -> Self {
        let error = Duration::from_secs(u64::from(after.subsec_nanos() == 0));
        Self::In {
            earliest: after.saturating_sub(error),
            latest: after.saturating_add(error),
            shows_refill: false,
        }
    }

    /// The time from `now` on; `None` if it is past or too far ahead.
    pub(super) fn from(self, now: i64) -> Option<(Duration, Duration)> {
        let (earliest, latest) = match self {
            Self::In { earliest, latest, .. } => (earliest, latest),
            Self::At(at) => {
                let ahead = at.saturating_sub(now);
                let millis = |ms| Some(Duration::from_millis(u64::try_from(ms).ok()?));
                let latest = millis(ahead.saturating_add(ONE_SECOND_MS))?;
                (millis(ahead.saturating_sub(ONE_SECOND_MS)).unwrap_or(Duration::ZERO), latest)
            }
        };
        (latest <= FURTHEST).then_some((earliest, latest))
    }
}

/// The parts of one reading.
#[derive(Debug, Clone, Copy)]
struct Draft<'h> {
    kind: Kind<'h>,
    limit: Option<u64>,
    remaining: Option<u64>,
    reset: Option<Reset>,
}

/// Parts of readings, and what a subscription said of all of them together.
#[derive(Debug, Default)]
pub(super) struct Drafts<'h> {
    places: [Option<Draft<'h>>; PLACES],
    /// The subscription lets nothing pass.
    pub(super) is_rejected: bool,
    /// Until then, if `is_rejected`.
    pub(super) rejected_until: Option<Reset>,
}

impl<'h> Drafts<'h> {
    /// Whether there is nothing to finish.
    pub(super) fn is_empty(&self) -> bool {
        self.places[0].is_none() && !self.is_rejected
    }

    /// Of a part that is stated twice the first holds; one that could not be read is as good as not stated.
    pub(super) fn limit(&mut self, kind: Kind<'h>, limit: Option<u64>) {
        if let (Some(limit), Some(draft)) = (limit, self.draft(kind)) {
            draft.limit.get_or_insert(limit);
        }
    }

    /// See [`Drafts::limit`].
    pub(super) fn remaining(&mut self, kind: Kind<'h>, remaining: Option<u64>) {
        if let (Some(remaining), Some(draft)) = (remaining, self.draft(kind)) {
            draft.remaining.get_or_insert(remaining);
        }
    }

    /// See [`Drafts::limit`].
    pub(super) fn reset(&mut self, kind: Kind<'h>, reset: Option<Reset>) {
        if let (Some(reset), Some(draft)) = (reset, self.draft(kind)) {
            draft.reset.get_or_insert(reset);
        }
    }

    /// A policy of `limit` in `window`, stated apart from the limit that does not say its window.
    pub(super) fn policy(&mut self, limit: u64, window: Window) {
        for draft in self.places.iter_mut().flatten() {
            if let Kind::Known { scheme: Scheme::Bare, window: unknown @ None, .. } = &mut draft.kind
                && draft.limit == Some(limit)
            {
                *unknown = Some(window);
            }
        }
    }

    /// The readings; `now` is asked only where a date is to be compared with it.
    pub(super) fn finish(mut self, now: impl FnOnce() -> i64) -> LimitReadings {
        self.fold_repeated();
        let has_date = self.places.iter().flatten().any(|draft| matches!(draft.reset, Some(Reset::At(_))));
        let now = if has_date || self.is_rejected { now() } else { 0 };
        let ahead = |reset: Option<Reset>| reset.and_then(|reset| reset.from(now));
        let mut readings = LimitReadings::default();
        if self.is_rejected {
            readings.closed_for = ahead(self.rejected_until).map(|(_, latest)| latest);
        }
        for draft in self.places.into_iter().flatten() {
            let full_in = ahead(draft.reset);
            match draft.kind {
                Kind::Unknown(_) if draft.remaining == Some(0) => {
                    readings.closed_for = readings.closed_for.max(full_in.map(|(_, latest)| latest));
                }
                Kind::Unknown(_) => {}
                Kind::Known { scheme, counted, window } => {
                    readings.limits.extend(draft.reading(scheme, counted, window, full_in));
                }
            }
        }
        readings
    }

    fn draft(&mut self, kind: Kind<'h>) -> Option<&mut Draft<'h>> {
        let place = self.places.iter().position(|draft| draft.is_none_or(|draft| draft.kind == kind))?;
        let empty = Draft { kind, limit: None, remaining: None, reset: None };
        Some(self.places[place].get_or_insert(empty))
    }

    /// Takes out what repeats another limit: Anthropic's `tokens`, which shows the most restrictive one, beside both
    /// `input-tokens` and `output-tokens`; and a limit without a window beside the same one with its window, which
    /// gets the reset that only the other has (Mistral, and gateways that send Kong's headers).
    fn fold_repeated(&mut self) {
        let anthropic =
            |counted| Kind::Known { scheme: Scheme::Anthropic, counted, window: Some(Window::Minute) };
        let has = |counted| self.places.iter().flatten().any(|draft| draft.kind == anthropic(counted));
        let has_both = has(Counted::Input) && has(Counted::Output);
        for place in 0..PLACES {
            let Some(draft) = self.places[place] else { continue };
            let repeats_both = has_both && draft.kind == anthropic(Counted::Total);
            if repeats_both || self.is_folded(draft) {
                self.places[place] = None;
            }
        }
    }

    /// Whether the same limit is there with its window; if so that one takes over the reset.
    fn is_folded(&mut self, vague: Draft<'h>) -> bool {
        let Kind::Known { counted, window: None, .. } = vague.kind else { return false };
        let is_same = |draft: &&mut Draft<'h>| {
            matches!(draft.kind, Kind::Known { counted: other, window: Some(_), .. } if other == counted)
                && vague.limit.is_some()
                && draft.limit == vague.limit
        };
        let Some(exact) = self.places.iter_mut().flatten().find(is_same) else { return false };
        exact.reset = exact.reset.or(vague.reset);
        true
    }
}

impl Draft<'_> {
    /// The reading; `None` without a limit and anything remaining, and for a limit of zero: some answer so where there
    /// is no limit, and where there is none to use a refusal says so.
    fn reading(
        &self,
        scheme: Scheme,
        counted: Counted,
        window: Option<Window>,
        full_in: Option<(Duration, Duration)>,
    ) -> Option<LimitReading> {
        if self.limit == Some(0) || self.limit.is_none() && self.remaining.is_none() {
            return None;
        }
        let remaining = self.remaining.map(|remaining| self.believed(remaining, scheme, counted));
        let inferred = || match (self.reset?, scheme) {
            (Reset::In { shows_refill: true, .. }, Scheme::Named) => {
                window_of(self.limit?, remaining?, full_in?)
            }
            _ => None,
        };
        Some(LimitReading {
            counted,
            window: window.or_else(inferred),
            limit: self.limit,
            remaining,
            full_in,
        })
    }

    /// At least and at most so much is free. Anthropic rounds tokens to the nearest thousand; what is not a multiple of
    /// a thousand was not rounded, nor can a limit below a thousand be.
    fn believed(&self, remaining: u64, scheme: Scheme, counted: Counted) -> (u64, u64) {
        const THOUSAND: u64 = 1_000;
        let most = self.limit.unwrap_or(u64::MAX);
        let is_rounded = scheme == Scheme::Anthropic
            && counted != Counted::Requests
            && remaining.is_multiple_of(THOUSAND)
            && most >= THOUSAND;
        let half = if is_rounded { THOUSAND / 2 } else { 0 };
        (remaining.saturating_sub(half).min(most), remaining.saturating_add(half).min(most))
    }
}

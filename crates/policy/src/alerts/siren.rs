//! When a rule speaks: it fires at one value and clears at another, and does not speak again before its time.
//!
//! A rule that fires again soon after it cleared is held back until its time has come, and then told only if it still fires. Nobody is
//! told that something is over of which they were not told.

use paceway_domain::UnixMillis;

use super::Reading;
use super::notice::Change;
use super::rule::Rule;

#[derive(Debug, Default)]
pub(super) struct Siren {
    /// Since when it fires, told or not.
    fires_since: Option<UnixMillis>,
    /// Whether people know that it fires.
    is_known: bool,
    /// When people were last told that it fires.
    last_told: Option<UnixMillis>,
}

impl Siren {
    /// What people are to be told of a reading.
    pub(super) fn hears(&mut self, now: UnixMillis, rule: &Rule, reading: &Reading) -> Option<Change> {
        if self.fires_since.is_none() && rule.is_bad(reading.value) {
            self.fires_since = Some(now);
        } else if self.fires_since.is_some() && rule.is_good(reading.value) {
            return self.clears();
        }
        self.fires_since?;
        if !self.may_speak(now, rule) {
            return None;
        }
        self.last_told = Some(now);
        let was_known = std::mem::replace(&mut self.is_known, true);
        Some(if was_known { Change::StillFires } else { Change::Fires })
    }

    fn clears(&mut self) -> Option<Change> {
        let was_known = std::mem::take(&mut self.is_known);
        if !was_known {
            self.fires_since = None;
            return None;
        }
        // `since` is still asked for by the notice; it is forgotten when it fires next.
        self.fires_since = None;
        Some(Change::Clears)
    }

    fn may_speak(&self, now: UnixMillis, rule: &Rule) -> bool {
        let repeat_ms = u64::try_from(rule.repeat.as_millis()).unwrap_or(u64::MAX);
        self.last_told.is_none_or(|told| now.0.saturating_sub(told.0) >= repeat_ms)
    }

    /// Whether it neither fires nor holds back: a new one would be the same.
    pub(super) fn is_at_rest(&self, now: UnixMillis, rule: &Rule) -> bool {
        self.fires_since.is_none() && self.may_speak(now, rule)
    }

    /// Since when it fires.
    pub(super) fn since(&self) -> Option<UnixMillis> {
        self.fires_since
    }
}

//! Days of the calendar, from which prices hold and on which models retire.
//!
//! In Coordinated Universal Time. No times of the day, no local calendars.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::UnixMillis;

/// How long a day is, in milliseconds. Unix time has no leap seconds.
pub const DAY_MS: u64 = 86_400_000;
/// Days of four hundred years, after which the calendar repeats.
const ERA_DAYS: i64 = 146_097;
/// From 0000-03-01, where an era begins, to 1970-01-01.
const EPOCH: i64 = 719_468;

/// A day, in days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(i64);

impl Day {
    /// The day of a point in time.
    pub fn of(at: UnixMillis) -> Self {
        Self(i64::try_from(at.0 / DAY_MS).unwrap_or(i64::MAX))
    }

    /// When it begins; 1970-01-01 for days before that.
    pub fn begins(self) -> UnixMillis {
        UnixMillis(u64::try_from(self.0).unwrap_or(0).saturating_mul(DAY_MS))
    }

    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
    fn from_civil(year: i64, month: i64, day: i64) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year - era * 400;
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Self(era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH)
    }

    /// `civil_from_days`, from the same source.
    fn civil(self) -> (i64, i64, i64) {
        let days = self.0.saturating_add(EPOCH);
        let era = days.div_euclid(ERA_DAYS);
        let of_era = days - era * ERA_DAYS;
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year + era * 400 + i64::from(month <= 2), month, day)
    }
}

impl FromStr for Day {
    type Err = String;

    /// `YYYY-MM-DD`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected a day as YYYY-MM-DD, got `{text}`");
        let mut parts = text.split('-');
        let mut part = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i64>().ok())?
        };
        let (year, month, day) = (part(4), part(2), part(2));
        let (Some(year), Some(month), Some(day), None) = (year, month, day, parts.next()) else {
            return Err(wrong());
        };
        let found = Self::from_civil(year, month, day);
        // A day that is not in the calendar comes out as another one.
        if (1..=12).contains(&month) && found.civil() == (year, month, day) {
            Ok(found)
        } else {
            Err(wrong())
        }
    }
}

impl fmt::Display for Day {
    /// `YYYY-MM-DD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_as_it_is_read() {
        for text in ["1970-01-01", "2000-02-29", "2024-12-31", "2026-11-28", "2100-03-01", "9999-12-31"] {
            assert_eq!(text.parse::<Day>().unwrap().to_string(), text);
        }
        assert_eq!("2026-11-28".parse::<Day>().unwrap(), Day(20_785));
    }

    #[test]
    fn a_day_begins_at_midnight_and_ends_before_the_next() {
        let day: Day = "2026-12-01".parse().unwrap();
        let begins = day.begins();
        assert_eq!(begins, UnixMillis(1_796_083_200_000));
        assert_eq!((Day::of(begins), Day::of(UnixMillis(begins.0 - 1))), (day, Day(day.0 - 1)));
    }

    #[test]
    fn what_is_no_day_is_refused_with_what_it_was() {
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "26-01-01",
            "2026-01-01-01",
            "+026-01-01",
            "",
        ] {
            assert!(text.parse::<Day>().unwrap_err().contains(text), "{text}");
        }
    }
}

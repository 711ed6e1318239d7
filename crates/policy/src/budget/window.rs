//! The time over which a budget counts: calendar hours, days, weeks (from Monday), months, or all time.
//!
//! Calendars are kept at a fixed distance from UTC. No daylight saving: a day of 23 hours would be a surprise in an account.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use paceway_domain::UnixMillis;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// How long a budget lasts until it starts anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// A calendar hour.
    Hour,
    /// A calendar day.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// It never starts anew.
    Once,
}

impl Period {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Once];

    /// `hour`, `day`, `week`, `month` or `once`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Once => "once",
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A period, and whose clocks it goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// How long.
    pub period: Period,
    /// Local time minus UTC, in minutes; −1439 to 1439.
    pub offset_minutes: i32,
}

/// A stretch of time, `from` included, `to` not; without a `to` it has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// Its first millisecond.
    pub from: UnixMillis,
    /// The first millisecond after it.
    pub to: Option<UnixMillis>,
}

impl Window {
    /// A period by UTC's clocks.
    pub const fn utc(period: Period) -> Self {
        Self { period, offset_minutes: 0 }
    }

    /// The stretch of time that holds `at`.
    pub fn span(&self, at: UnixMillis) -> Span {
        let shift = i64::from(self.offset_minutes) * 60_000;
        let local = at.0.saturating_add_signed(shift);
        let (from, length) = match self.period {
            Period::Once => return Span { from: UnixMillis(0), to: None },
            Period::Hour => (local / HOUR_MS * HOUR_MS, HOUR_MS),
            Period::Day => (local / DAY_MS * DAY_MS, DAY_MS),
            Period::Week => {
                // 1 January 1970 was a Thursday: the week that held it began three days before.
                let days = local / DAY_MS;
                let monday = days.saturating_sub((days + 3) % 7);
                (monday * DAY_MS, 7 * DAY_MS)
            }
            Period::Month => month(local),
        };
        let utc = |local: u64| UnixMillis(local.saturating_add_signed(-shift));
        Span { from: utc(from), to: Some(utc(from + length)) }
    }
}

impl Span {
    /// Whether a moment is after it.
    pub fn is_over(&self, at: UnixMillis) -> bool {
        self.to.is_some_and(|to| at >= to)
    }
}

/// A moment as people and programs read it: `2026-12-01T00:00:00Z`.
pub fn date(at: UnixMillis) -> String {
    let at = i64::try_from(at.0 / 1_000 * 1_000).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.map_or_else(|| "the end of time".to_owned(), |at| at.to_string())
}

/// The month's first millisecond and its length, both in local time.
fn month(local: u64) -> (u64, u64) {
    let date = |ms: u64| {
        let ms = i64::try_from(ms).unwrap_or(i64::MAX);
        let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
        TimeZone::UTC.to_datetime(at).date()
    };
    let since_1970 = |date: Date| {
        let at = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX);
        u64::try_from(at.as_millisecond()).unwrap_or(0)
    };
    let first = date(local).first_of_month();
    let next = first.last_of_month().tomorrow().unwrap_or(Date::MAX);
    (since_1970(first), since_1970(next).saturating_sub(since_1970(first)).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-28T14:30:00Z, a Saturday.
    const AT: UnixMillis = UnixMillis(1_795_876_200_000);

    fn span(period: Period, offset_minutes: i32, at: UnixMillis) -> [String; 2] {
        let span = Window { period, offset_minutes }.span(at);
        [Some(span.from), span.to].map(|at| {
            let at = at.map(|at| Timestamp::from_millisecond(i64::try_from(at.0).unwrap_or(0)));
            at.map_or("never".into(), |at| at.map_or("?".into(), |at| at.to_string()))
        })
    }

    #[test]
    fn periods_begin_where_the_calendar_says() {
        assert_eq!(span(Period::Hour, 0, AT), ["2026-11-28T14:00:00Z", "2026-11-28T15:00:00Z"]);
        assert_eq!(span(Period::Day, 0, AT), ["2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z"]);
        assert_eq!(span(Period::Week, 0, AT), ["2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"]);
        assert_eq!(span(Period::Month, 0, AT), ["2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"]);
        assert_eq!(span(Period::Once, 0, AT), ["1970-01-01T00:00:00Z", "never"]);
    }

    #[test]
    fn the_last_millisecond_of_a_month_is_in_it_and_the_next_one_is_not() {
        let to = Window::utc(Period::Month).span(AT).to.map_or(0, |to| to.0);
        let last = span(Period::Month, 0, UnixMillis(to - 1));
        assert_eq!(last, ["2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"]);
        assert_eq!(span(Period::Month, 0, UnixMillis(to)), ["2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"]);
    }

    #[test]
    fn an_offset_moves_the_days_and_months_with_it() {
        // It is already Sunday the 29th in Kiritimati (+14), and still Saturday at −10.
        assert_eq!(span(Period::Day, 14 * 60, AT), ["2026-11-28T10:00:00Z", "2026-11-29T10:00:00Z"]);
        assert_eq!(span(Period::Month, -600, AT), ["2026-11-01T10:00:00Z", "2026-12-01T10:00:00Z"]);
    }
}

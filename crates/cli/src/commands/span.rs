//! Spans of time as people type them, and moments as they are shown.

use std::time::Duration;

use jiff::Timestamp;
use paceway_domain::UnixMillis;

/// A number with a unit: `90s`, `15m`, `12h`, `30d`, `2w`; or `0`.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("expected a number with s, m, h, d or w such as 30d, got `{text}`");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    count.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

/// A moment in UTC.
pub(super) fn moment(at: UnixMillis) -> String {
    let read = i64::try_from(at.0).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
    read.map_or_else(|| at.0.to_string(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// So long after a moment.
pub(super) fn after(now: UnixMillis, span: Duration) -> UnixMillis {
    UnixMillis(now.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_with_a_unit() {
        assert_eq!(span("30d"), Ok(Duration::from_hours(720)));
        assert_eq!(span("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(span("0"), Ok(Duration::ZERO));
        for wrong in ["", "d", "30", "30y", "-1d", "1.5h", "9999999999999999999w", "3µ"] {
            assert!(span(wrong).is_err_and(|told| told.contains("such as 30d")), "{wrong}");
        }
    }

    #[test]
    fn a_moment_is_shown_as_a_date() {
        assert_eq!(moment(UnixMillis(1_764_000_000_000)), "2025-11-24 16:00:00");
    }
}

//! Dates in headers, as milliseconds since 1970, and which clock they are to be compared with.
//!
//! RFC 3339, and the three forms of RFC 9110 §5.6.7, two of them obsolete but to be understood. No clock is read here.

use http::HeaderMap;
use http::header::DATE;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use paceway_domain::UnixMillis;

/// What the sender's clock said when it answered: its `date` header, because our own clock may be skewed against the
/// one by which it states times; `wall` where it sends none.
pub(super) fn sent_at(headers: &HeaderMap, wall: UnixMillis) -> i64 {
    let stated = headers.get(DATE).and_then(|value| http_date(value.to_str().ok()?));
    stated.unwrap_or_else(|| i64::try_from(wall.0).unwrap_or(i64::MAX))
}

/// `2026-11-03T10:00:00Z`, with any offset and any fraction of a second.
pub(super) fn rfc3339(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`. The day of the week
/// is not compared with the date.
pub(super) fn http_date(text: &str) -> Option<i64> {
    let mut parts = [""; 8];
    let mut found = 0;
    for part in text.split([' ', ',', '-', ':']).filter(|part| !part.is_empty()) {
        *parts.get_mut(found)? = part;
        found += 1;
    }
    let ((8, [weekday, day, month, year, hour, minute, second, "GMT" | "UTC"])
    | (7, [weekday, month, day, hour, minute, second, year, _])) = (found, parts)
    else {
        return None;
    };
    if !weekday.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let at = DateTime::new(
        full_year(year)?,
        month_number(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        // A leap second is the second before it: no calendar of ours knows one.
        small(second)?.min(59),
        0,
    );
    Some(TimeZone::UTC.to_timestamp(at.ok()?).ok()?.as_millisecond())
}

/// Two digits are of the century in which the web is used: 70 to 99 are 19xx.
fn full_year(text: &str) -> Option<i16> {
    let year: i16 = digits(text)?.parse().ok()?;
    match (text.len(), year) {
        (4, year) => Some(year),
        (2, 70..) => Some(1900 + year),
        (2, year) => Some(2000 + year),
        _ => None,
    }
}

fn month_number(text: &str) -> Option<i8> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    (1..).zip(MONTHS).find(|(_, name)| *name == text).map(|(number, _)| number)
}

fn small(text: &str) -> Option<i8> {
    digits(text)?.parse().ok()
}

/// The text, if it consists of digits: `parse` alone would take a sign.
fn digits(text: &str) -> Option<&str> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_forms_of_an_http_date_are_the_same_moment() {
        for text in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(http_date(text), Some(784_111_777_000), "{text}");
        }
    }

    #[test]
    fn a_leap_second_is_the_second_before_it() {
        assert_eq!(http_date("Sat, 31 Dec 2016 23:59:60 GMT"), http_date("Sat, 31 Dec 2016 23:59:59 GMT"));
    }

    #[test]
    fn a_broken_date_is_none() {
        for text in [
            "",
            "soon",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 PST",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT GMT",
            "Sun Nov 6 08:49:37 994",
            "1 2 3 4 5 6 7",
        ] {
            assert_eq!(http_date(text), None, "{text}");
        }
    }

    #[test]
    fn an_rfc_3339_date_may_have_a_fraction_and_an_offset() {
        assert_eq!(rfc3339("1994-11-06T08:49:37Z"), Some(784_111_777_000));
        assert_eq!(rfc3339("1994-11-06T09:49:37.250+01:00"), Some(784_111_777_250));
        assert_eq!(rfc3339("1994-11-06"), None);
    }
}

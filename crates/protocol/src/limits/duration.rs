//! Durations as providers write them: Go's `1m2.5s`, Google's `37s`, plain seconds, and "1 minute 5 seconds" in prose.
//!
//! Exact, never clamped, and `None` for a broken shape. Not here: dates, which need a clock to become durations.

use std::time::Duration;

use super::number;

/// Units in falling order, with their nanoseconds. A longer name comes before its own beginning: `ms` before `m`.
const UNITS: [(&str, u64); 8] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("ms", 1_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
];

/// Units as prose spells them, singular; prose adds an `s` for the plural.
const SPOKEN: [(&str, u64); 8] = [
    ("millisecond", 1_000_000),
    ("ms", 1_000_000),
    ("second", 1_000_000_000),
    ("sec", 1_000_000_000),
    ("minute", 60_000_000_000),
    ("min", 60_000_000_000),
    ("hour", 3_600_000_000_000),
    ("day", 86_400_000_000_000),
];

/// Seconds, whole or decimal: `30`, `41.724`.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    scaled(text, 1_000_000_000)
}

/// Milliseconds, whole or decimal.
pub(super) fn millis(text: &str) -> Option<Duration> {
    scaled(text, 1_000_000)
}

/// A duration with units: `20ms`, `6m0s`, `1h2m3.5s`, `41.724s`. Each unit at most once, in falling order.
pub(super) fn with_units(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    let mut above = u64::MAX;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (digits, tail) = rest.split_at(end);
        let (name, nanos) = UNITS.iter().find(|(name, _)| tail.starts_with(name))?;
        if *nanos >= above {
            return None;
        }
        total = total.checked_add(scaled(digits, *nanos)?)?;
        above = *nanos;
        rest = &tail[name.len()..];
    }
    (above != u64::MAX).then_some(total)
}

/// The duration that the words begin with: `41.724s`, `7 seconds`, `1 minute and 5 seconds`. A number without a unit
/// is not one.
pub(super) fn spoken<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<Duration> {
    let mut total = None;
    let mut number = None;
    for word in words {
        match (number.take(), total) {
            (None, None) if with_units(word).is_some() => return with_units(word),
            (Some(number), _) => {
                let Some(nanos) = spoken_unit(word) else { break };
                total = Some(total.unwrap_or(Duration::ZERO).checked_add(scaled(number, nanos)?)?);
            }
            (None, _) if number::decimal(word).is_some() => number = Some(word),
            (None, Some(_)) if word == "and" => {}
            _ => break,
        }
    }
    total
}

fn spoken_unit(word: &str) -> Option<u64> {
    let names = |name: &str| word == name || word.strip_suffix('s') == Some(name);
    match word {
        "s" => Some(1_000_000_000),
        _ => SPOKEN.iter().find(|(name, _)| names(name)).map(|(_, nanos)| *nanos),
    }
}

/// `text` units of `nanos` nanoseconds each.
fn scaled(text: &str, nanos: u64) -> Option<Duration> {
    const BILLION: u128 = 1_000_000_000;
    let (whole, billionths) = number::decimal(text)?;
    // The largest product is 2⁶⁴ · 10⁹ · 8.64 · 10¹³, which is above what 128 bits hold.
    let total =
        (u128::from(whole) * BILLION + u128::from(billionths)).checked_mul(u128::from(nanos))? / BILLION;
    let seconds = u64::try_from(total / BILLION).ok()?;
    Some(Duration::new(seconds, u32::try_from(total % BILLION).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_with_units_is_read_exactly() {
        let table = [
            ("1s", 1_000),
            ("6m0s", 360_000),
            ("20ms", 20),
            ("41.724s", 41_724),
            ("1h2m3s", 3_723_000),
            ("2m59.56s", 179_560),
            ("7.66s", 7_660),
            ("37s", 37_000),
            ("1.5s", 1_500),
            ("7m12s", 432_000),
            ("0s", 0),
            ("1d2h", 93_600_000),
        ];
        for (text, expected) in table {
            assert_eq!(with_units(text), Some(Duration::from_millis(expected)), "{text}");
        }
    }

    #[test]
    fn a_broken_shape_is_none() {
        for text in
            ["", "s", "1", "1s1s", "1s2m", "1x", "-1s", "1m-2s", "1..5s", "P1D", "PT5S", "1 s", "1s ", "1e3s"]
        {
            assert_eq!(with_units(text), None, "{text}");
        }
        for text in ["", "-1", "NaN", "inf", "1e3", "soon"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn what_no_duration_can_hold_is_none_and_not_a_panic() {
        assert_eq!(with_units("18446744073709551615d"), None);
        assert_eq!(with_units("18446744073709551615s18446744073709551615ms"), None);
        assert_eq!(seconds("18446744073709551615"), Some(Duration::from_secs(u64::MAX)));
    }

    #[test]
    fn prose_is_read_up_to_where_it_stops_being_a_duration() {
        let words = |text: &'static str| spoken(text.split(' '));
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(words("1 minute 5 seconds or later"), ms(65_000));
        assert_eq!(words("1 hour and 10 minutes"), ms(4_200_000));
        assert_eq!(words("7 seconds please"), ms(7_000));
        assert_eq!(words("500 milliseconds"), ms(500));
        assert_eq!(words("7m12s now"), ms(432_000));
        assert_eq!(words("7"), None);
        assert_eq!(words("a moment"), None);
    }
}

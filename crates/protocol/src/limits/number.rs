//! Numbers as providers write them: `30000`, `41.724`, `30,000`.
//!
//! Exact and without floats. Not here: signs and exponents. A negative count or wait is garbage, and so is what needs
//! an exponent.

/// Above this a count is not believed.
const MOST: u64 = 1_000_000_000_000;

/// `12` or `12.5` as whole units and billionths; digits beyond the ninth are cut off. The whole text must be the number.
pub(super) fn decimal(text: &str) -> Option<(u64, u32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction = &fraction.as_bytes()[..fraction.len().min(9)];
    let billionths = (0..9)
        .fold(0, |sum, place| sum * 10 + fraction.get(place).map_or(0, |digit| u32::from(digit - b'0')));
    Some((whole.parse().ok()?, billionths))
}

/// A count of requests or tokens, rounded down; `None` where it is not believable.
pub(super) fn count(text: &str) -> Option<u64> {
    decimal(text).map(|(whole, _)| whole).filter(|whole| *whole <= MOST)
}

/// A count in prose, in which thousands may be set apart by commas.
pub(super) fn count_in_prose(word: &str) -> Option<u64> {
    if !word.contains(',') {
        return count(word);
    }
    let mut sum = 0_u64;
    for (place, group) in word.split(',').enumerate() {
        let fits = if place == 0 { (1..=3).contains(&group.len()) } else { group.len() == 3 };
        if !fits || !group.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        sum = sum.checked_mul(1_000)?.checked_add(group.parse().ok()?)?;
    }
    Some(sum).filter(|sum| *sum <= MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_read_to_the_billionth() {
        assert_eq!(decimal("41.724"), Some((41, 724_000_000)));
        assert_eq!(decimal("50.597142857999"), Some((50, 597_142_857)));
    }

    #[test]
    fn what_is_not_wholly_a_number_is_none() {
        for text in
            ["", ".", "1.", ".5", "-1", "+1", "1e3", "NaN", "inf", "1 2", "0x10", "99999999999999999999"]
        {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn a_count_above_a_million_millions_is_not_believed() {
        assert_eq!(count("1000000000000"), Some(MOST));
        assert_eq!(count("1000000000001"), None);
        assert_eq!(count_in_prose("1,000,000,000,001"), None);
    }

    #[test]
    fn thousands_may_be_set_apart() {
        assert_eq!(count_in_prose("30,000"), Some(30_000));
        assert_eq!(count_in_prose("1,000,000"), Some(1_000_000));
        assert_eq!(count_in_prose("1,00"), None);
    }
}

//! Money as providers write it, without a detour through floating point.

use anyhow::{Context, Result, ensure};

/// 10⁻¹² dollars: fractions of a cent add up before they are rounded.
pub(super) type PicoUsd = i128;

/// A decimal number of units, each of so many pico-dollars. More than twelve places behind the point are cut off.
pub(super) fn parse(text: &str, unit: PicoUsd) -> Result<PicoUsd> {
    const PLACES: usize = 12;
    let wrong = || format!("`{text}` is no amount");
    let text_only = text.trim();
    // Only a program's own writing of a very small number has an exponent.
    if let Some((digits, exponent)) = text_only.split_once(['e', 'E']) {
        let exponent: i32 = exponent.parse().with_context(wrong)?;
        ensure!((-30..=0).contains(&exponent), wrong());
        return Ok(parse(digits, unit)? / 10_i128.pow(exponent.unsigned_abs()));
    }
    let (sign, digits) = match text_only.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text_only),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_fine = (1..=15).contains(&whole.len()) && is_number(whole) && is_number(fraction);
    ensure!(is_fine, wrong());
    let fraction = &fraction[..fraction.len().min(PLACES)];
    let padded = format!("{whole}{fraction:0<PLACES$}");
    let scaled: i128 = padded.parse().with_context(wrong)?;
    Ok(sign * scaled * unit / 10_i128.pow(12))
}

/// To the nearest micro-dollar, halves away from zero.
pub(super) fn micro_usd(amount: PicoUsd) -> i64 {
    let half = 500_000 * amount.signum();
    i64::try_from((amount + half) / 1_000_000).unwrap_or(if amount < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const USD: PicoUsd = 1_000_000_000_000;

    #[test]
    fn fractions_of_a_cent_are_exact() {
        assert_eq!(parse("123.78912", USD / 100).unwrap(), 1_237_891_200_000);
        assert_eq!(parse("0.06", USD).unwrap(), 60_000_000_000);
        assert_eq!(parse("-1.5", USD).unwrap(), -1_500_000_000_000);
        assert_eq!(parse("2.5e-7", USD).unwrap(), 250_000);
    }

    #[test]
    fn what_is_no_amount_is_told() {
        for wrong in ["", "1,5", "abc", "1.2.3", "--1", "1e400", "9999999999999999999"] {
            assert!(parse(wrong, USD).is_err(), "{wrong}");
        }
    }

    #[test]
    fn halves_round_away_from_zero() {
        assert_eq!(micro_usd(1_500_000), 2);
        assert_eq!(micro_usd(-1_500_000), -2);
        assert_eq!(micro_usd(1_499_999), 1);
    }
}

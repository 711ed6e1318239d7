//! Stated waits in headers.
//!
//! Those in bodies are tested with refusals.

use super::{DATE, WALL, headers, ms};
use crate::limits::stated_wait;

#[test]
fn every_form_of_a_stated_wait_is_understood() {
    for (name, value, expected) in [
        ("retry-after", "30", 30_000),
        ("retry-after", "0", 0),
        ("retry-after", "7.5", 7_500),
        ("retry-after", " 7 ", 7_000),
        ("retry-after", "Tue, 03 Nov 2026 10:01:00 GMT", 60_000),
        ("retry-after", "Tuesday, 03-Nov-26 10:01:00 GMT", 60_000),
        ("retry-after", "Tue Nov  3 10:01:00 2026", 60_000),
        ("retry-after-ms", "1500", 1_500),
        ("retry-after-ms", "0", 0),
    ] {
        assert_eq!(stated_wait(&headers(&[(name, value)]), WALL), Some(ms(expected)), "{value}");
    }
    let half = stated_wait(&headers(&[("retry-after-ms", "12.5")]), WALL);
    assert_eq!(half, Some(std::time::Duration::from_micros(12_500)));
}

#[test]
fn a_stated_wait_is_never_clamped() {
    assert_eq!(stated_wait(&headers(&[("retry-after", "86400")]), WALL), Some(ms(86_400_000)));
    assert_eq!(stated_wait(&headers(&[("retry-after", "6960")]), WALL), Some(ms(6_960_000)));
    assert_eq!(stated_wait(&headers(&[("retry-after", "99999999")]), WALL), Some(ms(99_999_999_000)));
}

#[test]
fn a_date_in_the_past_means_now() {
    let past = headers(&[("retry-after", "Tue, 03 Nov 2026 09:59:00 GMT")]);
    assert_eq!(stated_wait(&past, WALL), Some(ms(0)));
}

#[test]
fn a_date_is_compared_with_the_clock_that_stated_it() {
    let skewed = headers(&[
        ("retry-after", "Tue, 03 Nov 2026 10:01:00 GMT"),
        ("date", "Tue, 03 Nov 2026 10:00:40 GMT"),
    ]);
    assert_eq!(stated_wait(&skewed, WALL), Some(ms(20_000)));
}

#[test]
fn milliseconds_go_before_seconds_and_garbage_goes_before_nothing() {
    let both = headers(&[("retry-after", "2"), ("retry-after-ms", "1234")]);
    assert_eq!(stated_wait(&both, WALL), Some(ms(1_234)));
    let garbled = headers(&[("retry-after", "2"), ("retry-after-ms", "-5")]);
    assert_eq!(stated_wait(&garbled, WALL), Some(ms(2_000)));
}

#[test]
fn garbage_is_no_wait() {
    for value in
        ["", "-1", "NaN", "inf", "1e3", "soon", "99999999999999999999999", "Tue, 99 Nov 2026 10:00:00 GMT"]
    {
        assert_eq!(stated_wait(&headers(&[("retry-after", value)]), WALL), None, "{value}");
    }
    assert_eq!(stated_wait(&headers(&[("date", DATE)]), WALL), None);
}

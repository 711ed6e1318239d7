//! Readings from the headers of every provider.

use http::HeaderMap;
use paceway_domain::{Counted, LimitReading, LimitReadings, Window};

use super::{DATE, WALL, between, headers, ms};
use crate::limits::readings;

fn of(pairs: &[(&'static str, &str)]) -> LimitReadings {
    let mut readings = readings(&headers(pairs), WALL);
    readings.limits.sort_by_key(|reading| (reading.counted, reading.window));
    readings
}

fn reading(
    counted: Counted,
    window: Option<Window>,
    limit: u64,
    remaining: (u64, u64),
    full_in: Option<(std::time::Duration, std::time::Duration)>,
) -> LimitReading {
    LimitReading { counted, window, limit: Some(limit), remaining: Some(remaining), full_in }
}

#[test]
fn missing_headers_are_no_readings() {
    assert_eq!(readings(&HeaderMap::new(), WALL), LimitReadings::default());
    assert_eq!(of(&[("content-type", "text/plain"), ("x-request-id", "a")]), LimitReadings::default());
}

#[test]
fn anthropic_tokens_are_rounded_requests_are_not_and_the_family_that_repeats_is_left_out() {
    let readings = of(&[
        ("date", DATE),
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "49"),
        ("anthropic-ratelimit-requests-reset", "2026-11-03T10:00:01Z"),
        ("anthropic-ratelimit-input-tokens-limit", "30000"),
        ("anthropic-ratelimit-input-tokens-remaining", "12000"),
        ("anthropic-ratelimit-input-tokens-reset", "2026-11-03T10:00:36Z"),
        ("anthropic-ratelimit-output-tokens-limit", "8000"),
        ("anthropic-ratelimit-output-tokens-remaining", "8000"),
        ("anthropic-ratelimit-output-tokens-reset", "2026-11-03T10:00:00Z"),
        ("anthropic-ratelimit-tokens-limit", "38000"),
        ("anthropic-ratelimit-tokens-remaining", "20000"),
        ("anthropic-ratelimit-tokens-reset", "2026-11-03T10:00:36Z"),
        ("anthropic-priority-input-tokens-remaining", "0"),
        ("anthropic-fast-input-tokens-remaining", "0"),
    ]);
    let minute = Some(Window::Minute);
    let expected = [
        reading(Counted::Requests, minute, 50, (49, 49), between(0, 2_000)),
        reading(Counted::Input, minute, 30_000, (11_500, 12_500), between(35_000, 37_000)),
        reading(Counted::Output, minute, 8_000, (7_500, 8_000), between(0, 1_000)),
    ];
    assert_eq!(readings.limits, expected);
    assert_eq!(readings.closed_for, None);
}

#[test]
fn anthropic_tokens_that_were_not_rounded_are_exact() {
    let remaining = |limit, remaining| {
        of(&[
            ("anthropic-ratelimit-tokens-limit", limit),
            ("anthropic-ratelimit-tokens-remaining", remaining),
        ])
        .limits[0]
            .remaining
    };
    assert_eq!(remaining("30000", "12345"), Some((12_345, 12_345)));
    assert_eq!(remaining("500", "0"), Some((0, 0)));
    assert_eq!(remaining("30000", "0"), Some((0, 500)));
}

#[test]
fn the_anthropic_tokens_family_counts_where_it_is_alone() {
    let readings = of(&[
        ("anthropic-ratelimit-tokens-limit", "80000"),
        ("anthropic-ratelimit-tokens-remaining", "79000"),
        ("anthropic-ratelimit-input-tokens-limit", "40000"),
    ]);
    let counted: Vec<_> = readings.limits.iter().map(|reading| reading.counted).collect();
    assert_eq!(counted, [Counted::Input, Counted::Total]);
}

#[test]
fn a_reset_is_compared_with_the_senders_clock_and_with_ours_only_where_it_sends_none() {
    let full_in = |date| {
        of(&[
            date,
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-reset", "2026-11-03T10:05:30Z"),
        ])
        .limits[0]
            .full_in
    };
    assert_eq!(full_in(("date", "Tue, 03 Nov 2026 10:05:00 GMT")), between(29_000, 31_000));
    assert_eq!(full_in(("date", "garbled")), between(329_000, 331_000));
}

#[test]
fn an_unknown_family_closes_only_when_it_is_used_up_and_says_until_when() {
    let closed = |remaining, reset| {
        let readings = of(&[
            ("date", DATE),
            ("anthropic-ratelimit-novelty-limit", "10"),
            ("anthropic-ratelimit-novelty-remaining", remaining),
            ("anthropic-ratelimit-novelty-reset", reset),
        ]);
        assert_eq!(readings.limits, []);
        readings.closed_for
    };
    assert_eq!(closed("0", "2026-11-03T10:00:30Z"), Some(ms(31_000)));
    assert_eq!(closed("1", "2026-11-03T10:00:30Z"), None);
    assert_eq!(closed("0", "garbled"), None);
}

#[test]
fn a_rejected_subscription_is_closed_until_its_reset() {
    let closed = |status| {
        of(&[
            ("date", DATE),
            ("anthropic-ratelimit-unified-status", status),
            ("anthropic-ratelimit-unified-reset", "1793707200"),
            ("anthropic-ratelimit-unified-5h-status", "rejected"),
            ("anthropic-ratelimit-unified-5h-reset", "1793707200"),
        ])
        .closed_for
    };
    assert_eq!(closed("rejected"), Some(ms(7_201_000)));
    assert_eq!(closed("allowed"), None);
    assert_eq!(closed("allowed_warning"), None);
}

#[test]
fn openai_durations_tell_the_window_too() {
    let readings = of(&[
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "59"),
        ("x-ratelimit-reset-requests", "1s"),
        ("x-ratelimit-limit-tokens", "150000"),
        ("x-ratelimit-remaining-tokens", "45690"),
        ("x-ratelimit-reset-tokens", "41.724s"),
        ("x-ratelimit-limit-project-tokens", "100000"),
        ("x-ratelimit-remaining-project-tokens", "0"),
        ("x-ratelimit-reset-project-tokens", "6m0s"),
    ]);
    let minute = Some(Window::Minute);
    let expected = [
        reading(Counted::Requests, minute, 60, (59, 59), between(1_000, 1_000)),
        reading(Counted::Total, minute, 150_000, (45_690, 45_690), between(41_724, 41_724)),
    ];
    assert_eq!(readings.limits, expected);
    assert_eq!(readings.closed_for, Some(ms(360_000)));
}

#[test]
fn groqs_requests_are_per_day_and_its_tokens_per_minute() {
    let readings = of(&[
        ("x-ratelimit-limit-requests", "14400"),
        ("x-ratelimit-remaining-requests", "14370"),
        ("x-ratelimit-reset-requests", "2m59.56s"),
        ("x-ratelimit-limit-tokens", "18000"),
        ("x-ratelimit-remaining-tokens", "15702"),
        ("x-ratelimit-reset-tokens", "7.66s"),
    ]);
    let windows: Vec<_> = readings.limits.iter().map(|reading| (reading.counted, reading.window)).collect();
    let expected = [(Counted::Requests, Some(Window::Day)), (Counted::Total, Some(Window::Minute))];
    assert_eq!(windows, expected);
}

#[test]
fn an_unused_limit_leaves_its_window_open() {
    let readings = of(&[
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "60"),
        ("x-ratelimit-reset-requests", "0s"),
    ]);
    assert_eq!(readings.limits, [reading(Counted::Requests, None, 60, (60, 60), between(0, 0))]);
}

#[test]
fn azure_may_state_only_what_remains() {
    let readings =
        of(&[("x-ratelimit-remaining-requests", "119"), ("x-ratelimit-remaining-tokens", "119984")]);
    let remaining: Vec<_> =
        readings.limits.iter().map(|reading| (reading.limit, reading.remaining)).collect();
    assert_eq!(remaining, [(None, Some((119, 119))), (None, Some((119_984, 119_984)))]);
}

#[test]
fn cerebras_names_its_windows() {
    let readings = of(&[
        ("x-ratelimit-limit-requests-day", "14400"),
        ("x-ratelimit-remaining-requests-day", "14399"),
        ("x-ratelimit-reset-requests-day", "33011.382867"),
        ("x-ratelimit-limit-requests-hour", "900"),
        ("x-ratelimit-remaining-requests-hour", "899"),
        ("x-ratelimit-limit-tokens-minute", "60000"),
        ("x-ratelimit-remaining-tokens-minute", "60000"),
        ("x-ratelimit-reset-tokens-minute", "11"),
    ]);
    let exact = std::time::Duration::new(33_011, 382_867_000);
    let expected = [
        reading(Counted::Requests, Some(Window::Hour), 900, (899, 899), None),
        reading(Counted::Requests, Some(Window::Day), 14_400, (14_399, 14_399), Some((exact, exact))),
        reading(Counted::Total, Some(Window::Minute), 60_000, (60_000, 60_000), between(10_000, 12_000)),
    ];
    assert_eq!(readings.limits, expected);
}

#[test]
fn mistrals_old_headers_repeat_one_limit_that_is_told_once() {
    let readings = of(&[
        ("ratelimitbysize-limit", "500000"),
        ("ratelimitbysize-remaining", "499000"),
        ("ratelimitbysize-reset", "22"),
        ("ratelimitbysize-query-cost", "1000"),
        ("x-ratelimitbysize-limit-minute", "500000"),
        ("x-ratelimitbysize-remaining-minute", "499000"),
        ("x-ratelimitbysize-limit-month", "1000000000"),
        ("x-ratelimitbysize-remaining-month", "999000000"),
    ]);
    let expected = [
        reading(Counted::Total, Some(Window::Minute), 500_000, (499_000, 499_000), between(21_000, 23_000)),
        reading(Counted::Total, Some(Window::Month), 1_000_000_000, (999_000_000, 999_000_000), None),
    ];
    assert_eq!(readings.limits, expected);
}

#[test]
fn mistrals_new_headers_name_their_windows() {
    let readings = of(&[
        ("x-ratelimit-limit-tokens-minute", "5000000"),
        ("x-ratelimit-remaining-tokens-minute", "4999911"),
        ("x-ratelimit-tokens-query-cost", "52"),
        ("x-ratelimit-limit-req-minute", "720"),
        ("x-ratelimit-remaining-req-minute", "717"),
        ("x-ratelimit-limit-req-second", "12"),
        ("x-ratelimit-remaining-req-second", "11"),
    ]);
    let expected = [
        reading(Counted::Requests, Some(Window::Second), 12, (11, 11), None),
        reading(Counted::Requests, Some(Window::Minute), 720, (717, 717), None),
        reading(Counted::Total, Some(Window::Minute), 5_000_000, (4_999_911, 4_999_911), None),
    ];
    assert_eq!(readings.limits, expected);
}

#[test]
fn openrouters_reset_is_a_date_in_milliseconds() {
    let readings = of(&[
        ("x-ratelimit-limit", "20"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1793700060000"),
    ]);
    let expected = [reading(Counted::Requests, None, 20, (0, 0), between(59_000, 61_000))];
    assert_eq!(readings.limits, expected);
}

#[test]
fn the_ietfs_old_headers_count_requests_and_seconds() {
    let readings = of(&[
        ("ratelimit-limit", "100, 100;w=60"),
        ("ratelimit-remaining", "50"),
        ("ratelimit-reset", "30"),
        ("ratelimit-policy", "100;w=60, 5000;w=86400"),
    ]);
    let minute = Some(Window::Minute);
    let expected = [reading(Counted::Requests, minute, 100, (50, 50), between(29_000, 31_000))];
    assert_eq!(readings.limits, expected);
}

#[test]
fn the_ietfs_seventh_draft_has_all_in_one_header() {
    let readings = of(&[("ratelimit", "limit=100, remaining=50, reset=5"), ("ratelimit-policy", "100;w=60")]);
    let minute = Some(Window::Minute);
    assert_eq!(readings.limits, [reading(Counted::Requests, minute, 100, (50, 50), between(4_000, 6_000))]);
}

#[test]
fn the_ietfs_new_headers_hold_several_named_limits() {
    let readings = of(&[
        ("ratelimit-policy", r#""burst";q=100;w=60,"daily";q=1000;w=86400,"tok,en";q=9000;w=60;qu="tokens""#),
        ("ratelimit", r#""burst";r=50;t=30, "tok,en";r=8000;t=7, "other";r=5"#),
    ]);
    let open = |remaining, limit, window| LimitReading {
        counted: Counted::Requests,
        window,
        limit,
        remaining,
        full_in: None,
    };
    let expected = [
        open(Some((5, 5)), None, None),
        reading(Counted::Requests, Some(Window::Minute), 100, (50, 50), between(29_000, 31_000)),
        open(None, Some(1_000), Some(Window::Day)),
        reading(Counted::Total, Some(Window::Minute), 9_000, (8_000, 8_000), between(6_000, 8_000)),
    ];
    assert_eq!(readings.limits, expected);
}

#[test]
fn quotas_of_other_things_than_requests_and_tokens_are_left_out() {
    let readings = of(&[("ratelimit-policy", r#""bytes";q=100;w=60;qu="content-bytes""#)]);
    assert_eq!(readings.limits, []);
}

#[test]
fn absurd_values_are_dropped_one_by_one() {
    let full = [
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "59"),
        ("x-ratelimit-reset-requests", "1s"),
    ];
    let with = |place: usize, value| {
        let mut pairs = full;
        pairs[place].1 = value;
        of(&pairs).limits[0]
    };
    for value in ["-1", "NaN", "", "1e9", "1000000000001", "many"] {
        assert_eq!(with(0, value).limit, None, "{value}");
        assert_eq!(with(1, value).remaining, None, "{value}");
    }
    for value in
        ["-1s", "NaN", "", "soon", "41d", "3542401", "1793699990", "1793699990000", "99999999999999999999"]
    {
        assert_eq!(with(2, value).full_in, None, "{value}");
    }
    assert_eq!(with(1, "61").remaining, Some((60, 60)));
}

#[test]
fn a_limit_of_zero_is_no_reading() {
    assert_eq!(of(&[("x-ratelimit-limit-tokens", "0"), ("x-ratelimit-remaining-tokens", "0")]).limits, []);
}

#[test]
fn a_reset_alone_is_no_reading() {
    assert_eq!(of(&[("x-ratelimit-reset-tokens", "1s")]).limits, []);
}

#[test]
fn what_an_aggregator_passes_on_does_not_mix_with_its_own() {
    let readings =
        of(&[("x-ratelimit-limit-requests", "1000"), ("anthropic-ratelimit-requests-remaining", "3")]);
    let parts: Vec<_> = readings.limits.iter().map(|reading| (reading.limit, reading.remaining)).collect();
    assert_eq!(parts, [(Some(1_000), None), (None, Some((3, 3)))]);
}

//! Over which time a limit counts, where only its numbers tell.
//!
//! Not here: windows that a header's name states.

use std::time::Duration;

use paceway_domain::Window;

/// The window of a limit that refills continuously, from how long it takes until all is free again.
///
/// What is used refills in `full_in`, so the whole limit refills in `full_in` · `limit` ÷ (`limit` − `remaining`). Both
/// ends of what is known must lie within a factor of two of the same window; nothing can be said of a limit of which
/// nothing is used. For a window that is refilled at once when it ends the formula does not hold.
pub fn window_of(limit: u64, remaining: (u64, u64), full_in: (Duration, Duration)) -> Option<Window> {
    let most_used = limit.checked_sub(remaining.0).filter(|used| *used > 0)?;
    let least_used = limit.checked_sub(remaining.1).filter(|used| *used > 0)?;
    let shortest = nearest(full_in.0.as_secs_f64() * limit as f64 / most_used as f64)?;
    let longest = nearest(full_in.1.as_secs_f64() * limit as f64 / least_used as f64)?;
    (shortest == longest).then_some(shortest)
}

/// The window of `seconds`, if it is one.
pub(super) fn exactly(seconds: u64) -> Option<Window> {
    Window::ALL.into_iter().find(|window| window.length().as_secs() == seconds)
}

fn nearest(seconds: f64) -> Option<Window> {
    Window::ALL.into_iter().find(|window| {
        let length = window.length().as_secs_f64();
        (length / 2.0..=length * 2.0).contains(&seconds)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(limit: u64, remaining: u64, ms: u64) -> Option<Window> {
        let full_in = Duration::from_millis(ms);
        window_of(limit, (remaining, remaining), (full_in, full_in))
    }

    #[test]
    fn the_time_to_refill_tells_the_window() {
        assert_eq!(of(60, 59, 1_000), Some(Window::Minute));
        assert_eq!(of(150_000, 149_984, 6), Some(Window::Minute));
        assert_eq!(of(10_000, 9_999, 8_640), Some(Window::Day));
        assert_eq!(of(14_400, 14_370, 179_560), Some(Window::Day));
    }

    #[test]
    fn an_unused_limit_and_one_between_two_windows_tell_nothing() {
        assert_eq!(of(60, 60, 0), None);
        assert_eq!(of(60, 61, 1_000), None);
        assert_eq!(of(0, 0, 1_000), None);
        assert_eq!(of(100, 0, 600_000), None);
    }

    #[test]
    fn a_reading_too_rough_for_one_window_tells_nothing() {
        let full_in = (Duration::ZERO, Duration::from_secs(2));
        assert_eq!(window_of(60, (59, 59), full_in), None);
    }
}

//! The bounds of what one input may cost: time and memory.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// No input may take longer.
const MOST_TIME: Duration = Duration::from_secs(1);
/// How often a slow input is tried again before it counts as slow: the machine may have been busy.
const TRIES: u32 = 3;
/// What may be allocated at one time, whatever the input, in bytes.
const BASE_BYTES: u64 = 1024 * 1024;

/// Runs `read` and asserts that it took less than a second, and never held more than `per_byte` bytes of memory for each
/// of the input's, beside a megabyte.
///
/// # Panics
/// If it did, or if `read` does.
pub fn keep(input_bytes: usize, per_byte: u64, read: impl Fn()) {
    keep_within(MOST_TIME, input_bytes, per_byte, read);
}

fn keep_within(most_time: Duration, input_bytes: usize, per_byte: u64, read: impl Fn()) {
    let most_bytes = BASE_BYTES + per_byte * input_bytes as u64;
    let mut took = Duration::MAX;
    for _ in 0..TRIES {
        let (start, busy_before) = (Instant::now(), busy());
        let mut ended = Ok(());
        // A panic may not leave the counter in mid-measure, or what shrinks the input is counted too.
        let held = allocation_counter::measure(|| ended = catch_unwind(AssertUnwindSafe(&read))).bytes_max;
        ended.unwrap_or_else(|panic| resume_unwind(panic));
        assert!(held <= most_bytes, "{input_bytes} bytes made it hold {held} bytes of memory");
        let busy = busy().zip(busy_before).map(|(after, before)| after.saturating_sub(before));
        took = took.min(busy.unwrap_or_else(|| start.elapsed()));
        if took < most_time {
            return;
        }
    }
    panic!("{input_bytes} bytes took {took:?}");
}

/// How long this thread has been on a processor, where the system says so: other work on the machine is not the input's
/// fault.
fn busy() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_much_for_little_is_told() {
        keep(0, 1, || drop(vec![0_u8; 900_000]));
        let greedy = catch_unwind(|| keep(10, 1, || drop(std::hint::black_box(vec![0_u8; 1_200_000]))));
        assert!(greedy.is_err());
    }

    #[test]
    fn what_takes_long_every_time_is_told() {
        let most = Duration::from_millis(20);
        let slow = || {
            let start = (Instant::now(), busy());
            let spent =
                || busy().zip(start.1).map_or(start.0.elapsed(), |(now, then)| now.saturating_sub(then));
            while spent() <= most {}
        };
        assert!(catch_unwind(|| keep_within(most, 0, 1, slow)).is_err());
    }
}

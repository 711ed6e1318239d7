//! The one file that reads a clock.

use std::time::{SystemTime, UNIX_EPOCH};

use paceway_domain::{Clock, Moment, UnixMillis};
use tokio::time::Instant;

/// The runtime's clock, which a test can pause.
#[derive(Debug)]
pub struct RuntimeClock {
    start: Instant,
}

impl RuntimeClock {
    /// A clock whose [`Moment::ZERO`] is now.
    #[allow(clippy::disallowed_methods, clippy::new_without_default)] // This is where clocks are read.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }

    /// The runtime's instant of a moment, for its timers; `None` for [`Moment::FAR`].
    pub(crate) fn instant(&self, moment: Moment) -> Option<Instant> {
        self.start.checked_add(moment.since(Moment::ZERO))
    }
}

#[allow(clippy::disallowed_methods)] // This is where clocks are read.
impl Clock for RuntimeClock {
    fn now(&self) -> Moment {
        Moment::ZERO.after(self.start.elapsed())
    }

    fn wall(&self) -> UnixMillis {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }
}

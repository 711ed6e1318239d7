//! What a provider's limit lets through: a token bucket whose size, refill and opening hours change on a schedule.
//!
//! Written for the bounds and the oracle; it shares no code with the sandbox or the scheduler.

/// What is in force from a moment on, until the next phase begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Phase {
    /// In seconds since the start.
    pub(crate) from: f64,
    /// What limits are multiplied with.
    pub(crate) factor: f64,
    /// Whether everything is refused.
    pub(crate) is_closed: bool,
}

/// A limit over time.
#[derive(Debug, Clone)]
pub(crate) struct Capacity {
    /// Units per second, before the phase's factor.
    pub(crate) rate: f64,
    /// Units that may be used at once, before the phase's factor.
    pub(crate) burst: f64,
    /// In order; the first begins at 0.
    pub(crate) phases: Vec<Phase>,
}

impl Capacity {
    pub(crate) fn phase(&self, at: f64) -> Phase {
        *self.phases.iter().rfind(|phase| phase.from <= at).unwrap_or(&self.phases[0])
    }

    /// When the phase after the present one begins.
    pub(crate) fn next_phase(&self, at: f64) -> f64 {
        self.phases.iter().map(|phase| phase.from).find(|&from| from > at).unwrap_or(f64::INFINITY)
    }
}

/// A bucket, and the work that waits for it as if it were a fluid.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    pub(crate) capacity: Capacity,
    pub(crate) at: f64,
    /// Below zero: a debt.
    pub(crate) level: f64,
    pub(crate) backlog: f64,
}

impl Bucket {
    /// Full, at the start.
    pub(crate) fn full(capacity: &Capacity) -> Self {
        let level = capacity.burst * capacity.phase(0.0).factor;
        Self { capacity: capacity.clone(), at: 0.0, level, backlog: 0.0 }
    }

    /// Lets time pass: refills, and serves the backlog as soon as it can.
    pub(crate) fn advance(&mut self, to: f64) {
        while self.at < to {
            let end = to.min(self.capacity.next_phase(self.at));
            let phase = self.capacity.phase(self.at);
            let burst = self.capacity.burst * phase.factor;
            self.level = self.level.min(burst) + self.capacity.rate * phase.factor * (end - self.at);
            if !phase.is_closed {
                self.serve();
            }
            self.level = self.level.min(burst);
            self.at = end;
        }
        if !self.capacity.phase(self.at).is_closed {
            self.serve();
        }
    }

    fn serve(&mut self) {
        let served = self.backlog.min(self.level.max(0.0));
        self.level -= served;
        self.backlog -= served;
    }

    /// Seconds from now until the backlog is gone, if nothing changes.
    fn drained_in(&self) -> f64 {
        let phase = self.capacity.phase(self.at);
        let missing = (self.backlog - self.level).max(0.0);
        if self.backlog <= 0.0 {
            0.0
        } else if phase.is_closed {
            f64::INFINITY
        } else {
            missing / (self.capacity.rate * phase.factor)
        }
    }

    /// When the backlog is gone, if nothing is added.
    pub(crate) fn drained_at(mut self) -> f64 {
        loop {
            let end = self.at + self.drained_in();
            let change = self.capacity.next_phase(self.at);
            if end <= change {
                return end;
            }
            self.advance(change);
        }
    }
}

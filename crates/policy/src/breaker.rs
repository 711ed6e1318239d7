//! A circuit breaker: whether a deployment that has been failing is asked, and how often.
//!
//! Closed, all calls go. After so many failures in a row, or so large a share of failures in a window, it opens: none go. When
//! its time is over it is half-open: a few probes go. If they succeed, it ramps up: a share of calls that grows to all; if one
//! fails, it is open again for twice as long. Failures are counted by their kind, each against the same thresholds, so that a
//! deployment with three faults of a kind and three of another has not failed six times in the same way. Refusals for a rate
//! are not failures: when those requests go is the scheduler's to say.

mod window;

use std::fmt;
use std::time::Duration;

use paceway_domain::Moment;

use self::window::Window;

/// A kind of failure that speaks of the deployment and not of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// It has too much to do (503 or 529 that say so).
    Overload,
    /// It failed (5xx), or what it said made no sense.
    Server,
    /// It took too long.
    Timeout,
    /// It could not be reached, or the connection broke.
    Connection,
    /// It does not take our key, or does not know the model.
    Rejected,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Overload, Self::Server, Self::Timeout, Self::Connection, Self::Rejected];

    /// Its name in metrics, settings and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overload => "overload",
            Self::Server => "server_error",
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::Rejected => "rejected",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// When it opens and closes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerRules {
    /// It opens after so many failures of one kind in a row; at least 1.
    pub consecutive: u32,
    /// It opens when this share of the calls in the window failed in one way, 0 to 1.
    pub share: f64,
    /// The window's length.
    pub window: Duration,
    /// Below so many calls in the window no share is taken.
    pub least_calls: u32,
    /// How long it stays open the first time; doubled with each time that a probe or the ramp fails.
    pub open: Duration,
    /// The longest that it stays open.
    pub longest_open: Duration,
    /// Calls at once while it is half-open, and successes that it takes to leave that state; at least 1.
    pub probes: u32,
    /// How long after that the share of calls grows to all.
    pub ramp: Duration,
}

/// What lets a call go is given back with what came of it.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// How often the breaker had opened when the call went out: news of a call from before is no news.
    era: u32,
    is_probe: bool,
    /// When it went out: that it succeeds says nothing against a failure that came later.
    began: Moment,
}

/// Why a call does not go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// It is open because of this, or its probes are out; they may have an answer after this wait.
    Open(Fault, Duration),
    /// It is recovering, and only a share of calls goes.
    Ramping(Fault),
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// All calls go.
    Closed,
    /// No call goes.
    Open,
    /// Probes go.
    HalfOpen,
    /// A growing share of calls goes.
    Ramping,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Closed, Self::Open, Self::HalfOpen, Self::Ramping];

    /// Its name in metrics and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::Ramping => "ramping",
        }
    }
}

/// The share of calls that goes at the beginning of the ramp.
const FIRST_SHARE: f64 = 0.1;
/// So long a failure makes a deployment doubtful.
const SHAKY: Duration = Duration::from_secs(10);
/// How soon those who come while probes are out may ask again.
const PROBE_PATIENCE: Duration = Duration::from_secs(1);

/// The breaker of one deployment.
#[derive(Debug, Clone)]
pub struct Breaker {
    stage: Stage,
    window: Window,
    /// Failures in a row before anything of an answer had come, by kind.
    in_a_row: [u32; Fault::ALL.len()],
    /// Answers in a row that broke off. That others have begun meanwhile does not end this row: those that break off begin well.
    broken_off: [u32; Fault::ALL.len()],
    /// When a call failed last, until one that went out after it comes to a good end.
    failed_at: Option<Moment>,
    /// How often it has opened.
    era: u32,
    /// How long it is open the next time.
    next_open: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Closed,
    Open { because: Fault, until: Moment },
    HalfOpen { because: Fault, out: u32, successes: u32, last: Moment },
    Ramping { because: Fault, since: Moment },
}

impl Breaker {
    /// A closed breaker.
    pub fn new(rules: &BreakerRules, now: Moment) -> Self {
        Self {
            stage: Stage::Closed,
            window: Window::new(rules.window, now),
            in_a_row: [0; Fault::ALL.len()],
            broken_off: [0; Fault::ALL.len()],
            failed_at: None,
            era: 0,
            next_open: rules.open,
        }
    }

    /// Whether a call may go. `dice` (0 to 1) decides while it ramps up; 0 always passes the ramp.
    ///
    /// # Errors
    /// Why not.
    pub fn ask(&mut self, rules: &BreakerRules, now: Moment, dice: f64) -> Result<Pass, Blocked> {
        self.refuses(rules, now, dice).map_or(Ok(()), Err)?;
        let mut is_probe = false;
        if let Stage::Open { because, .. } = self.stage {
            self.stage = Stage::HalfOpen { because, out: 0, successes: 0, last: now };
        }
        if let Stage::HalfOpen { out, last, .. } = &mut self.stage {
            *out += 1;
            *last = now;
            is_probe = true;
        }
        Ok(Pass { era: self.era, is_probe, began: now })
    }

    /// Why a call would not go now; it changes nothing.
    pub fn refuses(&self, rules: &BreakerRules, now: Moment, dice: f64) -> Option<Blocked> {
        match self.stage {
            Stage::Closed => None,
            Stage::Open { because, until } => (now < until).then(|| Blocked::Open(because, until.since(now))),
            // A probe that never came back does not hold the place for ever.
            Stage::HalfOpen { because, out, last, .. } => {
                let is_full = out >= rules.probes && now.since(last) < rules.longest_open;
                is_full.then_some(Blocked::Open(because, PROBE_PATIENCE))
            }
            Stage::Ramping { because, since } => {
                let share = ramp(rules, now.since(since));
                (dice >= share && share < 1.0).then_some(Blocked::Ramping(because))
            }
        }
    }

    /// A call that was let go has succeeded: the deployment answers, whatever it says.
    pub fn succeeded(&mut self, rules: &BreakerRules, now: Moment, pass: Pass) {
        if pass.era != self.era {
            return;
        }
        self.in_a_row = [0; Fault::ALL.len()];
        self.window.counts(now, None);
        match &mut self.stage {
            Stage::HalfOpen { because, out, successes, .. } if pass.is_probe => {
                *out = out.saturating_sub(1);
                *successes += 1;
                if *successes >= rules.probes {
                    self.stage = Stage::Ramping { because: *because, since: now };
                    self.window = Window::new(rules.window, now);
                }
            }
            Stage::Ramping { since, .. } if now.since(*since) >= rules.ramp => {
                self.stage = Stage::Closed;
                self.next_open = rules.open;
            }
            _ => {}
        }
    }

    /// The answer of a call that has succeeded is whole.
    pub fn finished(&mut self, pass: Pass) {
        if pass.era != self.era {
            return;
        }
        self.broken_off = [0; Fault::ALL.len()];
        self.failed_at = self.failed_at.filter(|at| pass.began < *at);
    }

    /// A call that was let go has failed, and nothing of an answer has come.
    pub fn failed(&mut self, rules: &BreakerRules, now: Moment, pass: Pass, fault: Fault) {
        if pass.era == self.era {
            self.in_a_row[fault as usize] += 1;
            self.counts(rules, now, fault, self.in_a_row[fault as usize]);
        }
    }

    /// A call that was let go has failed after the head of its answer had come.
    pub fn broke_off(&mut self, rules: &BreakerRules, now: Moment, pass: Pass, fault: Fault) {
        if pass.era == self.era {
            self.broken_off[fault as usize] += 1;
            self.counts(rules, now, fault, self.broken_off[fault as usize]);
        }
    }

    fn counts(&mut self, rules: &BreakerRules, now: Moment, fault: Fault, in_a_row: u32) {
        self.window.counts(now, Some(fault));
        self.failed_at = Some(now);
        let most = match self.stage {
            Stage::HalfOpen { .. } => 1,
            Stage::Ramping { .. } => rules.consecutive.div_ceil(2),
            Stage::Closed | Stage::Open { .. } => rules.consecutive,
        };
        let is_over = in_a_row >= most || self.window.has_share(now, fault, rules.share, rules.least_calls);
        if is_over && !matches!(self.stage, Stage::Open { .. }) {
            self.open(rules, now, fault);
        }
    }

    /// A call that was let go says nothing of the deployment: it was given up, or refused for its rate.
    pub fn forgets(&mut self, pass: Pass) {
        if let Stage::HalfOpen { out, .. } = &mut self.stage
            && pass.is_probe
            && pass.era == self.era
        {
            *out = out.saturating_sub(1);
        }
    }

    /// Something else says that the deployment may be well again: if it is open because it did not answer, its time is over.
    pub fn may_be_probed(&mut self, now: Moment) {
        if let Stage::Open { because, until } = &mut self.stage
            && *because != Fault::Rejected
        {
            *until = now.min(*until);
        }
    }

    fn open(&mut self, rules: &BreakerRules, now: Moment, because: Fault) {
        self.stage = Stage::Open { because, until: now.after(self.next_open) };
        self.next_open = self.next_open.saturating_mul(2).min(rules.longest_open.max(rules.open));
        self.era = self.era.wrapping_add(1);
        (self.in_a_row, self.broken_off) = ([0; Fault::ALL.len()], [0; Fault::ALL.len()]);
        self.failed_at = None;
        self.window = Window::new(rules.window, now);
    }

    /// Where it stands, and because of what it last opened if it is not closed.
    pub fn state(&self, rules: &BreakerRules, now: Moment) -> (State, Option<Fault>) {
        match self.stage {
            Stage::Closed => (State::Closed, None),
            Stage::Open { because, until } if now < until => (State::Open, Some(because)),
            Stage::Open { because, .. } | Stage::HalfOpen { because, .. } => (State::HalfOpen, Some(because)),
            Stage::Ramping { since, .. } if now.since(since) >= rules.ramp => (State::Closed, None),
            Stage::Ramping { because, .. } => (State::Ramping, Some(because)),
        }
    }

    /// Whether a call has failed lately, and none that went out later has come to a good end: it may be about to open.
    pub fn is_shaky(&self, now: Moment) -> bool {
        self.failed_at.is_some_and(|at| now.since(at) < SHAKY)
    }

    /// How often it has opened.
    pub fn times_opened(&self) -> u32 {
        self.era
    }
}

/// The share of calls that goes so long after the probes succeeded.
fn ramp(rules: &BreakerRules, elapsed: Duration) -> f64 {
    if rules.ramp.is_zero() {
        return 1.0;
    }
    let done = elapsed.as_secs_f64() / rules.ramp.as_secs_f64();
    (FIRST_SHARE + (1.0 - FIRST_SHARE) * done).min(1.0)
}

#[cfg(test)]
mod tests;

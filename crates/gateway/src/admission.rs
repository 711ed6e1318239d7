//! Waiting for a turn: the scheduler's decisions, carried to the tasks that wait for them.
//!
//! A request that may go at once is admitted on its own task: one lock, no channel, no wake-up. Only those that wait have
//! a channel, and one task sleeps until the scheduler's next wake-up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use paceway_domain::{Clock, Dimension, LimitReadings, Moment, RateRefusal, Refusal};
use paceway_scheduler::{
    Ask, Bounds, CallerId, Cost, Decision, Lesson, Limits, PoolId, PoolState, Priority, Reason, Refused,
    RouteId, Scheduler, Submitted, Ticket,
};
use tokio::sync::{Notify, oneshot};

use crate::clock::RuntimeClock;

/// What a waiting request is told: its turn and where, or why it will not come.
type Told = Result<PoolId, Refusal>;

/// The scheduler and those who wait at it.
pub struct Turnstile {
    clock: Arc<RuntimeClock>,
    state: Mutex<State>,
    /// The time of the next wake-up has changed.
    rearm: Notify,
}

struct State {
    scheduler: Scheduler,
    waiting: HashMap<Ticket, oneshot::Sender<Told>>,
    /// When the driver next wakes by itself.
    armed: Option<Moment>,
}

impl Turnstile {
    /// A turnstile without pools.
    pub fn new(clock: Arc<RuntimeClock>, bounds: Bounds) -> Self {
        let state = State { scheduler: Scheduler::new(bounds), waiting: HashMap::new(), armed: None };
        Self { clock, state: Mutex::new(state), rearm: Notify::new() }
    }

    /// From now on so much may wait. Those who wait already stay.
    pub fn set_bounds(&self, bounds: Bounds) {
        let mut state = self.lock();
        state.scheduler.set_bounds(bounds);
        self.turn(state);
    }

    /// Adds a pool with all of its quota free.
    pub fn add_pool(&self, limits: &Limits) -> PoolId {
        self.lock().scheduler.add_pool(self.clock.now(), limits)
    }

    /// The provider says, outside any answer, what a pool's limit is.
    pub fn tell_limit(&self, pool: PoolId, dimension: Dimension, limit: u64) {
        let mut state = self.lock();
        state.scheduler.tell_limit(self.clock.now(), pool, dimension, limit);
        self.turn(state);
    }

    /// Adds a list of pools, any one of which will do.
    pub fn add_route(&self, pools: &[PoolId]) -> RouteId {
        self.lock().scheduler.add_route(pools)
    }

    /// Nobody will wait at this route again.
    pub fn retire_route(&self, route: RouteId) {
        self.lock().scheduler.retire_route(self.clock.now(), route);
    }

    /// Nobody will be held back by this limit of our own again.
    pub fn retire_pool(&self, pool: PoolId) {
        self.lock().scheduler.retire_pool(self.clock.now(), pool);
    }

    /// Who waits for a pool's queue.
    pub fn waiting_for(&self, pool: PoolId) -> Vec<(Priority, CallerId, u32)> {
        self.lock().scheduler.waiting_for(pool)
    }

    /// The least wait that a request would have if it came now: zero also where it would wait for one in flight to end.
    pub fn expected(&self, ask: &Ask) -> Duration {
        self.lock().scheduler.expected(self.clock.now(), ask)
    }

    /// Whether a request could go at once.
    pub fn has_room(&self, ask: &Ask) -> bool {
        self.lock().scheduler.has_room(self.clock.now(), ask)
    }

    /// A turn for a request that goes at once or not at all.
    pub fn at_once(self: &Arc<Self>, ask: Ask) -> Option<Turn> {
        let admitted = self.lock().scheduler.admit_at_once(self.clock.now(), ask);
        admitted.map(|(ticket, pool)| self.new_turn(ticket, Some(pool), None))
    }

    /// How many requests go before this one, at the most; `None` if it does not wait.
    pub fn place_in_queue(&self, progress: &Progress) -> Option<usize> {
        self.lock().scheduler.place_in_queue(progress.ticket()?)
    }

    /// How many wait, in all.
    pub fn waiting(&self) -> usize {
        self.lock().scheduler.waiting()
    }

    /// A pool as it is now.
    pub fn state(&self, pool: PoolId) -> PoolState {
        self.lock().scheduler.state(self.clock.now(), pool)
    }

    /// Wakes those whose turn comes with time. Runs without end: its owner spawns it once and aborts it.
    pub async fn drive(self: Arc<Self>) {
        loop {
            self.sleep_until_due().await;
            self.turn(self.lock());
        }
    }

    async fn sleep_until_due(&self) {
        let rearmed = self.rearm.notified();
        let due = self.lock().armed.and_then(|moment| self.clock.instant(moment));
        match due {
            Some(due) => tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                () = rearmed => {}
            },
            None => rearmed.await,
        }
    }

    /// Waits until a request may go, at most until its deadline. Cancel-safe: dropping the future leaves the queue.
    ///
    /// # Errors
    /// [`Refusal::LargerThanLimit`], [`Refusal::QueueFull`] or [`Refusal::WaitTooLong`].
    pub async fn wait(self: &Arc<Self>, ask: Ask, progress: &Progress) -> Result<Turn, Refusal> {
        let (mut turn, told) = {
            let mut state = self.lock();
            match state.scheduler.submit(self.clock.now(), ask) {
                Submitted::Admitted(ticket, pool) => return Ok(self.new_turn(ticket, Some(pool), None)),
                Submitted::Refused(refused) => return Err(refusal(refused)),
                Submitted::Waiting(ticket) => {
                    let (tell, told) = oneshot::channel();
                    state.waiting.insert(ticket, tell);
                    let reason = state.scheduler.reason(self.clock.now(), &ask);
                    let turn = self.new_turn(ticket, None, Some(reason));
                    progress.waits(Some(ticket));
                    self.turn(state);
                    (turn, told)
                }
            }
        };
        let told = told.await;
        progress.waits(None);
        match told {
            Ok(Ok(pool)) => {
                turn.pool = Some(pool);
                Ok(turn)
            }
            Ok(Err(why)) => Err(why),
            Err(_) => Err(Refusal::ShuttingDown),
        }
    }

    fn new_turn(self: &Arc<Self>, ticket: Ticket, pool: Option<PoolId>, reason: Option<Reason>) -> Turn {
        Turn { turnstile: Arc::clone(self), pool, ticket, reason, is_open: true }
    }

    /// Carries out every decision that is due and re-arms the driver if the next one is due at another time.
    fn turn(&self, mut state: MutexGuard<'_, State>) {
        let now = self.clock.now();
        while let Some(decision) = state.scheduler.poll(now) {
            let (ticket, told) = match decision {
                Decision::Admitted(ticket, pool) => (ticket, Ok(pool)),
                Decision::Refused(ticket, why) => (ticket, Err(refusal(why))),
                Decision::Expired { ticket, wait } => {
                    (ticket, Err(Refusal::WaitTooLong { retry_after: wait }))
                }
            };
            let heard = state.waiting.remove(&ticket).is_some_and(|tell| tell.send(told).is_ok());
            if !heard {
                state.scheduler.cancel(now, ticket);
            }
        }
        let next = state.scheduler.next_wakeup(now);
        let has_changed = next != state.armed;
        state.armed = next;
        drop(state);
        if has_changed {
            self.rearm.notify_one();
        }
    }

    /// No panic can leave the state half changed: the scheduler does not call out.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refusal(refused: Refused) -> Refusal {
    match refused {
        Refused::LargerThanLimit { dimension, needs, allows } => {
            Refusal::LargerThanLimit { limit: dimension, needs, allows }
        }
        Refused::QueueFull { wait } => Refusal::QueueFull { retry_after: wait },
        Refused::TooLate { wait } => Refusal::WaitTooLong { retry_after: wait },
        Refused::Barred { cause, wait } => Refusal::ProviderClosed { cause, retry_after: wait },
        Refused::NoTarget => Refusal::Internal("a request was left without a target".into()),
    }
}

/// A place in the queue and then a request in flight. It must be settled with what it cost; dropped, it counts as never
/// having happened.
pub struct Turn {
    turnstile: Arc<Turnstile>,
    /// Where it may go; `None` while it waits.
    pool: Option<PoolId>,
    ticket: Ticket,
    /// Why it has waited, if it has.
    reason: Option<Reason>,
    is_open: bool,
}

/// Where a request is, for whoever tells its client meanwhile.
#[derive(Debug, Default)]
pub struct Progress(Mutex<Option<Ticket>>);

impl Progress {
    fn waits(&self, ticket: Option<Ticket>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ticket;
    }

    fn ticket(&self) -> Option<Ticket> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Why it has waited, if it has.
    pub fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// Where the request may go.
    pub fn pool(&self) -> PoolId {
        self.pool.expect("a turn is handed out when its pool is known")
    }

    /// The answer has begun, with these readings in its headers.
    pub fn answered(&self, readings: &LimitReadings) {
        let mut state = self.turnstile.lock();
        state.scheduler.learn(self.turnstile.clock.now(), self.ticket, &Lesson::Answered(readings));
        self.turnstile.turn(state);
    }

    /// The provider refused the request.
    pub fn refused(mut self, refusal: &RateRefusal, readings: &LimitReadings) {
        self.is_open = false;
        let mut state = self.turnstile.lock();
        let lesson = Lesson::Refused(refusal, readings);
        state.scheduler.learn(self.turnstile.clock.now(), self.ticket, &lesson);
        self.turnstile.turn(state);
    }

    /// The provider broke the answer off with this refusal. What it used is still to be settled.
    pub fn broken_off(&self, refusal: &RateRefusal) {
        let mut state = self.turnstile.lock();
        state.scheduler.learn(self.turnstile.clock.now(), self.ticket, &Lesson::BrokenOff(refusal));
        self.turnstile.turn(state);
    }

    /// The request ended and cost this.
    pub fn settle(mut self, spent: Cost) {
        self.is_open = false;
        let mut state = self.turnstile.lock();
        state.scheduler.settle(self.turnstile.clock.now(), self.ticket, spent);
        self.turnstile.turn(state);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.is_open {
            let mut state = self.turnstile.lock();
            state.waiting.remove(&self.ticket);
            state.scheduler.cancel(self.turnstile.clock.now(), self.ticket);
            self.turnstile.turn(state);
        }
    }
}

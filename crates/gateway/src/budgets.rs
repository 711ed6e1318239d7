//! The live book of budgets: who waits for money waits here, and what is told of budgets comes from here.
//!
//! The decisions are `policy::budget`'s. One lock, never held across a wait; who waits sleeps on its own task until it is told, until
//! its deadline, or until a window ends. Where there are no budgets a request takes no lock.

mod corrections;
mod effects;
mod leasing;
mod money;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use paceway_domain::{KeyId, MicroUsd, Owner, Tags, UnixMillis};
use paceway_policy::budget::{
    Accounts, Alert, Book, Budget, Claim, Grant, Hold, Need, Place, Reached, Short, Span, Submitted, Ticket,
    Whose, Woken,
};
pub use paceway_policy::budget::{Forecast, Standing, date};
use tokio::sync::{Notify, oneshot};

use crate::Callers;

pub use corrections::Corrections;
pub(crate) use effects::Effects;
pub use leasing::Leasing;
pub(crate) use money::{Held, Money, heard};

/// What those who are alike for a budget spent together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    /// The key.
    pub key: KeyId,
    /// To whom it belonged at the time.
    pub owner: Owner,
    /// What the callers said of their requests, as far as budgets ask.
    pub tags: Tags,
    /// How much.
    pub cost: MicroUsd,
}

/// What the ledger says was spent of a budget before it was opened here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// The budget.
    pub budget: String,
    /// By whom.
    pub spending: Vec<Spending>,
    /// Corrections of providers' accounts, in micro-dollars, below zero where too much was booked.
    pub corrected: i64,
}

/// What one who waits is told.
type Told = Result<Hold, Short>;

/// All budgets. It lives longer than a configuration.
#[derive(Debug, Default)]
pub struct Budgets {
    state: Mutex<State>,
    /// Whether there are any; beside the lock, for the many who have none.
    has_any: AtomicBool,
    /// Somebody waits for what may have to be leased.
    asked: Notify,
}

#[derive(Debug, Default)]
struct State {
    book: Book,
    waiting: HashMap<Ticket, oneshot::Sender<Told>>,
}

impl State {
    /// Tells those who waited. Who has gone meanwhile gives back what it would have got, which may let others go.
    fn tell(&mut self, woken: Vec<Woken>, now: UnixMillis) {
        let mut woken = std::collections::VecDeque::from(woken);
        while let Some(Woken { ticket, outcome }) = woken.pop_front() {
            let unheard = match self.waiting.remove(&ticket) {
                Some(waiting) => waiting.send(outcome).err(),
                None => Some(outcome),
            };
            if let Some(Ok(hold)) = unheard {
                woken.extend(self.book.settle(hold, MicroUsd::ZERO, now));
            }
        }
    }
}

impl Budgets {
    /// None yet, of a node that shares its budgets with others: nothing is given out that is not leased ([`Leasing`]).
    pub fn shared() -> Self {
        let state = State { book: Book::new(Vec::new(), true), waiting: HashMap::new() };
        Self { state: Mutex::new(state), ..Self::default() }
    }

    fn claims(&self, now: UnixMillis, gives_all_back: bool) -> Vec<Claim> {
        self.lock().book.claims(now, gives_all_back)
    }

    fn allot(&self, grants: &[(Claim, Grant)], now: UnixMillis) {
        let mut state = self.lock();
        let woken = state.book.allot(grants, now);
        state.tell(woken, now);
    }

    /// Puts other budgets in force. Those that stay keep what is spent and held.
    pub fn replace(&self, budgets: Vec<Budget>, now: UnixMillis) {
        let mut state = self.lock();
        self.has_any.store(!budgets.is_empty(), Ordering::Release);
        let woken = state.book.replace(budgets, now);
        state.tell(woken, now);
    }

    /// The same, and counts what was spent before of those that are new.
    pub fn replace_with(&self, budgets: Vec<Budget>, seeds: &[Seed], callers: &Callers, now: UnixMillis) {
        let names = callers.names();
        let mut state = self.lock();
        self.has_any.store(!budgets.is_empty(), Ordering::Release);
        let woken = state.book.replace(budgets, now);
        for Seed { budget, spending, corrected } in seeds {
            state.book.was_corrected(budget, *corrected, now);
            for Spending { key, owner, tags, cost } in spending {
                let name = names.get(key).map_or("", AsRef::as_ref);
                state.book.was_spent(budget, &Whose { key, name, owner, tags }, *cost, now);
            }
        }
        state.tell(woken, now);
    }

    /// Those of which nothing is known here yet.
    pub fn new_among(&self, wanted: &[Budget]) -> Vec<Budget> {
        let state = self.lock();
        let is_known =
            |budget: &&Budget| state.book.budgets().iter().any(|known| known.is_same_account(budget));
        wanted.iter().filter(|budget| !is_known(budget)).cloned().collect()
    }

    /// Those that count everybody, and their windows.
    fn of_everyone(&self, now: UnixMillis) -> Vec<(String, Span)> {
        self.lock().book.of_everyone(now)
    }

    /// So much is corrected in this window of a budget.
    fn correct(&self, budget: &str, span: Span, amount: i64, now: UnixMillis) {
        let mut state = self.lock();
        let woken = state.book.correct(budget, span, amount, now);
        state.tell(woken, now);
    }

    /// Every account that is open.
    pub fn report(&self, now: UnixMillis) -> Vec<Standing> {
        self.lock().book.report(now)
    }

    /// Whether there are any.
    fn has_any(&self) -> bool {
        self.has_any.load(Ordering::Acquire)
    }

    /// The accounts that a request falls into, and the rungs that they have reached; `None`: no budget counts it.
    fn of(&self, whose: &Whose<'_>, now: UnixMillis) -> Option<(Accounts, Vec<Reached>)> {
        let book = &mut self.lock().book;
        let accounts = book.accounts(whose, now);
        let reached = book.reached(&accounts, now);
        (!accounts.is_empty()).then_some((accounts, reached))
    }

    fn submit(&self, accounts: &Accounts, need: Need, place: Place, now: UnixMillis) -> Entry<'_> {
        let mut state = self.lock();
        match state.book.submit(accounts, need, place, now) {
            Submitted::Held(hold) => Entry::Held(hold),
            Submitted::Refused(short) => Entry::Refused(short),
            Submitted::Waits(ticket) => {
                let (tell, told) = oneshot::channel();
                state.waiting.insert(ticket, tell);
                self.asked.notify_one();
                Entry::Waits(Wait { budgets: self, ticket, told, now })
            }
        }
    }

    /// Lets go whom the end of a window lets go; when the next one ends for which somebody waits.
    fn wake(&self, now: UnixMillis) -> Option<UnixMillis> {
        let mut state = self.lock();
        let woken = state.book.wake(now);
        state.tell(woken, now);
        state.book.next_wakeup()
    }

    fn settle(&self, hold: Hold, actual: MicroUsd, now: UnixMillis) -> Vec<Alert> {
        let mut state = self.lock();
        let woken = state.book.settle(hold, actual, now);
        state.tell(woken, now);
        state.book.take_alerts()
    }

    fn charge(&self, hold: &mut Hold, actual: MicroUsd, now: UnixMillis) -> Vec<Alert> {
        let book = &mut self.lock().book;
        book.charge(hold, actual, now);
        book.take_alerts()
    }

    fn extend(&self, hold: &mut Hold, more: MicroUsd) -> bool {
        self.lock().book.extend(hold, more)
    }

    fn tightest(&self, accounts: &Accounts, now: UnixMillis) -> Option<Standing> {
        self.lock().book.tightest(accounts, now)
    }

    fn forbids_unpriced(&self, accounts: &Accounts) -> Option<String> {
        self.lock().book.forbids_unpriced(accounts)
    }

    /// The book changes one account after the other and never panics between them.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What comes of asking for money.
enum Entry<'b> {
    Held(Hold),
    Refused(Short),
    Waits(Wait<'b>),
}

/// One who waits. Dropping it leaves the queue.
struct Wait<'b> {
    budgets: &'b Budgets,
    ticket: Ticket,
    told: oneshot::Receiver<Told>,
    /// When it was looked at the clock last.
    now: UnixMillis,
}

impl Wait<'_> {
    fn told(&mut self) -> &mut oneshot::Receiver<Told> {
        &mut self.told
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut state = self.budgets.lock();
        state.waiting.remove(&self.ticket);
        let now = self.now;
        let mut woken = state.book.cancel(self.ticket, now);
        // Told, but not heard: the client has hung up in between.
        if let Ok(Ok(hold)) = self.told.try_recv() {
            woken.extend(state.book.settle(hold, MicroUsd::ZERO, now));
        }
        state.tell(woken, now);
    }
}

//! Two nodes and one budget, in a real PostgreSQL: the book of each, its leases, and callers that come as they like.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use paceway_domain::{KeyId, MicroUsd, Owner, Tags, UnixMillis};
use paceway_policy::budget::{
    Accounts, Action, Book, Budget, Hold, Ladder, Need, Period, Place, Rung, Scope, Short, Standing,
    Submitted, Ticket, Whose, Window, Woken,
};
use paceway_store::{Access, Leases, open_shared};
use support::postgres::database;

const NOW: UnixMillis = UnixMillis(1_795_824_000_000);
const AMOUNT: u64 = 1_000_000;
/// The most that a call costs, and may cost.
const MOST: u64 = 9_000;

fn budget() -> Budget {
    Budget {
        name: "all".into(),
        scope: Scope::everyone(),
        amount: MicroUsd(AMOUNT),
        window: Window::utc(Period::Day),
        ladder: Ladder::new(vec![Rung { at_percent: 100, action: Action::Refuse }]),
        allows_unpriced: false,
    }
}

fn whose<T>(act: impl FnOnce(&Whose<'_>) -> T) -> T {
    act(&Whose { key: &KeyId("k".into()), name: "", owner: &Owner::default(), tags: &Tags::default() })
}

/// A node.
struct Node<'l> {
    name: &'static str,
    desk: Mutex<Desk>,
    leases: &'l dyn Leases,
    /// A node leases once at a time.
    leasing: Mutex<()>,
}

/// Its book, and what those were told who waited.
struct Desk {
    book: Book,
    told: HashMap<Ticket, Result<Hold, Short>>,
}

impl Desk {
    fn tell(&mut self, woken: Vec<Woken>) {
        self.told.extend(woken.into_iter().map(|woken| (woken.ticket, woken.outcome)));
    }
}

impl<'l> Node<'l> {
    fn new(name: &'static str, leases: &'l dyn Leases, before: u64) -> Self {
        let mut book = Book::new(vec![budget()], true);
        whose(|whose| book.was_spent("all", whose, MicroUsd(before), NOW));
        let desk = Mutex::new(Desk { book, told: HashMap::new() });
        Self { name, desk, leases, leasing: Mutex::new(()) }
    }

    fn exchange(&self, gives_all_back: bool) {
        let _one_at_a_time = self.leasing.lock().unwrap();
        let claims = self.desk.lock().unwrap().book.claims(NOW, gives_all_back);
        let grants = self.leases.lease(self.name, &claims).unwrap();
        let grants: Vec<_> = claims.into_iter().zip(grants).collect();
        let mut desk = self.desk.lock().unwrap();
        let woken = desk.book.allot(&grants, NOW);
        desk.tell(woken);
    }

    fn accounts(&self) -> Accounts {
        whose(|whose| self.desk.lock().unwrap().book.accounts(whose, NOW))
    }

    /// Money for one call; `None` once it is refused. It asks for a lease where the node has none left.
    fn hold(&self) -> Option<Hold> {
        let accounts = self.accounts();
        let need = Need { least: MicroUsd(MOST), most: MicroUsd(MOST) };
        let submitted = self.desk.lock().unwrap().book.submit(&accounts, need, Place::Back, NOW);
        let ticket = match submitted {
            Submitted::Held(hold) => return Some(hold),
            Submitted::Refused(_) => return None,
            Submitted::Waits(ticket) => ticket,
        };
        loop {
            if let Some(outcome) = self.desk.lock().unwrap().told.remove(&ticket) {
                return outcome.ok();
            }
            self.exchange(false);
        }
    }

    fn settle(&self, hold: Hold, actual: u64) {
        let mut desk = self.desk.lock().unwrap();
        let woken = desk.book.settle(hold, MicroUsd(actual), NOW);
        desk.tell(woken);
    }

    fn standing(&self) -> Standing {
        self.desk.lock().unwrap().book.report(NOW).remove(0)
    }
}

#[test]
fn two_nodes_never_pass_a_budget_together_and_use_it_up_to_one_calls_worth() {
    let Some(database) = database() else { return };
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let stores = [0, 1].map(|node| {
        let shared = database.shared(["one", "two"][node]);
        open_shared(directories[node].path(), Access::Serve, Some(&shared)).unwrap()
    });
    let leases = stores.each_ref().map(|store| store.leases.clone().unwrap());
    let nodes = [Node::new("one", leases[0].as_ref(), 0), Node::new("two", leases[1].as_ref(), 0)];
    let spent = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for caller in 0..40_u64 {
            let (node, spent) = (&nodes[usize::from(caller % 2 == 1)], &spent);
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(caller);
                while let Some(hold) = node.hold() {
                    std::thread::sleep(Duration::from_millis(random.u64(0..4)));
                    let actual = random.u64(0..=MOST);
                    spent.fetch_add(actual, Ordering::Relaxed);
                    node.settle(hold, actual);
                }
            });
        }
    });
    let spent = spent.into_inner();
    assert!(spent <= AMOUNT, "{spent}");
    assert!(AMOUNT - spent < MOST, "refused with {} left", AMOUNT - spent);
    for node in nodes.iter().chain(&nodes) {
        node.exchange(true);
    }
    assert_eq!(nodes.each_ref().map(|node| node.standing().spent.0), [spent, spent]);
}

#[test]
fn what_was_spent_before_any_node_leased_counts_once_and_a_lost_node_keeps_its_lease() {
    let Some(database) = database() else { return };
    let directory = tempfile::tempdir().unwrap();
    let store = open_shared(directory.path(), Access::Serve, Some(&database.shared("one"))).unwrap();
    let leases = store.leases.clone().unwrap();
    let (lost, stays) =
        (Node::new("lost", leases.as_ref(), 400_000), Node::new("stays", leases.as_ref(), 400_000));
    let _opened = [lost.accounts(), stays.accounts()];
    lost.exchange(false);
    // Half of the 600 000 that are left is the lost node's; the other takes a quarter of the rest, having seen two.
    stays.exchange(false);
    assert_eq!(stays.standing().spent, MicroUsd(400_000));
    let kept = std::iter::from_fn(|| stays.hold()).take(20).count();
    assert_eq!(kept, 20);
    let taken: i64 = database
        .client()
        .query_one("select sum(greatest(spent, allotment))::bigint from budget_leases", &[])
        .unwrap()
        .get(0);
    assert!(taken <= 1_000_000, "{taken}");
}

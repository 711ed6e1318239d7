//! The journal in front of the ledger: a row is safe after one `write`, and reaches the database in batches.
//!
//! A commit of the database costs more than the rest of a request, and the database may be away; one `write` of a line costs little and
//! is always possible. So a row goes to the journal on the request's own task, and one writer thread moves rows to the database. A
//! segment of the journal is removed only after its rows are committed and synced. While the database is away, segments wait on disk
//! and only the newest one's rows in memory; they are delivered in their order when it is back. What a killed process left behind is
//! delivered by the next one. Delivering twice is harmless: a row's id and part are unique.

mod delivery;
mod segment;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use paceway_domain::RequestId;

pub(crate) use delivery::Destination;

use crate::{Ledger, Row, StoreError};
use segment::{Segment, journal_error};

/// How long the writer gathers rows before it commits them.
const GATHER: Duration = Duration::from_millis(100);
/// How long the writer waits after a delivery failed: twice as long each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The most rows in a segment, and so in memory, when the database does not take them. Some ten megabytes.
const MOST_ROWS: usize = 10_000;

/// A ledger whose rows survive the process before they are in the database.
pub(crate) struct JournalledLedger {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

struct Shared {
    directory: PathBuf,
    database: Arc<dyn Destination>,
    state: Mutex<State>,
    wake: Condvar,
    /// Rows have reached the database.
    delivered: Condvar,
    /// Rows that are not in the database yet.
    waiting: AtomicU64,
}

struct State {
    segment: Segment,
    /// The rows of the current segment.
    pending: Vec<Row>,
    /// Rows that could not be written to any segment.
    unwritten: Vec<Row>,
    /// Segments that are written no more and not delivered, oldest first.
    closed: VecDeque<PathBuf>,
    /// Rows that were ever taken.
    taken: u64,
    is_closing: bool,
}

impl State {
    /// Begins another segment; the one before waits on disk, its rows no longer in memory.
    fn close_segment(&mut self, directory: &Path) -> Result<(), StoreError> {
        let next = Segment::create(directory, self.segment.number + 1)?;
        let done = std::mem::replace(&mut self.segment, next);
        self.closed.push_back(done.path);
        self.pending = Vec::new();
        Ok(())
    }
}

impl JournalledLedger {
    /// Delivers what earlier segments hold, as far as the database is there, and begins a new one.
    pub(crate) fn open(directory: &Path, database: Arc<dyn Destination>) -> Result<Self, StoreError> {
        let left = segment::segments(directory)?;
        let number = left.last().map_or(0, |(number, _)| number + 1);
        let (mut closed, mut waiting, mut is_away) = (VecDeque::new(), 0, false);
        for (_, path) in left {
            let rows = segment::read(&path)?;
            if !is_away {
                match delivery::deliver(&*database, directory, &rows) {
                    Ok(()) => {
                        segment::remove(&path)?;
                        continue;
                    }
                    Err(StoreError::Away(_)) => is_away = true,
                    Err(error) => return Err(error),
                }
            }
            waiting += rows.len() as u64;
            closed.push_back(path);
        }
        let state = State {
            segment: Segment::create(directory, number)?,
            pending: Vec::new(),
            unwritten: Vec::new(),
            closed,
            taken: waiting,
            is_closing: false,
        };
        let shared = Arc::new(Shared {
            directory: directory.into(),
            database,
            state: Mutex::new(state),
            wake: Condvar::new(),
            delivered: Condvar::new(),
            waiting: AtomicU64::new(waiting),
        });
        let writer = std::thread::Builder::new().name("ledger".into()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.deliver_until_closed()
        });
        let writer = writer.map_err(|why| journal_error(directory, why))?;
        Ok(Self { shared, writer: Some(writer) })
    }
}

impl Ledger for JournalledLedger {
    fn append(&self, row: Row) -> Result<(), StoreError> {
        let line = segment::line_of(&row);
        let mut state = self.shared.lock();
        let written = state.segment.append(line);
        let is_first = state.pending.is_empty() && state.unwritten.is_empty();
        match &written {
            Ok(()) => state.pending.push(row),
            Err(_) if state.unwritten.len() < MOST_ROWS => state.unwritten.push(row),
            Err(_) => {
                let request = row.request_id.as_str();
                tracing::error!(request, "a ledger row is lost: neither disk nor database take rows");
                return written;
            }
        }
        state.taken += 1;
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        if state.pending.len() >= MOST_ROWS
            && let Err(error) = state.close_segment(&self.shared.directory)
        {
            // It grows on, and so does memory, until the disk takes another file or the database the rows.
            tracing::error!(%error, "the journal cannot begin another segment");
        }
        drop(state);
        if is_first {
            self.shared.wake.notify_one();
        }
        written
    }

    fn find(&self, id: &RequestId) -> Result<Vec<Row>, StoreError> {
        self.shared.database.find(id)
    }

    fn waiting(&self) -> u64 {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    fn catch_up(&self, patience: Duration) -> bool {
        let mut state = self.shared.lock();
        let wanted = state.taken;
        let is_behind = |state: &mut State| {
            // Rows are delivered in their order: those that wait are the newest.
            self.shared.waiting.load(Ordering::Relaxed) > state.taken - wanted
        };
        state = self
            .shared
            .delivered
            .wait_timeout_while(state, patience, is_behind)
            .map_or_else(|error| error.into_inner().0, |(state, _)| state);
        !is_behind(&mut state)
    }
}

impl Drop for JournalledLedger {
    fn drop(&mut self) {
        self.shared.lock().is_closing = true;
        self.shared.wake.notify_one();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!(
                "the ledger's writer panicked; its rows are in the journal and come at the next start"
            );
        }
    }
}

impl Shared {
    /// No panic can leave the state half changed: each change is one assignment or push.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliver_until_closed(&self) {
        let mut pause = FIRST_PAUSE;
        let mut has_failed = false;
        loop {
            let is_closing = self.wait_for_rows();
            match self.deliver() {
                Ok(()) => {
                    if has_failed {
                        tracing::info!("the database takes ledger rows again");
                    }
                    (pause, has_failed) = (FIRST_PAUSE, false);
                }
                Err(error) => {
                    let waiting = self.waiting.load(Ordering::Relaxed);
                    if !has_failed || is_closing {
                        tracing::error!(%error, waiting, "ledger rows wait in the journal: the database does not take them");
                    }
                    has_failed = true;
                    if !is_closing {
                        self.pause(pause);
                        pause = LONGEST_PAUSE.min(pause * 2);
                    }
                }
            }
            if is_closing {
                return;
            }
        }
    }

    /// Waits until there are rows, and then for more of them. Returns whether this is the last time.
    fn wait_for_rows(&self) -> bool {
        let mut state = self.lock();
        let is_idle = |state: &mut State| {
            let has_none = state.pending.is_empty() && state.unwritten.is_empty() && state.closed.is_empty();
            has_none && !state.is_closing
        };
        state = self.wake.wait_while(state, is_idle).unwrap_or_else(PoisonError::into_inner);
        if !state.is_closing {
            drop(state);
            self.pause(GATHER);
            state = self.lock();
        }
        state.is_closing
    }

    /// Waits so long, or until closing.
    fn pause(&self, time: Duration) {
        let is_open = |state: &mut State| !state.is_closing;
        drop(self.wake.wait_timeout_while(self.lock(), time, is_open));
    }

    /// Moves everything to the database, oldest first, and removes its segments.
    fn deliver(&self) -> Result<(), StoreError> {
        loop {
            let Some(path) = self.lock().closed.front().cloned() else { break };
            let rows = segment::read(&path)?;
            self.hand_over(&rows)?;
            segment::remove(&path)?;
            // The writer alone takes segments away.
            self.lock().closed.pop_front();
        }
        let unwritten = std::mem::take(&mut self.lock().unwritten);
        if let Err(error) = self.hand_over(&unwritten) {
            let mut state = self.lock();
            let newer = std::mem::replace(&mut state.unwritten, unwritten);
            state.unwritten.extend(newer);
            return Err(error);
        }
        let (path, rows) = {
            let mut state = self.lock();
            if state.pending.is_empty() {
                return Ok(());
            }
            let rows = std::mem::take(&mut state.pending);
            if let Err(error) = state.close_segment(&self.directory) {
                state.pending = rows;
                return Err(error);
            }
            (state.closed.back().cloned(), rows)
        };
        self.hand_over(&rows)?;
        if let Some(path) = path {
            segment::remove(&path)?;
            self.lock().closed.retain(|closed| *closed != path);
        }
        Ok(())
    }

    fn hand_over(&self, rows: &[Row]) -> Result<(), StoreError> {
        if !rows.is_empty() {
            delivery::deliver(&*self.database, &self.directory, rows)?;
            self.waiting.fetch_sub(rows.len() as u64, Ordering::Relaxed);
            // Under the lock: who looks and then waits must not miss it.
            drop(self.lock());
            self.delivered.notify_all();
        }
        Ok(())
    }
}

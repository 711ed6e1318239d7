//! The journal in front of the ledger: a row is safe after one `write`, and reaches the database in batches.
//!
//! A commit of the database costs more than the rest of a request; one `write` of a line does not. So a row goes to the
//! journal on the request's own task, and one writer thread moves rows to the database in batches. A segment of the
//! journal is removed only after its rows are committed and synced. What a killed process left behind is delivered when
//! the next one opens; delivering twice is harmless, since a row's id is unique.
//!
//! A line is eight hex digits of CRC-32, a space and the row as JSON. A last line cut short by a kill has a wrong sum and
//! belongs to an answer that nobody received whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use paceway_domain::RequestId;

use crate::ledger::{Filter, Total};
use crate::sqlite::Sqlite;
use crate::{Ledger, Row, StoreError};

/// How long the writer gathers rows before it commits them.
const GATHER: Duration = Duration::from_millis(100);
/// How long the writer waits after the database refused a batch.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// The most rows kept in memory while the database refuses them. Beyond it rows are in the journal only, and are delivered
/// at the next start.
const MAX_PENDING: usize = 100_000;

const EXTENSION: &str = "journal";

/// A ledger whose rows survive the process before they are in the database.
pub(crate) struct JournalledLedger {
    shared: Arc<Shared>,
    sqlite: Arc<Sqlite>,
    writer: Option<JoinHandle<()>>,
}

struct Shared {
    directory: PathBuf,
    state: Mutex<State>,
    wake: Condvar,
}

struct State {
    segment: Segment,
    /// Rows of the current segment that are not in the database.
    pending: Vec<Row>,
    is_closing: bool,
}

struct Segment {
    number: u64,
    path: PathBuf,
    file: File,
    /// Rows that were written here but not kept in memory.
    has_unkept_rows: bool,
}

impl Segment {
    fn create(directory: &Path, number: u64) -> Result<Self, StoreError> {
        let path = directory.join(format!("ledger-{number:08}.{EXTENSION}"));
        let file = File::options()
            .create_new(true)
            .append(true)
            .open(&path)
            .map_err(|why| journal_error(&path, why))?;
        Ok(Self { number, path, file, has_unkept_rows: false })
    }
}

impl JournalledLedger {
    /// Delivers what earlier segments hold and begins a new one.
    pub(crate) fn open(directory: &Path, sqlite: Arc<Sqlite>) -> Result<Self, StoreError> {
        let left = segments(directory)?;
        let mut number = 0;
        for (segment, path) in left {
            sqlite.insert(&read_segment(&path)?)?;
            fs::remove_file(&path).map_err(|why| journal_error(&path, why))?;
            number = segment + 1;
        }
        let state =
            State { segment: Segment::create(directory, number)?, pending: Vec::new(), is_closing: false };
        let shared =
            Arc::new(Shared { directory: directory.into(), state: Mutex::new(state), wake: Condvar::new() });
        let writer = std::thread::Builder::new().name("ledger".into()).spawn({
            let (shared, sqlite) = (Arc::clone(&shared), Arc::clone(&sqlite));
            move || shared.deliver_until_closed(&sqlite)
        });
        let writer = writer.map_err(|why| journal_error(directory, why))?;
        Ok(Self { shared, sqlite, writer: Some(writer) })
    }
}

impl Ledger for JournalledLedger {
    fn append(&self, row: Row) -> Result<(), StoreError> {
        let line = line_of(&row);
        let mut state = self.shared.lock();
        let written = state.segment.file.write_all(&line);
        if state.pending.len() < MAX_PENDING {
            state.pending.push(row);
        } else {
            state.segment.has_unkept_rows = true;
        }
        let is_first = state.pending.len() == 1;
        let path = written.is_err().then(|| state.segment.path.clone());
        drop(state);
        if is_first {
            self.shared.wake.notify_one();
        }
        match (written, path) {
            (Err(why), Some(path)) => Err(journal_error(&path, why)),
            _ => Ok(()),
        }
    }

    fn find(&self, id: &RequestId) -> Result<Vec<Row>, StoreError> {
        self.sqlite.find(id)
    }

    fn totals(&self) -> Result<Vec<Total>, StoreError> {
        self.sqlite.totals()
    }

    fn export(&self, filter: &Filter, visit: &mut dyn FnMut(Row)) -> Result<(), StoreError> {
        self.sqlite.export(filter, visit)
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

    fn deliver_until_closed(&self, sqlite: &Sqlite) {
        loop {
            let mut state = self.lock();
            while state.pending.is_empty() && !state.is_closing {
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if !state.is_closing {
                let closing = |state: &mut State| !state.is_closing;
                let gathered = self.wake.wait_timeout_while(state, GATHER, closing);
                state = gathered.unwrap_or_else(PoisonError::into_inner).0;
            }
            let is_closing = state.is_closing;
            drop(state);
            let delivered = self.deliver(sqlite);
            if let Err(error) = &delivered {
                tracing::error!(%error, "ledger rows wait in the journal: the database did not take them");
            }
            if is_closing {
                return;
            }
            if delivered.is_err() {
                std::thread::sleep(PAUSE_AFTER_FAILURE);
            }
        }
    }

    /// Moves the rows of the current segment to the database and removes it.
    fn deliver(&self, sqlite: &Sqlite) -> Result<(), StoreError> {
        let next_number = self.lock().segment.number + 1;
        let next = Segment::create(&self.directory, next_number)?;
        let (done, rows) = {
            let mut state = self.lock();
            (std::mem::replace(&mut state.segment, next), std::mem::take(&mut state.pending))
        };
        if let Err(error) = sqlite.insert(&rows) {
            // The old segment stays on disk. Its rows are tried again with the next batch, and at the next start.
            let mut state = self.lock();
            let newer = std::mem::replace(&mut state.pending, rows);
            state.pending.extend(newer);
            return Err(error);
        }
        if !done.has_unkept_rows {
            fs::remove_file(&done.path).map_err(|why| journal_error(&done.path, why))?;
        }
        Ok(())
    }
}

fn line_of(row: &Row) -> Vec<u8> {
    let json = serde_json::to_vec(row).expect("a row has no map with odd keys and no failing serializer");
    let mut line = format!("{:08x} ", crc32fast::hash(&json)).into_bytes();
    line.extend_from_slice(&json);
    line.push(b'\n');
    line
}

/// The segments of a directory with their numbers, oldest first.
fn segments(directory: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let listing = fs::read_dir(directory).map_err(|why| journal_error(directory, why))?;
    let mut found: Vec<_> = listing
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let is_segment = path.extension()? == EXTENSION;
            let number = path.file_stem()?.to_str()?.strip_prefix("ledger-")?.parse().ok()?;
            is_segment.then_some((number, path))
        })
        .collect();
    found.sort();
    Ok(found)
}

fn read_segment(path: &Path) -> Result<Vec<Row>, StoreError> {
    let bytes = fs::read(path).map_err(|why| journal_error(path, why))?;
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let rows: Vec<_> = lines.map(read_line).collect();
    let damaged = rows.iter().filter(|row| row.is_none()).count();
    if damaged > 0 {
        tracing::warn!(path = %path.display(), damaged, "journal lines were cut short and are left out");
    }
    Ok(rows.into_iter().flatten().collect())
}

fn read_line(line: &[u8]) -> Option<Row> {
    let (sum, json) = line.split_at_checked(9)?;
    let sum = u32::from_str_radix(std::str::from_utf8(&sum[..8]).ok()?, 16).ok()?;
    (crc32fast::hash(json) == sum).then(|| serde_json::from_slice(json).ok()).flatten()
}

fn journal_error(path: &Path, why: io::Error) -> StoreError {
    StoreError::Journal { path: path.display().to_string(), why }
}

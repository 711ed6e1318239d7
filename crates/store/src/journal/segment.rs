//! A segment of the journal: a file of lines, one for each row, that only grows.
//!
//! A line is eight hex digits of CRC-32, a space and the row as JSON. A last line cut short by a kill has a wrong sum and
//! belongs to an answer that nobody received whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::{Row, StoreError};

const EXTENSION: &str = "journal";
/// What a database will never take is kept in files that end so.
const REFUSED: &str = "refused";

/// One that is being written.
pub(super) struct Segment {
    pub number: u64,
    pub path: PathBuf,
    file: File,
    /// Whether the last write failed, and may have left half a line.
    is_torn: bool,
}

impl Segment {
    pub(super) fn create(directory: &Path, number: u64) -> Result<Self, StoreError> {
        let path = directory.join(format!("ledger-{number:08}.{EXTENSION}"));
        let file = File::options()
            .create_new(true)
            .append(true)
            .open(&path)
            .map_err(|why| journal_error(&path, why))?;
        Ok(Self { number, path, file, is_torn: false })
    }

    /// One write to the operating system.
    pub(super) fn append(&mut self, mut line: Vec<u8>) -> Result<(), StoreError> {
        if self.is_torn {
            line.insert(0, b'\n');
        }
        let written = self.file.write_all(&line);
        self.is_torn = written.is_err();
        written.map_err(|why| journal_error(&self.path, why))
    }
}

pub(super) fn line_of(row: &Row) -> Vec<u8> {
    let json = serde_json::to_vec(row).expect("a row has no map with odd keys and no failing serializer");
    let mut line = format!("{:08x} ", crc32fast::hash(&json)).into_bytes();
    line.extend_from_slice(&json);
    line.push(b'\n');
    line
}

/// The segments of a directory with their numbers, oldest first.
pub(super) fn segments(directory: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
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

/// The rows of a segment that is written no more.
pub(super) fn read(path: &Path) -> Result<Vec<Row>, StoreError> {
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

/// Removes one whose rows are in the database.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    fs::remove_file(path).map_err(|why| journal_error(path, why))
}

/// Keeps a row that the database will never take, for a person to look at. Returns where.
pub(super) fn set_aside(directory: &Path, row: &Row) -> Result<PathBuf, StoreError> {
    let path = directory.join(format!("ledger.{REFUSED}"));
    let failed = |why| journal_error(&path, why);
    let mut file = File::options().create(true).append(true).open(&path).map_err(failed)?;
    file.write_all(&line_of(row)).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(path)
}

pub(super) fn journal_error(path: &Path, why: io::Error) -> StoreError {
    StoreError::Journal { path: path.display().to_string(), why }
}

//! The port to the configuration: what an admin may ask of it. What loading it means is the binary's to know.

use paceway_domain::UnixMillis;

/// The way to the configuration of this process.
pub trait Configuration: Send + Sync {
    /// Loads it again because an operator asks. It reads files: not for a task that others wait behind.
    fn reload(&self) -> Attempt;

    /// What is in force.
    fn status(&self) -> Status;
}

/// An attempt to load the configuration again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub at: UnixMillis,
    /// Because of what: `file`, `signal` or `admin`.
    pub trigger: &'static str,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in force.
    Applied,
    /// It says what was in force already.
    Unchanged,
    /// It has these mistakes, each with its key, its value and what is allowed, and has changed nothing.
    Rejected(Vec<String>),
}

impl Outcome {
    /// Its name in answers and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Rejected(_) => "rejected",
        }
    }
}

/// The configuration in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its number: 1 at the start, one more with each that is applied.
    pub generation: u64,
    /// When it was loaded.
    pub loaded_at: UnixMillis,
    /// The file that it is read from, if there is one.
    pub file: Option<String>,
    /// Sentences on what of it comes into force at the next start only.
    pub needs_restart: Vec<String>,
    /// The last attempt to load it again.
    pub last: Option<Attempt>,
}

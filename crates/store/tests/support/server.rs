//! A PostgreSQL that a test starts for itself.
//!
//! Where there is none, a test says loudly that it did not run, and fails if `PACEWAY_TEST_REQUIRE` has `postgres` or `all`.
#![allow(dead_code, clippy::print_stdout, clippy::unwrap_used, missing_docs, unreachable_pub)] // Each test file uses its part.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

/// The server's life: see the file.
const SCRIPT: &str = include_str!("postgres.sh");
/// PostgreSQL refuses to run as root.
const AS_ANOTHER_USER: &str = r#"
    if [ "$(id -u)" != 0 ]; then exec sh -c "$1"; fi
    exec runuser -u "$(id -un postgres 2>/dev/null || echo nobody)" -- sh -c "$1"
"#;

/// A server that lives as long as this process, or shorter.
pub struct Server {
    pub directory: String,
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _child: Child,
}

impl Server {
    /// `None` where PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        let mut child = Command::new("sh")
            .args(["-c", AS_ANOTHER_USER, "sh", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let directory = line(&mut stdout);
        let talk = Mutex::new((child.stdin.take().unwrap(), stdout));
        (directory != "missing").then_some(Self { directory, talk, _child: child })
    }

    /// One of its own, for a test that kills it. As `database` where there is none.
    pub fn of_its_own() -> Option<Self> {
        let server = Self::start();
        if server.is_none() {
            missing();
        }
        server
    }

    pub fn url(&self) -> String {
        format!("postgres://paceway@/postgres?host={}", self.directory)
    }

    /// Kills all its processes, as kill -9 does.
    pub fn kill(&self) {
        self.tell("kill");
    }

    /// Starts it again, and returns when it serves.
    pub fn start_again(&self) {
        self.tell("start");
    }

    /// Makes it listen by TLS, at this port of localhost.
    pub fn with_tls(&self, port: u16) {
        self.tell(&format!("tls {port}"));
    }

    fn tell(&self, word: &str) {
        let mut talk = self.talk.lock().unwrap();
        writeln!(talk.0, "{word}").unwrap();
        assert_eq!(line(&mut talk.1), "done");
    }
}

fn line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    assert!(!line.is_empty(), "the server did not start: see above");
    line.trim().to_owned()
}

pub fn missing() {
    let required = variable("PACEWAY_TEST_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|name| name == "postgres" || name == "all"),
        "PostgreSQL is required and was not found"
    );
    println!(
        "SKIPPED: no PostgreSQL; install it (initdb and postgres) or set PACEWAY_TEST_POSTGRES_URL to one"
    );
}

#[allow(clippy::disallowed_methods)] // Tests have no configuration; how they run is told by the environment.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

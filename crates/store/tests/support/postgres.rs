//! A PostgreSQL for tests: the one that `PACEWAY_TEST_POSTGRES_URL` names, else one that is started for them.
//!
//! Where there is neither, a test says loudly that it did not run, and fails if `PACEWAY_TEST_REQUIRE` is `postgres` or `all`.
#![allow(dead_code, clippy::print_stdout, clippy::unwrap_used, missing_docs, unreachable_pub)] // Each test file uses its part.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use paceway_domain::Secret;
use paceway_store::SharedDatabase;

/// The server's life: see the file.
const SCRIPT: &str = include_str!("postgres.sh");
/// PostgreSQL refuses to run as root.
const AS_ANOTHER_USER: &str = r#"
    if [ "$(id -u)" != 0 ]; then exec sh -c "$1"; fi
    exec runuser -u "$(id -un postgres 2>/dev/null || echo nobody)" -- sh -c "$1"
"#;

static SERVER: OnceLock<Option<Server>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// An empty database of its own.
pub struct Database {
    pub url: String,
    name: String,
}

impl Database {
    /// As a node of this name sees it.
    pub fn shared(&self, node: &str) -> SharedDatabase {
        SharedDatabase { url: Secret::new(self.url.clone()), node: node.into() }
    }

    pub fn client(&self) -> postgres::Client {
        postgres::Client::connect(&self.url, postgres::NoTls).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let administer = |url: String| {
            let mut client = postgres::Client::connect(&url, postgres::NoTls).ok()?;
            client.batch_execute(&format!("drop database if exists {} with (force)", self.name)).ok()
        };
        if variable("PACEWAY_TEST_POSTGRES_URL").is_some() {
            administer(with_database(&base(), "postgres"));
        }
    }
}

/// An empty database, or `None` where there is no PostgreSQL.
pub fn database() -> Option<Database> {
    if variable("PACEWAY_TEST_POSTGRES_URL").is_none() && server().is_none() {
        missing();
        return None;
    }
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    let name = format!("paceway_test_{}_{number}", std::process::id());
    let mut client = postgres::Client::connect(&with_database(&base(), "postgres"), postgres::NoTls).unwrap();
    client.batch_execute(&format!("create database {name}")).unwrap();
    Some(Database { url: with_database(&base(), &name), name })
}

fn missing() {
    let required = variable("PACEWAY_TEST_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|name| name == "postgres" || name == "all"),
        "PostgreSQL is required and was not found"
    );
    println!(
        "SKIPPED: no PostgreSQL; install it (initdb and postgres) or set PACEWAY_TEST_POSTGRES_URL to one"
    );
}

/// The server's URL, whatever its database.
fn base() -> String {
    variable("PACEWAY_TEST_POSTGRES_URL").unwrap_or_else(|| server().unwrap().url())
}

fn with_database(base: &str, name: &str) -> String {
    let (front, query) = base.split_once('?').unwrap_or((base, ""));
    let (scheme, rest) = front.split_once("://").unwrap();
    let authority = rest.split('/').next().unwrap();
    format!("{scheme}://{authority}/{name}?{query}")
}

fn server() -> Option<&'static Server> {
    SERVER.get_or_init(Server::start).as_ref()
}

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

    /// One of its own, for a test that kills it. As [`database`] where there is none.
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

#[allow(clippy::disallowed_methods)] // Tests have no configuration; how they run is told by the environment.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

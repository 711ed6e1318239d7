//! A real `paceway` process, a simulated provider, and a client, over real sockets.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)] // Each test file uses its part.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use paceway_domain::{Failure, RequestId};
use paceway_sandbox::{Sandbox, Settings};
use paceway_store::{Access, Row};
use paceway_upstream::{Answer, Call, HttpUpstream, Timeouts, Upstream};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};

/// The provider key in every test: it must never be seen anywhere.
pub const PROVIDER_KEY: &str = "sk-test-provider-secret-0123456789";
/// Long enough for a loaded machine; nothing waits for it that goes well.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A running `paceway serve`.
pub struct Paceway {
    pub address: SocketAddr,
    /// Where its admin API listens.
    pub admin: SocketAddr,
    /// The virtual key that it printed, if it made one.
    pub key: Option<String>,
    /// What it printed until it was ready.
    pub printed: String,
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    log: PathBuf,
}

impl Paceway {
    /// Starts with its data and its log in `directory` and waits until it serves.
    pub async fn start(directory: &Path, config: &str) -> Self {
        Self::start_with(directory, config, &[]).await
    }

    pub async fn start_with(directory: &Path, config: &str, environment: &[(&str, &str)]) -> Self {
        let config_file = directory.join("paceway.toml");
        fs::write(&config_file, config).unwrap();
        let log = directory.join("log");
        let mut child = paceway(directory)
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&config_file)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(fs::File::options().create(true).append(true).open(&log).unwrap())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut printed, mut address, mut admin, mut key) = (String::new(), None, None, None);
        loop {
            let line = tokio::time::timeout(PATIENCE, stdout.next_line()).await.unwrap().unwrap();
            let Some(line) = line else {
                panic!("it did not start: {printed}{}", fs::read_to_string(&log).unwrap())
            };
            writeln!(printed, "{line}").unwrap();
            if let Some((_, shown)) = line.split_once("listens on http://") {
                address = Some(shown.parse().unwrap());
            }
            if let Some(shown) = line.strip_prefix("  admin      http://") {
                admin = Some(shown.trim_end_matches("/admin").parse().unwrap());
            }
            if line.trim_start().starts_with("pw_") {
                key = Some(line.trim().to_owned());
            }
            if line.starts_with("  keys") || line.trim_start().starts_with("-d '{") {
                break;
            }
        }
        Self { address: address.unwrap(), admin: admin.unwrap(), key, printed, child, stdout, log }
    }

    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn admin_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.admin)
    }

    /// Asks its admin API with this token.
    pub async fn administer(&self, token: &str, method: Method, path: &str, body: impl Into<Bytes>) -> Reply {
        let bearer = format!("Bearer {token}");
        send(method, &self.admin_url(path), &[("authorization", &bearer)], body).await.unwrap()
    }

    /// SIGKILL, which no process can prepare for.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// SIGTERM.
    pub async fn ask_to_stop(&self) {
        self.signal("TERM").await;
    }

    /// Any signal.
    pub async fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id().unwrap());
        assert!(Command::new("sh").args(["-c", &kill]).status().await.unwrap().success());
    }

    /// SIGTERM, then its orderly end; returns what else it printed.
    pub async fn stop(mut self) -> String {
        self.ask_to_stop().await;
        let mut rest = String::new();
        while let Some(line) = self.stdout.next_line().await.unwrap() {
            writeln!(rest, "{line}").unwrap();
        }
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        assert!(status.success(), "{status}: {}", self.log());
        rest
    }

    /// Sends to one of its model endpoints with its key, in the dialect of the path.
    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> Reply {
        let bearer = format!("Bearer {}", self.key());
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("anthropic-version", "2026-10-21"),
        ];
        send(Method::POST, &self.url(path), &headers, body).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Reply {
        let bearer = format!("Bearer {}", self.key());
        send(Method::GET, &self.url(path), &[("authorization", &bearer)], "").await.unwrap()
    }
}

/// The binary, with an empty environment, data and home in `directory`.
pub fn paceway(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paceway"));
    command.env_clear().env("HOME", directory).stdin(Stdio::null()).kill_on_drop(true);
    // Tests run beside each other.
    command.env("PACEWAY_ADMIN__LISTEN", "127.0.0.1:0");
    command
}

/// Runs a command to its end.
pub async fn run(directory: &Path, arguments: &[&str]) -> Output {
    tokio::time::timeout(PATIENCE, paceway(directory).args(arguments).output()).await.unwrap().unwrap()
}

/// Runs a command that must fail and returns what it says, which must not be a panic or a debug print.
pub async fn run_wrong(directory: &Path, arguments: &[&str]) -> String {
    let output = run(directory, arguments).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("paceway: ") && !said.contains("panicked"), "{said}");
    said
}

/// Where a process with this `HOME` keeps its data.
pub fn data_dir(directory: &Path) -> PathBuf {
    directory.join(".local/share/paceway")
}

/// The token of the owner of the data directory.
pub fn admin_token(directory: &Path) -> String {
    fs::read_to_string(data_dir(directory).join("admin.token")).unwrap()
}

/// The ledger row of a request, as far as it has reached the database.
pub fn row(directory: &Path, request_id: &str) -> Option<Row> {
    let store = paceway_store::open(&data_dir(directory), Access::Administer).unwrap();
    let id: RequestId = serde_json::from_value(Value::String(request_id.to_owned())).unwrap();
    store.ledger.find(&id).unwrap().into_iter().next()
}

/// A simulated provider in this process.
pub async fn provider(settings: Settings) -> (Sandbox, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sandbox = Sandbox::new(settings);
    tokio::spawn(sandbox.clone().serve(listener, std::future::pending()));
    (sandbox, address)
}

/// Configuration for a provider at this address, under both dialects.
pub fn providers_at(address: SocketAddr) -> String {
    format!(
        "[providers.anthropic]\nbase_url = \"http://{address}\"\napi_key = \"{PROVIDER_KEY}\"\n\
         [providers.openai]\nbase_url = \"http://{address}/v1\"\napi_key = \"{PROVIDER_KEY}\"\n"
    )
}

/// A whole answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {:?}", self.headers)).to_str().unwrap()
    }

    pub fn id(&self) -> &str {
        self.header("x-paceway-request-id")
    }
}

pub fn client() -> HttpUpstream {
    HttpUpstream::new(Timeouts {
        connect: PATIENCE,
        headers: PATIENCE,
        first_byte: PATIENCE,
        idle: PATIENCE,
        total: PATIENCE * 5,
        low_speed: None,
    })
}

pub fn call(method: Method, url: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Call {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap()))
        .collect();
    Call { method, uri: url.parse().unwrap(), headers, body: body.into() }
}

/// One request on a connection of its own, to its end.
pub async fn send(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<Reply, Failure> {
    let Answer { status, headers, body } = client().call(call(method, url, headers, body)).await?;
    Ok(Reply { status: status.as_u16(), headers, body: body.collect(usize::MAX).await? })
}

/// Asks again and again, until the answer is the one that is waited for or patience ends.
pub async fn until(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    let asking = async {
        while !ask().await {
            pace.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// Looks again and again, until it is so or patience ends.
pub async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    let looking = async {
        loop {
            pace.tick().await;
            if let Some(seen) = look() {
                return seen;
            }
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("never: {what}"))
}

/// Asks again and again, until it is so or patience ends.
pub async fn eventually_async<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    let looking = async {
        loop {
            pace.tick().await;
            if let Some(seen) = look().await {
                return seen;
            }
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("never: {what}"))
}

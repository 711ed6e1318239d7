//! Clients over plain sockets, so that they cost as little as they can beside what they measure.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use crate::upstream::{Dialect, Kind};

/// What is sent, and what the answer must hold.
#[derive(Clone)]
pub(crate) struct Request {
    address: SocketAddr,
    bytes: Arc<[u8]>,
    /// Of a whole answer's end.
    last: &'static str,
}

impl Request {
    /// A request of about 1 kB, as an SDK sends it.
    pub(crate) fn new(address: SocketAddr, key: &str, dialect: Dialect, kind: Kind) -> Self {
        let stream = kind != Kind::Whole;
        let text = "Tell me in a few sentences why queues form. ".repeat(15);
        let model = dialect.model();
        let bound = match dialect {
            Dialect::Anthropic => "max_tokens",
            Dialect::OpenAi => "max_completion_tokens",
        };
        let body = format!(
            r#"{{"model":"{model}","{bound}":1024,"stream":{stream},"messages":[{{"role":"user","content":"{text}"}}]}}"#
        );
        Self::with_body(address, key, dialect, kind, body.as_bytes())
    }

    /// A request with this body, as an SDK sends it.
    pub(crate) fn with_body(
        address: SocketAddr,
        key: &str,
        dialect: Dialect,
        kind: Kind,
        body: &[u8],
    ) -> Self {
        let path = match dialect {
            Dialect::Anthropic => "/v1/messages",
            Dialect::OpenAi => "/v1/chat/completions",
        };
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\naccept: application/json\r\ncontent-type: application/json\r\n\
             user-agent: Anthropic/Python 2.13.0\r\nanthropic-version: 2026-10-21\r\nauthorization: Bearer {key}\r\n\
             x-stainless-lang: python\r\nx-stainless-package-version: 2.13.0\r\nx-stainless-os: Linux\r\n\
             x-stainless-arch: x64\r\nx-stainless-runtime: CPython\r\nx-stainless-runtime-version: 3.11.7\r\n\
             x-stainless-retry-count: 0\r\naccept-encoding: gzip, deflate\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let last = if kind == Kind::Whole { "}" } else { dialect.last_event() };
        Self { address, bytes: [head.as_bytes(), body].concat().into(), last }
    }
}

struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(32 * 1024) })
    }

    /// Asks and reads the answer to its end.
    async fn ask(&mut self, request: &Request) -> Result<()> {
        self.stream.write_all(&request.bytes).await?;
        self.received.clear();
        while !self.is_whole()? {
            ensure!(self.stream.read_buf(&mut self.received).await? > 0, "the connection was closed");
        }
        let answer = std::str::from_utf8(&self.received)?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "not answered: {answer}");
        ensure!(answer.contains(request.last), "not the whole answer: {answer}");
        Ok(())
    }

    fn is_whole(&self) -> Result<bool> {
        let Some(head) = memmem::find(&self.received, b"\r\n\r\n") else { return Ok(false) };
        let text = std::str::from_utf8(&self.received[..head])?.to_ascii_lowercase();
        if text.contains("transfer-encoding: chunked") {
            return Ok(self.received.ends_with(b"0\r\n\r\n"));
        }
        let Some((_, length)) = text.split_once("content-length: ") else { bail!("no length: {text}") };
        let length: usize = length.lines().next().unwrap_or_default().trim().parse()?;
        Ok(self.received.len() >= head + 4 + length)
    }
}

/// Asks `count` times over so many connections, each of which asks again as soon as it is answered.
pub(crate) async fn closed(request: &Request, count: u32, connections: u32) -> Result<()> {
    let asked = Arc::new(AtomicU32::new(0));
    let mut asking = JoinSet::new();
    for _ in 0..connections {
        let (request, asked) = (request.clone(), Arc::clone(&asked));
        asking.spawn(async move {
            let mut connection = Connection::open(request.address).await?;
            while asked.fetch_add(1, Ordering::Relaxed) < count {
                connection.ask(&request).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = asking.join_next().await {
        ended??;
    }
    Ok(())
}

/// Latencies of one round, in microseconds.
pub(crate) struct Latencies {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// Asks at a steady rate, whether answers come or not; each latency counts from when its request was handed out.
pub(crate) async fn steady(request: &Request, per_second: u32, during: Duration) -> Result<Latencies> {
    let idle: Arc<Mutex<Vec<Connection>>> = Arc::default();
    let (hand_out, mut handed_out) = mpsc::channel(1_000);
    // A thread of its own: the runtime's timers are no finer than a millisecond.
    let pacer = std::thread::spawn(move || pace(per_second, during, &hand_out));
    let mut asking = JoinSet::new();
    while let Some(due) = handed_out.recv().await {
        let (request, idle) = (request.clone(), Arc::clone(&idle));
        asking.spawn(async move {
            let free = idle.lock().await.pop();
            let mut connection = match free {
                Some(connection) => connection,
                None => Connection::open(request.address).await?,
            };
            connection.ask(&request).await?;
            let latency = due.elapsed();
            idle.lock().await.push(connection);
            anyhow::Ok(latency)
        });
    }
    let mut latencies = Vec::new();
    while let Some(latency) = asking.join_next().await {
        latencies.push(latency??.as_secs_f64() * 1e6);
    }
    ensure!(pacer.join().is_ok() && !latencies.is_empty(), "nothing was sent");
    latencies.sort_by(f64::total_cmp);
    let at = |share: usize| latencies[(latencies.len() - 1) * share / 100];
    Ok(Latencies { p50: at(50), p99: at(99) })
}

/// Hands out moments on a fixed schedule, which a late one does not shift.
fn pace(per_second: u32, during: Duration, hand_out: &mpsc::Sender<Instant>) {
    let start = Instant::now();
    let count = u32::try_from(during.as_secs()).unwrap_or(1) * per_second;
    for number in 0..count {
        let due = start + Duration::from_secs(1) / per_second * number;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if hand_out.blocking_send(Instant::now()).is_err() {
            return;
        }
    }
}

//! The processes that are measured.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdout, Command};

use crate::upstream::{Dialect, Kind};

/// Something that answers.
pub(crate) trait Target {
    /// Where.
    fn address(&self) -> SocketAddr;
    /// With which key.
    fn key(&self) -> &str;
    /// The CPU time that it has used so far.
    fn cpu(&self) -> Result<Duration>;
}

/// The fixed-answer upstream.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    process: Child,
}

pub(crate) async fn start_upstream(kind: Kind, dialect: Dialect) -> Result<Upstream> {
    let mut process = Command::new(std::env::current_exe()?)
        .args(["upstream", kind.name(), dialect.name()])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = lines(&mut process)?;
    let line = lines.next_line().await?.context("the upstream did not start")?;
    Ok(Upstream { address: address_in(&line).context("no address")?, process })
}

impl Target for Upstream {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn key(&self) -> &'static str {
        "any"
    }

    fn cpu(&self) -> Result<Duration> {
        cpu_of(self.process.id().context("the upstream ended")?)
    }
}

/// nginx with one worker, connections to the upstream kept, no log and no buffering.
pub(crate) struct Nginx {
    address: SocketAddr,
    process: Child,
    _directory: TempDir,
}

impl Nginx {
    pub(crate) async fn start(upstream: SocketAddr) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let address = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
        let root = directory.path().display();
        let config = format!(
            "worker_processes 1; daemon off; pid {root}/pid; error_log {root}/error.log warn;
             events {{ worker_connections 4096; }}
             http {{
               access_log off; tcp_nodelay on; keepalive_requests 1000000;
               client_body_temp_path {root}/body; proxy_temp_path {root}/proxy; fastcgi_temp_path {root}/fastcgi;
               uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;
               upstream provider {{ server {upstream}; keepalive 256; keepalive_requests 1000000; }}
               server {{
                 listen {address};
                 location / {{
                   proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection \"\";
                   proxy_buffering off; client_max_body_size 32m;
                 }}
               }}
             }}"
        );
        let file = directory.path().join("nginx.conf");
        fs::write(&file, config)?;
        let process = Command::new("nginx")
            .arg("-p")
            .arg(directory.path())
            .arg("-c")
            .arg(&file)
            .kill_on_drop(true)
            .spawn()
            .context("nginx could not be started: install it (Debian: nginx-light)")?;
        let started = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            ensure!(started.elapsed() < Duration::from_secs(10), "nginx does not listen");
            tokio::task::yield_now().await;
        }
        Ok(Self { address, process, _directory: directory })
    }
}

impl Target for Nginx {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn key(&self) -> &'static str {
        "any"
    }

    fn cpu(&self) -> Result<Duration> {
        let master = self.process.id().context("nginx ended")?;
        let workers = fs::read_to_string(format!("/proc/{master}/task/{master}/children"))?;
        let mut spent = cpu_of(master)?;
        for worker in workers.split_whitespace() {
            spent += cpu_of(worker.parse()?)?;
        }
        Ok(spent)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // A killed master leaves its worker behind; one that is asked takes it along, if it is given the time.
        let Some(id) = self.process.id() else { return };
        let _asked = std::process::Command::new("kill").arg(id.to_string()).status();
        let asked = Instant::now();
        while matches!(self.process.try_wait(), Ok(None)) && asked.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Paceway with a key, limits, its ledger on disk and metrics.
pub(crate) struct Paceway {
    address: SocketAddr,
    key: String,
    process: Child,
    started: Instant,
    _stdout: Lines<BufReader<ChildStdout>>,
    _directory: TempDir,
}

impl Paceway {
    pub(crate) async fn start(upstream: SocketAddr) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let limits = "models = [\"*\"]\nrequests_per_minute = 100000000\ninput_tokens_per_minute = 10000000000\n\
                      output_tokens_per_minute = 10000000000\nconcurrency = 10000\n";
        let config = format!(
            "[log]\nlevel = \"warn\"\n[admin]\nlisten = \"\"\n\
             [providers.anthropic]\nbase_url = \"http://{upstream}\"\napi_key = \"k\"\n\
             [[providers.anthropic.limits]]\n{limits}\
             [providers.openai]\nbase_url = \"http://{upstream}/v1\"\napi_key = \"k\"\n\
             [[providers.openai.limits]]\n{limits}"
        );
        let file = directory.path().join("paceway.toml");
        fs::write(&file, config)?;
        let started = Instant::now();
        let mut process = Command::new(binary()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(directory.path())
            .arg("--config")
            .arg(&file)
            .env_clear()
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = lines(&mut process)?;
        let (mut address, mut key) = (None, None);
        while let (None, Some(line)) = (&key, lines.next_line().await?) {
            address = address.or_else(|| address_in(&line));
            key = line.trim().starts_with("pw_").then(|| line.trim().to_owned());
        }
        let (address, key) = (address.context("Paceway did not start")?, key.context("no key was printed")?);
        Ok(Self { address, key, process, started, _stdout: lines, _directory: directory })
    }

    /// Since the process was started.
    pub(crate) fn since_start(&self) -> Duration {
        self.started.elapsed()
    }

    /// Memory in RAM, as the system counts it.
    pub(crate) fn resident_mib(&self) -> Result<f64> {
        let id = self.process.id().context("Paceway ended")?;
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
        Ok(kib / 1024.0)
    }
}

impl Target for Paceway {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn key(&self) -> &str {
        &self.key
    }

    fn cpu(&self) -> Result<Duration> {
        cpu_of(self.process.id().context("Paceway ended")?)
    }
}

/// The release binary beside this one.
pub(crate) fn binary() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("paceway");
    ensure!(path.exists(), "{} is not built: use `just bench`", path.display());
    Ok(path)
}

pub(crate) fn lines(process: &mut Child) -> Result<Lines<BufReader<ChildStdout>>> {
    Ok(BufReader::new(process.stdout.take().context("no standard output")?).lines())
}

pub(crate) fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, address) = line.split_once("listens on http://")?;
    address.split([';', ' ']).next()?.trim().parse().ok()
}

/// The CPU time of all threads of a process, from the scheduler's own count in nanoseconds
/// (docs.kernel.org/scheduler/sched-stats.html). Threads that ended are not in it; none does here.
fn cpu_of(process: u32) -> Result<Duration> {
    let mut nanos = 0;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let stat = fs::read_to_string(task?.path().join("schedstat"))?;
        nanos += stat.split_whitespace().next().context("schedstat is empty")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanos))
}

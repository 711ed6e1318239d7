//! The processes of one run: simulated providers, and Paceway in front of them for the clients that use it.

use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::targets::{address_in, binary, lines};
use crate::wire;

/// A process that listens; it is killed with this value.
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    _child: Child,
    _stdout: Lines<BufReader<ChildStdout>>,
}

async fn start(command: &mut Command) -> Result<Process> {
    // Several run beside each other.
    command.env_clear().env("PACEWAY_ADMIN__LISTEN", "127.0.0.1:0");
    let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut stdout = lines(&mut child)?;
    while let Some(line) = stdout.next_line().await? {
        if let Some(address) = address_in(&line) {
            return Ok(Process { address, _child: child, _stdout: stdout });
        }
    }
    anyhow::bail!("{command:?} did not start")
}

/// The simulated provider.
pub(crate) struct Provider(Process);

impl Provider {
    pub(crate) async fn start() -> Result<Self> {
        start(Command::new(binary()?).args(["sandbox", "--port", "0"])).await.map(Self)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address
    }

    pub(crate) async fn set(&self, settings: &Value) -> Result<()> {
        let body = settings.to_string();
        let answer = self.send("PUT", "/sandbox/settings", &body).await?;
        ensure!(answer.status == 204, "the sandbox refuses its settings: {body}");
        Ok(())
    }

    pub(crate) async fn stats(&self) -> Result<Value> {
        let answer = self.send("GET", "/sandbox/stats", "").await?;
        serde_json::from_slice(&answer.body).context("the sandbox's stats")
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> Result<wire::Answer> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        Ok(wire::call(self.address(), request.as_bytes(), false).await?)
    }
}

/// Paceway with so many keys.
pub(crate) struct Gateway {
    pub(crate) process: Process,
    pub(crate) keys: Vec<String>,
    _directory: TempDir,
}

impl Gateway {
    pub(crate) async fn start(config: &str, keys: usize) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let file = directory.path().join("paceway.toml");
        fs::write(&file, config)?;
        let common = |arguments: &[&str]| -> Result<Command> {
            let mut command = Command::new(binary()?);
            command.args(arguments).arg("--config").arg(&file).arg("--data-dir").arg(directory.path());
            Ok(command)
        };
        let mut made_keys = Vec::new();
        for number in 0..keys {
            let name = format!("tenant-{number}");
            let made = common(&["keys", "create", "--name", &name])?.env_clear().output().await?;
            ensure!(made.status.success(), "no key: {}", String::from_utf8_lossy(&made.stderr));
            made_keys.push(String::from_utf8(made.stdout)?.trim().to_owned());
        }
        let process = start(&mut common(&["serve", "--listen", "127.0.0.1:0"])?).await?;
        Ok(Self { process, keys: made_keys, _directory: directory })
    }
}

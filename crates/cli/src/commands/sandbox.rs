//! `paceway sandbox`: the simulated provider alone.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use paceway_sandbox::{Sandbox, Settings};
use tokio::net::TcpListener;

use super::{runtime, say};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Port to listen on, on 127.0.0.1; 0 picks a free one
    #[arg(long, default_value_t = 4143)]
    port: u16,
    /// Settings as TOML: seed, limits, latency, output, faults such as `[faults] server_error = 0.01`
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

pub(super) fn run(options: &Options) -> Result<()> {
    let settings: Settings = match &options.settings {
        None => Settings::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            toml::from_str(&text).with_context(|| path.display().to_string())?
        }
    };
    runtime()?.block_on(async {
        let address = SocketAddr::from(([127, 0, 0, 1], options.port));
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}: choose another port with --port"))?;
        say(format_args!("A simulated provider listens on http://{}; no model is behind it.", listener.local_addr()?));
        say("It speaks Anthropic's, OpenAI's, Gemini's, Bedrock's and Cohere's APIs at their own paths; any key will do.");
        say("Counts: GET /sandbox/stats.");
        Sandbox::new(settings).serve(listener, std::future::pending()).await?;
        Ok(())
    })
}

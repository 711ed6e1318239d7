//! `paceway demo`: the same overload twice, straight at a simulated provider and through Paceway.
//!
//! Both runs have a provider of their own with the same seed and the same limits, the same requests and the same client
//! with the official SDKs' retry rules. Only the address differs.

mod client;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use indicatif::{ProgressBar, ProgressStyle};
use paceway_domain::{Clock, Counted, Dialect, Secret};
use paceway_gateway::clock::RuntimeClock;
use paceway_gateway::lane::PoolSettings;
use paceway_gateway::platform::Platform;
use paceway_gateway::provider::{ProviderSettings, Way};
use paceway_policy::routing::Candidate;
use paceway_sandbox::{Sandbox, Settings, Stats};
use paceway_scheduler::{Limits, Rate};
use paceway_store::Access;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use self::client::{Client, Outcome};
use super::{runtime, say};
use crate::config::{self, Config};
use crate::{admin, house, log, providers};

/// The provider's limits: a small tier's, with a burst that a real provider would allow.
const REQUESTS_PER_MINUTE: u64 = 600;
const INPUT_TOKENS_PER_MINUTE: u64 = 200_000;
const BURST_S: u64 = 5;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Requests in the batch, all sent at once
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=1000))]
    requests: u32,
    /// Where chance begins
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(options: &Options) -> Result<()> {
    log::start("error");
    let config = config::defaults();
    // Declared before the runtime, so that it outlives every task that writes into it.
    let directory = tempfile::tempdir().context("no temporary directory for the demo's ledger")?;
    runtime()?.block_on(compare(&config, options, directory.path()))
}

async fn compare(config: &Config, options: &Options, directory: &Path) -> Result<()> {
    let count = options.requests;
    say(format_args!(
        "{count} requests at once to a simulated provider that allows {REQUESTS_PER_MINUTE} a minute and at most {} at \
         once.\nNo model is called. Both clients retry as the official SDKs do: twice, after the wait that was asked for.\n",
        REQUESTS_PER_MINUTE * BURST_S / 60,
    ));
    let direct = {
        let provider = Provider::start(options.seed).await?;
        let client = Client::new("any", options.seed);
        let tally = batch("directly", client, provider.address, count).await?;
        (tally, provider.sandbox.stats())
    };
    let paced = {
        let provider = Provider::start(options.seed).await?;
        let gateway = Gateway::start(config, &provider, directory).await?;
        let client = Client::new(gateway.key.reveal(), options.seed);
        let tally = batch("through Paceway", client, gateway.address, count).await?;
        (tally, provider.sandbox.stats())
    };
    say(format_args!("\n{}", table(&direct, &paced)));
    say(
        "\nA wasted call is one that the provider refused. Directly, what failed is lost: the script has to notice and run \
         again.",
    );
    Ok(())
}

/// What became of a batch.
#[derive(Debug, Default)]
struct Tally {
    answered: u32,
    failed: u32,
    refusals_seen: u32,
    took: Duration,
}

async fn batch(name: &'static str, client: Client, address: SocketAddr, count: u32) -> Result<Tally> {
    let bar = ProgressBar::new(count.into()).with_prefix(name).with_style(
        ProgressStyle::with_template("{prefix:>16} {wide_bar} {pos:>4}/{len} {msg} {elapsed:>4}")
            .context("the progress bar's template")?,
    );
    bar.enable_steady_tick(Duration::from_millis(100));
    let clock = RuntimeClock::new();
    let start = clock.now();
    let client = Arc::new(client);
    let mut asking = JoinSet::new();
    for number in 0..count {
        let client = Arc::clone(&client);
        asking.spawn(async move { client.ask(address, number).await });
    }
    let mut tally = Tally::default();
    while let Some(outcome) = asking.join_next().await {
        let Outcome { is_answered, refusals } = outcome?;
        let counter = if is_answered { &mut tally.answered } else { &mut tally.failed };
        *counter += 1;
        tally.refusals_seen += refusals;
        bar.inc(1);
        bar.set_message(format!("{} failed", tally.failed));
    }
    tally.took = clock.now().since(start);
    bar.abandon();
    // The bar leaves the cursor behind itself.
    if bar.is_hidden() {
        say(format_args!("{name}: done in {:.1} s", tally.took.as_secs_f64()));
    } else {
        say("");
    }
    if tally.answered + tally.failed != count {
        bail!("{count} requests were sent and {} ended", tally.answered + tally.failed);
    }
    Ok(tally)
}

fn table(direct: &(Tally, Stats), paced: &(Tally, Stats)) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["", "DIRECTLY", "THROUGH PACEWAY"]);
    let columns = [direct, paced];
    let mut row = |name: &str, of: &dyn Fn(&(Tally, Stats)) -> String| {
        let mut cells = vec![name.to_owned()];
        cells.extend(columns.iter().map(|column| of(column)));
        table.add_row(cells);
    };
    row("answered", &|(tally, _)| tally.answered.to_string());
    row("failed", &|(tally, _)| tally.failed.to_string());
    row("429s seen", &|(tally, _)| tally.refusals_seen.to_string());
    row("wasted calls", &|(_, stats)| stats.refused.to_string());
    row("time", &|(tally, _)| format!("{:.1} s", tally.took.as_secs_f64()));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A simulated provider on a port of its own.
struct Provider {
    sandbox: Sandbox,
    address: SocketAddr,
    task: AbortHandle,
}

impl Provider {
    async fn start(seed: u64) -> Result<Self> {
        let limits = paceway_sandbox::Limits {
            requests_per_minute: REQUESTS_PER_MINUTE,
            input_tokens_per_minute: INPUT_TOKENS_PER_MINUTE,
            burst_s: BURST_S as f64,
            ..paceway_sandbox::Limits::default()
        };
        let sandbox = Sandbox::new(Settings { seed, limits, ..Settings::default() });
        let (listener, address) = free_port().await?;
        let serving = sandbox.clone().serve(listener, std::future::pending());
        Ok(Self { sandbox, address, task: tokio::spawn(serving).abort_handle() })
    }

    /// The provider as somebody would configure it who knows its limits.
    fn settings(&self) -> Result<ProviderSettings> {
        let rates = vec![
            (Counted::Requests, Rate::per_minute(REQUESTS_PER_MINUTE, BURST_S)),
            (Counted::Input, Rate::per_minute(INPUT_TOKENS_PER_MINUTE, BURST_S)),
        ];
        let charging = providers::charging_of(Dialect::Anthropic);
        let limits = Limits { rates, ..Limits::unknown(charging) };
        Ok(ProviderSettings {
            candidate: Candidate {
                name: "simulated".into(),
                catalogue: Dialect::Anthropic.name().into(),
                serves: vec!["*".into()],
            },
            ways: vec![Way {
                dialect: Dialect::Anthropic,
                base_url: format!("http://{}", self.address).parse()?,
            }],
            platform: Platform::Direct,
            keys: providers::only_key(Dialect::Anthropic, "any"),
            charging,
            only_max_tokens: false,
            rerank: None,
            region: None,
            is_simulated: true,
            tier: None,
            admin: None,
            pools: vec![PoolSettings { models: vec!["*".into()], limits }],
        })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Paceway as `paceway serve` runs it.
struct Gateway {
    address: SocketAddr,
    key: Secret,
    task: AbortHandle,
    _running: house::Running,
}

impl Gateway {
    async fn start(config: &Config, provider: &Provider, directory: &Path) -> Result<Self> {
        let store = paceway_store::open(directory, Access::Serve)?;
        let key = house::create_key(store.keys.as_ref(), "demo", house::wall_clock())?;
        let running = house::build(
            config,
            &store,
            &admin::token(directory)?,
            (vec![provider.settings()?], Arc::default()),
        )?;
        let (listener, address) = free_port().await?;
        let router = paceway_server::router(running.house.clone());
        let house = running.house.clone();
        let serving = paceway_server::serve(listener, router, house, std::future::pending());
        let task = tokio::spawn(serving).abort_handle();
        Ok(Self { address, key, task, _running: running })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn free_port() -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port on 127.0.0.1")?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

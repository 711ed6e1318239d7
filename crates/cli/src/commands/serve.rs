//! `paceway serve`: the main job.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use paceway_domain::Secret;
use paceway_gateway::models;
use paceway_policy::pricing::PriceBook;
use paceway_server::{Configuration, House};
use paceway_store::{Access, Store};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Common, runtime, say, shown};
use crate::config::Config;
use crate::reload::{self, Origin, Reloader};
use crate::{admin, house, log, prices, providers};

/// Models that make a good first request, cheapest first.
const FIRST_MODELS: [&str; 4] =
    ["claude-haiku-5-5", "gpt-5-nano", "gemini-2.5-flash-lite", "mistral-small-latest"];

#[derive(Debug, Default, Args)]
pub(super) struct Options {
    /// Address and port to listen on [default: 127.0.0.1:4141]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

pub(super) fn run(common: &Common, options: &Options) -> Result<()> {
    let mut config = common.load()?;
    let origin =
        Origin { file: common.config.clone(), listen: options.listen, data_dir: common.data_dir.clone() };
    origin.lay_over(&mut config);
    let level = log::start(&config.log.level);
    for warning in crate::config::warnings(&config) {
        tracing::warn!("{warning}");
    }
    let prices = Arc::new(prices::load(&config)?);
    let (store, directory) = common.open(&config, Access::Serve)?;
    runtime()?.block_on(serve(&config, prices, &store, &directory, origin, level))
}

async fn serve(
    config: &Config,
    prices: Arc<PriceBook>,
    store: &Store,
    directory: &std::path::Path,
    origin: Origin,
    level: log::Level,
) -> Result<()> {
    // From here on an early SIGTERM is an orderly end too, and a SIGHUP no end at all.
    let stop = stop_signal()?;
    let hang_up = signal(SignalKind::hangup())?;
    let mut providers = providers::in_use(config)?;
    for sentence in prices::warnings(config, &providers, &prices, house::wall_clock()) {
        tracing::warn!("{sentence}");
    }
    let simulation = if providers.is_empty() {
        let (simulated, task) = providers::simulated().await?;
        providers = simulated;
        Some(task)
    } else {
        None
    };
    let names: Vec<_> = providers.iter().map(|provider| provider.candidate.name.clone()).collect();
    let listener = listen(config.server.listen).await?;
    let address = listener.local_addr()?;
    let admin_listener = listen_to_admins(&config.admin.listen).await?;
    let admin_address = admin_listener.as_ref().map(TcpListener::local_addr).transpose()?;
    let first_key = first_key(store)?;
    admin::note_addresses(directory, address, admin_address)?;
    let mut running = house::build(config, store, &admin::token(directory)?, (providers.clone(), prices))?;
    let live = Arc::clone(&running.live);
    let reloader = Arc::new(Reloader::new(origin, config.clone(), providers, live, level));
    running.house.configuration = Some(Arc::clone(&reloader) as Arc<dyn Configuration>);
    running.tasks.push(tokio::spawn(reload::at_signal(Arc::clone(&reloader), hang_up)));
    running.tasks.push(tokio::spawn(reload::at_change(reloader)));
    say(format_args!("Paceway {} listens on http://{address}", env!("CARGO_PKG_VERSION")));
    if let Some(address) = admin_address {
        say(format_args!("  admin      http://{address}/admin"));
    }
    say(format_args!("  data       {}", shown(directory)));
    if simulation.is_some() {
        say("  providers  SIMULATED: no model is called, because no provider key was found.");
        say(
            "             Set ANTHROPIC_API_KEY, OPENAI_API_KEY or GEMINI_API_KEY and start again for real answers.",
        );
    } else {
        say(format_args!("  providers  {}", names.join(", ")));
    }
    match &first_key {
        Some(key) => introduce(&running.house, address, key),
        None => say("  keys       `paceway keys create` makes another, `paceway keys list` lists them"),
    }
    if let Some(listener) = admin_listener {
        // It ends with the house, when the last client has been served.
        let (router, house) = (paceway_server::admin_router(running.house.clone()), running.house.clone());
        running.tasks.push(tokio::spawn(paceway_server::serve(
            listener,
            router,
            house,
            std::future::pending(),
        )));
    }
    let router = paceway_server::router(running.house.clone());
    paceway_server::serve(listener, router, running.house.clone(), stop).await;
    if let Some(task) = simulation {
        task.abort();
    }
    tracing::info!("stopped");
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen on {address}: is another process using the port? Stop it, or choose another with \
             --listen {}:PORT or server.listen",
            address.ip()
        )
    })
}

/// The listener of the admin API, unless it is turned off.
async fn listen_to_admins(address: &str) -> Result<Option<TcpListener>> {
    if address.is_empty() {
        return Ok(None);
    }
    let listening = TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen on {address} for the admin API: is another process using the port? Stop it, or choose another with \
             `admin.listen` (PACEWAY_ADMIN__LISTEN), where nothing turns it off"
        )
    });
    listening.map(Some)
}

/// The first virtual key, if there is none yet.
fn first_key(store: &Store) -> Result<Option<Secret>> {
    let has_keys = !store.identity.keys()?.is_empty();
    if has_keys {
        return Ok(None);
    }
    house::create_key(store, "first").map(Some)
}

/// Shows the first key, once, with a request that works when pasted.
fn introduce(house: &House, address: SocketAddr, key: &Secret) {
    let listed = models::list(&house.gateway().fleet);
    let favourite = FIRST_MODELS.iter().find(|model| listed.iter().any(|known| known.id == **model));
    let model =
        favourite.copied().unwrap_or_else(|| listed.first().map_or("MODEL", |known| known.id.as_str()));
    let is_claude = model.starts_with("claude-");
    let key = key.reveal();
    say(format_args!("\n  Your virtual key, shown this once:\n\n    {key}\n\n  Try it:\n"));
    if is_claude {
        say(format_args!("    curl http://{address}/v1/messages \\"));
        say(format_args!("      -H 'x-api-key: {key}' \\"));
        say("      -H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' \\");
    } else {
        say(format_args!("    curl http://{address}/v1/chat/completions \\"));
        say(format_args!("      -H 'authorization: Bearer {key}' -H 'content-type: application/json' \\"));
    }
    let message = r#"[{"role":"user","content":"Hello! Who are you?"}]"#;
    let bound = if is_claude { r#""max_tokens":200,"# } else { "" };
    say(format_args!("      -d '{{\"model\":\"{model}\",{bound}\"messages\":{message}}}'\n"));
}

/// SIGTERM or Ctrl-C.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: no new requests, running ones may end");
    })
}

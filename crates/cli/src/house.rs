//! Wiring: configuration becomes a running house.

mod housekeeping;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, Result};
use paceway_domain::{Clock, Secret, UnixMillis};
use paceway_gateway::administration::NewKey;
use paceway_gateway::budgets::{Corrections, Leasing};
use paceway_gateway::clock::RuntimeClock;
use paceway_gateway::provider::ProviderSettings;
use paceway_gateway::{
    Administration, Admins, AlertDesk, Budgets, Callers, Current, Decisions, Fleet, Gateway, Metrics,
    Retries, Standings, Turnstile,
};
use paceway_gateway::{grants, health};
use paceway_policy::access::Keyring;
use paceway_policy::pricing::PriceBook;
use paceway_server::{House, LiveBounds};
use paceway_store::{Reports, Store, StoreError};
use paceway_upstream::HttpUpstream;
use tokio::task::JoinHandle;

use crate::config::{self, Config};
use crate::{alerts, bounds, budgets, chance, limits, providers, routing};
use housekeeping::Kept;

/// How often keys and admins are looked at for changes that another process or node made: a revocation is in force everywhere within
/// a second.
const IDENTITY_REFRESH: Duration = Duration::from_millis(500);
/// The longest that a reload waits for rows on their way to the ledger.
const LONGEST_CATCH_UP: Duration = Duration::from_secs(2);

/// The directory where the store is kept.
pub(crate) fn data_dir(from_command_line: Option<&Path>, config: &Config) -> Result<PathBuf> {
    if let Some(path) = from_command_line {
        return Ok(path.to_owned());
    }
    if !config.storage.data_dir.is_empty() {
        return Ok(PathBuf::from(&config.storage.data_dir));
    }
    let home = config::data_home().context(
        "no data directory: neither XDG_DATA_HOME nor HOME is set to an absolute path; say --data-dir DIR",
    )?;
    Ok(home.join("paceway"))
}

/// The way to identity for a command, beside a process that may be serving.
pub(crate) fn administration(store: &Store) -> Administration {
    let callers = Arc::new(Callers::new(Keyring::default()));
    // Nobody is let in here, so the token may be any.
    let admins = Arc::new(Admins::new(&Secret::new(""), Vec::new()));
    let ports = (Arc::clone(&store.identity), Arc::clone(&store.reports));
    Administration::new(ports, (callers, admins), Arc::new(RuntimeClock::new()), chance::bytes)
}

/// Makes a key in the default project that may do everything.
pub(crate) fn create_key(store: &Store, name: &str) -> Result<Secret> {
    let new = NewKey { name: name.to_owned(), ..NewKey::default() };
    Ok(administration(store).create_key(&Administration::command_line(), new)?.1)
}

/// A house with its own tasks, which end with it.
pub(crate) struct Running {
    /// What handlers share.
    pub house: House,
    /// What another configuration changes.
    pub live: Arc<Live>,
    /// What ends with it.
    pub tasks: Vec<JoinHandle<()>>,
    /// How it shares budgets with other nodes, if it does.
    leasing: Option<Arc<Leasing>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        if let Some(leasing) = &self.leasing {
            leasing.give_back();
        }
    }
}

/// The wall clock, for commands that have no house.
pub(crate) fn wall_clock() -> UnixMillis {
    RuntimeClock::new().wall()
}

/// Builds the gateway and starts its tasks.
pub(crate) fn build(
    config: &Config,
    store: &Store,
    admin: &Secret,
    (providers, prices): (Vec<ProviderSettings>, Arc<PriceBook>),
) -> Result<Running> {
    let clock = Arc::new(RuntimeClock::new());
    let time = Arc::clone(&clock) as Arc<dyn Clock>;
    let (callers, administration) = open_administration(store, admin, &time)?;
    let turnstile = Arc::new(Turnstile::new(Arc::clone(&clock), bounds::queue_bounds(config)));
    let rules = config.callers.iter().map(limits::caller_rule).collect();
    let aliases = routing::aliases(config, &providers);
    let fleet = Fleet::new(providers, aliases, routing::usual(config), &turnstile);
    let (budgets, leasing) = open_budgets(config, store, &callers, &time)?;
    let corrections = Corrections::new(Arc::clone(&budgets), Arc::clone(&store.reports), time);
    let gateway = Arc::new(Gateway {
        retries: Retries::new(bounds::retry_rules(config), clock.now()),
        breaker: routing::breaker(config),
        clock,
        callers,
        fleet,
        standings: Standings::new(rules, &turnstile),
        calibration: Arc::default(),
        siblings: Arc::default(),
        turnstile: Arc::clone(&turnstile),
        upstream: Arc::new(HttpUpstream::new(bounds::timeouts(config))),
        prices,
        known_providers: Arc::new(providers::known(config)),
        ledger: Arc::clone(&store.ledger),
        responses: Arc::clone(&store.responses),
        decisions: Arc::new(Decisions::new(config.explain.keep)),
        alerts: Arc::new(AlertDesk::default()),
        budgets,
        metrics: Arc::new(Metrics::new()),
        bounds: bounds::bounds(config),
    });
    configure_alerts(&gateway.alerts, config);
    let remembering = remember(Arc::clone(&gateway.alerts), Arc::clone(&store.reports), gateway.clock.wall());
    gateway.metrics.configured(1);
    let current = Arc::new(Current::new(gateway));
    let grants = grants::follow(Arc::clone(&current));
    let (kept, keeping) = housekeeping::begin(config, store, &administration);
    let mut tasks = vec![
        tokio::spawn(turnstile.drive()),
        tokio::spawn(follow_identity(Arc::clone(&administration))),
        tokio::spawn(grants),
        tokio::spawn(health::follow(Arc::clone(&current))),
        tokio::spawn(Arc::new(corrections).follow()),
        tokio::spawn(remembering),
        tokio::spawn(paceway_gateway::alerts::follow(Arc::clone(&current))),
    ];
    tasks.extend(keeping);
    tasks.extend(leasing.clone().map(|leasing| tokio::spawn(leasing.follow())));
    let house = House {
        current: Arc::clone(&current),
        configuration: None,
        administration,
        bounds: Arc::new(LiveBounds::new(bounds::server_bounds(config))),
        is_ready: Arc::new(AtomicBool::new(true)),
    };
    let live = Arc::new(Live {
        current,
        bounds: Arc::clone(&house.bounds),
        kept,
        reports: Arc::clone(&store.reports),
    });
    Ok(Running { house, live, tasks, leasing })
}

/// Who may ask, and who may change that, as the store has it.
fn open_administration(
    store: &Store,
    admin: &Secret,
    clock: &Arc<dyn Clock>,
) -> Result<(Arc<Callers>, Arc<Administration>)> {
    let callers = Arc::new(Callers::new(Keyring::default()));
    let admins = Arc::new(Admins::new(admin, Vec::new()));
    let ports = (Arc::clone(&store.identity), Arc::clone(&store.reports));
    let both = (Arc::clone(&callers), admins);
    let administration = Administration::new(ports, both, Arc::clone(clock), chance::bytes);
    administration.follow()?;
    Ok((callers, Arc::new(administration)))
}

/// The budgets with what was spent of them, and how they are shared with other nodes, if they are.
fn open_budgets(
    config: &Config,
    store: &Store,
    callers: &Callers,
    clock: &Arc<dyn Clock>,
) -> Result<(Arc<Budgets>, Option<Arc<Leasing>>)> {
    let budgets = Arc::new(if store.leases.is_some() { Budgets::shared() } else { Budgets::default() });
    let (wanted, now) = (budgets::settings(config), clock.wall());
    let seeds = match budgets::spent(&wanted, store.reports.as_ref(), now) {
        // A node starts without the database that it shares.
        Err(away @ StoreError::Away { .. }) => budgets::unread(away),
        read => read?,
    };
    budgets.replace_with(wanted, &seeds, callers, now);
    let node = config.storage.shared_database().map(|shared| shared.node).unwrap_or_default();
    let leasing = |leases| Arc::new(Leasing::new(Arc::clone(&budgets), leases, &node, Arc::clone(clock)));
    let leasing = store.leases.clone().map(leasing);
    Ok((budgets, leasing))
}

/// The parts of a running house that another configuration changes.
pub(crate) struct Live {
    current: Arc<Current>,
    bounds: Arc<LiveBounds>,
    kept: Kept,
    reports: Arc<dyn Reports>,
}

impl Live {
    /// The gateway at present.
    pub(crate) fn gateway(&self) -> Arc<Gateway> {
        self.current.gateway()
    }

    /// Puts another configuration in force, which was checked. Nothing here fails, so that it is in force whole.
    pub(crate) fn apply(
        &self,
        before: &Config,
        after: &Config,
        (providers, prices): (Vec<ProviderSettings>, Arc<PriceBook>),
    ) {
        let gateway = self.current.gateway();
        let turnstile = &gateway.turnstile;
        gateway.decisions.keep_at_most(after.explain.keep);
        turnstile.set_bounds(bounds::queue_bounds(after));
        let rules = after.callers.iter().map(limits::caller_rule).collect();
        let has_same_timeouts = bounds::timeouts(before) == bounds::timeouts(after);
        let aliases = routing::aliases(after, &providers);
        let next = Gateway {
            clock: Arc::clone(&gateway.clock),
            callers: Arc::clone(&gateway.callers),
            fleet: gateway.fleet.succeeded_by(providers, aliases, routing::usual(after), turnstile),
            standings: gateway.standings.succeeded_by(rules),
            calibration: Arc::clone(&gateway.calibration),
            siblings: Arc::clone(&gateway.siblings),
            turnstile: Arc::clone(turnstile),
            // Its connections stay with it.
            upstream: if has_same_timeouts {
                Arc::clone(&gateway.upstream)
            } else {
                Arc::new(HttpUpstream::new(bounds::timeouts(after)))
            },
            retries: gateway.retries.under(bounds::retry_rules(after), gateway.clock.now()),
            breaker: routing::breaker(after),
            prices,
            known_providers: Arc::new(providers::known(after)),
            ledger: Arc::clone(&gateway.ledger),
            responses: Arc::clone(&gateway.responses),
            decisions: Arc::clone(&gateway.decisions),
            alerts: Arc::clone(&gateway.alerts),
            budgets: Arc::clone(&gateway.budgets),
            metrics: Arc::clone(&gateway.metrics),
            bounds: bounds::bounds(after),
        };
        self.put_budgets_in_force(after, &gateway);
        if (&before.alerts, &before.notify) != (&after.alerts, &after.notify) {
            configure_alerts(&gateway.alerts, after);
        }
        self.bounds.replace(bounds::server_bounds(after));
        self.current.replace(next);
        self.kept.replace(after);
    }
}

impl Live {
    /// Those that stay keep what is spent and held. What was spent of new ones is in the ledger.
    fn put_budgets_in_force(&self, after: &Config, gateway: &Gateway) {
        let (wanted, now) = (budgets::settings(after), gateway.clock.wall());
        let new = gateway.budgets.new_among(&wanted);
        // What was spent a moment ago may still be on its way.
        if !new.is_empty() && !gateway.ledger.catch_up(LONGEST_CATCH_UP) {
            tracing::warn!("budgets that are new do not count rows that wait in the journal");
        }
        let seeds = budgets::spent(&new, self.reports.as_ref(), now).unwrap_or_else(budgets::unread);
        gateway.budgets.replace_with(wanted, &seeds, &gateway.callers, now);
    }
}

/// Who cannot be told is said, and no reason not to serve.
fn configure_alerts(desk: &AlertDesk, config: &Config) {
    let (destinations, problems) = alerts::destinations(config);
    for problem in problems {
        tracing::warn!(problem, "alerts do not reach everyone");
    }
    desk.configure(alerts::rules(config), destinations);
}

/// Tells the rules of alerts what the ledger holds of the days before this start.
async fn remember(desk: Arc<AlertDesk>, reports: Arc<dyn Reports>, before: UnixMillis) {
    let remembered = tokio::task::spawn_blocking(move || desk.remember(reports.as_ref(), before)).await;
    if let Ok(Err(error)) = remembered {
        tracing::warn!(%error, "alerts do not know what was spent before this start");
    }
}

/// Follows what other processes and nodes do to keys and admins.
async fn follow_identity(administration: Arc<Administration>) {
    let mut has_failed = false;
    loop {
        tokio::time::sleep(IDENTITY_REFRESH).await;
        let administration = Arc::clone(&administration);
        let followed = tokio::task::spawn_blocking(move || administration.follow()).await;
        match followed {
            Ok(Err(error)) if !has_failed => {
                has_failed = true;
                tracing::warn!(%error, "keys could not be read again: those known so far stay in force");
            }
            Ok(Ok(())) if has_failed => {
                has_failed = false;
                tracing::info!("keys can be read again");
            }
            _ => {}
        }
    }
}

//! Loading the configuration again while we run: checked whole, then put in force at once, or not at all.
//!
//! It may be asked by several at a time, who go one after the other. What asks is in `reload/`, and the server's admin endpoint.

mod restart;
mod signal;
mod watch;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use paceway_domain::UnixMillis;
use paceway_gateway::provider::ProviderSettings;
use paceway_policy::pricing::PriceBook;
use paceway_server::{Attempt, Configuration, Outcome, Status};

use crate::config::{self, Config, Problems};
use crate::house::{self, Live};
use crate::{log, prices, providers};

pub(crate) use signal::at_signal;
pub(crate) use watch::at_change;

/// Where the configuration comes from, and what the command line says instead of it.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<SocketAddr>,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
}

impl Origin {
    /// Lays what the command line says over a configuration.
    pub(crate) fn lay_over(&self, config: &mut Config) {
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        if let Some(data_dir) = &self.data_dir {
            config.storage.data_dir = data_dir.display().to_string();
        }
    }
}

/// Loads the configuration again.
pub(crate) struct Reloader {
    origin: Origin,
    /// That of the start, for what follows it only.
    started: Config,
    live: Arc<Live>,
    level: log::Level,
    state: Mutex<State>,
}

struct State {
    config: Config,
    /// Those in use, the simulated ones if there are no others.
    providers: Vec<ProviderSettings>,
    prices: Arc<PriceBook>,
    /// The text of the file when it was last read, with mistakes or without.
    text: Option<String>,
    generation: u64,
    loaded_at: UnixMillis,
    last: Option<Attempt>,
}

/// What was read and has no mistakes.
struct Loaded {
    config: Config,
    providers: Vec<ProviderSettings>,
    prices: Arc<PriceBook>,
}

impl Reloader {
    /// With what is in force from the start.
    pub(crate) fn new(
        origin: Origin,
        config: Config,
        providers: Vec<ProviderSettings>,
        live: Arc<Live>,
        level: log::Level,
    ) -> Self {
        let text = origin.file.as_deref().and_then(|file| config::read(file).ok());
        let loaded_at = house::wall_clock();
        let started = config.clone();
        let prices = Arc::clone(&live.gateway().prices);
        let state = State { config, providers, prices, text, generation: 1, loaded_at, last: None };
        Self { origin, started, live, level, state: Mutex::new(state) }
    }

    /// Reads everything again. It changes all or nothing.
    pub(crate) fn attempt(&self, trigger: &'static str) -> Attempt {
        let state = &mut *self.state();
        let at = house::wall_clock();
        let outcome = match self.load(state) {
            Err(Problems(problems)) => Outcome::Rejected(problems),
            Ok(Loaded { config, providers, prices })
                if config == state.config && providers == state.providers && prices == state.prices =>
            {
                Outcome::Unchanged
            }
            Ok(Loaded { config, providers, prices }) => {
                self.live.apply(&state.config, &config, (providers.clone(), Arc::clone(&prices)));
                state.prices = prices;
                if config.log.level != state.config.log.level {
                    self.level.set(&config.log.level);
                }
                (state.config, state.providers) = (config, providers);
                state.generation += 1;
                state.loaded_at = at;
                self.live.gateway().metrics.configured(state.generation);
                Outcome::Applied
            }
        };
        self.tell(trigger, &outcome, state);
        let attempt = Attempt { at, trigger, outcome };
        state.last = Some(attempt.clone());
        attempt
    }

    fn load(&self, state: &mut State) -> Result<Loaded, Problems> {
        let file = self.origin.file.as_deref();
        let text = file.map(config::read).transpose()?;
        state.text.clone_from(&text);
        let mut config = config::parse(file.zip(text.as_deref()))?;
        self.origin.lay_over(&mut config);
        let mut providers =
            providers::in_use(&config).map_err(|error| Problems(vec![format!("{error:#}")]))?;
        if providers.is_empty() {
            // Answers that nobody thought must not take the place of real ones in the middle of things.
            if !state.providers.iter().all(|provider| provider.is_simulated) {
                let problem = "providers: none would be left; expected one with a key, or a new start for the simulated one";
                return Err(Problems(vec![problem.into()]));
            }
            providers.clone_from(&state.providers);
        }
        let prices = Arc::new(prices::load(&config)?);
        Ok(Loaded { config, providers, prices })
    }

    fn tell(&self, trigger: &'static str, outcome: &Outcome, state: &State) {
        self.live.gateway().metrics.reloaded(outcome.name());
        let generation = state.generation;
        match outcome {
            Outcome::Applied => {
                tracing::info!(trigger, generation, "another configuration is in force");
                for sentence in restart::needed(&self.started, &state.config) {
                    tracing::warn!("{sentence}");
                }
            }
            Outcome::Unchanged => tracing::info!(trigger, generation, "the configuration has not changed"),
            Outcome::Rejected(problems) => {
                tracing::error!(
                    trigger,
                    generation,
                    "the configuration has mistakes: the one in force stays"
                );
                for problem in problems {
                    tracing::error!("{problem}");
                }
            }
        }
    }

    /// The file to watch, if there is one.
    fn file(&self) -> Option<&Path> {
        self.origin.file.as_deref()
    }

    /// Whether it is to be watched.
    fn watches(&self) -> bool {
        self.state().config.reload.watch
    }

    /// Whether a text of the file is the one that was read last.
    fn has_read(&self, text: Option<&String>) -> bool {
        self.state().text.as_ref() == text
    }

    /// An attempt that panicked has changed all or nothing: the state is written after it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Configuration for Reloader {
    fn reload(&self) -> Attempt {
        self.attempt("admin")
    }

    fn status(&self) -> Status {
        let state = self.state();
        Status {
            generation: state.generation,
            loaded_at: state.loaded_at,
            file: self.origin.file.as_ref().map(|file| file.display().to_string()),
            needs_restart: restart::needed(&self.started, &state.config),
            last: state.last.clone(),
        }
    }
}

/// An attempt on a thread of its own, since it reads files.
async fn attempt(reloader: &Arc<Reloader>, trigger: &'static str) {
    let reloader = Arc::clone(reloader);
    if let Err(error) = tokio::task::spawn_blocking(move || reloader.attempt(trigger)).await {
        tracing::error!(%error, "the configuration could not be loaded");
    }
}

//! One run: one scenario in one way.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use fastrand::Rng;
use tokio::net::TcpSocket;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::client::{DRIPPING, Door, End, LOW_SPEED, Request, SILENCE};
use super::full_house::FullHouse;
use super::options::Load;
use super::scenario::{Condition, Scenario};
use crate::processes::{Gateway, Provider};
use crate::upstream::Dialect;

const DIALECTS: [Dialect; 2] = [Dialect::Anthropic, Dialect::OpenAi];

/// How providers are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// One provider, by an SDK with its own retries.
    Sdk,
    /// So many providers in order behind Paceway, by a client that does not ask again; streams that break or drip may be
    /// continued by another, or not.
    Paceway { providers: usize, continues: bool },
}

impl Way {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Sdk => "SDK alone".into(),
            Self::Paceway { providers: 1, .. } => "Paceway, 1 provider".into(),
            Self::Paceway { providers, continues: false } => format!("Paceway, {providers} providers"),
            Self::Paceway { providers, continues: true } => format!("Paceway, {providers}, continuing"),
        }
    }

    fn providers(self) -> usize {
        match self {
            Self::Sdk => 1,
            Self::Paceway { providers, .. } => providers,
        }
    }
}

/// What became of one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) end: End,
    /// From the moment at which it was due to its last byte.
    pub(crate) took: Duration,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) outcomes: Vec<Outcome>,
    /// Calls that reached a provider, in all.
    pub(crate) upstream_calls: u64,
}

/// A provider's place in the chain.
enum Place {
    Alive(Box<Provider>),
    /// An address where nobody listens, kept so that nobody else comes to do so.
    Dead(SocketAddr, #[allow(dead_code)] TcpSocket), // The socket is held, not read.
    /// An address that lets nobody in.
    Full(FullHouse),
}

impl Place {
    async fn start(condition: Condition) -> Result<Self> {
        match condition {
            Condition::Alive => Ok(Self::Alive(Box::new(Provider::start().await?))),
            Condition::Dead => {
                let socket = TcpSocket::new_v4()?;
                socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
                Ok(Self::Dead(socket.local_addr()?, socket))
            }
            Condition::Unreachable => FullHouse::start().await.map(Self::Full),
        }
    }

    fn address(&self) -> SocketAddr {
        match self {
            Self::Alive(provider) => provider.address(),
            Self::Dead(address, _) => *address,
            Self::Full(house) => house.address,
        }
    }

    fn provider(&self) -> Option<&Provider> {
        match self {
            Self::Alive(provider) => Some(provider),
            Self::Dead(..) | Self::Full(_) => None,
        }
    }
}

/// Runs to the end of the last request.
#[allow(clippy::disallowed_methods)] // A benchmark reads clocks.
pub(crate) async fn run(scenario: &Scenario, way: Way, load: Load) -> Result<Ran> {
    let mut places = Vec::new();
    for index in 0..way.providers() {
        places.push(Place::start(scenario.condition(index)).await?);
    }
    let addresses: Vec<_> = places.iter().map(Place::address).collect();
    let gateway = match way {
        Way::Sdk => None,
        Way::Paceway { continues, .. } => Some(Gateway::start(&config(&addresses, continues), 1).await?),
    };
    let door = match &gateway {
        None => Door { address: addresses[0], key: "bench".into(), is_sdk: true },
        Some(gateway) => {
            Door { address: gateway.process.address, key: gateway.keys[0].clone(), is_sdk: false }
        }
    };
    put(&places, &Scenario::HEALTHY, load).await?;
    // The first request to a provider about which nothing is known goes alone; that is not what is measured here.
    for number in 0..DIALECTS.len() as u64 {
        request(&door, number).ask(Instant::now(), &mut Rng::with_seed(0)).await;
    }
    let before = calls(&places).await?;
    // Episodes count from here.
    put(&places, scenario, load).await?;
    let start = Instant::now();
    let mut asking = JoinSet::new();
    for number in 0..load.seconds * load.per_second {
        let due = start + Duration::from_secs(1).mul_f64(number as f64 / load.per_second as f64);
        let request = request(&door, number);
        let mut dice = Rng::with_seed(load.seed << 32 | number);
        asking.spawn(async move {
            sleep_until(due).await;
            let end = request.ask(due, &mut dice).await;
            Outcome { end, took: due.elapsed() }
        });
    }
    let outcomes = asking.join_all().await;
    Ok(Ran { outcomes, upstream_calls: calls(&places).await? - before })
}

/// Puts a scenario into force.
async fn put(places: &[Place], scenario: &Scenario, load: Load) -> Result<()> {
    for (index, place) in places.iter().enumerate() {
        if let Some(provider) = place.provider() {
            provider.set(&scenario.settings(index, load.seed, load.seconds * 1_000)).await?;
        }
    }
    Ok(())
}

/// Calls that the providers have had.
async fn calls(places: &[Place]) -> Result<u64> {
    let mut calls = 0;
    for provider in places.iter().filter_map(Place::provider) {
        calls += provider.stats().await?["calls"].as_u64().context("no count of calls")?;
    }
    Ok(calls)
}

/// Each dialect, whole and streamed, by turns.
fn request(door: &Door, number: u64) -> Request {
    let dialect = DIALECTS[usize::from(number % 2 == 1)];
    let model = if door.is_sdk { dialect.model() } else { alias(dialect) };
    Request::new(door, dialect, model, number / 2 % 2 == 1, number)
}

/// What the client calls the model.
fn alias(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Anthropic => "bench-claude",
        Dialect::OpenAi => "bench-gpt",
    }
}

/// Each place serves both dialects; an alias leads through all of them in order. One place is named as it always was, so
/// that this runs on versions that know no chains.
fn config(addresses: &[SocketAddr], continues: bool) -> String {
    let (silence, dripping) = (SILENCE.as_secs(), DRIPPING.as_secs());
    let mut lines = vec![format!(
        "[log]\nlevel = \"error\"\n[upstream]\nconnect_timeout_s = {silence}\nheaders_timeout_s = {silence}\n\
         first_byte_timeout_s = {silence}\nidle_timeout_s = {silence}\n\
         low_speed_bytes_per_s = {LOW_SPEED}\nlow_speed_s = {dripping}\n[fallback]\ncontinue_streams = {continues}\n[aliases]"
    )];
    for (dialect, letter) in [(Dialect::Anthropic, 'a'), (Dialect::OpenAi, 'o')] {
        let target = |index: usize| format!("\"{letter}{index}/{}\"", dialect.model());
        let chain: Vec<_> = (1..=addresses.len()).map(target).collect();
        let value =
            if let [one] = chain.as_slice() { one.clone() } else { format!("[{}]", chain.join(", ")) };
        lines.push(format!("{} = {value}", alias(dialect)));
    }
    for (index, address) in addresses.iter().enumerate() {
        let place = index + 1;
        lines.push(format!(
            "[providers.a{place}]\ndialect = \"anthropic\"\nbase_url = \"http://{address}\"\napi_key = \"bench\"\nserves = []\n\
             [providers.o{place}]\nbase_url = \"http://{address}/v1\"\napi_key = \"bench\"\nserves = []"
        ));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_provider_is_a_name_and_several_are_a_chain() {
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        assert!(config(&[address], false).contains("\nbench-claude = \"a1/claude-haiku-5-5\"\n"));
        let three = config(&[address; 3], true);
        assert!(three.contains("\nbench-gpt = [\"o1/gpt-5-mini\", \"o2/gpt-5-mini\", \"o3/gpt-5-mini\"]\n"));
        assert_eq!(three.matches("base_url").count(), 6);
    }
}

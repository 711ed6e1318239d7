//! HTTP in and out: endpoints, probes and the listener. Decisions are the gateway's.

mod admin;
mod budgets;
mod configuration;
mod endpoints;
mod explain;
mod gemini;
mod models;
mod probes;
mod responses;
mod routes;
mod serve;
mod unwanted;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use paceway_gateway::{AdminToken, Current, Gateway};

pub use configuration::{Attempt, Configuration, Outcome, Status};
pub use routes::router;
pub use serve::serve;

/// Bounds of the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerBounds {
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// How long a client may take to send its body.
    pub body_timeout: Duration,
    /// How long a client may take to send its headers.
    pub header_timeout: Duration,
    /// Connections at once.
    pub max_connections: usize,
    /// How long running requests may take to end once the server stops.
    pub drain: Duration,
}

/// Bounds that may be replaced. Those of connections hold for the ones that come after; `max_connections` stays what it was at the
/// start.
#[derive(Debug)]
pub struct LiveBounds(RwLock<ServerBounds>);

impl LiveBounds {
    /// Begins with these.
    pub fn new(bounds: ServerBounds) -> Self {
        Self(RwLock::new(bounds))
    }

    /// Those at present.
    pub fn get(&self) -> ServerBounds {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts others in their place.
    pub fn replace(&self, bounds: ServerBounds) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = bounds;
    }
}

/// What every handler shares.
#[derive(Clone)]
pub struct House {
    /// The gateway at present.
    pub current: Arc<Current>,
    /// The configuration, where it can be loaded again.
    pub configuration: Option<Arc<dyn Configuration>>,
    /// Who may see what operators see.
    pub admin: AdminToken,
    /// Bounds.
    pub bounds: Arc<LiveBounds>,
    /// Whether new requests are taken; false from the moment the server begins to stop.
    pub is_ready: Arc<AtomicBool>,
}

impl House {
    /// The gateway for a request that begins now. Whoever serves it asks once.
    pub fn gateway(&self) -> Arc<Gateway> {
        self.current.gateway()
    }

    /// Whether new requests are taken.
    pub fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Relaxed)
    }
}

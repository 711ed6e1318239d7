//! HTTP in and out: endpoints, probes and the listener. Decisions are the gateway's.

mod admin;
mod endpoints;
mod gemini;
mod models;
mod probes;
mod responses;
mod routes;
mod serve;
mod unwanted;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use paceway_gateway::{AdminToken, Gateway};

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

/// What every handler shares.
#[derive(Clone)]
pub struct House {
    /// The gateway.
    pub gateway: Arc<Gateway>,
    /// Who may see what operators see.
    pub admin: AdminToken,
    /// Bounds.
    pub bounds: ServerBounds,
    /// Whether new requests are taken; false from the moment the server begins to stop.
    pub is_ready: Arc<AtomicBool>,
}

impl House {
    /// Whether new requests are taken.
    pub fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Relaxed)
    }
}

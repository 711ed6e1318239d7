//! The gateway at present: a configuration that is loaded while we run puts another in its place.
//!
//! A request goes on with the gateway with which it began. Which of the old one's parts the new one shares is for whoever makes it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::Gateway;

/// The gateway at present.
pub struct Current {
    gateway: ArcSwap<Gateway>,
    replaced: Notify,
}

impl Current {
    /// Begins with this one.
    pub fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway: ArcSwap::new(gateway), replaced: Notify::new() }
    }

    /// The gateway for whatever begins now.
    pub fn gateway(&self) -> Arc<Gateway> {
        self.gateway.load_full()
    }

    /// Puts another in its place, for all that begins from now on.
    pub fn replace(&self, gateway: Gateway) {
        self.gateway.store(Arc::new(gateway));
        self.replaced.notify_waiters();
    }

    /// Ends at the first replacement after this call. Cancel-safe.
    pub(crate) fn replaced(&self) -> Notified<'_> {
        self.replaced.notified()
    }
}

//! Connections that are kept for the next call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use ::http::uri::{Authority, Scheme};
use tokio::time::Instant;

use crate::link::{Link, Transport};

/// How long an idle connection is kept: less than the 60 s after which common load balancers close theirs.
const KEEP_IDLE: Duration = Duration::from_secs(50);
/// How often those are closed that have been idle for too long.
const SWEEP: Duration = Duration::from_secs(5);
/// Idle connections kept per host.
const MAX_IDLE_PER_HOST: usize = 512;

/// Where a connection leads.
pub(crate) type Host = (Scheme, Authority);

/// Idle connections by host, the one used last on top.
pub(crate) struct Pool<T: Transport> {
    idle: Mutex<Idle<T>>,
}

/// A connection and the moment since which it has been idle.
type Kept<T> = (Instant, Box<Link<T>>);

struct Idle<T: Transport> {
    hosts: HashMap<Host, Vec<Kept<T>>>,
    is_swept: bool,
}

impl<T: Transport> Pool<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { idle: Mutex::new(Idle { hosts: HashMap::new(), is_swept: false }) })
    }

    /// A connection to this host that is still open. The latest one is taken, so that the others may grow old.
    pub(crate) fn take(&self, host: &Host) -> Option<Box<Link<T>>> {
        loop {
            let (_, mut link) = self.lock().hosts.get_mut(host)?.pop()?;
            if link.is_idle() {
                return Some(link);
            }
        }
    }

    /// Keeps a connection if it can carry another request.
    pub(crate) fn put(self: &Arc<Self>, host: &Host, mut link: Box<Link<T>>) {
        if !link.is_idle() {
            return;
        }
        let mut idle = self.lock();
        let links = idle.hosts.entry(host.clone()).or_default();
        if links.len() < MAX_IDLE_PER_HOST {
            links.push((now(), link));
        }
        if !std::mem::replace(&mut idle.is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Idle<T>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes what has been idle for too long, as long as the pool is there.
async fn sweep<T: Transport>(pool: Weak<Pool<T>>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(pool) = pool.upgrade() else { return };
        pool.lock().hosts.retain(|_, links| {
            links.retain(|(since, _)| since.elapsed() < KEEP_IDLE);
            !links.is_empty()
        });
    }
}

// Ages are measured on the runtime's clock, as timers are.
#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    Instant::now()
}

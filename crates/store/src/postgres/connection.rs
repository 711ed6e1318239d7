//! One connection to PostgreSQL that comes back: opened when it is first used, and again after it broke.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use paceway_domain::Secret;
use postgres::Client;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::{migrations, tls};
use crate::StoreError;

/// How long a connection that was open before may take to show that it still is.
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);

/// What a session may take, so that no statement holds a lock or a thread for ever.
const SESSION: &str = "set statement_timeout = '60s'; set lock_timeout = '20s'; \
                       set idle_in_transaction_session_timeout = '60s'; set client_min_messages = 'warning'";

/// The server, as all connections of a store share it.
pub(crate) struct Server {
    address: Address,
    tls: MakeRustlsConnect,
    /// Whether the schema is known to be up to date.
    is_up_to_date: Mutex<bool>,
}

impl Server {
    /// Reads the URL. Nothing is opened yet.
    pub(crate) fn new(url: &Secret, node: &str) -> Result<Arc<Self>, StoreError> {
        let address = Address::read(url, node)?;
        let tls = tls::connector(&address.verify)?;
        Ok(Arc::new(Self { address, tls, is_up_to_date: Mutex::new(false) }))
    }

    fn connect(&self) -> Result<Client, StoreError> {
        let mut client = self.address.config.connect(self.tls.clone())?;
        client.batch_execute(SESSION)?;
        let mut is_up_to_date = self.is_up_to_date.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_up_to_date {
            migrations::bring_up_to_date(&mut client, &self.address.place())?;
            *is_up_to_date = true;
        }
        Ok(client)
    }
}

/// A connection, used by one caller at a time. Each port has its own, so that a long answer of one keeps no other waiting.
pub(crate) struct Connection {
    server: Arc<Server>,
    client: Mutex<Option<Client>>,
}

impl Connection {
    pub(crate) fn new(server: &Arc<Server>) -> Self {
        Self { server: Arc::clone(server), client: Mutex::new(None) }
    }

    /// Does some work on the connection, which is opened if need be. The work is done once: if the connection breaks in the middle,
    /// the caller is told, and has to know whether it may be repeated.
    ///
    /// The driver turns a runtime of its own, which cannot be done on a thread that turns another, so the work is done on a thread
    /// that lives as long; the caller waits for it. That costs some ten microseconds, against a question over a network.
    ///
    /// # Errors
    /// [`StoreError::Away`] when the server cannot be reached or the connection broke, else what the server said.
    pub(crate) fn run<T: Send>(
        &self,
        work: impl FnOnce(&mut Client) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        on_own_thread(|| {
            let mut slot = self.client.lock().unwrap_or_else(PoisonError::into_inner);
            let is_alive = slot.as_mut().is_some_and(|client| client.is_valid(SIGN_OF_LIFE).is_ok());
            if !is_alive {
                *slot = None;
                *slot = Some(self.server.connect()?);
            }
            let client = slot.as_mut().expect("just opened");
            let done = work(client);
            if client.is_closed() || matches!(done, Err(StoreError::Away(_))) {
                *slot = None;
            }
            done
        })
    }
}

impl Drop for Connection {
    /// Closing turns the driver's runtime, too.
    fn drop(&mut self) {
        let client = self.client.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if client.is_some() {
            on_own_thread(|| drop(client));
        }
    }
}

fn on_own_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

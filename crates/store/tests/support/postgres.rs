//! Databases for tests: in the PostgreSQL that `PACEWAY_TEST_POSTGRES_URL` names, else in one that is started for them.
#![allow(dead_code, clippy::print_stdout, clippy::unwrap_used, missing_docs, unreachable_pub)] // Each test file uses its part.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use paceway_domain::Secret;
use paceway_store::SharedDatabase;

use super::server::{Server, missing, variable};

static SERVER: OnceLock<Option<Server>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// An empty database of its own.
pub struct Database {
    pub url: String,
    name: String,
}

impl Database {
    /// As a node of this name sees it.
    pub fn shared(&self, node: &str) -> SharedDatabase {
        SharedDatabase { url: Secret::new(self.url.clone()), node: node.into() }
    }

    pub fn client(&self) -> postgres::Client {
        postgres::Client::connect(&self.url, postgres::NoTls).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let administer = |url: String| {
            let mut client = postgres::Client::connect(&url, postgres::NoTls).ok()?;
            client.batch_execute(&format!("drop database if exists {} with (force)", self.name)).ok()
        };
        if variable("PACEWAY_TEST_POSTGRES_URL").is_some() {
            administer(with_database(&base(), "postgres"));
        }
    }
}

/// An empty database, or `None` where there is no PostgreSQL.
pub fn database() -> Option<Database> {
    if variable("PACEWAY_TEST_POSTGRES_URL").is_none() && server().is_none() {
        missing();
        return None;
    }
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    let name = format!("paceway_test_{}_{number}", std::process::id());
    let mut client = postgres::Client::connect(&with_database(&base(), "postgres"), postgres::NoTls).unwrap();
    client.batch_execute(&format!("create database {name}")).unwrap();
    Some(Database { url: with_database(&base(), &name), name })
}

/// The server's URL, whatever its database.
fn base() -> String {
    variable("PACEWAY_TEST_POSTGRES_URL").unwrap_or_else(|| server().unwrap().url())
}

fn with_database(base: &str, name: &str) -> String {
    let (front, query) = base.split_once('?').unwrap_or((base, ""));
    let (scheme, rest) = front.split_once("://").unwrap();
    let authority = rest.split('/').next().unwrap();
    format!("{scheme}://{authority}/{name}?{query}")
}

fn server() -> Option<&'static Server> {
    SERVER.get_or_init(Server::start).as_ref()
}

//! TLS to PostgreSQL, as `sslmode` says, and what is told when it cannot be.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::TcpListener;

use paceway_domain::Secret;
use paceway_store::{Access, SharedDatabase, StoreError, open_shared};
use support::server::Server;

/// Opens a store at this URL and asks for its keys.
fn reach(url: &str) -> Result<usize, StoreError> {
    let directory = tempfile::tempdir().unwrap();
    let shared = SharedDatabase { url: Secret::new(url), node: "test".into() };
    open_shared(directory.path(), Access::Administer, Some(&shared))?.identity.keys().map(|keys| keys.len())
}

#[test]
fn sslmode_does_what_it_says_and_no_password_is_told() {
    let Some(server) = Server::of_its_own() else { return };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    server.with_tls(port);
    let roots = format!("{}/ca.crt", server.directory);
    let url = |password: &str, host: &str, options: &str| {
        format!("postgres://secured:{password}@{host}:{port}/postgres?{options}")
    };
    let ours = format!("sslmode=verify-full&sslrootcert={roots}");
    assert_eq!(reach(&url("hunter2", "localhost", &ours)).unwrap(), 0);
    assert_eq!(reach(&url("hunter2", "localhost", "sslmode=require")).unwrap(), 0);
    assert_eq!(reach(&url("hunter2", "localhost", "sslmode=prefer")).unwrap(), 0);

    let told = |url: &str| reach(url).unwrap_err().to_string();
    let by_mozilla = told(&url("hunter2", "localhost", "sslmode=verify-full"));
    assert!(by_mozilla.contains("UnknownIssuer"), "{by_mozilla}");
    let by_another_name = told(&url("hunter2", "127.0.0.1", &ours));
    assert!(by_another_name.contains("not valid for name"), "{by_another_name}");
    let without = told(&url("hunter2", "localhost", "sslmode=disable"));
    assert!(without.contains("pg_hba.conf"), "{without}");
    let wrong = told(&url("swordfish", "localhost", &ours));
    assert!(wrong.contains("password authentication failed"), "{wrong}");
    let nowhere = told("postgres://secured:hunter2@localhost:1/postgres");
    assert!(nowhere.contains("PostgreSQL localhost/postgres is away"), "{nowhere}");
    for said in [by_mozilla, by_another_name, without, wrong, nowhere] {
        assert!(!said.contains("hunter2") && !said.contains("swordfish"), "{said}");
    }
}

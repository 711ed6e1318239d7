//! Connections: TCP without delay, TLS where the address says so, both within one bound.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

use crate::reach::{Reach, Resolver};

/// An open connection.
pub(crate) type Wire = <HttpsConnector<HttpConnector<Resolver>> as Service<Uri>>::Response;
type BoxError = Box<dyn Error + Send + Sync>;

/// A connector whose every connection is up within a bound, or is given up.
#[derive(Clone)]
pub(crate) struct BoundedConnector {
    inner: HttpsConnector<HttpConnector<Resolver>>,
    bound: Duration,
    reach: Reach,
}

impl BoundedConnector {
    /// HTTP/1.1 only: each stream has a connection of its own, so that no stream waits for another at an HTTP/2 stream
    /// limit (see docs/decisions/0003).
    pub(crate) fn new(bound: Duration, reach: Reach) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver::new(reach));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let inner = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::aws_lc_rs::default_provider())
            .expect("the provider supports the protocol versions that it is built with")
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Self { inner, bound, reach }
    }
}

impl Service<Uri> for BoundedConnector {
    type Response = Wire;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        if let Err(refused) = self.reach.check_host(&uri) {
            return Box::pin(async move { Err(refused.into()) });
        }
        let connecting = self.inner.call(uri);
        let bound = self.bound;
        Box::pin(async move { tokio::time::timeout(bound, connecting).await.map_err(|_| ConnectTimeout)? })
    }
}

/// A connection took longer than its bound.
#[derive(Debug)]
pub(crate) struct ConnectTimeout;

impl fmt::Display for ConnectTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connecting took too long")
    }
}

impl Error for ConnectTimeout {}

//! Calls over HTTP, through a pool of connections.

use std::error::Error;
use std::time::Duration;

use ::http::Request;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use paceway_domain::Failure;
use paceway_domain::failure::Phase;

use crate::body::{AnswerBody, TimedBody};
use crate::connect::{BoundedConnector, ConnectTimeout};
use crate::{Answer, Call, Timeouts, Upstream};

/// How long an idle connection is kept: less than the 60 s after which common load balancers close theirs.
const KEEP_IDLE: Duration = Duration::from_secs(50);
/// Idle connections kept per provider.
const MAX_IDLE_PER_HOST: usize = 512;

/// Calls providers over HTTP/1.1, each call on a connection of its own.
pub struct HttpUpstream {
    client: Client<BoundedConnector, Full<Bytes>>,
    timeouts: Timeouts,
}

impl HttpUpstream {
    /// A client with an empty pool.
    pub fn new(timeouts: Timeouts) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(KEEP_IDLE)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .pool_timer(TokioTimer::new())
            .build(BoundedConnector::new(timeouts.connect));
        Self { client, timeouts }
    }

    async fn send(&self, call: Call) -> Result<Answer, Failure> {
        let mut request = Request::new(Full::new(call.body));
        *request.method_mut() = call.method;
        *request.uri_mut() = call.uri;
        *request.headers_mut() = call.headers;
        let Timeouts { headers, total, .. } = self.timeouts;
        let (bound, phase) = if total < headers { (total, Phase::Total) } else { (headers, Phase::Headers) };
        let total_timer = tokio::time::sleep(total);
        let response = tokio::time::timeout(bound, self.client.request(request))
            .await
            .map_err(|_| Failure::Timeout(phase, bound))?
            .map_err(|error| self.failure(&error))?;
        let (head, body) = response.into_parts();
        let body = AnswerBody::new(TimedBody::new(body, self.timeouts, total_timer));
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    fn failure(&self, error: &ClientError) -> Failure {
        let mut cause: &dyn Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
            if cause.is::<ConnectTimeout>() {
                return Failure::Timeout(Phase::Connect, self.timeouts.connect);
            }
        }
        let why = cause.to_string();
        if error.is_connect() { Failure::Connect(why) } else { Failure::Broken(why) }
    }
}

impl Upstream for HttpUpstream {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, Failure>> {
        Box::pin(self.send(call))
    }
}

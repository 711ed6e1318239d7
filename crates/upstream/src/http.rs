//! Calls over HTTP, through a pool of connections.

use std::sync::Arc;

use ::http::uri::{Authority, PathAndQuery, Scheme};
use ::http::{HeaderValue, Request, Response, Uri, header};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::body::Incoming;
use paceway_domain::Failure;
use paceway_domain::failure::Phase;
use tower_service::Service;

use crate::body::{AnswerBody, TimedBody, after};
use crate::cause::innermost;
use crate::connect::{BoundedConnector, ConnectTimeout, Wire};
use crate::link::Link;
use crate::pool::{Host, Pool};
use crate::reach::Reach;
use crate::{Answer, Call, Timeouts, Upstream};

/// Calls providers over HTTP/1.1, each call on a connection of its own.
pub struct HttpUpstream {
    connector: BoundedConnector,
    pool: Arc<Pool<Wire>>,
    timeouts: Timeouts,
}

impl HttpUpstream {
    /// A client with an empty pool.
    pub fn new(timeouts: Timeouts) -> Self {
        Self::reaching(timeouts, Reach::Anywhere)
    }

    /// A client that reaches no farther than this. Like every client here it follows no redirects.
    pub fn reaching(timeouts: Timeouts, reach: Reach) -> Self {
        Self { connector: BoundedConnector::new(timeouts.connect, reach), pool: Pool::new(), timeouts }
    }

    async fn send(&self, call: Call) -> Result<Answer, Failure> {
        let Timeouts { headers, total, .. } = self.timeouts;
        let (bound, phase) = if total < headers { (total, Phase::Total) } else { (headers, Phase::Headers) };
        let end = after(total);
        let host = host_of(&call.uri)?;
        let (response, link) = tokio::time::timeout(bound, self.exchange(&host, call))
            .await
            .map_err(|_| Failure::Timeout(phase, bound))??;
        let (head, body) = response.into_parts();
        let pool = Arc::clone(&self.pool);
        let body = TimedBody::new(body, link, move |link| pool.put(&host, link), self.timeouts, end);
        Ok(Answer { status: head.status, headers: head.headers, body: AnswerBody::new(body) })
    }

    /// Sends the call over a kept connection or a new one. A kept one may have been closed in this very moment: what was
    /// not sent over it goes over the next.
    async fn exchange(
        &self,
        host: &Host,
        call: Call,
    ) -> Result<(Response<Incoming>, Box<Link<Wire>>), Failure> {
        let mut request = request(host, call)?;
        while let Some(mut link) = self.pool.take(host) {
            match link.send(request).await {
                Ok(response) => return Ok((response, link)),
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(Failure::Broken(innermost(error.error()))),
                },
            }
        }
        let mut link = self.connect(host).await?;
        let response = link.send(request).await.map_err(|error| Failure::Broken(innermost(error.error())))?;
        Ok((response, link))
    }

    async fn connect(&self, (scheme, authority): &Host) -> Result<Box<Link<Wire>>, Failure> {
        let uri = Uri::builder()
            .scheme(scheme.clone())
            .authority(authority.clone())
            .path_and_query(PathAndQuery::from_static("/"))
            .build()
            .map_err(|error| Failure::Connect(error.to_string()))?;
        let wire = self.connector.clone().call(uri).await.map_err(|error| {
            if error.is::<ConnectTimeout>() {
                return Failure::Timeout(Phase::Connect, self.timeouts.connect);
            }
            Failure::Connect(innermost(error.as_ref()))
        })?;
        Link::new(wire).await.map_err(|error| Failure::Connect(innermost(&error)))
    }
}

impl Upstream for HttpUpstream {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, Failure>> {
        Box::pin(self.send(call))
    }
}

pub(crate) fn host_of(uri: &Uri) -> Result<Host, Failure> {
    match (uri.scheme(), uri.authority()) {
        (Some(scheme), Some(authority)) => Ok((scheme.clone(), authority.clone())),
        _ => Err(Failure::Connect(format!("`{uri}` is not a whole address"))),
    }
}

/// The call as HTTP/1.1 has it: the path in its first line, the host in a header (RFC 9112, section 3.2).
fn request((scheme, authority): &Host, call: Call) -> Result<Request<Full<Bytes>>, Failure> {
    let mut request = Request::new(Full::new(call.body));
    *request.method_mut() = call.method;
    *request.headers_mut() = call.headers;
    let path = call.uri.path_and_query().cloned();
    *request.uri_mut() = path.unwrap_or_else(|| PathAndQuery::from_static("/")).into();
    request.headers_mut().insert(header::HOST, host_header(scheme, authority)?);
    Ok(request)
}

/// The host, with its port unless that is the scheme's own; without user and password.
pub(crate) fn host_header(scheme: &Scheme, authority: &Authority) -> Result<HeaderValue, Failure> {
    let own_port = if *scheme == Scheme::HTTPS { 443 } else { 80 };
    let text = match authority.port_u16() {
        Some(port) if port != own_port => format!("{}:{port}", authority.host()),
        _ => authority.host().to_owned(),
    };
    HeaderValue::from_str(&text).map_err(|error| Failure::Connect(error.to_string()))
}

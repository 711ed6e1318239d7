//! The listener. Not `axum::serve`: a fault has to close a connection without an answer.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower_service::Service;

/// Put into a response's extensions to close its connection instead of sending it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hangup;

pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted?,
            () = &mut shutdown => return Ok(()),
        };
        stream.set_nodelay(true)?;
        let service = TowerToHyperService::new(Abrupt(router.clone()));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // Errors are clients that went away, and faults.
        tokio::spawn(async move { connection.await.ok() });
    }
}

/// Turns [`Hangup`] into an error, upon which the connection is closed.
#[derive(Clone)]
struct Abrupt(Router);

impl Service<Request<Incoming>> for Abrupt {
    type Response = Response;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let answering = self.0.call(request.map(axum::body::Body::new));
        Box::pin(async move {
            let response = answering.await.unwrap_or_else(|never: Infallible| match never {});
            if response.extensions().get::<Hangup>().is_some() {
                return Err(io::Error::other("a fault closed the connection"));
            }
            Ok(response)
        })
    }
}

//! The listener: connections in, requests to the router, and an orderly end.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::House;

/// Serves until `shutdown` is done, then takes no new requests and lets the running ones end within the drain bound.
pub async fn serve(listener: TcpListener, router: Router, house: House, shutdown: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(house.bounds.get().max_connections));
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let accepted = async { (place.await, listener.accept().await) };
        let (place, stream) = tokio::select! {
            (place, accepted) = accepted => match accepted {
                Ok((stream, _)) => (place, stream),
                Err(error) => {
                    // Out of file descriptors, most likely: a pause lets connections end.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        let connection = connection(stream, router.clone(), &house);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that goes away in mid-request ends here with an error that says no more than that.
            let _ended = connection.await;
            drop(place);
        });
    }
    house.is_ready.store(false, Ordering::Relaxed);
    drop(listener);
    if tokio::time::timeout(house.bounds.get().drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("stopped with requests still running: they took longer than `server.drain_s`");
    }
}

fn connection(
    stream: TcpStream,
    router: Router,
    house: &House,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = Box<dyn std::error::Error + Send + Sync>>
+ 'static {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(house.bounds.get().header_timeout);
    builder.http2().timer(TokioTimer::new());
    builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).into_owned()
}

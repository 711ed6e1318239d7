//! One HTTP/1.1 connection, driven by whoever uses it.
//!
//! `hyper` gives a connection as a future to be polled beside its requests. Polled on a task of its own, each chunk of a
//! stream would cost a switch of tasks and a write to the client; polled here, all chunks that have arrived are handed on
//! together (see docs/decisions/0005).

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::Frame;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper::rt::{Read, Write};
use hyper::{Request, Response};

/// What a connection runs over: TCP, or TLS over it.
pub(crate) trait Transport: Read + Write + Unpin + Send + 'static {}

impl<T: Read + Write + Unpin + Send + 'static> Transport for T {}

/// A connection that nobody else uses or polls. Dropping it closes it.
pub(crate) struct Link<T: Transport> {
    sender: SendRequest<Full<Bytes>>,
    connection: Connection<T, Full<Bytes>>,
    is_closed: bool,
}

impl<T: Transport> Link<T> {
    /// Speaks HTTP/1.1 over an open transport. Boxed, because it is large and moves often.
    pub(crate) async fn new(transport: T) -> hyper::Result<Box<Self>> {
        let (sender, connection) = http1::handshake(transport).await?;
        Ok(Box::new(Self { sender, connection, is_closed: false }))
    }

    /// Whether it can carry another request, as far as can be known without sending one.
    pub(crate) fn is_idle(&mut self) -> bool {
        let mut nobody = Context::from_waker(Waker::noop());
        self.drive(&mut nobody);
        !self.is_closed && self.sender.is_ready()
    }

    /// Sends a request and returns when the response headers are there.
    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>> {
        let mut answering = pin!(self.sender.try_send_request(request));
        let (connection, is_closed) = (&mut self.connection, &mut self.is_closed);
        poll_fn(|cx| {
            if !*is_closed {
                *is_closed = Pin::new(&mut *connection).poll(cx).is_ready();
            }
            answering.as_mut().poll(cx)
        })
        .await
    }

    /// The next piece of the body that `send` has returned.
    pub(crate) fn poll_body(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut Incoming,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let piece = Pin::new(&mut *body).poll_frame(cx);
        if piece.is_ready() {
            return piece;
        }
        self.drive(cx);
        Pin::new(body).poll_frame(cx)
    }

    fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.is_closed {
            // What went wrong is told to the request or its body.
            self.is_closed = Pin::new(&mut self.connection).poll(cx).is_ready();
        }
    }
}

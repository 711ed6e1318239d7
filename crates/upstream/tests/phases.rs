//! Each phase's timeout, and the pool, against raw sockets.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use paceway_domain::Failure;
use paceway_domain::failure::Phase;
use paceway_upstream::{Answer, Call, HttpUpstream, LowSpeed, Timeouts, Upstream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(80);
const PATIENT: Timeouts =
    Timeouts { connect: LONG, headers: LONG, first_byte: LONG, idle: LONG, total: LONG, low_speed: None };

fn call(port: u16) -> Call {
    Call {
        method: Method::POST,
        uri: format!("http://127.0.0.1:{port}/v1/messages").parse().unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}"),
    }
}

/// A server that reads one request, writes these bytes and then keeps the connection open.
async fn server(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(bytes).await.unwrap();
        std::future::pending::<()>().await;
    });
    port
}

async fn read_request(stream: &mut TcpStream) {
    let mut seen = Vec::new();
    while !seen.ends_with(b"{}") {
        assert!(stream.read_buf(&mut seen).await.unwrap() > 0, "the request ended early");
    }
}

async fn answer(timeouts: Timeouts, bytes: &'static [u8]) -> Result<Answer, Failure> {
    HttpUpstream::new(timeouts).call(call(server(bytes).await)).await
}

#[tokio::test]
async fn a_timeout_fires_while_waiting_for_headers() {
    let timeouts = Timeouts { headers: SHORT, ..PATIENT };
    assert_eq!(answer(timeouts, b"").await.unwrap_err(), Failure::Timeout(Phase::Headers, SHORT));
}

#[tokio::test]
async fn the_total_bound_fires_while_waiting_for_headers_too() {
    let timeouts = Timeouts { total: SHORT, ..PATIENT };
    assert_eq!(answer(timeouts, b"").await.unwrap_err(), Failure::Timeout(Phase::Total, SHORT));
}

#[tokio::test]
async fn a_body_that_does_not_begin_is_given_up() {
    let timeouts = Timeouts { first_byte: SHORT, ..PATIENT };
    let answer = answer(timeouts, b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n").await.unwrap();
    assert_eq!(answer.body.collect(99).await.unwrap_err(), Failure::Timeout(Phase::FirstByte, SHORT));
}

#[tokio::test]
async fn a_body_that_falls_silent_is_given_up() {
    let timeouts = Timeouts { idle: SHORT, ..PATIENT };
    let answer = answer(timeouts, b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab").await.unwrap();
    assert_eq!(answer.body.collect(99).await.unwrap_err(), Failure::Timeout(Phase::Idle, SHORT));
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_given_up_though_it_never_falls_silent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n").await.unwrap();
        while stream.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let timeouts = Timeouts { low_speed: Some(LowSpeed { bytes_per_s: 10_000, during: SHORT }), ..PATIENT };
    let answer = HttpUpstream::new(timeouts).call(call(port)).await.unwrap();
    let failure = answer.body.collect(9_999).await.unwrap_err();
    assert_eq!(failure, Failure::Timeout(Phase::LowSpeed(10_000), SHORT));
}

#[tokio::test]
async fn the_total_bound_fires_in_the_body_too() {
    let timeouts = Timeouts { total: SHORT, ..PATIENT };
    let answer = answer(timeouts, b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab").await.unwrap();
    assert_eq!(answer.body.collect(99).await.unwrap_err(), Failure::Timeout(Phase::Total, SHORT));
}

#[tokio::test]
async fn nobody_listening_is_a_failure_to_connect() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let failure = HttpUpstream::new(PATIENT).call(call(port)).await.unwrap_err();
    assert!(matches!(failure, Failure::Connect(_)), "{failure}");
}

#[tokio::test]
async fn a_connection_lost_before_and_in_the_body_is_a_failure() {
    for bytes in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(bytes).await.unwrap();
        });
        let failure = match HttpUpstream::new(PATIENT).call(call(port)).await {
            Err(failure) => failure,
            Ok(answer) => answer.body.collect(99).await.unwrap_err(),
        };
        assert!(matches!(failure, Failure::Broken(_)), "{failure}");
    }
}

#[tokio::test]
async fn an_answer_beyond_its_bound_is_not_kept() {
    let answer = answer(PATIENT, b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcde").await.unwrap();
    assert_eq!(answer.body.collect(4).await.unwrap_err(), Failure::TooLarge(4));
}

/// A server that counts its connections and answers every request; after an answer that asks for it, it closes.
async fn counting_server(answer: &'static [u8]) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let accepted = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&accepted);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                loop {
                    read_request(&mut stream).await;
                    stream.write_all(answer).await.unwrap();
                    if answer.ends_with(b"bye") {
                        return;
                    }
                }
            });
        }
    });
    (port, accepted)
}

#[tokio::test]
async fn a_connection_is_used_again_after_a_whole_answer_and_not_after_half_a_one() {
    for answer in [
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".as_slice(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ] {
        let (port, accepted) = counting_server(answer).await;
        let upstream = HttpUpstream::new(PATIENT);
        for _ in 0..5 {
            assert_eq!(upstream.call(call(port)).await.unwrap().body.collect(9).await.unwrap(), "ok");
        }
        assert_eq!(accepted.load(Ordering::Relaxed), 1);
        drop(upstream.call(call(port)).await.unwrap());
        assert_eq!(upstream.call(call(port)).await.unwrap().body.collect(9).await.unwrap(), "ok");
        assert_eq!(accepted.load(Ordering::Relaxed), 2, "whose answer was not read must not be used again");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_while_idle_is_not_used() {
    // It does not announce the close, so that the client can only notice it.
    let (port, accepted) = counting_server(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbye").await;
    let upstream = HttpUpstream::new(PATIENT);
    for expected in 1..=20 {
        assert_eq!(upstream.call(call(port)).await.unwrap().body.collect(9).await.unwrap(), "bye");
        assert_eq!(accepted.load(Ordering::Relaxed), expected);
        // The server's close is on its way; it arrives while this runs.
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }
}

/// More than any provider's limit of concurrent HTTP/2 streams: 300 answers are begun before the first one ends.
#[tokio::test]
async fn three_hundred_streams_to_one_host_do_not_wait_for_each_other() {
    const STREAMS: usize = 300;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while held.len() < STREAMS {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na").await.unwrap();
            held.push(stream);
        }
        for mut stream in held {
            stream.write_all(b"b").await.unwrap();
        }
    });
    let upstream = HttpUpstream::new(PATIENT);
    let calls = (0..STREAMS).map(|_| upstream.call(call(port)));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap().body.collect(99).await.unwrap(), "ab");
    }
}

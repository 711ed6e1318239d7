//! Google's access tokens under paused time, against an endpoint that answers as it is told.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // Waits are measured on the paused clock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use paceway_domain::failure::Phase;
use paceway_domain::{Failure, Secret, UnixMillis};
use paceway_upstream::{Answer, AnswerBody, Call, GoogleCredentials, GoogleTokens, TokenFailure, Upstream};
use tokio::time::{Instant, sleep, timeout};

const NEVER: Duration = Duration::MAX;
const SOON: Duration = Duration::from_millis(100);
/// When a token of one hour is renewed, and when it is no longer used.
const RENEW_AT: UnixMillis = UnixMillis(3_375_000);
const END: UnixMillis = UnixMillis(3_590_000);
const START: UnixMillis = UnixMillis(0);

/// What the endpoint does: when, with which status and body.
type Reply = (Duration, u16, String);

fn token(name: &str) -> Reply {
    (SOON, 200, format!("{{\"access_token\":\"{name}\",\"expires_in\":3600}}"))
}

fn refusal(status: u16) -> Reply {
    (SOON, status, "{\"error\":\"invalid_grant\"}".into())
}

fn silence() -> Reply {
    (NEVER, 200, String::new())
}

struct Endpoint {
    replies: Mutex<VecDeque<Reply>>,
    asked: AtomicUsize,
}

impl Endpoint {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Upstream for Endpoint {
    fn call(&self, _: Call) -> BoxFuture<'_, Result<Answer, Failure>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let (delay, status, body) = self.replies.lock().unwrap().pop_front().unwrap();
        async move {
            sleep(delay).await;
            let status = StatusCode::from_u16(status).unwrap();
            Ok(Answer { status, headers: HeaderMap::new(), body: AnswerBody::full(Bytes::from(body)) })
        }
        .boxed()
    }
}

/// The tokens of one set of credentials, and who gives them.
struct Bench {
    tokens: GoogleTokens,
    endpoint: Arc<Endpoint>,
    upstream: Arc<dyn Upstream>,
}

impl Bench {
    fn with(credentials: GoogleCredentials, replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Mutex::new(replies.into_iter().collect());
        let endpoint = Arc::new(Endpoint { replies, asked: AtomicUsize::new(0) });
        let upstream = Arc::clone(&endpoint) as Arc<dyn Upstream>;
        Self { tokens: GoogleTokens::new(credentials), endpoint, upstream }
    }

    fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(GoogleCredentials::metadata_server(), replies)
    }

    async fn token(&self, now: UnixMillis) -> Result<String, TokenFailure> {
        self.tokens.token(&self.upstream, now).await.map(|token| token.reveal().to_owned())
    }
}

fn later(time: UnixMillis, millis: u64) -> UnixMillis {
    UnixMillis(time.0 + millis)
}

fn refused(status: u16) -> TokenFailure {
    TokenFailure::Refused { status, why: "invalid_grant".into() }
}

fn late(seconds: u64) -> TokenFailure {
    TokenFailure::NoAnswer(Failure::Timeout(Phase::Total, Duration::from_secs(seconds)))
}

#[tokio::test(start_paused = true)]
async fn a_token_is_kept_until_shortly_before_its_end() {
    let bench = Bench::new([token("a"), token("b")]);
    assert_eq!(bench.token(START).await.unwrap(), "a");
    assert_eq!(bench.token(UnixMillis(RENEW_AT.0 - 1)).await.unwrap(), "a");
    assert_eq!(bench.endpoint.asked(), 1);
    assert_eq!(bench.token(RENEW_AT).await.unwrap(), "b");
    assert_eq!(bench.token(END).await.unwrap(), "b");
    assert_eq!(bench.endpoint.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn those_who_need_a_token_at_the_same_time_share_one_renewal() {
    let bench = Bench::new([token("a"), refusal(503), token("b")]);
    let all = join_all((0..50).map(|_| bench.token(START))).await;
    assert!(all.into_iter().all(|one| one.unwrap() == "a"));
    assert_eq!(bench.endpoint.asked(), 1);
    let failed = join_all((0..50).map(|_| bench.token(END))).await;
    assert!(failed.into_iter().all(|one| one == Err(refused(503))));
    assert_eq!(bench.endpoint.asked(), 2);
    assert_eq!(bench.token(END).await.unwrap(), "b");
}

#[tokio::test(start_paused = true)]
async fn while_the_old_token_holds_only_one_waits_for_the_new_one() {
    let bench = Bench::new([token("a"), token("b")]);
    bench.token(START).await.unwrap();
    let all = join_all((0..3).map(|_| bench.token(RENEW_AT))).await;
    assert_eq!(all.into_iter().map(Result::unwrap).collect::<Vec<_>>(), ["b", "a", "a"]);
    assert_eq!(bench.endpoint.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_renewal_keeps_the_old_token_while_it_holds() {
    let bench = Bench::new([token("a"), refusal(400), refusal(503), refusal(503), token("b")]);
    bench.token(START).await.unwrap();
    assert_eq!(bench.token(RENEW_AT).await.unwrap(), "a");
    assert_eq!(bench.token(later(RENEW_AT, 9_999)).await.unwrap(), "a");
    assert_eq!(bench.endpoint.asked(), 2);
    assert_eq!(bench.token(later(RENEW_AT, 10_000)).await.unwrap(), "a");
    assert_eq!(bench.endpoint.asked(), 3);
    assert_eq!(bench.token(END).await, Err(refused(503)));
    assert_eq!(bench.token(END).await.unwrap(), "b");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_the_credentials_is_repeated_and_an_outage_is_not() {
    let bench = Bench::new([refusal(400), refusal(429), refusal(500), token("a")]);
    assert_eq!(bench.token(START).await, Err(refused(400)));
    assert_eq!(bench.token(later(START, 9_999)).await, Err(refused(400)));
    assert_eq!(bench.endpoint.asked(), 1);
    assert_eq!(bench.token(later(START, 10_000)).await, Err(refused(429)));
    assert_eq!(bench.token(later(START, 10_001)).await, Err(refused(500)));
    assert_eq!(bench.token(later(START, 10_002)).await.unwrap(), "a");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_set_back_does_not_lengthen_a_refusal() {
    let bench = Bench::new([refusal(400), token("a")]);
    assert_eq!(bench.token(RENEW_AT).await, Err(refused(400)));
    assert_eq!(bench.token(START).await.unwrap(), "a");
}

#[tokio::test(start_paused = true)]
async fn the_wait_is_bounded() {
    let bench = Bench::new([silence(), token("a"), silence(), silence()]);
    let begin = Instant::now();
    assert_eq!(bench.token(START).await, Err(late(10)));
    assert_eq!(begin.elapsed(), Duration::from_secs(10));
    bench.token(START).await.unwrap();

    let begin = Instant::now();
    assert_eq!(bench.token(RENEW_AT).await.unwrap(), "a");
    assert_eq!(begin.elapsed(), Duration::from_secs(2));
    assert_eq!(bench.token(later(RENEW_AT, 9_999)).await.unwrap(), "a");
    assert_eq!(bench.endpoint.asked(), 3);
    assert_eq!(bench.token(END).await, Err(late(10)));
}

#[tokio::test(start_paused = true)]
async fn a_renewal_outlives_the_caller_who_began_it() {
    let bench = Bench::new([token("a")]);
    let half = SOON / 2;
    let (gone, waited) = tokio::join!(timeout(half, bench.token(START)), bench.token(START));
    assert!(gone.is_err());
    assert_eq!(waited.unwrap(), "a");
    assert_eq!(bench.endpoint.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_all_have_left_begins_anew() {
    let bench = Bench::new([silence(), token("a")]);
    assert!(timeout(SOON, bench.token(START)).await.is_err());
    assert_eq!(bench.token(START).await.unwrap(), "a");
    assert_eq!(bench.endpoint.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_refused_is_replaced_unless_it_is_young() {
    let bench = Bench::new([token("a"), token("b")]);
    bench.token(START).await.unwrap();
    bench.tokens.forget(&Secret::new("a"), later(START, 59_999));
    bench.tokens.forget(&Secret::new("another"), later(START, 60_000));
    assert_eq!(bench.token(later(START, 60_000)).await.unwrap(), "a");
    bench.tokens.forget(&Secret::new("a"), later(START, 60_000));
    assert_eq!(bench.token(later(START, 60_000)).await.unwrap(), "b");
}

#[tokio::test(start_paused = true)]
async fn a_token_from_elsewhere_is_used_as_it_is() {
    let credentials = GoogleCredentials::access_token(Secret::new("ya29.hunter2")).unwrap();
    let bench = Bench::with(credentials, []);
    assert_eq!(bench.token(START).await.unwrap(), "ya29.hunter2");
    assert_eq!(bench.token(UnixMillis(u64::MAX)).await.unwrap(), "ya29.hunter2");
    assert_eq!(bench.endpoint.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_gets_its_headers_and_shows_none_of_them() {
    let user = r#"{"type": "authorized_user", "client_id": "c", "client_secret": "d-hunter2",
        "refresh_token": "1//hunter2", "quota_project_id": "acme"}"#;
    let bench = Bench::with(GoogleCredentials::from_json(user).unwrap(), [token("ya29.hunter2")]);
    let mut call = Call {
        method: Method::POST,
        uri: Uri::from_static("https://aiplatform.googleapis.com/v1/x"),
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"a prompt"),
    };
    bench.tokens.authorize(&mut call, &bench.upstream, START).await.unwrap();
    assert_eq!(call.headers[header::AUTHORIZATION], "Bearer ya29.hunter2");
    assert_eq!(call.headers["x-goog-user-project"], "acme");
    let shown = format!("{call:?} {:?}", bench.tokens);
    assert!(!shown.contains("hunter2") && !shown.contains("prompt"), "{shown}");
}

#[test]
fn a_refusal_becomes_a_failure_that_says_so() {
    assert_eq!(
        Failure::from(refused(400)).to_string(),
        "could not connect: Google refuses an access token with status 400: invalid_grant"
    );
    assert_eq!(Failure::from(late(10)), Failure::Timeout(Phase::Total, Duration::from_secs(10)));
}

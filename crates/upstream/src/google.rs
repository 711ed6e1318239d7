//! Access tokens for Google Cloud (Vertex AI): kept, renewed shortly before their end, one renewal at a time.
//!
//! Time is handed in; the wait for a renewal is bounded by the runtime's timers. Which credentials there are, and where
//! they are written, is for the caller: nothing here reads a file or the environment, and the metadata server is asked only
//! if it is chosen.

mod account;
mod grant;
mod jwt;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::http::{HeaderName, header};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use paceway_domain::failure::Phase;
use paceway_domain::{Failure, Secret, UnixMillis};
use tokio::time::timeout;

pub use self::account::GoogleCredentials;
use self::account::visible;
use self::grant::{Grant, Token};
use crate::{Call, Upstream};

/// How long a renewal may take in all.
const RENEWAL_BOUND: Duration = Duration::from_secs(10);
/// How long a caller waits for a renewal while the old token still holds.
const SPARE_BOUND: Duration = Duration::from_secs(2);
/// How long after a failed renewal the next one is made, if the old token still holds or the credentials are to blame.
const RETRY_AFTER_MS: u64 = 10_000;
/// A token that is refused at this age is not refused for its age, so that a new one would not help.
const YOUNG_MS: u64 = 60_000;
/// The largest answer of a token endpoint that is read, in bytes; real ones have two thousand.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Whose quota a user's call counts against.
const QUOTA_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// Why there is no access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenFailure {
    /// The token endpoint gave no answer, or one that is not understood.
    NoAnswer(Failure),
    /// The token endpoint refused.
    Refused {
        /// Its HTTP status.
        status: u16,
        /// What it said, without the credentials.
        why: String,
    },
}

impl TokenFailure {
    /// Whether the credentials are to blame, so that asking again soon cannot help.
    pub fn is_lasting(&self) -> bool {
        matches!(self, Self::Refused { status: 400..=499, .. })
            && !matches!(self, Self::Refused { status: 408 | 429, .. })
    }
}

impl fmt::Display for TokenFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer(failure) => write!(f, "no access token from Google: {failure}"),
            Self::Refused { status, why } if why.is_empty() => {
                write!(f, "Google refuses an access token with status {status}")
            }
            Self::Refused { status, why } => {
                write!(f, "Google refuses an access token with status {status}: {why}")
            }
        }
    }
}

impl std::error::Error for TokenFailure {}

impl From<TokenFailure> for Failure {
    /// For a caller to whom the token is a part of reaching the provider.
    fn from(failure: TokenFailure) -> Self {
        match failure {
            TokenFailure::NoAnswer(failure) => failure,
            refused @ TokenFailure::Refused { .. } => Self::Connect(refused.to_string()),
        }
    }
}

/// The access tokens of one set of credentials.
pub struct GoogleTokens(Arc<Source>);

struct Source {
    credentials: GoogleCredentials,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    kept: Option<Token>,
    /// The last renewal, if it failed, and when it began.
    failed: Option<(UnixMillis, TokenFailure)>,
    /// The renewal under way. It belongs to those who wait for it: when they all give up, it ends.
    renewal: Option<WeakShared<BoxFuture<'static, Renewed>>>,
}

type Renewed = Result<Token, TokenFailure>;
type Renewal = Shared<BoxFuture<'static, Renewed>>;

/// What a caller has to do.
enum Step {
    Done(Result<Secret, TokenFailure>),
    Wait(Renewal),
    /// Wait a little, and take the old token if that does not help.
    Try(Renewal, Secret),
}

impl GoogleTokens {
    /// Holds no token yet; the first call asks for one.
    pub fn new(credentials: GoogleCredentials) -> Self {
        Self(Arc::new(Source { credentials, state: Mutex::default() }))
    }

    /// An access token that holds for at least some seconds from `now`.
    ///
    /// Callers that need a new one at the same time wait for the same renewal, at most ten seconds. While the old token
    /// holds, only one of them waits, at most two seconds, and a failure is nobody's. Dropping the future is safe: the
    /// others carry the renewal on.
    ///
    /// # Errors
    /// A [`TokenFailure`] when there is no token that holds. One that [is lasting](TokenFailure::is_lasting) is repeated
    /// for ten seconds before Google is asked again.
    pub async fn token(&self, upstream: &Arc<dyn Upstream>, now: UnixMillis) -> Result<Secret, TokenFailure> {
        if let Some(token) = self.0.credentials.fixed_token() {
            return Ok(token.clone());
        }
        let step = self.0.step(upstream, now);
        match step {
            Step::Done(result) => result,
            Step::Wait(renewal) => renewal.await.map(|token| token.secret),
            Step::Try(renewal, spare) => match timeout(SPARE_BOUND, renewal).await {
                Ok(renewed) => Ok(renewed.map_or(spare, |token| token.secret)),
                Err(_) => {
                    self.0.lock().failed = Some((now, late(SPARE_BOUND)));
                    Ok(spare)
                }
            },
        }
    }

    /// Adds to a call what Google knows its sender by: `authorization`, and `x-goog-user-project` where the credentials
    /// name a project for quota.
    ///
    /// # Errors
    /// As [`Self::token`].
    pub async fn authorize(
        &self,
        call: &mut Call,
        upstream: &Arc<dyn Upstream>,
        now: UnixMillis,
    ) -> Result<(), TokenFailure> {
        let token = self.token(upstream, now).await?;
        let mut value =
            visible(&format!("Bearer {}", token.reveal())).expect("a token was checked when it was read");
        value.set_sensitive(true);
        call.headers.insert(header::AUTHORIZATION, value);
        if let Some(project) = self.0.credentials.quota_project() {
            call.headers.insert(QUOTA_PROJECT, project.clone());
        }
        Ok(())
    }

    /// Drops a token that a provider has refused (status 401), so that the next call asks for another. One that is less
    /// than a minute old is kept: another would fare no better.
    pub fn forget(&self, refused: &Secret, now: UnixMillis) {
        let mut state = self.0.lock();
        state.kept.take_if(|kept| kept.secret == *refused && now.0 >= kept.since.0.saturating_add(YOUNG_MS));
    }
}

impl fmt::Debug for GoogleTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GoogleTokens").field(&self.0.credentials).finish()
    }
}

impl PartialEq for GoogleTokens {
    /// Whether they are of the same credentials, whatever tokens they hold.
    fn eq(&self, other: &Self) -> bool {
        self.0.credentials == other.0.credentials
    }
}

impl Source {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(self: &Arc<Self>, upstream: &Arc<dyn Upstream>, now: UnixMillis) -> Step {
        let mut state = self.lock();
        let kept = state.kept.as_ref().filter(|kept| now < kept.end);
        if let Some(kept) = kept.filter(|kept| now < kept.renew_at) {
            return Step::Done(Ok(kept.secret.clone()));
        }
        let spare = kept.map(|kept| kept.secret.clone());
        let failure = state.failed_lately(now);
        let renewal = state.renewal.as_ref().and_then(WeakShared::upgrade);
        match (spare, failure, renewal) {
            (Some(spare), Some(_), _) | (Some(spare), _, Some(_)) => Step::Done(Ok(spare)),
            (None, Some(failure), _) if failure.is_lasting() => Step::Done(Err(failure.clone())),
            (None, _, Some(renewal)) => Step::Wait(renewal),
            (spare, _, None) => {
                let renewal = Arc::clone(self).renew(Arc::clone(upstream), now).boxed().shared();
                state.renewal = renewal.downgrade();
                match spare {
                    Some(spare) => Step::Try(renewal, spare),
                    None => Step::Wait(renewal),
                }
            }
        }
    }

    async fn renew(self: Arc<Self>, upstream: Arc<dyn Upstream>, now: UnixMillis) -> Renewed {
        let asking = ask(&self.credentials, upstream.as_ref(), now);
        let renewed = timeout(RENEWAL_BOUND, asking).await.unwrap_or_else(|_| Err(late(RENEWAL_BOUND)));
        let mut state = self.lock();
        state.renewal = None;
        match &renewed {
            Ok(token) => {
                state.kept = Some(token.clone());
                state.failed = None;
            }
            Err(failure) => state.failed = Some((now, failure.clone())),
        }
        drop(state);
        renewed
    }
}

impl State {
    fn failed_lately(&self, now: UnixMillis) -> Option<&TokenFailure> {
        let (since, failure) = self.failed.as_ref()?;
        // Not before it either: a clock that was set back must not make this last for longer.
        (now.0.abs_diff(since.0) < RETRY_AFTER_MS).then_some(failure)
    }
}

async fn ask(credentials: &GoogleCredentials, upstream: &dyn Upstream, now: UnixMillis) -> Renewed {
    let Grant { call, secrets } = Grant::new(credentials, now);
    let answer = upstream.call(call).await.map_err(TokenFailure::NoAnswer)?;
    let body = answer.body.collect(MAX_ANSWER_BYTES).await.map_err(TokenFailure::NoAnswer)?;
    grant::read(answer.status, &body, now, &secrets)
}

fn late(bound: Duration) -> TokenFailure {
    TokenFailure::NoAnswer(Failure::Timeout(Phase::Total, bound))
}

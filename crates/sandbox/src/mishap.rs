//! What befalls the body of an answer on its way, whatever the body is.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};

use crate::fault::Fault;
use crate::faults::Faults;
use crate::strike::{Place, Strike};

/// Whole answers go out in pieces of so many bytes when something befalls them.
const PIECE: usize = 64;

/// What befalls a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// The connection breaks at this place.
    Cut(Place),
    /// From this place on nothing comes any more, and the connection stays open.
    Stall(Place),
    /// So long a pause before each piece.
    Drip(Duration),
}

impl Mishap {
    /// What a fault does to a body, half of which has so many pieces.
    pub(crate) fn of(strike: Option<Strike>, faults: &Faults, half: usize) -> Option<Self> {
        let Strike { fault, place } = strike?;
        let place = place.unwrap_or(Place::behind(half));
        match fault {
            Fault::Cut => Some(Self::Cut(place)),
            Fault::CutEarly => Some(Self::Cut(Place::behind(0))),
            Fault::Stall => Some(Self::Stall(place)),
            Fault::Drip => Some(Self::Drip(Duration::from_millis(faults.drip_ms))),
            _ => None,
        }
    }
}

/// A whole answer in pieces.
pub(crate) fn pieces(whole: &Bytes) -> Vec<Bytes> {
    (0..whole.len()).step_by(PIECE).map(|at| whole.slice(at..whole.len().min(at + PIECE))).collect()
}

/// The pieces of a body with what befalls them.
pub(crate) fn befall(
    pieces: impl Stream<Item = Bytes> + Send + 'static,
    mishap: Option<Mishap>,
) -> impl Stream<Item = io::Result<Bytes>> {
    let place = match mishap {
        Some(Mishap::Cut(place) | Mishap::Stall(place)) => place,
        Some(Mishap::Drip(_)) | None => Place::behind(usize::MAX),
    };
    let state = (Some(pieces.boxed()), Sent::default());
    stream::unfold(state, move |(pieces, sent)| async move {
        let mut pieces = pieces?;
        let is_there = sent.whole >= place.pieces;
        if is_there && place.is_within == sent.is_half {
            if matches!(mishap, Some(Mishap::Stall(_))) {
                std::future::pending::<()>().await;
            }
            // What was sent, the head at least, reaches the socket while this waits.
            tokio::task::yield_now().await;
            return Some((Err(io::Error::other("a fault cut the answer")), (None, sent)));
        }
        let piece = pieces.next().await?;
        if is_there {
            let half = piece.slice(..piece.len() / 2);
            return Some((Ok(half), (Some(pieces), Sent { is_half: true, ..sent })));
        }
        if let Some(Mishap::Drip(pause)) = mishap {
            tokio::time::sleep(pause).await;
        }
        Some((Ok(piece), (Some(pieces), Sent { whole: sent.whole + 1, ..sent })))
    })
}

/// What of a body was sent.
#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    whole: usize,
    /// Whether half a piece went out behind them.
    is_half: bool,
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::time::Instant;

    use super::*;

    fn body(mishap: Option<Mishap>) -> impl Stream<Item = io::Result<Bytes>> {
        befall(stream::iter(pieces(&Bytes::from(vec![b'a'; 200]))), mishap)
    }

    async fn lengths(mishap: Option<Mishap>) -> Vec<Option<usize>> {
        body(mishap).map(|piece| piece.ok().map(|piece| piece.len())).collect().await
    }

    #[tokio::test]
    async fn without_a_mishap_everything_comes() {
        assert_eq!(lengths(None).await, [Some(64), Some(64), Some(64), Some(8)]);
    }

    #[tokio::test]
    async fn a_cut_breaks_off_after_what_came_before_it_and_ends() {
        assert_eq!(lengths(Some(Mishap::Cut(Place::behind(2)))).await, [Some(64), Some(64), None]);
        assert_eq!(lengths(Some(Mishap::Cut(Place::behind(0)))).await, [None]);
    }

    #[tokio::test]
    async fn a_cut_within_a_piece_leaves_the_half_of_it() {
        let within = Place { pieces: 1, is_within: true };
        assert_eq!(lengths(Some(Mishap::Cut(within))).await, [Some(64), Some(32), None]);
        let last = Place { pieces: 3, is_within: true };
        assert_eq!(lengths(Some(Mishap::Cut(last))).await, [Some(64), Some(64), Some(64), Some(4), None]);
    }

    #[tokio::test]
    async fn a_cut_behind_the_end_strikes_nothing_and_one_at_the_end_breaks_what_is_whole() {
        assert_eq!(lengths(Some(Mishap::Cut(Place::behind(5)))).await, lengths(None).await);
        let at_end = lengths(Some(Mishap::Cut(Place::behind(4)))).await;
        assert_eq!(at_end, [Some(64), Some(64), Some(64), Some(8), None]);
    }

    #[tokio::test]
    async fn a_stalled_body_neither_goes_on_nor_ends() {
        let mut body = Box::pin(body(Some(Mishap::Stall(Place::behind(1)))));
        assert!(body.next().now_or_never().flatten().is_some());
        assert!(body.next().now_or_never().is_none());
    }

    #[tokio::test(start_paused = true)]
    #[allow(clippy::disallowed_methods)] // A test of waits reads the clock.
    async fn a_dripping_body_comes_whole_with_a_pause_before_each_piece() {
        let start = Instant::now();
        let lengths = lengths(Some(Mishap::Drip(Duration::from_secs(2)))).await;
        assert_eq!(lengths, [Some(64), Some(64), Some(64), Some(8)]);
        assert_eq!(start.elapsed().as_secs(), 8);
    }
}

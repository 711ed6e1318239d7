//! What befalls the body of an answer on its way, whatever the body is.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};

use crate::faults::{Fault, Faults};

/// Whole answers go out in pieces of so many bytes when something befalls them.
const PIECE: usize = 64;

/// What befalls a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// The connection breaks after so many pieces.
    CutAfter(usize),
    /// After so many pieces nothing comes any more, and the connection stays open.
    StallAfter(usize),
    /// So long a pause before each piece.
    Drip(Duration),
}

impl Mishap {
    /// What a fault does to a body, half of which has so many pieces.
    pub(crate) fn of(fault: Option<Fault>, faults: &Faults, half: usize) -> Option<Self> {
        match fault? {
            Fault::Cut => Some(Self::CutAfter(half)),
            Fault::CutEarly => Some(Self::CutAfter(0)),
            Fault::Stall => Some(Self::StallAfter(half)),
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
    let state = (Some(pieces.boxed()), 0);
    stream::unfold(state, move |(pieces, sent)| async move {
        let mut pieces = pieces?;
        match mishap {
            Some(Mishap::CutAfter(most)) if sent >= most => {
                // What was sent, the head at least, reaches the socket while this waits.
                tokio::task::yield_now().await;
                return Some((Err(io::Error::other("a fault cut the answer")), (None, sent)));
            }
            Some(Mishap::StallAfter(most)) if sent >= most => std::future::pending().await,
            _ => {}
        }
        let piece = pieces.next().await?;
        if let Some(Mishap::Drip(pause)) = mishap {
            tokio::time::sleep(pause).await;
        }
        Some((Ok(piece), (Some(pieces), sent + 1)))
    })
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
        assert_eq!(lengths(Some(Mishap::CutAfter(2))).await, [Some(64), Some(64), None]);
        assert_eq!(lengths(Some(Mishap::CutAfter(0))).await, [None]);
    }

    #[tokio::test]
    async fn a_stalled_body_neither_goes_on_nor_ends() {
        let mut body = Box::pin(body(Some(Mishap::StallAfter(1))));
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

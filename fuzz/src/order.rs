//! Whether the pieces of a stream come in the order that the neutral form promises.

use paceway_protocol::neutral::{Opening, Piece};

/// How far a stream of pieces has come.
#[derive(Debug, Default)]
pub struct Order {
    has_begun: bool,
    /// Whether a part is open, and whether it takes deltas.
    open: Option<bool>,
    /// Whether it has ended with its end.
    pub has_ended: bool,
    /// Whether it has ended with an error.
    pub has_failed: bool,
}

impl Order {
    /// Looks at the next piece.
    ///
    /// # Panics
    /// If it may not come now.
    pub fn piece(&mut self, piece: &Piece<'_>) {
        assert!(!self.has_ended && !self.has_failed, "{piece:?} after the end");
        match piece {
            Piece::Begin { .. } => assert!(!std::mem::replace(&mut self.has_begun, true), "it begins twice"),
            Piece::Open(opening) => {
                let takes_deltas = !matches!(opening, Opening::Redacted(_) | Opening::Image { .. });
                assert!(self.has_begun, "{opening:?} before it begins");
                assert!(self.open.replace(takes_deltas).is_none(), "{opening:?} within another part");
            }
            Piece::Delta(delta) => assert_eq!(self.open, Some(true), "{delta:?} in no part that takes it"),
            Piece::Close => assert!(self.open.take().is_some(), "nothing is open that could close"),
            Piece::End { .. } => {
                assert!(self.has_begun && self.open.is_none(), "it ends within a part, or before it begins");
                self.has_ended = true;
            }
            Piece::Error(_) => self.has_failed = true,
        }
    }
}

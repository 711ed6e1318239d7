//! What the client was told of an answer so far, and whether another target can go on from there.
//!
//! It follows neutral pieces on their way to the writer. It keeps the words of the answer, bounded; of thoughts it keeps only
//! how many there were: nobody can go on with another model's thoughts.

use std::fmt;

use paceway_domain::Tokens;

use crate::estimate;
use crate::neutral::{Delta, Opening, Piece};

/// The most bytes of an answer's words that are kept. A longer answer cannot be continued: its rest would need a request
/// larger than most bodies, and every stream in flight may hold so much.
pub const MAX_HEARD_BYTES: usize = 1024 * 1024;

/// So many bytes of thoughts are gathered before they are counted, so that rounding up does not add up.
const COUNTED_AT_ONCE: usize = 4 * 1024;

/// Why an answer cannot be continued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The client was told the end.
    Ended,
    /// The client was told an error.
    Failed,
    /// A call of a tool has begun: its half arguments cannot be taken back, nor whole ones called again.
    ToolCall,
    /// The model is declining.
    Refusal,
    /// A picture was told, which is nothing that words can go on from.
    Image,
    /// More than [`MAX_HEARD_BYTES`] of words.
    TooLong,
    /// The answer has to be JSON, which no second answer can begin in the middle of.
    Form,
    /// Several answers are wanted, and a stream carries one.
    SeveralAnswers,
    /// What the client was told was not followed.
    NotKept,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "the answer has ended",
            Self::Failed => "the answer has ended with an error",
            Self::ToolCall => "a call of a tool has begun",
            Self::Refusal => "the model was declining",
            Self::Image => "the answer holds a picture",
            Self::TooLong => "the answer is longer than 1 MiB",
            Self::Form => "the answer has to be JSON, which a second answer cannot begin in the middle of",
            Self::SeveralAnswers => "several answers were asked for",
            Self::NotKept => "the stream was not kept to be continued",
        })
    }
}

/// The part that is open at the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Open {
    #[default]
    Nothing,
    Text,
    Thinking,
    /// Anything else.
    Other,
}

/// Follows the pieces that a client is told.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    has_begun: bool,
    open: Open,
    text: String,
    obstacle: Option<Obstacle>,
    /// Where in `text` the attempt that is running began.
    attempt_start: usize,
    thoughts: Thoughts,
}

impl Heard {
    /// Takes note of a piece that the client is told.
    pub fn piece(&mut self, piece: &Piece<'_>) {
        match piece {
            Piece::Begin { .. } => self.has_begun = true,
            Piece::Open(opening) => self.opens(opening),
            Piece::Delta(Delta::Text(text)) => match self.open {
                Open::Text => self.says(text),
                Open::Thinking => self.thoughts.add(text),
                Open::Nothing | Open::Other => {}
            },
            Piece::Delta(_) => {}
            Piece::Close => self.open = Open::Nothing,
            Piece::End { .. } => self.meets(Obstacle::Ended),
            Piece::Error(_) => self.meets(Obstacle::Failed),
        }
    }

    fn opens(&mut self, opening: &Opening<'_>) {
        self.open = match opening {
            Opening::Text => Open::Text,
            Opening::Thinking => Open::Thinking,
            Opening::Redacted(_) => Open::Other,
            Opening::ToolCall { .. } => {
                self.meets(Obstacle::ToolCall);
                Open::Other
            }
            Opening::Refusal => {
                self.meets(Obstacle::Refusal);
                Open::Other
            }
            Opening::Image { .. } => {
                self.meets(Obstacle::Image);
                Open::Other
            }
        };
    }

    fn says(&mut self, text: &str) {
        if self.obstacle.is_some() {
            return;
        }
        if self.text.len() + text.len() > MAX_HEARD_BYTES {
            self.meets(Obstacle::TooLong);
        } else {
            self.text.push_str(text);
        }
    }

    /// From here on the words are needed no more; the first obstacle is the one that is told, but for the end.
    fn meets(&mut self, obstacle: Obstacle) {
        if matches!(obstacle, Obstacle::Ended | Obstacle::Failed) {
            self.obstacle = Some(obstacle);
        }
        self.obstacle.get_or_insert(obstacle);
    }

    /// Whether another target can go on from here: if nothing, or nothing but thoughts and words was told.
    ///
    /// # Errors
    /// What stands against it.
    pub fn can_continue(&self) -> Result<(), Obstacle> {
        self.obstacle.map_or(Ok(()), Err)
    }

    /// The words of the answer so far, all its texts joined; thoughts are not among them.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether there are words to go on from. If not, the request is sent again as it is.
    pub fn has_words(&self) -> bool {
        !self.text.trim().is_empty()
    }

    /// Whether the client was told that the answer has begun.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// The part that is open at the client.
    pub(super) fn open(&self) -> Open {
        self.open
    }

    /// Another attempt takes over: what it says is counted anew.
    pub(super) fn next_attempt(&mut self) {
        self.attempt_start = self.text.len();
        self.thoughts = Thoughts::default();
    }

    /// How many tokens of words and of thoughts the running attempt is likely to have made.
    pub(super) fn made(&self) -> (Tokens, Tokens) {
        (tokens(&self.text[self.attempt_start..]), self.thoughts.count())
    }
}

/// Thoughts, counted and forgotten.
#[derive(Debug, Clone, Default)]
struct Thoughts {
    counted: Tokens,
    uncounted: String,
}

impl Thoughts {
    fn add(&mut self, text: &str) {
        self.uncounted.push_str(text);
        if self.uncounted.len() >= COUNTED_AT_ONCE {
            self.counted = self.count();
            self.uncounted.clear();
        }
    }

    fn count(&self) -> Tokens {
        self.counted + tokens(&self.uncounted)
    }
}

/// The likely number of tokens of a text that is a part of a message and no message of its own.
pub(super) fn tokens(text: &str) -> Tokens {
    estimate::tokens(text.as_bytes()).saturating_sub(estimate::tokens(b""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neutral::{ErrorKind, ErrorReport, Finish};

    fn heard(pieces: &[Piece<'_>]) -> Heard {
        let mut heard = Heard::default();
        for piece in pieces {
            heard.piece(piece);
        }
        heard
    }

    fn words(text: &str) -> Piece<'_> {
        Piece::Delta(Delta::Text(text.into()))
    }

    fn call() -> Piece<'static> {
        Piece::Open(Opening::ToolCall {
            id: "c".into(),
            name: "f".into(),
            namespace: None,
            is_custom: false,
            seal: None,
        })
    }

    #[test]
    fn thoughts_and_words_can_be_gone_on_from_and_only_the_words_are_kept() {
        let pieces = [
            Piece::Open(Opening::Thinking),
            words("Hm."),
            Piece::Close,
            Piece::Open(Opening::Text),
            words("One "),
            Piece::Close,
            Piece::Open(Opening::Text),
            words("two"),
        ];
        for end in 0..=pieces.len() {
            assert_eq!(heard(&pieces[..end]).can_continue(), Ok(()));
            assert_eq!(heard(&pieces[..end]).has_words(), end > 4);
        }
        let heard = heard(&pieces);
        assert_eq!((heard.text(), heard.open()), ("One two", Open::Text));
    }

    #[test]
    fn calls_refusals_pictures_ends_and_errors_stand_against_it() {
        let image = Piece::Open(Opening::Image { media_type: "image/png".into(), data: "AA==".into() });
        let end = Piece::End { finish: Finish::Done, usage: paceway_domain::Usage::default() };
        let error = Piece::Error(ErrorReport::new(ErrorKind::Overloaded, "busy"));
        for (piece, obstacle) in [
            (call(), Obstacle::ToolCall),
            (Piece::Open(Opening::Refusal), Obstacle::Refusal),
            (image, Obstacle::Image),
            (end.clone(), Obstacle::Ended),
            (error, Obstacle::Failed),
        ] {
            assert_eq!(heard(&[Piece::Open(Opening::Text), words("a"), piece]).can_continue(), Err(obstacle));
        }
        assert_eq!(heard(&[call(), Piece::Close]).can_continue(), Err(Obstacle::ToolCall));
        assert_eq!(heard(&[call(), Piece::Close, end]).can_continue(), Err(Obstacle::Ended));
    }

    #[test]
    fn words_are_kept_up_to_the_bound_and_not_beyond() {
        let most = "x".repeat(MAX_HEARD_BYTES);
        let mut heard = heard(&[Piece::Open(Opening::Text), words(&most)]);
        assert_eq!((heard.can_continue(), heard.text().len()), (Ok(()), MAX_HEARD_BYTES));
        heard.piece(&words("y"));
        assert_eq!(heard.can_continue(), Err(Obstacle::TooLong));
        heard.piece(&words("z"));
        assert_eq!(heard.text().len(), MAX_HEARD_BYTES);
    }

    #[test]
    fn what_was_made_is_counted_for_each_attempt_without_rounding_up_every_delta() {
        let mut heard = heard(&[Piece::Open(Opening::Thinking)]);
        for _ in 0..10_000 {
            heard.piece(&words("a"));
        }
        let (said, thought) = heard.made();
        assert_eq!((said, thought), (Tokens::ZERO, tokens(&"a".repeat(10_000))));
        heard.piece(&Piece::Close);
        heard.piece(&Piece::Open(Opening::Text));
        heard.piece(&words("first"));
        heard.next_attempt();
        heard.piece(&words(" second one"));
        assert_eq!(heard.made(), (tokens(" second one"), Tokens::ZERO));
    }
}

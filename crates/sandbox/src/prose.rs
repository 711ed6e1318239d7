//! What a simulated answer says: that it is one, what was asked, and seeded filler up to its length.

use fastrand::Rng;

use crate::tokens;

/// Some of these have characters of two, three and four bytes, so that a stream's cuts fall inside characters.
const WORDS: [&str; 32] = [
    "the", "river", "keeps", "its", "own", "pace", "between", "quiet", "banks", "and", "carries", "naïve",
    "leaves", "toward", "a", "café", "where", "people", "wait", "for", "their", "turn", "without", "hurry",
    "—", "slowly", "then", "once", "more", "日本", "🌊", "again",
];

const OPENING: &str = "This is a simulated answer from Paceway's built-in provider; no model was called.";
/// How much of the question is repeated, in characters.
const QUOTED: usize = 80;

/// An answer's tokens and why it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prose {
    pub(crate) pieces: Vec<String>,
    pub(crate) stop: Stop,
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    Done,
    MaxTokens,
    Sequence(String),
}

/// Writes the answer to `question`: `length` tokens, fewer if `max_tokens` or a stop sequence ends it.
pub(crate) fn answer(seed: u64, question: &str, length: u64, max_tokens: u64, stops: &[String]) -> Prose {
    let mut text = text(seed, question, length);
    let cut = stops
        .iter()
        .filter(|stop| !stop.is_empty())
        .filter_map(|stop| Some((text.find(stop.as_str())?, stop)));
    let mut stop = Stop::Done;
    if let Some((at, sequence)) = cut.min_by_key(|(at, _)| *at) {
        text.truncate(at);
        stop = Stop::Sequence(sequence.clone());
    }
    let most = usize::try_from(max_tokens).unwrap_or(usize::MAX);
    let mut pieces: Vec<_> = tokens::pieces(&text).into_iter().map(str::to_owned).collect();
    if pieces.len() > most {
        pieces.truncate(most);
        stop = Stop::MaxTokens;
    }
    Prose { pieces, stop }
}

/// A text of exactly `length` tokens.
fn text(seed: u64, question: &str, length: u64) -> String {
    let mut dice = Rng::with_seed(seed);
    let quoted: String = question.chars().take(QUOTED).collect();
    let ellipsis = if quoted.len() < question.len() { "…" } else { "" };
    let mut text = format!("{OPENING} You wrote: \"{quoted}{ellipsis}\".");
    let mut count = tokens::count(&text);
    while count < length {
        // A space begins a token, so that the counts of the words add up.
        let word = format!(" {}", dice.choice(WORDS).unwrap_or("the"));
        count += tokens::count(&word);
        text.push_str(&word);
    }
    let most = usize::try_from(length).unwrap_or(usize::MAX);
    tokens::pieces(&text).into_iter().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_says_the_same_and_another_does_not() {
        assert_eq!(answer(1, "Hi", 80, 999, &[]), answer(1, "Hi", 80, 999, &[]));
        assert_ne!(answer(1, "Hi", 80, 999, &[]), answer(2, "Hi", 80, 999, &[]));
    }

    #[test]
    fn an_answer_says_that_it_is_simulated_and_has_the_length_asked_for() {
        let prose = answer(1, "Hi", 80, 999, &[]);
        assert!(prose.pieces.concat().starts_with(OPENING));
        assert_eq!((prose.pieces.len(), prose.stop), (80, Stop::Done));
    }

    #[test]
    fn max_tokens_and_stop_sequences_end_it_whichever_comes_first() {
        assert_eq!(answer(1, "Hi", 80, 5, &[]).stop, Stop::MaxTokens);
        let stops = ["provider".to_owned(), "simulated".to_owned()];
        let prose = answer(1, "Hi", 80, 999, &stops);
        assert_eq!(
            (prose.pieces.concat().as_str(), &prose.stop),
            ("This is a ", &Stop::Sequence("simulated".into()))
        );
    }
}

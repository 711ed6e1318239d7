//! What a simulated answer says: that it is one, what was asked, and seeded filler up to its length.

use fastrand::Rng;

use crate::ask::{Media, MediaKind, ToolResult};
use crate::tokens;

/// Some of these have characters of two, three and four bytes, so that a stream's cuts fall inside characters.
const WORDS: [&str; 32] = [
    "the", "river", "keeps", "its", "own", "pace", "between", "quiet", "banks", "and", "carries", "naïve",
    "leaves", "toward", "a", "café", "where", "people", "wait", "for", "their", "turn", "without", "hurry",
    "—", "slowly", "then", "once", "more", "日本", "🌊", "again",
];

const OPENING: &str = "This is a simulated answer from Paceway's built-in provider; no model was called.";
const THINKING: &str = "This is simulated thinking; no model was called. The question is";
pub(crate) const REFUSAL: &str = "I'm sorry, but I can't help with that. (This refusal is simulated.)";
/// What comes behind the words from which it was asked to go on.
const REST: &str = " and this is the simulated rest of it.";
/// How much of the question is repeated, in characters.
const QUOTED: usize = 80;
/// How much of a tool's result is repeated, in characters.
const QUOTED_RESULT: usize = 200;
/// The least tokens that thinking takes, and by how many it varies.
const THOUGHT: (u64, u64) = (24, 40);

/// The answer to `question`: exactly `length` tokens.
pub(crate) fn answer(seed: u64, question: &str, length: u64) -> String {
    let (quoted, ellipsis) = beginning(question, QUOTED);
    fill(seed, format!("{OPENING} You wrote: \"{quoted}{ellipsis}\"."), length)
}

/// The last words of an answer that broke off, once more, and the rest of it.
pub(crate) fn rest(last_words: &str) -> String {
    format!("{last_words}{REST}")
}

/// What it thinks before it answers.
pub(crate) fn thinking(seed: u64, question: &str, most: u64) -> String {
    let (quoted, ellipsis) = beginning(question, QUOTED);
    let length = THOUGHT.0 + seed % THOUGHT.1;
    fill(seed, format!("{THINKING} \"{quoted}{ellipsis}\"."), length.min(most.max(1)))
}

/// What the tools said.
pub(crate) fn results(results: &[ToolResult]) -> String {
    let told = results.iter().map(|result| {
        let verb = if result.is_error { "failed" } else { "said" };
        let (quoted, ellipsis) = beginning(&result.text, QUOTED_RESULT);
        format!("The tool {verb}: {quoted}{ellipsis}")
    });
    told.collect::<Vec<_>>().join("\n")
}

/// What it was given to look at, as a sentence for each kind; empty if it was nothing.
pub(crate) fn seen(media: &[Media]) -> String {
    let kinds = [MediaKind::Image, MediaKind::Document, MediaKind::Audio, MediaKind::Video];
    let sentences = kinds.into_iter().filter_map(|kind| {
        let types: Vec<_> =
            media.iter().filter(|media| media.kind == kind).map(|media| media.media_type.as_str()).collect();
        let plural = if types.len() == 1 { "" } else { "s" };
        (!types.is_empty())
            .then(|| format!("I see {} {}{plural} ({}). ", types.len(), kind.word(), types.join(", ")))
    });
    sentences.collect()
}

/// So many characters of a text, and an ellipsis if there are more.
fn beginning(text: &str, characters: usize) -> (String, &'static str) {
    let quoted: String = text.chars().take(characters).collect();
    let ellipsis = if quoted.len() < text.len() { "…" } else { "" };
    (quoted, ellipsis)
}

/// The text with filler after it, cut to exactly `length` tokens.
fn fill(seed: u64, mut text: String, length: u64) -> String {
    let mut dice = Rng::with_seed(seed);
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
        assert_eq!(answer(1, "Hi", 80), answer(1, "Hi", 80));
        assert_ne!(answer(1, "Hi", 80), answer(2, "Hi", 80));
    }

    #[test]
    fn an_answer_says_that_it_is_simulated_and_has_the_length_asked_for() {
        let text = answer(1, "Hi", 80);
        assert!(text.starts_with(OPENING));
        assert_eq!(tokens::count(&text), 80);
    }

    #[test]
    fn what_is_seen_is_counted_by_kind() {
        let media = |kind, media_type: &str| Media { kind, media_type: media_type.into() };
        let one = media(MediaKind::Image, "image/png");
        assert_eq!(seen(std::slice::from_ref(&one)), "I see 1 image (image/png). ");
        let three =
            [media(MediaKind::Image, "image/gif"), media(MediaKind::Document, "application/pdf"), one];
        assert_eq!(
            seen(&three),
            "I see 2 images (image/gif, image/png). I see 1 document (application/pdf). "
        );
    }

    #[test]
    fn a_result_is_quoted_from_its_beginning_and_a_failure_is_called_one() {
        let result = |text: &str, is_error| ToolResult { text: text.into(), is_error };
        assert_eq!(results(&[result("12 °C", false)]), "The tool said: 12 °C");
        assert_eq!(results(&[result("no such city", true)]), "The tool failed: no such city");
        let long = results(&[result(&"x".repeat(300), false)]);
        assert_eq!(long.chars().count(), "The tool said: ".len() + 201);
    }
}

//! Where a continuation begins with words that were told already, and how many of them.
//!
//! A model that is asked to go on is asked to begin with the last words once more: it cannot see whether a space or the rest
//! of a word comes next, and begins an answer with neither; behind the repeated words it writes what fits. Some repeat more,
//! up to the whole answer, and some nothing. Texts are compared byte by byte; a repetition in other words is not seen.

/// The last so many characters, at most, are asked for once more.
const LAST_WORDS: usize = 60;
/// Last words that begin in mid-word are cut back to the next word, as long as so many characters are left.
const LEAST_LAST_WORDS: usize = 12;
/// A repetition may begin so many characters before the end, or at the very beginning.
const WINDOW: usize = 200;
/// A repetition that was not asked for is one from so many characters on. Fewer may just come up again: `na` behind `bana`.
const LEAST_REPETITION: usize = 16;
/// White space before or behind a repetition is waited out for so many bytes.
const MOST_SPACE: usize = 200;

/// The words by which a model is told where its answer broke off: the end of `told`, without white space around; empty
/// if that is blank.
pub(super) fn last_words(told: &str) -> &str {
    let told = told.trim_end();
    let Some((start, _)) = told.char_indices().rev().nth(LAST_WORDS) else { return told.trim_start() };
    let last = &told[start..];
    // The character before the last ones tells whether they begin a word.
    let (_, last) = last.split_at(last.chars().next().map_or(0, char::len_utf8));
    let is_in_word = !told[..told.len() - last.len()].ends_with(char::is_whitespace);
    let next_word = last.split_once(char::is_whitespace).map(|(_, rest)| rest.trim_start());
    match next_word.filter(|rest| is_in_word && rest.chars().count() >= LEAST_LAST_WORDS) {
        Some(rest) => rest,
        None => last.trim_start(),
    }
}

/// What is left of the beginning of a continuation once a repetition is taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rest {
    /// The words that are new.
    pub(super) text: String,
    /// How many characters were taken off before them.
    pub(super) removed: u64,
}

/// Looks for a repetition at the beginning of a continuation, whatever the pieces in which it arrives. Holds at most as many
/// bytes as were told, and white space.
#[derive(Debug)]
pub(super) struct Overlap {
    /// What was told, up to its last word.
    told: String,
    /// The white space behind that.
    space: String,
    /// The continuation so far.
    head: String,
    /// How much white space it begins with, in bytes.
    indent: usize,
    /// Where in `told` what the continuation repeats may begin, in ascending order: all places that agree with it so far.
    starts: Vec<usize>,
    /// How many bytes of the continuation were compared, its indent apart.
    compared: usize,
}

impl Overlap {
    /// For a continuation of `told`, which is not blank.
    pub(super) fn new(told: &str) -> Self {
        let words = told.trim_end();
        let asked_for = words.len() - last_words(told).len();
        let whole = words.len() - words.trim_start().len();
        let mut starts: Vec<usize> = words
            .char_indices()
            .rev()
            .take(WINDOW)
            .skip(LEAST_REPETITION - 1)
            .map(|(at, _)| at)
            .chain([asked_for, whole])
            // The continuation's own white space is passed over, so a repetition begins with a letter.
            .filter(|&at| !words[at..].starts_with(char::is_whitespace))
            .collect();
        starts.sort_unstable();
        starts.dedup();
        Self {
            told: words.to_owned(),
            space: told[words.len()..].to_owned(),
            head: String::new(),
            indent: 0,
            starts,
            compared: 0,
        }
    }

    /// Takes more of the continuation; says what is left of it as soon as that is certain.
    pub(super) fn push(&mut self, text: &str) -> Option<Rest> {
        if self.head.len() == self.indent {
            let blank = text.len() - text.trim_start().len();
            self.indent += blank;
        }
        self.head.push_str(text);
        self.compare();
        self.decide(false)
    }

    /// The continuation's text has ended; says what is left of it.
    pub(super) fn finish(&mut self) -> Rest {
        self.decide(true).unwrap_or_else(|| self.rest_from(0))
    }

    /// Whether nothing has come yet.
    pub(super) fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    fn compare(&mut self) {
        let (told, from) = (self.told.as_bytes(), self.compared);
        let new = &self.head.as_bytes()[self.indent + from..];
        self.starts.retain(|&start| {
            let expected = told.get(start + from..).unwrap_or_default();
            let length = expected.len().min(new.len());
            expected[..length] == new[..length]
        });
        self.compared += new.len();
    }

    /// The longest repetition counts, so one that may yet become whole is waited for.
    fn decide(&mut self, is_whole: bool) -> Option<Rest> {
        if self.compared == 0 {
            return (is_whole || self.head.len() > MOST_SPACE).then(|| self.rest_from(0));
        }
        let is_repeated = |start: usize| self.told.len() - start <= self.compared;
        let found = self.starts.iter().copied().find(|&start| !is_whole || is_repeated(start));
        let Some(start) = found else { return Some(self.rest_from(0)) };
        if !is_repeated(start) {
            return None;
        }
        let end = self.indent + self.told.len() - start;
        let rest = &self.head[end..];
        if rest.trim_start().is_empty() && !self.space.is_empty() && !is_whole && rest.len() <= MOST_SPACE {
            return None;
        }
        // White space that the client has already is not told twice.
        let kept = match rest.strip_prefix(&*self.space) {
            Some(kept) => kept,
            None => rest.trim_start(),
        };
        Some(self.rest_from(self.head.len() - kept.len()))
    }

    fn rest_from(&self, at: usize) -> Rest {
        let (removed, text) = self.head.split_at(at);
        Rest { text: text.to_owned(), removed: removed.chars().count() as u64 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is told of a continuation that comes in pieces of so many characters.
    fn told_in(told: &str, continuation: &str, size: usize) -> String {
        let mut overlap = Overlap::new(told);
        let letters: Vec<char> = continuation.chars().collect();
        let mut out = String::new();
        let mut is_decided = false;
        for piece in letters.chunks(size) {
            let piece: String = piece.iter().collect();
            if is_decided {
                out.push_str(&piece);
            } else if let Some(rest) = overlap.push(&piece) {
                is_decided = true;
                out.push_str(&rest.text);
            }
        }
        if !is_decided {
            out.push_str(&overlap.finish().text);
        }
        out
    }

    fn told_after(told: &str, continuation: &str) -> String {
        let whole = told_in(told, continuation, usize::MAX);
        for size in 1..=5 {
            assert_eq!(told_in(told, continuation, size), whole, "pieces of {size}");
        }
        whole
    }

    #[test]
    fn the_last_words_begin_with_a_word_and_end_where_the_words_end() {
        let told = "It was the best of times, it was the worst of times, it was the age of wisd";
        assert_eq!(last_words(told), "of times, it was the worst of times, it was the age of wisd");
        let told = "It was the very best of times, it was the worst of times, it was the age of wisdom";
        assert_eq!(last_words(told), "times, it was the worst of times, it was the age of wisdom");
        assert_eq!(last_words("  Sure! \n"), "Sure!");
        assert_eq!(last_words(" \n"), "");
        let dense = "日".repeat(100);
        assert_eq!(last_words(&dense), "日".repeat(60));
    }

    #[test]
    fn the_last_words_once_more_are_taken_off_and_what_fits_behind_them_stays() {
        let told = "The quick brown fox jumps over the la";
        assert_eq!(told_after(told, "The quick brown fox jumps over the lazy dog."), "zy dog.");
        assert_eq!(told_after(told, "jumps over the lazy dog."), "zy dog.");
        assert_eq!(told_after(told, "\n\njumps over the lazy dog."), "zy dog.");
        assert_eq!(told_after("It rains", "It rains again."), " again.");
        assert_eq!(told_after("I", "I think"), " think");
        assert_eq!(told_after("All done.", "All done."), "");
    }

    #[test]
    fn an_answer_begun_anew_loses_all_that_was_told() {
        let told = format!("{} and then", "All work and no play makes Jack a dull boy. ".repeat(50));
        assert_eq!(told_after(&told, &format!("{told} he left.")), " he left.");
    }

    #[test]
    fn a_continuation_that_repeats_nothing_is_left_as_it_is() {
        assert_eq!(told_after("A long way to ba", "nana land"), "nana land");
        assert_eq!(told_after("Once upon a time there was a bana", "na"), "na");
        assert_eq!(told_after("One", " two"), " two");
        assert_eq!(told_after("One", ""), "");
        assert_eq!(told_after("One", " \n "), " \n ");
        assert_eq!(told_after("The first sentence is this one.", "The first is not."), "The first is not.");
    }

    #[test]
    fn white_space_that_was_told_is_not_told_twice() {
        assert_eq!(told_after("It is as follows:\n\n", "It is as follows:\n\n- one"), "- one");
        assert_eq!(told_after("It is as follows:\n\n", "It is as follows: one"), "one");
        assert_eq!(told_after("It is as follows:\n", "It is as follows:\n\n- one"), "\n- one");
        assert_eq!(told_after("It is as follows:", "It is as follows:\n\n- one"), "\n\n- one");
    }

    #[test]
    fn what_is_new_is_not_held_back() {
        let mut overlap = Overlap::new("The quick brown fox jumps over the la");
        assert_eq!(overlap.push("zy"), Some(Rest { text: "zy".into(), removed: 0 }));
        let mut overlap = Overlap::new("The quick brown fox jumps over the la");
        assert_eq!(overlap.push("jumps over"), None);
        assert_eq!(overlap.push(" the lazy"), Some(Rest { text: "zy".into(), removed: 17 }));
    }

    proptest! {
        #[test]
        fn wherever_an_answer_is_cut_its_last_words_join_it_again(
            answer in "([a-zé🌍]{1,9}[ \n.,]{1,2}){1,40}", cut in 0.0_f64..1.0, size in 1_usize..20,
        ) {
            let letters: Vec<char> = answer.chars().collect();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let cut = 1 + (cut * (letters.len() - 1) as f64) as usize;
            let (told, rest): (String, String) = (letters[..cut].iter().collect(), letters[cut..].iter().collect());
            let space = &told[told.trim_end().len()..];
            let repeated = format!("{}{space}{rest}", last_words(&told));
            prop_assert_eq!(told_in(&told, &repeated, size), rest);
        }

        #[test]
        fn no_text_in_any_pieces_loses_more_than_it_repeats(
            told in "[ab \n]{0,12}[ab]", continuation in "[ab \n]{0,40}", size in 1_usize..9,
        ) {
            let out = told_in(&told, &continuation, size);
            prop_assert!(continuation.ends_with(&out));
            prop_assert_eq!(&out, &told_in(&told, &continuation, usize::MAX));
            let removed = continuation[..continuation.len() - out.len()].trim();
            prop_assert!(told.trim_end().ends_with(removed), "{removed:?} of {told:?}");
        }
    }
}

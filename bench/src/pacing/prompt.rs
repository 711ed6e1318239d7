//! Prompts of a given number of tokens, as the sandbox counts them (`crates/sandbox/src/tokens.rs`): words by pieces of
//! four letters, numbers by pieces of three digits, everything else by single characters.

use fastrand::Rng;

/// What a prompt is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    English,
    Chinese,
    Json,
}

const WORDS: [&str; 24] = [
    "the",
    "provider",
    "says",
    "how",
    "many",
    "requests",
    "may",
    "pass",
    "each",
    "minute",
    "and",
    "when",
    "more",
    "arrive",
    "they",
    "wait",
    "until",
    "capacity",
    "returns",
    "without",
    "being",
    "refused",
    "or",
    "forgotten",
];
const CHINESE: [char; 16] =
    ['请', '把', '这', '段', '文', '字', '总', '结', '成', '三', '句', '话', '，', '谢', '您', '。'];
/// The tokens of one object below, with the comma after it.
const PER_OBJECT: u64 = 16;

impl Text {
    /// A text of exactly `tokens` tokens.
    pub(crate) fn write(self, tokens: u64, dice: &mut Rng) -> String {
        let mut text = String::new();
        let mut left = tokens;
        match self {
            Self::English => {
                while left > 0 {
                    let word = dice.choice(WORDS).unwrap_or("the");
                    let cost = word.len().div_ceil(4) as u64;
                    // What a long word does not fit into is filled with a short one.
                    let (word, cost) = if cost > left { ("the", 1) } else { (word, cost) };
                    text.push_str(if text.is_empty() { "" } else { " " });
                    text.push_str(word);
                    left -= cost;
                }
            }
            Self::Chinese => text.extend((0..left).map(|_| dice.choice(CHINESE).unwrap_or('话'))),
            Self::Json => {
                while left >= PER_OBJECT {
                    let (id, name) =
                        (dice.u16(100..1000), dice.choice(["Anna", "Omar", "Li"]).unwrap_or("Li"));
                    text += format!("{{\"id\":{id},\"name\":\"{name}\"}},").as_str();
                    left -= PER_OBJECT;
                }
                text.extend((0..left).map(|_| ','));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_is_counted_by_fours_of_letters() {
        let text = Text::English.write(500, &mut Rng::with_seed(1));
        assert_eq!(text.split(' ').map(|word| word.len().div_ceil(4)).sum::<usize>(), 500);
    }

    #[test]
    fn chinese_is_counted_by_characters() {
        assert_eq!(Text::Chinese.write(500, &mut Rng::with_seed(1)).chars().count(), 500);
    }

    #[test]
    fn json_is_whole_objects_and_commas_for_the_rest() {
        let text = Text::Json.write(2 * PER_OBJECT + 3, &mut Rng::with_seed(1));
        assert_eq!((text.matches('{').count(), text.ends_with("},,,,")), (2, true), "{text}");
    }
}

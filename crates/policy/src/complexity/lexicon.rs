//! Which groups of words a word belongs to: question words, relations, the terms of a subject.
//!
//! The words are in `lexicon.csv`, a group a line. English above all, with a few command words of other languages. What a
//! group says about a task is not here but in `weights.csv`.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// Declares the groups once: as an enum, in order, and by name.
macro_rules! groups {
    ($($group:ident $name:literal,)*) => {
        /// A group of words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Group { $($group,)* }

        /// The name of each in the file.
        const NAMES: &[(&str, Group)] = &[$(($name, Group::$group),)*];
    };
}

groups! {
    Recall "recall", Greeting "greeting", Rewrite "rewrite", Create "create", Analyse "analyse",
    Explain "explain", Calculate "calculate", Quantity "quantity", Relation "relation", Fraction "fraction",
    Sequence "sequence", Condition "condition", Negation "negation", Quantifier "quantifier", Logic "logic",
    Direction "direction", Comparison "comparison", People "people", Mathematics "mathematics",
    Physics "physics", Engineering "engineering", Computing "computing", Economics "economics", Law "law",
    Medicine "medicine", Chemistry "chemistry", Biology "biology", Philosophy "philosophy",
    History "history", Geography "geography", Psychology "psychology", Business "business",
    Statistics "statistics", Unit "unit", Constraint "constraint", Passage "passage", Algebra "algebra",
    Accounting "accounting", Anatomy "anatomy", Genetics "genetics", Nutrition "nutrition",
    Microbiology "microbiology", Astronomy "astronomy", Ethics "ethics", Fallacy "fallacy",
    Prehistory "prehistory", Religion "religion", Politics "politics", Security "security",
    Marketing "marketing", Sociology "sociology", Ageing "ageing", Culture "culture", Narrator "narrator",
}

/// The fields of knowledge: a word of several counts for each in part.
pub(super) const FIELDS: &[Group] = &[
    Group::Logic,
    Group::Mathematics,
    Group::Physics,
    Group::Engineering,
    Group::Computing,
    Group::Economics,
    Group::Law,
    Group::Medicine,
    Group::Chemistry,
    Group::Biology,
    Group::Philosophy,
    Group::History,
    Group::Geography,
    Group::Psychology,
    Group::Business,
    Group::Statistics,
    Group::Algebra,
    Group::Accounting,
    Group::Anatomy,
    Group::Genetics,
    Group::Nutrition,
    Group::Microbiology,
    Group::Astronomy,
    Group::Ethics,
    Group::Fallacy,
    Group::Prehistory,
    Group::Religion,
    Group::Politics,
    Group::Security,
    Group::Marketing,
    Group::Sociology,
    Group::Ageing,
    Group::Culture,
];

/// The groups of the fields of knowledge.
const ANY_FIELD: Groups = {
    let (mut all, mut at) = (0, 0);
    while at < FIELDS.len() {
        all |= 1 << FIELDS[at] as u32;
        at += 1;
    }
    all
};

/// A set of groups, a bit each.
type Groups = u64;

/// The groups of what a prompt tells to do.
const COMMANDS: Groups = 1 << Group::Rewrite as u32
    | 1 << Group::Create as u32
    | 1 << Group::Analyse as u32
    | 1 << Group::Calculate as u32
    | 1 << Group::Explain as u32;

/// How many words of each group were met.
#[derive(Debug, Clone)]
pub(super) struct Tally([f32; NAMES.len()]);

impl Default for Tally {
    fn default() -> Self {
        Self([0.0; NAMES.len()])
    }
}

impl Tally {
    /// Counts a word in every group that it belongs to. Commands are counted only where `may_command`.
    pub(super) fn count(&mut self, word: &str, may_command: bool) {
        let mut groups = groups(word);
        if !may_command {
            groups &= !COMMANDS;
        }
        let of_fields = (groups & ANY_FIELD).count_ones().max(1) as f32;
        while groups != 0 {
            let group = groups.trailing_zeros();
            self.0[group as usize] += if ANY_FIELD >> group & 1 == 1 { 1.0 / of_fields } else { 1.0 };
            groups &= groups - 1;
        }
    }

    /// How many words of a group.
    pub(super) fn of(&self, group: Group) -> f64 {
        f64::from(self.0[group as usize])
    }

    /// How much a text is about any fields, in squares of their words.
    pub(super) fn of_fields(&self) -> f64 {
        FIELDS.iter().map(|field| self.of(*field).powi(2)).sum()
    }
}

/// The longest word that is looked up, in bytes.
const LONGEST: usize = 24;

static WORDS: LazyLock<Words> =
    LazyLock::new(|| parse(include_str!("lexicon.csv")).expect("the compiled-in lexicon is tested"));

type Words = HashMap<&'static str, Groups, BuildHasherDefault<Fnv>>;

/// FNV-1a: the table is fixed and its words are short, so nobody can fill it with collisions and a strong hash only costs.
#[derive(Debug)]
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn parse(text: &'static str) -> Result<Words, String> {
    let mut words = Words::default();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, listed) = line.split_once(": ").ok_or_else(|| format!("no group: {line}"))?;
        let (_, group) =
            NAMES.iter().find(|(known, _)| *known == name).ok_or_else(|| format!("unknown group: {name}"))?;
        for word in listed.split_whitespace() {
            *words.entry(word).or_default() |= 1 << *group as u32;
        }
    }
    Ok(words)
}

/// The groups that a word belongs to, in any case, in the singular or with `s`.
fn groups(word: &str) -> Groups {
    if word.len() > LONGEST {
        return 0;
    }
    let mut buffer = [0; LONGEST];
    let lower = &mut buffer[..word.len()];
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    let Ok(lower) = std::str::from_utf8(lower) else { return 0 };
    let singular = || lower.strip_suffix('s').and_then(|singular| WORDS.get(singular));
    WORDS.get(lower).or_else(singular).copied().unwrap_or_default()
}

/// Whether a word is in a group.
pub(super) fn is(word: &str, group: Group) -> bool {
    groups(word) & (1 << group as u32) != 0
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_group_has_words_and_no_line_is_strange() {
        let words = parse(include_str!("lexicon.csv")).unwrap();
        for (name, group) in NAMES {
            assert!(words.values().any(|groups| groups & (1 << *group as u32) != 0), "{name}");
        }
        assert!(words.keys().all(|word| word.len() <= LONGEST && *word == word.to_lowercase()));
    }

    #[test]
    fn a_word_is_found_in_any_case_and_in_the_plural() {
        assert!(is("Defendants", Group::Law) && is("HALF", Group::Fraction) && is("half", Group::Relation));
        assert!(!is("banana", Group::Law) && groups(&"x".repeat(100)) == 0);
    }
}

//! The features of a prompt that say how hard a task it is: each between 0 and about 1, each with words that explain it.
//!
//! Some are of how the task is put, others of the fields of knowledge that it is about.
//!
//! Not here: what each weighs (`weights.csv`, trained by `cargo xtask train-complexity`).

use super::lexicon::Group;
use super::shape::Shape;

/// A feature of prompts.
#[derive(Debug)]
pub struct Feature {
    /// Its name in the weights file.
    pub name: &'static str,
    /// What it is, for people: completes "because of …".
    pub told: &'static str,
    /// In which direction alone it may move a score.
    pub may: May,
    /// Whether it says what a prompt is about, rather than how it is put.
    pub is_field: bool,
    value: fn(&Shape) -> f64,
}

/// What a feature may say. Sense sets it, not the corpus: in a small corpus features go together by chance, and a sign that
/// came from that would be wrong elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// Only that a task is harder.
    Raise,
    /// Only that it is easier.
    Lower,
    /// Either.
    Both,
}

use May::{Both, Lower, Raise};

/// Grows from 0 towards 1; a half at `half`. Keeps any one sign from deciding alone.
fn sated(count: f64, half: f64) -> f64 {
    count / (count + half)
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// How the answer to a prompt is to be given. The same features say other things of one and the other: a question with
/// options is as long as they are, and a task in words as long as what has to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In words of the model's own.
    Open,
    /// As one of several options.
    Choice,
}

/// What is known of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// How it is to be answered.
    pub form: Form,
    /// The value of each of `FEATURES`, in their order.
    pub values: Vec<f64>,
}

macro_rules! features {
    (
        $($name:literal, $told:literal, $may:ident, $value:expr;)*
        fields: $($field:literal, $group:ident;)*
    ) => {
        /// All features, in the order of the weights file.
        pub static FEATURES: &[Feature] = &[
            $(Feature { name: $name, told: $told, may: $may, is_field: false, value: $value },)*
            $(Feature {
                name: $field,
                told: concat!("terms of ", $field),
                may: Both,
                is_field: true,
                value: |s| s.field(Group::$group),
            },)*
        ];
    };
}

features! {
    "length", "its length", Raise, |s| (s.words.ln_1p() / 6.0).min(1.25);
    "sentences", "the number of its sentences", Raise, |s| sated((s.sentences - 1.0).max(0.0), 4.0);
    "long_sentences", "long sentences", Raise, |s| sated(share(s.words, s.sentences), 25.0);
    "long_words", "long words", Both, |s| (share(s.letters, s.words) / 4.0 - 1.0).clamp(0.0, 1.0);
    "commas", "its many clauses", Raise, |s| sated(s.commas, 5.0);
    "questions", "several questions at once", Raise, |s| sated((s.questions - 1.0).max(0.0), 1.0);
    "items", "its list of points", Raise, |s| sated(s.items, 4.0);
    "numbers", "the numbers in it", Raise, |s| sated(s.numbers, 4.0);
    "number_kinds", "several kinds of numbers", Raise, |s| sated(f64::from(s.number_kinds.count_ones()), 2.0);
    "fractions", "fractions and percentages", Raise, |s| sated(s.group(Group::Fraction), 2.0);
    "relations", "quantities that depend on each other", Raise, |s| sated(s.group(Group::Relation), 4.0);
    "units", "units of measure", Raise, |s| sated(s.group(Group::Unit), 3.0);
    "sequence", "steps in time", Raise, |s| sated(s.group(Group::Sequence), 3.0);
    "conditions", "conditions", Raise, |s| sated(s.group(Group::Condition), 2.0);
    "constraints", "constraints to hold", Raise, |s| sated(s.group(Group::Constraint), 3.0);
    "negation", "negations", Raise, |s| sated(s.group(Group::Negation), 2.0);
    "quantifiers", "words such as all, some, only", Raise, |s| sated(s.group(Group::Quantifier), 3.0);
    "comparison", "comparisons", Raise, |s| sated(s.group(Group::Comparison), 3.0);
    "direction", "effects of changes", Raise, |s| sated(s.group(Group::Direction), 2.0);
    "names", "the names in it", Raise, |s| sated(s.names, 4.0);
    "people", "people who act in it", Raise, |s| sated(s.group(Group::People), 4.0);
    "quotes", "quotations", Both, |s| sated(s.quotes, 4.0);
    "passage", "a text that holds the answer", Lower, |s| sated(s.group(Group::Passage), 2.0);
    "recall", "that it asks for a fact", Lower, |s| sated(s.group(Group::Recall), 2.0);
    "greeting", "that it is small talk", Lower, |s| sated(s.group(Group::Greeting), 1.0) / (1.0 + s.words / 12.0);
    "rewrite", "that it wants a text changed", Lower, |s| sated(s.group(Group::Rewrite), 1.0);
    "create", "that it wants a small text written", Lower, |s| sated(s.group(Group::Create), 1.0);
    "analyse", "that it wants analysis, proof or design", Raise, |s| sated(s.group(Group::Analyse), 1.0);
    "explain", "that it wants an explanation", Both, |s| sated(s.group(Group::Explain), 1.0);
    "calculate", "that it wants a calculation", Raise, |s| sated(s.group(Group::Calculate), 1.0);
    "quantity", "that it asks for a quantity", Raise, |s| sated(s.group(Group::Quantity), 2.0);
    "mathematical_signs", "mathematical signs", Raise, |s| sated(s.mathematics, 4.0);
    "logical_signs", "logical signs", Raise, |s| sated(s.logic, 2.0);
    "code", "code", Raise, |s| sated(s.code, 8.0);
    "foreign", "letters beyond English", Both, |s| share(s.foreign, s.letters);
    "long_options", "long options", Raise, |s| sated(share(s.option_words, s.options), 8.0);
    "combined_options", "options that combine others", Raise, |s| sated(s.combined_options, 1.0);
    "number_options", "options that are numbers", Raise, |s| share(s.number_options, s.options);
    "narrator", "that somebody tells of themselves", Both, |s| sated(s.group(Group::Narrator), 3.0);
    fields:
    "logic", Logic;
    "mathematics", Mathematics;
    "statistics", Statistics;
    "physics", Physics;
    "engineering", Engineering;
    "computing", Computing;
    "economics", Economics;
    "law", Law;
    "medicine", Medicine;
    "chemistry", Chemistry;
    "biology", Biology;
    "philosophy", Philosophy;
    "history", History;
    "geography", Geography;
    "psychology", Psychology;
    "business", Business;
    "algebra", Algebra;
    "accounting", Accounting;
    "anatomy", Anatomy;
    "genetics", Genetics;
    "nutrition", Nutrition;
    "microbiology", Microbiology;
    "astronomy", Astronomy;
    "ethics", Ethics;
    "fallacy", Fallacy;
    "prehistory", Prehistory;
    "religion", Religion;
    "politics", Politics;
    "security", Security;
    "marketing", Marketing;
    "sociology", Sociology;
    "ageing", Ageing;
    "culture", Culture;
}

/// The features of a prompt.
pub fn features(prompt: &str) -> Features {
    let shape = Shape::of(prompt);
    Features {
        form: if shape.options >= 3.0 { Form::Choice } else { Form::Open },
        values: FEATURES.iter().map(|feature| (feature.value)(&shape)).collect(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::lexicon::FIELDS;
    use super::*;

    #[test]
    fn every_feature_of_any_text_is_a_share() {
        let texts = [
            "",
            "hi",
            "?!?",
            &"12% of 3/4, if (x^2) = ∀y; ".repeat(3_000),
            "如果所有的数字都是质数",
            "\n\nA. ",
        ];
        for text in texts {
            for (value, feature) in features(text).values.into_iter().zip(FEATURES) {
                assert!((0.0..=1.25).contains(&value), "{} of {text:.20}: {value}", feature.name);
            }
        }
    }

    #[test]
    fn every_field_of_the_lexicon_has_its_feature() {
        assert_eq!(FEATURES.iter().filter(|feature| feature.is_field).count(), FIELDS.len());
    }

    #[test]
    fn a_prompt_is_of_the_field_that_most_of_its_terms_are_of() {
        let share = |prompt: &str, field: &str| {
            let at = FEATURES.iter().position(|feature| feature.name == field).unwrap();
            features(prompt).values[at]
        };
        let appeal = "The defendant moved to suppress the testimony of the police officer at trial.";
        assert!(share(appeal, "law") > 0.5 && share(appeal, "politics") < 0.2, "{}", share(appeal, "law"));
        assert!(share("What did you do?", "law") < f64::EPSILON);
    }

    #[test]
    fn options_make_a_choice() {
        assert_eq!(features("Which?\nA. one\nB. two\nC. three").form, Form::Choice);
        assert_eq!(features("Is it a) one or b) two?").form, Form::Open);
    }

    #[test]
    fn names_are_unlike() {
        for (at, feature) in FEATURES.iter().enumerate() {
            assert!(FEATURES[..at].iter().all(|other| other.name != feature.name), "{}", feature.name);
        }
    }
}

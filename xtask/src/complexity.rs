//! `cargo xtask train-complexity`: the weights of the complexity score, from a corpus of this repository alone.
//!
//! The corpus is `xtask/data/complexity-corpus.csv`, composed by hand, and word problems from a seeded generator. The same
//! corpus gives the same file: nothing is drawn from a clock or a network. It never reads an evaluation set.

mod corpus;
mod fit;
mod problems;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use paceway_policy::complexity::{FEATURES, Form};

use corpus::Row;
use fit::Limits;

const CORPUS: &str = include_str!("../data/complexity-corpus.csv");
const WEIGHTS: &str = "crates/policy/src/complexity/weights.csv";
/// How many word problems are generated.
const PROBLEMS: usize = 300;
const SEED: u64 = 20_241_128;
/// How strongly the weights of how a task is put are drawn to 0 before they are scaled. Cross-validation on the corpus would
/// choose less: it does not see that other prompts are unlike the corpus. docs/complexity.md says how it was chosen.
const RIDGE: f64 = 1_000.0;
/// The same for fields of knowledge. Less, as the corpus was judged by them, and each is told by few of its rows.
const FIELD_RIDGE: f64 = 300.0;
const FOLDS: usize = 10;

/// Writes the weights file and says how well the corpus is told by them.
///
/// # Errors
/// A corpus that cannot be read, or a file that cannot be written.
pub(crate) fn train(root: &Path) -> Result<String, String> {
    let rows = rows()?;
    let path = root.join(WEIGHTS);
    fs::write(&path, weights(&rows)).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut told = format!("{} rows, weights in {WEIGHTS}\n", rows.len());
    for part in [0.03, 0.1, 0.3, 1.0] {
        let (loss, order) = cross_validated(&rows, part);
        let _ =
            writeln!(told, "ridges x {part}: {loss:.4} nats, {order:.3} of pairs in order ({FOLDS} folds)");
    }
    Ok(told)
}

fn rows() -> Result<Vec<Row>, String> {
    let mut rows = corpus::read(CORPUS)?;
    rows.extend(problems::generate(PROBLEMS, SEED).iter().map(|(text, hard)| Row::new(text, *hard)));
    Ok(rows)
}

/// The weights file.
fn weights(rows: &[Row]) -> String {
    let mut file = String::from(
        "# Written by `cargo xtask train-complexity`; see docs/complexity.md. Feature, weight in open prompts, weight in choices.\n",
    );
    let names = std::iter::once("base").chain(FEATURES.iter().map(|feature| feature.name));
    for ((name, open), choice) in
        names.zip(fitted(rows, Form::Open, 1.0)).zip(fitted(rows, Form::Choice, 1.0))
    {
        // Two places are more than the corpus can tell, and hide differences between platforms' logarithms.
        let rounded = |weight: f64| (weight * 100.0).round() / 100.0 + 0.0;
        let _ = writeln!(file, "{name},{},{}", rounded(open), rounded(choice));
    }
    file
}

/// The weights for prompts of a form, by such prompts alone, with so much of the ridges.
fn fitted(rows: &[Row], form: Form, part: f64) -> Vec<f64> {
    let of_form: Vec<Row> = rows.iter().filter(|row| row.form == form).cloned().collect();
    let limits: Vec<Limits> = FEATURES
        .iter()
        .map(|feature| Limits {
            ridge: part * if feature.is_field { FIELD_RIDGE } else { RIDGE },
            may: feature.may,
        })
        .collect();
    fit::scaled(&of_form, &limits)
}

/// The mean loss of rows by weights fitted without them, and the share of pairs of unlike difficulty in the right order.
fn cross_validated(rows: &[Row], part: f64) -> (f64, f64) {
    let mut scored = Vec::new();
    for fold in 0..FOLDS {
        let (held, kept): (Vec<_>, Vec<_>) = rows.iter().enumerate().partition(|(at, _)| at % FOLDS == fold);
        let kept: Vec<Row> = kept.into_iter().map(|(_, row)| row.clone()).collect();
        for form in [Form::Open, Form::Choice] {
            let fitted = fitted(&kept, form, part);
            let of_form = held.iter().filter(|(_, row)| row.form == form);
            scored.extend(of_form.map(|(_, row)| (fit::chance(&fitted, row), row.hard)));
        }
    }
    let loss = |(chance, hard): &(f64, f64)| -(hard * chance.ln() + (1.0 - hard) * (1.0 - chance).ln());
    let mean = scored.iter().map(loss).sum::<f64>() / scored.len() as f64;
    let (mut right, mut pairs) = (0_u32, 0_u32);
    for (one, hard) in &scored {
        for (other, _) in scored.iter().filter(|(_, harder)| hard + 0.2 < *harder) {
            pairs += 1;
            right += u32::from(one < other);
        }
    }
    (mean, f64::from(right) / f64::from(pairs.max(1)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_weights_are_what_the_command_gives() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let committed = fs::read_to_string(root.join(WEIGHTS)).unwrap();
        assert!(committed == weights(&rows().unwrap()), "run `cargo xtask train-complexity`");
    }
}

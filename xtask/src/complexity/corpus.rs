//! Prompts with a difficulty, as the complexity score is trained on them.
//!
//! The file's lines are `difficulty,subject,prompt`; the prompt is the rest of the line, with `\n` for a new line.

use paceway_policy::complexity::{Form, features};

/// A prompt's features and its difficulty.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Which weights it is for.
    pub(super) form: Form,
    /// In the order of `FEATURES`.
    pub(super) features: Vec<f64>,
    /// 0 is easy and 1 is hard.
    pub(super) hard: f64,
}

impl Row {
    pub(super) fn new(prompt: &str, hard: f64) -> Self {
        let found = features(prompt);
        Self { form: found.form, features: found.values, hard }
    }
}

/// The rows of a corpus file.
///
/// # Errors
/// A line that is not as it should be, told with its text.
pub(super) fn read(text: &str) -> Result<Vec<Row>, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut parts = line.splitn(3, ',');
            let (Some(difficulty), Some(_), Some(prompt)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(format!("not `difficulty,subject,prompt`: {line}"));
            };
            let hard = match difficulty {
                "easy" => 0.0,
                "light" => 0.25,
                "medium" => 0.5,
                "tough" => 0.75,
                "hard" => 1.0,
                _ => return Err(format!("neither easy, light, medium, tough nor hard: {line}")),
            };
            Ok(Row::new(&prompt.replace("\\n", "\n"), hard))
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_and_a_strange_one_told() {
        let rows = read("# head\nhard,law,Who, if any?\\nA. x\\nB. y\\nC. z\ntough,general,Why?").unwrap();
        assert_eq!(rows.iter().map(|row| row.hard).collect::<Vec<_>>(), [1.0, 0.75]);
        assert_eq!([rows[0].form, rows[1].form], [Form::Choice, Form::Open]);
        assert_ne!(rows[0].features, rows[1].features);
        assert!(read("tricky,law,x").unwrap_err().contains("tricky") && read("hard").is_err());
    }
}

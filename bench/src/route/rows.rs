//! The evaluation sets: prompts with what a weak and a strong model made of them.
//!
//! The columns are those of RouteLLM's files: `prompt`, a column of `True` and `False` for the weak and then the strong
//! model, and where the texts are known `<model>_response` for each.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

/// A request as both models answered it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) prompt: String,
    pub(crate) weak_is_right: bool,
    pub(crate) strong_is_right: bool,
    /// What the weak model wrote, where it is known.
    pub(crate) weak_answer: Option<String>,
}

impl Row {
    /// What the strong model gains: 1, 0 or −1.
    pub(crate) fn gain(&self) -> f64 {
        f64::from(u8::from(self.strong_is_right)) - f64::from(u8::from(self.weak_is_right))
    }
}

/// Reads a set.
pub(crate) fn read(path: &Path) -> Result<Vec<Row>> {
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("{} is not there: the evaluation data is not part of the repository; say where it is with --data DIR", path.display())
    })?;
    rows(&text).with_context(|| path.display().to_string())
}

fn rows(text: &str) -> Result<Vec<Row>> {
    let mut records = records(text).into_iter();
    let head = records.next().context("the file is empty")?;
    let column = |name: &str| head.iter().position(|known| known == name);
    let prompt = column("prompt").context("no column `prompt`")?;
    let is_model =
        |name: &&String| !matches!(name.as_str(), "subject" | "prompt") && !name.ends_with("_response");
    let [weak, strong] = head.iter().filter(is_model).collect::<Vec<_>>()[..] else {
        bail!("not two models: {head:?}")
    };
    let (weak_at, strong_at) = (column(weak).context("weak")?, column(strong).context("strong")?);
    let answer = column(&format!("{weak}_response"));
    records
        .map(|record| {
            ensure!(record.len() == head.len(), "a row of {} columns: {record:?}", record.len());
            Ok(Row {
                prompt: record[prompt].clone(),
                weak_is_right: record[weak_at] == "True",
                strong_is_right: record[strong_at] == "True",
                weak_answer: answer.map(|at| record[at].clone()),
            })
        })
        .collect()
}

/// The records of a CSV text (RFC 4180): quoted fields may hold commas, new lines and doubled quotes.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut is_quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => record.push(std::mem::take(&mut field)),
            '\r' if !is_quoted => {}
            '\n' if !is_quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            _ => field.push(character),
        }
    }
    if !field.is_empty() || !record.is_empty() {
        record.push(field);
        records.push(record);
    }
    records
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_with_its_quotes_commas_and_lines() {
        let text =
            "subject,prompt,w,s,w_response\nx,\"A, \"\"b\"\"\nc\",True,False,\"1\n2\"\r\ny,z,False,True,";
        let rows = rows(text).unwrap();
        assert_eq!(rows[0].prompt, "A, \"b\"\nc");
        assert_eq!((rows[0].weak_is_right, rows[0].strong_is_right), (true, false));
        assert_eq!(rows[0].weak_answer.as_deref(), Some("1\n2"));
        assert_eq!((rows.len(), rows[1].strong_is_right), (2, true));
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        assert!(super::rows("prompt,w\na,True\n").is_err() && super::rows("").is_err());
        assert!(super::rows("prompt,w,s\na,True\n").is_err());
    }
}

//! Every file says what it is for; long files and functions say why they are long.

use super::Source;

const MAX_FILE_LINES: usize = 400;
const MAX_FUNCTION_LINES: usize = 70;
/// What a reason begins with; for a file anywhere in it, for a function on the line above.
const REASON: &str = "// tidy: long because";

pub(super) fn problems(source: &Source) -> Vec<String> {
    let path = source.path.display();
    let mut problems = Vec::new();
    if !source.text.starts_with("//!") {
        problems.push(format!("{path} does not open with `//!` and what it is for"));
    }
    let is_test = source.path.components().any(|part| part.as_os_str() == "tests");
    let lines: Vec<_> = source.lines_without_tests().collect();
    if !is_test && lines.len() > MAX_FILE_LINES && !source.text.contains(REASON) {
        problems.push(format!("{path} has {} lines without a reason (`{REASON} …`)", lines.len()));
    }
    for (start, line) in lines.iter().enumerate() {
        let Some(length) = function_length(&lines[start..]) else { continue };
        let has_reason = start > 0 && lines[start - 1].trim_start().starts_with(REASON);
        if length > MAX_FUNCTION_LINES && !has_reason {
            let name = line.trim();
            problems.push(format!("{path}:{}: {length} lines without a reason: {name}", start + 1));
        }
    }
    problems
}

/// The number of lines of the function that begins on the first line, if one does: up to the brace that closes at the
/// same indentation, as rustfmt writes it.
fn function_length(lines: &[&str]) -> Option<usize> {
    let first = lines.first()?;
    let trimmed = first.trim_start();
    let is_function = [
        "fn ",
        "pub fn ",
        "pub(crate) fn ",
        "pub(super) fn ",
        "async fn ",
        "pub async fn ",
        "pub(crate) async fn ",
    ]
    .iter()
    .any(|start| trimmed.starts_with(start));
    if !is_function || first.trim_end().ends_with([';', '}']) {
        return None;
    }
    let indentation = &first[..first.len() - trimmed.len()];
    let closing = format!("{indentation}}}");
    let ends = |line: &&str| {
        // A trait's method without a body ends with its signature.
        let is_signature_end = line.starts_with(&format!("{indentation})")) && line.ends_with(';');
        **line == closing || is_signature_end
    };
    Some(lines.iter().position(ends)? + 1)
}

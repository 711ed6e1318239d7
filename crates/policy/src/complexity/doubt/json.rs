//! Whether JSON was asked for and whether it is there.
//!
//! Says if a text is JSON (RFC 8259), not what it holds and not if it fits a schema. Numbers and literals are checked loosely.

/// Text beyond this is taken as it is.
const MOST: usize = 256 * 1024;
/// Arrays and objects within each other.
const DEEPEST: u32 = 128;

/// Whether a question wants its answer as JSON.
pub(super) fn is_asked(question: &str) -> bool {
    let lower = question.to_ascii_lowercase();
    ["as json", "in json", "json object", "json array", "return json", "valid json", "only json", "json with"]
        .iter()
        .any(|phrase| lower.contains(phrase))
}

/// Whether an answer is JSON, or holds a block of it between fences.
pub(super) fn is_in(answer: &str) -> bool {
    if answer.len() > MOST {
        return true;
    }
    let fenced =
        answer.split("```").skip(1).step_by(2).map(|block| block.strip_prefix("json").unwrap_or(block));
    std::iter::once(answer).chain(fenced).any(is_json)
}

fn is_json(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(['{', '[']) && value(text, 0).is_some_and(|rest| rest.trim().is_empty())
}

/// What follows a value.
fn value(text: &str, depth: u32) -> Option<&str> {
    if depth > DEEPEST {
        return None;
    }
    let text = text.trim_start();
    match text.as_bytes().first()? {
        b'{' => several(&text[1..], '}', |rest| {
            let rest = string(rest.trim_start())?.trim_start();
            value(rest.strip_prefix(':')?, depth + 1)
        }),
        b'[' => several(&text[1..], ']', |rest| value(rest, depth + 1)),
        b'"' => string(text),
        _ => {
            let end = text
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.')))
                .unwrap_or(text.len());
            let word = &text[..end];
            (matches!(word, "true" | "false" | "null") || word.parse::<f64>().is_ok_and(f64::is_finite))
                .then_some(&text[end..])
        }
    }
}

fn several<'a>(text: &'a str, close: char, one: impl Fn(&'a str) -> Option<&'a str>) -> Option<&'a str> {
    let mut rest = text.trim_start();
    if let Some(rest) = rest.strip_prefix(close) {
        return Some(rest);
    }
    loop {
        rest = one(rest)?.trim_start();
        if let Some(after) = rest.strip_prefix(close) {
            return Some(after);
        }
        rest = rest.strip_prefix(',')?;
    }
}

fn string(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('"')?;
    let mut is_escaped = false;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(&inner[at + 1..]),
            0..=0x1f => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_known_from_what_is_nearly_json() {
        for text in
            [r#"{"a": [1, -2.5e3, "x\"y", null], "b": {}}"#, "[]", "Here:\n```json\n[true]\n```\nDone."]
        {
            assert!(is_in(text), "{text}");
        }
        for text in [r#"{"a": 1,}"#, "{a: 1}", r#"{"a": 1"#, "No.", "[1 2]", "```json\n{\n```", "[nul]"] {
            assert!(!is_in(text), "{text}");
        }
        assert!(!is_in(&"[".repeat(100_000)));
    }

    #[test]
    fn json_is_asked_for_in_so_many_words() {
        assert!(is_asked("Return a JSON object with two fields") && !is_asked("What does JSON stand for?"));
    }
}

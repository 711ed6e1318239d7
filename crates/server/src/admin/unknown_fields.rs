//! Fields that mean nothing, with the one that was probably meant.

/// How alike two names have to be for a suggestion (Jaro-Winkler, 0 to 1).
const LIKENESS: f64 = 0.8;

/// The sentence in which serde names an unknown field and those that there are, with a suggestion where one is near.
pub(super) fn with_suggestion(sentence: &str) -> String {
    let mut quoted = sentence.split('`').skip(1).step_by(2);
    let is_unknown = sentence.contains("unknown field") || sentence.contains("unknown variant");
    let Some(asked) = quoted.next().filter(|_| is_unknown) else { return sentence.to_owned() };
    let nearest = quoted
        .map(|name| (strsim::jaro_winkler(asked, name), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest {
        Some((_, name)) => format!("{sentence}; did you mean `{name}`?"),
        None => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_field_is_told_with_the_nearest_there_is() {
        let sentence = "unknown field `nmae`, expected one of `id`, `name`";
        assert!(with_suggestion(sentence).ends_with("did you mean `name`?"));
        let far = "unknown field `colour`, expected `name`";
        assert_eq!(with_suggestion(far), far);
        let other = "invalid type: string `name`, expected u64";
        assert_eq!(with_suggestion(other), other);
    }
}

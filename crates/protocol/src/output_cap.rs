//! Bounding the output of a request in the client's own bytes: every other byte stays as it is.
//!
//! Whether and how far is not decided here.

use paceway_domain::{Dialect, Tokens};
use serde_json::{Map, Value, json};

use crate::envelope::Envelope;

/// The least answer that a request can be bounded to, for what it asks beside: Anthropic's thinking needs more output than its own
/// budget, and OpenAI's Responses take no bound below 16.
pub fn least(dialect: Dialect, envelope: &Envelope<'_>) -> Tokens {
    match dialect {
        Dialect::Anthropic => {
            let thinking: Option<Map<String, Value>> = envelope.field("thinking", "an object").ok().flatten();
            let budget = thinking.and_then(|thinking| thinking.get("budget_tokens")?.as_u64());
            Tokens(budget.map_or(1, |budget| budget.saturating_add(1)))
        }
        Dialect::Responses => Tokens(16),
        _ => Tokens(1),
    }
}

/// The edit of the body that bounds its output: a field at its top and that field's new value.
pub fn edit(
    dialect: Dialect,
    envelope: &Envelope<'_>,
    most: Tokens,
    only_max_tokens: bool,
) -> (&'static str, String) {
    let whole = |name: &'static str| (name, json!(most).to_string());
    let within = |outer: &[&'static str], inner: &[&'static str]| {
        let name = outer.iter().find(|name| envelope.raw(name).is_some()).copied().unwrap_or(outer[0]);
        let mut object: Map<String, Value> =
            envelope.field(name, "an object").ok().flatten().unwrap_or_default();
        for known in inner {
            object.remove(*known);
        }
        object.insert(inner[0].to_owned(), json!(most));
        (name, Value::from(object).to_string())
    };
    match dialect {
        Dialect::Anthropic | Dialect::Cohere => whole("max_tokens"),
        // Of the two names the one that the client uses, which its provider understands.
        Dialect::OpenAi if envelope.raw("max_completion_tokens").is_some() => whole("max_completion_tokens"),
        Dialect::OpenAi if only_max_tokens || envelope.raw("max_tokens").is_some() => whole("max_tokens"),
        Dialect::OpenAi => whole("max_completion_tokens"),
        Dialect::Responses => whole("max_output_tokens"),
        Dialect::Gemini => {
            within(&["generationConfig", "generation_config"], &["maxOutputTokens", "max_output_tokens"])
        }
        Dialect::Converse => within(&["inferenceConfig"], &["maxTokens"]),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn bounded(dialect: Dialect, body: &str) -> String {
        let envelope = Envelope::parse(body.as_bytes()).unwrap();
        let (name, json) = edit(dialect, &envelope, Tokens(7), false);
        String::from_utf8(envelope.with(name, &json).to_vec()).unwrap()
    }

    #[test]
    fn the_bound_stands_where_each_dialect_has_it_and_the_rest_stays() {
        use Dialect::{Anthropic, Cohere, Converse, Gemini, OpenAi, Responses};
        assert_eq!(bounded(Anthropic, r#"{"max_tokens":50, "x":1}"#), r#"{"max_tokens":7, "x":1}"#);
        assert_eq!(bounded(OpenAi, r#"{"max_tokens":50}"#), r#"{"max_tokens":7}"#);
        assert_eq!(bounded(OpenAi, r#"{"a":1}"#), r#"{"a":1,"max_completion_tokens":7}"#);
        assert_eq!(bounded(Responses, r#"{"a":1}"#), r#"{"a":1,"max_output_tokens":7}"#);
        assert_eq!(bounded(Cohere, r#"{"a":1}"#), r#"{"a":1,"max_tokens":7}"#);
        assert_eq!(
            bounded(Gemini, r#"{"generationConfig":{"temperature":0,"max_output_tokens":9}}"#),
            r#"{"generationConfig":{"temperature":0,"maxOutputTokens":7}}"#
        );
        assert_eq!(bounded(Converse, r#"{"a":1}"#), r#"{"a":1,"inferenceConfig":{"maxTokens":7}}"#);
    }

    #[test]
    fn what_thinks_is_not_bounded_below_its_thinking() {
        let of = |dialect, body: &str| least(dialect, &Envelope::parse(body.as_bytes()).unwrap());
        let thinks = r#"{"thinking":{"type":"enabled","budget_tokens":2000}}"#;
        assert_eq!(of(Dialect::Anthropic, thinks), Tokens(2_001));
        assert_eq!((of(Dialect::Anthropic, "{}"), of(Dialect::Responses, "{}")), (Tokens(1), Tokens(16)));
    }
}

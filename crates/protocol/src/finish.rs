//! How an answer ended, as far as its cost goes: whether the bound on its output cut it, and how many tools it called.
//!
//! Told by signs, not by reading the answer: a quotation mark inside a text is escaped, so that a key in the bytes is a key. The
//! arguments of a call may be bare JSON in some dialects and could imitate one; nothing but a statistic would be wrong. No stream is
//! followed here: those who watch one hand in the events that matter.

use memchr::memmem;
use paceway_domain::Dialect;

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Finish {
    /// Whether it ended because of the bound on its output.
    pub is_cut: bool,
    /// Calls of the caller's tools.
    pub tools_called: u32,
}

impl Finish {
    /// What a whole answer of a dialect shows, or an event of a stream that may say it.
    pub fn of(dialect: Dialect, body: &[u8]) -> Self {
        Self { is_cut: is_cut(dialect, body), tools_called: tools_called(dialect, body) }
    }

    /// Adds what another event shows.
    pub(crate) fn add(&mut self, other: Self) {
        self.is_cut |= other.is_cut;
        self.tools_called = self.tools_called.saturating_add(other.tools_called);
    }
}

fn is_cut(dialect: Dialect, body: &[u8]) -> bool {
    let (key, value) = match dialect {
        Dialect::Anthropic => ("\"stop_reason\"", "\"max_tokens\""),
        Dialect::OpenAi => ("\"finish_reason\"", "\"length\""),
        Dialect::Responses => ("\"reason\"", "\"max_output_tokens\""),
        Dialect::Gemini => ("\"finishReason\"", "\"MAX_TOKENS\""),
        Dialect::Cohere => ("\"finish_reason\"", "\"MAX_TOKENS\""),
        Dialect::Converse => ("\"stopReason\"", "\"max_tokens\""),
    };
    values(body, key).any(|found| found.starts_with(value.as_bytes()))
}

fn tools_called(dialect: Dialect, body: &[u8]) -> u32 {
    let called = match dialect {
        Dialect::Anthropic => typed(body, &["\"tool_use\""]),
        Dialect::Responses => typed(body, &["\"function_call\"", "\"custom_tool_call\""]),
        Dialect::OpenAi | Dialect::Cohere => named_calls(body),
        Dialect::Gemini => {
            values(body, "\"functionCall\"").filter(|call| call.first() == Some(&b'{')).count()
        }
        Dialect::Converse => values(body, "\"toolUse\"").filter(|call| call.first() == Some(&b'{')).count(),
    };
    u32::try_from(called).unwrap_or(u32::MAX)
}

fn typed(body: &[u8], kinds: &[&str]) -> usize {
    values(body, "\"type\"")
        .filter(|kind| kinds.iter().any(|wanted| kind.starts_with(wanted.as_bytes())))
        .count()
}

/// Each call is named once, in a stream by its first piece; some providers send an empty name with the others.
fn named_calls(body: &[u8]) -> usize {
    let start = ["\"tool_calls\"", "\"function_call\""]
        .iter()
        .filter_map(|key| memmem::find(body, key.as_bytes()))
        .min();
    let Some(start) = start else { return 0 };
    let is_name = |name: &&[u8]| name.len() > 1 && name[0] == b'"' && name[1] != b'"';
    values(&body[start..], "\"name\"").filter(is_name).count()
}

/// What follows each time that this stands there as a key.
fn values<'b>(body: &'b [u8], key: &'static str) -> impl Iterator<Item = &'b [u8]> {
    memmem::find_iter(body, key).filter_map(move |at| {
        let behind = body[at + key.len()..].trim_ascii_start();
        Some(behind.strip_prefix(b":")?.trim_ascii_start())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(dialect: Dialect, body: &str) -> (bool, u32) {
        let finish = Finish::of(dialect, body.as_bytes());
        (finish.is_cut, finish.tools_called)
    }

    #[test]
    fn a_cut_answer_says_so_in_every_dialect() {
        let cut = [
            (Dialect::Anthropic, r#"{"stop_reason": "max_tokens"}"#),
            (Dialect::OpenAi, r#"{"choices":[{"finish_reason":"length"}]}"#),
            (
                Dialect::Responses,
                r#"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}"#,
            ),
            (Dialect::Gemini, r#"{"candidates":[{"finishReason" : "MAX_TOKENS"}]}"#),
            (Dialect::Cohere, r#"{"finish_reason":"MAX_TOKENS"}"#),
            (Dialect::Converse, r#"{"stopReason":"max_tokens"}"#),
        ];
        for (dialect, body) in cut {
            assert_eq!(of(dialect, body), (true, 0), "{dialect:?}");
        }
    }

    #[test]
    fn an_answer_that_ends_by_itself_or_only_speaks_of_a_bound_is_not_cut() {
        assert_eq!(of(Dialect::Anthropic, r#"{"stop_reason":"end_turn"}"#), (false, 0));
        let words =
            r#"{"content":"say \"finish_reason\":\"length\" and \"tool_calls\"","finish_reason":"stop"}"#;
        assert_eq!(of(Dialect::OpenAi, words), (false, 0));
    }

    #[test]
    fn calls_of_tools_are_counted_in_every_dialect() {
        let called = [
            (
                Dialect::Anthropic,
                r#"{"content":[{"type":"text"},{"type":"tool_use"},{"type": "tool_use"}],"stop_reason":"tool_use"}"#,
            ),
            (
                Dialect::OpenAi,
                r#"{"tool_calls":[{"id":"a","function":{"name":"x","arguments":"{\"name\":1}"}},{"function":{"name": "y"}}]}"#,
            ),
            (
                Dialect::Responses,
                r#"{"tools":[{"type":"function"}],"output":[{"type":"function_call"},{"type":"custom_tool_call"}]}"#,
            ),
            (Dialect::Gemini, r#"{"parts":[{"functionCall":{}},{"functionCall": {}}]}"#),
            (Dialect::Cohere, r#"{"tool_calls":[{"function":{"name":"x"}},{"function":{"name":"y"}}]}"#),
            (Dialect::Converse, r#"{"content":[{"toolUse":{}},{"toolUse":{}}],"stopReason":"tool_use"}"#),
        ];
        for (dialect, body) in called {
            assert_eq!(of(dialect, body), (false, 2), "{dialect:?}");
        }
    }

    #[test]
    fn the_later_pieces_of_a_streamed_call_are_no_calls_of_their_own() {
        let more =
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"","arguments":"{"}}]}}]}"#;
        assert_eq!(of(Dialect::OpenAi, more), (false, 0));
        assert_eq!(of(Dialect::OpenAi, &more.replace("\"\"", "null")), (false, 0));
    }
}

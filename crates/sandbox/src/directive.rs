//! What the user's words ask of the tools: `call NAME {json}`, and tools that are named.

use serde_json::Value;

use crate::ask::Tool;

/// The tools that are to be called with exactly these inputs, in order.
pub(crate) fn calls<'a>(question: &str, tools: &'a [Tool]) -> Vec<(&'a Tool, Value)> {
    let mut found = Vec::new();
    let mut rest = question;
    while let Some(at) = rest.find("call ") {
        let is_word = !rest[..at].ends_with(is_of_a_name);
        rest = &rest[at + "call ".len()..];
        if !is_word {
            continue;
        }
        let text = rest.trim_start();
        let name_end = text.find(|character| !is_of_a_name(character)).unwrap_or(text.len());
        let (name, input) = text.split_at(name_end);
        let Some(tool) = tools.iter().find(|tool| is_called(tool, name)) else { continue };
        let input = input.trim_start();
        // Some agents put the user's words into quotation marks.
        let input = object(input).or_else(|| object(&input.replace("\\\"", "\"")));
        found.extend(input.map(|input| (tool, input)));
    }
    found
}

/// The object that a text begins with.
fn object(text: &str) -> Option<Value> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    values.next()?.ok().filter(Value::is_object)
}

/// The tools whose names are in the text, each as a word of its own, in the order of the list.
pub(crate) fn named<'a>(question: &str, tools: &'a [Tool]) -> Vec<&'a Tool> {
    tools.iter().filter(|tool| has_word(question, &tool.name)).collect()
}

/// Whether a text is the user's own, and not an instruction that stands among the user's words: Claude Code's reminders, and
/// a system's message in mid-conversation where a dialect has none.
pub(crate) fn is_the_users(text: &str) -> bool {
    !text.trim_start().starts_with("<system")
}

/// The words from which an answer that broke off is to go on, as whoever continues streams asks for that.
pub(crate) fn last_words(question: &str) -> Option<&str> {
    let (_, rest) = question.split_once("<last_words>\n")?;
    let (words, _) = rest.split_once("\n</last_words>")?;
    Some(words)
}

/// A word in quotation marks, for what needs a text.
pub(crate) fn quoted(question: &str) -> Option<&str> {
    let between = |open: char, close: char| {
        let (_, rest) = question.split_once(open)?;
        let (word, _) = rest.split_once(close)?;
        (!word.trim().is_empty()).then_some(word)
    };
    between('"', '"').or_else(|| between('“', '”')).or_else(|| between('`', '`'))
}

fn is_called(tool: &Tool, name: &str) -> bool {
    let with_namespace = tool.namespace.as_ref().map(|namespace| format!("{namespace}.{}", tool.name));
    tool.name == name || with_namespace.as_deref() == Some(name)
}

fn has_word(text: &str, word: &str) -> bool {
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            !text[..at].ends_with(is_of_a_word) && !text[at + word.len()..].starts_with(is_of_a_word)
        })
}

/// A dot may end a sentence and so ends a word, but is part of a name that is called.
fn is_of_a_name(character: char) -> bool {
    is_of_a_word(character) || character == '.'
}

fn is_of_a_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | ':' | '/')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tools() -> [Tool; 2] {
        ["Bash", "get_weather"].map(|name| Tool::new(name, &Value::Null))
    }

    #[test]
    fn a_directive_gives_the_tool_and_its_exact_input() {
        let tools = tools();
        let found = calls("Please call Bash {\"command\": \"ls {a,b}\", \"a\": [1]} and say so.", &tools);
        assert_eq!(found, [(&tools[0], json!({"command": "ls {a,b}", "a": [1]}))]);
    }

    #[test]
    fn a_directive_in_quotation_marks_is_one_too() {
        let tools = tools();
        let found = calls(r#""call Bash {\"command\": \"ls\"}""#, &tools);
        assert_eq!(found, [(&tools[0], json!({"command": "ls"}))]);
    }

    #[test]
    fn a_directive_needs_a_known_tool_and_a_whole_object() {
        let tools = tools();
        for text in ["call Nothing {}", "call Bash", "call Bash {\"a\":", "recall Bash {}", "call Bash 3"] {
            assert_eq!(calls(text, &tools), [], "{text}");
        }
    }

    #[test]
    fn a_tool_is_named_by_a_word_of_its_own() {
        let tools = tools();
        assert_eq!(named("use get_weather.", &tools), [&tools[1]]);
        assert_eq!(named("get_weather_now, Bashful", &tools), [] as [&Tool; 0]);
    }

    #[test]
    fn the_words_to_go_on_from_stand_between_their_tags() {
        assert_eq!(last_words("Go on.\n<last_words>\nit was a\n</last_words>\nPlease."), Some("it was a"));
        assert_eq!(last_words("Which <last_words> do you mean?"), None);
    }

    #[test]
    fn a_quoted_word_is_found() {
        assert_eq!(quoted("weather in \"Paris\"?"), Some("Paris"));
        assert_eq!(quoted("it's fine"), None);
    }
}

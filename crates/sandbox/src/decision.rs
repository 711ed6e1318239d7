//! How the simulated model decides what to answer, in every dialect alike.
//!
//! A forced tool is called. Otherwise a tool is called when the user's words ask for it, by the directive
//! `call NAME {json}` or by its name, and never right after a tool has answered: so an agent comes to an end.

use fastrand::Rng;
use serde_json::{Value, json};

use crate::ask::{Ask, Choice, Format, Tool};
use crate::reply::{Block, Call, Reply, Stop};
use crate::{directive, prose, schema, tokens};

/// A text of strings that nobody gave a word for.
const WORD: &str = "example";
/// Whoever wants to see a refusal says one of these; the second is Anthropic's
/// (platform.claude.com/docs/en/test-and-evaluate/strengthen-guardrails/handle-streaming-refusals).
const REFUSALS: [&str; 2] = ["simulate a refusal", "ANTHROPIC_MAGIC_STRING_TRIGGER_REFUSAL"];

/// What the provider's own search is called.
const SEARCH: &str = "web_search";
/// Whoever wants to see a filter of contents strike says this.
const FILTER: &str = "simulate a content filter";

/// The answer, of so many tokens if it is prose.
pub(crate) fn reply(ask: &Ask, length: u64, dice: &mut Rng) -> Reply {
    if ask.wordless {
        return Reply::default();
    }
    let seed = dice.u64(..);
    let mut reply = Reply::default();
    if REFUSALS.iter().any(|refusal| ask.question.contains(refusal)) {
        reply.blocks.push(Block::Text(tokens::owned(prose::REFUSAL)));
        reply.stop = Stop::Refusal;
        return reply;
    }
    if ask.question.contains(FILTER) {
        reply.stop = Stop::Filtered;
        return reply;
    }
    if let Some(most) = ask.thinking {
        reply.blocks.push(Block::Thinking(tokens::owned(&prose::thinking(seed, &ask.question, most))));
    }
    let calls = calls(ask);
    if calls.is_empty() {
        if let Some(query) = search(ask) {
            reply.blocks.push(Block::Search(query));
        }
        reply.blocks.push(Block::Text(tokens::owned(&text(ask, seed, length))));
        reply.stop_at(&ask.stops);
    } else {
        reply.blocks.extend(calls.into_iter().map(Block::Call));
        reply.stop = Stop::ToolCall;
    }
    if let Some(most) = ask.max_tokens {
        reply.end_after(most);
    }
    reply
}

fn text(ask: &Ask, seed: u64, length: u64) -> String {
    match &ask.format {
        Format::Schema(wanted) => schema::instance(wanted, word(ask)).to_string(),
        Format::Json => json!({"simulated": true, "answer": word(ask)}).to_string(),
        Format::Prose if !ask.results.is_empty() => prose::results(&ask.results),
        Format::Prose if let Some(words) = directive::last_words(&ask.question) => prose::rest(words),
        Format::Prose => format!("{}{}", prose::seen(&ask.media), prose::answer(seed, &ask.question, length)),
    }
}

fn calls(ask: &Ask) -> Vec<Call> {
    let asked = directive::calls(&ask.question, &ask.tools);
    let has_result = !ask.results.is_empty();
    let mut calls: Vec<Call> = match &ask.choice {
        Choice::Never => Vec::new(),
        Choice::Named(name) => {
            let given = asked.into_iter().find(|(tool, _)| tool.name == *name);
            let tool = ask.tools.iter().find(|tool| tool.name == *name);
            given
                .map(|(tool, input)| call(tool, input))
                .or(tool.map(|tool| invented(tool, ask)))
                .into_iter()
                .collect()
        }
        _ if !asked.is_empty() => asked.into_iter().map(|(tool, input)| call(tool, input)).collect(),
        Choice::Auto if has_result => Vec::new(),
        Choice::Auto => named(ask),
        Choice::Any => {
            let named = if has_result { Vec::new() } else { named(ask) };
            if named.is_empty() {
                ask.tools.first().map(|tool| invented(tool, ask)).into_iter().collect()
            } else {
                named
            }
        }
    };
    if ask.one_call {
        calls.truncate(1);
    }
    calls
}

fn named(ask: &Ask) -> Vec<Call> {
    directive::named(&ask.question, &ask.tools).into_iter().map(|tool| invented(tool, ask)).collect()
}

/// A call whose input fits the tool's schema.
fn invented(tool: &Tool, ask: &Ask) -> Call {
    let input = schema::instance(&tool.schema, word(ask));
    // A tool without parameters takes an empty object.
    let input = if input.is_object() { input } else { json!({}) };
    if tool.free_text { call(tool, json!({"input": word(ask)})) } else { call(tool, input) }
}

fn call(tool: &Tool, input: Value) -> Call {
    let written = match input["input"].as_str() {
        Some(text) if tool.free_text => text.to_owned(),
        _ => input.to_string(),
    };
    Call {
        name: tool.name.clone(),
        namespace: tool.namespace.clone(),
        pieces: tokens::owned(&written),
        input,
        free_text: tool.free_text,
    }
}

/// What to search the web for: it does when that is named, or when there is nothing else that it could use.
fn search(ask: &Ask) -> Option<String> {
    let is_named = matches!(&ask.choice, Choice::Named(name) if name == SEARCH);
    let is_wanted = is_named || ask.tools.is_empty() || ask.question.contains(SEARCH);
    let may = ask.search && ask.choice != Choice::Never && ask.results.is_empty();
    (may && is_wanted).then(|| directive::quoted(&ask.question).unwrap_or(&ask.question).to_owned())
}

fn word(ask: &Ask) -> &str {
    directive::quoted(&ask.question).unwrap_or(WORD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(question: &str, choice: Choice) -> Ask {
        let schema =
            json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
        let tools = ["get_weather", "get_time"].map(|name| Tool::new(name, &schema)).into();
        Ask { question: question.into(), tools, choice, ..Ask::default() }
    }

    fn called(ask: &Ask) -> Vec<(String, Value)> {
        let reply = reply(ask, 40, &mut Rng::with_seed(1));
        reply.calls().map(|call| (call.name.clone(), call.input.clone())).collect()
    }

    #[test]
    fn a_forced_tool_is_called_the_named_one_or_the_first() {
        let city = json!({"city": "Paris"});
        assert_eq!(called(&ask("in \"Paris\"", Choice::Any)), [("get_weather".into(), city.clone())]);
        let named = Choice::Named("get_time".into());
        assert_eq!(called(&ask("in \"Paris\"", named)), [("get_time".into(), city)]);
    }

    #[test]
    fn tools_that_the_question_names_are_called_all_at_once_unless_one_is_the_most() {
        let mut asked = ask("use get_time and get_weather", Choice::Auto);
        assert_eq!(called(&asked).len(), 2);
        asked.one_call = true;
        assert_eq!(called(&asked).len(), 1);
        assert_eq!(called(&ask("Hello", Choice::Auto)), []);
        assert_eq!(called(&ask("use get_time", Choice::Never)), []);
    }

    #[test]
    fn a_directive_is_followed_to_the_letter() {
        let asked = ask("call get_time {\"zone\": \"UTC\"}", Choice::Auto);
        assert_eq!(called(&asked), [("get_time".into(), json!({"zone": "UTC"}))]);
    }

    #[test]
    fn asked_to_go_on_it_repeats_the_last_words_and_goes_on() {
        let asked = ask("Go on.\n<last_words>\nonce upon a\n</last_words>\nNow.", Choice::Auto);
        let text = reply(&asked, 40, &mut Rng::with_seed(1)).text();
        assert_eq!(text, "once upon a and this is the simulated rest of it.");
    }

    #[test]
    fn after_a_result_it_answers_with_text() {
        let results = vec![crate::ask::ToolResult { text: "noon".into(), is_error: false }];
        let asked = Ask { results, ..ask("use get_time", Choice::Auto) };
        let reply = reply(&asked, 40, &mut Rng::with_seed(1));
        assert_eq!((reply.text().as_str(), reply.stop), ("The tool said: noon", Stop::Done));
    }
}

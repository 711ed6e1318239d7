//! Recorded streams, cut behind every event.

use paceway_domain::{Dialect, Tokens, Usage};
use paceway_protocol::continuation::Obstacle;
use paceway_protocol::formats::Ending;
use paceway_protocol::neutral::Role;
use serde_json::Value;

use super::judged;
use super::relayed::{ESTIMATED, Relayed};
use super::streams::Script;
use super::triples;

const ANSWER: [&str; 6] =
    ["The capital", " of Norway", " is Oslo,\n", "of Finland ", "it is Hel", "sinki. 🇫🇮"];

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// What breaks off: a thought, words, and perhaps a call.
fn first(calls: bool) -> Script {
    let (thought, words) = (vec!["Let me", " see.\n"], owned(&ANSWER));
    Script { id: "first_1", thought, words, calls, input: 50, output: 30 }
}

/// What follows, and which of its words are new.
struct Rest {
    script: Script,
    new: String,
}

/// A thought, these words, and perhaps a call.
fn rest(repeated: &str, new: &[&str], calls: bool) -> Rest {
    let halves = repeated.split_at(repeated.char_indices().nth(7).map_or(0, |(at, _)| at));
    let words = [halves.0, halves.1].into_iter().chain(new.iter().copied()).filter(|text| !text.is_empty());
    let words = words.map(ToString::to_string).collect();
    let script = Script { id: "second_2", thought: vec!["Go on."], words, calls, input: 90, output: 20 };
    Rest { script, new: new.concat() }
}

/// One way through: two providers, a client, and how many events of the first one come.
struct Case {
    one: Dialect,
    two: Dialect,
    client: Dialect,
    cut: usize,
    told: String,
}

impl Case {
    /// Breaks the first answer off, has the second follow, and judges what the client got.
    fn judge(mut self, first: &[String], follow: impl Fn(&str, &str) -> Rest) {
        let mut relayed = Relayed::new(self.one, self.client);
        relayed.say(&first[..self.cut]);
        relayed.finish();
        self.told = relayed.told();
        if relayed.ending() == Ending::Complete {
            let answer = judged::read(self.client, &relayed.out);
            assert_eq!(answer.words, ANSWER.concat(), "{}", self.shown(&relayed));
            return;
        }
        if let Err(obstacle) = relayed.can_continue() {
            self.ends_in_an_error(obstacle, &mut relayed);
            return;
        }
        let last_words = self.asks_for_the_rest(&relayed);
        let rest = follow(&self.told, &last_words);
        let used = relayed.taken_over_by(self.two);
        relayed.say(&rest.script.events(self.two));
        relayed.finish();
        assert_eq!(relayed.ending(), Ending::Complete, "{}", self.shown(&relayed));
        self.is_one_answer(&relayed, &rest, used);
    }

    fn shown(&self, relayed: &Relayed) -> String {
        let Self { one, two, client, cut, .. } = self;
        format!("{one} cut at {cut}, then {two}, for {client}:\n{}", relayed.shown())
    }

    fn ends_in_an_error(&self, obstacle: Obstacle, relayed: &mut Relayed) {
        assert_eq!(obstacle, Obstacle::ToolCall, "{}", self.shown(relayed));
        relayed.give_up();
        assert_eq!(relayed.ending(), Ending::Failed);
        let answer = judged::read(self.client, &relayed.out);
        assert_eq!(answer.error.as_deref(), Some("it broke off"), "{}", self.shown(relayed));
        assert_eq!((answer.finish, answer.words), (None, self.told.clone()));
    }

    fn asks_for_the_rest(&self, relayed: &Relayed) -> String {
        let (turns, last_words) = relayed.request();
        if self.told.is_empty() {
            assert_eq!(turns.len(), 1);
        } else {
            assert_eq!((turns.len(), &turns[1]), (3, &(Role::Assistant, self.told.clone())));
            assert!(turns[2].0 == Role::User && !last_words.is_empty());
            assert!(self.told.trim_end().ends_with(&last_words));
        }
        last_words
    }

    fn is_one_answer(&self, relayed: &Relayed, rest: &Rest, used: Usage) {
        let answer = judged::read(self.client, &relayed.out);
        let case = || self.shown(relayed);
        assert_eq!(answer.words, format!("{}{}", self.told, rest.new), "{}", case());
        assert!(used.input == ESTIMATED || used.input == Tokens(50), "{used:?}");
        let spent = rest.script.usage();
        let expected = (used.input_total() + spent.input, used.output + spent.output);
        assert_eq!(answer.used(), expected, "{}", case());
        let (finish, calls) = if rest.script.calls {
            ("ToolCalls", vec!["weather {\"city\":\"Oslo\"}".to_owned()])
        } else {
            ("Done", Vec::new())
        };
        assert_eq!((answer.finish.as_deref(), answer.calls), (Some(finish), calls), "{}", case());
        // What was thought before the break stays; what is thought after it is told only where no words were told yet.
        let is_told = answer.thoughts.ends_with("Go on.");
        assert_eq!(is_told, self.told.is_empty(), "{:?}: {}", answer.thoughts, case());
        if let Some(record) = relayed.record() {
            let record: Value = serde_json::from_slice(record).unwrap();
            let items = record["output"].as_array().unwrap();
            let parts = items.iter().filter_map(|item| item["content"].as_array()).flatten();
            let words: String = parts.map(|part| part["text"].as_str().unwrap()).collect();
            assert_eq!((self.client, words), (Dialect::Responses, answer.words));
        } else {
            assert_ne!(self.client, Dialect::Responses);
        }
    }
}

fn at_every_cut(ways: impl Iterator<Item = [Dialect; 3]>, calls: bool, follow: impl Fn(&str, &str) -> Rest) {
    let firsts = Dialect::ALL.map(|dialect| (dialect, first(calls).events(dialect)));
    for [one, two, client] in ways {
        let (_, first) = firsts.iter().find(|(dialect, _)| *dialect == one).unwrap();
        for cut in 0..=first.len() {
            Case { one, two, client, cut, told: String::new() }.judge(first, &follow);
        }
    }
}

/// From and to the client's own dialect, and through any other.
fn own() -> impl Iterator<Item = [Dialect; 3]> {
    triples().filter(|[one, _, client]| one == client)
}

#[test]
fn cut_at_any_event_the_words_told_are_followed_by_the_rest() {
    at_every_cut(triples(), false, |_, _| rest("", &[" and", " so on."], false));
}

#[test]
fn cut_at_any_event_the_last_words_said_again_are_told_once() {
    at_every_cut(own(), false, |told, last_words| {
        let space = &told[told.trim_end().len()..];
        rest(&format!("{last_words}{space}"), &[" and", " so on."], false)
    });
    at_every_cut(own(), false, |told, _| rest(told, &["!"], true));
}

#[test]
fn cut_at_any_event_a_call_may_follow_or_nothing() {
    at_every_cut(own(), false, |_, _| rest("", &[], true));
    at_every_cut(own(), false, |told, _| {
        let new: &[&str] = if told.is_empty() { &["Anew."] } else { &[] };
        rest(told, new, false)
    });
}

#[test]
fn a_call_that_has_begun_ends_in_an_error_and_not_in_half() {
    let one_follower = triples().filter(|[_, two, _]| *two == Dialect::Anthropic);
    at_every_cut(one_follower, true, |_, _| rest("", &[" and so on."], false));
}

#[test]
fn an_attempt_that_breaks_off_is_taken_to_have_used_what_it_said_itself() {
    let openai = Dialect::OpenAi;
    let words = rest("", &[" and", " so on."], false).script;
    let events = Script { thought: Vec::new(), ..words }.events(openai);
    let (mut alone, mut second) = (Relayed::new(openai, openai), Relayed::new(openai, openai));
    second.say(&first(false).events(openai)[..7]);
    assert!(second.taken_over_by(openai).output > Tokens(0));
    for relayed in [&mut alone, &mut second] {
        relayed.say(&events[..3]);
    }
    let used = alone.taken_over_by(openai);
    assert_eq!((used.input, used.output > Tokens(0)), (ESTIMATED, true));
    assert_eq!(second.taken_over_by(openai), used);
}

/// The error of an overloaded provider, as an event.
fn overloaded(dialect: Dialect) -> String {
    match dialect {
        Dialect::Anthropic => "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Busy\"}}\n\n",
        Dialect::OpenAi => "data: {\"error\":{\"type\":\"server_error\",\"message\":\"Busy\",\"code\":null,\"param\":null}}\n\n",
        Dialect::Responses => "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"Busy\",\"param\":null,\"sequence_number\":9}\n\n",
        Dialect::Gemini => "data: {\"error\":{\"code\":503,\"message\":\"Busy\",\"status\":\"UNAVAILABLE\"}}\n\n",
        Dialect::Cohere => "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"ERROR\",\"error\":\"Busy\"}}\n\n",
        Dialect::Converse => "event: serviceUnavailableException\ndata: {\"message\":\"Busy\"}\n\n",
    }
    .to_owned()
}

#[test]
fn an_error_in_the_stream_is_withheld_until_it_is_clear_whether_another_goes_on() {
    for [one, two, client] in triples() {
        let mut events = first(false).events(one);
        events.truncate(events.len() / 2);
        events.push(overloaded(one));
        let broken = || {
            let mut relayed = Relayed::new(one, client);
            relayed.say(&events);
            relayed.finish();
            assert_eq!(relayed.withheld().map(|error| error.message.as_str()), Some("Busy"), "{one}");
            assert_eq!(relayed.ending(), Ending::Open);
            relayed
        };
        let mut continued = broken();
        let told = continued.told();
        continued.taken_over_by(two);
        assert_eq!(continued.withheld(), None);
        continued.say(&rest("", &[" and so on."], false).script.events(two));
        continued.finish();
        let answer = judged::read(client, &continued.out);
        assert_eq!((answer.words, answer.error), (format!("{told} and so on."), None));
        let mut ended = broken();
        ended.give_up();
        let answer = judged::read(client, &ended.out);
        assert_eq!((answer.error.as_deref(), answer.words), (Some("Busy"), told), "{}", ended.shown());
    }
}

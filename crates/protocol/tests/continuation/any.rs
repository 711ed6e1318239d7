//! Any answers, broken off anywhere, as often as may be.

use paceway_domain::{Dialect, Tokens};
use paceway_protocol::Envelope;
use paceway_protocol::changes::Changes;
use paceway_protocol::continuation::{Heard, continue_chat};
use paceway_protocol::fit::fit;
use paceway_protocol::formats::{Address, Ending, Target, format_of};
use paceway_protocol::neutral::{Chat, Delta, Opening, Part, PartBody, Piece, Role, Turn};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::judged;
use super::relayed::Relayed;
use super::streams::Script;

/// One provider's part in an answer.
#[derive(Debug, Clone)]
struct Attempt {
    provider: Dialect,
    words: Vec<String>,
    thinks: bool,
    /// Whether it says the last words once more.
    repeats: bool,
    cut: Index,
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let words = vec("[a-zA-Zé🌍\"\\\\{}<> \n]{1,9}", 0..6);
    let provider = select(Dialect::ALL.to_vec());
    (provider, words, any::<bool>(), any::<bool>(), any::<Index>())
        .prop_map(|(provider, words, thinks, repeats, cut)| Attempt { provider, words, thinks, repeats, cut })
}

impl Attempt {
    /// Its events. New words begin with a sign that no other attempt's have, so that nothing is repeated by chance.
    fn events(&self, place: usize, again: &str, calls: bool) -> (Script, Vec<String>) {
        let sign = ["§", "¤", "¶", "¢"][place].to_owned();
        let again = (self.repeats && !again.is_empty()).then(|| again.to_owned());
        let words = again.into_iter().chain([sign]).chain(self.words.clone()).collect();
        let thought = if self.thinks { vec!["Hm", ", so."] } else { Vec::new() };
        let script = Script { id: "a_1", thought, words, calls, input: 10, output: 5 };
        let events = script.events(self.provider);
        (script, events)
    }

    fn new_words(&self, place: usize) -> String {
        format!("{}{}", ["§", "¤", "¶", "¢"][place], self.words.concat())
    }
}

/// The last words with the white space behind them, which a model writes again as it stands.
fn again(relayed: &Relayed) -> String {
    let (told, (_, last_words)) = (relayed.told(), relayed.request());
    let space = &told[told.trim_end().len()..];
    if last_words.is_empty() { last_words } else { format!("{last_words}{space}") }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_often_it_breaks_the_client_gets_one_answer(
        attempts in vec(attempt(), 1..4), last in attempt(), calls in any::<bool>(), client in select(Dialect::ALL.to_vec()),
    ) {
        let mut relayed = Relayed::new(attempts[0].provider, client);
        let (mut used, mut expected) = (Vec::new(), String::new());
        for (place, attempt) in attempts.iter().enumerate() {
            if place > 0 {
                used.push(relayed.taken_over_by(attempt.provider));
            }
            let (_, events) = attempt.events(place, &again(&relayed), false);
            relayed.say(&events[..attempt.cut.index(events.len())]);
            let told = relayed.told();
            prop_assert!(told.starts_with(&expected));
            let most = format!("{expected}{}", attempt.new_words(place));
            prop_assert!(most.starts_with(&told), "{:?} of {:?}", told, most);
            expected = told;
            if relayed.ending() != Ending::Open {
                // What it lacks is only what a format may leave out.
                return Ok(());
            }
        }
        used.push(relayed.taken_over_by(last.provider));
        let (script, events) = last.events(3, &again(&relayed), calls);
        relayed.say(&events);
        relayed.finish();
        let answer = judged::read(client, &relayed.out);
        let told = relayed.shown();
        prop_assert_eq!(&answer.words, &format!("{expected}{}", last.new_words(3)), "{}", told);
        prop_assert_eq!(answer.finish.as_deref(), Some(if calls { "ToolCalls" } else { "Done" }), "{}", told);
        prop_assert_eq!(answer.calls.len(), usize::from(calls));
        let all = used.iter().copied().chain([script.usage()]);
        let sum = all.fold((Tokens(0), Tokens(0)), |(input, output), used| {
            (input + used.input_total(), output + used.output)
        });
        prop_assert_eq!(answer.used(), sum, "{}", told);
    }

    #[test]
    fn the_request_for_the_rest_can_be_sent_in_every_dialect(told in "[a-zé🌍\"\\\\<>]{1,9}[a-z \n.]{0,80}") {
        let mut heard = Heard::default();
        heard.piece(&Piece::Open(Opening::Text));
        heard.piece(&Piece::Delta(Delta::Text(told.as_str().into())));
        for dialect in Dialect::ALL {
            let asked = Turn { role: Role::User, name: None, parts: vec![Part::text("Tell me.")] };
            let mut chat = Chat { turns: vec![asked], max_output: Some(Tokens(9_000)), ..Chat::default() };
            continue_chat(&mut chat, &heard).unwrap();
            let format = format_of(dialect);
            fit(&mut chat, format.abilities("m"), &mut Changes::default());
            let target = Target { model: "m", default_max_output: Tokens(8_192), only_max_tokens: false };
            let mut changes = Changes::default();
            let body = format.write_chat(&chat, target, &mut changes).unwrap();
            prop_assert!(changes.check(false).is_ok(), "{}: {}", dialect, changes);
            let envelope = Envelope::parse(&body).unwrap();
            let address = Address { model: Some("m".into()), stream: Some(true) };
            let summary = format.summary(&envelope, &address).unwrap();
            let sent = format.read_chat(&envelope, &summary, &mut Changes::default()).unwrap();
            let words = |turn: &Turn<'_>| match &turn.parts[..] {
                [Part { body: PartBody::Text { text, .. }, .. }] => (turn.role, text.to_string()),
                other => panic!("nobody said {other:?}"),
            };
            let turns: Vec<_> = sent.turns.iter().map(words).collect();
            prop_assert_eq!((turns.len(), &turns[1]), (3, &(Role::Assistant, told.clone())), "{}", dialect);
            prop_assert_eq!(turns[2].0, Role::User);
        }
    }
}

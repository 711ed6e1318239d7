//! A stream on its way to a client, as a gateway would relay it: event by event, with breaks, and the requests for the rest.

use paceway_domain::{Dialect, Tokens, Usage};
use paceway_protocol::continuation::{Obstacle, Translation, continue_chat};
use paceway_protocol::fit::WayBack;
use paceway_protocol::formats::Ending;
use paceway_protocol::neutral::{Chat, ErrorKind, ErrorReport, Part, PartBody, Role, Turn};
use paceway_protocol::sse::Splitter;

use super::frame;

/// The input that is estimated for a provider that has not counted it.
pub(crate) const ESTIMATED: Tokens = Tokens(77);

pub(crate) struct Relayed {
    translation: Translation,
    pub(crate) out: Vec<u8>,
}

impl Relayed {
    pub(crate) fn new(provider: Dialect, client: Dialect) -> Self {
        let translation = Translation::new(provider, WayBack::default(), client, frame()).continuable();
        Self { translation, out: Vec::new() }
    }

    /// Relays these events.
    pub(crate) fn say(&mut self, events: &[String]) {
        let mut splitter = Splitter::default();
        for event in events {
            let relay = |event: paceway_protocol::sse::Event<'_>| {
                self.translation.event(event, &mut self.out).unwrap();
            };
            splitter.push(event.as_bytes(), relay).unwrap();
        }
    }

    /// The provider's bytes are at an end.
    pub(crate) fn finish(&mut self) {
        self.translation.finish(&mut self.out);
    }

    /// What the client was told so far of the answer's words.
    pub(crate) fn told(&self) -> String {
        self.translation.heard().unwrap().text().to_owned()
    }

    pub(crate) fn can_continue(&self) -> Result<(), Obstacle> {
        self.translation.heard().unwrap().can_continue()
    }

    /// The request for the rest: its turns' words, and the last words that it names.
    pub(crate) fn request(&self) -> (Vec<(Role, String)>, String) {
        let asked = Turn { role: Role::User, name: None, parts: vec![Part::text("Which capitals?")] };
        let mut chat = Chat { turns: vec![asked], max_output: Some(Tokens(1_000)), ..Chat::default() };
        continue_chat(&mut chat, self.translation.heard().unwrap()).unwrap();
        let text = |turn: &Turn<'_>| match &turn.parts[0].body {
            PartBody::Text { text, .. } => (turn.role, text.to_string()),
            other => panic!("nobody said {other:?}"),
        };
        let turns: Vec<_> = chat.turns.iter().map(text).collect();
        let wish = turns.last().map(|(_, text)| text.clone()).unwrap();
        let between =
            wish.split_once("<last_words>\n").and_then(|(_, rest)| rest.split_once("\n</last_words>"));
        let last_words = between.map(|(last, _)| last.to_owned()).unwrap_or_default();
        (turns, last_words)
    }

    /// Another provider takes over; says what the one before it used.
    pub(crate) fn taken_over_by(&mut self, provider: Dialect) -> Usage {
        let used = self.translation.used(ESTIMATED);
        self.translation.continue_from(provider, WayBack::default(), used).unwrap();
        used
    }

    /// Nobody takes over.
    pub(crate) fn give_up(&mut self) {
        let error = self.translation.withheld().cloned();
        let error = error.unwrap_or_else(|| ErrorReport::new(ErrorKind::Server, "it broke off"));
        self.translation.error(error, &mut self.out);
    }

    pub(crate) fn withheld(&self) -> Option<&ErrorReport> {
        self.translation.withheld()
    }

    pub(crate) fn ending(&self) -> Ending {
        self.translation.ending()
    }

    pub(crate) fn record(&self) -> Option<&[u8]> {
        self.translation.record()
    }

    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

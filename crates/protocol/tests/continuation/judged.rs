//! What a client got, judged: by its dialect's reader for what it says, and by its events for their order and numbers.

use paceway_domain::{Dialect, Tokens, Usage};
use paceway_protocol::formats::format_of;
use paceway_protocol::neutral::{Delta, Opening, Piece};
use paceway_protocol::sse::Splitter;
use serde_json::Value;

/// What a whole stream says to its client.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) thoughts: String,
    pub(crate) words: String,
    pub(crate) calls: Vec<String>,
    /// Why it ended, if it did.
    pub(crate) finish: Option<String>,
    pub(crate) usage: Usage,
    pub(crate) error: Option<String>,
}

impl Answer {
    /// Every input token, and every output token.
    pub(crate) fn used(&self) -> (Tokens, Tokens) {
        (self.usage.input_total(), self.usage.output)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Before,
    Nothing,
    Text,
    Thinking,
    Other,
    Ended,
}

/// Reads a stream as its client does, and panics where pieces are out of order.
pub(crate) fn read(client: Dialect, stream: &[u8]) -> Answer {
    let (mut reader, mut splitter) = (format_of(client).reader(), Splitter::default());
    let (mut answer, mut open) = (Answer::default(), Open::Before);
    let mut sink = |piece: Piece<'_>| open = answer.piece(&piece, open);
    splitter.push(stream, |event| reader.event(event, &mut sink).unwrap()).unwrap();
    assert!(splitter.partial().is_empty(), "half an event");
    reader.finish(&mut sink);
    if answer.finish.is_some() {
        Events::of(client, stream).judge(client);
    }
    answer
}

impl Answer {
    fn piece(&mut self, piece: &Piece<'_>, open: Open) -> Open {
        match (piece, open) {
            (Piece::Begin { .. }, Open::Before)
            | (Piece::Close, Open::Text | Open::Thinking | Open::Other) => Open::Nothing,
            (Piece::Open(Opening::Text), Open::Nothing) => Open::Text,
            (Piece::Open(Opening::Thinking), Open::Nothing) => Open::Thinking,
            (Piece::Open(Opening::ToolCall { name, .. }), Open::Nothing) => {
                self.calls.push(format!("{name} "));
                Open::Other
            }
            (Piece::Open(Opening::Redacted(_)), Open::Nothing) => Open::Other,
            (Piece::Delta(Delta::Text(text)), Open::Text) => {
                self.words.push_str(text);
                open
            }
            (Piece::Delta(Delta::Text(text)), Open::Thinking) => {
                self.thoughts.push_str(text);
                open
            }
            (Piece::Delta(Delta::Text(text)), Open::Other) => {
                self.calls.last_mut().unwrap().push_str(text);
                open
            }
            (Piece::Delta(_), Open::Text | Open::Thinking) => open,
            (Piece::End { finish, usage }, Open::Nothing) => {
                self.finish = Some(format!("{finish:?}"));
                self.usage = *usage;
                Open::Ended
            }
            // An error may come in place of all that is missing.
            (Piece::Error(error), open) if open != Open::Ended => {
                self.error = Some(error.message.clone());
                Open::Ended
            }
            (piece, open) => panic!("{piece:?} where {open:?}"),
        }
    }
}

/// The events of a stream that has ended: names and data.
struct Events(Vec<(String, Value)>);

impl Events {
    fn of(client: Dialect, stream: &[u8]) -> Self {
        let (mut splitter, mut events) = (Splitter::default(), Vec::new());
        let push = |event: paceway_protocol::sse::Event<'_>| {
            let data = event.data().unwrap();
            let data = match &*data {
                b"[DONE]" => Value::String("[DONE]".into()),
                json => serde_json::from_slice(json).unwrap(),
            };
            let name = String::from_utf8_lossy(event.name()).into_owned();
            assert!(data["type"].is_null() || data["type"] == name.as_str(), "{client}: {name} is {data}");
            events.push((name, data));
        };
        splitter.push(stream, push).unwrap();
        Self(events)
    }

    fn judge(&self, client: Dialect) {
        match client {
            Dialect::Anthropic => self.anthropic(),
            Dialect::OpenAi => self.openai_chat(),
            Dialect::Responses => self.openai_responses(),
            Dialect::Gemini => self.gemini(),
            Dialect::Cohere => self.cohere(),
            Dialect::Converse => self.converse(),
        }
    }

    fn named<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Value> {
        self.0.iter().filter(move |(is, _)| is == name).map(|(_, data)| data)
    }

    /// The numbers that events of a name have in a field: each in its turn.
    fn counts_up(&self, name: &str, field: &str) -> usize {
        let numbers: Vec<_> = self.named(name).map(|data| data[field].as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>(), "{field} of {name}");
        numbers.len()
    }

    /// That it begins and ends with these and has each once.
    fn is_framed_by(&self, first: &[&str], last: &[&str]) {
        let names: Vec<_> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.starts_with(first) && names.ends_with(last), "{names:?}");
        for once in first.iter().chain(last) {
            assert_eq!(self.named(once).count(), 1, "{once}: {names:?}");
        }
    }

    fn anthropic(&self) {
        self.is_framed_by(&["message_start"], &["message_delta", "message_stop"]);
        let begun = self.counts_up("content_block_start", "index");
        assert_eq!(self.counts_up("content_block_stop", "index"), begun);
        let mut open = None;
        for (name, data) in &self.0 {
            match name.as_str() {
                "content_block_start" => open = data["index"].as_u64(),
                "content_block_delta" => {
                    assert_eq!(data["index"].as_u64(), open);
                    assert!(open.is_some());
                }
                "content_block_stop" => open = None,
                _ => {}
            }
        }
    }

    fn openai_chat(&self) {
        let (done, chunks) = self.0.split_last().unwrap();
        assert_eq!(done.1, "[DONE]");
        let (usage, chunks) = chunks.split_last().unwrap();
        assert!(usage.1["choices"].as_array().unwrap().is_empty() && usage.1["usage"].is_object());
        let of =
            |field: &str| chunks.iter().filter(|(_, chunk)| !chunk["choices"][0][field].is_null()).count();
        let (_, last) = chunks.last().unwrap();
        assert!(last["choices"][0]["finish_reason"].is_string() && of("finish_reason") == 1);
        let has_role = |(_, chunk): &&(String, Value)| !chunk["choices"][0]["delta"]["role"].is_null();
        assert_eq!(chunks.iter().filter(has_role).count(), 1);
        assert!(has_role(&&chunks[0]));
        assert!(self.0.iter().rev().skip(1).all(|(_, chunk)| chunk["id"] == chunks[0].1["id"]));
    }

    fn openai_responses(&self) {
        self.is_framed_by(&["response.created", "response.in_progress"], &["response.completed"]);
        for (number, (_, data)) in self.0.iter().enumerate() {
            assert_eq!(data["sequence_number"], number);
        }
        let items = self.counts_up("response.output_item.added", "output_index");
        assert_eq!(self.counts_up("response.output_item.done", "output_index"), items);
        let whole = &self.0.last().unwrap().1["response"];
        let listed: Vec<_> = self.named("response.output_item.done").map(|data| &data["item"]).collect();
        assert_eq!(whole["output"].as_array().unwrap().iter().collect::<Vec<_>>(), listed);
        let deltas: String =
            self.named("response.output_text.delta").map(|data| data["delta"].as_str().unwrap()).collect();
        let texts: String =
            self.named("response.output_text.done").map(|data| data["text"].as_str().unwrap()).collect();
        assert_eq!(deltas, texts);
        for (_, data) in self.0.iter().filter(|(_, data)| data["item_id"].is_string()) {
            let place = usize::try_from(data["output_index"].as_u64().unwrap()).unwrap();
            assert_eq!(data["item_id"], listed[place]["id"]);
        }
    }

    fn gemini(&self) {
        let (_, last) = self.0.last().unwrap();
        assert!(last["candidates"][0]["finishReason"].is_string() && last["usageMetadata"].is_object());
        let ends = |(_, chunk): &&(String, Value)| !chunk["candidates"][0]["finishReason"].is_null();
        assert_eq!(self.0.iter().filter(ends).count(), 1);
        assert!(self.0.iter().all(|(_, chunk)| chunk["responseId"] == last["responseId"]));
    }

    fn cohere(&self) {
        self.is_framed_by(&["message-start"], &["message-end"]);
        for (start, end) in [("content-start", "content-end"), ("tool-call-start", "tool-call-end")] {
            assert_eq!(self.counts_up(start, "index"), self.counts_up(end, "index"));
        }
    }

    fn converse(&self) {
        self.is_framed_by(&["messageStart"], &["messageStop", "metadata"]);
        self.counts_up("contentBlockStop", "contentBlockIndex");
    }
}

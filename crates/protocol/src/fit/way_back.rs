//! The way back: an answer in the words of a fitted request becomes one in the words of the caller's.

use serde::Deserialize;

use super::names::{Original, Originals};
use crate::neutral::{Delta, Finish, Opening, Piece, Reply, ReplyPart, Text, ToolCall};

/// What no arguments at all stand for.
const NO_ARGUMENTS: &str = "{}";

/// What was put in other words, and which.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WayBack {
    names: Originals,
    /// The tool whose arguments are the answer.
    answer_tool: Option<String>,
    /// Whether calls after the first are left out, because no more than one was wanted.
    only_first_call: bool,
}

impl WayBack {
    pub(super) fn new(names: Originals, answer_tool: Option<String>, only_first_call: bool) -> Self {
        Self { names, answer_tool, only_first_call }
    }

    fn is_answer(&self, name: &str) -> bool {
        self.answer_tool.as_deref() == Some(name)
    }

    /// A whole answer in the caller's words.
    pub fn reply<'a>(&self, mut reply: Reply<'a>) -> Reply<'a> {
        if self.only_first_call {
            let mut calls = 0;
            reply.parts.retain(|part| {
                calls += usize::from(matches!(part, ReplyPart::ToolCall(_)));
                calls < 2 || !matches!(part, ReplyPart::ToolCall(_))
            });
        }
        for part in &mut reply.parts {
            if let ReplyPart::ToolCall(call) = part
                && let Some(original) = self.names.get(&*call.name)
            {
                *part = ReplyPart::ToolCall(restored(call.clone(), original));
            }
        }
        let is_answer =
            |part: &ReplyPart<'_>| matches!(part, ReplyPart::ToolCall(call) if self.is_answer(&call.name));
        if self.answer_tool.is_none() || !reply.parts.iter().any(is_answer) {
            return reply;
        }
        // What the model said beside its answer would break the form that was asked for.
        reply.parts.retain(|part| !matches!(part, ReplyPart::Text { .. }));
        for part in &mut reply.parts {
            if let ReplyPart::ToolCall(call) = part
                && self.is_answer(&call.name)
            {
                let arguments = std::mem::take(&mut call.arguments);
                let text = if arguments.is_empty() { NO_ARGUMENTS.into() } else { arguments };
                *part = ReplyPart::Text { text, citations: Vec::new() };
            }
        }
        let calls_more = reply.parts.iter().any(|part| matches!(part, ReplyPart::ToolCall(_)));
        if reply.finish == Finish::ToolCalls && !calls_more {
            reply.finish = Finish::Done;
        }
        reply
    }
}

fn restored<'a>(call: ToolCall<'a>, original: &Original) -> ToolCall<'a> {
    let arguments = if original.is_custom { input_of(&call.arguments).into() } else { call.arguments };
    ToolCall {
        name: original.name.clone().into(),
        namespace: original.namespace.clone().map(Text::from),
        arguments,
        is_custom: original.is_custom || call.is_custom,
        ..call
    }
}

/// The text in `{"input": …}`; arguments of another shape are the text themselves.
fn input_of(arguments: &str) -> String {
    #[derive(Deserialize)]
    struct Arguments {
        input: String,
    }
    match serde_json::from_str(arguments) {
        Ok(Arguments { input }) => input,
        Err(_) => arguments.to_owned(),
    }
}

/// The way back of a stream.
#[derive(Debug)]
pub struct Unfitting {
    way: WayBack,
    open: Open,
    /// What the model says beside an answer of a form, kept until it is known whether the answer comes.
    beside: String,
    has_answered: bool,
    has_called: bool,
}

#[derive(Debug)]
enum Open {
    /// Passed on as it is.
    Plain,
    /// The arguments of a tool of plain text, gathered.
    Custom(String),
    /// The arguments that are the answer, of which nothing has come yet.
    Answer,
    /// Words beside an answer of a form.
    Beside,
    /// A call where no more was wanted.
    Unwanted,
}

impl Unfitting {
    /// For one stream.
    pub fn new(way: WayBack) -> Self {
        Self { way, open: Open::Plain, beside: String::new(), has_answered: false, has_called: false }
    }

    /// Hands on what a piece is in the caller's words.
    pub fn piece(&mut self, piece: Piece<'_>, sink: &mut dyn for<'p> FnMut(Piece<'p>)) {
        match piece {
            Piece::Open(opening) => self.open(opening, sink),
            Piece::Delta(delta) => match (&mut self.open, delta) {
                (Open::Answer, Delta::Text(text)) if text.is_empty() => {}
                (Open::Plain | Open::Answer, delta) => {
                    self.open = Open::Plain;
                    sink(Piece::Delta(delta));
                }
                (Open::Custom(arguments), Delta::Text(text)) => arguments.push_str(&text),
                (Open::Beside, Delta::Text(text)) => self.beside.push_str(&text),
                (Open::Custom(_) | Open::Beside | Open::Unwanted, _) => {}
            },
            Piece::Close => match std::mem::replace(&mut self.open, Open::Plain) {
                Open::Plain => sink(Piece::Close),
                Open::Answer => {
                    sink(Piece::Delta(Delta::Text(NO_ARGUMENTS.into())));
                    sink(Piece::Close);
                }
                Open::Custom(arguments) => {
                    sink(Piece::Delta(Delta::Text(input_of(&arguments).into())));
                    sink(Piece::Close);
                }
                Open::Beside | Open::Unwanted => {}
            },
            Piece::End { finish, usage } => {
                if !self.has_answered && !self.beside.is_empty() {
                    sink(Piece::Open(Opening::Text));
                    sink(Piece::Delta(Delta::Text(Text::of(&self.beside))));
                    sink(Piece::Close);
                }
                let is_answer = finish == Finish::ToolCalls && self.has_answered && !self.has_called;
                sink(Piece::End { finish: if is_answer { Finish::Done } else { finish }, usage });
            }
            other => sink(other),
        }
    }

    fn open(&mut self, opening: Opening<'_>, sink: &mut dyn for<'p> FnMut(Piece<'p>)) {
        match opening {
            Opening::Text if self.way.answer_tool.is_some() => self.open = Open::Beside,
            Opening::ToolCall { .. }
                if self.way.only_first_call && (self.has_called || self.has_answered) =>
            {
                self.open = Open::Unwanted;
            }
            Opening::ToolCall { name, .. } if self.way.is_answer(&name) => {
                self.has_answered = true;
                self.open = Open::Answer;
                sink(Piece::Open(Opening::Text));
            }
            Opening::ToolCall { id, name, namespace, is_custom, seal } => {
                self.has_called = true;
                let original = self.way.names.get(&*name);
                if original.is_some_and(|original| original.is_custom) {
                    self.open = Open::Custom(String::new());
                }
                sink(Piece::Open(match original {
                    None => Opening::ToolCall { id, name, namespace, is_custom, seal },
                    Some(original) => Opening::ToolCall {
                        id,
                        name: Text::of(&original.name),
                        namespace: original.namespace.as_deref().map(Text::of),
                        is_custom: is_custom || original.is_custom,
                        seal,
                    },
                }));
            }
            other => sink(Piece::Open(other)),
        }
    }
}

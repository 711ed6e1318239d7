//! What is answered, in no dialect's words: blocks of tokens, and why they end.

use serde_json::Value;

use crate::tokens;

/// An answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Reply {
    pub(crate) blocks: Vec<Block>,
    pub(crate) stop: Stop,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Block {
    Thinking(Vec<String>),
    Text(Vec<String>),
    Call(Call),
    /// A search of the web that the provider made itself, and the text that cites what it found.
    Search(String),
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    pub(crate) input: Value,
    /// The input as it is written: JSON, or free text.
    pub(crate) pieces: Vec<String>,
    pub(crate) free_text: bool,
}

/// Why an answer ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Stop {
    #[default]
    Done,
    MaxTokens,
    Sequence(String),
    ToolCall,
    Refusal,
    /// A filter of contents ended it.
    Filtered,
}

impl Block {
    pub(crate) fn tokens(&self) -> u64 {
        let pieces = match self {
            Self::Thinking(pieces) | Self::Text(pieces) => pieces,
            Self::Call(call) => &call.pieces,
            Self::Search(query) => return tokens::count(query),
        };
        pieces.len() as u64
    }
}

impl Reply {
    pub(crate) fn tokens(&self) -> u64 {
        self.blocks.iter().map(Block::tokens).sum()
    }

    pub(crate) fn thinking_tokens(&self) -> u64 {
        self.blocks.iter().filter(|block| matches!(block, Block::Thinking(_))).map(Block::tokens).sum()
    }

    /// All of its text.
    pub(crate) fn text(&self) -> String {
        self.text_pieces().concat()
    }

    pub(crate) fn text_pieces(&self) -> Vec<&str> {
        let pieces = self.blocks.iter().flat_map(|block| match block {
            Block::Text(pieces) => pieces.as_slice(),
            _ => &[],
        });
        pieces.map(String::as_str).collect()
    }

    pub(crate) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Call(call) => Some(call),
            _ => None,
        })
    }

    /// Ends it at the first of the stop sequences, where its text has one.
    pub(crate) fn stop_at(&mut self, stops: &[String]) {
        for index in 0..self.blocks.len() {
            let Block::Text(pieces) = &mut self.blocks[index] else { continue };
            let mut text = pieces.concat();
            let found = stops
                .iter()
                .filter(|stop| !stop.is_empty())
                .filter_map(|stop| Some((text.find(stop.as_str())?, stop)));
            let Some((at, sequence)) = found.min_by_key(|(at, _)| *at) else { continue };
            text.truncate(at);
            *pieces = tokens::owned(&text);
            self.blocks.truncate(index + 1);
            self.stop = Stop::Sequence(sequence.clone());
            return;
        }
    }

    /// Ends it after so many tokens. A call that does not fit is left out: half of it could not be run.
    pub(crate) fn end_after(&mut self, most: u64) {
        let mut left = most;
        for index in 0..self.blocks.len() {
            let block = &mut self.blocks[index];
            if block.tokens() <= left {
                left -= block.tokens();
                continue;
            }
            let is_kept = match block {
                Block::Text(pieces) | Block::Thinking(pieces) => {
                    pieces.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                    true
                }
                Block::Call(_) | Block::Search(_) => false,
            };
            self.blocks.truncate(index + usize::from(is_kept));
            self.stop = Stop::MaxTokens;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Reply {
        Reply { blocks: vec![Block::Text(tokens::owned(text))], stop: Stop::Done }
    }

    #[test]
    fn it_ends_at_the_earliest_stop_sequence() {
        let mut reply = reply("This is a simulated answer from a provider");
        reply.stop_at(&["provider".into(), "simulated".into()]);
        assert_eq!((reply.text().as_str(), &reply.stop), ("This is a ", &Stop::Sequence("simulated".into())));
    }

    #[test]
    fn text_is_cut_after_the_most_tokens_and_a_call_that_does_not_fit_is_left_out() {
        let mut reply = reply("one two three");
        let pieces = tokens::owned("{\"city\":\"Paris\"}");
        let call =
            Call { name: "tool".into(), namespace: None, input: Value::Null, pieces, free_text: false };
        reply.blocks.push(Block::Call(call));
        let mut without_call = reply.clone();
        without_call.end_after(5);
        assert_eq!((without_call.blocks.len(), &without_call.stop), (1, &Stop::MaxTokens));
        reply.end_after(2);
        assert_eq!((reply.text().as_str(), &reply.stop), ("one two", &Stop::MaxTokens));
    }
}

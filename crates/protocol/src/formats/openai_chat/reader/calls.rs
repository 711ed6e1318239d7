//! The calls of a streamed answer: which of them a delta belongs to, and whether its arguments are whole.
//!
//! When a call is handed out is decided elsewhere.

use crate::formats::openai_chat::wire;
use crate::formats::openai_chat::words::made_up_call_id;
use crate::neutral::Seal;

/// A call as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Call {
    index: Option<u64>,
    /// Empty until it is known.
    pub(super) id: String,
    /// Empty until it is known.
    pub(super) name: String,
    pub(super) is_custom: bool,
    pub(super) seal: Option<Seal<'static>>,
    /// Arguments that have not been handed out.
    pub(super) held: String,
    scan: Scan,
    pub(super) state: State,
}

/// How far a call has been handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// Not at all; it is not its turn or its name is not known.
    #[default]
    Held,
    /// It is the open part.
    Open,
    /// In full.
    Closed,
}

impl Call {
    /// Whether its arguments are a whole JSON value, so that nothing can follow. Of plain text that is never known.
    pub(super) fn is_whole(&self) -> bool {
        !self.is_custom && self.scan.is_whole
    }

    /// Takes the next piece of its arguments.
    pub(super) fn hold(&mut self, piece: &str) {
        self.scan.take(piece);
        self.held.push_str(piece);
    }

    /// Notes a piece that is handed out at once.
    pub(super) fn pass(&mut self, piece: &str) {
        self.scan.take(piece);
    }

    /// Whether this delta begins another call, although it has this one's index: Google gives every call of an answer the
    /// index 0, and some providers give whole calls neither ids nor places.
    fn is_followed_by(&self, id: &str, name: &str) -> bool {
        if name.is_empty() || self.name.is_empty() {
            return false;
        }
        if id.is_empty() { self.is_whole() } else { self.id != id }
    }
}

/// All calls of an answer, in order.
#[derive(Debug, Default)]
pub(super) struct Calls(pub(super) Vec<Call>);

impl Calls {
    /// The place of the call that a delta belongs to; a new one at the end if it begins one.
    pub(super) fn place(&mut self, delta: &wire::Call<'_>, answer: &str) -> usize {
        let (id, name) = (delta.id(), delta.name());
        let known = match delta.index() {
            Some(index) => self.0.iter().rposition(|call| call.index == Some(index)),
            None if !id.is_empty() => self.0.iter().rposition(|call| call.id == *id),
            None => self.0.len().checked_sub(1),
        };
        let place = match known {
            Some(place) if !self.0[place].is_followed_by(&id, &name) => place,
            _ => {
                self.0.push(Call { index: delta.index(), ..Call::default() });
                self.0.len() - 1
            }
        };
        let call = &mut self.0[place];
        if call.name.is_empty() {
            call.name = name.into_owned();
            call.is_custom = delta.is_custom();
        }
        if call.id.is_empty() {
            call.id = if id.is_empty() && !call.name.is_empty() {
                made_up_call_id(answer, place)
            } else {
                id.into_owned()
            };
        }
        place
    }
}

/// How much of a JSON object or array has gone by.
#[derive(Debug, Default)]
struct Scan {
    depth: u32,
    is_in_string: bool,
    is_escaped: bool,
    is_whole: bool,
}

impl Scan {
    fn take(&mut self, piece: &str) {
        for byte in piece.bytes() {
            if self.is_in_string {
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => self.is_in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.is_in_string = true,
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.is_whole |= self.depth == 0;
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_whole_at_its_last_brace_wherever_it_is_cut() {
        let json = r#"{"a":{"b":"}\"}"},"c":[1,"]"]}"#;
        for cut in 0..json.len() {
            let mut scan = Scan::default();
            scan.take(&json[..cut]);
            assert!(!scan.is_whole, "{}", &json[..cut]);
            scan.take(&json[cut..]);
            assert!(scan.is_whole);
        }
    }
}

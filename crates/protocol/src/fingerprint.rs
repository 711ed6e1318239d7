//! By what a request is known again, without its text: hashes of all that it asks, and of the tools and instructions with which it
//! begins.
//!
//! XXH3 without a secret: the same on every machine and in every version, and quick, but whoever reads a hash can test a guess at the
//! whole text against it. What follows from two requests that are alike is not decided here.

use paceway_domain::Dialect;
use serde_json::value::RawValue;
use twox_hash::XxHash3_64;

use crate::envelope::Envelope;
use crate::index::Index;
use crate::known;

/// Fields that change from call to call and not what is answered: who asks, and how the answer is delivered and kept.
const NOT_ASKED: [&str; 12] = [
    "model",
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "stream",
    "stream_options",
    "store",
    "service_tier",
    "background",
    "requestMetadata",
];
/// Where tools stand, in the dialects' order.
const TOOLS: [&str; 3] = ["tools", "toolConfig", "functions"];
/// Where instructions stand beside the conversation.
const SYSTEM: [&str; 4] = ["system", "instructions", "systemInstruction", "system_instruction"];
const CONVERSATION: [&str; 3] = ["messages", "input", "contents"];

/// So much of the instructions is searched for words that change from call to call; the rest has to be the same.
const MOST_SEARCHED: usize = 4 * 1024;

/// By what a request is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fingerprint {
    /// The same for requests that ask the same: model, conversation, tools and parameters, to the byte.
    pub request: u64,
    /// Tools and instructions. `None` if there are none.
    pub head: Option<u64>,
    /// The same without words that hold digits: dates, times, ids. Two heads that differ and have one shape differ in these only.
    pub shape: Option<u64>,
    /// How many bytes tools and instructions have.
    pub head_bytes: usize,
    /// How many of these are the tools'.
    pub tools_bytes: usize,
    /// Tools offered.
    pub tools: u32,
}

/// The fingerprint of a request for this model. Every byte is hashed once.
pub fn fingerprint(dialect: Dialect, model: &str, envelope: &Envelope<'_>) -> Fingerprint {
    let tools = raw_of(envelope, &TOOLS);
    let parts = Parts::of(envelope, tools);
    let [tools_hash, beside, leading, turns] = parts.hashes();
    let head = (!parts.has_no_head()).then(|| all_of(&[tools_hash, beside, leading]));
    let conversation = all_of(&[leading, turns]);
    let known = [(TOOLS.as_slice(), tools_hash), (&SYSTEM, beside), (&CONVERSATION, conversation)];
    Fingerprint {
        request: request_hash(model, envelope, &known),
        head,
        shape: head.map(|_| parts.shape(tools_hash)),
        head_bytes: parts.tools.len() + parts.beside.len() + parts.leading.len(),
        tools_bytes: parts.tools.len(),
        tools: tools.map_or(0, |tools| tools_in(dialect, tools, envelope.index())),
    }
}

/// A hash of bytes that are no request in JSON.
pub fn fingerprint_of_bytes(bytes: &[u8]) -> u64 {
    then(0, bytes)
}

/// Fields that have been hashed already, by the names they may have, are not hashed again.
fn request_hash(model: &str, envelope: &Envelope<'_>, known: &[(&[&str], u64)]) -> u64 {
    let asked = envelope.fields().iter().filter(|field| !NOT_ASKED.contains(&field.name.as_ref()));
    asked.fold(then(0, model.as_bytes()), |hash, field| {
        let name = field.name.as_ref();
        let is_first = |names: &[&str]| names.iter().find(|name| envelope.raw(name).is_some()) == Some(&name);
        let hashed = known.iter().find(|(names, _)| is_first(names)).map(|(_, hash)| *hash);
        let value = field.value.map_or("", RawValue::get);
        all_of(&[then(hash, name.as_bytes()), hashed.unwrap_or_else(|| then(0, value.as_bytes()))])
    })
}

/// The parts of a request; empty where there is nothing.
struct Parts<'a> {
    tools: &'a str,
    /// Instructions beside the conversation.
    beside: &'a str,
    /// Those with which it begins.
    leading: &'a str,
    /// What follows them.
    turns: &'a str,
}

impl<'a> Parts<'a> {
    fn of(envelope: &Envelope<'a>, tools: Option<&'a RawValue>) -> Self {
        let text = |raw: Option<&'a RawValue>| raw.map_or("", RawValue::get);
        let conversation = text(raw_of(envelope, &CONVERSATION));
        let index = envelope.index();
        let turns = known::elements(conversation, index).unwrap_or_default();
        let of_system = turns.iter().take_while(|turn| is_of_system(turn, index)).count();
        // Up to where the next turn begins, so that the comma belongs to what is before it.
        let system_end = match turns.get(of_system) {
            Some(turn) => offset(conversation, turn.get()),
            None if of_system > 0 => conversation.len(),
            None => 0,
        };
        Self {
            tools: text(tools),
            beside: text(raw_of(envelope, &SYSTEM)),
            leading: if of_system == 0 { "" } else { &conversation[..system_end] },
            turns: &conversation[system_end..],
        }
    }

    fn has_no_head(&self) -> bool {
        [self.tools, self.beside, self.leading].iter().all(|part| part.is_empty())
    }

    fn hashes(&self) -> [u64; 4] {
        [self.tools, self.beside, self.leading, self.turns].map(|part| then(0, part.as_bytes()))
    }

    /// Tools as they are; of the instructions what does not change from call to call.
    fn shape(&self, tools: u64) -> u64 {
        [self.beside, self.leading].iter().fold(tools, |hash, text| {
            let (searched, rest) = text.as_bytes().split_at(text.len().min(MOST_SEARCHED));
            then(without_numbered_words(searched).fold(hash, then), rest)
        })
    }
}

fn raw_of<'a>(envelope: &Envelope<'a>, names: &[&str]) -> Option<&'a RawValue> {
    names.iter().find_map(|name| envelope.raw(name))
}

fn is_of_system(turn: &RawValue, index: Option<&Index>) -> bool {
    let role = value_of(turn, &["role"], index);
    role.is_some_and(|role| matches!(role.get(), "\"system\"" | "\"developer\""))
}

/// The value of the first field that has one of these names.
fn value_of<'a>(object: &'a RawValue, names: &[&str], index: Option<&Index>) -> Option<&'a RawValue> {
    let fields = known::fields(object.get(), index)?;
    fields.iter().find(|field| names.contains(&field.name.as_ref()))?.value
}

/// Both are slices of one allocation, so their distance is the offset.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

/// Google groups its functions, Amazon puts its tools one level deeper.
fn tools_in(dialect: Dialect, tools: &RawValue, index: Option<&Index>) -> u32 {
    let length = |raw: &RawValue| known::elements(raw.get(), index).map_or(0, |tools| tools.len());
    let within = |raw: &RawValue, names: &[&str]| value_of(raw, names, index).map_or(1, length);
    let count = match dialect {
        Dialect::Gemini => known::elements(tools.get(), index)
            .unwrap_or_default()
            .into_iter()
            .map(|group| within(group, &["functionDeclarations", "function_declarations"]))
            .sum(),
        Dialect::Converse => within(tools, &["tools"]),
        _ => length(tools),
    };
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The hash of hashes.
fn all_of(hashes: &[u64]) -> u64 {
    hashes.iter().fold(0, |all, hash| then(all, &hash.to_le_bytes()))
}

/// The hash of what was hashed before and then this. Each part is hashed whole, so that two texts which are divided differently do
/// not look alike.
fn then(before: u64, part: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(before, part)
}

/// The pieces of a text between the words that hold a digit.
fn without_numbered_words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= text.len() {
            return None;
        }
        let start = at;
        let Some(digit) = first_digit(&text[start..]) else {
            at = text.len();
            return Some(&text[start..]);
        };
        let digit = start + digit;
        let before = text[start..digit].iter().rev().take_while(|byte| is_of_a_word(**byte)).count();
        at = digit + text[digit..].iter().take_while(|byte| is_of_a_word(**byte)).count();
        Some(&text[start..digit - before])
    })
}

/// Most of a text holds no digits: looked at in pieces of which the processor tells many bytes at once.
fn first_digit(text: &[u8]) -> Option<usize> {
    const PIECE: usize = 64;
    let has_digit = |piece: &[u8]| piece.iter().fold(false, |has, byte| has | byte.is_ascii_digit());
    let piece = text.chunks(PIECE).position(has_digit)?;
    let within = text[piece * PIECE..].iter().position(u8::is_ascii_digit)?;
    Some(piece * PIECE + within)
}

/// Ids and times have signs in them.
fn is_of_a_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.' | b'+')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(dialect: Dialect, body: &Value) -> Fingerprint {
        fingerprint(dialect, "m", &Envelope::parse(body.to_string().as_bytes()).unwrap())
    }

    fn chat(system: &str, turns: &[&str]) -> Value {
        let system = std::iter::once(json!({"role": "system", "content": system}));
        let turns = turns.iter().map(|turn| json!({"role": "user", "content": turn}));
        json!({"messages": system.chain(turns).collect::<Vec<_>>()})
    }

    #[test]
    fn who_asks_and_how_it_is_delivered_do_not_make_another_request() {
        let mut asked = chat("s", &["u"]);
        let first = of(Dialect::OpenAi, &asked);
        asked["user"] = json!("someone");
        asked["stream"] = json!(true);
        assert_eq!(of(Dialect::OpenAi, &asked).request, first.request);
        asked["temperature"] = json!(0.5);
        assert_ne!(of(Dialect::OpenAi, &asked).request, first.request);
    }

    #[test]
    fn another_model_makes_another_request() {
        let body = chat("s", &["u"]).to_string();
        let envelope = Envelope::parse(body.as_bytes()).unwrap();
        let of = |model| fingerprint(Dialect::OpenAi, model, &envelope).request;
        assert_ne!(of("a"), of("b"));
    }

    #[test]
    fn a_turn_makes_another_request_and_not_another_head() {
        let one = of(Dialect::OpenAi, &chat("s", &["a"]));
        for turns in [&["b"][..], &["a", "b"], &["x", "a"]] {
            let other = of(Dialect::OpenAi, &chat("s", turns));
            assert_eq!((other.head, other.shape), (one.head, one.shape), "{turns:?}");
            assert_ne!(other.request, one.request, "{turns:?}");
        }
    }

    #[test]
    fn a_bare_question_has_no_head() {
        let bare = of(Dialect::Anthropic, &json!({"messages": [{"role": "user", "content": "Hi"}]}));
        assert_eq!((bare.head, bare.shape, bare.head_bytes, bare.tools), (None, None, 0, 0));
        assert_eq!(of(Dialect::Responses, &json!({"input": "Hi"})).head, None);
    }

    #[test]
    fn heads_that_differ_in_times_and_ids_only_have_one_shape() {
        let at = |time: &str| of(Dialect::OpenAi, &chat(&format!("It is {time}. Be brief."), &["u"]));
        let (one, other) = (at("2026-11-28T15:03:22Z"), at("2026-11-28T15:04:09Z"));
        assert_ne!(one.head, other.head);
        assert_eq!(one.shape, other.shape);
        assert_eq!(one.shape, at("0f3a-77bc").shape);
        assert_ne!(one.shape, at("2026-11-28T15:03:22Z, Saturday").shape);
    }

    #[test]
    fn instructions_are_found_in_every_dialect_and_tools_counted() {
        let bodies = [
            (Dialect::Anthropic, json!({"system": "s", "tools": [{}, {}], "messages": [{"role": "user"}]})),
            (Dialect::Responses, json!({"instructions": "s", "tools": [{}, {}], "input": "u"})),
            (
                Dialect::Gemini,
                json!({"systemInstruction": {"parts": []}, "tools": [{"functionDeclarations": [{}, {}]}], "contents": [{}]}),
            ),
            (Dialect::Converse, json!({"system": [], "toolConfig": {"tools": [{}, {}]}, "messages": [{}]})),
            (Dialect::Cohere, json!({"tools": [{}, {}], "messages": [{"role": "system"}, {"role": "user"}]})),
        ];
        for (dialect, body) in bodies {
            let print = of(dialect, &body);
            assert_eq!(print.tools, 2, "{dialect:?}");
            assert!(print.head.is_some() && print.head_bytes > 0, "{dialect:?}");
        }
    }

    #[test]
    fn the_pieces_between_numbered_words_are_what_is_left() {
        let pieces: Vec<_> = without_numbered_words(b"id a1-b, 7 x").collect();
        assert_eq!(pieces, [&b"id "[..], b", ", b" x"]);
        assert_eq!(without_numbered_words(b"").count(), 0);
    }
}

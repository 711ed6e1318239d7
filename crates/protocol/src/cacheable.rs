//! Which beginning of a request its provider keeps in its prompt cache, as the request itself asks or as the provider does
//! unasked.
//!
//! Whether that is worth anything is not decided here. Marks inside `messages` are not looked at: what they mark grows
//! with a conversation, and hardly ever is the same in two requests at once.

use memchr::memmem;
use paceway_domain::{CacheLifetime, Dialect, Tokens};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::envelope::Envelope;
use crate::{estimate, known};

/// A beginning that is cached. Two requests to one model share it if their parts are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cacheable<'a> {
    /// Its parts in a fixed order, as they stand in the body; empty where there is nothing.
    pub parts: [&'a str; 4],
    /// How long it is kept.
    pub lifetime: CacheLifetime,
}

impl Cacheable<'_> {
    /// The likely number of its tokens.
    pub fn tokens(&self) -> Tokens {
        let written = self.parts.iter().filter(|part| !part.is_empty());
        written.map(|part| estimate::tokens(part.as_bytes())).sum()
    }
}

/// The beginning that is cached of a request that was written here, in the dialect of the provider that gets it; `None` if
/// none is. Most bodies that have none are told by a look at their bytes, without an allocation.
pub fn cacheable(dialect: Dialect, body: &[u8]) -> Option<Cacheable<'_>> {
    let signs: &[&str] = match dialect {
        Dialect::Anthropic => &["\"cache_control\""],
        Dialect::OpenAi => &["\"system\"", "\"developer\"", "\"tools\""],
        Dialect::Responses => &["\"instructions\"", "\"tools\""],
        // Gemini's implicit caches tell nothing of when they can be read; the others have none that is asked for so.
        Dialect::Gemini | Dialect::Converse | Dialect::Cohere => return None,
    };
    if !signs.iter().any(|sign| memmem::find(body, sign.as_bytes()).is_some()) {
        return None;
    }
    match dialect {
        Dialect::OpenAi => openai_written(body),
        _ => cacheable_in(dialect, &Envelope::written(body).ok()?),
    }
}

/// [`openai`] of a body that was written here: all but the messages stands before them, and of them only the first are
/// looked at.
fn openai_written(body: &[u8]) -> Option<Cacheable<'_>> {
    let (before, messages) = known::before(std::str::from_utf8(body).ok()?, "messages")?;
    let field = |name: &str| before.iter().find(|field| field.name == name).and_then(|field| field.value);
    of_openai(|name| field(name).map_or("", RawValue::get), messages)
}

/// [`cacheable`] of a body that has been read.
pub fn cacheable_in<'a>(dialect: Dialect, envelope: &Envelope<'a>) -> Option<Cacheable<'a>> {
    match dialect {
        Dialect::Anthropic => anthropic(envelope),
        Dialect::OpenAi => openai(envelope),
        Dialect::Responses => responses(envelope),
        Dialect::Gemini | Dialect::Converse | Dialect::Cohere => None,
    }
}

fn responses<'a>(envelope: &Envelope<'a>) -> Option<Cacheable<'a>> {
    let parts = ["tools", "instructions", "text", "prompt_cache_key"].map(|name| text(envelope, name));
    let is_any = envelope.raw("tools").or(envelope.raw("instructions")).is_some();
    is_any.then_some(Cacheable { parts, lifetime: CacheLifetime::FiveMinutes })
}

/// A prompt is tools, system and messages in this order, and cached up to a block with `cache_control`; a mark at the top
/// level stands for one at the very end. Source: platform.claude.com, build-with-claude/prompt-caching, read 2026-11.
fn anthropic<'a>(envelope: &Envelope<'a>) -> Option<Cacheable<'a>> {
    let (tools, system) = (text(envelope, "tools"), text(envelope, "system"));
    if let Some((system, lifetime)) = up_to_last_mark(system) {
        return Some(Cacheable { parts: [tools, system, "", ""], lifetime });
    }
    if let Some((tools, lifetime)) = up_to_last_mark(tools) {
        return Some(Cacheable { parts: [tools, "", "", ""], lifetime });
    }
    let mark: Mark = envelope.field("cache_control", "an object").ok()??;
    let parts = [tools, system, text(envelope, "messages"), ""];
    Some(Cacheable { parts, lifetime: mark.lifetime() })
}

/// Everything is cached unasked. What requests are likely to share is what stands before the conversation: tools, the form
/// of the answer, and the messages of the system. Requests with another `prompt_cache_key` go to another machine. Source:
/// developers.openai.com, guides/prompt-caching, read 2026-11.
fn openai<'a>(envelope: &Envelope<'a>) -> Option<Cacheable<'a>> {
    of_openai(|name| text(envelope, name), text(envelope, "messages"))
}

/// Of its fields, and of its messages as far as they are known.
fn of_openai<'a>(field: impl Fn(&str) -> &'a str, messages: &'a str) -> Option<Cacheable<'a>> {
    let (tools, leading) = (field("tools"), leading_of_system(messages));
    let parts = [tools, field("response_format"), leading, field("prompt_cache_key")];
    let is_any = !tools.is_empty() || !leading.is_empty();
    is_any.then_some(Cacheable { parts, lifetime: CacheLifetime::FiveMinutes })
}

fn text<'a>(envelope: &Envelope<'a>, name: &str) -> &'a str {
    envelope.raw(name).map_or("", RawValue::get)
}

/// What carries `cache_control`, or may.
#[derive(Deserialize)]
struct Marked {
    cache_control: Option<Mark>,
}

#[derive(Deserialize)]
struct Mark {
    ttl: Option<String>,
}

impl Mark {
    fn lifetime(&self) -> CacheLifetime {
        match self.ttl.as_deref() {
            Some("1h") => CacheLifetime::OneHour,
            _ => CacheLifetime::FiveMinutes,
        }
    }
}

/// A list up to the end of its last block that is marked.
fn up_to_last_mark(list: &str) -> Option<(&str, CacheLifetime)> {
    memmem::find(list.as_bytes(), b"\"cache_control\"")?;
    let blocks = known::elements(list, None)?;
    blocks.iter().rev().find_map(|block| {
        let marked: Marked = serde_json::from_str(block.get()).ok()?;
        Some((up_to(list, block), marked.cache_control?.lifetime()))
    })
}

/// The list up to the end of the messages of the system with which it begins.
fn leading_of_system(list: &str) -> &str {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow)]
        role: &'a RawValue,
    }
    let is_of_system = |message: &&RawValue| {
        let read: Result<Message<'_>, _> = serde_json::from_str(message.get());
        read.is_ok_and(|message| matches!(message.role.get(), "\"system\"" | "\"developer\""))
    };
    known::leading(list).take_while(is_of_system).last().map_or("", |last| up_to(list, last))
}

/// The text up to the end of a value in it. Both are slices of one allocation, so their distance is the offset.
fn up_to<'a>(text: &'a str, last: &RawValue) -> &'a str {
    let start = last.get().as_ptr() as usize - text.as_ptr() as usize;
    &text[..start + last.get().len()]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use CacheLifetime::{FiveMinutes, OneHour};

    use super::*;
    use crate::changes::Changes;
    use crate::formats::{Address, Target, format_of};

    fn anthropic(body: &str) -> Option<([&str; 4], CacheLifetime)> {
        cacheable(Dialect::Anthropic, body.as_bytes()).map(|cached| (cached.parts, cached.lifetime))
    }

    fn openai(body: &str) -> Option<[&str; 4]> {
        cacheable_in(Dialect::OpenAi, &Envelope::parse(body.as_bytes()).unwrap()).map(|cached| cached.parts)
    }

    #[test]
    fn tools_and_system_are_cached_up_to_the_last_block_that_is_marked() {
        let body = r#"{"messages": [1], "system": [{"text": "a", "cache_control": {"type": "ephemeral"}},
            {"text": "b", "cache_control": {"ttl": "1h"}}, {"text": "c"}], "tools": [{"name": "t"}]}"#;
        let (parts, lifetime) = anthropic(body).unwrap();
        assert_eq!((parts[0], lifetime), (r#"[{"name": "t"}]"#, OneHour));
        assert!(parts[1].ends_with(r#"{"text": "b", "cache_control": {"ttl": "1h"}}"#), "{parts:?}");
        assert_eq!(parts[2], "");
    }

    #[test]
    fn with_a_mark_in_the_tools_alone_the_system_does_not_matter() {
        let body =
            r#"{"tools":[{"name":"t","cache_control":{"type":"ephemeral"}},{"name":"u"}],"system":"s"}"#;
        let tools = r#"[{"name":"t","cache_control":{"type":"ephemeral"}}"#;
        assert_eq!(anthropic(body), Some(([tools, "", "", ""], FiveMinutes)));
    }

    #[test]
    fn a_mark_at_the_top_level_covers_the_whole_prompt() {
        let body = r#"{"system":"s","messages":[1],"cache_control":{"type":"ephemeral","ttl":"1h"}}"#;
        assert_eq!(anthropic(body), Some((["", "\"s\"", "[1]", ""], OneHour)));
    }

    #[test]
    fn nothing_is_cached_that_anthropic_was_not_asked_to_cache() {
        for body in [
            r#"{"system":"s","messages":[1]}"#,
            r#"{"system":[{"text":"a","cache_control":null}],"cache_control":null}"#,
            r#"{"tools":[{"input_schema":{"cache_control":{"type":"string"}}}]}"#,
            r#"{"messages":[{"content":[{"text":"a","cache_control":{"type":"ephemeral"}}]}]}"#,
        ] {
            assert_eq!(anthropic(body), None, "{body}");
        }
    }

    #[test]
    fn openai_caches_unasked_what_stands_before_the_conversation() {
        let body = r#"{"messages":[{"role":"system","content":"s"},{"role":"developer","content":"d"},
            {"role":"user","content":"u"},{"role":"system","content":"late"}],"prompt_cache_key":"k"}"#;
        let parts = openai(body).unwrap();
        assert_eq!(parts[2], r#"[{"role":"system","content":"s"},{"role":"developer","content":"d"}"#);
        assert_eq!((parts[0], parts[1], parts[3]), ("", "", "\"k\""));
        assert_eq!(openai(r#"{"messages":[{"role":"user","content":"what is a \"system\"?"}]}"#), None);
    }

    #[test]
    fn of_a_body_that_was_written_here_the_same_is_found_without_reading_the_conversation() {
        let asked = r#"{"model":"m","messages":[{"role":"system","content":"s \"messages\""},{"role":"user","content":"u"},
            {"role":"system","content":"late"}],"prompt_cache_key":"k","temperature":1,
            "tools":[{"type":"function","function":{"name":"messages","parameters":{"type":"object","messages":[]}}}],
            "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}"#;
        let format = format_of(Dialect::OpenAi);
        let envelope = Envelope::parse(asked.as_bytes()).unwrap();
        let summary = format.summary(&envelope, &Address::default()).unwrap();
        let chat = format.read_chat(&envelope, &summary, &mut Changes::default()).unwrap();
        let target = Target { model: "m", default_max_output: Tokens(1), only_max_tokens: false };
        let written = format.write_chat(&chat, target, &mut Changes::default()).unwrap();
        let read = cacheable_in(Dialect::OpenAi, &Envelope::parse(&written).unwrap());
        assert!(read.unwrap().parts.iter().all(|part| !part.is_empty()), "{read:?}");
        assert_eq!(cacheable(Dialect::OpenAi, &written), read);
    }

    #[test]
    fn a_beginning_has_about_the_tokens_of_its_text() {
        let body = format!(r#"{{"messages":[{{"role":"system","content":"{}"}}]}}"#, "word ".repeat(1_000));
        let tokens = cacheable(Dialect::OpenAi, body.as_bytes()).unwrap().tokens();
        assert!((Tokens(1_000)..Tokens(1_300)).contains(&tokens), "{tokens}");
    }
}

//! What a request holds that not every model takes, and the last words of its user: what routing asks about a body.
//!
//! In every dialect at once, by signs that all of them share: a string of JSON that is a user's own words has its quotation marks
//! escaped, so that `"image"` in the bytes is a name or a kind. It is quick and may err on the side of seeing too much; it
//! changes nothing.

use memchr::memmem;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::envelope::Envelope;

/// The fields that hold a conversation.
const CONVERSATION: [&str; 3] = ["messages", "input", "contents"];
/// The fields that say what form an answer has.
const FORM: [&str; 5] = ["response_format", "output_format", "output_config", "text", "generationConfig"];
/// So much of the last words is looked at, in bytes.
pub const MOST_WORDS: usize = 16 * 1024;

/// What a request holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wants {
    /// Tools that it offers.
    pub tools: u64,
    /// Images.
    pub images: u64,
    /// Documents, such as PDF.
    pub documents: u64,
    /// Recordings.
    pub audio: u64,
    /// Whether the answer is to follow a schema.
    pub structured: bool,
}

impl Wants {
    /// What a body holds.
    pub fn of(envelope: &Envelope<'_>) -> Self {
        let conversation = CONVERSATION.iter().find_map(|name| envelope.raw(name));
        let held = conversation.map_or(&b""[..], |raw| raw.get().as_bytes());
        let is_escaped = |at: usize| at > 0 && held[at - 1] == b'\\';
        let count = |sign: &str| {
            memmem::find_iter(held, sign.as_bytes()).filter(|&at| !is_escaped(at)).count() as u64
        };
        // One image has its kind once, its address under a name of the same kind, or its media type once.
        let images = [
            count("\"image\""),
            count("\"input_image\""),
            count("\"image_url\"").div_ceil(2),
            count("\"image/"),
        ];
        let documents = [
            count("\"document\""),
            count("\"input_file\""),
            count("\"file\"").div_ceil(2),
            count("\"application/pdf"),
        ];
        let audio = [count("\"input_audio\"").div_ceil(2), count("\"audio/")];
        Self {
            tools: tools(envelope),
            images: largest(&images),
            documents: largest(&documents),
            audio: largest(&audio),
            structured: FORM.iter().any(|name| envelope.raw(name).is_some_and(has_schema)),
        }
    }
}

/// Signs in a conversation of what is fetched from elsewhere: addresses, files that the provider keeps.
const FETCHED: [&str; 9] = [
    "\"http://",
    "\"https://",
    "\"gs://",
    "\"s3://",
    "\"file_id\"",
    "\"file_uri\"",
    "\"fileUri\"",
    "\"s3Location\"",
    "\"item_reference\"",
];
/// Signs in the offer of tools of those that the provider runs itself, whose results are input too.
const PROVIDERS_TOOLS: [&str; 8] = [
    "\"web_search",
    "\"web_fetch",
    "\"code_execution",
    "\"code_interpreter",
    "\"file_search",
    "\"mcp\"",
    "\"google",
    "\"codeExecution",
];
/// Fields that add to the input what the provider keeps, or servers that it asks.
const KEPT_THERE: [&str; 6] =
    ["previous_response_id", "conversation", "cachedContent", "cached_content", "container", "mcp_servers"];

/// Whether more may become input than the request itself holds, so that its size bounds nothing: addresses, files, tools that the
/// provider runs, conversations that it keeps, documents and sound, which are counted by page and second. It errs on the side of yes.
pub fn is_open(envelope: &Envelope<'_>, wants: &Wants) -> bool {
    let has = |names: &[&str], signs: &[&str]| {
        let held =
            names.iter().find_map(|name| envelope.raw(name)).map_or(&b""[..], |raw| raw.get().as_bytes());
        let is_escaped = |at: usize| at > 0 && held[at - 1] == b'\\';
        signs.iter().any(|sign| memmem::find_iter(held, sign.as_bytes()).any(|at| !is_escaped(at)))
    };
    wants.documents > 0
        || wants.audio > 0
        || KEPT_THERE.iter().any(|name| envelope.raw(name).is_some_and(|raw| raw.get() != "null"))
        || envelope.raw("web_search_options").is_some()
        || has(&CONVERSATION, &FETCHED)
        || has(&["tools"], &PROVIDERS_TOOLS)
}

/// What pictures in a conversation begin with, behind a name that is no text of anybody's.
const PICTURES: [&str; 8] = [
    "\"data\":\"",
    "\"data\": \"",
    "\"bytes\":\"",
    "\"bytes\": \"",
    "\"url\":\"data:image/",
    "\"url\": \"data:image/",
    "\"image_url\":\"data:image/",
    "\"image_url\": \"data:image/",
];

/// The bytes of a conversation that are pictures in base 64, of no more of them than there are pictures: these are not read as text.
pub fn picture_bytes(envelope: &Envelope<'_>, wants: &Wants) -> u64 {
    let conversation = CONVERSATION.iter().find_map(|name| envelope.raw(name));
    let held = conversation.map_or(&b""[..], |raw| raw.get().as_bytes());
    let is_escaped = |at: usize| at > 0 && held[at - 1] == b'\\';
    let length = |(at, sign): (usize, &str)| {
        let rest = &held[at + sign.len()..];
        memchr::memchr(b'"', rest).unwrap_or(0) as u64
    };
    let found =
        PICTURES.iter().flat_map(|sign| memmem::find_iter(held, sign.as_bytes()).map(move |at| (at, *sign)));
    let mut lengths: Vec<u64> = found.filter(|(at, _)| !is_escaped(*at)).map(length).collect();
    lengths.sort_unstable();
    let most = usize::try_from(wants.images).unwrap_or(usize::MAX);
    lengths.iter().rev().take(most).sum()
}

fn largest(counts: &[u64]) -> u64 {
    counts.iter().copied().max().unwrap_or(0)
}

fn has_schema(raw: &RawValue) -> bool {
    let bytes = raw.get().as_bytes();
    memmem::find(bytes, b"chema\"").is_some() || memmem::find(bytes, b"\"schema").is_some()
}

fn tools(envelope: &Envelope<'_>) -> u64 {
    let of =
        |raw: &RawValue| serde_json::from_str::<Vec<&RawValue>>(raw.get()).map_or(0, |tools| tools.len());
    let count = envelope.raw("tools").map_or_else(|| usize::from(envelope.raw("toolConfig").is_some()), of);
    count as u64
}

/// The words of the last message of the user's, cut at [`MOST_WORDS`]; `None` if there are none.
pub fn last_words(envelope: &Envelope<'_>) -> Option<String> {
    let raw = CONVERSATION.iter().find_map(|name| envelope.raw(name))?;
    let mut words = String::new();
    if raw.get().starts_with('"') {
        gather(&serde_json::from_str(raw.get()).ok()?, &mut words);
    } else {
        let turns: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
        let turn = turns.iter().rev().find(|turn| is_the_users(turn))?;
        gather(&serde_json::from_str(turn.get()).ok()?, &mut words);
    }
    (!words.trim().is_empty()).then_some(words)
}

fn is_the_users(turn: &RawValue) -> bool {
    #[derive(serde::Deserialize)]
    struct Turn<'a> {
        #[serde(borrow, default)]
        role: Option<std::borrow::Cow<'a, str>>,
    }
    // Google's conversations may leave out who speaks.
    serde_json::from_str::<Turn<'_>>(turn.get()).is_ok_and(|turn| turn.role.is_none_or(|role| role == "user"))
}

/// Appends the texts of a message: its content, or those of its parts; not what tools have answered.
fn gather(value: &Value, words: &mut String) {
    if words.len() >= MOST_WORDS {
        return;
    }
    match value {
        Value::String(text) => {
            let room = MOST_WORDS - words.len();
            let end = (0..=room.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
            words.push_str(&text[..end]);
            words.push('\n');
        }
        Value::Array(parts) => parts.iter().for_each(|part| gather(part, words)),
        Value::Object(fields) => {
            for name in ["content", "parts", "text"] {
                fields.get(name).into_iter().for_each(|inner| gather(inner, words));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(body: &Value) -> Wants {
        Wants::of(&Envelope::parse(body.to_string().as_bytes()).unwrap())
    }

    fn words(body: &Value) -> Option<String> {
        last_words(&Envelope::parse(body.to_string().as_bytes()).unwrap())
    }

    fn opens(body: &Value) -> bool {
        let text = body.to_string();
        let envelope = Envelope::parse(text.as_bytes()).unwrap();
        is_open(&envelope, &Wants::of(&envelope))
    }

    #[test]
    fn what_the_provider_fetches_keeps_or_searches_for_leaves_the_input_open() {
        let image = |url: &str| json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]});
        assert!(opens(&image("https://a.test/b.png")));
        assert!(!opens(&image("data:image/png;base64,AA==")));
        assert!(opens(&json!({"input": "Hi", "previous_response_id": "resp_1"})));
        assert!(opens(&json!({"messages": [], "tools": [{"type": "web_search_20250305"}]})));
        assert!(opens(&json!({"contents": [], "tools": [{"googleSearch": {}}]})));
        let quoted = json!({"messages": [{"role": "user", "content": "What is \"https://a.test\"?"}], "conversation": null});
        assert!(!opens(&quoted));
    }

    #[test]
    fn the_bytes_of_pictures_are_told_from_those_of_texts() {
        let picture = "A".repeat(5_000);
        let bytes = |content: Value| {
            let text = json!({"messages": [{"role": "user", "content": content}]}).to_string();
            let envelope = Envelope::parse(text.as_bytes()).unwrap();
            picture_bytes(&envelope, &Wants::of(&envelope))
        };
        let source = json!({"type": "base64", "media_type": "image/png", "data": picture});
        assert_eq!(
            bytes(json!([{"type": "image", "source": source}, {"type": "text", "text": "B".repeat(9_000)}])),
            5_000
        );
        let url = json!({"url": format!("data:image/png;base64,{picture}")});
        assert_eq!(
            bytes(json!([{"type": "image_url", "image_url": url}])),
            5_000 + "png;base64,".len() as u64
        );
        assert_eq!(bytes(json!([{"type": "tool_use", "input": {"data": "A".repeat(5_000)}}])), 0);
    }

    #[test]
    fn images_and_documents_are_counted_in_every_dialect() {
        let anthropic = json!({"messages": [{"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": ""}}]}]});
        assert_eq!(of(&anthropic), Wants { images: 1, documents: 1, ..Wants::default() });
        let chat = json!({"messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "https://a/b.png"}},
            {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]}]});
        assert_eq!(of(&chat), Wants { images: 1, audio: 1, ..Wants::default() });
        let responses =
            json!({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]});
        assert_eq!(of(&responses).images, 1);
        let gemini =
            json!({"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": ""}}]}]});
        assert_eq!(of(&gemini).images, 1);
        let converse = json!({"messages": [{"role": "user", "content": [{"image": {"format": "png"}}]}]});
        assert_eq!(of(&converse).images, 1);
    }

    #[test]
    fn a_users_own_words_are_no_image() {
        let body = json!({"messages": [{"role": "user", "content": "say \"image\" and \"image/png\""}]});
        assert_eq!(of(&body), Wants::default());
    }

    #[test]
    fn tools_are_counted_and_schemas_are_seen() {
        let tools = json!({"tools": [{}, {}], "messages": []});
        assert_eq!((of(&tools).tools, of(&tools).structured), (2, false));
        assert_eq!(of(&json!({"toolConfig": {"tools": [{}]}})).tools, 1);
        for form in [
            json!({"response_format": {"type": "json_schema", "json_schema": {}}}),
            json!({"text": {"format": {"type": "json_schema"}}}),
            json!({"output_config": {"format": {"type": "json_schema", "schema": {}}}}),
            json!({"generationConfig": {"responseSchema": {}}}),
        ] {
            assert!(of(&form).structured, "{form}");
        }
        assert!(!of(&json!({"response_format": {"type": "json_object"}})).structured);
    }

    #[test]
    fn the_last_words_are_the_users_in_every_dialect() {
        let chat = json!({"messages": [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]});
        assert_eq!(words(&chat).unwrap(), "one\n");
        let parts = json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"},
            {"type": "tool_result", "tool_use_id": "x"}, {"type": "text", "text": "b"}]}]});
        assert_eq!(words(&parts).unwrap(), "a\nb\n");
        assert_eq!(words(&json!({"input": "hello"})).unwrap(), "hello\n");
        assert_eq!(words(&json!({"contents": [{"parts": [{"text": "hi"}]}]})).unwrap(), "hi\n");
        assert_eq!(words(&json!({"messages": []})), None);
    }

    #[test]
    fn long_words_are_cut_where_a_character_ends() {
        let long = "é".repeat(MOST_WORDS);
        let cut = words(&json!({"input": long})).unwrap();
        assert!(cut.len() <= MOST_WORDS + 1 && cut.trim().chars().all(|c| c == 'é'));
    }
}

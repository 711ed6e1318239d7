//! Several answers to one request (`n`, `candidateCount`) where the provider gives one at a time: the request for one, and the
//! answers joined into what the client would have got, whole or streamed.
//!
//! Only Chat Completions and Gemini have the wish. It is rare, so answers are read into trees here.

use bytes::Bytes;
use memchr::memmem;
use paceway_domain::Dialect;
use serde_json::{Value, json};

use crate::envelope::Envelope;
use crate::sse::{self, Event};

/// How many answers a request wants; 1 where it does not say or the dialect has no such wish.
pub fn wanted(dialect: Dialect, envelope: &Envelope<'_>) -> u32 {
    let count = match dialect {
        Dialect::OpenAi => envelope.field::<u32>("n", "a positive integer").ok().flatten(),
        Dialect::Gemini => config(envelope).and_then(|(_, config)| {
            let count = config.get("candidateCount").or_else(|| config.get("candidate_count"))?;
            u32::try_from(count.as_u64()?).ok()
        }),
        _ => None,
    };
    count.unwrap_or(1)
}

/// Whether a body may hold such a wish: a look at its bytes, for the many that do not.
pub fn may_want(dialect: Dialect, body: &[u8]) -> bool {
    let signs: &[&[u8]] = match dialect {
        Dialect::OpenAi => &[b"\"n\""],
        Dialect::Gemini => &[b"\"candidateCount\"", b"\"candidate_count\""],
        _ => &[],
    };
    signs.iter().any(|sign| memmem::find(body, sign).is_some())
}

/// The request for one answer.
pub fn for_one(dialect: Dialect, envelope: &Envelope<'_>) -> Bytes {
    match (dialect, config(envelope)) {
        (Dialect::Gemini, Some((name, mut config))) => {
            if let Some(fields) = config.as_object_mut() {
                fields.remove("candidateCount");
                fields.remove("candidate_count");
            }
            envelope.with(name, &config.to_string())
        }
        _ => envelope.without("n"),
    }
}

fn config(envelope: &Envelope<'_>) -> Option<(&'static str, Value)> {
    ["generationConfig", "generation_config"]
        .into_iter()
        .find_map(|name| Some((name, envelope.field(name, "an object").ok()??)))
}

/// Whole answers as one.
///
/// # Errors
/// If one of them is no JSON.
pub fn join(dialect: Dialect, answers: &[Bytes]) -> Result<Bytes, String> {
    let mut joined: Option<Value> = None;
    for (place, answer) in answers.iter().enumerate() {
        let mut answer: Value = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
        number(dialect, &mut answer, place);
        match &mut joined {
            None => joined = Some(answer),
            Some(first) => {
                let list = choices(dialect);
                if let (Some(first), Some(more)) = (first[list].as_array_mut(), answer[list].as_array_mut()) {
                    first.append(more);
                }
                let usage = usage(dialect);
                add(&mut first[usage], &answer[usage]);
            }
        }
    }
    Ok(joined.unwrap_or_default().to_string().into())
}

fn choices(dialect: Dialect) -> &'static str {
    if dialect == Dialect::Gemini { "candidates" } else { "choices" }
}

fn usage(dialect: Dialect) -> &'static str {
    if dialect == Dialect::Gemini { "usageMetadata" } else { "usage" }
}

/// Gives the choices of an answer the number of the answer.
fn number(dialect: Dialect, answer: &mut Value, place: usize) {
    if let Some(choices) = answer[choices(dialect)].as_array_mut() {
        for choice in choices {
            choice["index"] = json!(place);
        }
    }
}

/// Adds counts, also in objects within.
fn add(sum: &mut Value, more: &Value) {
    match (&mut *sum, more) {
        (Value::Object(sum), Value::Object(more)) => {
            for (name, count) in more {
                add(sum.entry(name.clone()).or_insert(Value::Null), count);
            }
        }
        (sum, more) => {
            if let Some(count) = more.as_u64() {
                *sum = json!(sum.as_u64().unwrap_or(0) + count);
            } else if sum.is_null() {
                sum.clone_from(more);
            }
        }
    }
}

/// Several streams on their way as one.
#[derive(Debug)]
pub struct Joining {
    dialect: Dialect,
    /// The first chunk's head, which all chunks of one answer share.
    id: Option<Value>,
    /// The usage so far, in a chunk of its own.
    usage: Option<Value>,
    has_failed: bool,
}

impl Joining {
    /// For streams of this dialect.
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, id: None, usage: None, has_failed: false }
    }

    /// Appends what an event of the stream at `place` is in the joined one.
    pub fn event(&mut self, place: usize, event: Event<'_>, out: &mut Vec<u8>) {
        let Some(data) = event.data() else {
            out.extend_from_slice(event.raw());
            return;
        };
        let Ok(mut chunk) = serde_json::from_slice::<Value>(&data) else { return };
        self.has_failed |= chunk.get("error").is_some();
        number(self.dialect, &mut chunk, place);
        let name = if self.dialect == Dialect::Gemini { "responseId" } else { "id" };
        match &self.id {
            None => self.id = chunk.get(name).cloned(),
            Some(id) if chunk.get(name).is_some() => chunk[name] = id.clone(),
            Some(_) => {}
        }
        let of_all = usage(self.dialect);
        let is_usage_alone = chunk[choices(self.dialect)].as_array().is_some_and(Vec::is_empty);
        if is_usage_alone && !chunk[of_all].is_null() {
            match &mut self.usage {
                None => self.usage = Some(chunk),
                Some(sum) => add(&mut sum[of_all], &chunk[of_all]),
            }
            return;
        }
        sse::write(out, None, chunk.to_string().as_bytes());
    }

    /// Appends what ends the joined stream; nothing after an error.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if self.has_failed {
            return;
        }
        if let Some(usage) = self.usage.take() {
            sse::write(out, None, usage.to_string().as_bytes());
        }
        if self.dialect == Dialect::OpenAi {
            sse::write(out, None, b"[DONE]");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn envelope(body: &str) -> Envelope<'_> {
        Envelope::parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn a_request_for_several_becomes_one_for_one() {
        let chat = envelope(r#"{"model":"m","n":3,"x":1}"#);
        assert_eq!((wanted(Dialect::OpenAi, &chat), wanted(Dialect::Anthropic, &chat)), (3, 1));
        assert_eq!(for_one(Dialect::OpenAi, &chat), &br#"{"model":"m","x":1}"#[..]);
        let gemini = envelope(r#"{"contents":[],"generationConfig":{"candidateCount":2,"topK":5}}"#);
        assert_eq!(wanted(Dialect::Gemini, &gemini), 2);
        assert_eq!(
            for_one(Dialect::Gemini, &gemini),
            &br#"{"contents":[],"generationConfig":{"topK":5}}"#[..]
        );
    }

    #[test]
    fn whole_answers_are_joined_and_their_usage_is_added() {
        let answer = |text: &str| {
            let choice = json!({"index": 0, "message": {"content": text}});
            let details = json!({"cached_tokens": 2});
            let usage = json!({"prompt_tokens": 3, "prompt_tokens_details": details});
            Bytes::from(json!({"id": text, "choices": [choice], "usage": usage}).to_string())
        };
        let joined = join(Dialect::OpenAi, &[answer("a"), answer("b")]).unwrap();
        let joined: Value = serde_json::from_slice(&joined).unwrap();
        assert_eq!(joined["choices"][1], json!({"index": 1, "message": {"content": "b"}}));
        assert_eq!(
            joined["usage"],
            json!({"prompt_tokens": 6, "prompt_tokens_details": {"cached_tokens": 4}})
        );
    }

    #[test]
    fn streams_are_joined_under_one_id_with_one_usage_and_one_end() {
        let stream = |id: &str| {
            format!(
                "data: {{\"id\":\"{id}\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{id}\"}}}}]}}\n\n\
                 data: {{\"id\":\"{id}\",\"choices\":[],\"usage\":{{\"prompt_tokens\":3}}}}\n\ndata: [DONE]\n\n"
            )
        };
        let (mut joining, mut out) = (Joining::new(Dialect::OpenAi), Vec::new());
        for (place, id) in ["a", "b"].into_iter().enumerate() {
            let mut splitter = sse::Splitter::default();
            splitter.push(stream(id).as_bytes(), |event| joining.event(place, event, &mut out)).unwrap();
        }
        joining.finish(&mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n\
             data: {\"id\":\"a\",\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}}]}\n\n\
             data: {\"id\":\"a\",\"choices\":[],\"usage\":{\"prompt_tokens\":6}}\n\ndata: [DONE]\n\n"
        );
    }
}

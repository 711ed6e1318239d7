//! The format as a whole: requests, answers and streams, both ways. What the tests share is here.

#![allow(clippy::unwrap_used)]

mod answers;
mod any;
mod bad_input;
mod reading;
mod round_trips;
mod streams;
mod thinking;
mod writing;

use paceway_domain::{Dialect, Refusal, Tokens};
use serde_json::Value;

use crate::changes::{Changes, Gravity};
use crate::envelope::Envelope;
use crate::formats::{Address, Target, format_of};
use crate::neutral::{Chat, Piece};
use crate::sse::Splitter;

fn target(model: &str) -> Target<'_> {
    Target { model, default_max_output: Tokens(4096), only_max_tokens: false }
}

fn read<'a>(body: &'a [u8], changes: &mut Changes) -> Result<Chat<'a>, Refusal> {
    let format = format_of(Dialect::Anthropic);
    let envelope = Envelope::parse(body)?;
    let summary = format.summary(&envelope, &Address::default())?;
    format.read_chat(&envelope, &summary, changes)
}

/// The request as it is written for this model.
fn write(chat: &Chat<'_>, model: &str, changes: &mut Changes) -> Result<Value, Refusal> {
    let body = format_of(Dialect::Anthropic).write_chat(chat, target(model), changes)?;
    Ok(serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {body:?}")))
}

/// The changes, one a line: gravity, field, what.
fn told(changes: &Changes) -> String {
    let line = |change: &crate::changes::Change| {
        let gravity = match change.gravity {
            Gravity::Adapted => "adapted",
            Gravity::Hint => "hint",
            Gravity::Lost => "lost",
        };
        format!("{gravity} {}: {}", change.field, change.what)
    };
    changes.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The pieces of a stream that arrives like this, and what was wrong with it.
fn pieces<'s>(arriving: impl IntoIterator<Item = &'s [u8]>) -> Vec<String> {
    let mut reader = format_of(Dialect::Anthropic).reader();
    let mut splitter = Splitter::default();
    let mut seen = Vec::new();
    let mut wrong = Vec::new();
    for bytes in arriving {
        let pushed = splitter.push(bytes, |event| {
            let mut sink = |piece: Piece<'_>| seen.push(format!("{piece:?}"));
            if let Err(why) = reader.event(event, &mut sink) {
                wrong.push(why);
            }
        });
        pushed.unwrap_or_else(|_| panic!("no event of a test is that long"));
    }
    reader.finish(&mut |piece: Piece<'_>| seen.push(format!("{piece:?}")));
    seen.extend(wrong);
    seen
}

/// A stream of these events, each the data of one, its name taken from its type.
fn stream(events: &[&str]) -> String {
    let event = |data: &&str| {
        let kind: Value = serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"));
        format!("event: {}\ndata: {data}\n\n", kind["type"].as_str().unwrap_or_default())
    };
    events.iter().map(event).collect()
}

/// JSON with a line for each field of an object and each element of an array in it.
fn pretty(json: &Value) -> String {
    let list = |elements: &[Value]| {
        elements.iter().map(|element| format!("  {element}")).collect::<Vec<_>>().join("\n")
    };
    let field = |(name, value): (&String, &Value)| match value {
        Value::Array(elements) => format!("{name}:\n{}", list(elements)),
        _ => format!("{name}: {value}"),
    };
    match json {
        Value::Object(fields) => fields.iter().map(field).collect::<Vec<_>>().join("\n"),
        Value::Array(elements) => list(elements),
        _ => json.to_string(),
    }
}

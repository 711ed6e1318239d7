//! Every format crossed with every other: what both can say is the same on the other shore, and what cannot be said there is
//! told.
//!
//! Formats are looked at through the neutral form only; what each writes is tested beside it.

#![allow(clippy::unwrap_used)]

mod chats;
mod clients;
mod digest;
mod replies;
mod requests;
mod seals;
mod texts;

use bytes::Bytes;
use paceway_domain::{Dialect, Refusal, Tokens};
use paceway_protocol::Envelope;
use paceway_protocol::changes::Changes;
use paceway_protocol::fit::{WayBack, fit};
use paceway_protocol::formats::{Address, Frame, Target, format_of};
use paceway_protocol::neutral::Chat;
use proptest::test_runner::Config;

/// Every case is thirty-six crossings, so it is a sixteenth of the usual number; `PROPTEST_CASES=16000` for a thousand.
fn few_cases() -> Config {
    let usual = Config::default();
    Config { cases: usual.cases / 16, failure_persistence: None, ..usual }
}

/// Every way from a client's dialect to a provider's.
fn pairs() -> impl Iterator<Item = (Dialect, Dialect)> {
    Dialect::ALL.into_iter().flat_map(|client| Dialect::ALL.map(|provider| (client, provider)))
}

/// A model that takes all that its format can say.
fn model(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Anthropic => "claude-sonnet-4-5",
        Dialect::OpenAi | Dialect::Responses => "gpt-4.1",
        Dialect::Gemini => "gemini-2.5-pro",
        Dialect::Converse => "anthropic.claude-sonnet-4-5-20250929-v1:0",
        Dialect::Cohere => "command-a-reasoning-08-2025",
    }
}

fn frame() -> Frame {
    Frame {
        created: 1,
        request_id: "req_pw_1".into(),
        model: "m".into(),
        wants_usage: true,
        ..Frame::default()
    }
}

/// The chat as a body of this dialect, and what answers need on the way back.
fn written(mut chat: Chat<'_>, dialect: Dialect, changes: &mut Changes) -> Result<(Bytes, WayBack), Refusal> {
    let model = model(dialect);
    let way_back = fit(&mut chat, format_of(dialect).abilities(model), changes);
    let target = Target { model, default_max_output: Tokens(8_192), only_max_tokens: false };
    Ok((format_of(dialect).write_chat(&chat, target, changes)?, way_back))
}

/// A body of this dialect in the neutral form.
fn read<'a>(body: &'a [u8], dialect: Dialect, changes: &mut Changes) -> Chat<'a> {
    let format = format_of(dialect);
    let envelope = Envelope::parse(body).unwrap();
    let address = Address { model: Some(model(dialect).into()), stream: Some(false) };
    let summary = format.summary(&envelope, &address).unwrap();
    format.read_chat(&envelope, &summary, changes).unwrap_or_else(|refusal| {
        panic!("{dialect}: {refusal}: {}", String::from_utf8_lossy(body));
    })
}

//! A notice as its receiver wants it. It signs nothing.
//!
//! Sources, read 2026-11: Standard Webhooks' payload structure (`type`, `timestamp`, `data`); docs.slack.dev, messaging/formatting-
//! message-text (`&`, `<` and `>` are escaped); discord.com/developers/docs/resources/webhook (2,000 characters, `allowed_mentions`).

use bytes::Bytes;
use jiff::Timestamp;
use paceway_domain::UnixMillis;
use paceway_policy::alerts::Notice;
use paceway_upstream::Mail;
use serde_json::{Value, json};

use super::destination::Shape;

/// Discord's bound on a message, in characters.
const MOST_DISCORD: usize = 2_000;

pub(super) fn body(shape: &Shape, notice: &Notice) -> Bytes {
    let message = match shape {
        Shape::Webhook(_) => event(notice),
        Shape::Slack => json!({"text": escaped(&notice.text)}),
        Shape::Discord => {
            let text: String = notice.text.chars().take(MOST_DISCORD).collect();
            json!({"content": text, "allowed_mentions": {"parse": []}})
        }
    };
    message.to_string().into()
}

/// The notice as mail; the subject says which rule, and what has become of it.
pub(super) fn mail(notice: &Notice, id: &str) -> Mail {
    Mail {
        id: id.to_owned(),
        at: notice.at,
        subject: format!("Paceway: {}", notice.headline),
        text: format!("{}\n", notice.text),
    }
}

fn event(notice: &Notice) -> Value {
    let Notice {
        rule,
        measure,
        change,
        value,
        fires_at,
        since,
        at,
        subjects,
        more_subjects,
        headline: _,
        text,
        to: _,
    } = notice;
    json!({
        "type": change.name(),
        "timestamp": told(*at),
        "data": {
            "rule": rule,
            "measure": measure.name(),
            "unit": measure.unit(),
            "value": in_unit(*value, measure.scale()),
            "fires_at": in_unit(*fires_at, measure.scale()),
            "since": since.map(told),
            "subjects": subjects,
            "more_subjects": more_subjects,
            "text": text,
        },
    })
}

/// As people write it; whole where it is.
fn in_unit(value: u64, scale: u64) -> Value {
    if value.is_multiple_of(scale) { json!(value / scale) } else { json!(value as f64 / scale as f64) }
}

fn told(at: UnixMillis) -> String {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis).map_or_else(|_| at.0.to_string(), |at| at.to_string())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

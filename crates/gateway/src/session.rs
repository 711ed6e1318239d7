//! Which session a request is part of, as far as its client says.
//!
//! Sources: Claude Code sends `x-claude-code-session-id` and puts its session into `metadata.user_id`, Codex sends `session_id` and
//! `prompt_cache_key` (their requests, seen 2026-11); `x-paceway-session` is ours.

use paceway_policy::routing::sticky::number_of;
use paceway_protocol::Envelope;
use serde_json::value::RawValue;

use crate::ask::Ask;

const HEADERS: [&str; 4] = ["x-paceway-session", "x-claude-code-session-id", "session_id", "x-session-id"];
const FIELDS: [&str; 4] = ["prompt_cache_key", "metadata", "user", "safety_identifier"];

/// A number for the session, the same for all its requests; `None` if the client says none.
pub(crate) fn key(ask: &Ask, envelope: Option<&Envelope<'_>>) -> Option<u64> {
    let header = HEADERS.iter().find_map(|name| ask.headers.get(*name)).map(http::HeaderValue::as_bytes);
    let field = || FIELDS.iter().find_map(|name| envelope?.raw(name)).map(RawValue::get).map(str::as_bytes);
    let said = header.or_else(field)?;
    Some(number_of(&String::from_utf8_lossy(said)))
}

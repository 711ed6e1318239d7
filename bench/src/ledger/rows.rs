//! Rows as a busy month makes them: even over the days, twenty teams, two hundred keys, eight models.

use paceway_domain::{
    Dialect, KeyId, MicroUsd, Owner, RequestId, ServiceTier, Tags, Tokens, UnixMillis, Usage,
};
use paceway_store::Row;
use paceway_store::ledger::Traits;

pub(super) const HOUR: u64 = 3_600_000;
pub(super) const DAYS: u64 = 30;
/// 1 November 2026.
pub(super) const FIRST: u64 = 1_793_491_200_000;

const MODELS: [(&str, &str); 8] = [
    ("anthropic", "claude-haiku-5-5"),
    ("anthropic", "claude-sonnet-5-5"),
    ("anthropic", "claude-opus-5-5"),
    ("openai", "gpt-5-nano"),
    ("openai", "gpt-5-mini"),
    ("openai", "gpt-5"),
    ("gemini", "gemini-2.5-flash"),
    ("mistral", "mistral-small-latest"),
];

/// Row `number` of `count`.
pub(super) fn row(number: u64, count: u64) -> Row {
    // A fixed scramble, so that neighbours in time are of different keys and models.
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let (provider, model) = MODELS[usize::try_from(mixed % 8).unwrap_or(0)];
    let key = (mixed / 8) % 200;
    let mut tags = Tags::default();
    tags.set("feature", ["search", "chat", "summary"][usize::try_from(mixed % 3).unwrap_or(0)]);
    Row {
        request_id: RequestId::from_bits((u128::from(number) << 64) | u128::from(mixed)),
        part: 0,
        arrived_at: UnixMillis(FIRST + number * DAYS * 24 * HOUR / count),
        key: KeyId(format!("{key:012x}")),
        owner: Owner {
            organisation: "acme".into(),
            team: format!("team-{}", key % 20),
            project: format!("project-{}", key % 60),
        },
        tags,
        endpoint: "generate".into(),
        dialect: Dialect::Anthropic,
        streamed: mixed.is_multiple_of(2),
        model_asked: model.into(),
        provider: provider.into(),
        model: model.into(),
        provider_request_id: Some(format!("req_{number:024}")),
        usage: Usage {
            input: Tokens(mixed % 4_000),
            cache_read: Tokens(mixed % 20_000),
            output: Tokens(mixed % 900),
            ..Usage::default()
        },
        tier: ServiceTier::Standard,
        usage_is_estimated: false,
        cost: Some(MicroUsd(mixed % 50_000)),
        price_source: "catalogue 2026-11-12".into(),
        status: 200,
        outcome: if mixed.is_multiple_of(50) { "client_gone" } else { "completed" }.into(),
        attempts: 1,
        queued_ms: mixed % 100,
        first_byte_ms: Some(300 + mixed % 900),
        total_ms: 2_000 + mixed % 9_000,
        traits: Traits { request_hash: Some(mixed), head_hash: Some(mixed % 1_000), ..Traits::default() },
    }
}

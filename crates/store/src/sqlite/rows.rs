//! Rows of the ledger to columns of SQLite and back.

use paceway_domain::{KeyId, Owner, RequestId, ServiceTier, Tokens, UnixMillis, Usage};
use rusqlite::params;

use crate::columns::{cost, dialect, from_json, json, signed, unsigned};
use crate::{Row, StoreError};

/// Adds a row; returns 0 if it is there already. In the order of the statement: looking up names costs as much as the rest.
pub(super) fn bind(statement: &mut rusqlite::CachedStatement<'_>, row: &Row) -> Result<usize, StoreError> {
    Ok(statement.execute(params![
        row.request_id.as_str(),
        row.part,
        signed(row.arrived_at.0),
        row.key.0,
        row.owner.organisation,
        row.owner.team,
        row.owner.project,
        json(&row.tags),
        row.endpoint,
        row.dialect.name(),
        row.streamed,
        row.model_asked,
        row.provider,
        row.model,
        row.provider_request_id,
        signed(row.usage.input.get()),
        signed(row.usage.cache_read.get()),
        signed(row.usage.cache_write_5m.get()),
        signed(row.usage.cache_write_1h.get()),
        signed(row.usage.output.get()),
        signed(row.usage.reasoning.get()),
        signed(row.usage.audio_input.get()),
        signed(row.usage.audio_output.get()),
        signed(row.usage.image_output.get()),
        row.usage.web_searches,
        row.tier.name(),
        row.usage_is_estimated,
        row.cost.map(|cost| signed(cost.0)),
        row.status,
        row.outcome,
        row.attempts,
        signed(row.queued_ms),
        row.first_byte_ms.map(signed),
        signed(row.total_ms),
        json(&row.traits),
        row.price_source,
    ])?)
}

pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        request_id: RequestId::from_text(row.get("request_id")?),
        part: row.get("part")?,
        arrived_at: UnixMillis(number(row, "arrived_at")?),
        key: KeyId(row.get("key")?),
        owner: Owner {
            organisation: row.get("organisation")?,
            team: row.get("team")?,
            project: row.get("project")?,
        },
        tags: from_json(&row.get::<_, String>("tags")?),
        endpoint: row.get("endpoint")?,
        dialect: dialect(&row.get::<_, String>("dialect")?),
        streamed: row.get("streamed")?,
        model_asked: row.get("model_asked")?,
        provider: row.get("provider")?,
        model: row.get("model")?,
        provider_request_id: row.get("provider_request_id")?,
        usage: read_usage(row)?,
        tier: ServiceTier::named(&row.get::<_, String>("tier")?).unwrap_or_default(),
        usage_is_estimated: row.get("usage_is_estimated")?,
        cost: cost(row.get("cost")?),
        price_source: row.get("price_source")?,
        status: row.get("status")?,
        outcome: row.get("outcome")?,
        attempts: row.get("attempts")?,
        queued_ms: number(row, "queued_ms")?,
        first_byte_ms: row.get::<_, Option<i64>>("first_byte_ms")?.map(unsigned),
        total_ms: number(row, "total_ms")?,
        traits: from_json(&row.get::<_, String>("traits")?),
    })
}

pub(super) fn read_usage(row: &rusqlite::Row<'_>) -> rusqlite::Result<Usage> {
    Ok(Usage {
        input: Tokens(number(row, "input")?),
        cache_read: Tokens(number(row, "cache_read")?),
        cache_write_5m: Tokens(number(row, "cache_write_5m")?),
        cache_write_1h: Tokens(number(row, "cache_write_1h")?),
        output: Tokens(number(row, "output")?),
        reasoning: Tokens(number(row, "reasoning")?),
        audio_input: Tokens(number(row, "audio_input")?),
        audio_output: Tokens(number(row, "audio_output")?),
        image_output: Tokens(number(row, "image_output")?),
        web_searches: row.get("web_searches")?,
    })
}

pub(super) fn number(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<u64> {
    Ok(unsigned(row.get(column)?))
}

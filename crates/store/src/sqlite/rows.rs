//! Rows of the ledger to columns of SQLite and back.

use paceway_domain::{KeyId, Owner, RequestId, ServiceTier, Tokens, UnixMillis, Usage};
use rusqlite::named_params;

use crate::columns::{cost, dialect, from_json, json, signed, unsigned};
use crate::{Row, StoreError};

/// Adds a row; returns 0 if it is there already.
pub(super) fn bind(statement: &mut rusqlite::CachedStatement<'_>, row: &Row) -> Result<usize, StoreError> {
    Ok(statement.execute(named_params! {
        ":request_id": row.request_id.as_str(),
        ":part": row.part,
        ":arrived_at": signed(row.arrived_at.0),
        ":key": row.key.0,
        ":organisation": row.owner.organisation,
        ":team": row.owner.team,
        ":project": row.owner.project,
        ":tags": json(&row.tags),
        ":endpoint": row.endpoint,
        ":dialect": row.dialect.name(),
        ":streamed": row.streamed,
        ":model_asked": row.model_asked,
        ":provider": row.provider,
        ":model": row.model,
        ":provider_request_id": row.provider_request_id,
        ":input": signed(row.usage.input.get()),
        ":cache_read": signed(row.usage.cache_read.get()),
        ":cache_write_5m": signed(row.usage.cache_write_5m.get()),
        ":cache_write_1h": signed(row.usage.cache_write_1h.get()),
        ":output": signed(row.usage.output.get()),
        ":reasoning": signed(row.usage.reasoning.get()),
        ":audio_input": signed(row.usage.audio_input.get()),
        ":audio_output": signed(row.usage.audio_output.get()),
        ":image_output": signed(row.usage.image_output.get()),
        ":web_searches": row.usage.web_searches,
        ":tier": row.tier.name(),
        ":usage_is_estimated": row.usage_is_estimated,
        ":cost": row.cost.map(|cost| signed(cost.0)),
        ":status": row.status,
        ":outcome": row.outcome,
        ":attempts": row.attempts,
        ":queued_ms": signed(row.queued_ms),
        ":first_byte_ms": row.first_byte_ms.map(signed),
        ":total_ms": signed(row.total_ms),
        ":traits": json(&row.traits),
    })?)
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

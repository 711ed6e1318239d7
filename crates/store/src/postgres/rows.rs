//! Rows of the ledger to columns of PostgreSQL and back.

use paceway_domain::{KeyId, Owner, RequestId, ServiceTier, Tags, Tokens, UnixMillis, Usage};
use postgres::Transaction;

use crate::columns::{cost, dialect, from_json, json, signed, unsigned};
use crate::{Row, StoreError};

/// A list for each column; a statement takes hundreds of rows so in one go.
fn of<'a, T>(rows: &'a [Row], column: impl Fn(&'a Row) -> T) -> Vec<T> {
    rows.iter().map(column).collect()
}

/// Adds rows; those that are there already are left as they are.
pub(super) fn insert(transaction: &mut Transaction<'_>, rows: &[Row]) -> Result<(), StoreError> {
    let count = |column: fn(&Usage) -> Tokens| of(rows, |row| signed(column(&row.usage).get()));
    let statement = transaction.prepare(include_str!("insert_rows.sql"))?;
    transaction.execute(
        &statement,
        &[
            &of(rows, |row| row.request_id.as_str()),
            &of(rows, |row| i32::try_from(row.part).unwrap_or(i32::MAX)),
            &of(rows, |row| signed(row.arrived_at.0)),
            &of(rows, |row| text(&row.key.0)),
            &of(rows, |row| text(&row.owner.organisation)),
            &of(rows, |row| text(&row.owner.team)),
            &of(rows, |row| text(&row.owner.project)),
            &of(rows, |row| json(&plain(&row.tags))),
            &of(rows, |row| text(&row.endpoint)),
            &of(rows, |row| row.dialect.name()),
            &of(rows, |row| row.streamed),
            &of(rows, |row| text(&row.model_asked)),
            &of(rows, |row| text(&row.provider)),
            &of(rows, |row| text(&row.model)),
            &of(rows, |row| row.provider_request_id.as_deref().map(text)),
            &count(|usage| usage.input),
            &count(|usage| usage.cache_read),
            &count(|usage| usage.cache_write_5m),
            &count(|usage| usage.cache_write_1h),
            &count(|usage| usage.output),
            &count(|usage| usage.reasoning),
            &count(|usage| usage.audio_input),
            &count(|usage| usage.audio_output),
            &count(|usage| usage.image_output),
            &of(rows, |row| i64::from(row.usage.web_searches)),
            &of(rows, |row| row.tier.name()),
            &of(rows, |row| row.usage_is_estimated),
            &of(rows, |row| row.cost.map(|cost| signed(cost.0))),
            &of(rows, |row| i32::from(row.status)),
            &of(rows, |row| text(&row.outcome)),
            &of(rows, |row| i64::from(row.attempts)),
            &of(rows, |row| signed(row.queued_ms)),
            &of(rows, |row| row.first_byte_ms.map(signed)),
            &of(rows, |row| signed(row.total_ms)),
            &of(rows, |row| json(&row.traits)),
            &of(rows, |row| text(&row.price_source)),
        ],
    )?;
    Ok(())
}

/// PostgreSQL's texts cannot hold the character NUL, which a client may well have written into a name.
fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn plain(tags: &Tags) -> Tags {
    let mut plain = Tags::default();
    for (name, value) in tags.iter() {
        plain.set(&text(name), &text(value));
    }
    plain
}

pub(super) fn read(row: &postgres::Row) -> Result<Row, StoreError> {
    Ok(Row {
        request_id: RequestId::from_text(row.try_get("request_id")?),
        part: small(row, "part")?,
        arrived_at: UnixMillis(number(row, "arrived_at")?),
        key: KeyId(row.try_get("key")?),
        owner: Owner {
            organisation: row.try_get("organisation")?,
            team: row.try_get("team")?,
            project: row.try_get("project")?,
        },
        tags: from_json(row.try_get("tags_text")?),
        endpoint: row.try_get("endpoint")?,
        dialect: dialect(row.try_get("dialect")?),
        streamed: row.try_get("streamed")?,
        model_asked: row.try_get("model_asked")?,
        provider: row.try_get("provider")?,
        model: row.try_get("model")?,
        provider_request_id: row.try_get("provider_request_id")?,
        usage: read_usage(row)?,
        tier: ServiceTier::named(row.try_get("tier")?).unwrap_or_default(),
        usage_is_estimated: row.try_get("usage_is_estimated")?,
        cost: cost(row.try_get("cost")?),
        price_source: row.try_get("price_source")?,
        status: small(row, "status")?,
        outcome: row.try_get("outcome")?,
        attempts: u32::try_from(number(row, "attempts")?).unwrap_or(u32::MAX),
        queued_ms: number(row, "queued_ms")?,
        first_byte_ms: row.try_get::<_, Option<i64>>("first_byte_ms")?.map(unsigned),
        total_ms: number(row, "total_ms")?,
        traits: from_json(row.try_get("traits_text")?),
    })
}

pub(super) fn read_usage(row: &postgres::Row) -> Result<Usage, StoreError> {
    let tokens = |column: &str| Ok::<_, StoreError>(Tokens(number(row, column)?));
    Ok(Usage {
        input: tokens("input")?,
        cache_read: tokens("cache_read")?,
        cache_write_5m: tokens("cache_write_5m")?,
        cache_write_1h: tokens("cache_write_1h")?,
        output: tokens("output")?,
        reasoning: tokens("reasoning")?,
        audio_input: tokens("audio_input")?,
        audio_output: tokens("audio_output")?,
        image_output: tokens("image_output")?,
        web_searches: u32::try_from(number(row, "web_searches")?).unwrap_or(u32::MAX),
    })
}

pub(super) fn number(row: &postgres::Row, column: &str) -> Result<u64, StoreError> {
    Ok(unsigned(row.try_get(column)?))
}

fn small<T: TryFrom<i32> + Default>(row: &postgres::Row, column: &str) -> Result<T, StoreError> {
    Ok(T::try_from(row.try_get::<_, i32>(column)?).unwrap_or_default())
}

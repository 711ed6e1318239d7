create table keys (
    id text not null unique,
    hash blob not null primary key,
    name text not null,
    created_at integer not null, -- Unix milliseconds
    revoked_at integer           -- Unix milliseconds
) strict;

create table ledger (
    request_id text not null primary key,
    arrived_at integer not null, -- Unix milliseconds
    key text not null,
    dialect text not null,
    streamed integer not null,
    model_asked text not null,
    provider text not null,
    model text not null,
    provider_request_id text,
    input integer not null,      -- tokens, as the next four
    cache_read integer not null,
    cache_write_5m integer not null,
    cache_write_1h integer not null,
    output integer not null,
    usage_is_estimated integer not null,
    cost integer,                -- micro-dollars; null: the price is unknown
    status integer not null,
    outcome text not null,
    attempts integer not null,
    queued_ms integer not null,
    first_byte_ms integer,
    total_ms integer not null
) strict, without rowid;

create index ledger_by_time on ledger (arrived_at);

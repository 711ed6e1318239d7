create table ledger_3 (
    request_id text not null,
    part integer not null,       -- 0: the request and its last call; 1 and on: calls before it
    arrived_at integer not null, -- Unix milliseconds
    key text not null,
    organisation text not null,
    team text not null,
    project text not null,
    tags text not null,          -- JSON object of strings
    endpoint text not null,
    dialect text not null,
    streamed integer not null,
    model_asked text not null,
    provider text not null,
    model text not null,
    provider_request_id text,
    input integer not null,      -- tokens, as the next nine
    cache_read integer not null,
    cache_write_5m integer not null,
    cache_write_1h integer not null,
    output integer not null,
    reasoning integer not null,
    audio_input integer not null,
    audio_output integer not null,
    image_output integer not null,
    web_searches integer not null,
    tier text not null,
    usage_is_estimated integer not null,
    cost integer,                -- micro-dollars; null: the price is unknown
    status integer not null,
    outcome text not null,
    attempts integer not null,
    queued_ms integer not null,
    first_byte_ms integer,
    total_ms integer not null,
    traits text not null,        -- JSON object
    primary key (request_id, part)
) strict, without rowid;

-- Parts were told by the end of their id before: 39 characters, a dot and a number.
insert into ledger_3
select
    substr(request_id, 1, 39), cast(substr(request_id, 41) as integer), arrived_at, key, 'default', 'default', 'default', '{}',
    'generate', dialect, streamed, model_asked, provider, model, provider_request_id, input, cache_read, cache_write_5m, cache_write_1h,
    output, reasoning, 0, 0, 0, 0, 'standard', usage_is_estimated, cost, status, outcome, attempts, queued_ms, first_byte_ms, total_ms,
    '{}'
from ledger;

drop table ledger;
alter table ledger_3 rename to ledger;
create index ledger_by_time on ledger (arrived_at)

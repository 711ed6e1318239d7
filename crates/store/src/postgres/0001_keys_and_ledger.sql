create table keys (
    id text not null unique,
    hash bytea not null primary key,
    name text not null,
    created_at bigint not null, -- Unix milliseconds
    revoked_at bigint           -- Unix milliseconds
);

-- What a node looks at to know whether another one has changed something.
create table revisions (
    name text not null primary key,
    number bigint not null
);

insert into revisions (name, number) values ('keys', 0);

create table ledger (
    request_id text not null,
    part integer not null,          -- 0: the request and its last call; 1 and on: calls before it
    arrived_at bigint not null,     -- Unix milliseconds
    key text not null,
    organisation text not null,
    team text not null,
    project text not null,
    tags jsonb not null,            -- an object of strings
    endpoint text not null,
    dialect text not null,
    streamed boolean not null,
    model_asked text not null,
    provider text not null,
    model text not null,
    provider_request_id text,
    input bigint not null,          -- tokens, as the next eight
    cache_read bigint not null,
    cache_write_5m bigint not null,
    cache_write_1h bigint not null,
    output bigint not null,
    reasoning bigint not null,
    audio_input bigint not null,
    audio_output bigint not null,
    image_output bigint not null,
    web_searches bigint not null,
    tier text not null,
    usage_is_estimated boolean not null,
    cost bigint,                    -- micro-dollars; null: the price is unknown
    status integer not null,
    outcome text not null,
    attempts bigint not null,
    queued_ms bigint not null,
    first_byte_ms bigint,
    total_ms bigint not null,
    traits jsonb not null,
    primary key (request_id, part)
);

create index ledger_by_time on ledger (arrived_at);

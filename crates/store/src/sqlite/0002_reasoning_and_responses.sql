alter table ledger add column reasoning integer not null default 0; -- tokens, a part of output

-- Answers of the Responses API that clients may go on from, by their ids.
create table responses (
    id text not null primary key,
    key text not null,           -- the virtual key that may see it
    created_at integer not null, -- Unix milliseconds
    provider text not null,
    quota_group text not null,   -- of the key by which the provider was asked
    input blob,                  -- JSON array: the whole conversation before the answer; null: the provider keeps it
    answer blob                  -- JSON object: the answer; null: the provider keeps it
) strict, without rowid;

create index responses_by_time on responses (created_at)

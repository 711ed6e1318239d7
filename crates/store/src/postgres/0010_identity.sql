-- Organisations, teams and projects by the ids that lead to them: `acme`, `acme/search`, `acme/search/ranking`. Compared byte by
-- byte, so that what lies in a place is a range.
create table units (
    place text collate "C" not null primary key,
    name text not null,
    created_at bigint not null -- Unix milliseconds
);

-- Where keys are that were made before there was anything else.
insert into units values ('default', 'default', 0), ('default/default', 'default', 0), ('default/default/default', 'default', 0);

alter table keys
    add column place text collate "C" not null default 'default/default/default',
    add column expires_at bigint,                    -- Unix milliseconds
    add column previous_hash bytea,                  -- the secret before a rotation
    add column previous_until bigint,                -- Unix milliseconds
    add column models text not null default '[]',    -- JSON array of patterns; empty: all
    add column endpoints text not null default '[]', -- JSON array of names; empty: all
    add column priority text,
    add column limits text not null default '{}',    -- JSON object
    add column revision bigint not null default 0;

create table admins (
    id text not null primary key,
    hash bytea not null unique,
    name text not null,
    role text not null,
    place text collate "C" not null, -- empty: the whole
    created_at bigint not null,      -- Unix milliseconds
    revoked_at bigint                -- Unix milliseconds
);

-- Only ever appended to. Its greatest number is the version of all of the above.
create table audit (
    number bigint generated always as identity primary key,
    at bigint not null,              -- Unix milliseconds
    actor text not null,
    action text not null,
    subject text not null,
    place text collate "C" not null,
    before text,                     -- JSON, without secrets
    after text                       -- JSON, without secrets
);

create function paceway_audit_stays() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is only appended to';
end $$;

create trigger audit_stays before update or delete or truncate on audit
    for each statement execute function paceway_audit_stays();

-- The version of keys is that of the audit log now.
drop table revisions;

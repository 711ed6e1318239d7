-- Organisations, teams and projects by the ids that lead to them: `acme`, `acme/search`, `acme/search/ranking`.
create table units (
    place text not null primary key,
    name text not null,
    created_at integer not null  -- Unix milliseconds
) strict, without rowid;

-- Where keys are that were made before there was anything else.
insert into units values ('default', 'default', 0), ('default/default', 'default', 0), ('default/default/default', 'default', 0);

alter table keys add column place text not null default 'default/default/default';
alter table keys add column expires_at integer;                       -- Unix milliseconds
alter table keys add column previous_hash blob;                       -- the secret before a rotation
alter table keys add column previous_until integer;                   -- Unix milliseconds
alter table keys add column models text not null default '[]';        -- JSON array of patterns; empty: all
alter table keys add column endpoints text not null default '[]';     -- JSON array of names; empty: all
alter table keys add column priority text;
alter table keys add column limits text not null default '{}';        -- JSON object
alter table keys add column revision integer not null default 0;

create table admins (
    id text not null primary key,
    hash blob not null unique,
    name text not null,
    role text not null,
    place text not null,         -- empty: the whole
    created_at integer not null, -- Unix milliseconds
    revoked_at integer           -- Unix milliseconds
) strict, without rowid;

-- What keys and admins of a shared database were when it was last reached.
drop table copy_of_keys;
create table copy_of_keys (
    id text not null unique,
    hash blob not null primary key,
    name text not null,
    created_at integer not null,
    revoked_at integer,
    place text not null,
    expires_at integer,
    previous_hash blob,
    previous_until integer,
    models text not null,
    endpoints text not null,
    priority text,
    limits text not null,
    revision integer not null
) strict;
create table copy_of_admins (
    id text not null primary key,
    hash blob not null unique,
    name text not null,
    role text not null,
    place text not null,
    created_at integer not null,
    revoked_at integer
) strict, without rowid;

-- Only ever appended to. Its greatest number is the version of all of the above.
create table audit (
    number integer primary key autoincrement,
    at integer not null,         -- Unix milliseconds
    actor text not null,
    action text not null,
    subject text not null,
    place text not null,
    before text,                 -- JSON, without secrets
    after text                   -- JSON, without secrets
) strict;

create trigger audit_is_not_changed before update on audit begin
    select raise(abort, 'the audit log is only appended to');
end;

create trigger audit_is_not_shortened before delete on audit begin
    select raise(abort, 'the audit log is only appended to');
end

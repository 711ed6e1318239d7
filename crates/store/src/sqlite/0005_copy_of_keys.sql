-- What the keys of a shared database were when it was last reached. Not the node's own keys, which are in `keys`.
create table copy_of_keys (
    place integer not null primary key, -- in the order of the shared database
    hash blob not null,
    name text not null,
    is_revoked integer not null
) strict

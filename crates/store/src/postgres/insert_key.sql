insert into keys (
    id, hash, name, place, created_at, expires_at, revoked_at, previous_hash, previous_until, models, endpoints, priority, limits, revision
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
on conflict do nothing

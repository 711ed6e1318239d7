update keys set
    hash = $2,
    name = $3,
    place = $4,
    created_at = $5,
    expires_at = $6,
    revoked_at = $7,
    previous_hash = $8,
    previous_until = $9,
    models = $10,
    endpoints = $11,
    priority = $12,
    limits = $13,
    revision = $14 + 1
where id = $1 and revision = $14

update keys set
    hash = :hash,
    name = :name,
    place = :place,
    created_at = :created_at,
    expires_at = :expires_at,
    revoked_at = :revoked_at,
    previous_hash = :previous_hash,
    previous_until = :previous_until,
    models = :models,
    endpoints = :endpoints,
    priority = :priority,
    limits = :limits,
    revision = :revision + 1
where id = :id and revision = :revision

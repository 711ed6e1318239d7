insert or ignore into keys (
    id, hash, name, place, created_at, expires_at, revoked_at, previous_hash, previous_until, models, endpoints, priority, limits, revision
) values (
    :id, :hash, :name, :place, :created_at, :expires_at, :revoked_at, :previous_hash, :previous_until, :models, :endpoints, :priority,
    :limits, :revision
)

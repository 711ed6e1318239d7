insert or ignore into admins (id, hash, name, role, place, created_at, revoked_at)
values (:id, :hash, :name, :role, :place, :created_at, :revoked_at)

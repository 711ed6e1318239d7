//! Identity in PostgreSQL.

use paceway_domain::{Endpoint, KeyId, Priority, UnixMillis};
use paceway_policy::access::{Admin, Grant, KeyHash, Place, Previous, Role, Unit, VirtualKey};
use postgres::{Row, Transaction};
use serde::de::DeserializeOwned;

use super::Postgres;
use crate::StoreError;
use crate::columns::{from_json, json, signed, unsigned};
use crate::identity::{Applied, AuditEntry, AuditPage, Change, Identity, Note};

/// Held while a change is made: one is entered after the other, so that whoever has seen a number has seen all before it. The number
/// has no meaning: `audi` in ASCII.
const LOCK: i64 = 0x6175_6469;

impl Identity for Postgres {
    fn units(&self) -> Result<Vec<Unit>, StoreError> {
        let rows =
            self.connection.run(|client| Ok(client.query("select * from units order by place", &[])?))?;
        let read = |row: &Row| {
            Ok(Unit {
                place: place(row)?,
                name: row.get("name"),
                created_at: UnixMillis(count(row, "created_at")),
            })
        };
        rows.iter().map(read).collect()
    }

    fn keys(&self) -> Result<Vec<VirtualKey>, StoreError> {
        let question = "select * from keys order by created_at, id";
        self.connection.run(|client| Ok(client.query(question, &[])?))?.iter().map(read_key).collect()
    }

    fn admins(&self) -> Result<Vec<Admin>, StoreError> {
        let question = "select * from admins order by created_at, id";
        self.connection.run(|client| Ok(client.query(question, &[])?))?.iter().map(read_admin).collect()
    }

    fn audit(&self, page: &AuditPage) -> Result<Vec<AuditEntry>, StoreError> {
        // `0` is the character after `/`.
        let question = "select * from audit
            where ($1 = '' or place = $1 or (place >= $1 || '/' and place < $1 || '0')) and number < $2
            order by number desc limit $3";
        let (place_wanted, before) = (page.place.to_string(), page.before.map_or(i64::MAX, signed));
        let most = i64::from(page.most);
        let rows =
            self.connection.run(|client| Ok(client.query(question, &[&place_wanted, &before, &most])?))?;
        let read = |row: &Row| {
            let text = |column: &str| row.get::<_, Option<String>>(column);
            Ok(AuditEntry {
                number: count(row, "number"),
                note: Note {
                    at: UnixMillis(count(row, "at")),
                    actor: row.get("actor"),
                    action: row.get("action"),
                    subject: row.get("subject"),
                    place: place(row)?,
                    before: text("before").map(|json| from_json(&json)),
                    after: text("after").map(|json| from_json(&json)),
                },
            })
        };
        rows.iter().map(read).collect()
    }

    fn apply(&self, change: &Change, note: &Note) -> Result<Applied, StoreError> {
        self.connection.run(|client| {
            let mut transaction = client.transaction()?;
            transaction.execute("select pg_advisory_xact_lock($1)", &[&LOCK])?;
            let applied = make(&mut transaction, change)?;
            if applied == Applied::Done {
                enter(&mut transaction, note)?;
                transaction.commit()?;
            }
            Ok(applied)
        })
    }

    fn version(&self) -> Result<u64, StoreError> {
        let newest = "select coalesce(max(number), 0) as newest from audit";
        self.connection.run(|client| Ok(count(&client.query_one(newest, &[])?, "newest")))
    }
}

fn enter(transaction: &mut Transaction<'_>, note: &Note) -> Result<(), StoreError> {
    transaction.execute(
        "insert into audit (at, actor, action, subject, place, before, after) values ($1, $2, $3, $4, $5, $6, $7)",
        &[
            &signed(note.at.0),
            &note.actor,
            &note.action,
            &note.subject,
            &note.place.to_string(),
            &note.before.as_ref().map(json),
            &note.after.as_ref().map(json),
        ],
    )?;
    Ok(())
}

/// The newest entry stays, whatever its age: its number is the version.
fn trim_audit(transaction: &mut Transaction<'_>, before: UnixMillis) -> Result<Applied, StoreError> {
    let bound = "update audit_trim set before = $1";
    transaction.execute(bound, &[&signed(before.0)])?;
    let trim = "delete from audit where at < $1 and number < (select max(number) from audit)";
    let trimmed = transaction.execute(trim, &[&signed(before.0)])?;
    transaction.execute(bound, &[&0_i64])?;
    Ok(if trimmed > 0 { Applied::Done } else { Applied::Missing })
}

fn make(transaction: &mut Transaction<'_>, change: &Change) -> Result<Applied, StoreError> {
    match change {
        Change::Elsewhere => Ok(Applied::Done),
        Change::AddUnit(unit) => {
            if !exists(transaction, &unit.place.parent())? {
                return Ok(Applied::NoPlace);
            }
            let added = transaction.execute(
                "insert into units (place, name, created_at) values ($1, $2, $3) on conflict do nothing",
                &[&unit.place.to_string(), &unit.name, &signed(unit.created_at.0)],
            )?;
            Ok(one(added, Applied::Exists))
        }
        Change::RenameUnit { place, name } => {
            let named = "update units set name = $2 where place = $1";
            Ok(one(transaction.execute(named, &[&place.to_string(), name])?, Applied::Missing))
        }
        Change::RemoveUnit(place) => remove_unit(transaction, place),
        Change::AddKey(key) => {
            if !exists(transaction, &Place::of_owner(&key.owner))? {
                return Ok(Applied::NoPlace);
            }
            Ok(one(write_key(transaction, include_str!("insert_key.sql"), key)?, Applied::Exists))
        }
        Change::ReplaceKey(key) => {
            Ok(one(write_key(transaction, include_str!("replace_key.sql"), key)?, Applied::Outdated))
        }
        Change::TrimAudit { before } => trim_audit(transaction, *before),
        Change::AddAdmin(admin) => add_admin(transaction, admin),
        Change::RevokeAdmin { id, at } => {
            let revoked = "update admins set revoked_at = $2 where id = $1 and revoked_at is null";
            Ok(one(transaction.execute(revoked, &[&id.0, &signed(at.0)])?, Applied::Missing))
        }
    }
}

fn remove_unit(transaction: &mut Transaction<'_>, place: &Place) -> Result<Applied, StoreError> {
    let inhabited = "select exists (select 1 from units where place >= $1 || '/' and place < $1 || '0')
        or exists (select 1 from keys where revoked_at is null and (place = $1 or (place >= $1 || '/' and place < $1 || '0')))
        or exists (select 1 from admins where revoked_at is null and (place = $1 or (place >= $1 || '/' and place < $1 || '0')))";
    let place = place.to_string();
    if transaction.query_one(inhabited, &[&place])?.get(0) {
        return Ok(Applied::NotEmpty);
    }
    Ok(one(transaction.execute("delete from units where place = $1", &[&place])?, Applied::Missing))
}

fn add_admin(transaction: &mut Transaction<'_>, admin: &Admin) -> Result<Applied, StoreError> {
    if !exists(transaction, &admin.place)? {
        return Ok(Applied::NoPlace);
    }
    let added = transaction.execute(
        "insert into admins (id, hash, name, role, place, created_at) values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        &[
            &admin.id.0,
            &admin.hash.0.as_slice(),
            &admin.name,
            &admin.role.name(),
            &admin.place.to_string(),
            &signed(admin.created_at.0),
        ],
    )?;
    Ok(one(added, Applied::Exists))
}

fn write_key(
    transaction: &mut Transaction<'_>,
    statement: &str,
    key: &VirtualKey,
) -> Result<u64, StoreError> {
    let endpoints: Vec<_> = key.grant.endpoints.iter().map(|endpoint| endpoint.name()).collect();
    Ok(transaction.execute(
        statement,
        &[
            &key.id.0,
            &key.hash.0.as_slice(),
            &key.name,
            &Place::of_owner(&key.owner).to_string(),
            &signed(key.created_at.0),
            &key.expires_at.map(|at| signed(at.0)),
            &key.revoked_at.map(|at| signed(at.0)),
            &key.previous.as_ref().map(|previous| previous.hash.0.as_slice()),
            &key.previous.map(|previous| signed(previous.until.0)),
            &json(&key.grant.models),
            &json(&endpoints),
            &key.grant.priority.map(Priority::name),
            &json(&key.grant.limits),
            &signed(key.revision),
        ],
    )?)
}

fn read_key(row: &Row) -> Result<VirtualKey, StoreError> {
    let until = moment(row, "previous_until");
    let previous = match row.get::<_, Option<&[u8]>>("previous_hash") {
        Some(bytes) => {
            until.map(|until| Ok::<_, StoreError>(Previous { hash: hash(bytes)?, until })).transpose()?
        }
        None => None,
    };
    let endpoints: Vec<String> = exact_json(row, "endpoints")?;
    let endpoints: Option<Vec<_>> = endpoints.iter().map(|name| Endpoint::named(name)).collect();
    let priority: Option<String> = row.get("priority");
    Ok(VirtualKey {
        id: KeyId(row.get("id")),
        hash: hash(row.get("hash"))?,
        previous,
        name: row.get("name"),
        owner: exact("place", place(row)?.owner())?,
        created_at: UnixMillis(count(row, "created_at")),
        expires_at: moment(row, "expires_at"),
        revoked_at: moment(row, "revoked_at"),
        grant: Grant {
            models: exact_json(row, "models")?,
            endpoints: exact("endpoints", endpoints)?,
            priority: priority.as_deref().and_then(Priority::named),
            limits: exact_json(row, "limits")?,
        },
        revision: count(row, "revision"),
    })
}

fn read_admin(row: &Row) -> Result<Admin, StoreError> {
    Ok(Admin {
        id: KeyId(row.get("id")),
        hash: hash(row.get("hash"))?,
        name: row.get("name"),
        role: exact("role", Role::named(row.get("role")))?,
        place: place(row)?,
        created_at: UnixMillis(count(row, "created_at")),
        revoked_at: moment(row, "revoked_at"),
    })
}

/// The whole is there without being kept.
fn exists(transaction: &mut Transaction<'_>, place: &Place) -> Result<bool, StoreError> {
    let place = place.to_string();
    let there = "select exists (select 1 from units where place = $1)";
    Ok(place.is_empty() || transaction.query_one(there, &[&place])?.get(0))
}

fn one(changed: u64, otherwise: Applied) -> Applied {
    if changed > 0 { Applied::Done } else { otherwise }
}

fn count(row: &Row, column: &str) -> u64 {
    unsigned(row.get(column))
}

fn moment(row: &Row, column: &str) -> Option<UnixMillis> {
    row.get::<_, Option<i64>>(column).map(|at| UnixMillis(unsigned(at)))
}

fn hash(bytes: &[u8]) -> Result<KeyHash, StoreError> {
    exact("hash", bytes.try_into().ok().map(KeyHash))
}

fn place(row: &Row) -> Result<Place, StoreError> {
    exact("place", Place::read(row.get("place")))
}

fn exact_json<T: DeserializeOwned>(row: &Row, column: &'static str) -> Result<T, StoreError> {
    exact(column, serde_json::from_str(row.get(column)).ok())
}

/// What cannot be read is an error: with less than was written here, somebody might be allowed more.
fn exact<T>(column: &'static str, read: Option<T>) -> Result<T, StoreError> {
    read.ok_or(StoreError::Unreadable(column))
}

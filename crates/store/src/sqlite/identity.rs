//! Identity in SQLite.

use paceway_domain::{Endpoint, KeyId, Priority, UnixMillis};
use paceway_policy::access::{Admin, Grant, KeyHash, Place, Previous, Role, Unit, VirtualKey};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, named_params, params};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Sqlite;
use crate::StoreError;
use crate::columns::{from_json, json, signed};
use crate::identity::{Applied, AuditEntry, AuditPage, Change, Identity, Note};

impl Identity for Sqlite {
    fn units(&self) -> Result<Vec<Unit>, StoreError> {
        rows(&self.lock(), "select * from units order by place", |row| {
            Ok(Unit {
                place: place(row, "place")?,
                name: row.get("name")?,
                created_at: UnixMillis(count(row, "created_at")?),
            })
        })
    }

    fn keys(&self) -> Result<Vec<VirtualKey>, StoreError> {
        rows(&self.lock(), "select * from keys order by created_at, rowid", read_key)
    }

    fn admins(&self) -> Result<Vec<Admin>, StoreError> {
        rows(&self.lock(), "select * from admins order by created_at, id", read_admin)
    }

    fn audit(&self, page: &AuditPage) -> Result<Vec<AuditEntry>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "select * from audit where (?1 = '' or place = ?1 or (place >= ?1 || '/' and place < ?1 || '0')) and number < ?2
             order by number desc limit ?3",
        )?;
        let before = page.before.map_or(i64::MAX, signed);
        let entries = statement
            .query_map(params![page.place.to_string(), before, page.most], |row| {
                let text = |column: &str| row.get::<_, Option<String>>(column);
                Ok(AuditEntry {
                    number: count(row, "number")?,
                    note: Note {
                        at: UnixMillis(count(row, "at")?),
                        actor: row.get("actor")?,
                        action: row.get("action")?,
                        subject: row.get("subject")?,
                        place: place(row, "place")?,
                        before: text("before")?.map(|json| from_json::<Value>(&json)),
                        after: text("after")?.map(|json| from_json::<Value>(&json)),
                    },
                })
            })?
            .collect::<Result<_, _>>()?;
        Ok(entries)
    }

    fn apply(&self, change: &Change, note: &Note) -> Result<Applied, StoreError> {
        let mut connection = self.lock();
        // Nobody else writes between what is looked at and what is written.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let applied = make(&transaction, change)?;
        if applied == Applied::Done {
            transaction.execute(
                "insert into audit (at, actor, action, subject, place, before, after) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    signed(note.at.0),
                    note.actor,
                    note.action,
                    note.subject,
                    note.place.to_string(),
                    note.before.as_ref().map(json),
                    note.after.as_ref().map(json),
                ],
            )?;
            transaction.commit()?;
        }
        Ok(applied)
    }

    fn version(&self) -> Result<u64, StoreError> {
        let newest = "select coalesce(max(number), 0) as newest from audit";
        Ok(self.lock().query_row(newest, [], |row| count(row, "newest"))?)
    }
}

fn make(transaction: &Transaction<'_>, change: &Change) -> Result<Applied, StoreError> {
    match change {
        Change::Elsewhere => Ok(Applied::Done),
        Change::AddUnit(unit) => add_unit(transaction, unit),
        Change::RenameUnit { place, name } => {
            let named = "update units set name = ?2 where place = ?1";
            Ok(one(transaction.execute(named, params![place.to_string(), name])?, Applied::Missing))
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
            let revoked = "update admins set revoked_at = ?2 where id = ?1 and revoked_at is null";
            Ok(one(transaction.execute(revoked, params![id.0, signed(at.0)])?, Applied::Missing))
        }
    }
}

/// The newest entry stays, whatever its age: its number is the version.
fn trim_audit(transaction: &Transaction<'_>, before: UnixMillis) -> Result<Applied, StoreError> {
    let bound = "update audit_trim set before = ?1";
    transaction.execute(bound, [signed(before.0)])?;
    let trim = "delete from audit where at < ?1 and number < (select max(number) from audit)";
    let trimmed = transaction.execute(trim, [signed(before.0)])?;
    transaction.execute(bound, [0])?;
    Ok(if trimmed > 0 { Applied::Done } else { Applied::Missing })
}

fn add_unit(transaction: &Transaction<'_>, unit: &Unit) -> Result<Applied, StoreError> {
    if !exists(transaction, &unit.place.parent())? {
        return Ok(Applied::NoPlace);
    }
    let added = "insert or ignore into units (place, name, created_at) values (?1, ?2, ?3)";
    let values = params![unit.place.to_string(), unit.name, signed(unit.created_at.0)];
    Ok(one(transaction.execute(added, values)?, Applied::Exists))
}

fn remove_unit(transaction: &Transaction<'_>, place: &Place) -> Result<Applied, StoreError> {
    // `0` is the character after `/`.
    let inhabited = "select exists (select 1 from units where place >= ?1 || '/' and place < ?1 || '0')
        or exists (select 1 from keys where revoked_at is null and (place = ?1 or (place >= ?1 || '/' and place < ?1 || '0')))
        or exists (select 1 from admins where revoked_at is null and (place = ?1 or (place >= ?1 || '/' and place < ?1 || '0')))";
    let place = place.to_string();
    if transaction.query_row(inhabited, [&place], |row| row.get(0))? {
        return Ok(Applied::NotEmpty);
    }
    Ok(one(transaction.execute("delete from units where place = ?1", [place])?, Applied::Missing))
}

fn add_admin(transaction: &Transaction<'_>, admin: &Admin) -> Result<Applied, StoreError> {
    if !exists(transaction, &admin.place)? {
        return Ok(Applied::NoPlace);
    }
    let added = write_admin(transaction, include_str!("insert_admin.sql"), admin)?;
    Ok(one(added, Applied::Exists))
}

pub(super) fn write_admin(
    transaction: &Transaction<'_>,
    statement: &str,
    admin: &Admin,
) -> Result<usize, StoreError> {
    Ok(transaction.execute(
        statement,
        named_params! {
            ":id": admin.id.0,
            ":hash": admin.hash.0,
            ":name": admin.name,
            ":role": admin.role.name(),
            ":place": admin.place.to_string(),
            ":created_at": signed(admin.created_at.0),
            ":revoked_at": admin.revoked_at.map(|at| signed(at.0)),
        },
    )?)
}

pub(super) fn read_admin(row: &Row<'_>) -> rusqlite::Result<Admin> {
    let role: String = row.get("role")?;
    Ok(Admin {
        id: KeyId(row.get("id")?),
        hash: KeyHash(row.get("hash")?),
        name: row.get("name")?,
        role: exact(row, "role", Role::named(&role))?,
        place: place(row, "place")?,
        created_at: UnixMillis(count(row, "created_at")?),
        revoked_at: moment(row, "revoked_at")?,
    })
}

pub(super) fn write_key(
    transaction: &Transaction<'_>,
    statement: &str,
    key: &VirtualKey,
) -> Result<usize, StoreError> {
    let endpoints: Vec<_> = key.grant.endpoints.iter().map(|endpoint| endpoint.name()).collect();
    Ok(transaction.execute(
        statement,
        named_params! {
            ":id": key.id.0,
            ":hash": key.hash.0,
            ":name": key.name,
            ":place": Place::of_owner(&key.owner).to_string(),
            ":created_at": signed(key.created_at.0),
            ":expires_at": key.expires_at.map(|at| signed(at.0)),
            ":revoked_at": key.revoked_at.map(|at| signed(at.0)),
            ":previous_hash": key.previous.map(|previous| previous.hash.0),
            ":previous_until": key.previous.map(|previous| signed(previous.until.0)),
            ":models": json(&key.grant.models),
            ":endpoints": json(&endpoints),
            ":priority": key.grant.priority.map(Priority::name),
            ":limits": json(&key.grant.limits),
            ":revision": signed(key.revision),
        },
    )?)
}

pub(super) fn read_key(row: &Row<'_>) -> rusqlite::Result<VirtualKey> {
    let hash: Option<[u8; 32]> = row.get("previous_hash")?;
    let until = moment(row, "previous_until")?;
    let endpoints: Vec<String> = exact_json(row, "endpoints")?;
    let endpoints: Option<Vec<_>> = endpoints.iter().map(|name| Endpoint::named(name)).collect();
    let priority: Option<String> = row.get("priority")?;
    Ok(VirtualKey {
        id: KeyId(row.get("id")?),
        hash: KeyHash(row.get("hash")?),
        previous: hash.zip(until).map(|(hash, until)| Previous { hash: KeyHash(hash), until }),
        name: row.get("name")?,
        owner: exact(row, "place", place(row, "place")?.owner())?,
        created_at: UnixMillis(count(row, "created_at")?),
        expires_at: moment(row, "expires_at")?,
        revoked_at: moment(row, "revoked_at")?,
        grant: Grant {
            models: exact_json(row, "models")?,
            endpoints: exact(row, "endpoints", endpoints)?,
            priority: priority.as_deref().and_then(Priority::named),
            limits: exact_json(row, "limits")?,
        },
        revision: count(row, "revision")?,
    })
}

/// The whole is there without being kept.
fn exists(transaction: &Transaction<'_>, place: &Place) -> Result<bool, StoreError> {
    let place = place.to_string();
    let there = "select exists (select 1 from units where place = ?1)";
    Ok(place.is_empty() || transaction.query_row(there, [place], |row| row.get(0))?)
}

fn one(changed: usize, otherwise: Applied) -> Applied {
    if changed > 0 { Applied::Done } else { otherwise }
}

pub(super) fn rows<T>(
    connection: &Connection,
    question: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(question)?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

fn count(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    Ok(crate::columns::unsigned(row.get(column)?))
}

fn moment(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<UnixMillis>> {
    let at: Option<i64> = row.get(column)?;
    Ok(at.map(|at| UnixMillis(u64::try_from(at).unwrap_or(0))))
}

fn place(row: &Row<'_>, column: &str) -> rusqlite::Result<Place> {
    exact(row, column, Place::read(&row.get::<_, String>(column)?))
}

fn exact_json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    exact(row, column, serde_json::from_str(&row.get::<_, String>(column)?).ok())
}

/// What cannot be read is an error: with less than was written here, somebody might be allowed more.
fn exact<T>(row: &Row<'_>, column: &str, read: Option<T>) -> rusqlite::Result<T> {
    let unreadable = || {
        let told = format!("`{column}` cannot be read: was it written by a later Paceway?");
        let place = row.as_ref().column_index(column).unwrap_or_default();
        rusqlite::Error::FromSqlConversionFailure(place, Type::Text, told.into())
    };
    read.ok_or_else(unreadable)
}

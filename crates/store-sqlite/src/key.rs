//! Management keys.

use std::collections::BTreeSet;

use async_trait::async_trait;
use lookback_domain::{KeyId, OrgId, Role, TeamId};
use lookback_store::{
    Author, Created, Error, Key, KeyDigest, KeyFilter, KeyGuard, KeyPatch, KeyStore, Once, Result, Trail, Was,
};
use rusqlite::{Connection, Row, params};

use crate::column::{After, Id, Slug, Teams, Time, Who};
use crate::failure::Outcome;
use crate::{SqliteStore, audit, once, org, query};

/// The columns of a key, as [`read`] takes them. The bindings are looked up only where there can be some.
macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, org_id, label, digest, role, creator, created_at_us, expires_at_us, last_used_at_us, \
             CASE role WHEN 'team_admin' THEN (SELECT group_concat(lower(hex(team_id))) \
             FROM management_key_binding WHERE key_id = id) END FROM management_key ",
            $rest
        )
    };
}

const INSERT: &str = "INSERT INTO management_key (id, org_id, label, digest, role, creator, created_at_us, \
     expires_at_us, last_used_at_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
const BIND: &str = "INSERT INTO management_key_binding (key_id, team_id) VALUES (?1, ?2)";
const UNBIND: &str = "DELETE FROM management_key_binding WHERE key_id = ?1";
const IS_OF_ORG: &str = "SELECT 1 FROM team WHERE id = ?1 AND org_id = ?2";
const BOUND_TO: &str = "SELECT key_id FROM management_key_binding WHERE team_id = ?1";
const PAGE: &str = columns!("WHERE org_id = ?1 AND id > ?2 ORDER BY id");
/// Of the whole deployment.
pub(crate) const EVERY: &str = columns!("WHERE id > ?1 ORDER BY id LIMIT ?2");
const GET: &str = columns!("WHERE id = ?1 AND org_id = ?2");
const BY_DIGEST: &str = columns!("WHERE digest = ?1");
const HAS_ADMIN: &str = "SELECT 1 FROM management_key WHERE org_id = ?1 AND role = 'org_admin' \
     AND (expires_at_us IS NULL OR expires_at_us > ?2) LIMIT 1";
const UPDATE: &str = "UPDATE management_key SET label = ?2, expires_at_us = ?3 WHERE id = ?1";
const DELETE: &str = "DELETE FROM management_key WHERE id = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[INSERT, BIND, UNBIND, IS_OF_ORG, BOUND_TO, PAGE, GET, BY_DIGEST, HAS_ADMIN, UPDATE, DELETE];

#[async_trait]
impl KeyStore for SqliteStore {
    async fn create_key(&self, key: Key, once: Option<Once>, by: &Author) -> Result<Created<Key>> {
        key.assert_bindings();
        let by = *by;
        let create = move |db: &Connection| {
            org::require(db, key.org_id)?;
            match once::recall(db, once.as_ref(), &by)? {
                Some(Created::Replay(was)) => return Ok(was.key_again()),
                Some(_) => return Ok(Created::Mismatch),
                None => {}
            }
            insert(db, &key)?;
            let key = get(db, key.org_id, key.id, &KeyGuard::none())?;
            once::remember(db, once.as_ref(), key.org_id, Was::key(&key), &by)?;
            let mut trail = Trail::new(key.org_id, &by);
            trail.key(None, Some(&key));
            audit::record(db, trail)?;
            Ok(Created::Done(key))
        };
        self.writer.run(create).await
    }

    async fn keys(
        &self,
        org: OrgId,
        filter: &KeyFilter,
        after: Option<KeyId>,
        rows: usize,
    ) -> Result<Vec<Key>> {
        let (filter, after) = (filter.clone(), After(after.map(|id| id.0)));
        let page = move |db: &Connection| {
            org::require(db, org)?;
            Ok(query::some(db, PAGE, (Id(org.0), after), read, |key| filter.admits(key), rows)?)
        };
        self.readers.run_long(page).await
    }

    async fn patch_key(
        &self,
        org: OrgId,
        id: KeyId,
        patch: KeyPatch,
        guard: &KeyGuard,
        by: &Author,
    ) -> Result<Key> {
        let (guard, by) = (guard.clone(), *by);
        let change = move |db: &Connection| {
            let before = get(db, org, id, &guard)?;
            let after = patch.apply(&before);
            if after.role == Role::OrgAdmin && !after.bindings.is_empty() {
                return Err(Error::BoundOrgAdmin(id).into());
            }
            require_bindings(db, &after)?;
            query::change(db, UPDATE, (Id(id.0), &after.label, after.expires_at.map(Time)))?;
            if before.bindings != after.bindings {
                query::change(db, UNBIND, [Id(id.0)])?;
                bind(db, &after)?;
            }
            let after = get(db, org, id, &KeyGuard::none())?;
            if before.role == Role::OrgAdmin && before.expires_at != after.expires_at {
                keep_admin(db, org, &guard, &by)?;
            }
            let mut trail = Trail::new(org, &by);
            trail.key(Some(&before), Some(&after));
            audit::record(db, trail)?;
            Ok(after)
        };
        self.writer.run(change).await
    }

    async fn delete_key(&self, org: OrgId, id: KeyId, guard: &KeyGuard, by: &Author) -> Result<Key> {
        let (guard, by) = (guard.clone(), *by);
        let delete = move |db: &Connection| {
            let gone = get(db, org, id, &guard)?;
            query::change(db, DELETE, [Id(id.0)])?;
            if gone.role == Role::OrgAdmin {
                keep_admin(db, org, &guard, &by)?;
            }
            let mut trail = Trail::new(org, &by);
            trail.key(Some(&gone), None);
            audit::record(db, trail)?;
            Ok(gone)
        };
        self.writer.run(delete).await
    }

    async fn key_by_digest(&self, digest: KeyDigest) -> Result<Option<Key>> {
        self.readers.run_statement(|db| Ok(query::one(db, BY_DIGEST, [digest.0], read)?)).await
    }
}

/// The key of this organisation, as far as the guard lets it be seen.
fn get(db: &Connection, org: OrgId, id: KeyId, guard: &KeyGuard) -> Outcome<Key> {
    let found = query::one(db, GET, (Id(id.0), Id(org.0)), read)?;
    found.filter(|key| key.is_within(&guard.within)).ok_or(Error::UnknownKey(id).into())
}

/// Sees that the organisation is left with an `org_admin` in force, where the guard asks for it.
fn keep_admin(db: &Connection, org: OrgId, guard: &KeyGuard, by: &Author) -> Outcome<()> {
    if guard.keep_admin && query::one(db, HAS_ADMIN, (Id(org.0), Time(by.at)), |_| Ok(()))?.is_none() {
        return Err(Error::LastAdmin.into());
    }
    Ok(())
}

/// Sees that a key is bound to teams of its organisation only.
fn require_bindings(db: &Connection, key: &Key) -> Outcome<()> {
    let mut unknown = Vec::new();
    for &team in &key.bindings {
        if query::one(db, IS_OF_ORG, (Id(team.0), Id(key.org_id.0)), |_| Ok(()))?.is_none() {
            unknown.push(team);
        }
    }
    if unknown.is_empty() { Ok(()) } else { Err(Error::UnknownTeams(unknown).into()) }
}

/// Adds a key to its organisation, which is known.
pub(crate) fn insert(db: &Connection, key: &Key) -> Outcome<()> {
    require_bindings(db, key)?;
    let values = params![
        Id(key.id.0),
        Id(key.org_id.0),
        key.label,
        key.digest.0,
        key.role.as_str(),
        Who(key.creator),
        Time(key.created_at),
        key.expires_at.map(Time),
        key.last_used_at.map(Time),
    ];
    match query::change(db, INSERT, values)? {
        0 => Err(Error::Taken(key.id.to_string()).into()),
        _ => bind(db, key),
    }
}

fn bind(db: &Connection, key: &Key) -> Outcome<()> {
    for team in &key.bindings {
        query::change(db, BIND, (Id(key.id.0), Id(team.0)))?;
    }
    Ok(())
}

/// The keys that are bound to a team.
pub(crate) fn bound_to(db: &Connection, team: TeamId) -> Outcome<BTreeSet<KeyId>> {
    let ids = query::all(db, BOUND_TO, [Id(team.0)], |row| row.get(0).map(|Id(id)| KeyId(id)))?;
    Ok(ids.into_iter().collect())
}

pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Key> {
    let (Id(id), Id(org_id), Slug(role), Who(creator)) = (row.get(0)?, row.get(1)?, row.get(4)?, row.get(5)?);
    let (Time(created_at), Teams(bindings)) = (row.get(6)?, row.get(9)?);
    let time = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<Time>>(column)?.map(|Time(at)| at));
    Ok(Key {
        id: KeyId(id),
        org_id: OrgId(org_id),
        label: row.get(2)?,
        digest: KeyDigest(row.get(3)?),
        role,
        bindings,
        creator,
        created_at,
        expires_at: time(7)?,
        last_used_at: time(8)?,
    })
}

//! Organisations.

use async_trait::async_trait;
use lookback_domain::OrgId;
use lookback_store::{Author, Error, Key, Org, OrgStore, Result, Team, Trail};
use rusqlite::{Connection, Row};

use crate::column::{After, Id, Time, limit};
use crate::failure::Outcome;
use crate::{SqliteStore, audit, key, query, team};

const INSERT: &str = "INSERT INTO org (id, name, created_at_us) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
const IS_KNOWN: &str = "SELECT 1 FROM org WHERE id = ?1";
const GET: &str = "SELECT id, name, created_at_us FROM org WHERE id = ?1";
const PAGE: &str = "SELECT id, name, created_at_us FROM org WHERE id > ?1 ORDER BY id LIMIT ?2";
const RENAME: &str = "UPDATE org SET name = ?2 WHERE id = ?1";
pub(crate) const EVERY: &str = PAGE;
// A part of what is its own: first whoever could add to it.
const DELETE_PARTS: [&str; 3] = [
    "DELETE FROM management_key WHERE id IN \
     (SELECT id FROM management_key WHERE org_id = ?1 ORDER BY id LIMIT ?2)",
    "DELETE FROM team WHERE id IN (SELECT id FROM team WHERE org_id = ?1 ORDER BY id LIMIT ?2)",
    "DELETE FROM audit_entry WHERE org_id = ?1 AND id IN \
     (SELECT id FROM audit_entry WHERE org_id = ?1 ORDER BY id LIMIT ?2)",
];
// With what is left of it, which cascades.
const DELETE: &str = "DELETE FROM org WHERE id = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[INSERT, IS_KNOWN, GET, PAGE, RENAME, DELETE_PARTS[0], DELETE_PARTS[1], DELETE_PARTS[2], DELETE];

#[async_trait]
impl OrgStore for SqliteStore {
    async fn create_org(&self, org: Org, teams: Vec<Team>, keys: Vec<Key>, by: &Author) -> Result<()> {
        org.assert_owns(&teams, &keys);
        let by = *by;
        let create = move |db: &Connection| {
            insert(db, &org)?;
            teams.iter().try_for_each(|team| team::insert(db, team))?;
            keys.iter().try_for_each(|key| key::insert(db, key))?;
            let mut trail = Trail::new(org.id, &by);
            trail.org(None, &org);
            teams.iter().for_each(|team| trail.team(None, team));
            keys.iter().for_each(|key| trail.key(None, Some(key)));
            audit::record(db, trail)
        };
        self.writer.run(create).await
    }

    async fn org(&self, id: OrgId) -> Result<Org> {
        self.readers.run_statement(|db| get(db, id)).await
    }

    async fn orgs(&self, after: Option<OrgId>, rows: usize) -> Result<Vec<Org>> {
        let after = After(after.map(|id| id.0));
        self.readers.run(rows, move |db| Ok(query::all(db, PAGE, (after, limit(rows)), read)?)).await
    }

    async fn rename_org(&self, id: OrgId, name: String, by: &Author) -> Result<Org> {
        let by = *by;
        let rename = move |db: &Connection| {
            let before = get(db, id)?;
            let after = Org { name, ..before };
            query::change(db, RENAME, (Id(id.0), &after.name))?;
            let mut trail = Trail::new(id, &by);
            trail.org(Some(&before), &after);
            audit::record(db, trail)?;
            Ok(after)
        };
        self.writer.run(rename).await
    }

    async fn delete_org(&self, id: OrgId, rows: usize) -> Result<bool> {
        let delete = move |db: &Connection| {
            require(db, id)?;
            let mut left = rows;
            for part in DELETE_PARTS {
                left -= query::change(db, part, (Id(id.0), limit(left)))?;
            }
            if left == 0 {
                return Ok(false);
            }
            query::change(db, DELETE, [Id(id.0)])?;
            Ok(true)
        };
        self.writer.run(delete).await
    }
}

/// Sees that there is such an organisation.
pub(crate) fn require(db: &Connection, id: OrgId) -> Outcome<()> {
    query::one(db, IS_KNOWN, [Id(id.0)], |_| Ok(()))?.ok_or(Error::UnknownOrg(id).into())
}

fn get(db: &Connection, id: OrgId) -> Outcome<Org> {
    query::one(db, GET, [Id(id.0)], read)?.ok_or(Error::UnknownOrg(id).into())
}

/// Adds an organisation.
pub(crate) fn insert(db: &Connection, org: &Org) -> Outcome<()> {
    match query::change(db, INSERT, (Id(org.id.0), &org.name, Time(org.created_at)))? {
        0 => Err(Error::Taken(org.id.to_string()).into()),
        _ => Ok(()),
    }
}

pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Org> {
    let (Id(id), Time(created_at)) = (row.get(0)?, row.get(2)?);
    Ok(Org { id: OrgId(id), name: row.get(1)?, created_at })
}

//! Organisations.

use async_trait::async_trait;
use lookback_domain::OrgId;
use lookback_store::{Error, Key, Org, OrgStore, Result, Team};
use rusqlite::{Connection, Row};

use crate::column::{After, Id, Time, limit};
use crate::failure::Outcome;
use crate::{SqliteStore, key, query, team};

const INSERT: &str = "INSERT INTO org (id, name, created_at_us) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
const IS_KNOWN: &str = "SELECT 1 FROM org WHERE id = ?1";
const PAGE: &str = "SELECT id, name, created_at_us FROM org WHERE id > ?1 ORDER BY id LIMIT ?2";
// With its teams, their preferences and its keys, which cascade.
const DELETE: &str = "DELETE FROM org WHERE id = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[INSERT, IS_KNOWN, PAGE, DELETE];

#[async_trait]
impl OrgStore for SqliteStore {
    async fn create_org(&self, org: Org, teams: Vec<Team>, keys: Vec<Key>) -> Result<()> {
        org.assert_owns(&teams, &keys);
        let create = move |db: &Connection| {
            insert(db, &org)?;
            teams.iter().try_for_each(|team| team::insert(db, team))?;
            keys.iter().try_for_each(|key| key::insert(db, key))
        };
        self.writer.run(create).await
    }

    async fn orgs(&self, after: Option<OrgId>, rows: usize) -> Result<Vec<Org>> {
        let after = After(after.map(|id| id.0));
        self.readers.run(rows, move |db| Ok(query::all(db, PAGE, (after, limit(rows)), read)?)).await
    }

    async fn delete_org(&self, id: OrgId) -> Result<()> {
        let delete = move |db: &Connection| match query::change(db, DELETE, [Id(id.0)])? {
            0 => Err(Error::UnknownOrg(id).into()),
            _ => Ok(()),
        };
        self.writer.run(delete).await
    }
}

/// Sees that there is such an organisation.
pub(crate) fn require(db: &Connection, id: OrgId) -> Outcome<()> {
    query::one(db, IS_KNOWN, [Id(id.0)], |_| Ok(()))?.ok_or(Error::UnknownOrg(id).into())
}

fn insert(db: &Connection, org: &Org) -> Outcome<()> {
    match query::change(db, INSERT, (Id(org.id.0), &org.name, Time(org.created_at)))? {
        0 => Err(Error::Taken(org.id.to_string()).into()),
        _ => Ok(()),
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Org> {
    let (Id(id), Time(created_at)) = (row.get(0)?, row.get(2)?);
    Ok(Org { id: OrgId(id), name: row.get(1)?, created_at })
}

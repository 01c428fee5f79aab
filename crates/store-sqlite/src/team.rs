//! Teams.

use async_trait::async_trait;
use lookback_domain::{OrgId, TeamId};
use lookback_store::{Error, Result, Team, TeamStore};
use rusqlite::{Connection, Row};

use crate::column::{After, Id, Slug, Time, limit};
use crate::failure::Outcome;
use crate::{SqliteStore, org, query};

const INSERT: &str = "INSERT INTO team (id, org_id, name, region, created_at_us) VALUES (?1, ?2, ?3, ?4, ?5) \
     ON CONFLICT DO NOTHING";
const PAGE: &str = "SELECT id, org_id, name, region, created_at_us FROM team \
     WHERE org_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
// With its preferences, which cascade.
const DELETE: &str = "DELETE FROM team WHERE id = ?1 AND org_id = ?2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[INSERT, PAGE, DELETE];

#[async_trait]
impl TeamStore for SqliteStore {
    async fn create_team(&self, team: Team) -> Result<()> {
        let create = move |db: &Connection| {
            org::require(db, team.org_id)?;
            insert(db, &team)
        };
        self.writer.run(create).await
    }

    async fn teams(&self, org: OrgId, after: Option<TeamId>, rows: usize) -> Result<Vec<Team>> {
        let after = After(after.map(|id| id.0));
        let page = move |db: &Connection| {
            org::require(db, org)?;
            Ok(query::all(db, PAGE, (Id(org.0), after, limit(rows)), read)?)
        };
        self.readers.run(rows, page).await
    }

    async fn delete_team(&self, org: OrgId, id: TeamId) -> Result<()> {
        let delete = move |db: &Connection| match query::change(db, DELETE, [Id(id.0), Id(org.0)])? {
            0 => Err(Error::UnknownTeams(vec![id]).into()),
            _ => Ok(()),
        };
        self.writer.run(delete).await
    }
}

/// Adds a team to its organisation, which is known.
pub(crate) fn insert(db: &Connection, team: &Team) -> Outcome<()> {
    let (id, org, created_at) = (Id(team.id.0), Id(team.org_id.0), Time(team.created_at));
    match query::change(db, INSERT, (id, org, &team.name, team.region.as_str(), created_at))? {
        0 => Err(Error::Taken(team.id.to_string()).into()),
        _ => Ok(()),
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Team> {
    let (Id(id), Id(org_id), Slug(region)) = (row.get(0)?, row.get(1)?, row.get(3)?);
    let Time(created_at) = row.get(4)?;
    Ok(Team { id: TeamId(id), org_id: OrgId(org_id), name: row.get(2)?, region, created_at })
}

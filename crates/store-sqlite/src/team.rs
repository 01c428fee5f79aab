//! Teams.

use async_trait::async_trait;
use lookback_domain::{OrgId, TeamId};
use lookback_store::{
    Author, Created, Error, Once, Result, Team, TeamContents, TeamFilter, TeamPatch, TeamStore, Trail,
    Visible, Was,
};
use rusqlite::{Connection, Row, params};

use crate::column::{After, ClusterKey, Id, Slug, Time};
use crate::failure::Outcome;
use crate::{SqliteStore, audit, credential, key, once, org, preference, query};

const INSERT: &str = "INSERT INTO team (cluster_key, id, org_id, name, region, integration_team_id, created_at_us) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
const IS_TAKEN: &str = "SELECT 1 FROM team WHERE id = ?1";
const GET: &str = "SELECT id, org_id, name, region, integration_team_id, created_at_us FROM team \
     WHERE id = ?1 AND org_id = ?2";
const BY_INTEGRATION_ID: &str = "SELECT id, org_id, name, region, integration_team_id, created_at_us \
     FROM team WHERE org_id = ?1 AND integration_team_id = ?2";
const PAGE: &str = "SELECT id, org_id, name, region, integration_team_id, created_at_us FROM team \
     WHERE org_id = ?1 AND id > ?2 ORDER BY id";
/// Of the whole deployment.
pub(crate) const EVERY: &str = "SELECT id, org_id, name, region, integration_team_id, created_at_us FROM team \
     WHERE id > ?1 ORDER BY id LIMIT ?2";
const UPDATE: &str = "UPDATE team SET name = ?2, integration_team_id = ?3 WHERE id = ?1";
// With its preferences, applications and bindings, which cascade.
const DELETE: &str = "DELETE FROM team WHERE id = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[INSERT, IS_TAKEN, GET, BY_INTEGRATION_ID, PAGE, UPDATE, DELETE];

#[async_trait]
impl TeamStore for SqliteStore {
    async fn create_team(&self, team: Team, once: Option<Once>, by: &Author) -> Result<Created<Team>> {
        let by = *by;
        let create = move |db: &Connection| {
            org::require(db, team.org_id)?;
            match once::recall(db, once.as_ref(), &by)? {
                Some(Created::Replay(was)) => return Ok(was.team_again()?),
                Some(_) => return Ok(Created::Mismatch),
                None => {}
            }
            insert(db, &team)?;
            let team = get(db, team.org_id, team.id)?;
            once::remember(db, once.as_ref(), team.org_id, Was::team(&team), &by)?;
            let mut trail = Trail::new(team.org_id, &by);
            trail.team(None, &team);
            audit::record(db, trail)?;
            Ok(Created::Done(team))
        };
        self.writer.run(create).await
    }

    async fn team(&self, org: OrgId, id: TeamId) -> Result<Team> {
        self.readers.run_statement(|db| get(db, org, id)).await
    }

    async fn team_by_integration_id(&self, org: OrgId, integration_team_id: &str) -> Result<Option<Team>> {
        let called = (Id(org.0), integration_team_id);
        self.readers.run_statement(|db| Ok(query::one(db, BY_INTEGRATION_ID, called, read)?)).await
    }

    async fn teams(
        &self,
        org: OrgId,
        filter: &TeamFilter,
        after: Option<TeamId>,
        rows: usize,
    ) -> Result<Vec<Team>> {
        let filter = filter.clone();
        let page = move |db: &Connection| {
            org::require(db, org)?;
            let named = match (&filter.visible, filter.id) {
                (_, Some(id)) => vec![id],
                (Visible::Only(teams), None) => teams.iter().copied().collect(),
                (Visible::All, None) => {
                    let after = (Id(org.0), After(after.map(|id| id.0)));
                    return Ok(query::some(db, PAGE, after, read, |team| filter.admits(team), rows)?);
                }
            };
            let mut found = Vec::new();
            for id in named.into_iter().filter(|&id| after.is_none_or(|after| id > after)) {
                if found.len() == rows {
                    break;
                }
                let team = query::one(db, GET, (Id(id.0), Id(org.0)), read)?;
                found.extend(team.filter(|team| filter.admits(team)));
            }
            Ok(found)
        };
        self.readers.run_long(page).await
    }

    async fn patch_team(&self, org: OrgId, id: TeamId, patch: TeamPatch, by: &Author) -> Result<Team> {
        let by = *by;
        let change = move |db: &Connection| {
            let before = get(db, org, id)?;
            let after = patch.apply(&before);
            see_that_nobody_else_is_called_so(db, &after)?;
            query::change(db, UPDATE, (Id(id.0), &after.name, &after.integration_team_id))?;
            let mut trail = Trail::new(org, &by);
            trail.team(Some(&before), &after);
            audit::record(db, trail)?;
            Ok(after)
        };
        self.writer.run(change).await
    }

    async fn delete_team(&self, org: OrgId, id: TeamId, by: &Author) -> Result<()> {
        let by = *by;
        let delete = move |db: &Connection| {
            let gone = TeamContents {
                team: get(db, org, id)?,
                preferences: preference::of_both_environments(db, id)?,
                credentials: credential::of_team(db, id)?,
                keys: key::bound_to(db, id)?,
            };
            query::change(db, DELETE, [Id(id.0)])?;
            let mut trail = Trail::new(org, &by);
            trail.team_deleted(&gone);
            audit::record(db, trail)
        };
        self.writer.run(delete).await
    }
}

fn get(db: &Connection, org: OrgId, id: TeamId) -> Outcome<Team> {
    query::one(db, GET, (Id(id.0), Id(org.0)), read)?.ok_or(Error::UnknownTeams(vec![id]).into())
}

fn see_that_nobody_else_is_called_so(db: &Connection, team: &Team) -> Outcome<()> {
    let Some(called) = &team.integration_team_id else { return Ok(()) };
    match query::one(db, BY_INTEGRATION_ID, (Id(team.org_id.0), called), read)? {
        Some(other) if other.id != team.id => Err(Error::IntegrationTeamIdTaken(other.id).into()),
        _ => Ok(()),
    }
}

/// Adds a team to its organisation, which is known.
pub(crate) fn insert(db: &Connection, team: &Team) -> Outcome<()> {
    if insert_at(db, Some(ClusterKey::of(team.id.0)), team)? {
        return Ok(());
    }
    // One of three things is taken, and it is the id that counts first.
    if query::one(db, IS_TAKEN, [Id(team.id.0)], |_| Ok(()))?.is_some() {
        return Err(Error::Taken(team.id.to_string()).into());
    }
    see_that_nobody_else_is_called_so(db, team)?;
    insert_at(db, None, team)?;
    Ok(())
}

/// Adds a team's row there, or anywhere. False, and nothing done, where something of it is taken.
fn insert_at(db: &Connection, at: Option<ClusterKey>, team: &Team) -> rusqlite::Result<bool> {
    let Team { id, org_id, name, region, integration_team_id, created_at } = team;
    let (id, org_id, created_at) = (Id(id.0), Id(org_id.0), Time(*created_at));
    let values = params![at, id, org_id, name, region.as_str(), integration_team_id, created_at];
    Ok(query::change(db, INSERT, values)? == 1)
}

pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Team> {
    let (Id(id), Id(org_id), Slug(region)) = (row.get(0)?, row.get(1)?, row.get(3)?);
    let Time(created_at) = row.get(5)?;
    let (name, integration_team_id) = (row.get(2)?, row.get(4)?);
    Ok(Team { id: TeamId(id), org_id: OrgId(org_id), name, region, integration_team_id, created_at })
}

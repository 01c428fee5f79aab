//! Teams.

use std::collections::BTreeSet;

use async_trait::async_trait;
use lookback_domain::{OrgId, TeamId};
use lookback_store::{
    Author, Created, Error, Once, Result, Team, TeamContents, TeamFilter, TeamPatch, TeamStore, Trail,
    Visible, Was, kept,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{ids_of, slug, time};
use crate::failure::Outcome;
use crate::page::chunks;
use crate::session::Session;
use crate::{PostgresStore, audit, credential, key, once, org, preference};

/// The columns of a team, as [`read`] takes them.
macro_rules! columns {
    ($rest:literal) => {
        concat!("SELECT id, org_id, name, region, integration_team_id, created_at_us FROM team WHERE ", $rest)
    };
}

const INSERT: &str = "INSERT INTO team (id, org_id, name, region, integration_team_id, created_at_us) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const INSERT_ALL: &str = "INSERT INTO team (id, org_id, name, region, integration_team_id, created_at_us) \
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[]) \
     ON CONFLICT DO NOTHING RETURNING id";
const IS_TAKEN: &str = "SELECT FROM team WHERE id = $1";
const GET: &str = columns!("id = $1 AND org_id = $2");
// Until the transaction ends: nobody else changes it or what is stored for it; nothing may refer to it.
const LOCK: &str = columns!("id = $1 AND org_id = $2 FOR NO KEY UPDATE");
const CLOSE: &str = columns!("id = $1 AND org_id = $2 FOR UPDATE");
const BY_INTEGRATION_ID: &str = columns!("org_id = $1 AND integration_team_id = $2");
const PAGE: &str = columns!("org_id = $1 AND id >= $2 ORDER BY id LIMIT $3");
/// Of the whole deployment.
pub(crate) const EVERY: &str = columns!("id >= $1 ORDER BY id LIMIT $2");
const NAMED: &str = columns!("org_id = $1 AND id = ANY($2) ORDER BY id");
const UPDATE: &str = "UPDATE team SET name = $2, integration_team_id = $3 WHERE id = $1";
// With its preferences, applications and bindings, which cascade.
const DELETE: &str = "DELETE FROM team WHERE id = $1";

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[&str] =
    &[INSERT, INSERT_ALL, IS_TAKEN, GET, LOCK, CLOSE, BY_INTEGRATION_ID, PAGE, EVERY, NAMED, UPDATE, DELETE];

#[async_trait]
impl TeamStore for PostgresStore {
    async fn create_team(&self, team: Team, once: Option<Once>, by: &Author) -> Result<Created<Team>> {
        let team = &Team { created_at: kept(team.created_at), ..team };
        let once = once.as_ref();
        let create = |session: Session| async move {
            org::hold(&session, team.org_id).await?;
            match once::claim(&session, once, team.org_id, by).await? {
                Some(Created::Replay(was)) => return Ok(was.team_again()?),
                Some(_) => return Ok(Created::Mismatch),
                None => {}
            }
            insert(&session, team).await?;
            once::remember(&session, once, Was::team(team)).await?;
            let mut trail = Trail::new(team.org_id, by);
            trail.team(None, team);
            audit::record(&session, trail).await?;
            Ok(Created::Done(team.clone()))
        };
        self.transactions.write(create).await
    }

    async fn team(&self, org: OrgId, id: TeamId) -> Result<Team> {
        self.transactions.read(|session: Session| async move { get(&session, GET, org, id).await }).await
    }

    async fn team_by_integration_id(&self, org: OrgId, called: &str) -> Result<Option<Team>> {
        let find = |session: Session| async move { by_integration_id(&session, org, called).await };
        self.transactions.read(find).await
    }

    async fn teams(
        &self,
        org: OrgId,
        filter: &TeamFilter,
        after: Option<TeamId>,
        rows: usize,
    ) -> Result<Vec<Team>> {
        let page = |session: Session| async move {
            let named = match (&filter.visible, filter.id) {
                (_, Some(id)) => Some(vec![id]),
                (Visible::Only(teams), None) => Some(teams.iter().copied().collect()),
                (Visible::All, None) => None,
            };
            let passes = |team: &Team| filter.admits(team) && after.is_none_or(|after| team.id > after);
            let found: Vec<_> = match named {
                Some(named) => {
                    let named: Vec<_> = named.into_iter().map(|id: TeamId| id.0).collect();
                    let found = session.all(NAMED, &[&org.0, &named]).await?;
                    let found = found.iter().map(read).collect::<Outcome<Vec<_>>>()?;
                    found.into_iter().filter(passes).take(rows).collect()
                }
                None => {
                    let read = |row: &Row| read(row).map(|team| (team.id.0, Some(team).filter(passes)));
                    chunks(&session, PAGE, org.0, after.map(|id| id.0), rows, read).await?
                }
            };
            if found.is_empty() {
                org::require(&session, org).await?;
            }
            Ok(found)
        };
        self.transactions.read_at_once(page).await
    }

    async fn patch_team(&self, org: OrgId, id: TeamId, patch: TeamPatch, by: &Author) -> Result<Team> {
        let patch = &patch;
        let change = |session: Session| async move {
            let before = get(&session, LOCK, org, id).await?;
            let after = patch.clone().apply(&before);
            see_that_nobody_else_is_called_so(&session, &after).await?;
            session.change(UPDATE, &[&id.0, &after.name, &after.integration_team_id]).await?;
            let mut trail = Trail::new(org, by);
            trail.team(Some(&before), &after);
            audit::record(&session, trail).await?;
            Ok(after)
        };
        self.transactions.write(change).await
    }

    async fn delete_team(&self, org: OrgId, id: TeamId, by: &Author) -> Result<()> {
        let delete = |session: Session| async move {
            let team = get(&session, CLOSE, org, id).await?;
            let gone = TeamContents {
                team,
                preferences: preference::of_both_environments(&session, id).await?,
                credentials: credential::of_team(&session, id).await?,
                keys: key::bound_to(&session, id).await?,
            };
            session.change(DELETE, &[&id.0]).await?;
            let mut trail = Trail::new(org, by);
            trail.team_deleted(&gone);
            audit::record(&session, trail).await
        };
        self.transactions.write(delete).await
    }
}

async fn get(session: &Session, sql: &str, org: OrgId, id: TeamId) -> Outcome<Team> {
    let row = session.one(sql, &[&id.0, &org.0]).await?;
    row.as_ref().map_or(Err(Error::UnknownTeams(vec![id]).into()), read)
}

async fn by_integration_id(session: &Session, org: OrgId, called: &str) -> Outcome<Option<Team>> {
    session.one(BY_INTEGRATION_ID, &[&org.0, &called]).await?.as_ref().map(read).transpose()
}

async fn see_that_nobody_else_is_called_so(session: &Session, team: &Team) -> Outcome<()> {
    let Some(called) = &team.integration_team_id else { return Ok(()) };
    match by_integration_id(session, team.org_id, called).await? {
        Some(other) if other.id != team.id => Err(Error::IntegrationTeamIdTaken(other.id).into()),
        _ => Ok(()),
    }
}

/// Adds a team to an organisation that stays.
pub(crate) async fn insert(session: &Session, team: &Team) -> Outcome<()> {
    let Team { id, org_id, name, region, integration_team_id, created_at } = team;
    let (region, created_at_us) = (region.as_str(), created_at.as_microsecond());
    let values: crate::session::Params<'_> =
        &[&id.0, &org_id.0, name, &region, integration_team_id, &created_at_us];
    while session.change(INSERT, values).await? == 0 {
        // Either of two things is taken, and it is the id that counts first.
        if session.one(IS_TAKEN, &[&id.0]).await?.is_some() {
            return Err(Error::Taken(id.to_string()).into());
        }
        see_that_nobody_else_is_called_so(session, team).await?;
        // Whoever had it has been deleted in the meantime.
    }
    Ok(())
}

/// Adds teams to organisations that stay, and says which: not those of which something is taken.
pub(crate) async fn insert_all(session: &Session, teams: &[&Team]) -> Outcome<BTreeSet<Uuid>> {
    let ids: Vec<_> = teams.iter().map(|team| team.id.0).collect();
    let orgs: Vec<_> = teams.iter().map(|team| team.org_id.0).collect();
    let names: Vec<_> = teams.iter().map(|team| &team.name[..]).collect();
    let regions: Vec<_> = teams.iter().map(|team| team.region.as_str()).collect();
    let called: Vec<_> = teams.iter().map(|team| team.integration_team_id.as_deref()).collect();
    let created_at_us: Vec<_> = teams.iter().map(|team| team.created_at.as_microsecond()).collect();
    ids_of(&session.all(INSERT_ALL, &[&ids, &orgs, &names, &regions, &called, &created_at_us]).await?)
}

pub(crate) fn read(row: &Row) -> Outcome<Team> {
    Ok(Team {
        id: TeamId(row.try_get(0)?),
        org_id: OrgId(row.try_get(1)?),
        name: row.try_get(2)?,
        region: slug(row.try_get(3)?)?,
        integration_team_id: row.try_get(4)?,
        created_at: time(row, 5)?,
    })
}

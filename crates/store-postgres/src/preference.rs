//! Preferences.

mod read;
mod upsert;

use std::collections::BTreeMap;

use async_trait::async_trait;
use lookback_domain::{Preference, Provider, Raised, TeamId};
use lookback_store::{
    Author, Error, PreferenceStore, Result, Scope, Selection, TeamPreferences, Visible, each_once,
};

use crate::PostgresStore;
use crate::failure::Outcome;
use crate::later::later;
use crate::session::Session;

pub(crate) use read::{Place, read_batch};
pub(crate) use upsert::{Upsert, upsert_batch};

// In the order of ids, as everybody locks: so nobody waits for somebody who waits for them.
const LOCK: &str = "SELECT asked.n FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY \
     AS asked (team_id, org_id, region, n) JOIN team ON team.id = asked.team_id AND team.org_id = asked.org_id \
     AND team.region = asked.region ORDER BY team.id FOR NO KEY UPDATE OF team";
const LOCK_ALL: &str =
    "SELECT id FROM team WHERE org_id = $1 AND region = $2 ORDER BY id FOR NO KEY UPDATE OF team";
const DELETE: &str = "DELETE FROM preference WHERE team_id = ANY($1) AND environment = $2";
const DELETE_SOME: &str =
    "DELETE FROM preference WHERE team_id = ANY($1) AND environment = $2 AND provider = ANY($3)";

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[&str] =
    &[LOCK, LOCK_ALL, DELETE, DELETE_SOME, read::OF_TEAMS, read::PAGE, upsert::UPSERT];

#[async_trait]
impl PreferenceStore for PostgresStore {
    async fn preferences(&self, scope: &Scope, selection: Selection<'_>) -> Result<Vec<TeamPreferences>> {
        see_all(scope)?;
        match selection {
            Selection::Teams(&[team_id]) => {
                Ok(vec![self.reads.ask(Place { scope: scope.clone(), team_id }).await?])
            }
            Selection::Teams(teams) => {
                let places: Vec<_> = each_once(teams)
                    .into_iter()
                    .map(|team_id| Place { scope: scope.clone(), team_id })
                    .collect();
                let places = &places;
                let of_teams = |session: Session| async move {
                    let found = read::of_teams(&session, places).await?;
                    let unknown = places.iter().zip(&found).filter(|(_, found)| found.is_none());
                    refuse_unknown(unknown.map(|(place, _)| place.team_id).collect())?;
                    Ok(found.into_iter().flatten().collect())
                };
                self.transactions.read(of_teams).await
            }
            Selection::Page { after, limit } => {
                let page = |session: Session| async move { read::page(&session, scope, after, limit).await };
                self.transactions.read(page).await
            }
        }
    }

    async fn upsert_preferences(
        &self,
        scope: &Scope,
        teams: &[TeamId],
        changes: &BTreeMap<Provider, Preference>,
        _: &BTreeMap<Provider, Raised>,
        by: &Author,
    ) -> Result<Vec<TeamPreferences>> {
        see_all(scope)?;
        let (scope, teams) = (scope.clone(), each_once(teams));
        let upsert = Upsert { scope, teams, changes: changes.clone(), at: by.at };
        self.upserts.ask(upsert).await
    }

    async fn delete_preferences(
        &self,
        scope: &Scope,
        teams: Option<&[TeamId]>,
        providers: Option<&[Provider]>,
        _: &Author,
    ) -> Result<()> {
        see_all(scope)?;
        let teams = teams.map(each_once);
        let providers: Option<Vec<_>> =
            providers.map(|providers| providers.iter().map(|provider| provider.as_str()).collect());
        let (teams, providers) = (&teams, &providers);
        let delete = |session: Session| async move {
            let locked = match teams {
                Some(teams) => {
                    let places = teams.iter().map(|&team_id| Place { scope: scope.clone(), team_id });
                    let locked = lock(&session, &places.collect::<Vec<_>>()).await?;
                    refuse_unknown(left_out(teams, &locked))?;
                    teams.iter().map(|team| team.0).collect()
                }
                None => lock_all(&session, scope).await?,
            };
            let environment = scope.environment.as_str();
            match providers {
                None => session.change(DELETE, &[&locked, &environment]).await?,
                Some(providers) => session.change(DELETE_SOME, &[&locked, &environment, providers]).await?,
            };
            Ok(())
        };
        self.transactions.write(delete).await
    }
}

fn see_all(scope: &Scope) -> Result<()> {
    if scope.visible == Visible::All { Ok(()) } else { Err(later()) }
}

fn refuse_unknown(unknown: Vec<TeamId>) -> Outcome<()> {
    if unknown.is_empty() { Ok(()) } else { Err(Error::UnknownTeams(unknown).into()) }
}

fn left_out(teams: &[TeamId], locked: &[bool]) -> Vec<TeamId> {
    teams.iter().zip(locked).filter(|&(_, &locked)| !locked).map(|(&team, _)| team).collect()
}

/// Locks the teams that are where they are looked for until the transaction ends, and says for each whether it is.
async fn lock(session: &Session, places: &[Place]) -> Outcome<Vec<bool>> {
    let columns = Columns::of(places);
    let rows = session.all(LOCK, &[&columns.teams, &columns.orgs, &columns.regions]).await?;
    let mut locked = vec![false; places.len()];
    for row in rows {
        locked[position(row.try_get(0)?)] = true;
    }
    Ok(locked)
}

async fn lock_all(session: &Session, scope: &Scope) -> Outcome<Vec<uuid::Uuid>> {
    let rows = session.all(LOCK_ALL, &[&scope.org_id.0, &scope.region.as_str()]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Places as a statement takes them, one array a column.
struct Columns {
    teams: Vec<uuid::Uuid>,
    orgs: Vec<uuid::Uuid>,
    regions: Vec<&'static str>,
    environments: Vec<&'static str>,
}

impl Columns {
    fn of(places: &[Place]) -> Self {
        Self {
            teams: places.iter().map(|place| place.team_id.0).collect(),
            orgs: places.iter().map(|place| place.scope.org_id.0).collect(),
            regions: places.iter().map(|place| place.scope.region.as_str()).collect(),
            environments: places.iter().map(|place| place.scope.environment.as_str()).collect(),
        }
    }
}

/// Where in the list an answer belongs; PostgreSQL counts from one.
fn position(ordinality: i64) -> usize {
    usize::try_from(ordinality - 1).expect("an ordinality counts the elements of an array that was in memory")
}

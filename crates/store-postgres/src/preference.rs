//! Preferences.

mod many;
mod read;
mod store;
mod upsert;

use std::collections::BTreeMap;

use async_trait::async_trait;
use lookback_domain::{Preference, Provider, Raised, TeamId};
use lookback_store::{
    Author, Error, Kept, PreferenceStore, Result, Scope, Selection, TeamPreferences, Trail, each_once,
    end_of_page,
};
use uuid::Uuid;

use crate::failure::Outcome;
use crate::session::Session;
use crate::{PostgresStore, audit};

pub(crate) use many::insert_missing;
pub(crate) use read::{EVERY, Place, both, of_both_environments, read_batch};
pub(crate) use store::Changed;
pub(crate) use upsert::{Upsert, upsert_batch};

// What is read of a row that somebody else was changing is what it holds once the lock was had. In the order of ids, as
// everybody locks: so nobody waits for somebody who waits for them.
const LOCK: &str = read::select_of_teams!("ORDER BY team.id FOR NO KEY UPDATE OF team");

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[&str] = &[
    LOCK,
    read::OF_TEAMS,
    read::PAGE[0],
    read::PAGE[1],
    read::LOCK_PAGE[0],
    read::LOCK_PAGE[1],
    read::OF_BOTH_ENVIRONMENTS,
    store::STORE,
    many::LOCK,
];

#[async_trait]
impl PreferenceStore for PostgresStore {
    async fn preferences(&self, scope: &Scope, selection: Selection<'_>) -> Result<Vec<TeamPreferences>> {
        match selection {
            Selection::Teams(&[team_id]) if scope.visible.sees(team_id) => {
                Ok(vec![self.reads.ask(Place::of(scope, team_id)).await?])
            }
            Selection::Teams(teams) => {
                let teams = &each_once(teams);
                let of_teams = |session: Session| async move {
                    let places: Vec<_> = teams.iter().map(|&team| Place::of(scope, team)).collect();
                    let mut found = read::of_teams(&session, &places).await?;
                    found.iter_mut().for_each(|found| {
                        found.take_if(|found| !scope.visible.sees(found.team_id));
                    });
                    refuse_unknown(missing(teams, found.iter().map(Option::is_some)))?;
                    Ok(found.into_iter().flatten().collect())
                };
                self.transactions.read(of_teams).await
            }
            Selection::Page { after, limit } => {
                let page = |session: Session| async move {
                    let found = read::page(&session, read::PAGE, scope, after, limit).await?;
                    Ok(found.into_iter().map(read::preferences).collect())
                };
                self.transactions.read(page).await
            }
        }
    }

    async fn upsert_preferences(
        &self,
        scope: &Scope,
        teams: &[TeamId],
        changes: &BTreeMap<Provider, Preference>,
        raised: &BTreeMap<Provider, Raised>,
        by: &Author,
    ) -> Result<Vec<TeamPreferences>> {
        let (scope, teams, by) = (scope.clone(), each_once(teams), *by);
        let upsert = Upsert { scope, teams, changes: changes.clone(), raised: raised.clone(), by };
        self.upserts.ask(upsert).await
    }

    async fn delete_preferences(
        &self,
        scope: &Scope,
        selection: Selection<'_>,
        providers: Option<&[Provider]>,
        by: &Author,
    ) -> Result<Option<TeamId>> {
        let is_meant = |of: Provider| providers.is_none_or(|providers| providers.contains(&of));
        let delete = |session: Session| async move {
            let (found, end) = match selection {
                Selection::Teams(teams) => (held(&session, scope, &each_once(teams)).await?, None),
                Selection::Page { after, limit } => {
                    // Also those that have nothing are locked: somebody may be storing something for them.
                    let found = read::page(&session, read::LOCK_PAGE, scope, after, limit).await?;
                    let teams: Vec<_> = found.iter().map(|&(team, _)| team).collect();
                    (found, end_of_page(&teams, limit))
                }
            };
            let (mut trail, mut changed) = (Trail::new(scope.org_id, by), Changed::default());
            for (team_id, mut kept) in found {
                let gone = kept.take(is_meant);
                if !gone.is_empty() {
                    changed.add(team_id, scope.environment, &kept);
                }
                trail.preferences_deleted(team_id, scope.environment, &gone);
            }
            changed.store(&session).await?;
            audit::record(&session, trail).await?;
            Ok(end)
        };
        self.transactions.write(delete).await
    }
}

/// Locks these teams until the transaction ends. Errors where some are not in the scope.
pub(crate) async fn require(session: &Session, scope: &Scope, teams: &[TeamId]) -> Outcome<()> {
    held(session, scope, teams).await.map(drop)
}

/// Locks these teams until the transaction ends, and says what they have. Errors where some are not in the scope.
async fn held(session: &Session, scope: &Scope, teams: &[TeamId]) -> Outcome<Vec<(TeamId, Kept)>> {
    let places: Vec<_> = teams.iter().map(|&team| Place::of(scope, team)).collect();
    let mut found = read::kept_of(session, LOCK, &places).await?;
    found.iter_mut().zip(teams).for_each(|(kept, &team)| {
        kept.take_if(|_| !scope.visible.sees(team));
    });
    refuse_unknown(missing(teams, found.iter().map(Option::is_some)))?;
    Ok(teams.iter().copied().zip(found.into_iter().flatten()).collect())
}

fn refuse_unknown(unknown: Vec<TeamId>) -> Outcome<()> {
    if unknown.is_empty() { Ok(()) } else { Err(Error::UnknownTeams(unknown).into()) }
}

/// Those that are not there.
fn missing(teams: &[TeamId], there: impl Iterator<Item = bool>) -> Vec<TeamId> {
    teams.iter().zip(there).filter(|&(_, there)| !there).map(|(&team, _)| team).collect()
}

/// Places as a statement takes them, one array a column.
struct Columns {
    teams: Vec<Uuid>,
    orgs: Vec<Uuid>,
    regions: Vec<&'static str>,
    environments: Vec<&'static str>,
}

impl Columns {
    fn of(places: &[Place]) -> Self {
        Self {
            teams: places.iter().map(|place| place.team_id.0).collect(),
            orgs: places.iter().map(|place| place.org_id.0).collect(),
            regions: places.iter().map(|place| place.region.as_str()).collect(),
            environments: places.iter().map(|place| place.environment.as_str()).collect(),
        }
    }
}

/// Where in the list an answer belongs; PostgreSQL counts from one.
fn position(ordinality: i64) -> usize {
    usize::try_from(ordinality - 1).expect("an ordinality counts the elements of an array that was in memory")
}

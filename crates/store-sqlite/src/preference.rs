//! Preferences.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use lookback_domain::{Environment, OrgId, Preference, Provider, Raised, TeamId};
use lookback_store::{
    Author, Error, Kept, PreferenceStore, Result, Scope, Selection, TeamPreferences, Trail, Visible,
    each_once, end_of_page,
};
use rusqlite::{Connection, Row};

use crate::column::{After, ClusterKey, Id, Json, Slug, kept, limit};
use crate::failure::Outcome;
use crate::team_cache::TeamRow;
use crate::{SqliteStore, audit, query, team_changes};

const PAGE: &str = "SELECT id FROM team WHERE org_id = ?1 AND region = ?2 AND id > ?3 ORDER BY id LIMIT ?4";
const IS_IN_SCOPE: &str = "SELECT 1 FROM team WHERE id = ?1 AND org_id = ?2 AND region = ?3";

/// A statement about the column that an environment's preferences stand in, for each in the order of
/// [`Environment::ALL`].
macro_rules! statements {
    ($before:literal, $after:literal) => {
        [concat!($before, "production_preferences", $after), concat!($before, "sandbox_preferences", $after)]
    };
}

// A team is found by the number made of its id, whose pages are few enough to stay at hand. Where another team had that
// number already, it is found by its id.
const OF_TEAM: [&str; 2] = statements!(
    "SELECT cluster_key, ",
    " FROM team WHERE cluster_key = ?4 AND id = ?1 AND org_id = ?2 AND region = ?3"
);
const OF_DISPLACED_TEAM: [&str; 2] =
    statements!("SELECT cluster_key, ", " FROM team WHERE id = ?1 AND org_id = ?2 AND region = ?3");
/// All that the cache keeps of a team.
const ROW: &str =
    "SELECT id, org_id, region, production_preferences, sandbox_preferences FROM team WHERE cluster_key = ?1";
const STORE: [&str; 2] = statements!("UPDATE team SET ", " = ?2 WHERE cluster_key = ?1");
const CLUSTER_KEY: &str = "SELECT cluster_key FROM team WHERE id = ?1";
const OF_BOTH_ENVIRONMENTS: &str =
    "SELECT production_preferences, sandbox_preferences FROM team WHERE id = ?1";
/// Of the whole deployment, a team and those after it: their environments, where something is stored in one.
pub(crate) const EVERY: &str = "SELECT production_preferences, sandbox_preferences, id FROM team WHERE id >= ?1 \
     AND (production_preferences IS NOT NULL OR sandbox_preferences IS NOT NULL) ORDER BY id LIMIT ?2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[PAGE, IS_IN_SCOPE, OF_TEAM[0], OF_DISPLACED_TEAM[0], ROW, STORE[0], CLUSTER_KEY, OF_BOTH_ENVIRONMENTS];

#[async_trait]
impl PreferenceStore for SqliteStore {
    async fn preferences(&self, scope: &Scope, selection: Selection<'_>) -> Result<Vec<TeamPreferences>> {
        match selection {
            Selection::Teams([team]) => self.readers.run_statement(|db| self.of_team(db, scope, *team)).await,
            Selection::Teams(teams) => {
                let (scope, teams) = (scope.clone(), each_once(teams));
                self.readers.run(teams.len(), move |db| of_teams(db, &scope, &teams)).await
            }
            Selection::Page { after, limit } => {
                let scope = scope.clone();
                let page = move |db: &Connection| of_teams(db, &scope, &page(db, &scope, after, limit)?);
                self.readers.run(limit, page).await
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
        let (teams, changes, raised) = (each_once(teams), changes.clone(), raised.clone());
        let (scope, by) = (scope.clone(), *by);
        let upsert = move |db: &Connection| {
            let mut trail = Trail::new(scope.org_id, &by);
            let mut found = kept_of_teams(db, &scope, &teams)?;
            for Found { team, cluster_key, kept } in &mut found {
                trail.preferences_set(*team, scope.environment, &kept.preferences(), &changes, &raised);
                if kept.set(&changes, by.at) {
                    store(db, *cluster_key, scope.environment, kept)?;
                }
            }
            audit::record(db, trail)?;
            Ok(found.iter().map(preferences).collect())
        };
        self.writer.run(upsert).await
    }

    async fn delete_preferences(
        &self,
        scope: &Scope,
        selection: Selection<'_>,
        providers: Option<&[Provider]>,
        by: &Author,
    ) -> Result<Option<TeamId>> {
        let (named, page_of) = match selection {
            Selection::Teams(teams) => (each_once(teams), None),
            Selection::Page { after, limit } => (Vec::new(), Some((after, limit))),
        };
        let (scope, providers, by) = (scope.clone(), providers.map(<[_]>::to_vec), *by);
        let delete = move |db: &Connection| {
            let teams = match page_of {
                Some((after, limit)) => page(db, &scope, after, limit)?,
                None => named,
            };
            let mut trail = Trail::new(scope.org_id, &by);
            let is_meant = |of| providers.as_ref().is_none_or(|providers| providers.contains(&of));
            for Found { team, cluster_key, mut kept } in kept_of_teams(db, &scope, &teams)? {
                let gone = kept.take(is_meant);
                if !gone.is_empty() {
                    store(db, cluster_key, scope.environment, &kept)?;
                    trail.preferences_deleted(team, scope.environment, &gone);
                }
            }
            audit::record(db, trail)?;
            Ok(page_of.and_then(|(_, limit)| end_of_page(&teams, limit)))
        };
        self.writer.run(delete).await
    }
}

impl SqliteStore {
    /// What one team has stored, from memory where that is as new as the file.
    fn of_team(&self, db: &Connection, scope: &Scope, team: TeamId) -> Outcome<Vec<TeamPreferences>> {
        match self.row(db, team)?.and_then(|row| row.kept(scope, team)) {
            Some(kept) => Ok(vec![TeamPreferences { team_id: team, providers: kept.preferences() }]),
            // Whatever else it is, the file tells it as it is.
            None => of_teams(db, scope, &[team]),
        }
    }

    /// The row where this team's usually stands, if it may be taken from the cache or was just put there.
    fn row(&self, db: &Connection, team: TeamId) -> Outcome<Option<Arc<TeamRow>>> {
        let Some(cache) = &self.cache else { return Ok(None) };
        if !cache.is_as_of(team_changes::count(db)?) {
            self.writer.look();
            return Ok(None);
        }
        let at = ClusterKey::of(team.0);
        Ok(cache.row(at, || query::one(db, ROW, [at], read_row))?)
    }
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<TeamRow> {
    let (Id(team), Id(org_id), Slug(region)) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (team, org_id, kept) = (TeamId(team), OrgId(org_id), [row.get(3)?, row.get(4)?]);
    Ok(TeamRow { team, org_id, region, kept, is_forgotten: false.into() })
}

fn page(db: &Connection, scope: &Scope, after: Option<TeamId>, rows: usize) -> Outcome<Vec<TeamId>> {
    if let Visible::Only(teams) = &scope.visible {
        let rest = teams.iter().copied().filter(|&team| after.is_none_or(|after| team > after));
        return Ok(in_scope(db, scope, rest, rows)?);
    }
    let after = After(after.map(|id| id.0));
    let page = (Id(scope.org_id.0), scope.region.as_str(), after, limit(rows));
    Ok(query::all(db, PAGE, page, |row| row.get(0).map(|Id(id)| TeamId(id)))?)
}

/// Those of these teams that are in the scope, until there are enough.
fn in_scope(
    db: &Connection,
    scope: &Scope,
    teams: impl Iterator<Item = TeamId>,
    rows: usize,
) -> rusqlite::Result<Vec<TeamId>> {
    let mut found = Vec::new();
    for team in teams {
        if found.len() == rows {
            break;
        }
        let place = (Id(team.0), Id(scope.org_id.0), scope.region.as_str());
        found.extend(query::one(db, IS_IN_SCOPE, place, |_| Ok(team))?);
    }
    Ok(found)
}

/// Sees that all these teams are in the scope.
pub(crate) fn require(db: &Connection, scope: &Scope, teams: &[TeamId]) -> Outcome<()> {
    let teams = each_once(teams);
    let visible = teams.iter().copied().filter(|&team| scope.visible.sees(team));
    let known: BTreeSet<_> = in_scope(db, scope, visible, usize::MAX)?.into_iter().collect();
    let unknown: Vec<_> = teams.into_iter().filter(|team| !known.contains(team)).collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::UnknownTeams(unknown).into()) }
}

/// What these teams have stored; an error where some are not in the scope.
fn of_teams(db: &Connection, scope: &Scope, teams: &[TeamId]) -> Outcome<Vec<TeamPreferences>> {
    Ok(kept_of_teams(db, scope, teams)?.iter().map(preferences).collect())
}

/// A team of the scope: where its row stands, and what it has stored in the scope's environment.
struct Found {
    team: TeamId,
    cluster_key: ClusterKey,
    kept: Kept,
}

/// The same, with when it was set.
fn kept_of_teams(db: &Connection, scope: &Scope, teams: &[TeamId]) -> Outcome<Vec<Found>> {
    let (mut found, mut unknown) = (Vec::with_capacity(teams.len()), Vec::new());
    for &team in teams {
        match find(db, scope, team)?.filter(|_| scope.visible.sees(team)) {
            Some((cluster_key, kept)) => found.push(Found { team, cluster_key, kept }),
            None => unknown.push(team),
        }
    }
    if unknown.is_empty() { Ok(found) } else { Err(Error::UnknownTeams(unknown).into()) }
}

fn find(db: &Connection, scope: &Scope, team: TeamId) -> rusqlite::Result<Option<(ClusterKey, Kept)>> {
    let (id, org_id, region) = (Id(team.0), Id(scope.org_id.0), scope.region.as_str());
    let environment = scope.environment as usize;
    let read = |row: &Row<'_>| Ok((row.get(0)?, kept(row, 1)?));
    let at_hand = (&id, &org_id, region, ClusterKey::of(team.0));
    match query::one(db, OF_TEAM[environment], at_hand, read)? {
        Some(found) => Ok(Some(found)),
        None => query::one(db, OF_DISPLACED_TEAM[environment], (&id, &org_id, region), read),
    }
}

fn preferences(found: &Found) -> TeamPreferences {
    TeamPreferences { team_id: found.team, providers: found.kept.preferences() }
}

/// What a team has stored, wherever it lives.
pub(crate) fn of_both_environments(
    db: &Connection,
    team: TeamId,
) -> rusqlite::Result<BTreeMap<(Environment, Provider), Preference>> {
    let both = query::one(db, OF_BOTH_ENVIRONMENTS, [Id(team.0)], read_both)?.into_iter().flatten();
    let named = |(environment, kept): (_, Kept)| {
        kept.preferences().into_iter().map(move |(provider, days)| ((environment, provider), days))
    };
    Ok(both.flat_map(named).collect())
}

/// What a row holds of each environment.
pub(crate) fn read_both(row: &Row<'_>) -> rusqlite::Result<[(Environment, Kept); 2]> {
    Ok([(Environment::Production, kept(row, 0)?), (Environment::Sandbox, kept(row, 1)?)])
}

/// Where a team's row stands, if there is one.
pub(crate) fn cluster_key(db: &Connection, team: TeamId) -> rusqlite::Result<Option<ClusterKey>> {
    query::one(db, CLUSTER_KEY, [Id(team.0)], |row| row.get(0))
}

/// Replaces what the team whose row stands there has stored in an environment.
pub(crate) fn store(db: &Connection, at: ClusterKey, environment: Environment, kept: &Kept) -> Outcome<()> {
    let column = (!kept.0.is_empty()).then_some(Json(kept));
    query::change(db, STORE[environment as usize], (at, column))?;
    Ok(())
}

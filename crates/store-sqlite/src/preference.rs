//! Preferences.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::{Environment, Preference, Provider, Raised, TeamId};
use lookback_store::{
    Author, Error, PreferenceStore, Result, Scope, Selection, TeamPreferences, Trail, Visible, each_once,
};
use rusqlite::{Connection, Row, params};

use crate::column::{After, Id, Overrides, Slug, Span, Time, limit};
use crate::failure::Outcome;
use crate::{SqliteStore, audit, query};

const PAGE: &str = "SELECT id FROM team WHERE org_id = ?1 AND region = ?2 AND id > ?3 ORDER BY id LIMIT ?4";
const IS_IN_SCOPE: &str = "SELECT 1 FROM team WHERE id = ?1 AND org_id = ?2 AND region = ?3";
// Teams of the scope that have something stored, each once.
const WITH_SOMETHING: &str = "SELECT id FROM team WHERE org_id = ?1 AND region = ?2 AND EXISTS \
     (SELECT 1 FROM preference WHERE team_id = team.id AND environment = ?3) ORDER BY id";
// One row a provider; a row without one for a team that has nothing; no row where the team is not in the scope.
const OF_TEAM: &str = "SELECT provider, default_days, overrides \
     FROM team LEFT JOIN preference ON team_id = id AND environment = ?4 \
     WHERE id = ?1 AND org_id = ?2 AND region = ?3";
const UPSERT: &str = "INSERT INTO preference \
     (team_id, environment, provider, default_days, overrides, updated_at_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
     ON CONFLICT DO UPDATE SET default_days = excluded.default_days, overrides = excluded.overrides, \
     updated_at_us = excluded.updated_at_us";
const OF_BOTH_ENVIRONMENTS: &str =
    "SELECT provider, default_days, overrides, environment FROM preference WHERE team_id = ?1";
/// Of the whole deployment: all rows of the next places, a place being a team and an environment.
pub(crate) const EVERY: &str = "SELECT provider, default_days, overrides, team_id, environment, updated_at_us \
     FROM preference WHERE (team_id, environment) IN (SELECT DISTINCT team_id, environment FROM preference \
     WHERE (team_id, environment) > (?1, ?2) ORDER BY team_id, environment LIMIT ?3)";
const DELETE: &str = "DELETE FROM preference WHERE team_id = ?1 AND environment = ?2 AND provider = ?3";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[PAGE, IS_IN_SCOPE, WITH_SOMETHING, OF_TEAM, UPSERT, OF_BOTH_ENVIRONMENTS, DELETE];

#[async_trait]
impl PreferenceStore for SqliteStore {
    async fn preferences(&self, scope: &Scope, selection: Selection<'_>) -> Result<Vec<TeamPreferences>> {
        match selection {
            Selection::Teams([team]) => self.readers.run_statement(|db| of_teams(db, scope, &[*team])).await,
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
            let mut found = of_teams(db, &scope, &teams)?;
            let mut trail = Trail::new(scope.org_id, &by);
            for team in &mut found {
                trail.preferences_set(team.team_id, scope.environment, &team.providers, &changes, &raised);
                for (&provider, preference) in &changes {
                    if team.providers.get(&provider) != Some(preference) {
                        store(db, team.team_id, scope.environment, provider, preference, by.at)?;
                        team.providers.insert(provider, preference.clone());
                    }
                }
            }
            audit::record(db, trail)?;
            Ok(found)
        };
        self.writer.run(upsert).await
    }

    async fn delete_preferences(
        &self,
        scope: &Scope,
        teams: Option<&[TeamId]>,
        providers: Option<&[Provider]>,
        by: &Author,
    ) -> Result<()> {
        let (teams, providers) = (teams.map(each_once), providers.map(<[_]>::to_vec));
        let (scope, by) = (scope.clone(), *by);
        let delete = move |db: &Connection| {
            let teams = match &teams {
                Some(teams) => of_teams(db, &scope, teams)?,
                None => of_teams(db, &scope, &with_something(db, &scope)?)?,
            };
            let mut trail = Trail::new(scope.org_id, &by);
            for TeamPreferences { team_id, providers: mut gone } in teams {
                gone.retain(|of, _| providers.as_ref().is_none_or(|providers| providers.contains(of)));
                for provider in gone.keys() {
                    let place = (Id(team_id.0), scope.environment.as_str(), provider.as_str());
                    query::change(db, DELETE, place)?;
                }
                trail.preferences_deleted(team_id, scope.environment, &gone);
            }
            audit::record(db, trail)
        };
        self.writer.run(delete).await
    }
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

/// The teams of the scope that have something stored.
fn with_something(db: &Connection, scope: &Scope) -> Outcome<Vec<TeamId>> {
    let (org, region, environment) = (Id(scope.org_id.0), scope.region.as_str(), scope.environment.as_str());
    let mut teams = query::all(db, WITH_SOMETHING, (org, region, environment), |row| {
        row.get(0).map(|Id(id)| TeamId(id))
    })?;
    teams.retain(|&team| scope.visible.sees(team));
    Ok(teams)
}

/// What these teams have stored; an error where some are not in the scope.
fn of_teams(db: &Connection, scope: &Scope, teams: &[TeamId]) -> Outcome<Vec<TeamPreferences>> {
    let (mut found, mut unknown) = (Vec::with_capacity(teams.len()), Vec::new());
    for &team in teams {
        match of_team(db, scope, team)?.filter(|_| scope.visible.sees(team)) {
            Some(preferences) => found.push(preferences),
            None => unknown.push(team),
        }
    }
    if unknown.is_empty() { Ok(found) } else { Err(Error::UnknownTeams(unknown).into()) }
}

fn of_team(db: &Connection, scope: &Scope, team_id: TeamId) -> rusqlite::Result<Option<TeamPreferences>> {
    let place = (Id(team_id.0), Id(scope.org_id.0), scope.region.as_str(), scope.environment.as_str());
    let rows = query::all(db, OF_TEAM, place, read)?;
    let is_known = !rows.is_empty();
    Ok(is_known.then(|| TeamPreferences { team_id, providers: rows.into_iter().flatten().collect() }))
}

/// What a team has stored, wherever it lives.
pub(crate) fn of_both_environments(
    db: &Connection,
    team: TeamId,
) -> rusqlite::Result<BTreeMap<(Environment, Provider), Preference>> {
    let rows = query::all(db, OF_BOTH_ENVIRONMENTS, [Id(team.0)], |row| {
        let Slug(environment) = row.get(3)?;
        Ok(read(row)?.map(|(provider, preference)| ((environment, provider), preference)))
    })?;
    Ok(rows.into_iter().flatten().collect())
}

pub(crate) fn store(
    db: &Connection,
    team: TeamId,
    environment: Environment,
    provider: Provider,
    preference: &Preference,
    at: Timestamp,
) -> Outcome<()> {
    let (default, overrides) = (Span(preference.default), Overrides::to_column(&preference.overrides));
    let row = params![Id(team.0), environment.as_str(), provider.as_str(), default, overrides, Time(at)];
    query::change(db, UPSERT, row)?;
    Ok(())
}

pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Option<(Provider, Preference)>> {
    let Some(Slug(provider)) = row.get(0)? else { return Ok(None) };
    let (Span(default), Overrides(overrides)) = (row.get(1)?, row.get(2)?);
    Ok(Some((provider, Preference { default, overrides })))
}

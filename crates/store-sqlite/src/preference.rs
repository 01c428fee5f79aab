//! Preferences.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::{Preference, Provider, TeamId};
use lookback_store::{Error, PreferenceStore, Result, Scope, Selection, TeamPreferences, each_once};
use rusqlite::{Connection, Row, params};

use crate::column::{After, Id, Overrides, Slug, Span, Time, limit};
use crate::failure::Outcome;
use crate::{SqliteStore, query};

const PAGE: &str = "SELECT id FROM team WHERE org_id = ?1 AND region = ?2 AND id > ?3 ORDER BY id LIMIT ?4";
const IS_IN_SCOPE: &str = "SELECT 1 FROM team WHERE id = ?1 AND org_id = ?2 AND region = ?3";
// One row a provider; a row without one for a team that has nothing; no row where the team is not in the scope.
const OF_TEAM: &str = "SELECT provider, default_days, overrides \
     FROM team LEFT JOIN preference ON team_id = id AND environment = ?4 \
     WHERE id = ?1 AND org_id = ?2 AND region = ?3";
const UPSERT: &str = "INSERT INTO preference \
     (team_id, environment, provider, default_days, overrides, updated_at_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
     ON CONFLICT DO UPDATE SET default_days = excluded.default_days, overrides = excluded.overrides, \
     updated_at_us = excluded.updated_at_us";
const DELETE_OF_TEAM: &str = "DELETE FROM preference WHERE team_id = ?1 AND environment = ?2";
const DELETE_ONE_OF_TEAM: &str =
    "DELETE FROM preference WHERE team_id = ?1 AND environment = ?2 AND provider = ?3";
const DELETE_OF_ALL: &str = "DELETE FROM preference \
     WHERE team_id IN (SELECT id FROM team WHERE org_id = ?1 AND region = ?2) AND environment = ?3";
const DELETE_ONE_OF_ALL: &str = "DELETE FROM preference \
     WHERE team_id IN (SELECT id FROM team WHERE org_id = ?1 AND region = ?2) AND environment = ?3 \
     AND provider = ?4";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    PAGE,
    IS_IN_SCOPE,
    OF_TEAM,
    UPSERT,
    DELETE_OF_TEAM,
    DELETE_ONE_OF_TEAM,
    DELETE_OF_ALL,
    DELETE_ONE_OF_ALL,
];

#[async_trait]
impl PreferenceStore for SqliteStore {
    async fn preferences(&self, scope: Scope, selection: Selection<'_>) -> Result<Vec<TeamPreferences>> {
        match selection {
            Selection::Teams([team]) => self.readers.run_statement(|db| of_teams(db, scope, &[*team])).await,
            Selection::Teams(teams) => {
                let teams = each_once(teams);
                self.readers.run(teams.len(), move |db| of_teams(db, scope, &teams)).await
            }
            Selection::Page { after, limit } => {
                let page = move |db: &Connection| of_teams(db, scope, &page(db, scope, after, limit)?);
                self.readers.run(limit, page).await
            }
        }
    }

    async fn upsert_preferences(
        &self,
        scope: Scope,
        teams: &[TeamId],
        changes: &BTreeMap<Provider, Preference>,
        at: Timestamp,
    ) -> Result<Vec<TeamPreferences>> {
        let (teams, changes) = (each_once(teams), changes.clone());
        let upsert = move |db: &Connection| {
            require(db, scope, &teams)?;
            for (provider, preference) in &changes {
                let overrides = Overrides::to_column(&preference.overrides);
                let environment = scope.environment.as_str();
                for team in &teams {
                    let (default, at) = (Span(preference.default), Time(at));
                    let row = params![Id(team.0), environment, provider.as_str(), default, overrides, at];
                    query::change(db, UPSERT, row)?;
                }
            }
            of_teams(db, scope, &teams)
        };
        self.writer.run(upsert).await
    }

    async fn delete_preferences(
        &self,
        scope: Scope,
        teams: Option<&[TeamId]>,
        providers: Option<&[Provider]>,
    ) -> Result<()> {
        let (teams, providers) = (teams.map(each_once), providers.map(<[_]>::to_vec));
        let delete = move |db: &Connection| match &teams {
            Some(teams) => {
                require(db, scope, teams)?;
                teams.iter().try_for_each(|&team| delete_of_team(db, scope, team, providers.as_deref()))
            }
            None => delete_of_all(db, scope, providers.as_deref()),
        };
        self.writer.run(delete).await
    }
}

fn page(db: &Connection, scope: Scope, after: Option<TeamId>, rows: usize) -> Outcome<Vec<TeamId>> {
    let after = After(after.map(|id| id.0));
    let page = (Id(scope.org_id.0), scope.region.as_str(), after, limit(rows));
    Ok(query::all(db, PAGE, page, |row| row.get(0).map(|Id(id)| TeamId(id)))?)
}

/// Sees that all these teams are in the scope.
fn require(db: &Connection, scope: Scope, teams: &[TeamId]) -> Outcome<()> {
    let mut unknown = Vec::new();
    for &team in teams {
        let place = (Id(team.0), Id(scope.org_id.0), scope.region.as_str());
        if query::one(db, IS_IN_SCOPE, place, |_| Ok(()))?.is_none() {
            unknown.push(team);
        }
    }
    if unknown.is_empty() { Ok(()) } else { Err(Error::UnknownTeams(unknown).into()) }
}

/// What these teams have stored; an error where some are not in the scope.
fn of_teams(db: &Connection, scope: Scope, teams: &[TeamId]) -> Outcome<Vec<TeamPreferences>> {
    let (mut found, mut unknown) = (Vec::with_capacity(teams.len()), Vec::new());
    for &team in teams {
        match of_team(db, scope, team)? {
            Some(preferences) => found.push(preferences),
            None => unknown.push(team),
        }
    }
    if unknown.is_empty() { Ok(found) } else { Err(Error::UnknownTeams(unknown).into()) }
}

fn of_team(db: &Connection, scope: Scope, team_id: TeamId) -> rusqlite::Result<Option<TeamPreferences>> {
    let place = (Id(team_id.0), Id(scope.org_id.0), scope.region.as_str(), scope.environment.as_str());
    let rows = query::all(db, OF_TEAM, place, read)?;
    let is_known = !rows.is_empty();
    Ok(is_known.then(|| TeamPreferences { team_id, providers: rows.into_iter().flatten().collect() }))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Option<(Provider, Preference)>> {
    let Some(Slug(provider)) = row.get(0)? else { return Ok(None) };
    let (Span(default), Overrides(overrides)) = (row.get(1)?, row.get(2)?);
    Ok(Some((provider, Preference { default, overrides })))
}

fn delete_of_team(
    db: &Connection,
    scope: Scope,
    team: TeamId,
    providers: Option<&[Provider]>,
) -> Outcome<()> {
    let environment = scope.environment.as_str();
    let Some(providers) = providers else {
        query::change(db, DELETE_OF_TEAM, (Id(team.0), environment))?;
        return Ok(());
    };
    for provider in providers {
        query::change(db, DELETE_ONE_OF_TEAM, (Id(team.0), environment, provider.as_str()))?;
    }
    Ok(())
}

fn delete_of_all(db: &Connection, scope: Scope, providers: Option<&[Provider]>) -> Outcome<()> {
    let (region, environment) = (scope.region.as_str(), scope.environment.as_str());
    let Some(providers) = providers else {
        query::change(db, DELETE_OF_ALL, (Id(scope.org_id.0), region, environment))?;
        return Ok(());
    };
    for provider in providers {
        let place = (Id(scope.org_id.0), region, environment, provider.as_str());
        query::change(db, DELETE_ONE_OF_ALL, place)?;
    }
    Ok(())
}

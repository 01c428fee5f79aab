//! Reading them: of the teams that many requests name at once, or page by page.

use std::collections::BTreeMap;

use lookback_domain::{Environment, OrgId, Preference, Provider, Region, TeamId};
use lookback_store::{Error, Kept, Result, Scope, TeamPreferences, Visible};
use tokio_postgres::Row;

use super::{Columns, position};
use crate::batch::Asked;
use crate::column::json;
use crate::failure::Outcome;
use crate::page::page_of;
use crate::session::Session;
use crate::transaction::Transactions;

/// What teams have, of those that are where they are looked for.
///
/// That is asked so that no index answers it: with `=` teams were looked for in the index of regions, which is twice as
/// large as that of their ids, and each step within it compares three columns.
macro_rules! select_of_teams {
    ($rest:literal) => {
        concat!(
            "SELECT asked.n, CASE environment WHEN 'production' THEN production_preferences \
             ELSE sandbox_preferences END \
             FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) WITH ORDINALITY \
             AS asked (team_id, org_id, region, environment, n) JOIN team ON team.id = asked.team_id \
             AND team.org_id IS NOT DISTINCT FROM asked.org_id AND team.region IS NOT DISTINCT FROM asked.region ",
            $rest
        )
    };
}
pub(super) use select_of_teams;

/// A page of what teams of a region have: of all of them, and of some.
macro_rules! page {
    (for $of:literal $rest:literal) => {
        concat!(
            "SELECT id, CASE $5 WHEN 'production' THEN production_preferences ELSE sandbox_preferences END \
             FROM team WHERE org_id = $1 AND region = $2 AND id >= $3 ",
            $of,
            "ORDER BY id LIMIT $4",
            $rest
        )
    };
    ($rest:literal) => {
        [page!(for "" $rest), page!(for "AND id = ANY($6) " $rest)]
    };
}

pub(super) const OF_TEAMS: &str = select_of_teams!("");
pub(super) const PAGE: [&str; 2] = page!("");
pub(super) const LOCK_PAGE: [&str; 2] = page!(" FOR NO KEY UPDATE");
pub(super) const OF_BOTH_ENVIRONMENTS: &str =
    "SELECT production_preferences, sandbox_preferences FROM team WHERE id = $1";

/// Of the whole deployment, the first teams from one on that have something.
pub(crate) const EVERY: &str = "SELECT production_preferences, sandbox_preferences, id FROM team WHERE id >= $1 \
     AND (production_preferences IS NOT NULL OR sandbox_preferences IS NOT NULL) ORDER BY id LIMIT $2";

/// One environment of a team, and where the team has to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) org_id: OrgId,
    pub(crate) region: Region,
    pub(crate) environment: Environment,
    pub(crate) team_id: TeamId,
}

impl Place {
    pub(crate) fn of(scope: &Scope, team_id: TeamId) -> Self {
        Self { org_id: scope.org_id, region: scope.region, environment: scope.environment, team_id }
    }
}

/// What these teams have stored, in this order; nothing where one is not in its place.
pub(super) async fn of_teams(session: &Session, places: &[Place]) -> Outcome<Vec<Option<TeamPreferences>>> {
    let found = kept_of(session, OF_TEAMS, places).await?.into_iter().zip(places);
    Ok(found.map(|(kept, place)| Some(preferences((place.team_id, kept?)))).collect())
}

/// The same, with when it was set, as one of the statements finds it that are made by [`select_of_teams!`].
pub(super) async fn kept_of(session: &Session, sql: &str, places: &[Place]) -> Outcome<Vec<Option<Kept>>> {
    let Columns { teams, orgs, regions, environments } = Columns::of(places);
    let mut found = vec![None; places.len()];
    for row in session.all(sql, &[&teams, &orgs, &regions, &environments]).await? {
        found[position(row.try_get(0)?)] = Some(kept(&row, 1)?);
    }
    Ok(found)
}

pub(super) fn preferences((team_id, kept): (TeamId, Kept)) -> TeamPreferences {
    TeamPreferences { team_id, providers: kept.preferences() }
}

/// A page of what is stored, as one of the two statements finds it that are made by [`page!`].
pub(super) async fn page(
    session: &Session,
    [of_all, of_some]: [&str; 2],
    scope: &Scope,
    after: Option<TeamId>,
    rows: usize,
) -> Outcome<Vec<(TeamId, Kept)>> {
    let (first, rows) = page_of(after.map(|id| id.0), rows);
    let (org, region, environment) = (scope.org_id.0, scope.region.as_str(), scope.environment.as_str());
    let found = match &scope.visible {
        Visible::All => session.all(of_all, &[&org, &region, &first, &rows, &environment]).await?,
        Visible::Only(teams) => {
            let teams: Vec<_> = teams.iter().map(|team| team.0).collect();
            session.all(of_some, &[&org, &region, &first, &rows, &environment, &teams]).await?
        }
    };
    found.iter().map(|row| Ok((TeamId(row.try_get(0)?), kept(row, 1)?))).collect()
}

/// What a team has stored, wherever it lives.
pub(crate) async fn of_both_environments(
    session: &Session,
    team: TeamId,
) -> Outcome<BTreeMap<(Environment, Provider), Preference>> {
    let mut found = BTreeMap::new();
    for row in session.all(OF_BOTH_ENVIRONMENTS, &[&team.0]).await? {
        for (environment, kept) in both(&row)? {
            let named = kept.preferences().into_iter();
            found.extend(named.map(|(provider, preference)| ((environment, provider), preference)));
        }
    }
    Ok(found)
}

/// What the first two columns hold, an environment each.
pub(crate) fn both(row: &Row) -> Outcome<[(Environment, Kept); 2]> {
    Ok([(Environment::Production, kept(row, 0)?), (Environment::Sandbox, kept(row, 1)?)])
}

/// What a team has stored in an environment; no value is nothing.
fn kept(row: &Row, column: usize) -> Outcome<Kept> {
    Ok(json(row, column)?.unwrap_or_default())
}

/// Answers what many ask about a team each, in one statement.
pub(crate) async fn read_batch(transactions: Transactions, batch: Vec<Asked<Place, TeamPreferences>>) {
    let places: Vec<_> = batch.iter().map(|asked| asked.question).collect();
    let places = &places;
    let read = |session: Session| async move { of_teams(&session, places).await };
    match transactions.read(read).await {
        Ok(found) => {
            for (asked, found) in batch.into_iter().zip(found) {
                let unknown = Error::UnknownTeams(vec![asked.question.team_id]);
                asked.answer(found.ok_or(unknown));
            }
        }
        Err(error) => refuse(batch, &error),
    }
}

/// Tells everybody of a batch the same.
pub(super) fn refuse<Q: Send + 'static, A: Send + 'static>(batch: Vec<Asked<Q, A>>, error: &Error) {
    for asked in batch {
        let answer: Result<A> = Err(error.clone());
        asked.answer(answer);
    }
}

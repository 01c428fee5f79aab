//! Reading them: of the teams that many requests name at once, or page by page.

use std::collections::BTreeMap;

use lookback_domain::{Environment, OrgId, Preference, Provider, Region, TeamId};
use lookback_store::{Error, Result, Scope, TeamPreferences, Visible};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{Columns, position};
use crate::batch::Asked;
use crate::column::{days, overrides, slug};
use crate::failure::Outcome;
use crate::session::Session;
use crate::team::page_of;
use crate::transaction::Transactions;

// One row a provider; a row without one for a team that has nothing; no row where the team is not in the scope.
pub(super) const OF_TEAMS: &str = "SELECT asked.n, provider, default_days, overrides \
     FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) WITH ORDINALITY \
     AS asked (team_id, org_id, region, environment, n) JOIN team ON team.id = asked.team_id \
     AND team.org_id = asked.org_id AND team.region = asked.region \
     LEFT JOIN preference ON preference.team_id = team.id AND preference.environment = asked.environment";
pub(super) const PAGE: &str = "SELECT team.id, provider, default_days, overrides FROM \
     (SELECT id FROM team WHERE org_id = $1 AND region = $2 AND id >= $3 ORDER BY id LIMIT $4) team \
     LEFT JOIN preference ON team_id = team.id AND environment = $5";
pub(super) const PAGE_OF_SOME: &str = "SELECT team.id, provider, default_days, overrides FROM \
     (SELECT id FROM team WHERE org_id = $1 AND region = $2 AND id >= $3 AND id = ANY($6) ORDER BY id LIMIT $4) \
     team LEFT JOIN preference ON team_id = team.id AND environment = $5";
// The teams that have something.
pub(super) const STORED: &str = "SELECT team_id, provider, default_days, overrides FROM preference \
     WHERE team_id = ANY($1) AND environment = $2";
pub(super) const OF_BOTH_ENVIRONMENTS: &str =
    "SELECT environment, provider, default_days, overrides FROM preference WHERE team_id = $1";

/// Of the whole deployment: all rows of the next places, a place being a team and an environment.
pub(crate) const EVERY: &str = "SELECT team_id, provider, default_days, overrides, environment, updated_at_us \
     FROM preference WHERE (team_id, environment) IN (SELECT DISTINCT team_id, environment FROM preference \
     WHERE (team_id, environment) > ($1, $2) ORDER BY team_id, environment LIMIT $3)";

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
    let Columns { teams, orgs, regions, environments } = Columns::of(places);
    let mut found: Vec<Option<TeamPreferences>> = vec![None; places.len()];
    for row in session.all(OF_TEAMS, &[&teams, &orgs, &regions, &environments]).await? {
        let n = position(row.try_get(0)?);
        let empty = || TeamPreferences { team_id: places[n].team_id, providers: BTreeMap::new() };
        found[n].get_or_insert_with(empty).providers.extend(preference(&row)?);
    }
    Ok(found)
}

pub(super) async fn page(
    session: &Session,
    scope: &Scope,
    after: Option<TeamId>,
    rows: usize,
) -> Outcome<Vec<TeamPreferences>> {
    let (first, rows) = page_of(after.map(|id| id.0), rows);
    let (org, region, environment) = (scope.org_id.0, scope.region.as_str(), scope.environment.as_str());
    let found = match &scope.visible {
        Visible::All => session.all(PAGE, &[&org, &region, &first, &rows, &environment]).await?,
        Visible::Only(teams) => {
            let teams: Vec<_> = teams.iter().map(|team| team.0).collect();
            session.all(PAGE_OF_SOME, &[&org, &region, &first, &rows, &environment, &teams]).await?
        }
    };
    by_team(&found)
}

/// What is stored for those of these teams that have something.
pub(super) async fn stored(
    session: &Session,
    teams: &[Uuid],
    environment: Environment,
) -> Outcome<Vec<TeamPreferences>> {
    by_team(&session.all(STORED, &[&teams, &environment.as_str()]).await?)
}

/// In the order of the teams' ids, from rows that begin with one.
fn by_team(rows: &[Row]) -> Outcome<Vec<TeamPreferences>> {
    let mut found: BTreeMap<TeamId, BTreeMap<_, _>> = BTreeMap::new();
    for row in rows {
        found.entry(TeamId(row.try_get(0)?)).or_default().extend(preference(row)?);
    }
    Ok(found.into_iter().map(|(team_id, providers)| TeamPreferences { team_id, providers }).collect())
}

/// What a team has stored, wherever it lives.
pub(crate) async fn of_both_environments(
    session: &Session,
    team: TeamId,
) -> Outcome<BTreeMap<(Environment, Provider), Preference>> {
    let mut found = BTreeMap::new();
    for row in session.all(OF_BOTH_ENVIRONMENTS, &[&team.0]).await? {
        let environment: Environment = slug(row.try_get(0)?)?;
        found.extend(preference(&row)?.map(|(provider, preference)| ((environment, provider), preference)));
    }
    Ok(found)
}

/// What is in the second column and those after it.
pub(crate) fn preference(row: &Row) -> Outcome<Option<(Provider, Preference)>> {
    let Some(provider) = row.try_get(1)? else { return Ok(None) };
    let preference = Preference { default: days(row, 2)?, overrides: overrides(row, 3)? };
    Ok(Some((slug(provider)?, preference)))
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

//! `GET`: lists teams.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use lookback_domain::{Region, TeamId};
use lookback_store::{Team, TeamFilter};

use crate::openapi::Refusals;
use crate::routes::cursor::{Fingerprint, after, page};
use crate::routes::org::OrgPath;
use crate::wire::{Name, Nullable, Problems, model, request};
use crate::{App, Caller, Error, Valid};

request! { query
    /// Which teams to list.
    pub struct ListTeamsQuery {
        /// Only this one.
        pub team_id: Option<TeamId>,
        /// Only those that live in one of these.
        pub region: Option<Vec<Region>>,
        /// Only those whose name has this in it, in capitals or not.
        pub search_query: Option<Name>,
        /// Where the page begins: the `next_cursor` of the one before. Empty means at the beginning.
        pub next_cursor: Option<String>,
    }
}

model! {
    /// A page of teams.
    pub struct ClientFacingOrgTeamListResponse {
        /// In the order of their ids.
        pub teams: Vec<ClientFacingOrgTeamListItem>,
        /// Where the next page begins; null where there is none.
        pub next_cursor: Nullable<String>,
    }
}

model! {
    /// A team in a list.
    pub struct ClientFacingOrgTeamListItem {
        /// Its id.
        pub id: TeamId,
        /// What people call it.
        pub name: String,
        /// When it was created.
        pub created_on: Timestamp,
        /// Where it lives.
        pub region: Region,
        /// What another system calls it.
        pub integration_team_id: Option<String>,
    }
}

impl From<Team> for ClientFacingOrgTeamListItem {
    fn from(team: Team) -> Self {
        Self {
            id: team.id,
            name: team.name,
            created_on: team.created_at,
            region: team.region,
            integration_team_id: team.integration_team_id,
        }
    }
}

/// How many teams a page shows.
const PAGE: usize = 100;

/// List teams.
///
/// A `team_admin` key sees the teams it is bound to.
#[utoipa::path(
    get,
    path = "/v1/org/{org_id}/team",
    operation_id = "list_teams_in_org_v1_org__org_id__team_get",
    tag = "Team",
    summary = "List Teams In Org",
    params(OrgPath, ListTeamsQuery),
    responses((status = 200, description = "Successful Response", body = ClientFacingOrgTeamListResponse), Refusals),
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Valid { path, query, .. }: Valid<OrgPath, ListTeamsQuery>,
) -> Result<Json<ClientFacingOrgTeamListResponse>, Error> {
    caller.of(path.org_id)?;
    let fingerprint =
        || Fingerprint::of(("teams", path.org_id, query.team_id, &query.region, &query.search_query));
    let mut problems = Problems::default();
    let after = after(query.next_cursor.as_deref(), fingerprint, &mut problems);
    Error::check(problems)?;

    let filter = TeamFilter {
        visible: caller.visible(),
        id: query.team_id,
        regions: query.region.clone().unwrap_or_default(),
        search: query.search_query.as_ref().map(|part| part.0.clone()),
    };
    let teams = app.store.teams(path.org_id, &filter, after.map(TeamId), PAGE + 1).await?;
    let (teams, next_cursor) = page(teams, PAGE, |last| last.id.0, fingerprint);
    let teams = teams.into_iter().map(Into::into).collect();
    Ok(Json(ClientFacingOrgTeamListResponse { teams, next_cursor: Nullable(next_cursor) }))
}

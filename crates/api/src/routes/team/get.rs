//! `GET`: shows a team.

use axum::Json;
use axum::extract::State;
use lookback_domain::Environment;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::{ClientFacingOrgTeam, TeamPath, visible};
use crate::openapi::Refusals;
use crate::wire::{Describe, Loc, Problems, Read, Value, request, with_default};
use crate::{App, Caller, Error, Valid};

request! { query
    /// What to show besides.
    pub struct GetTeamQuery {
        /// The environments whose settings to show.
        pub include_environment: Environments = Environments(Vec::new()),
    }
}

/// Environments; the contract says what it means to name none.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(transparent)]
pub struct Environments(pub Vec<Environment>);

impl Read for Environments {
    const REPEATED: bool = true;

    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        Vec::read(value, loc, problems).map(Self)
    }
}

impl Describe for Environments {
    const OPTIONAL: bool = true;

    fn schema() -> RefOr<Schema> {
        with_default(Vec::<Environment>::schema(), Vec::<Environment>::new())
    }
}

/// Show a team.
#[utoipa::path(
    get,
    path = "/v1/org/{org_id}/team/{team_id}",
    operation_id = "get_team_in_org_v1_org__org_id__team__team_id__get",
    tag = "Team",
    summary = "Get Team In Org",
    params(TeamPath, GetTeamQuery),
    responses((status = 200, description = "Successful Response", body = ClientFacingOrgTeam), Refusals),
)]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Valid { path, query, .. }: Valid<TeamPath, GetTeamQuery>,
) -> Result<Json<ClientFacingOrgTeam>, Error> {
    caller.of(path.org_id)?;
    let team = visible(&app, &caller, path.org_id, path.team_id).await?;
    Ok(Json(ClientFacingOrgTeam::new(team, &query.include_environment.0)))
}

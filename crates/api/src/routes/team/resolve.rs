//! `POST …/resolve_team`: which team another system means.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use lookback_domain::{Environment, Region, TeamId};

use super::environment::ClientFacingOrgTeamEnvironment;
use super::{ClientFacingOrgTeam, refuse_nul};
use crate::openapi::Refusals;
use crate::routes::org::OrgPath;
use crate::wire::{IntegrationTeamId, Loc, Nullable, Optional, Problems, model, request};
use crate::{App, Caller, Error, Valid};

request! {
    /// What another system calls the team.
    pub struct ResolveTeamBody {
        /// Its id there.
        pub integration_team_id: IntegrationTeamId,
    }
}

model! {
    /// The team that another system calls so.
    pub struct ResolveTeamResponse {
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
        /// Its environments.
        pub environments: Optional<Vec<Environment>>,
        /// The settings of one environment, where they were asked for.
        pub sandbox: Nullable<ClientFacingOrgTeamEnvironment>,
        /// The settings of the other.
        pub production: Nullable<ClientFacingOrgTeamEnvironment>,
    }
}

/// Find a team by what another system calls it.
#[utoipa::path(
    post,
    path = "/v1/org/{org_id}/resolve_team",
    operation_id = "resolve_team_v1_org__org_id__resolve_team_post",
    tag = "EHR Integration",
    summary = "Resolve Team",
    params(OrgPath),
    request_body = ResolveTeamBody,
    responses((status = 200, description = "Successful Response", body = ResolveTeamResponse), Refusals),
)]
pub async fn resolve(
    State(app): State<App>,
    caller: Caller,
    Valid { path, body, .. }: Valid<OrgPath, (), ResolveTeamBody>,
) -> Result<Json<ResolveTeamResponse>, Error> {
    caller.of(path.org_id)?;
    let (asked, mut problems) = (body.integration_team_id.0, Problems::default());
    refuse_nul(&asked, &Loc::root("body").key("integration_team_id"), &mut problems);
    Error::check(problems)?;
    let found = app.store.team_by_integration_id(path.org_id, &asked).await?;
    let Some(team) = found.filter(|team| caller.sees(team.id)) else {
        return Err(Error::NotFound("No team of this organisation has this integration_team_id.".to_owned()));
    };
    let ClientFacingOrgTeam {
        id,
        name,
        created_on,
        region,
        integration_team_id,
        environments,
        sandbox,
        production,
    } = ClientFacingOrgTeam::new(team, &[]);
    Ok(Json(ResolveTeamResponse {
        id,
        name,
        created_on,
        region,
        integration_team_id,
        environments,
        sandbox,
        production,
    }))
}

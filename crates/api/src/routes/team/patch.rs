//! `PATCH`: changes a team.

use axum::Json;
use axum::extract::State;
use lookback_store::{Error as StoreError, TeamPatch};

use super::environment::UpdateOrgTeamEnvironmentBody;
use super::{
    ClientFacingOrgTeam, IntegrationTeamIDConflictResponse, TeamPath, answered, refuse_nul, taken, unknown,
    visible,
};
use crate::openapi::Refusals;
use crate::wire::{Given, IntegrationTeamId, Loc, Name, Problems, request};
use crate::{App, Caller, Error, Valid};

request! { closed
    /// What is to change of a team; what is left out stays.
    pub struct UpdateOrgTeamBody {
        /// Its new name.
        pub name: Option<Name>,
        /// What another system calls it; null: none does.
        pub integration_team_id: Given<IntegrationTeamId>,
        /// The documented defaults are accepted, and nothing else.
        pub sandbox: Option<UpdateOrgTeamEnvironmentBody>,
        /// The documented defaults are accepted, and nothing else.
        pub production: Option<UpdateOrgTeamEnvironmentBody>,
    }
}

impl UpdateOrgTeamBody {
    /// Refuses what is not supported and what cannot be stored.
    fn refuse(&self, problems: &mut Problems) {
        let body = Loc::root("body");
        if let Given::Value(id) = &self.integration_team_id {
            refuse_nul(&id.0, &body.key("integration_team_id"), problems);
        }
        for (name, settings) in [("sandbox", &self.sandbox), ("production", &self.production)] {
            if let Some(settings) = settings {
                settings.refuse(&body.key(name), problems);
            }
        }
    }
}

/// Change a team.
///
/// What is left out stays. `integration_team_id` can be taken away with null; settings of an environment take their
/// documented defaults and nothing else.
#[utoipa::path(
    patch,
    path = "/v1/org/{org_id}/team/{team_id}",
    operation_id = "update_team_in_org_v1_org__org_id__team__team_id__patch",
    tag = "Team",
    summary = "Update Team In Org",
    params(TeamPath),
    request_body = UpdateOrgTeamBody,
    responses(
        (status = 200, description = "Successful Response", body = ClientFacingOrgTeam),
        (status = 409, description = "Conflict", body = IntegrationTeamIDConflictResponse),
        Refusals,
    ),
)]
pub async fn patch(
    State(app): State<App>,
    caller: Caller,
    Valid { path, body, .. }: Valid<TeamPath, (), UpdateOrgTeamBody>,
) -> Result<Json<ClientFacingOrgTeam>, Error> {
    caller.of(path.org_id)?;
    if !caller.sees(path.team_id) {
        return Err(unknown(path.team_id));
    }
    let mut problems = Problems::default();
    body.refuse(&mut problems);
    if !problems.is_empty() {
        visible(&app, &caller, path.org_id, path.team_id).await?;
    }
    Error::check(problems)?;

    let patch = TeamPatch {
        name: body.name.map(|name| name.0),
        integration_team_id: body.integration_team_id.change().map(|id| id.map(|id| id.0)),
    };
    let asked = patch.integration_team_id.clone().flatten().unwrap_or_default();
    match app.store.patch_team(path.org_id, path.team_id, patch, &app.author(caller.actor())).await {
        Ok(team) => Ok(Json(ClientFacingOrgTeam::new(team, &[]))),
        Err(StoreError::IntegrationTeamIdTaken(by)) => Err(taken(&caller, by, &asked)),
        Err(error) => Err(answered(error, path.team_id)),
    }
}

//! `DELETE`: deletes a team.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{TeamPath, answered};
use crate::openapi::Refusals;
use crate::{App, Caller, Error, Valid};

/// Delete a team.
///
/// Its preferences, its OAuth applications and the bindings of keys to it go with it. Wants an `org_admin` key.
#[utoipa::path(
    delete,
    path = "/v1/org/{org_id}/team/{team_id}",
    operation_id = "delete_team_in_org_v1_org__org_id__team__team_id__delete",
    tag = "Team",
    summary = "Delete Team In Org",
    params(TeamPath),
    responses((status = 200, description = "Successful Response", body = Value), Refusals),
)]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Valid { path, .. }: Valid<TeamPath>,
) -> Result<Json<Value>, Error> {
    caller.admin_of(path.org_id)?;
    let deleted = app.store.delete_team(path.org_id, path.team_id, &app.author(caller.actor())).await;
    deleted.map_err(|error| answered(error, path.team_id))?;
    Ok(Json(json!({})))
}

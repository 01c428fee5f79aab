//! `PATCH`: renames an organisation.

use axum::Json;
use axum::extract::State;

use super::{ClientFacingOrg, OrgPath};
use crate::openapi::Refusals;
use crate::wire::{Name, request};
use crate::{App, Caller, Error, Valid};

request! { closed
    /// What an organisation is to be called.
    pub struct UpdateOrgBody {
        /// Its new name.
        pub name: Name,
    }
}

/// Rename the organisation.
///
/// Wants an `org_admin` key.
#[utoipa::path(
    patch,
    path = "/v1/org/{org_id}",
    operation_id = "update_org_v1_org__org_id__patch",
    tag = "Org",
    summary = "Update Org",
    params(OrgPath),
    request_body = UpdateOrgBody,
    responses((status = 200, description = "Successful Response", body = ClientFacingOrg), Refusals),
)]
pub async fn patch(
    State(app): State<App>,
    caller: Caller,
    Valid { path, body, .. }: Valid<OrgPath, (), UpdateOrgBody>,
) -> Result<Json<ClientFacingOrg>, Error> {
    caller.admin_of(path.org_id)?;
    let renamed = app.store.rename_org(path.org_id, body.name.0, &app.author(caller.actor())).await?;
    Ok(Json(renamed.into()))
}

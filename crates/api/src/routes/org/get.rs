//! `GET`: shows an organisation.

use axum::Json;
use axum::extract::State;

use super::{ClientFacingOrg, OrgPath};
use crate::openapi::Refusals;
use crate::{App, Caller, Error, Valid};

/// Show the organisation.
#[utoipa::path(
    get,
    path = "/v1/org/{org_id}",
    operation_id = "get_org_v1_org__org_id__get",
    tag = "Org",
    summary = "Get Org",
    params(OrgPath),
    responses((status = 200, description = "Successful Response", body = ClientFacingOrg), Refusals),
)]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Valid { path, .. }: Valid<OrgPath>,
) -> Result<Json<ClientFacingOrg>, Error> {
    caller.of(path.org_id)?;
    Ok(Json(app.store.org(path.org_id).await?.into()))
}

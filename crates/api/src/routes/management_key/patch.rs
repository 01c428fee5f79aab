//! `PATCH`: changes a management key.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use lookback_domain::Role;
use lookback_store::{KeyGuard, KeyPatch};

use super::{
    ClientFacingManagementKey, KeyPath, TeamRoleBinding, bindings, refuse, refuse_end, refuse_label, visible,
};
use crate::error::Refusal;
use crate::openapi::Refusals;
use crate::wire::{Extension, Given, Problems, request};
use crate::{App, Caller, Error, Valid};

request! {
    /// What is to change of a key; what is left out, or null, stays.
    pub struct PatchManagementKeyBody {
        /// What people are to call it.
        pub label: Option<String>,
        /// The teams that a `team_admin` may manage from now on.
        pub team_role_bindings: Option<Vec<TeamRoleBinding>>,
        /// From when on it is refused; null: it never is.
        pub expires_at: Extension<Given<Timestamp>>,
    }
}

/// Change a management key.
///
/// What is left out, or null, stays. A `team_admin` key can change others that reach no further than itself. Beyond
/// the documented fields, `expires_at` says from when on the key is refused; null: it never is. A `team_admin` key that
/// ends cannot have a key outlast it, itself included.
#[utoipa::path(
    patch,
    path = "/v1/org/{org_id}/management_key/{key_id}",
    operation_id = "patch_management_key_v1_org__org_id__management_key__key_id__patch",
    tag = "Management Key",
    summary = "Patch Management Key",
    params(KeyPath),
    request_body = PatchManagementKeyBody,
    responses(
        (status = 200, description = "Successful Response", body = ClientFacingManagementKey),
        (status = 409, description = "It is the last org_admin key of the organisation", body = Refusal),
        Refusals,
    ),
    extensions(("x-lookback-additions" = json!({
        "fields": { "expires_at": { "type": ["string", "null"], "format": "date-time" } },
    }))),
)]
pub async fn patch(
    State(app): State<App>,
    caller: Caller,
    Valid { path, body, .. }: Valid<KeyPath, (), PatchManagementKeyBody>,
) -> Result<Json<ClientFacingManagementKey>, Error> {
    caller.of(path.org_id)?;
    let before = visible(&app, &caller, path.org_id, path.key_id).await?;
    let mut problems = Problems::default();
    if let Some(label) = &body.label {
        refuse_label(label, &mut problems);
    }
    let bound = body.team_role_bindings.map(|asked| bindings(before.role, &asked, &mut problems));
    let bound = bound.filter(|_| before.role == Role::TeamAdmin);
    let Extension(expires_at) = body.expires_at;
    let expires_at = expires_at.change();
    if let Some(end) = expires_at {
        refuse_end(&caller, end, app.clock.now(), &mut problems);
    }
    refuse(&app, &caller, path.org_id, bound.as_ref().unwrap_or(&BTreeSet::new()), problems).await?;

    let patch = KeyPatch { label: body.label, bindings: bound, expires_at };
    let guard = KeyGuard { within: caller.visible(), keep_admin: true };
    let key =
        app.store.patch_key(path.org_id, path.key_id, patch, &guard, &app.author(caller.actor())).await?;
    Ok(Json(key.into()))
}

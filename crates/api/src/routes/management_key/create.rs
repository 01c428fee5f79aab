//! `POST`: makes a management key.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use lookback_domain::{KeyId, Role};
use lookback_store::{Key, ManagementKey};

use super::{Creator, TeamRoleBinding, bindings, refuse, refuse_end, refuse_label, shown};
use crate::error::Refusal;
use crate::once::{Token, created};
use crate::openapi::Refusals;
use crate::routes::org::OrgPath;
use crate::wire::{Extension, Nullable, Problems, Secret, model, request};
use crate::{App, Caller, Error, Valid};

request! {
    /// The key to make.
    pub struct CreateManagementKeyBody {
        /// What people are to call it.
        pub label: String,
        /// What it may do.
        pub role: Role,
        /// The teams that a `team_admin` may manage; for an `org_admin` none.
        pub team_role_bindings: Option<Vec<TeamRoleBinding>>,
        /// From when on it is refused.
        pub expires_at: Extension<Option<Timestamp>>,
    }
}

model! {
    /// A new management key, with the key: it is shown this once.
    pub struct ClientFacingManagementKeyUnhashed {
        /// Its id.
        pub id: KeyId,
        /// What people call it.
        pub label: String,
        /// When it was created.
        pub created_at: Timestamp,
        /// Who made it.
        pub creator: Creator,
        /// What it may do.
        pub role: Role,
        /// The teams that a `team_admin` may manage; null for an `org_admin`.
        pub team_role_bindings: Nullable<Vec<TeamRoleBinding>>,
        /// The key itself.
        pub key: Secret,
    }
}

/// Make a management key.
///
/// The key itself is shown this once. A `team_admin` key can make others for the teams it is bound to. Beyond the
/// documented fields, `expires_at` says from when on the key is refused; what a `team_admin` key makes ends with it at the
/// latest. With an `Idempotency-Key` header the same request makes one key however often it is sent within 24 hours: a
/// repetition is a 409 that names the key.
#[utoipa::path(
    post,
    path = "/v1/org/{org_id}/management_key",
    operation_id = "create_management_key_v1_org__org_id__management_key_post",
    tag = "Management Key",
    summary = "Create Management Key",
    params(OrgPath),
    request_body = CreateManagementKeyBody,
    responses(
        (status = 200, description = "Successful Response", body = ClientFacingManagementKeyUnhashed),
        (status = 409, description = "The key was made by the same request before", body = Refusal),
        Refusals,
    ),
    extensions(("x-lookback-additions" = json!({
        "fields": { "expires_at": { "type": ["string", "null"], "format": "date-time" } },
        "headers": ["Idempotency-Key"],
    }))),
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    token: Token,
    Valid { path, body, .. }: Valid<OrgPath, (), CreateManagementKeyBody>,
) -> Result<Json<ClientFacingManagementKeyUnhashed>, Error> {
    caller.of(path.org_id)?;
    if body.role == Role::OrgAdmin {
        caller.admin_of(path.org_id)?;
    }
    let (now, mut problems) = (app.clock.now(), Problems::default());
    let once = token.once(&caller, "create_management_key", (path.org_id, &body), &mut problems);
    refuse_label(&body.label, &mut problems);
    let asked = body.team_role_bindings.unwrap_or_default();
    let bound = bindings(body.role, &asked, &mut problems);
    let Extension(expires_at) = body.expires_at;
    let expires_at = expires_at.or(caller.end());
    refuse_end(&caller, expires_at, now, &mut problems);
    refuse(&app, &caller, path.org_id, &bound, problems).await?;

    let secret = ManagementKey::from_bits(app.random());
    let key = Key {
        id: KeyId(app.id()),
        org_id: path.org_id,
        label: body.label,
        digest: secret.digest(),
        role: body.role,
        bindings: bound,
        creator: caller.actor(),
        created_at: now,
        expires_at,
        last_used_at: None,
    };
    let made = app.store.create_key(key, once, &app.author(caller.actor())).await?;
    let key = created(made, |id| format!("This request made key {id} before; a key is shown only once."))?;
    let team_role_bindings = shown(&key);
    Ok(Json(ClientFacingManagementKeyUnhashed {
        id: key.id,
        label: key.label,
        created_at: key.created_at,
        creator: key.creator.into(),
        role: key.role,
        team_role_bindings,
        key: Secret(secret.reveal().to_owned()),
    }))
}

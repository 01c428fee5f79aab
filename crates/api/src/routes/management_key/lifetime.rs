//! `GET …/lifetime`: when a key was used last, and when it ends. An extension of the documented API.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use lookback_domain::KeyId;

use super::{KeyPath, visible};
use crate::openapi::Refusals;
use crate::wire::{Nullable, model};
use crate::{App, Caller, Error, Valid};

model! {
    /// The lifetime of a key.
    pub struct KeyLifetime {
        /// The key.
        pub key_id: KeyId,
        /// When it was created.
        pub created_at: Timestamp,
        /// When it was used last, to some seconds; null where it was not.
        pub last_used_at: Nullable<Timestamp>,
        /// From when on it is refused; null: it never is.
        pub expires_at: Nullable<Timestamp>,
    }
}

/// Show when a management key was used last, and when it ends.
///
/// An extension of the documented API. `expires_at` is set where a key is made or changed.
#[utoipa::path(
    get,
    path = "/v1/org/{org_id}/management_key/{key_id}/lifetime",
    operation_id = "get_management_key_lifetime_v1_org__org_id__management_key__key_id__lifetime_get",
    tag = "Extensions",
    summary = "Get Management Key Lifetime",
    params(KeyPath),
    responses((status = 200, description = "Successful Response", body = KeyLifetime), Refusals),
    extensions(("x-lookback-extension" = json!(true))),
)]
pub async fn lifetime(
    State(app): State<App>,
    caller: Caller,
    Valid { path, .. }: Valid<KeyPath>,
) -> Result<Json<KeyLifetime>, Error> {
    caller.of(path.org_id)?;
    let key = visible(&app, &caller, path.org_id, path.key_id).await?;
    Ok(Json(KeyLifetime {
        key_id: key.id,
        created_at: key.created_at,
        last_used_at: Nullable(key.last_used_at),
        expires_at: Nullable(key.expires_at),
    }))
}

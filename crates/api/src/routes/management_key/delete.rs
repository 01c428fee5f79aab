//! `DELETE`: revokes a management key.

#![allow(unused_qualifications, reason = "in what utoipa makes of an inline schema")]

use axum::Json;
use axum::extract::State;
use lookback_store::KeyGuard;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::{ClientFacingManagementKey, KeyPath};
use crate::error::Refusal;
use crate::openapi::Refusals;
use crate::wire::{Components, Describe};
use crate::{App, Caller, Error, Valid};

/// The key that was revoked. The contract lets it be null, and gives it a title of its own.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct RemovedKey(ClientFacingManagementKey);

impl PartialSchema for RemovedKey {
    fn schema() -> RefOr<Schema> {
        let mut schema = Option::<ClientFacingManagementKey>::schema();
        if let RefOr::T(Schema::AnyOf(any)) = &mut schema {
            let title = "Response Remove Management Key V1 Org  Org Id  Management Key  Key Id  Delete";
            any.extensions = Some(Extensions::from_iter([("title", title)]));
        }
        schema
    }
}

impl ToSchema for RemovedKey {
    fn schemas(into: &mut Components) {
        ClientFacingManagementKey::components(into);
    }
}

/// Revoke a management key.
///
/// It is refused from the next request on. The last `org_admin` key of an organisation cannot be revoked here.
#[utoipa::path(
    delete,
    path = "/v1/org/{org_id}/management_key/{key_id}",
    operation_id = "remove_management_key_v1_org__org_id__management_key__key_id__delete",
    tag = "Management Key",
    summary = "Remove Management Key",
    params(KeyPath),
    responses(
        (status = 200, description = "Successful Response", body = inline(RemovedKey)),
        (status = 409, description = "It is the last org_admin key of the organisation", body = Refusal),
        Refusals,
    ),
)]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Valid { path, .. }: Valid<KeyPath>,
) -> Result<Json<RemovedKey>, Error> {
    caller.of(path.org_id)?;
    let guard = KeyGuard { within: caller.visible(), keep_admin: true };
    let removed = app.store.delete_key(path.org_id, path.key_id, &guard, &app.author(caller.actor())).await?;
    Ok(Json(RemovedKey(removed.into())))
}

//! `GET`: lists management keys.

use axum::Json;
use axum::extract::State;
use lookback_domain::{KeyId, Role, TeamId};
use lookback_store::KeyFilter;

use super::ClientFacingManagementKey;
use crate::openapi::Refusals;
use crate::routes::cursor::{Fingerprint, after, page, room};
use crate::routes::org::OrgPath;
use crate::wire::{Extension, Nullable, Problems, model, request};
use crate::{App, Caller, Error, Valid};

request! { query
    /// Which keys to list.
    pub struct ListKeysQuery {
        /// Only `team_admin` keys that are bound to this team.
        pub team_id: Option<TeamId>,
        /// Only keys of this role.
        pub role: Option<Role>,
        /// Where the page begins: the `next_cursor` of the one before. Empty means at the beginning.
        pub next_cursor: Extension<Option<String>>,
    }
}

model! {
    /// A page of keys.
    pub struct ClientFacingManagementKeyResponse {
        /// In the order of their ids.
        pub data: Vec<ClientFacingManagementKey>,
        /// Where the next page begins; null where there is none.
        pub next_cursor: Nullable<String>,
    }
}

/// How many keys a page shows.
const PAGE: usize = 500;

/// List management keys.
///
/// A `team_admin` key sees the keys that reach no further than itself. Where there are more than a page shows, the
/// next page is had by sending its `next_cursor` as a parameter.
#[utoipa::path(
    get,
    path = "/v1/org/{org_id}/management_key",
    operation_id = "list_management_key_v1_org__org_id__management_key_get",
    tag = "Management Key",
    summary = "List Management Key",
    params(OrgPath, ListKeysQuery),
    responses(
        (status = 200, description = "Successful Response", body = ClientFacingManagementKeyResponse),
        Refusals,
    ),
    extensions(("x-lookback-additions" = json!({ "parameters": ["next_cursor"] }))),
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Valid { path, query, .. }: Valid<OrgPath, ListKeysQuery>,
) -> Result<Json<ClientFacingManagementKeyResponse>, Error> {
    caller.of(path.org_id)?;
    let ListKeysQuery { team_id, role, next_cursor: Extension(cursor) } = query;
    let fingerprint = || Fingerprint::of(("keys", path.org_id, team_id, role));
    let mut problems = Problems::default();
    let after = after(cursor.as_deref(), fingerprint, &mut problems);
    Error::check(problems)?;

    let filter = KeyFilter { within: caller.visible(), role, team: team_id };
    let keys = app.store.keys(path.org_id, &filter, after.map(KeyId), PAGE + 1).await?;
    let shown = room(&keys, PAGE, |key| 1 + key.bindings.len());
    let (keys, next_cursor) = page(keys, shown, |last| last.id.0, fingerprint);
    let data = keys.into_iter().map(Into::into).collect();
    Ok(Json(ClientFacingManagementKeyResponse { data, next_cursor: Nullable(next_cursor) }))
}

//! `DELETE`: takes providers back to their defaults.

use axum::Json;
use axum::extract::State;
use lookback_domain::TeamId;
use serde_json::{Value, json};

use super::ScopePath;
use crate::openapi::Refusals;
use crate::wire::{Configurable, request};
use crate::{App, Caller, Error, Valid};

request! { query
    /// What to take back.
    pub struct DeleteQuery {
        /// Of these teams; of all in the organisation and region where none is named.
        pub team_id: Vec<TeamId> = Vec::new(),
        /// These providers; every one where none is named.
        pub provider: Vec<Configurable> = Vec::new(),
    }
}

/// Take providers back to their defaults.
///
/// Without `provider` every provider, without `team_id` every team that the key may manage in the region.
#[utoipa::path(
    delete,
    path = "/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}",
    operation_id = "delete_team_data_pull_preferences_v1_org__org_id__team_data_pull_preferences__env___region__delete",
    tag = "Team Data Pull Preferences",
    summary = "Delete Team Data Pull Preferences",
    params(ScopePath, DeleteQuery),
    responses((status = 200, description = "Successful Response", body = Value), Refusals),
)]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Valid { path, query, .. }: Valid<ScopePath, DeleteQuery>,
) -> Result<Json<Value>, Error> {
    let scope = path.scope(&caller)?;
    let providers: Vec<_> = query.provider.iter().map(|&Configurable(provider)| provider).collect();
    let teams = (!query.team_id.is_empty()).then_some(&query.team_id[..]);
    let providers = (!providers.is_empty()).then_some(&providers[..]);
    let by = app.author(caller.actor());
    app.store.delete_preferences(&scope, teams, providers, &by).await?;
    Ok(Json(json!({})))
}

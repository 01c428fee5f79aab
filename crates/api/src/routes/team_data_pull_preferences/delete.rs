//! `DELETE`: takes providers back to their defaults.

use axum::Json;
use axum::extract::State;
use lookback_domain::TeamId;
use lookback_store::Selection;
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

/// How many teams are taken back in one transaction where none is named: so that others need not wait for all of a large
/// organisation, and what is done stays done where the request does not come to its end in time.
const TEAMS_AT_ONCE: usize = 1_000;

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
    let providers = (!providers.is_empty()).then_some(&providers[..]);
    let mut selection = match &query.team_id[..] {
        [] => Selection::Page { after: None, limit: TEAMS_AT_ONCE },
        named => Selection::Teams(named),
    };
    loop {
        let by = app.author(caller.actor());
        let deleted = app.store.delete_preferences(&scope, selection, providers, &by).await;
        let end = match selection {
            // What went before stays deleted, so nobody is told that nothing was changed.
            Selection::Page { after: Some(_), .. } => {
                deleted.map_err(lookback_store::Error::outcome_unknown)?
            }
            _ => deleted?,
        };
        match end {
            Some(_) => selection = Selection::Page { after: end, limit: TEAMS_AT_ONCE },
            None => return Ok(Json(json!({}))),
        }
    }
}

//! `GET`: lists the OAuth applications of teams.

use axum::Json;
use axum::extract::State;
use lookback_domain::{CredentialId, TeamId};
use lookback_store as store;

use super::ClientFacingTeamProviderCredentials;
use crate::openapi::Refusals;
use crate::routes::cursor::{after, page};
use crate::routes::team_data_pull_preferences::{ScopePath, fingerprint, refuse};
use crate::wire::{CredentialFilter, Problems, model, request};
use crate::{App, Caller, Error, Valid};

request! { query
    /// Which applications to list.
    pub struct GetCredentialsQuery {
        /// Of these teams; of all that the key may manage in the region where none is named.
        pub team_id: Vec<TeamId> = Vec::new(),
        /// Only those of this provider.
        pub provider: Option<CredentialFilter>,
        /// Where the page begins: the `next_cursor` of the one before. Empty means at the beginning.
        pub next_cursor: Option<String>,
    }
}

model! {
    /// A page of applications.
    pub struct CustomCredentialsResponse {
        /// In the order of their ids.
        pub credentials: Vec<ClientFacingTeamProviderCredentials>,
        /// Where the next page begins; null where there is none.
        pub next_cursor: Option<String>,
    }
}

/// How many applications a page shows.
const PAGE: usize = 100;

/// List the OAuth applications that teams brought.
///
/// Of a secret only its hash is shown.
#[utoipa::path(
    get,
    path = "/v1/org/{org_id}/team_custom_credentials/{env}/{region}",
    operation_id = "get_team_custom_credentials_v1_org__org_id__team_custom_credentials__env___region__get",
    tag = "Team Custom Credentials",
    summary = "Get Team Custom Credentials",
    params(ScopePath, GetCredentialsQuery),
    responses((status = 200, description = "Successful Response", body = CustomCredentialsResponse), Refusals),
)]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Valid { path, query, .. }: Valid<ScopePath, GetCredentialsQuery>,
) -> Result<Json<CustomCredentialsResponse>, Error> {
    let scope = path.scope(&caller)?;
    let asked = || fingerprint("credentials", &scope, (&query.team_id, &query.provider));
    let mut problems = Problems::default();
    let after = after(query.next_cursor.as_deref(), asked, &mut problems);
    refuse(&app, &scope, &query.team_id, problems).await?;

    let provider = query.provider.as_ref().map(CredentialFilter::provider);
    let filter = store::CredentialFilter { teams: query.team_id.clone(), provider: provider.flatten() };
    let mut found = app.store.credentials(&scope, &filter, after.map(CredentialId), PAGE + 1).await?;
    if provider == Some(None) {
        // Nothing is stored for what is no provider.
        found.clear();
    }
    let (found, next_cursor) = page(found, PAGE, |last| last.id.0, asked);
    let credentials = found.into_iter().map(Into::into).collect();
    Ok(Json(CustomCredentialsResponse { credentials, next_cursor }))
}

//! `DELETE`: forgets OAuth applications.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use lookback_domain::CredentialId;

use crate::openapi::Refusals;
use crate::routes::team_data_pull_preferences::ScopePath;
use crate::wire::{Loc, Problems, Value, model, request};
use crate::{App, Caller, Error, Valid};

request! { query
    /// Which applications to forget.
    pub struct DeleteCredentialsQuery {
        /// Their ids.
        pub credential_id: Vec<CredentialId>,
    }
}

model! {
    /// What became of each.
    pub struct DeleteTeamCustomCredentialsResponse {
        /// Forgotten.
        pub success: Vec<CredentialId>,
        /// Always empty: all that are found are forgotten together.
        pub failure: Vec<CredentialId>,
        /// Not there.
        pub not_found: Vec<CredentialId>,
    }
}

/// How many applications one request may forget.
const IDS_MAX: usize = 1_000;

/// Forget OAuth applications that teams brought.
#[utoipa::path(
    delete,
    path = "/v1/org/{org_id}/team_custom_credentials/{env}/{region}",
    operation_id = "delete_team_custom_credentials_v1_org__org_id__team_custom_credentials__env___region__delete",
    tag = "Team Custom Credentials",
    summary = "Delete Team Custom Credentials",
    params(ScopePath, DeleteCredentialsQuery),
    responses(
        (status = 200, description = "Successful Response", body = DeleteTeamCustomCredentialsResponse),
        Refusals,
    ),
)]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Valid { path, query, .. }: Valid<ScopePath, DeleteCredentialsQuery>,
) -> Result<Json<DeleteTeamCustomCredentialsResponse>, Error> {
    let scope = path.scope(&caller)?;
    let named = query.credential_id.iter().collect::<HashSet<_>>().len();
    let mut problems = Problems::default();
    if named > IDS_MAX {
        let (asked, said) = (Loc::root("query"), format!("{IDS_MAX} applications can be forgotten at once"));
        let input = Value::Integer(named.into());
        problems.add_with("less_than_equal", &asked.key("credential_id"), said, &input, ("le", IDS_MAX));
    }
    Error::check(problems)?;
    let gone =
        app.store.delete_credentials(&scope, &query.credential_id, &app.author(caller.actor())).await?;
    Ok(Json(DeleteTeamCustomCredentialsResponse {
        success: gone.deleted,
        failure: Vec::new(),
        not_found: gone.not_found,
    }))
}

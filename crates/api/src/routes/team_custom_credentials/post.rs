//! `POST`: stores the OAuth application of a team.

use axum::Json;
use axum::extract::State;
use lookback_domain::{CredentialId, Provider, TeamId};
use lookback_store::{CredentialContent, CredentialPlace, Seals};
use sha2::{Digest, Sha256};

use super::ClientFacingTeamProviderCredentials;
use super::details::Details;
use crate::once::{Token, created};
use crate::openapi::Refusals;
use crate::routes::team::refuse_nul;
use crate::routes::team_data_pull_preferences::{ScopePath, refuse};
use crate::vault::SealedField;
use crate::wire::{CredentialSource, Loc, Problems, Secret, Value, request};
use crate::{App, Caller, Error, Valid};

request! { secret ["client_secret", "details"]
    /// The application to store.
    pub struct UpsertTeamCustomCredentialsBody {
        /// Whose it is.
        pub team_id: TeamId,
        /// The provider it is registered with: one that speaks OAuth and takes applications of one's own.
        pub provider: CredentialSource,
        /// What the provider calls it.
        pub client_id: Option<String>,
        /// Its secret; kept encrypted and never shown.
        pub client_secret: Option<Secret>,
        /// What the provider wants besides; kept encrypted and never shown.
        pub details: Option<Details>,
        /// Where the provider is to send people back to.
        pub redirect_url_override: Option<String>,
    }
}

/// Store the OAuth application of a team.
///
/// Takes the place of the team's application for the same provider and environment as a whole. Providers that do
/// not speak OAuth, or let nobody bring an application, are refused. With an `Idempotency-Key` header the same request
/// has one effect however often it is sent within 24 hours.
#[utoipa::path(
    post,
    path = "/v1/org/{org_id}/team_custom_credentials/{env}/{region}",
    operation_id = "upsert_team_custom_credentials_v1_org__org_id__team_custom_credentials__env___region__post",
    tag = "Team Custom Credentials",
    summary = "Upsert Team Custom Credentials",
    params(ScopePath),
    request_body = UpsertTeamCustomCredentialsBody,
    responses(
        (status = 200, description = "Successful Response", body = ClientFacingTeamProviderCredentials),
        (status = 409, description = "It was stored by the same request, and changed since", body = crate::error::Refusal),
        Refusals,
    ),
    extensions(("x-lookback-additions" = json!({ "headers": ["Idempotency-Key"] }))),
)]
pub async fn upsert(
    State(app): State<App>,
    caller: Caller,
    token: Token,
    Valid { path, body, .. }: Valid<ScopePath, (), UpsertTeamCustomCredentialsBody>,
) -> Result<Json<ClientFacingTeamProviderCredentials>, Error> {
    let scope = path.scope(&caller)?;
    let mut problems = Problems::default();
    let once = token.once(&caller, "upsert_credentials", (&path, &body), &mut problems);
    let provider = admit(&app, &body, &mut problems);
    refuse(&app, &scope, &[body.team_id], problems).await?;
    // Where there is none, there is a problem.
    let Some(provider) = provider else { return Err(Error::Internal) };

    let place = CredentialPlace { team_id: body.team_id, environment: path.env, provider };
    let content = content(&app, place, body)?;
    let id = CredentialId(app.id());
    let by = app.author(caller.actor());
    let stored = app.store.upsert_credential(&scope, place.team_id, provider, id, content, once, &by).await?;
    let credential = created(stored, |id| {
        format!("This request stored OAuth application {id} before, which has changed since.")
    })?;
    Ok(Json(credential.into()))
}

/// Characters of a text that is kept.
const TEXT_MAX: usize = 4_096;

/// The provider, where an application for it can be stored; what cannot be goes to `problems`.
fn admit(app: &App, asked: &UpsertTeamCustomCredentialsBody, problems: &mut Problems) -> Option<Provider> {
    let body = Loc::root("body");
    let secret = asked.client_secret.as_ref().map(|Secret(text)| text);
    let texts = [
        ("client_id", asked.client_id.as_ref(), false),
        ("client_secret", secret, true),
        ("redirect_url_override", asked.redirect_url_override.as_ref(), false),
    ];
    for (name, text, is_secret) in
        texts.into_iter().filter_map(|(name, text, secret)| Some((name, text?, secret)))
    {
        let loc = body.key(name);
        if !is_secret {
            refuse_nul(text, &loc, problems);
        }
        if text.chars().count() > TEXT_MAX {
            problems.add(
                "value_error",
                &loc,
                format!("this has at most {TEXT_MAX} characters"),
                &Value::Null,
            );
        }
    }
    let provider = match asked.provider {
        CredentialSource::Provider(provider) if app.catalog.rule(provider).application.own => Some(provider),
        _ => None,
    };
    let name = serde_json::to_value(&asked.provider).ok();
    let name = name.as_ref().and_then(|name| name.as_str()).unwrap_or_default();
    if provider.is_none() {
        let said = format!("{name} does not speak OAuth, or takes no application of one's own");
        problems.add("value_error", &body.key("provider"), said, &Value::String(name.to_owned()));
    } else if asked.details.as_ref().is_some_and(|details| details.provider() != provider) {
        let said = format!("these are not the details of {name}");
        problems.add("value_error", &body.key("details"), said, &Value::Null);
    }
    provider
}

/// What is stored of it.
fn content(
    app: &App,
    place: CredentialPlace,
    body: UpsertTeamCustomCredentialsBody,
) -> Result<CredentialContent, Error> {
    let seal = |field, clear: &[u8]| {
        let vault = app.vault.as_ref().ok_or(Error::NoMasterKey)?;
        vault.seal(&place, field, clear).map_err(|error| {
            tracing::error!(%error, "a secret cannot be sealed");
            Error::Internal
        })
    };
    let details = body.details.as_ref();
    let details = details.map(|details| serde_json::to_string(details).expect("details have text keys only"));
    let secret = body.client_secret.as_ref().map(|Secret(secret)| secret.as_bytes());
    let seals = Seals {
        client_secret: secret.map(|secret| seal(SealedField::ClientSecret, secret)).transpose()?,
        details: details
            .as_ref()
            .map(|details| seal(SealedField::Details, details.as_bytes()))
            .transpose()?,
    };
    Ok(CredentialContent {
        client_id: body.client_id,
        client_secret_hash: secret.map(hash),
        details_hash: details.map(|details| hash(details.as_bytes())),
        seals,
        redirect_url_override: body.redirect_url_override,
    })
}

/// The SHA-256 of a secret, in hexadecimal digits.
fn hash(secret: &[u8]) -> String {
    Sha256::digest(secret).iter().map(|byte| format!("{byte:02x}")).collect()
}

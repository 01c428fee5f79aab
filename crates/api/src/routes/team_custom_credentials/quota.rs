//! `…/{credential_id}/quota`: what an OAuth application may spend. An extension of the documented API.

use axum::Json;
use axum::extract::State;
use lookback_domain::{
    Basis, CredentialId, Environment, OrgId, OwnQuota, Provider, QuotaWindow, Region, Unit, WindowKind,
};
use lookback_store::{Credential, CredentialFilter, Error as StoreError, Scope};

use crate::openapi::Refusals;
use crate::routes::cursor::before;
use crate::wire::{Integer, Loc, Problems, QuotaBasis, Value, model, request};
use crate::{App, Caller, Error, Valid};

request! { path
    /// Which application.
    pub struct CredentialPath {
        /// The organisation; it has to be the key's own.
        pub org_id: OrgId,
        /// Which half of a team.
        pub env: Environment,
        /// Only teams that live here are seen.
        pub region: Region,
        /// The application.
        pub credential_id: CredentialId,
    }
}

request! {
    /// What a provider lets an application spend.
    pub struct CredentialQuotaBody {
        /// Counted for all users of the application together, up to four; empty: not counted.
        pub windows: Vec<QuotaWindowBody>,
        /// Counted for each user, up to four; empty: not counted.
        pub user_windows: Vec<QuotaWindowBody> = Vec::new(),
    }
}

request! {
    /// One window of a rate limit.
    pub struct QuotaWindowBody {
        /// How much is granted in one window, 1 to 1,000,000,000.
        pub limit: Integer,
        /// How long it is, 1 to 2,678,400.
        pub seconds: Integer,
        /// How the provider counts; `unknown` obeys all ways.
        pub kind: WindowKind = WindowKind::Unknown,
        /// What it counts.
        pub unit: Unit = Unit::Requests,
    }
}

model! {
    /// What an application may spend.
    pub struct CredentialQuotaResponse {
        /// The application.
        pub credential_id: CredentialId,
        /// The provider it is registered with.
        pub provider: Provider,
        /// `own` where it was set for this application, `configuration` where the operator states it for every
        /// application of the provider, `catalog` where it is what a new one gets.
        pub basis: QuotaBasis,
        /// Counted for all users of the application together.
        pub windows: Vec<QuotaWindowResponse>,
        /// Counted for each user.
        pub user_windows: Vec<QuotaWindowResponse>,
    }
}

model! {
    /// One window of a rate limit.
    pub struct QuotaWindowResponse {
        /// How much is granted in one window.
        pub limit: u64,
        /// How much each connected user adds to it.
        pub limit_per_user: u64,
        /// How long it is.
        pub seconds: u64,
        /// How the provider counts.
        pub kind: WindowKind,
        /// What it counts.
        pub unit: Unit,
    }
}

impl From<QuotaWindow> for QuotaWindowResponse {
    fn from(QuotaWindow { limit, seconds, kind, unit, limit_per_user }: QuotaWindow) -> Self {
        Self { limit, limit_per_user, seconds, kind, unit }
    }
}

/// Show what an OAuth application may spend.
///
/// An extension of the documented API.
#[utoipa::path(
    get,
    path = "/v1/org/{org_id}/team_custom_credentials/{env}/{region}/{credential_id}/quota",
    operation_id = "get_credential_quota_v1_org__org_id__team_custom_credentials__env___region___credential_id__quota_get",
    tag = "Extensions",
    summary = "Get Credential Quota",
    params(CredentialPath),
    responses((status = 200, description = "Successful Response", body = CredentialQuotaResponse), Refusals),
    extensions(("x-lookback-extension" = json!(true))),
)]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Valid { path, .. }: Valid<CredentialPath>,
) -> Result<Json<CredentialQuotaResponse>, Error> {
    let scope = caller.scope(path.org_id, path.region, path.env)?;
    let credential = visible(&app, &scope, path.credential_id).await?;
    Ok(Json(show(&app, credential)))
}

/// Set what an OAuth application may spend.
///
/// An extension of the documented API: for an application whose provider granted it more than a new one gets.
#[utoipa::path(
    put,
    path = "/v1/org/{org_id}/team_custom_credentials/{env}/{region}/{credential_id}/quota",
    operation_id = "set_credential_quota_v1_org__org_id__team_custom_credentials__env___region___credential_id__quota_put",
    tag = "Extensions",
    summary = "Set Credential Quota",
    params(CredentialPath),
    request_body = CredentialQuotaBody,
    responses((status = 200, description = "Successful Response", body = CredentialQuotaResponse), Refusals),
    extensions(("x-lookback-extension" = json!(true))),
)]
pub async fn put(
    State(app): State<App>,
    caller: Caller,
    Valid { path, body, .. }: Valid<CredentialPath, (), CredentialQuotaBody>,
) -> Result<Json<CredentialQuotaResponse>, Error> {
    let scope = caller.scope(path.org_id, path.region, path.env)?;
    let mut problems = Problems::default();
    let quota = admit(&body, &mut problems);
    if !problems.is_empty() {
        visible(&app, &scope, path.credential_id).await?;
    }
    Error::check(problems)?;
    set(&app, &caller, &scope, path.credential_id, Some(quota)).await
}

/// Let an OAuth application spend what the catalog says.
///
/// An extension of the documented API: takes back what was set.
#[utoipa::path(
    delete,
    path = "/v1/org/{org_id}/team_custom_credentials/{env}/{region}/{credential_id}/quota",
    operation_id = "delete_credential_quota_v1_org__org_id__team_custom_credentials__env___region___credential_id__quota_delete",
    tag = "Extensions",
    summary = "Delete Credential Quota",
    params(CredentialPath),
    responses((status = 200, description = "Successful Response", body = CredentialQuotaResponse), Refusals),
    extensions(("x-lookback-extension" = json!(true))),
)]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Valid { path, .. }: Valid<CredentialPath>,
) -> Result<Json<CredentialQuotaResponse>, Error> {
    let scope = caller.scope(path.org_id, path.region, path.env)?;
    set(&app, &caller, &scope, path.credential_id, None).await
}

async fn set(
    app: &App,
    caller: &Caller,
    scope: &Scope,
    id: CredentialId,
    quota: Option<OwnQuota>,
) -> Result<Json<CredentialQuotaResponse>, Error> {
    let credential = app.store.set_credential_quota(scope, id, quota, &app.author(caller.actor())).await?;
    Ok(Json(show(app, credential)))
}

/// The application, where it is there and the caller may see it.
async fn visible(app: &App, scope: &Scope, id: CredentialId) -> Result<Credential, Error> {
    // The first application after the id before it.
    let after = before(id.0).map(CredentialId);
    let found = app.store.credentials(scope, &CredentialFilter::default(), after, 1).await?;
    let found = found.into_iter().find(|credential| credential.id == id);
    found.ok_or_else(|| StoreError::UnknownCredential(id).into())
}

fn show(app: &App, credential: Credential) -> CredentialQuotaResponse {
    let provider = credential.place.provider;
    let (basis, windows, user_windows) = match credential.quota {
        Some(OwnQuota { windows, user_windows }) => (QuotaBasis::Own, windows, user_windows),
        None => {
            let quota = &app.catalog.rule(provider).quota;
            let configured = quota.basis == Basis::Configured;
            let basis = if configured { QuotaBasis::Configuration } else { QuotaBasis::Catalog };
            (basis, quota.windows.clone(), quota.user_windows.clone())
        }
    };
    let show = |windows: Vec<QuotaWindow>| windows.into_iter().map(Into::into).collect();
    CredentialQuotaResponse {
        credential_id: credential.id,
        provider,
        basis,
        windows: show(windows),
        user_windows: show(user_windows),
    }
}

/// The quota asked for; whatever is no quota goes to `problems`.
fn admit(body: &CredentialQuotaBody, problems: &mut Problems) -> OwnQuota {
    let root = Loc::root("body");
    let quota = OwnQuota {
        windows: admit_windows(&body.windows, &root.key("windows"), problems),
        user_windows: admit_windows(&body.user_windows, &root.key("user_windows"), problems),
    };
    if problems.is_empty()
        && let Some(said) = quota.contradiction()
    {
        problems.add("value_error", &root, said, &Value::Null);
    }
    quota
}

/// The windows asked for; whatever is none goes to `problems`.
pub fn admit_windows(asked: &[QuotaWindowBody], list: &Loc<'_>, problems: &mut Problems) -> Vec<QuotaWindow> {
    let window = |(index, asked): (usize, &QuotaWindowBody)| {
        let loc = list.index(index);
        QuotaWindow {
            limit: figure(&asked.limit, QuotaWindow::LIMIT_MAX, &loc.key("limit"), problems),
            seconds: figure(&asked.seconds, QuotaWindow::SECONDS_MAX, &loc.key("seconds"), problems),
            kind: asked.kind,
            unit: asked.unit,
            limit_per_user: 0,
        }
    };
    asked.iter().enumerate().map(window).collect()
}

fn figure(asked: &Integer, most: u64, loc: &Loc<'_>, problems: &mut Problems) -> u64 {
    let figure = u64::try_from(asked.saturating()).unwrap_or(0);
    if figure < 1 {
        problems.add_with("greater_than_equal", loc, "this is at least 1", &asked.to_value(), ("ge", 1));
    } else if figure > most {
        let said = format!("this is at most {most}");
        problems.add_with("less_than_equal", loc, said, &asked.to_value(), ("le", most));
    }
    figure
}

//! `GET …/resolve`: which windows would be pulled, and why. An extension of the documented API.

use axum::Json;
use axum::extract::State;
use jiff::{Timestamp, civil::Date};
use lookback_domain::{
    Advice, ConnectionFacts, Days, IngestionBounds, OAuthApplication, Provider, Resource, Source, Step,
    TeamId, Window,
};

use super::page::{Limit, Page};
use super::{ScopePath, chosen, fingerprint};
use crate::openapi::Refusals;
use crate::wire::{Loc, Map, Problems, Value, model, request};
use crate::{App, Caller, Error, Valid};

request! { query
    /// Which windows to resolve, and what is known of the connection.
    pub struct ResolveQuery {
        /// For these teams; all of the organisation in the region where none is named.
        pub team_id: Vec<TeamId> = Vec::new(),
        /// For these providers; every one that a preference can be set for where none is named.
        pub provider: Vec<Provider> = Vec::new(),
        /// For these resources; every one where none is named.
        pub resource: Vec<Resource> = Vec::new(),
        /// When the account was connected.
        pub connected_at: Option<Timestamp>,
        /// When the user first gave permission on the phone; `connected_at` where it is left out.
        pub first_permission_at: Option<Timestamp>,
        /// The first date (UTC) from which data may be pulled.
        pub ingestion_start: Option<Date>,
        /// The last date (UTC) from which data may be pulled.
        pub ingestion_end: Option<Date>,
        /// Whose OAuth application the connection uses.
        pub oauth_application: OAuthApplication = OAuthApplication::Shared,
        /// Where the page begins: the `next_cursor` of the one before.
        pub next_cursor: Option<String>,
        /// How many teams a page shows, 1 to 100.
        pub limit: Limit,
    }
}

model! {
    /// The windows of some teams.
    pub struct ResolveResponse {
        /// The time at which they were resolved.
        pub now: Timestamp,
        /// One entry a team.
        pub windows: Vec<TeamWindows>,
        /// Where the next page begins; null where there is none.
        pub next_cursor: Option<String>,
    }
}

model! {
    /// The windows of one team.
    pub struct TeamWindows {
        /// The team.
        pub team_id: TeamId,
        /// By provider and resource.
        pub providers: Map<Provider, Map<Resource, ResolvedWindow>>,
    }
}

model! {
    /// What would be pulled for one resource.
    pub struct ResolvedWindow {
        /// Days asked for.
        pub asked_days: Days,
        /// Who asked: `resource_override`, `team_default` or `catalog_default`.
        pub asked_by: Source,
        /// Days that are pulled.
        pub days: Days,
        /// Where the window begins.
        pub start: Timestamp,
        /// Where it ends.
        pub end: Timestamp,
        /// What changed on the way from what was asked, in order.
        pub reasons: Vec<WindowReason>,
        /// What the team could do about the consequences.
        pub advice: Option<WindowAdvice>,
    }
}

model! {
    /// One step that changed a window.
    pub struct WindowReason {
        /// `fixed`, `limit`, `provider_access`, `ingestion_start` or `ingestion_end`.
        pub step: Step,
        /// Days before it.
        pub from_days: Days,
        /// Days after it.
        pub to_days: Days,
        /// Why, for people.
        pub message: String,
    }
}

model! {
    /// What a team could do.
    pub struct WindowAdvice {
        /// `own_application`.
        pub kind: Advice,
        /// Why, for people.
        pub message: String,
    }
}

/// How many teams a page may show.
const LIMIT_MAX: usize = 100;

/// Show which windows would be pulled, and why.
///
/// An extension of the documented API: for each team, provider and resource the days that would be pulled now,
/// and a reason for every difference from what is preferred. It says more than `GET`: also providers that no
/// preference can be set for are known.
#[utoipa::path(
    get,
    path = "/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}/resolve",
    operation_id = "resolve_team_data_pull_preferences_v1_org__org_id__team_data_pull_preferences__env___region__resolve_get",
    tag = "Extensions",
    summary = "Resolve Team Data Pull Preferences",
    params(ScopePath, ResolveQuery),
    responses((status = 200, description = "Successful Response", body = ResolveResponse), Refusals),
    extensions(("x-lookback-extension" = json!(true))),
)]
pub async fn resolve(
    State(app): State<App>,
    caller: Caller,
    Valid { path, query, .. }: Valid<ScopePath, ResolveQuery>,
) -> Result<Json<ResolveResponse>, Error> {
    let scope = path.scope(&caller)?;
    let now = app.clock.now();
    let configurable_or_all = if query.provider.is_empty() { Provider::CONFIGURABLE } else { Provider::ALL };
    let providers = chosen(configurable_or_all, &query.provider);
    let resources = chosen(Resource::ALL, &query.resource);
    let asked_fingerprint = || {
        let listed = (&query.team_id, &providers, &resources);
        let connection = (query.connected_at, query.first_permission_at, query.oauth_application);
        let bounds = (query.ingestion_start, query.ingestion_end);
        fingerprint("resolve", &scope, (listed, connection, bounds))
    };

    let mut problems = Problems::default();
    let facts = facts(&query, &mut problems);
    let page = Page {
        scope: &scope,
        teams: &query.team_id,
        cursor: query.next_cursor,
        limit: query.limit,
        fingerprint: asked_fingerprint,
    };
    let windows = |_: &_| providers.len() * resources.len();
    let (stored, next_cursor) = page.read(&app, LIMIT_MAX, windows, problems).await?;
    let windows = stored.iter().map(|team| {
        let of = |&provider: &Provider| {
            let preference = team.providers.get(&provider);
            let windows = resources.iter().map(|&resource| {
                let window =
                    lookback_domain::resolve(&app.catalog, provider, resource, preference, &facts, now);
                (resource, window.into())
            });
            (provider, windows.collect())
        };
        TeamWindows { team_id: team.team_id, providers: providers.iter().map(of).collect() }
    });
    Ok(Json(ResolveResponse { now, windows: windows.collect(), next_cursor }))
}

/// What is known of the connection; bounds that contradict each other go to `problems`.
fn facts(query: &ResolveQuery, problems: &mut Problems) -> ConnectionFacts {
    let bounds = IngestionBounds::new(query.ingestion_start, query.ingestion_end).unwrap_or_else(|invalid| {
        let loc = Loc::root("query");
        let input = Value::String(invalid.end.to_string());
        problems.add("value_error", &loc.key("ingestion_end"), invalid.to_string(), &input);
        IngestionBounds::default()
    });
    let ResolveQuery { connected_at, first_permission_at, oauth_application: application, .. } = *query;
    ConnectionFacts { connected_at, first_permission_at, bounds, application }
}

impl From<Window<'_>> for ResolvedWindow {
    fn from(window: Window<'_>) -> Self {
        let reasons = window.reasons.iter().map(|reason| WindowReason {
            step: reason.step,
            from_days: reason.from,
            to_days: reason.to,
            message: reason.to_string(),
        });
        Self {
            asked_days: window.asked,
            asked_by: window.source,
            days: window.days,
            start: window.start,
            end: window.end,
            reasons: reasons.collect(),
            advice: window.advice.map(|kind| WindowAdvice { kind, message: kind.message().to_owned() }),
        }
    }
}

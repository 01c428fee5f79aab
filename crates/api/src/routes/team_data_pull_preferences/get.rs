//! `GET`: shows the preferences of some teams, or of all.

use axum::Json;
use axum::extract::State;
use lookback_domain::{Provider, TeamId};
use lookback_store::TeamPreferences;

use super::page::{Limit, Page};
use super::{ScopePath, TeamDataPullPreferencesResponse, chosen, entry, fingerprint};
use crate::openapi::Refusals;
use crate::wire::{Configurable, Problems, request};
use crate::{App, Caller, Error, Valid};

request! { query
    /// Which teams and providers to show.
    pub struct GetQuery {
        /// These teams; all of the organisation in the region where none is named.
        pub team_id: Vec<TeamId> = Vec::new(),
        /// Only these providers.
        pub provider: Vec<Configurable> = Vec::new(),
        /// Where the page begins: the `next_cursor` of the one before. Empty means at the beginning.
        pub next_cursor: Option<String>,
        /// How many teams a page shows, 1 to 500. Teams that are named are all shown where no limit is given.
        pub limit: Limit,
    }
}

/// How many teams a page may show.
const LIMIT_MAX: usize = 500;

/// Show how many days of history are pulled.
///
/// Every provider is shown, whether a preference is stored or not, with the most that can be asked for. A page ends
/// early rather than show more than 20,000 settings.
#[utoipa::path(
    get,
    path = "/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}",
    operation_id = "get_team_data_pull_preferences_v1_org__org_id__team_data_pull_preferences__env___region__get",
    tag = "Team Data Pull Preferences",
    summary = "Get Team Data Pull Preferences",
    params(ScopePath, GetQuery),
    responses((status = 200, description = "Successful Response", body = TeamDataPullPreferencesResponse), Refusals),
)]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Valid { path, query, .. }: Valid<ScopePath, GetQuery>,
) -> Result<Json<TeamDataPullPreferencesResponse>, Error> {
    let scope = path.scope(&caller)?;
    let asked: Vec<_> = query.provider.iter().map(|&Configurable(provider)| provider).collect();
    let providers = chosen(Provider::CONFIGURABLE, &asked);
    let asked_fingerprint = || fingerprint("preferences", &scope, (&query.team_id, &providers));
    let page = Page {
        scope: &scope,
        teams: &query.team_id,
        cursor: query.next_cursor,
        limit: query.limit,
        fingerprint: asked_fingerprint,
    };
    let settings = |team: &TeamPreferences| {
        let of = |provider| 1 + team.providers.get(provider).map_or(0, |stored| stored.overrides.len());
        providers.iter().map(of).sum()
    };
    let (stored, next_cursor) = page.read(&app, LIMIT_MAX, settings, Problems::default()).await?;
    let entries = stored.iter().map(|team| entry(&app.catalog, team, &providers));
    Ok(Json(TeamDataPullPreferencesResponse { data_pull_preferences: entries.collect(), next_cursor }))
}

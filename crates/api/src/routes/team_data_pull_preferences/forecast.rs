//! `POST …/forecast`: what preferences would cost. An extension of the documented API.

mod answer;
mod assume;
mod figures;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use lookback_domain::{Catalog, OwnQuota, Preference, Provider, TeamId};
use lookback_engine::forecast::{Assumed, Effort, Interrupted, OwnApplication, Plan, Question, Team, plan};
use lookback_store::{Credential, CredentialFilter, Scope, Selection, TeamPreferences};
use tokio::sync::Semaphore;

use super::post::{SingleProviderDataPullPreferences, admit, bound};
use super::{ScopePath, refuse};
use crate::layers::Room;
use crate::openapi::Refusals;
use crate::wire::{Configurable, Map, Problems, model, request};
use crate::{App, Caller, Error, Valid};

pub use answer::ProviderForecast;
use assume::{ForecastAssumptions, assumed};

request! {
    /// Which preferences to forecast, for which teams, and what to assume.
    pub struct ForecastTeamDataPullPreferencesBody {
        /// The teams, up to 100. Those that have stored no OAuth application of their own share one.
        pub team_ids: Vec<TeamId>,
        /// As if each provider named were set to this.
        pub providers: Map<Configurable, SingleProviderDataPullPreferences>,
        /// What is not known until pulls run.
        pub assume: Option<ForecastAssumptions>,
    }
}

model! {
    /// What preferences would cost.
    pub struct ForecastResponse {
        /// When it was reckoned; all times count from here.
        pub now: Timestamp,
        /// By provider, in the order of the request.
        pub forecasts: Map<Provider, ProviderForecast>,
    }
}

/// How many teams one forecast may be for.
const TEAMS_MAX: usize = 100;

/// How many forecasts are reckoned at once; further ones wait. Each takes a processor for its time.
static PLACES: Semaphore = Semaphore::const_new(2);

/// Forecast what preferences would cost.
///
/// An extension of the documented API: nothing is stored. For each provider the requests that history takes, when
/// it is done, what becomes of polling meanwhile, of the other teams on the same OAuth application, and the same
/// with an application of the team's own and for what is preferred today. A team that has stored an application of
/// its own is reckoned with on that one, by the quota that was set for it if there is one. The scheduler itself is run in virtual
/// time, many times over. Connections are **assumed** until pulls run, and so are the records a day that decide
/// how many pages there are; the answer repeats every figure that was assumed.
#[utoipa::path(
    post,
    path = "/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}/forecast",
    operation_id = "forecast_team_data_pull_preferences_v1_org__org_id__team_data_pull_preferences__env___region__forecast_post",
    tag = "Extensions",
    summary = "Forecast Team Data Pull Preferences",
    params(ScopePath),
    request_body = ForecastTeamDataPullPreferencesBody,
    responses((status = 200, description = "Successful Response", body = ForecastResponse), Refusals),
    extensions(("x-lookback-extension" = json!(true))),
)]
pub async fn forecast(
    State(app): State<App>,
    caller: Caller,
    room: Room,
    Valid { path, body, .. }: Valid<ScopePath, (), ForecastTeamDataPullPreferencesBody>,
) -> Result<Json<ForecastResponse>, Error> {
    let scope = path.scope(&caller)?;
    let mut problems = Problems::default();
    let proposed = admit(&app, &body.providers, &mut problems);
    bound(&body.team_ids, TEAMS_MAX, &mut problems);
    let assumed = assumed(&body, &mut problems);
    let stated = figures::catalog(&app.catalog, &body, &mut problems);
    refuse(&app, &scope, &body.team_ids, problems).await?;
    // Before it is reckoned, which takes long.
    room.reserve(body.providers.len() * FORECAST_BYTES_MAX)?;

    let now = app.clock.now();
    let teams = app.store.preferences(&scope, Selection::Teams(&body.team_ids)).await?;
    let applications = applications(&app, &scope, &body.team_ids).await?;
    let order: Vec<Provider> = body.providers.keys().map(|&Configurable(provider)| provider).collect();
    let catalog = stated.map_or_else(|| Arc::clone(&app.catalog), Arc::new);
    let asked = Asked { catalog, order, proposed, teams, applications, assumed, now };
    let forecasts = asked.answered().await?;
    Ok(Json(ForecastResponse { now, forecasts }))
}

/// What the forecast of one provider takes at most: some 10 KB, most of it the drawing.
const FORECAST_BYTES_MAX: usize = 16 * 1024;

/// What the applications that these teams have stored may spend, where that was set.
type Applications = HashMap<(TeamId, Provider), Option<OwnQuota>>;

async fn applications(app: &App, scope: &Scope, teams: &[TeamId]) -> Result<Applications, Error> {
    if teams.is_empty() {
        return Ok(Applications::new());
    }
    let filter = CredentialFilter { teams: teams.to_vec(), provider: None };
    // A team has one for each provider at most.
    let most = TEAMS_MAX * Provider::ALL.len();
    let stored = app.store.credentials(scope, &filter, None, most).await?;
    let of = |stored: Credential| ((stored.place.team_id, stored.place.provider), stored.quota);
    Ok(stored.into_iter().map(of).collect())
}

/// All that a forecast follows from.
struct Asked {
    catalog: Arc<Catalog>,
    order: Vec<Provider>,
    proposed: BTreeMap<Provider, Preference>,
    teams: Vec<TeamPreferences>,
    applications: Applications,
    assumed: BTreeMap<Provider, Assumed>,
    now: Timestamp,
}

impl Asked {
    /// The answer, reckoned where it keeps nobody else waiting, and no longer than somebody waits for it.
    async fn answered(self) -> Result<Map<Provider, ProviderForecast>, Error> {
        let wanted = Arc::new(AtomicBool::new(true));
        let _leaves = scopeguard::guard(Arc::clone(&wanted), |wanted| wanted.store(false, Ordering::Relaxed));
        let place = PLACES.acquire().await.map_err(|_| Error::Internal)?;
        let reckoned = tokio::task::spawn_blocking(move || {
            let answer = self.answer(&|| wanted.load(Ordering::Relaxed));
            drop(place);
            answer
        });
        let answer = reckoned.await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a forecast failed");
            Error::Internal
        })?;
        answer.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a forecast could not be made");
            Error::Internal
        })
    }

    fn answer(&self, go_on: &dyn Fn() -> bool) -> Result<Map<Provider, ProviderForecast>, Interrupted> {
        if self.teams.is_empty() {
            return Ok(Map::new());
        }
        // The more is asked, the less is spent on each.
        let all = Effort::default();
        let effort = Effort { grants: (all.grants / self.order.len().max(1) as u64).max(12_000), ..all };
        self.order
            .iter()
            .map(|&provider| Ok((provider, (&self.plan(provider, effort, go_on)?).into())))
            .collect()
    }

    fn plan<'a>(
        &'a self,
        provider: Provider,
        effort: Effort,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Plan, Interrupted> {
        let team = |team: &'a TeamPreferences| {
            let own = self.applications.get(&(team.team_id, provider));
            Team {
                today: team.providers.get(&provider),
                own: own.map(|quota| OwnApplication { quota: quota.as_ref() }),
            }
        };
        let teams: Vec<_> = self.teams.iter().map(team).collect();
        let (proposed, assumed) = (&self.proposed[&provider], &self.assumed[&provider]);
        let (catalog, now) = (&self.catalog, self.now);
        plan(&Question { catalog, provider, proposed, teams: &teams, assumed, now }, effort, go_on)
    }
}

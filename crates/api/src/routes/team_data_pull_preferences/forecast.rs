//! `POST …/forecast`: what preferences would cost. An extension of the documented API.

mod answer;
mod assume;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use lookback_domain::{Catalog, Preference, Provider, TeamId};
use lookback_engine::forecast::{Assumed, Effort, Interrupted, Plan, Question, plan};
use lookback_store::{Selection, TeamPreferences};
use tokio::sync::Semaphore;

use super::post::{SingleProviderDataPullPreferences, admit, bound};
use super::{ScopePath, refuse};
use crate::openapi::Refusals;
use crate::wire::{Configurable, Map, Problems, model, request};
use crate::{App, Caller, Error, Valid};

pub use answer::ProviderForecast;
use assume::{ForecastAssumptions, assumed};

request! {
    /// Which preferences to forecast, for which teams, and what to assume.
    pub struct ForecastTeamDataPullPreferencesBody {
        /// The teams, up to 100. They share one OAuth application, unless each is assumed to have its own.
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
/// with an application of the team's own and for what is preferred today. The scheduler itself is run in virtual
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
    Valid { path, body, .. }: Valid<ScopePath, (), ForecastTeamDataPullPreferencesBody>,
) -> Result<Json<ForecastResponse>, Error> {
    let scope = path.scope(&caller)?;
    let mut problems = Problems::default();
    let proposed = admit(&app, &body.providers, &mut problems);
    bound(&body.team_ids, TEAMS_MAX, &mut problems);
    let assumed = assumed(&body, &mut problems);
    refuse(&app, &scope, &body.team_ids, problems).await?;

    let now = app.clock.now();
    let teams = app.store.preferences(&scope, Selection::Teams(&body.team_ids)).await?;
    let order: Vec<Provider> = body.providers.keys().map(|&Configurable(provider)| provider).collect();
    let asked = Asked { catalog: Arc::clone(&app.catalog), order, proposed, teams, assumed, now };
    let forecasts = asked.answered().await?;
    Ok(Json(ForecastResponse { now, forecasts }))
}

/// All that a forecast follows from.
struct Asked {
    catalog: Arc<Catalog>,
    order: Vec<Provider>,
    proposed: BTreeMap<Provider, Preference>,
    teams: Vec<TeamPreferences>,
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

    fn plan(
        &self,
        provider: Provider,
        effort: Effort,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Plan, Interrupted> {
        let today: Vec<_> = self.teams.iter().map(|team| team.providers.get(&provider)).collect();
        let (proposed, assumed) = (&self.proposed[&provider], &self.assumed[&provider]);
        let (catalog, now) = (&self.catalog, self.now);
        plan(&Question { catalog, provider, proposed, today: &today, assumed, now }, effort, go_on)
    }
}

//! A forecast as it is answered.

use lookback_domain::{Days, OAuthApplication, Resource};
use lookback_engine::forecast::{Certainty, Plan, Polled, Polling, Side, Timeline};

use crate::wire::{Map, Number, model};

model! {
    /// What one provider's preference would cost.
    pub struct ProviderForecast {
        /// The whole answer in a few sentences, for people.
        pub summary: String,
        /// Whether an OAuth application of the team's own would help.
        pub own_application_advised: bool,
        /// What was assumed.
        pub assumed: ForecastAssumed,
        /// Where the rate limit is from: `documented` by the provider, `assumed`, `configured` by the operator,
        /// `own` where it was set for the team's application, `requested` by the request.
        pub quota_basis: String,
        /// Which figures the operator's configuration states in place of the catalog's: `windows`, `user_windows`,
        /// `poll_seconds`, `records_per_day`, `request`.
        pub configured: Vec<String>,
        /// How many of the teams use an OAuth application of their own, each by itself.
        pub teams_on_own_application: u64,
        /// What is proposed.
        pub proposed: ForecastSide,
        /// What stands today.
        pub today: ForecastSide,
        /// What is proposed, with an OAuth application of the team's own; null where it has one, or cannot.
        pub own_application: Option<ForecastSide>,
        /// Polling at the start, without any history.
        pub polling_before: ForecastPolled,
        /// Polling once the history that is proposed is done.
        pub polling_after: ForecastPolled,
    }
}

model! {
    /// Figures that nobody knows until pulls run: those of the request, and the catalog's for the rest.
    pub struct ForecastAssumed {
        /// Connections of each team.
        pub connections: u64,
        /// Connections of other teams on the same OAuth application.
        pub other_connections: u64,
        /// Further connections of each team each day.
        pub new_connections_per_day: u64,
        /// Whose OAuth application the teams use; the shared one where some do.
        pub oauth_application: OAuthApplication,
        /// Records a day. A person's are taken to lie between half and one and a half times as many.
        pub records_per_day: Map<Resource, Number>,
        /// Seconds between polls of a connection, with one request each; null where it is not polled.
        pub poll_seconds: Option<u64>,
    }
}

model! {
    /// One of the things compared. Times are milliseconds from now.
    pub struct ForecastSide {
        /// Days of history of the resource that reaches furthest back.
        pub days: Days,
        /// Requests that the history of one connection takes.
        pub requests_per_connection: u64,
        /// Days of data that these ask for, where the provider counts those.
        pub days_of_data_per_connection: u64,
        /// Requests for all connections there are now.
        pub requests: u64,
        /// How the times were come by: `nothing` is pulled; `simulated` to the end; `extrapolated` from cycles that
        /// repeat themselves; `never` done, or not within a century; `unknown` within the forecast's bound, so that
        /// only the lower bound stands.
        pub certainty: Certainty,
        /// When history is done in half of all runs.
        pub finish_ms_p50: Option<u64>,
        /// When it is in nine of ten.
        pub finish_ms_p90: Option<u64>,
        /// Before when no scheduler could be done.
        pub lower_bound_ms: Option<u64>,
        /// Polling meanwhile.
        pub polling_during: ForecastPolled,
        /// What is used of the quota over time.
        pub timeline: ForecastTimeline,
    }
}

model! {
    /// Polling of the teams asked about, and of others.
    pub struct ForecastPolled {
        /// The slowest of the teams asked about; null where they are not polled.
        pub teams: Option<ForecastPolling>,
        /// Other teams on the same OAuth application; null where there are none.
        pub others: Option<ForecastPolling>,
    }
}

model! {
    /// How connections are polled.
    pub struct ForecastPolling {
        /// The period that is wished for.
        pub wished_ms: u64,
        /// The period that the quota carries, at its slowest.
        pub period_ms: u64,
        /// How late half of all polls are at most, against that period.
        pub lateness_ms_p50: u64,
        /// How late 99 of 100 are at most.
        pub lateness_ms_p99: u64,
        /// How late the latest is.
        pub lateness_ms_max: u64,
        /// How late the latest is of connections in the first window of the quota after they joined, which the others do
        /// not count.
        pub newcomer_lateness_ms_max: u64,
    }
}

model! {
    /// What is used of the quota over time.
    pub struct ForecastTimeline {
        /// How long a slot is.
        pub slot_ms: u64,
        /// The most requests that go in one slot, on average; null where only users are counted.
        pub capacity: Option<Number>,
        /// History requests in each slot.
        pub history: Vec<u64>,
        /// Polls in each slot.
        pub polls: Vec<u64>,
    }
}

impl From<&Plan> for ProviderForecast {
    fn from(plan: &Plan) -> Self {
        let assumed = &plan.assumed;
        let own = plan.own_teams > 0 && plan.own_teams == plan.teams;
        let application = if own { OAuthApplication::Own } else { OAuthApplication::Shared };
        let rates = assumed.records_per_day.iter().map(|(&resource, &rate)| (resource, Number(rate.into())));
        Self {
            summary: plan.sentence.clone(),
            own_application_advised: plan.own_application_advised,
            assumed: ForecastAssumed {
                connections: assumed.connections.into(),
                other_connections: assumed.other_connections.into(),
                new_connections_per_day: assumed.new_connections_per_day.into(),
                oauth_application: application,
                records_per_day: rates.collect(),
                poll_seconds: assumed.poll_seconds.map(u64::from),
            },
            quota_basis: plan.quota_basis.as_str().to_owned(),
            configured: plan.configured.iter().map(ToString::to_string).collect(),
            teams_on_own_application: plan.own_teams as u64,
            proposed: (&plan.proposed).into(),
            today: (&plan.today).into(),
            own_application: plan.own_application.as_ref().map(Into::into),
            polling_before: plan.before.into(),
            polling_after: plan.after.into(),
        }
    }
}

impl From<&Side> for ForecastSide {
    fn from(side: &Side) -> Self {
        Self {
            days: side.days,
            requests_per_connection: side.per_connection.requests,
            days_of_data_per_connection: side.per_connection.days_of_data,
            requests: side.requests,
            certainty: side.certainty,
            finish_ms_p50: side.finish_ms_p50,
            finish_ms_p90: side.finish_ms_p90,
            lower_bound_ms: side.lower_bound_ms,
            polling_during: side.during.into(),
            timeline: (&side.timeline).into(),
        }
    }
}

impl From<Polled> for ForecastPolled {
    fn from(polled: Polled) -> Self {
        let of = |polling: Polling| ForecastPolling {
            wished_ms: polling.wished_ms,
            period_ms: polling.period_ms,
            lateness_ms_p50: polling.lateness_ms.p50,
            lateness_ms_p99: polling.lateness_ms.p99,
            newcomer_lateness_ms_max: polling.newcomers_late_ms,
            lateness_ms_max: polling.lateness_ms.max,
        };
        Self { teams: polled.teams.map(of), others: polled.others.map(of) }
    }
}

impl From<&Timeline> for ForecastTimeline {
    fn from(timeline: &Timeline) -> Self {
        Self {
            slot_ms: timeline.slot_ms,
            capacity: timeline.capacity.map(Number),
            history: timeline.slots.iter().map(|slot| slot.history).collect(),
            polls: timeline.slots.iter().map(|slot| slot.polls).collect(),
        }
    }
}

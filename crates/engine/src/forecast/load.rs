//! What a forecast is about.

use lookback_domain::{PullCost, Quota, QuotaWindow};

use crate::app::AppSpec;
use crate::cost::Cost;
use crate::engine::Engine;
use crate::quota::{Kind, SpecError, WindowSpec};
use crate::sim::AppScenario;
use crate::time::Ms;

/// One OAuth application, who uses it, and what is proposed.
#[derive(Clone, Debug)]
pub struct Load {
    /// When it begins, in milliseconds since the Unix epoch.
    pub start_ms: Ms,
    /// Windows of the application.
    pub windows: Vec<WindowSpec>,
    /// Windows of each of its users.
    pub user_windows: Vec<WindowSpec>,
    /// How windows of unknown kind are taken to count, where answers tell their use; none where they do not.
    pub told: Option<Kind>,
    /// Shortest and longest time from sending to the response.
    pub latency_ms: [Ms; 2],
    /// Requests of a thousand that fail and are made again.
    pub failures_permille: u32,
    /// Most requests in flight.
    pub in_flight_max: u32,
    /// When a request is given up.
    pub deadline_ms: Ms,
    /// Who uses it.
    pub teams: Vec<TeamLoad>,
}

/// One team.
#[derive(Clone, Debug)]
pub struct TeamLoad {
    /// Its share.
    pub weight: u64,
    /// Connections.
    pub connections: u32,
    /// How often each is polled, with one request; none where they are not.
    pub poll_ms: Option<Ms>,
    /// Further connections each day, which pull what the others pull.
    pub joins_per_day: u32,
    /// The history each connection pulls; none where the team pulls none.
    pub proposal: Option<Proposal>,
}

/// The history of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// How many pull it; the first of the team's connections.
    pub connections: u32,
    /// What it costs, equally likely each: people differ.
    pub costs: Vec<PullCost>,
    /// How far back it reaches, in days.
    pub days: u32,
}

impl Load {
    /// An application with a catalog's quota and nobody on it yet.
    #[must_use]
    pub fn of(quota: &Quota, start_ms: Ms) -> Self {
        let specs = |windows: &[QuotaWindow]| windows.iter().map(WindowSpec::from).collect::<Vec<_>>();
        let tells = |feedback: &lookback_domain::Feedback| {
            let told = feedback.application.iter().chain(&feedback.user);
            told.into_iter().any(|form| !matches!(form, lookback_domain::HeaderForm::OnRefusal { .. }))
        };
        Self {
            start_ms,
            windows: specs(&quota.windows),
            user_windows: specs(&quota.user_windows),
            told: quota.feedback.as_ref().is_some_and(tells).then_some(Kind::Log),
            latency_ms: [20, 1_500],
            failures_permille: 0,
            in_flight_max: 256,
            deadline_ms: 30_000,
            teams: Vec::new(),
        }
    }

    /// What a simulated application is about: its first teams' polls and pulls, as if all were there from the
    /// start.
    #[must_use]
    pub fn simulated(app: &AppScenario, start_ms: Ms) -> Self {
        let team = |team: &crate::sim::TeamScenario| TeamLoad {
            weight: team.weight,
            connections: team.connections.max(team.history_connections),
            poll_ms: (team.connections > 0).then_some((team.poll_seconds * 1_000.0).round() as Ms),
            joins_per_day: 0,
            proposal: (team.history_requests > 0).then(|| Proposal {
                connections: team.history_connections,
                costs: vec![PullCost {
                    requests: u64::from(team.history_requests),
                    days_of_data: u64::from(team.history_requests) * u64::from(app.history_days),
                }],
                days: team.history_requests * app.history_days.max(1),
            }),
        };
        let specs = [app.specs(), app.user_specs()];
        let [windows, user_windows] = specs;
        Self {
            start_ms,
            windows,
            user_windows,
            told: Some(app.real_kind()),
            latency_ms: [20, 1_500],
            failures_permille: 0,
            in_flight_max: 256,
            deadline_ms: 30_000,
            teams: app.team.iter().map(team).collect(),
        }
    }

    /// The engine at the start: everybody who is connected, polled as wished, and no history.
    ///
    /// # Errors
    /// Where a window's figures are out of range.
    pub fn engine(&self) -> Result<Engine, SpecError> {
        let mut engine = Engine::new();
        let spec = AppSpec {
            windows: self.windows.clone(),
            user_windows: self.user_windows.as_slice().into(),
            poll_cost: Cost::ONE,
            in_flight_max: self.in_flight_max,
            deadline_ms: self.deadline_ms,
            ..AppSpec::default()
        };
        let app = engine.add_app(spec, self.start_ms)?;
        for wanted in &self.teams {
            let team = engine.add_team(app, wanted.weight, self.start_ms);
            for _ in 0..wanted.connections {
                let user = engine.add_user(app, team);
                if let Some(period_ms) = wanted.poll_ms {
                    engine.poll(app, user, period_ms, None, self.start_ms);
                }
            }
        }
        Ok(engine)
    }

    /// The same without history and without anybody new.
    #[must_use]
    pub fn quiet(&self) -> Self {
        let mut quiet = self.clone();
        for team in &mut quiet.teams {
            (team.proposal, team.joins_per_day) = (None, 0);
        }
        quiet
    }

    /// History requests that are proposed, by the middle of what each connection may cost.
    #[must_use]
    pub fn requests(&self) -> u64 {
        let of = |proposal: &Proposal| u64::from(proposal.connections) * proposal.middle().requests;
        self.teams.iter().filter_map(|team| team.proposal.as_ref()).map(of).sum()
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.teams.iter().map(|team| u64::from(team.connections)).sum()
    }

    /// How many more there are each day.
    #[must_use]
    pub fn joins_per_day(&self) -> u64 {
        self.teams.iter().map(|team| u64::from(team.joins_per_day)).sum()
    }

    /// Windows with the limits that so many users give them.
    #[must_use]
    pub fn grown(&self, users: u64) -> Vec<WindowSpec> {
        let grown =
            |spec: &WindowSpec| WindowSpec { limit: spec.limit + spec.limit_per_user * users, ..*spec };
        self.windows.iter().map(grown).collect()
    }

    /// By how much the application can be made smaller without its rounding being felt: limits keep 500, teams
    /// 32 connections, and requests in flight 8. What people do to their own windows does not change.
    #[must_use]
    pub fn scale(&self) -> u32 {
        let grown = self.grown(self.connections());
        let limits = grown.iter().filter(|window| window.unit == crate::cost::Unit::Requests);
        let by_limit = limits.map(|window| window.limit / 500).min().unwrap_or(u64::MAX);
        let parts = self.teams.iter().filter(|team| team.connections > 0).flat_map(|team| {
            let joins = Some(team.joins_per_day).filter(|joins| *joins > 0).map(|joins| joins / 8);
            [Some(team.connections / 32), joins].into_iter().flatten()
        });
        let by_team = u64::from(parts.min().unwrap_or(1));
        // Where no window is shared, people do not meet at all; but for that they share the requests in flight.
        let by_flight = u64::from(self.in_flight_max / 8);
        by_limit.min(by_team).min(by_flight).max(1) as u32
    }

    /// The same made smaller.
    #[must_use]
    pub fn scaled(&self, by: u32) -> Self {
        let mut small = self.clone();
        for window in &mut small.windows {
            window.limit = (window.limit / u64::from(by)).max(1);
        }
        for team in &mut small.teams {
            team.connections = team.connections.div_ceil(by);
            team.joins_per_day = team.joins_per_day.div_ceil(by);
            if let Some(proposal) = &mut team.proposal {
                proposal.connections = proposal.connections.div_ceil(by);
            }
        }
        small.in_flight_max = (small.in_flight_max / by).max(1);
        small
    }
}

impl Proposal {
    /// The middle of what a connection may cost.
    #[must_use]
    pub fn middle(&self) -> PullCost {
        self.costs.get(self.costs.len() / 2).copied().unwrap_or_default()
    }
}

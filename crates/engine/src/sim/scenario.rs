//! Scenario files: what is simulated.

use jiff::Timestamp;
use lookback_domain::{Catalog, QuotaWindow};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::check::check;
use crate::app::Order;
use crate::cost::{Cost, Unit};
use crate::quota::{Kind, SpecError, WindowSpec};
use crate::time::Ms;

/// A scenario, as its TOML file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, for people.
    #[serde(default)]
    pub shows: String,
    /// Everything random follows from it.
    #[serde(default)]
    pub seed: u64,
    /// When it starts.
    pub start: Start,
    /// When it stops, even if history is not done.
    pub until_hours: f64,
    /// Shortest and longest time from sending to the response; uniform, split at random between the ways.
    #[serde(default = "default_latency", deserialize_with = "shortest_and_longest")]
    pub latency_ms: [Ms; 2],
    /// Share of requests answered 500; they count.
    #[serde(default)]
    pub failure_rate: f64,
    /// Share of requests whose response is lost; they count.
    #[serde(default)]
    pub lost_rate: f64,
    /// Share of requests that take up to `tail_ms` instead.
    #[serde(default)]
    pub tail_rate: f64,
    /// Longest time of those.
    #[serde(default)]
    pub tail_ms: Ms,
    /// When a request is given up; default 30 s, or twice the longest time if that is more.
    pub deadline_ms: Option<Ms>,
    /// How far the providers' clocks are ahead of ours.
    #[serde(default)]
    pub clock_skew_ms: i64,
    /// Whether responses carry `Date`.
    #[serde(default = "yes")]
    pub dates: bool,
    /// What usage headers say.
    #[serde(default)]
    pub headers: Headers,
    /// Most requests in flight per application.
    #[serde(default = "default_in_flight")]
    pub in_flight_max: u32,
    /// In which order polls and history go.
    #[serde(default)]
    pub order: Order,
    /// When the process dies.
    #[serde(default)]
    pub crash_at_hours: Vec<f64>,
    /// How long until a successor starts: lease and one deadline.
    #[serde(default = "default_takeover")]
    pub takeover_seconds: f64,
    /// The OAuth applications.
    pub app: Vec<AppScenario>,
}

/// A moment, as a string or as TOML's own date and time.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Start {
    /// RFC 3339.
    Text(String),
    /// TOML's own.
    Date(toml::value::Datetime),
}

/// What usage headers say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Headers {
    /// The truth.
    #[default]
    Correct,
    /// Nothing.
    Missing,
    /// Half the use.
    Low,
    /// Twice the use.
    High,
}

/// One OAuth application.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppScenario {
    /// Its name in the trace.
    pub id: String,
    /// Takes windows from the catalog.
    pub provider: Option<String>,
    /// Windows of the application, as we know them.
    #[serde(default)]
    pub windows: Vec<WindowScenario>,
    /// Windows of each user.
    #[serde(default)]
    pub user_windows: Vec<WindowScenario>,
    /// How the provider really counts; default what is known of the first window, `log` if nothing is.
    pub server_kind: Option<Kind>,
    /// Requests by somebody else, at random moments.
    #[serde(default)]
    pub external_per_hour: f64,
    /// Days of data that a history request asks for, where those are counted.
    #[serde(default)]
    pub history_days: u32,
    /// A limit that changes without notice.
    pub limit_change: Option<LimitChange>,
    /// Its teams.
    #[serde(default)]
    pub team: Vec<TeamScenario>,
}

/// One window.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowScenario {
    /// Its limit.
    pub limit: u64,
    /// Its length.
    pub seconds: f64,
    /// What we know of how it counts.
    #[serde(default = "unknown")]
    pub kind: Kind,
    /// What it counts.
    #[serde(default)]
    pub unit: Unit,
    /// How much each of the application's users adds to the limit.
    #[serde(default)]
    pub limit_per_user: u64,
}

/// A limit that changes without notice.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitChange {
    /// When.
    pub at_hours: f64,
    /// Which of the application's windows, from 0.
    #[serde(default)]
    pub window: usize,
    /// To what.
    pub limit: u64,
}

/// One team.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamScenario {
    /// Its name in the trace.
    pub id: String,
    /// Its share.
    #[serde(default = "one")]
    pub weight: u64,
    /// Connections polled with one request each.
    #[serde(default)]
    pub connections: u32,
    /// How often.
    #[serde(default = "default_poll")]
    pub poll_seconds: f64,
    /// When they connect; 0 is before everything.
    #[serde(default)]
    pub connect_at_seconds: f64,
    /// Connections pulling history; user i is the same person in both.
    #[serde(default)]
    pub history_connections: u32,
    /// Requests each of them needs.
    #[serde(default)]
    pub history_requests: u32,
    /// When they ask for it.
    #[serde(default)]
    pub history_at_seconds: f64,
    /// Refreshes asked for, at random moments by random users.
    #[serde(default)]
    pub live_per_hour: f64,
}

/// Two, and no third that would be passed over.
fn shortest_and_longest<'de, D: Deserializer<'de>>(source: D) -> Result<[Ms; 2], D::Error> {
    let some = Vec::<Ms>::deserialize(source)?;
    some.try_into().map_err(|_| D::Error::custom("must be [shortest, longest]"))
}

fn default_latency() -> [Ms; 2] {
    [20, 1_500]
}
fn default_in_flight() -> u32 {
    256
}
fn default_takeover() -> f64 {
    60.0
}
fn default_poll() -> f64 {
    900.0
}
fn one() -> u64 {
    1
}
fn yes() -> bool {
    true
}
fn unknown() -> Kind {
    Kind::Unknown
}

/// What a catalog says of a provider's quota.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderQuota {
    /// Windows of an OAuth application.
    pub windows: Vec<WindowSpec>,
    /// Windows of each of its users.
    pub user_windows: Vec<WindowSpec>,
}

impl ProviderQuota {
    /// What `catalog` says of the provider `slug`; `None` where it does not know it.
    #[must_use]
    pub fn of(catalog: &Catalog, slug: &str) -> Option<Self> {
        let quota = &catalog.rule(slug.parse().ok()?).quota;
        let specs = |windows: &[QuotaWindow]| windows.iter().map(WindowSpec::from).collect();
        Some(Self { windows: specs(&quota.windows), user_windows: specs(&quota.user_windows) })
    }
}

impl From<&QuotaWindow> for WindowSpec {
    fn from(window: &QuotaWindow) -> Self {
        let QuotaWindow { limit, seconds, kind, unit, limit_per_user } = *window;
        Self { limit, length_ms: seconds * 1_000, kind, unit, limit_per_user }
    }
}

/// A scenario that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Not TOML, or not of the format.
    #[error(transparent)]
    Parse(#[from] toml::de::Error),
    /// `start` is no moment.
    #[error("`start` must be a moment after 1970, such as 2026-11-23T20:07:00Z")]
    Start,
    /// A value that cannot be.
    #[error("{line}`{key}`{whose}: {says}")]
    Value {
        /// `line 12: `, or nothing where it is not known.
        line: String,
        /// The key.
        key: &'static str,
        /// Whose it is, in words.
        whose: String,
        /// What is wrong.
        says: String,
    },
    /// A window is impossible.
    #[error("application `{app}`: {error}")]
    Window {
        /// The application.
        app: String,
        /// What is wrong.
        error: SpecError,
    },
    /// The catalog does not know the provider.
    #[error("application `{app}` names provider `{provider}`, which the catalog does not know")]
    Provider {
        /// The application.
        app: String,
        /// The provider.
        provider: String,
    },
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// Where it is not of the format or a figure is out of range.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text)?;
        check(&scenario, text)?;
        Ok(scenario)
    }

    /// Takes the windows of every application that names a provider from a catalog.
    ///
    /// # Errors
    /// Where `catalog` does not know a provider.
    pub fn resolve(mut self, catalog: &dyn Fn(&str) -> Option<ProviderQuota>) -> Result<Self, ScenarioError> {
        for app in &mut self.app {
            let Some(provider) = app.provider.take() else { continue };
            let Some(quota) = catalog(&provider) else {
                return Err(ScenarioError::Provider { app: app.id.clone(), provider });
            };
            app.windows = quota.windows.iter().map(WindowScenario::from_spec).collect();
            app.user_windows = quota.user_windows.iter().map(WindowScenario::from_spec).collect();
        }
        check(&self, "")?;
        Ok(self)
    }

    /// The start, in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// Where it is no moment.
    pub fn start_ms(&self) -> Result<Ms, ScenarioError> {
        let text = match &self.start {
            Start::Text(text) => text.clone(),
            Start::Date(date) => date.to_string(),
        };
        let start: Timestamp = text.parse().map_err(|_| ScenarioError::Start)?;
        u64::try_from(start.as_millisecond()).map_err(|_| ScenarioError::Start)
    }

    /// When a request is given up.
    #[must_use]
    pub fn request_deadline_ms(&self) -> Ms {
        self.deadline_ms.unwrap_or((2 * self.latency_ms[1]).max(30_000)).max(1)
    }
}

impl AppScenario {
    /// Windows as we know them.
    #[must_use]
    pub fn specs(&self) -> Vec<WindowSpec> {
        self.windows.iter().map(WindowScenario::spec).collect()
    }

    /// The same, with limits as large as the application's users make them.
    #[must_use]
    pub fn grown_specs(&self) -> Vec<WindowSpec> {
        let people = |team: &TeamScenario| u64::from(team.connections.max(team.history_connections));
        let people: u64 = self.team.iter().map(people).sum();
        let grown =
            |spec: WindowSpec| WindowSpec { limit: spec.limit + spec.limit_per_user * people, ..spec };
        self.specs().into_iter().map(grown).collect()
    }

    /// Windows of each user as we know them.
    #[must_use]
    pub fn user_specs(&self) -> Vec<WindowSpec> {
        self.user_windows.iter().map(WindowScenario::spec).collect()
    }

    /// How the provider really counts.
    #[must_use]
    pub fn real_kind(&self) -> Kind {
        let known = || self.windows.iter().chain(&self.user_windows).map(|window| window.kind).next();
        match self.server_kind.or_else(known) {
            None | Some(Kind::Unknown) => Kind::Log,
            Some(kind) => kind,
        }
    }

    /// What a history request costs.
    #[must_use]
    pub fn history_cost(&self) -> Cost {
        Cost::new(1, self.history_days)
    }
}

impl WindowScenario {
    fn spec(&self) -> WindowSpec {
        let length_ms = (self.seconds * 1_000.0).round() as Ms;
        let Self { limit, kind, unit, limit_per_user, .. } = *self;
        WindowSpec { limit, length_ms, kind, unit, limit_per_user }
    }

    fn from_spec(spec: &WindowSpec) -> Self {
        let seconds = spec.length_ms as f64 / 1_000.0;
        let WindowSpec { limit, kind, unit, limit_per_user, .. } = *spec;
        Self { limit, seconds, kind, unit, limit_per_user }
    }
}

/// Hours as milliseconds.
#[must_use]
pub fn hours_ms(hours: f64) -> Ms {
    (hours * 3_600_000.0).round() as Ms
}

/// Seconds as milliseconds.
#[must_use]
pub fn seconds_ms(seconds: f64) -> Ms {
    (seconds * 1_000.0).round() as Ms
}

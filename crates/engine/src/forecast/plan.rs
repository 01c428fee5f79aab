//! What a preference costs: the forecast of one provider, beside today's and beside an application of one's own.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lookback_domain::{
    Basis, Catalog, Days, FigureKey, OAuthApplication, OwnQuota, PerDay, Preference, Provider, PullCost,
    Resource,
};

use super::asked::Asked;
use super::outlook::{Effort, Interrupted, Polling, Timeline, outlook};
use super::sentence;
use crate::time::Ms;

/// Fewest requests that are run for each of several applications.
const GRANTS_MIN: u64 = 3_000;
/// How much better an application of one's own must be, to be advised: a fifth.
const BETTER: f64 = 0.8;

/// What is assumed where pulls do not run for real.
#[derive(Clone, Debug, Default)]
pub struct Assumed {
    /// Connections of each team, all of which pull their history.
    pub connections: u32,
    /// Connections of all the other teams on the shared application.
    pub other_connections: u32,
    /// Further connections of each team each day.
    pub new_connections_per_day: u32,
    /// Whose application the teams use, whatever is stored.
    pub application: Option<OAuthApplication>,
    /// Records a day, in place of the catalog's.
    pub records_per_day: BTreeMap<Resource, PerDay>,
    /// How often a connection is polled, in place of the catalog's.
    pub poll_seconds: Option<u32>,
}

/// The forecast of one provider.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which.
    pub provider: Provider,
    /// Its name.
    pub name: String,
    /// How many teams it is for.
    pub teams: usize,
    /// How many of these use an application of their own.
    pub own_teams: usize,
    /// Which figures are the configuration's in place of the catalog's.
    pub configured: Vec<FigureKey>,
    /// What was assumed, the catalog's figures filled in.
    pub assumed: Assumed,
    /// Whether the provider is asked for history at all; where not, the phone or the device sends it.
    pub is_asked: bool,
    /// How sure we are of the quota.
    pub quota_basis: Basis,
    /// Whether the provider makes no difference between its users' applications: no requests are counted, or only
    /// those of each user.
    pub shared_quota: bool,
    /// What is proposed.
    pub proposed: Side,
    /// What stands today.
    pub today: Side,
    /// What is proposed, with an application of the team's own; none where it has one, or cannot.
    pub own_application: Option<Side>,
    /// Polling without any history: at the start, and once the history proposed is done.
    pub before: Polled,
    /// After it.
    pub after: Polled,
    /// Whether an application of the team's own is advised.
    pub own_application_advised: bool,
    /// All of it, for people.
    pub sentence: String,
}

/// One of the things compared.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// Days of history of the resource that reaches furthest back.
    pub days: Days,
    /// What the history of one connection costs; of the team for which it is most.
    pub per_connection: PullCost,
    /// Requests for all connections there are at the start.
    pub requests: u64,
    /// How sure the figures of time are.
    pub certainty: Certainty,
    /// When history is done in half of all runs, from now.
    pub finish_ms_p50: Option<Ms>,
    /// The same in nine of ten.
    pub finish_ms_p90: Option<Ms>,
    /// When any scheduler could be done at the earliest.
    pub lower_bound_ms: Option<Ms>,
    /// Polling while history is pulled.
    pub during: Polled,
    /// What is used of the quota over time.
    pub timeline: Timeline,
}

/// Polling of the teams asked about, and of the others on their application.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Polled {
    /// The teams asked about; none where they are not polled.
    pub teams: Option<Polling>,
    /// The others; none where there are none.
    pub others: Option<Polling>,
}

impl Side {
    /// This and what goes on at the same time on another application.
    fn beside(self, other: Self) -> Self {
        let requests = self.requests + other.requests;
        let during = self.during.beside(other.during);
        let certainty = self.certainty.max(other.certainty);
        let ends = |side: &Self| {
            let asked = side.certainty != Certainty::Nothing;
            (asked, side.finish_ms_p50.unwrap_or(Ms::MAX), side.timeline.slots.len())
        };
        let (first, last) = if ends(&self) > ends(&other) { (other, self) } else { (self, other) };
        let longer = if first.days > last.days { &first } else { &last };
        let later = |of: fn(&Self) -> Option<Ms>| match first.certainty {
            Certainty::Nothing => of(&last),
            _ => of(&first).zip(of(&last)).map(|(one, other)| one.max(other)),
        };
        Self {
            days: longer.days,
            per_connection: longer.per_connection,
            requests,
            certainty,
            finish_ms_p50: later(|side| side.finish_ms_p50),
            finish_ms_p90: later(|side| side.finish_ms_p90),
            lower_bound_ms: later(|side| side.lower_bound_ms),
            during,
            timeline: last.timeline,
        }
    }
}

impl Polled {
    /// This and polling on another application: the slowest of the teams asked about.
    fn beside(self, other: Self) -> Self {
        let slower = |one: Polling, other: Polling| if other.period_ms > one.period_ms { other } else { one };
        let of = |one: Option<Polling>, other: Option<Polling>| match (one, other) {
            (Some(one), Some(other)) => Some(slower(one, other)),
            (one, other) => one.or(other),
        };
        Self { teams: of(self.teams, other.teams), others: of(self.others, other.others) }
    }
}

lookback_domain::slugs! {
    /// How the figures of time were come by, from the surest.
    pub enum Certainty ("certainty") {
        /// Nothing is pulled:
        Nothing = "nothing",
        /// Every run was made to its end:
        Simulated = "simulated",
        /// Runs were counted on from cycles that repeat themselves:
        Extrapolated = "extrapolated",
        /// History is never done: more is asked for than goes, or it takes more than a century:
        Never = "never",
        /// The runs did not come far enough within their bound; the lower bound stands:
        Unknown = "unknown",
    }
}

#[expect(clippy::derivable_impls, reason = "the members are declared by a macro")]
impl Default for Certainty {
    fn default() -> Self {
        Self::Nothing
    }
}

/// A team that a forecast is for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Team<'a> {
    /// What it prefers today.
    pub today: Option<&'a Preference>,
    /// The application of its own, where one is stored.
    pub own: Option<OwnApplication<'a>>,
}

/// An OAuth application of a team's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnApplication<'a> {
    /// What it may spend, where that is not what the catalog says.
    pub quota: Option<&'a OwnQuota>,
}

/// What is asked about one provider.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What is known of the providers.
    pub catalog: &'a Catalog,
    /// Which.
    pub provider: Provider,
    /// What each team would prefer.
    pub proposed: &'a Preference,
    /// The teams; at least one.
    pub teams: &'a [Team<'a>],
    /// What is assumed.
    pub assumed: &'a Assumed,
    /// From when on.
    pub now: Timestamp,
}

/// Forecasts what becomes of what is proposed, and of what it is compared with.
///
/// The teams that share an application are reckoned with together, and each that has one of its own by itself; the
/// answer is of all of them: requests are added up, and times are those of whoever is last.
///
/// # Errors
/// Where `go_on` says that the answer is no longer wanted, or a quota cannot be.
pub fn plan(question: &Question<'_>, effort: Effort, go_on: &dyn Fn() -> bool) -> Result<Plan, Interrupted> {
    let &Question { catalog, provider, teams, .. } = question;
    let asked = Asked::of(question);
    let groups = asked.groups()?;
    let each = effort.grants / groups.len().max(1) as u64;
    let effort = Effort { grants: each.max(GRANTS_MIN.min(effort.grants)), ..effort };
    let rule = groups.first().map_or(catalog.rule(provider), |group| &group.rule);
    let mut plan = Plan {
        provider,
        name: rule.name.clone(),
        teams: teams.len(),
        own_teams: groups.iter().filter(|group| group.own).map(|group| group.times as usize).sum(),
        configured: rule.configured.clone(),
        assumed: asked.filled_in(),
        is_asked: !rule.request.is_empty(),
        quota_basis: rule.quota.basis,
        shared_quota: rule.quota.windows.iter().any(|window| window.limit_per_user == 0),
        own_application_advised: false,
        proposed: Side::default(),
        today: Side::default(),
        own_application: None,
        before: Polled::default(),
        after: Polled::default(),
        sentence: String::new(),
    };
    for group in &groups {
        let part = asked.part(group, &|load| outlook(load, effort, go_on))?;
        if let Some(own) = part.own_application {
            plan.own_application_advised = is_better(&own, &part.proposed);
            plan.own_application = Some(own);
        }
        plan.proposed = plan.proposed.beside(part.proposed);
        plan.today = plan.today.beside(part.today);
        plan.before = plan.before.beside(part.before);
        plan.after = plan.after.beside(part.after);
    }
    plan.sentence = sentence::of(&plan);
    Ok(plan)
}

/// Most connections that an application is forecast with.
pub const CONNECTIONS_MAX: u32 = 100_000;

/// Whether an application of one's own is worth its trouble.
fn is_better(own: &Side, shared: &Side) -> bool {
    let sooner = match (own.finish_ms_p50, shared.finish_ms_p50) {
        (Some(own), Some(shared)) => (own as f64) < BETTER * shared as f64,
        (Some(_), None) => shared.certainty == Certainty::Never,
        (None, _) => false,
    };
    let period = |side: &Side| side.during.teams.map(|polling| polling.period_ms as f64);
    let oftener = period(own).zip(period(shared)).is_some_and(|(own, shared)| own < BETTER * shared);
    sooner || oftener
}

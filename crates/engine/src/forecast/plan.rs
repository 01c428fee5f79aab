//! What a preference costs: the forecast of one provider, beside today's and beside an application of one's own.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lookback_domain::{
    Basis, Catalog, ConnectionFacts, Days, OAuthApplication, PerDay, Preference, Provider, PullCost,
    Resource, Rule, resolve,
};

use super::load::{Load, Proposal, TeamLoad};
use super::outlook::{Effort, Interrupted, Outlook, Polling, Timeline, outlook};
use super::sentence;
use crate::time::Ms;

/// How far people's records a day lie from what is assumed, in thousandths of it: equally likely each.
const PEOPLE_PERMILLE: [u32; 11] = [500, 600, 700, 800, 900, 1_000, 1_100, 1_200, 1_300, 1_400, 1_500];
/// Requests of a thousand that are taken to fail.
const FAILURES_PERMILLE: u32 = 10;
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
    /// Whose application the teams use.
    pub application: OAuthApplication,
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
#[derive(Clone, Debug)]
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

lookback_domain::slugs! {
    /// How the figures of time were come by.
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

/// What is asked about one provider.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What is known of the providers.
    pub catalog: &'a Catalog,
    /// Which.
    pub provider: Provider,
    /// What each team would prefer.
    pub proposed: &'a Preference,
    /// What each team prefers today; as many entries as there are teams.
    pub today: &'a [Option<&'a Preference>],
    /// What is assumed.
    pub assumed: &'a Assumed,
    /// From when on.
    pub now: Timestamp,
}

/// Forecasts what becomes of what is proposed, and of what it is compared with.
///
/// # Errors
/// Where `go_on` says that the answer is no longer wanted.
pub fn plan(question: &Question<'_>, effort: Effort, go_on: &dyn Fn() -> bool) -> Result<Plan, Interrupted> {
    let &Question { catalog, provider, proposed, today, assumed, now } = question;
    let asked = Asked { catalog, provider, rule: catalog.rule(provider), assumed, now };
    let proposals = vec![asked.pull(Some(proposed)); today.len()];
    let standing: Vec<_> = today.iter().map(|preference| asked.pull(*preference)).collect();
    let own = assumed.application == OAuthApplication::Own;

    let side = |pulls: &[Pull], alone: bool| -> Result<(Side, u64), Interrupted> {
        let load = asked.load(pulls, alone);
        let outlook = outlook(&load, effort, go_on)?;
        let connections = outlook.connections;
        Ok((asked.side(pulls, &load, outlook), connections))
    };
    let (proposed, connections) = side(&proposals, own)?;
    let today = if standing == proposals { proposed.clone() } else { side(&standing, own)?.0 };
    let can_be_own = !own && asked.rule.application.own;
    let alone = proposals.len() <= 1 && assumed.other_connections == 0;
    let own_application = match (can_be_own, alone) {
        (false, _) => None,
        (true, true) => Some(proposed.clone()),
        (true, false) => Some(side(&proposals[..1], true)?.0),
    };
    let quiet = asked.load(&proposals, own).quiet();
    let before = asked.polled(&outlook(&quiet, effort, go_on)?);
    let after = if assumed.new_connections_per_day == 0 {
        before
    } else {
        let mut later = quiet;
        let teams = later.teams.iter_mut().take(proposals.len());
        let each =
            connections.saturating_sub(u64::from(assumed.other_connections)) / proposals.len().max(1) as u64;
        teams.for_each(|team| team.connections = each.min(u64::from(CONNECTIONS_MAX)) as u32);
        asked.polled(&outlook(&later, effort, go_on)?)
    };
    let mut plan = Plan {
        provider,
        name: asked.rule.name.clone(),
        teams: proposals.len(),
        assumed: asked.filled_in(),
        is_asked: !asked.rule.request.is_empty(),
        quota_basis: asked.rule.quota.basis,
        shared_quota: asked.rule.quota.windows.iter().any(|window| window.limit_per_user == 0),
        own_application_advised: own_application.as_ref().is_some_and(|own| is_better(own, &proposed)),
        proposed,
        today,
        own_application,
        before,
        after,
        sentence: String::new(),
    };
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

/// What one connection pulls.
#[derive(Clone, Debug, PartialEq)]
struct Pull {
    days: Days,
    middle: PullCost,
    costs: Vec<PullCost>,
}

/// A provider that something is asked about.
struct Asked<'a> {
    catalog: &'a Catalog,
    provider: Provider,
    rule: &'a Rule,
    assumed: &'a Assumed,
    now: Timestamp,
}

impl Asked<'_> {
    /// What a connection pulls with this preference.
    fn pull(&self, preference: Option<&Preference>) -> Pull {
        let facts = ConnectionFacts {
            connected_at: Some(self.now),
            application: self.assumed.application,
            ..ConnectionFacts::default()
        };
        let pulled: BTreeMap<Resource, Days> = self
            .rule
            .pulled()
            .into_iter()
            .map(|resource| {
                let window = resolve(self.catalog, self.provider, resource, preference, &facts, self.now);
                (resource, window.days)
            })
            .collect();
        let days = |resource: Resource| pulled.get(&resource).copied().unwrap_or_default();
        let cost = |permille: u32| {
            self.rule.pull_cost(&days, &|resource| self.rate(resource).map(|rate| rate.scaled(permille)))
        };
        Pull {
            days: pulled.values().copied().max().unwrap_or_default(),
            middle: cost(1_000),
            costs: PEOPLE_PERMILLE.iter().map(|&permille| cost(permille)).collect(),
        }
    }

    /// How many records of this kind a day are reckoned with.
    fn rate(&self, of: Resource) -> Option<PerDay> {
        let given = self.assumed.records_per_day.get(&of).copied();
        let shapes = self.rule.request.iter().filter(|shape| shape.records_of() == Some(of));
        given.or(shapes.filter_map(|shape| shape.records_per_day).next())
    }

    /// How often a connection is polled. What makes no requests is not polled either, whatever is assumed.
    fn poll_seconds(&self) -> Option<u32> {
        let seconds = self.assumed.poll_seconds.or(self.rule.updates.poll_seconds);
        seconds.filter(|_| !self.rule.request.is_empty())
    }

    /// What is assumed, with what the catalog assumes where nothing was said.
    fn filled_in(&self) -> Assumed {
        let pulled = self.rule.pulled().into_iter();
        Assumed {
            records_per_day: pulled.filter_map(|resource| Some((resource, self.rate(resource)?))).collect(),
            poll_seconds: self.poll_seconds(),
            ..self.assumed.clone()
        }
    }

    fn load(&self, pulls: &[Pull], alone: bool) -> Load {
        let start_ms = u64::try_from(self.now.as_millisecond()).unwrap_or(0);
        let mut load = Load::of(&self.rule.quota, start_ms);
        load.failures_permille = FAILURES_PERMILLE;
        let poll_ms = self.poll_seconds().map(|seconds| Ms::from(seconds) * 1_000);
        let assumed = self.assumed;
        let team = |connections, joins_per_day, proposal| TeamLoad {
            weight: 1,
            connections,
            poll_ms,
            joins_per_day,
            proposal,
        };
        load.teams.extend(pulls.iter().take(if alone { 1 } else { pulls.len() }).map(|pull| {
            let proposal = Proposal {
                connections: assumed.connections,
                costs: pull.costs.clone(),
                days: u32::from(pull.days.get()),
            };
            let proposal = (pull.middle.requests > 0).then_some(proposal);
            team(assumed.connections, assumed.new_connections_per_day, proposal)
        }));
        if !alone && assumed.other_connections > 0 {
            load.teams.push(team(assumed.other_connections, 0, None));
        }
        load
    }

    fn side(&self, pulls: &[Pull], load: &Load, outlook: Outlook) -> Side {
        let most = pulls.iter().max_by_key(|pull| pull.middle.requests);
        let requests = load.requests();
        let certainty = match () {
            () if requests == 0 => Certainty::Nothing,
            () if outlook.finish_ms_p50.is_some() && outlook.counted_on => Certainty::Extrapolated,
            () if outlook.finish_ms_p50.is_some() => Certainty::Simulated,
            () if outlook.unsettled => Certainty::Unknown,
            () => Certainty::Never,
        };
        Side {
            days: most.map(|pull| pull.days).unwrap_or_default(),
            per_connection: most.map(|pull| pull.middle).unwrap_or_default(),
            requests,
            certainty,
            finish_ms_p50: outlook.finish_ms_p50,
            finish_ms_p90: outlook.finish_ms_p90,
            lower_bound_ms: outlook.lower_bound_ms,
            during: self.polled(&outlook),
            timeline: outlook.timeline,
        }
    }

    /// The teams asked about come first, the others last.
    fn polled(&self, outlook: &Outlook) -> Polled {
        let (ours, others) = match outlook.polling.split_last() {
            Some((last, ours)) if self.assumed.other_connections > 0 && !ours.is_empty() => (ours, *last),
            _ => (&outlook.polling[..], None),
        };
        let slowest = ours.iter().flatten().copied().max_by_key(|polling| polling.period_ms);
        Polled { teams: slowest, others }
    }
}

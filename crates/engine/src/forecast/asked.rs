//! What is asked about a provider, as loads of the OAuth applications that the teams use.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lookback_domain::{
    Basis, Catalog, ConnectionFacts, Days, Figures, OAuthApplication, OwnQuota, PerDay, Preference, Provider,
    PullCost, Resource, Rule, resolve,
};

use super::load::{Load, Proposal, TeamLoad};
use super::outlook::{Interrupted, Outlook};
use super::plan::{Assumed, CONNECTIONS_MAX, Certainty, OwnApplication, Polled, Question, Side, Team};
use crate::time::Ms;

/// How far people's records a day lie from what is assumed, in thousandths of it: equally likely each.
const PEOPLE_PERMILLE: [u32; 11] = [500, 600, 700, 800, 900, 1_000, 1_100, 1_200, 1_300, 1_400, 1_500];
/// Requests of a thousand that are taken to fail.
const FAILURES_PERMILLE: u32 = 10;

/// A provider that something is asked about.
pub struct Asked<'a> {
    catalog: &'a Catalog,
    provider: Provider,
    rule: &'a Rule,
    assumed: &'a Assumed,
    teams: &'a [Team<'a>],
    now: Timestamp,
    proposed: Pull,
}

/// What one connection pulls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pull {
    days: Days,
    middle: PullCost,
    costs: Vec<PullCost>,
}

/// The teams on one application; or one team on an application of its own, and how many come to the same.
#[derive(Clone, Debug)]
pub struct Group {
    /// Whether the application is the team's own, so that nobody else is on it.
    pub own: bool,
    /// The catalog's rule, with what the application may spend.
    pub rule: Rule,
    /// How many such applications there are.
    pub times: u64,
    quota: Option<OwnQuota>,
    today: Vec<Pull>,
}

/// What becomes of one application.
pub struct Part {
    pub proposed: Side,
    pub today: Side,
    pub own_application: Option<Side>,
    pub before: Polled,
    pub after: Polled,
}

/// How a load is looked at.
type Look<'a> = &'a dyn Fn(&Load) -> Result<Outlook, Interrupted>;

impl<'a> Asked<'a> {
    pub fn of(question: &Question<'a>) -> Self {
        let &Question { catalog, provider, proposed, teams, assumed, now } = question;
        let rule = catalog.rule(provider);
        let asked = Self { catalog, provider, rule, assumed, teams, now, proposed: Pull::default() };
        Self { proposed: asked.pull(Some(proposed)), ..asked }
    }

    /// The applications that the teams use, the shared one first.
    pub fn groups(&self) -> Result<Vec<Group>, Interrupted> {
        let mut groups: Vec<Group> = Vec::new();
        for team in self.teams {
            let (own, today) = (self.own(team), self.pull(team.today));
            // What the request says of the quota is said of every application.
            let quota = own.and_then(|own| own.quota).filter(|_| self.rule.quota.basis != Basis::Requested);
            let own = own.is_some();
            let alike = |group: &&mut Group| match own {
                true => group.own && group.quota.as_ref() == quota && group.today[..] == [today.clone()],
                false => !group.own,
            };
            match groups.iter_mut().find(alike) {
                Some(group) if own => group.times += 1,
                Some(shared) => shared.today.push(today),
                None => groups.push(Group {
                    own,
                    rule: self.granted(quota)?,
                    times: 1,
                    quota: quota.cloned(),
                    today: vec![today],
                }),
            }
        }
        groups.sort_by_key(|group| group.own);
        Ok(groups)
    }

    /// The application of its own that a team uses, if it does.
    fn own(&self, team: &Team<'a>) -> Option<OwnApplication<'a>> {
        match self.assumed.application {
            None => team.own,
            Some(OAuthApplication::Own) => Some(team.own.unwrap_or_default()),
            Some(OAuthApplication::Shared) => None,
        }
    }

    /// The rule of an application that may spend this.
    fn granted(&self, quota: Option<&OwnQuota>) -> Result<Rule, Interrupted> {
        let Some(OwnQuota { windows, user_windows }) = quota.cloned() else { return Ok(self.rule.clone()) };
        let figures =
            Figures { windows: Some(windows), user_windows: Some(user_windows), ..Figures::default() };
        Ok(self.rule.clone().with(&figures, Basis::Own)?)
    }

    /// What becomes of the teams on an application.
    pub fn part(&self, group: &Group, look: Look<'_>) -> Result<Part, Interrupted> {
        let proposals = vec![self.proposed.clone(); group.today.len()];
        let (proposed, connections) = self.side(group, &proposals, look)?;
        let today = match group.today == proposals {
            true => proposed.clone(),
            false => self.side(group, &group.today, look)?.0,
        };
        let alone = group.today.len() == 1 && self.assumed.other_connections == 0;
        let own_application = match (group.own || !self.rule.application.own, alone) {
            (true, _) => None,
            (false, true) => Some(proposed.clone()),
            (false, false) => {
                let own = Group { own: true, times: proposals.len() as u64, ..group.clone() };
                Some(self.side(&own, &proposals[..1], look)?.0)
            }
        };
        let quiet = self.load(group, &proposals).quiet();
        let before = self.polled(group, &look(&quiet)?);
        let after = if self.assumed.new_connections_per_day == 0 {
            before
        } else {
            let mut later = quiet;
            let others = if group.own { 0 } else { u64::from(self.assumed.other_connections) };
            let each = connections.saturating_sub(others) / proposals.len() as u64;
            let teams = later.teams.iter_mut().take(proposals.len());
            teams.for_each(|team| team.connections = each.min(u64::from(CONNECTIONS_MAX)) as u32);
            self.polled(group, &look(&later)?)
        };
        Ok(Part { proposed, today, own_application, before, after })
    }

    /// What a connection pulls with this preference.
    fn pull(&self, preference: Option<&Preference>) -> Pull {
        let facts = ConnectionFacts { connected_at: Some(self.now), ..ConnectionFacts::default() };
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
    pub fn filled_in(&self) -> Assumed {
        let pulled = self.rule.pulled().into_iter();
        Assumed {
            records_per_day: pulled.filter_map(|resource| Some((resource, self.rate(resource)?))).collect(),
            poll_seconds: self.poll_seconds(),
            ..self.assumed.clone()
        }
    }

    fn load(&self, group: &Group, pulls: &[Pull]) -> Load {
        let start_ms = u64::try_from(self.now.as_millisecond()).unwrap_or(0);
        let mut load = Load::of(&group.rule.quota, start_ms);
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
        load.teams.extend(pulls.iter().map(|pull| {
            let proposal = Proposal {
                connections: assumed.connections,
                costs: pull.costs.clone(),
                days: u32::from(pull.days.get()),
            };
            let proposal = (pull.middle.requests > 0).then_some(proposal);
            team(assumed.connections, assumed.new_connections_per_day, proposal)
        }));
        if !group.own && assumed.other_connections > 0 {
            load.teams.push(team(assumed.other_connections, 0, None));
        }
        load
    }

    /// One of the things compared, and how many connections there are on the application at its end.
    fn side(&self, group: &Group, pulls: &[Pull], look: Look<'_>) -> Result<(Side, u64), Interrupted> {
        let load = self.load(group, pulls);
        let outlook = look(&load)?;
        let most = pulls.iter().max_by_key(|pull| pull.middle.requests);
        let requests = load.requests();
        let certainty = match () {
            () if requests == 0 => Certainty::Nothing,
            () if outlook.finish_ms_p50.is_some() && outlook.counted_on => Certainty::Extrapolated,
            () if outlook.finish_ms_p50.is_some() => Certainty::Simulated,
            () if outlook.unsettled => Certainty::Unknown,
            () => Certainty::Never,
        };
        let side = Side {
            days: most.map(|pull| pull.days).unwrap_or_default(),
            per_connection: most.map(|pull| pull.middle).unwrap_or_default(),
            requests: requests * group.times,
            certainty,
            finish_ms_p50: outlook.finish_ms_p50,
            finish_ms_p90: outlook.finish_ms_p90,
            lower_bound_ms: outlook.lower_bound_ms,
            during: self.polled(group, &outlook),
            timeline: outlook.timeline,
        };
        Ok((side, outlook.connections))
    }

    /// The teams asked about come first, the others last.
    fn polled(&self, group: &Group, outlook: &Outlook) -> Polled {
        let (ours, others) = match outlook.polling.split_last() {
            Some((last, ours)) if !group.own && self.assumed.other_connections > 0 => (ours, *last),
            _ => (&outlook.polling[..], None),
        };
        let slowest = ours.iter().flatten().copied().max_by_key(|polling| polling.period_ms);
        Polled { teams: slowest, others }
    }
}

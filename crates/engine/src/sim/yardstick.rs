//! What a run is held against: when the history of an application could have been done.

use std::collections::BTreeMap;

use super::bound::{Work, earliest_ms, fastest};
use super::polls::Polls;
use super::report::wants_history;
use super::scenario::{AppScenario, TeamScenario, seconds_ms};
use super::site::Site;
use super::world::World;
use crate::clock::EPSILON_MS_MIN;
use crate::cost::Cost;
use crate::quota::{Kind, WindowSpec};
use crate::time::Ms;

/// Most users of a team whose own polls are looked at.
const USERS_MAX: usize = 16;

/// Most teams that are looked at one by one.
const TEAMS_MAX: usize = 64;

/// Most of the moments at which something is asked for that are looked at as the first.
const MOMENTS_MAX: usize = 64;

/// Larger limits, of all users together, are as good as none.
const LIMIT_MAX: u64 = 1_000_000_000;

/// Polls that crashes may have kept from being sent, and whose room history may have had.
fn missed(world: &World<'_, '_>, polls: &[Polls<'_>]) -> u64 {
    let away_ms = seconds_ms(world.scenario.takeover_seconds);
    // A successor may also begin a period anew.
    let each = polls.iter().map(|polls| polls.connections * (away_ms / polls.period_ms + 2));
    each.sum::<u64>() * world.scenario.crash_at_hours.len() as u64
}

/// Whether a team's polls were ever slowed.
fn is_stretched(world: &World<'_, '_>, index: u32, team: usize) -> bool {
    let now = world.engine.stretch_permille(index).nth(team).unwrap_or(1_000);
    now.max(world.sites[index as usize].stretch[team]) > 1_000
}

/// When each of a team's connections was first due, ascending, where they kept to their periods from then on. Who was
/// not due while the run lasted is not among them.
fn firsts(world: &World<'_, '_>, index: u32, team: usize) -> Option<Vec<Ms>> {
    let crashed = !world.scenario.crash_at_hours.is_empty();
    if crashed || is_stretched(world, index, team) {
        return None;
    }
    let people = world.sites[index as usize].people.iter().filter(|person| person.team == team);
    let mut firsts: Vec<Ms> = people.filter_map(|person| person.first_due_ms).collect();
    firsts.sort_unstable();
    Some(firsts)
}

/// Whether a window lets one request through at a time, and nobody can know when or how.
///
/// Two counters that begin a window just before a request leave no room for another until that window and the next
/// are over. Where the clock's error spans a whole window they may begin then, and as long as requests are that far
/// apart every kind shows the same use. So whoever risks no refusal keeps two lengths between any two, for ever.
fn is_blind(spec: &WindowSpec) -> bool {
    spec.kind == Kind::Unknown && spec.limit == 1 && spec.length_ms <= 2 * EPSILON_MS_MIN
}

/// What a run is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yardstick {
    /// What nobody can be faster than.
    Bound,
    /// The same for 1.01 times the work, with the longest latency: windows that no clock cuts are longer by it, and two
    /// counters count what is sent as new for that long.
    Goal,
    /// The goal with windows taken as we charge them: `anchored` ones and leaking buckets as logs, two counters with a
    /// limit of one less, and what is in flight at a boundary on both sides of it.
    Promise,
}

/// The same work as a run is held against it: without what may have had the room of `missed` polls, and a hundredth
/// more for the goal.
fn held_against(asked: &[(Ms, u64)], missed: u64, yardstick: Yardstick) -> Vec<(Ms, u64)> {
    let all: u64 = asked.iter().map(|(_, requests)| requests).sum();
    let grown = |sum: u64| if yardstick == Yardstick::Bound { sum } else { sum + sum.div_ceil(100) };
    let mut sum = 0;
    let grow = |(at_ms, requests): &(Ms, u64)| {
        let before = grown(sum);
        sum = (sum + requests).min(all.saturating_sub(missed));
        (*at_ms, grown(sum) - before)
    };
    asked.iter().map(grow).collect()
}

/// The bound of one application: each user's history through their own windows, and all of it through the application's.
pub fn app_bound(world: &World<'_, '_>, index: u32, yardstick: Yardstick) -> Option<Ms> {
    let held = Held::new(world, index, yardstick);
    // Nobody knows the provider's clock better than that. Whoever risks no refusal does what is right for each that
    // it can be, so the latest of their bounds is one.
    let clocks: &[i64] = match yardstick {
        Yardstick::Promise if held.kind() != Kind::TwoCounter => &[0],
        _ => &[0, EPSILON_MS_MIN as i64, -(EPSILON_MS_MIN as i64)],
    };
    let bounds = clocks.iter().map(|clock_off_ms| held.bound(*clock_off_ms));
    bounds.reduce(|a, b| Some(a?.max(b?))).flatten()
}

/// A run of one application, and how it is looked at.
struct Held<'w, 's, 't> {
    world: &'w World<'s, 't>,
    app: &'w AppScenario,
    site: &'w Site,
    index: u32,
    yardstick: Yardstick,
    windows: Vec<WindowSpec>,
    user_windows: Vec<WindowSpec>,
    /// When each connection of each team was first due, where it kept to its period from then on.
    firsts: Vec<Option<Vec<Ms>>>,
}

/// The earliest that a team's history can go through its users' own windows.
struct Pace {
    from_ms: Ms,
    /// How many requests that is, with those that were to be sent again.
    requests: u64,
    /// When how many of them may go.
    sent: BTreeMap<Ms, u64>,
    /// How many users ask for it, and when the polls of those that are polled fall due, where that is known.
    users: u64,
    dues: Option<Vec<Ms>>,
    polls: Polls<'static>,
}

impl<'w, 's, 't> Held<'w, 's, 't> {
    fn new(world: &'w World<'s, 't>, index: u32, yardstick: Yardstick) -> Self {
        let (app, site) = (&world.scenario.app[index as usize], &world.sites[index as usize]);
        let firsts = (0..app.team.len()).map(|team| firsts(world, index, team)).collect();
        let mut held =
            Self { world, app, site, index, yardstick, windows: vec![], user_windows: vec![], firsts };
        held.windows = held.real(app.grown_specs(), held.polls_on_both_sides());
        held.user_windows = held.real(app.user_specs(), 0);
        held
    }

    /// How many polls of a two-counter window of the application are charged in the next one too: for as long as a response
    /// takes and the clock may wander longer, and one that may be on either side of the boundary.
    fn polls_on_both_sides(&self) -> u64 {
        let under_way = self.polls_in(self.world.scenario.latency_ms[1] + EPSILON_MS_MIN / 8);
        under_way + self.polls_in(2 * EPSILON_MS_MIN).min(1)
    }

    fn kind(&self) -> Kind {
        self.app.real_kind()
    }

    /// The windows as the provider counts, or as we are held against them: with as many polls charged twice.
    fn real(&self, specs: Vec<WindowSpec>, twice: u64) -> Vec<WindowSpec> {
        let is_promise = self.yardstick == Yardstick::Promise;
        let kind = match self.kind() {
            Kind::Anchored | Kind::Bucket if is_promise => Kind::Log,
            real => real,
        };
        let real = |spec: WindowSpec| match is_blind(&spec) {
            true => WindowSpec { kind: Kind::Log, length_ms: 2 * spec.length_ms, ..spec },
            // A sum that falls evenly has room for a whole request only now and then. Where windows are hardly longer than
            // a response takes nothing is promised.
            false if kind == Kind::TwoCounter && is_promise => {
                let twice = if spec.length_ms < 4 * self.world.scenario.latency_ms[1] { 0 } else { twice };
                WindowSpec { kind, limit: spec.limit.saturating_sub(1 + twice).max(1), ..spec }
            }
            false => WindowSpec { kind, ..spec },
        };
        specs.into_iter().map(real).collect()
    }

    /// How many polls are wished for in so long, on average.
    fn polls_in(&self, span_ms: Ms) -> u64 {
        let each =
            |team: &TeamScenario| 1_000_000 * u64::from(team.connections) / seconds_ms(team.poll_seconds);
        span_ms * self.app.team.iter().map(each).sum::<u64>() / 1_000_000
    }

    /// The polls of so many connections of a team.
    fn polls(&self, team: usize, connections: u32) -> Polls<'static> {
        let engine = &self.world.engine;
        // The period it came to at its longest: stretched with the team, and by the user's own windows.
        let now = engine.period_ms(self.index, self.site.first[team]).unwrap_or(0);
        let stretch = engine.stretch_permille(self.index).nth(team).unwrap_or(1_000);
        let period_ms = if is_stretched(self.world, self.index, team) {
            let longest = u128::from(now) * u128::from(self.site.stretch[team].max(stretch));
            (longest * 1_001 / (u128::from(stretch) * 1_000) + 2) as Ms
        } else {
            now
        };
        let connections = if now == 0 { 0 } else { u64::from(connections) };
        let since = Some(seconds_ms(self.app.team[team].connect_at_seconds)).filter(|at_ms| *at_ms > 0);
        let since_ms = since.map_or(0, |at_ms| self.world.start_ms + at_ms);
        // Nobody has to have kept room for polls of those who joined beside history. What they took of it, they took.
        let first = self.site.people.get(self.site.first[team] as usize);
        let joined_late =
            first.is_some_and(|person| person.team == team && person.settled_ms > 0 && since_ms > 0);
        let until_ms = self.site.finished_ms.filter(|_| joined_late).unwrap_or(Ms::MAX);
        Polls { connections, period_ms: period_ms.max(1), firsts: None, since_ms, until_ms }
    }

    /// Work that is asked for at these moments, ascending, through these windows and beside these polls.
    fn work<'a>(
        &self,
        windows: &'a [WindowSpec],
        polls: &'a [Polls<'a>],
        asked: &'a [(Ms, u64)],
        clock_off_ms: i64,
    ) -> Work<'a> {
        let (scenario, site) = (self.world.scenario, self.site);
        let latency = scenario.latency_ms;
        let late_ms = site.lateness.percentiles().max;
        let overdue = self.world.engine.overdue(self.index);
        let overdue_ms =
            overdue.map(|(_, due_ms)| self.world.now_ms.saturating_sub(due_ms)).fold(site.unsent_ms, Ms::max);
        let longest_ms = if scenario.tail_rate > 0.0 { scenario.tail_ms } else { 0 }.max(latency[1]);
        let skew_ms = 2 * scenario.clock_skew_ms.unsigned_abs();
        let is_charged = self.yardstick == Yardstick::Promise && self.kind() != Kind::TwoCounter;
        let (from_ms, requests) = asked[0];
        Work {
            windows,
            users: (&[], &[]),
            cost: self.app.history_cost(),
            poll_cost: Cost::ONE,
            polls,
            poll_slack_ms: longest_ms + late_ms.max(overdue_ms) + skew_ms,
            on_both_sides: is_charged.then_some((latency[1] + EPSILON_MS_MIN, EPSILON_MS_MIN)),
            from_ms,
            start_ms: self.world.start_ms,
            requests,
            later: &asked[1..],
            latency_ms: if self.yardstick == Yardstick::Bound { 0 } else { latency[1] },
            clock_off_ms,
        }
    }

    /// The bound where the provider's clock is so far off.
    fn bound(&self, clock_off_ms: i64) -> Option<Ms> {
        let paces = self.paces(clock_off_ms)?;
        let mut last_ms = paces.iter().filter_map(|pace| pace.sent.keys().last().copied()).max().unwrap_or(0);
        let team = |team: usize| {
            let firsts = self.firsts[team].as_deref();
            Polls { firsts, ..self.polls(team, self.app.team[team].connections) }
        };
        let polls: Vec<_> = (0..self.app.team.len()).map(team).collect();
        let mut raise = |asked: &[(Ms, u64)], paces: &[Pace]| -> Option<()> {
            let asked = held_against(asked, missed(self.world, &polls), self.yardstick);
            let asked = if paces.is_empty() { asked } else { paced(paces, &asked) };
            let (windows, users) = self.together(paces);
            let work =
                Work { users: (&windows, &users), ..self.work(&self.windows, &polls, &asked, clock_off_ms) };
            last_ms = last_ms.max(earliest_ms(&work)?);
            Some(())
        };
        // What a window has let through by a moment is bounded best from when something is asked for.
        let asked = self.asked();
        for first in (0..asked.len()).step_by(asked.len().div_ceil(MOMENTS_MAX).max(1)) {
            let later = paces.partition_point(|pace| pace.from_ms < asked[first].0);
            raise(&asked[first..], &paces[later..])?;
        }
        // A team that has the application to itself.
        for pace in paces.chunks(1).take(TEAMS_MAX).filter(|_| paces.len() > 1) {
            raise(&[(pace[0].from_ms, pace[0].requests)], pace)?;
        }
        Some((last_ms + self.world.scenario.latency_ms[0]).saturating_sub(self.world.start_ms))
    }

    /// The windows of these teams' users taken together, and the polls beside their history: no more can go through all
    /// of them than through each.
    fn together<'a>(&self, paces: &'a [Pace]) -> (Vec<WindowSpec>, Vec<Polls<'a>>) {
        let users: u64 = paces.iter().map(|pace| pace.users).sum();
        let simple = self
            .user_windows
            .iter()
            .filter(|spec| users > 0 && spec.kind != Kind::TwoCounter && spec.limit * users <= LIMIT_MAX);
        let windows = simple.map(|spec| WindowSpec { limit: spec.limit * users, ..*spec }).collect();
        let polls = paces.iter().map(|pace| Polls { firsts: pace.dues.as_deref(), ..pace.polls });
        (windows, polls.collect())
    }

    /// The history that was asked for, what was to be sent again with it, by the moment, ascending.
    fn asked(&self) -> Vec<(Ms, u64)> {
        let mut asked = BTreeMap::new();
        for (position, team) in self.app.team.iter().enumerate().filter(|(_, team)| wants_history(team)) {
            let at_ms = self.world.start_ms + seconds_ms(team.history_at_seconds);
            *asked.entry(at_ms).or_default() += self.requests(position);
        }
        asked.into_iter().collect()
    }

    /// What a team asked for, and what of it was to be sent again.
    fn requests(&self, position: usize) -> u64 {
        let team = &self.app.team[position];
        u64::from(team.history_connections) * u64::from(team.history_requests) + self.site.again[position]
    }

    /// Each team's own pace, by when it asks; none where users have no windows.
    fn paces(&self, clock_off_ms: i64) -> Option<Vec<Pace>> {
        if self.user_windows.is_empty() {
            return Some(Vec::new());
        }
        let teams = (0..self.app.team.len()).filter(|team| wants_history(&self.app.team[*team]));
        let mut paces: Vec<_> = teams.map(|team| self.pace(team, clock_off_ms)).collect::<Option<_>>()?;
        paces.sort_by_key(|pace| pace.from_ms);
        Some(paces)
    }

    fn pace(&self, position: usize, clock_off_ms: i64) -> Option<Pace> {
        let team = &self.app.team[position];
        let from_ms = self.world.start_ms + seconds_ms(team.history_at_seconds);
        let mut sent = BTreeMap::new();
        let mut add = |polls: &[Polls<'_>], users: u32| -> Option<()> {
            let each = [(from_ms, u64::from(team.history_requests))];
            let each = held_against(&each, missed(self.world, polls), self.yardstick);
            for (at_ms, count) in fastest(&self.work(&self.user_windows, polls, &each, clock_off_ms))? {
                *sent.entry(at_ms).or_default() += count * u64::from(users);
            }
            Some(())
        };
        // Whose polls are known one by one, whose are not, and who has none or is one too many to look at.
        let polled = team.connections.min(team.history_connections);
        let people = self.site.people[self.site.first[position] as usize..][..polled as usize].iter();
        let mut dues: Option<Vec<Ms>> =
            self.firsts[position].as_ref().map(|_| people.filter_map(|person| person.first_due_ms).collect());
        let polls = self.polls(position, 1);
        let looked_at = dues.iter().flat_map(|dues| dues.chunks(1).take(USERS_MAX));
        let known = looked_at.clone().count() as u32;
        for due in looked_at {
            add(&[Polls { firsts: Some(due), ..polls }], 1)?;
        }
        let unknown = if dues.is_none() { polled } else { 0 };
        for (polls, users) in [(&[polls][..], unknown), (&[], team.history_connections - known - unknown)] {
            if users > 0 {
                add(polls, users)?;
            }
        }
        dues.iter_mut().for_each(|dues| dues.sort_unstable());
        let polls = Polls { firsts: None, ..self.polls(position, polled) };
        let (requests, users) = (self.requests(position), u64::from(team.history_connections));
        Some(Pace { from_ms, requests, sent, users, dues, polls })
    }
}

/// Work that is asked for at these moments and goes no faster than the users' own windows let it: of all users together
/// no more can have been sent by a moment than of each alone. What is asked for beyond that, since it was to be sent
/// again or missed polls made room for it, may go at any time.
fn paced(paces: &[Pace], asked: &[(Ms, u64)]) -> Vec<(Ms, u64)> {
    let mut all: BTreeMap<Ms, u64> = asked.iter().map(|(at_ms, _)| (*at_ms, 0)).collect();
    let mut left: u64 = asked.iter().map(|(_, requests)| requests).sum();
    let sent: u64 = paces.iter().flat_map(|pace| pace.sent.values()).sum();
    all.insert(asked[0].0, left.saturating_sub(sent));
    for (at_ms, count) in paces.iter().flat_map(|pace| &pace.sent) {
        *all.entry(*at_ms).or_default() += count;
    }
    let mut take = |(at_ms, count): (Ms, u64)| {
        let taken = count.min(left);
        left -= taken;
        (at_ms, taken)
    };
    all.into_iter().map(&mut take).collect()
}

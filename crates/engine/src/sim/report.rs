//! From a world that has run to its summary.

use std::collections::BTreeMap;

use super::bound::{Work, earliest_ms};
use super::polls::Polls;
use super::scenario::{AppScenario, TeamScenario, seconds_ms};
use super::site::Site;
use super::stats::{Histogram, jain};
use super::summary::{Summary, WindowUse};
use super::world::World;
use crate::cost::Cost;
use crate::quota::{Kind, WindowSpec};
use crate::time::Ms;

/// Error of the clock that is always assumed.
const CLOCK_ERROR_MS: Ms = 1_000;

/// Most users of a team whose own bounds are looked at.
const USERS_MAX: usize = 16;

/// Sums a run up.
pub fn summary(world: &World<'_, '_>) -> Summary {
    let ended_ms = world.now_ms - world.start_ms;
    let mut lateness = Histogram::default();
    let (mut period, mut gap_max, mut stretch) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let (mut bounds, mut goals, mut promises) = (Some(0), Some(0), Some(0));
    let mut fairness = 1.0_f64;
    let mut utilisation = Vec::new();
    for (index, (app, site)) in world.scenario.app.iter().zip(&world.sites).enumerate() {
        lateness.merge(&site.lateness);
        for due_ms in world.engine.overdue(index as u32) {
            lateness.add(world.now_ms.saturating_sub(due_ms));
        }
        if app.team.iter().any(|team| team.connections > 0) {
            let planned = || world.engine.period_ms(index as u32, 0);
            period.insert(app.id.clone(), site.gaps.mean().or_else(planned).unwrap_or(0));
            gap_max.insert(app.id.clone(), site.gaps.percentiles().max);
            let most = site.stretch.iter().max().copied().unwrap_or(1_000);
            stretch.insert(app.id.clone(), most as f64 / 1_000.0);
        }
        bounds = latest(bounds, app_bound(world, index as u32, Yardstick::Bound));
        goals = latest(goals, app_bound(world, index as u32, Yardstick::Goal));
        promises = latest(promises, app_bound(world, index as u32, Yardstick::Promise));
        fairness = fairness.min(app_jain(world, index));
        utilisation.extend(app_use(app, site, world.start_ms, ended_ms));
    }
    let total = |count: &dyn Fn(&Site) -> u64| world.sites.iter().map(count).sum::<u64>();
    let lane = |lane: usize| total(&|site| site.arrived[lane]);
    let asked = total(&|site| site.open + site.done + site.given_up);
    let finished = world.sites.iter().filter_map(|site| site.finished_ms).max().map(|ms| ms - world.start_ms);
    let history_finished_ms = finished.filter(|_| asked > 0 && total(&|site| site.open + site.given_up) == 0);
    let asked_at = world.scenario.app.iter().flat_map(|app| &app.team).filter(|team| wants_history(team));
    let from_ms = asked_at.map(|team| seconds_ms(team.history_at_seconds)).min().unwrap_or(0);
    let bound = |bound: Option<Ms>| bound.filter(|_| asked > 0);
    let ratio = |bound: Option<Ms>| {
        let (finished, bound) = (history_finished_ms?, bound?);
        (bound > from_ms).then(|| (finished - from_ms) as f64 / (bound - from_ms) as f64)
    };
    Summary {
        requests: lane(0) + lane(1) + lane(2),
        rejected: total(&|site| site.rejected),
        live: lane(0),
        polls: lane(1),
        history: lane(2),
        history_asked: asked,
        history_done: total(&|site| site.done),
        history_given_up: total(&|site| site.given_up),
        history_finished_ms,
        lower_bound_ms: bound(bounds),
        makespan_ratio: ratio(bound(bounds)),
        goal_bound_ms: bound(goals),
        goal_ratio: ratio(bound(goals)),
        promise_bound_ms: bound(promises),
        history_from_ms: from_ms,
        poll_lateness_ms: lateness.percentiles(),
        poll_period_ms: period,
        poll_gap_ms_max: gap_max,
        poll_stretch: stretch,
        jain: fairness,
        utilisation,
        decisions_per_second: None,
        ended_ms,
    }
}

fn latest(a: Option<Ms>, b: Option<Ms>) -> Option<Ms> {
    Some(a?.max(b?))
}

fn wants_history(team: &TeamScenario) -> bool {
    team.history_connections > 0 && team.history_requests > 0
}

/// Jain's index over what each team got of what it could have had.
fn app_jain(world: &World<'_, '_>, index: usize) -> f64 {
    // A single request is as far from a share as a whole request can be: fairness shows over many.
    let fair = world.engine.shares(index as u32).filter(|share| share.requests >= 20 && share.entitled > 0);
    let shares: Vec<f64> = fair.map(|share| share.served as f64 / share.entitled as f64).collect();
    jain(&shares)
}

fn app_use<'s>(
    app: &'s AppScenario,
    site: &'s Site,
    start_ms: Ms,
    ended_ms: Ms,
) -> impl Iterator<Item = WindowUse> + 's {
    site.provider.windows.iter().map(move |window| {
        let lengths = lengths(app.real_kind(), window.length_ms(), start_ms, ended_ms);
        WindowUse {
            app: app.id.clone(),
            seconds: window.length_ms() as f64 / 1_000.0,
            limit: window.limit,
            server_kind: app.real_kind(),
            mean: window.accepted as f64 / (window.limit * lengths) as f64,
            peak: window.peak as f64 / window.limit as f64,
        }
    })
}

/// How often a limit could be used up in a run: once a window that the run touches, where windows are cut at
/// boundaries, else once a length that was begun.
fn lengths(kind: Kind, length_ms: Ms, start_ms: Ms, ended_ms: Ms) -> u64 {
    match kind {
        Kind::Aligned | Kind::TwoCounter => (start_ms + ended_ms) / length_ms - start_ms / length_ms + 1,
        _ => ended_ms.div_ceil(length_ms).max(1),
    }
}

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

/// When each of a team's connections was first due, ascending, where they kept to their periods from then on.
fn firsts(world: &World<'_, '_>, index: u32, team: usize) -> Vec<Ms> {
    let crashed = !world.scenario.crash_at_hours.is_empty();
    if crashed || is_stretched(world, index, team) {
        return Vec::new();
    }
    let people = world.sites[index as usize].people.iter().filter(|person| person.team == team);
    let mut firsts: Vec<Ms> = people.filter_map(|person| person.first_due_ms).collect();
    firsts.sort_unstable();
    firsts
}

/// Whether a window lets one request through at a time, and nobody can know when or how.
///
/// Two counters that begin a window just before a request leave no room for another until that window and the next
/// are over. Where the clock's error spans a whole window they may begin then, and as long as requests are that far
/// apart every kind shows the same use. So whoever risks no refusal keeps two lengths between any two, for ever.
fn is_blind(spec: &WindowSpec) -> bool {
    spec.kind == Kind::Unknown && spec.limit == 1 && spec.length_ms <= 2 * CLOCK_ERROR_MS
}

/// What a run is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Yardstick {
    /// What nobody can be faster than.
    Bound,
    /// The same for 1.01 times the work, windows that are not aligned taken as their length and the longest latency.
    Goal,
    /// The goal with windows taken as we charge them: `anchored` ones and leaking buckets as logs, two counters with a
    /// limit of one less, and what is in flight at a boundary on both sides of it.
    Promise,
}

/// The history that was asked for, what was to be sent again with it, by the moment, ascending.
fn asked(world: &World<'_, '_>, index: u32) -> Vec<(Ms, u64)> {
    let (app, site) = (&world.scenario.app[index as usize], &world.sites[index as usize]);
    let mut asked = BTreeMap::new();
    for (team, again) in app.team.iter().zip(&site.again).filter(|(team, _)| wants_history(team)) {
        let requests = u64::from(team.history_connections) * u64::from(team.history_requests) + again;
        *asked.entry(seconds_ms(team.history_at_seconds)).or_default() += requests;
    }
    asked.into_iter().collect()
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

/// The bound of one application: all its history through its own windows, and each user's through theirs.
fn app_bound(world: &World<'_, '_>, index: u32, yardstick: Yardstick) -> Option<Ms> {
    let (app, site) = (&world.scenario.app[index as usize], &world.sites[index as usize]);
    let real = |specs: Vec<WindowSpec>| -> Vec<WindowSpec> {
        let kind = match app.real_kind() {
            Kind::Anchored | Kind::Bucket if yardstick == Yardstick::Promise => Kind::Log,
            real => real,
        };
        let real = |spec: WindowSpec| match is_blind(&spec) {
            true => WindowSpec { kind: Kind::Log, length_ms: 2 * spec.length_ms, ..spec },
            // A sum that falls evenly has room for a whole request only now and then.
            false if kind == Kind::TwoCounter && yardstick == Yardstick::Promise => {
                WindowSpec { kind, limit: (spec.limit - 1).max(1), ..spec }
            }
            false => WindowSpec { kind, ..spec },
        };
        specs.into_iter().map(real).collect()
    };
    let goal = yardstick != Yardstick::Bound;
    let (windows, user_windows) = (real(app.grown_specs()), real(app.user_specs()));
    let latency = world.scenario.latency_ms;
    let firsts: Vec<Vec<Ms>> = (0..app.team.len()).map(|team| firsts(world, index, team)).collect();
    let polls = |team: usize, connections: u32| {
        let scenario = &app.team[team];
        // The period it came to at its longest: stretched with the team, and by the user's own windows.
        let now = world.engine.period_ms(index, site.first[team]).unwrap_or(0);
        let stretch = world.engine.stretch_permille(index).nth(team).unwrap_or(1_000);
        let period_ms = if is_stretched(world, index, team) {
            (now * site.stretch[team].max(stretch)).div_ceil(stretch) * 1_001 / 1_000
        } else {
            now
        };
        let connections = if now == 0 { 0 } else { u64::from(connections) };
        let since = Some(seconds_ms(scenario.connect_at_seconds)).filter(|at_ms| *at_ms > 0);
        let since_ms = since.map_or(0, |at_ms| world.start_ms + at_ms);
        Polls { connections, period_ms: period_ms.max(1), firsts: None, since_ms }
    };
    let all: Vec<Polls<'_>> = (0..app.team.len())
        .map(|team| {
            let firsts = Some(firsts[team].as_slice()).filter(|firsts| !firsts.is_empty());
            Polls { firsts, ..polls(team, app.team[team].connections) }
        })
        .collect();
    let late_ms = site.lateness.percentiles().max;
    let overdue = world.engine.overdue(index).map(|due_ms| world.now_ms.saturating_sub(due_ms)).max();
    let longest_ms = if world.scenario.tail_rate > 0.0 { world.scenario.tail_ms } else { 0 }.max(latency[1]);
    let skew_ms = 2 * world.scenario.clock_skew_ms.unsigned_abs();
    let poll_slack_ms = longest_ms + late_ms.max(overdue.unwrap_or(0)) + skew_ms;
    let mut bound = 0;
    // Nobody knows the provider's clock better than that. Whoever risks no refusal does what is right for each that
    // it can be, so the latest of their bounds is one.
    let clocks: &[i64] = match yardstick {
        Yardstick::Promise if app.real_kind() != Kind::TwoCounter => &[0],
        _ => &[0, CLOCK_ERROR_MS as i64, -(CLOCK_ERROR_MS as i64)],
    };
    let mut raise = |windows: &[WindowSpec], polls: &[Polls<'_>], asked: &[(Ms, u64)]| -> Option<()> {
        let asked = held_against(asked, missed(world, polls), yardstick);
        let moved = |(at_ms, count): &(Ms, u64)| (world.start_ms + at_ms, *count);
        let asked: Vec<_> = asked.iter().map(moved).collect();
        let Some((&(from_ms, requests), later)) = asked.split_first() else { return Some(()) };
        let mut work = Work {
            windows,
            cost: app.history_cost(),
            poll_cost: Cost::ONE,
            polls,
            poll_slack_ms,
            on_both_sides: (yardstick == Yardstick::Promise && app.real_kind() != Kind::TwoCounter)
                .then_some((latency[1] + CLOCK_ERROR_MS, CLOCK_ERROR_MS)),
            from_ms,
            start_ms: world.start_ms,
            requests,
            later,
            latency_ms: if goal { latency[1] } else { 0 },
            clock_off_ms: 0,
        };
        for clock_off_ms in clocks {
            work.clock_off_ms = *clock_off_ms;
            bound = bound.max(earliest_ms(&work)? - world.start_ms + latency[0]);
        }
        Some(())
    };
    // What a window has let through by a moment is bounded best from when something is asked for.
    let asked = asked(world, index);
    for first in 0..asked.len() {
        raise(&windows, &all, &asked[first..])?;
    }
    for (position, team) in app.team.iter().enumerate().filter(|(_, team)| wants_history(team)) {
        let from_ms = seconds_ms(team.history_at_seconds);
        if user_windows.is_empty() {
            continue;
        }
        // Who is polled as well takes longest.
        let both = team.connections.min(team.history_connections);
        let dues = site.people[site.first[position] as usize..][..both as usize].iter();
        let dues: Vec<Ms> = dues.filter_map(|person| person.first_due_ms).take(USERS_MAX).collect();
        let each = u64::from(team.history_requests);
        let polled = polls(position, both.min(1));
        if firsts[position].is_empty() || dues.is_empty() {
            raise(&user_windows, &[polled], &[(from_ms, each)])?;
        }
        for due in dues.chunks(1).filter(|_| !firsts[position].is_empty()) {
            raise(&user_windows, &[Polls { firsts: Some(due), ..polled }], &[(from_ms, each)])?;
        }
    }
    Some(bound)
}

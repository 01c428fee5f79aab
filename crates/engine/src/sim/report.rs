//! From a world that has run to its summary.

use std::collections::BTreeMap;

use super::bound::{Polls, Work, earliest_ms};
use super::scenario::{AppScenario, seconds_ms};
use super::site::Site;
use super::stats::{Histogram, jain};
use super::summary::{Summary, WindowUse};
use super::world::World;
use crate::cost::Cost;
use crate::quota::{Kind, WindowSpec};
use crate::time::Ms;

/// Sums a run up.
pub fn summary(world: &World<'_, '_>) -> Summary {
    let ended_ms = world.now_ms - world.start_ms;
    let mut lateness = Histogram::default();
    let (mut period, mut gap_max, mut stretch) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let (mut bounds, mut goals) = (Some(0), Some(0));
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
        bounds = latest(bounds, app_bound(world, index as u32, false));
        goals = latest(goals, app_bound(world, index as u32, true));
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

fn wants_history(team: &super::scenario::TeamScenario) -> bool {
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
fn missed(world: &World<'_, '_>, polls: &[Polls]) -> u64 {
    let away_ms = seconds_ms(world.scenario.takeover_seconds);
    // A successor may also begin a period anew.
    let each = polls.iter().map(|polls| polls.connections * (away_ms / polls.period_ms + 2));
    each.sum::<u64>() * world.scenario.crash_at_hours.len() as u64
}

/// The bound of one application: all its history through its own windows, and each user's through theirs.
fn app_bound(world: &World<'_, '_>, index: u32, goal: bool) -> Option<Ms> {
    let (app, site) = (&world.scenario.app[index as usize], &world.sites[index as usize]);
    let real = |specs: Vec<WindowSpec>| -> Vec<WindowSpec> {
        specs.into_iter().map(|spec| WindowSpec { kind: app.real_kind(), ..spec }).collect()
    };
    let (windows, user_windows) = (real(app.grown_specs()), real(app.user_specs()));
    let latency = world.scenario.latency_ms;
    let polls = |team: usize, connections: u32| {
        let scenario = &app.team[team];
        // The period it came to at its longest: stretched with the team, and by the user's own windows.
        let now = world.engine.period_ms(index, site.first[team]).unwrap_or(0);
        let stretch = world.engine.stretch_permille(index).nth(team).unwrap_or(1_000);
        let period_ms = (now * site.stretch[team].max(stretch)).div_ceil(stretch) * 1_001 / 1_000;
        // Connections that come later are no part of the bound.
        let connections = if scenario.connect_at_seconds > 0.0 { 0 } else { u64::from(connections) };
        Polls { connections: if now == 0 { 0 } else { connections }, period_ms: period_ms.max(1) }
    };
    let all: Vec<Polls> = (0..app.team.len()).map(|team| polls(team, app.team[team].connections)).collect();
    let mut bound = 0;
    let mut raise = |windows: &[WindowSpec], polls: &[Polls], from_ms: Ms, requests: u64| -> Option<()> {
        let requests = requests.saturating_sub(missed(world, polls));
        let work = Work {
            windows,
            cost: app.history_cost(),
            poll_cost: Cost::ONE,
            polls,
            from_ms: world.start_ms + from_ms,
            start_ms: world.start_ms,
            requests: if goal { requests + requests.div_ceil(100) } else { requests },
            latency_ms: if goal { latency[1] } else { 0 },
        };
        bound = bound.max(earliest_ms(&work)? - world.start_ms + latency[0]);
        Some(())
    };
    for (position, team) in app.team.iter().enumerate().filter(|(_, team)| wants_history(team)) {
        let from_ms = seconds_ms(team.history_at_seconds);
        let later = app.team.iter().filter(|team| seconds_ms(team.history_at_seconds) >= from_ms);
        let requests =
            later.map(|team| u64::from(team.history_connections) * u64::from(team.history_requests)).sum();
        raise(&windows, &all, from_ms, requests)?;
        if !user_windows.is_empty() {
            let polled = u32::from(team.connections >= team.history_connections);
            raise(&user_windows, &[polls(position, polled)], from_ms, u64::from(team.history_requests))?;
        }
    }
    Some(bound)
}

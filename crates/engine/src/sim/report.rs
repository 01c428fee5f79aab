//! From a world that has run to its summary.

use std::collections::BTreeMap;

use super::scenario::{AppScenario, TeamScenario, seconds_ms};
use super::site::Site;
use super::stats::{Histogram, jain};
use super::summary::{Summary, WindowUse};
use super::world::World;
use super::yardstick::{Yardstick, app_bound};
use crate::quota::Kind;
use crate::time::Ms;

/// Sums a run up.
pub fn summary(world: &World<'_, '_>) -> Summary {
    let ended_ms = world.now_ms - world.start_ms;
    let (mut lateness, mut settled, mut live) =
        (Histogram::default(), Histogram::default(), Histogram::default());
    let (mut period, mut gap_max, mut stretch) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let (mut bounds, mut goals, mut promises) = (Some(0), Some(0), Some(0));
    let mut fairness = 1.0_f64;
    let mut utilisation = Vec::new();
    for (index, (app, site)) in world.scenario.app.iter().zip(&world.sites).enumerate() {
        lateness.merge(&site.lateness);
        settled.merge(&site.settled_lateness);
        live.merge(&site.live_lateness);
        for (user, due_ms) in world.engine.overdue(index as u32) {
            let late_ms = world.now_ms.saturating_sub(due_ms);
            lateness.add(late_ms);
            if due_ms >= site.people[user as usize].settled_ms {
                settled.add(late_ms);
            }
        }
        for asked_ms in world.engine.asked(index as u32) {
            live.add(world.now_ms.saturating_sub(asked_ms));
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
    // A team that never came to ask is not done either.
    let all_asked = asked > 0 && world.asks == 0;
    let history_finished_ms = finished.filter(|_| all_asked && total(&|site| site.open + site.given_up) == 0);
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
        // Work that is rounded up, one request more for a hundred, need not take longer; less it never does.
        goal_bound_ms: bound(latest(goals, bounds)),
        goal_ratio: ratio(bound(latest(goals, bounds))),
        promise_bound_ms: bound(promises),
        history_from_ms: from_ms,
        poll_lateness_ms: lateness.percentiles(),
        settled_poll_lateness_ms: settled.percentiles(),
        live_lateness_ms: live.percentiles(),
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

pub(super) fn wants_history(team: &TeamScenario) -> bool {
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

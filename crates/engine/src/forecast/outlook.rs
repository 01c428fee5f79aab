//! Many runs of one load, as one answer.

use lookback_domain::FiguresError;
use serde::Serialize;

use super::cycles::{CYCLES_MAX, Cycles, Growth, Used};
use super::load::Load;
use super::rollout::{Bounds, Rollout};
use crate::clock::EPSILON_MS_MIN;
use crate::cost::{Cost, Unit};
use crate::engine::Engine;
use crate::quota::{Kind, SpecError, Window, WindowSpec};
use crate::sim::{Percentiles, Polls, Work, earliest_ms};
use crate::time::{Instant, Ms};

/// Shortest cycle: ten minutes. Where windows let so little through that a cycle would have few requests, up to an hour.
const CYCLE_MS_MIN: Ms = 600_000;
const CYCLE_MS_MIN_MAX: Ms = 3_600_000;
/// Cycles of so many requests each that the effort should be enough for.
const CYCLES_AFFORDED: u64 = 30;
/// Steps of the exact lower bound beyond which the even one stands alone.
const BOUND_STEPS_MAX: u64 = 200_000;
/// What of a window polls may use while history waits, in thousandths, as the engine has it.
const POLL_SHARE: u64 = 800;
/// Parts of a drawing.
const COLUMNS: usize = 60;

/// How much is run. Everything follows from it, so that the same question has the same answer.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Requests, over all runs.
    pub grants: u64,
    /// Most runs.
    pub runs_max: u32,
    /// Everything random follows from it.
    pub seed: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Self { grants: 120_000, runs_max: 15, seed: 1 }
    }
}

/// The answer was no longer wanted, or cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Interrupted {
    /// Whoever asked said so.
    #[error("the forecast was given up")]
    Unwanted,
    /// A window's figures are out of range.
    #[error(transparent)]
    Window(#[from] SpecError),
    /// What an application may spend does not fit its provider.
    #[error(transparent)]
    Quota(#[from] FiguresError),
}

/// What becomes of a load.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// Runs made, each with other people, latencies and failures.
    pub runs: u32,
    /// What one simulated connection stands for.
    pub scale: u32,
    /// Whether runs were counted on from cycles that repeat themselves.
    pub counted_on: bool,
    /// Whether no run came far enough to say when history is done.
    pub unsettled: bool,
    /// When history is done in half of all runs, from the start; `None` where never within a century or where
    /// it could not be told.
    pub finish_ms_p50: Option<Ms>,
    /// The same in nine of ten.
    pub finish_ms_p90: Option<Ms>,
    /// When any scheduler could be done at the earliest; `None` where polls leave no room.
    pub lower_bound_ms: Option<Ms>,
    /// How each team is polled, worst of all runs; `None` where it is not.
    pub polling: Vec<Option<Polling>>,
    /// What is used of the quota over time, as in the middle run.
    pub timeline: Timeline,
    /// Connections there are when history is done.
    pub connections: u64,
}

/// How the connections of a team are polled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Polling {
    /// As was wished.
    pub wished_ms: Ms,
    /// As it comes to be, at its slowest.
    pub period_ms: Ms,
    /// How late polls are against that, once what was sent before a connection joined counts no more.
    pub lateness_ms: Percentiles,
    /// How late the latest is until then.
    pub newcomers_late_ms: Ms,
}

/// What is used of the quota over time.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Timeline {
    /// How long a slot is.
    pub slot_ms: Ms,
    /// The most requests that the application's windows let through in one, on average; `None` where only
    /// users are counted.
    pub capacity: Option<f64>,
    /// What each saw.
    pub slots: Vec<Slot>,
}

/// One slot of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Slot {
    /// History requests.
    pub history: u64,
    /// Polls.
    pub polls: u64,
}

/// What one run came to.
struct Ran {
    finish_ms: Option<Ms>,
    settled: bool,
    counted_on: bool,
    asked: u64,
    most: u64,
    days: u64,
    connections: u64,
    polling: Vec<Option<Polling>>,
    ended_ms: Ms,
    cycles: Cycles,
}

/// Looks at what becomes of `load`. `go_on` is asked now and then whether the answer is still wanted.
///
/// # Errors
/// Where it is not, or where a window's figures are out of range.
pub fn outlook(load: &Load, effort: Effort, go_on: &dyn Fn() -> bool) -> Result<Outlook, Interrupted> {
    let scale = load.scale();
    let small = load.scaled(scale);
    let engine = small.engine()?;
    let rans = runs(&small, &engine, effort, go_on)?;
    Ok(answer(load, scale, &rans))
}

/// The same for what is proposed to an engine that runs: each run is a fork of it. `load` says what that engine
/// has, and what is proposed; its start is now.
///
/// # Errors
/// As [`outlook`].
pub fn fork(
    engine: &Engine,
    load: &Load,
    effort: Effort,
    go_on: &dyn Fn() -> bool,
) -> Result<Outlook, Interrupted> {
    // What the provider has counted is not known here: its answers would contradict what was charged before.
    let load = Load { told: None, ..load.clone() };
    let rans = runs(&load, engine, effort, go_on)?;
    Ok(answer(&load, 1, &rans))
}

fn runs(
    load: &Load,
    engine: &Engine,
    effort: Effort,
    go_on: &dyn Fn() -> bool,
) -> Result<Vec<Ran>, Interrupted> {
    let has_history = load.requests() > 0;
    // Without history nothing is counted on, and polls are far between.
    let (cycle_ms, runs_max, grants_max, until_ms) = if has_history {
        let cycle_ms = cycle_ms(load, effort.grants / CYCLES_AFFORDED);
        (cycle_ms, effort.runs_max.max(1), effort.grants, CYCLES_MAX * cycle_ms)
    } else {
        let grants_max = (6 * load.connections()).clamp(500, effort.grants);
        (cycle_ms(load, 0).max(86_400_000), 1, grants_max, 60 * 86_400_000)
    };
    let mut rans = Vec::new();
    let mut spent = 0;
    for run in 0..runs_max {
        // As many as the effort is enough for, and one in any case.
        if run > 0 && spent + spent / u64::from(run) > effort.grants {
            break;
        }
        let mut rollout = Rollout::new(load, engine, cycle_ms, effort.seed.wrapping_add(u64::from(run)));
        let left = grants_max.saturating_sub(spent);
        // A request goes and comes back, and history that waits is looked at now and then.
        let bounds = Bounds { grants_max: left, steps_max: 8 * left, until_ms };
        if !rollout.run(bounds, go_on) {
            return Err(Interrupted::Unwanted);
        }
        // A run costs its requests, and setting everybody up.
        spent += rollout.grants + 1 + load.connections();
        let ran = sum_up(load, rollout, cycle_ms);
        if run > 0 && !ran.settled {
            // It was longer than those before it, and the effort was at its end.
            break;
        }
        rans.push(ran);
    }
    Ok(rans)
}

fn sum_up(load: &Load, rollout: Rollout<'_>, cycle_ms: Ms) -> Ran {
    let exact = rollout.finish_ms.map(|ms| ms - load.start_ms);
    let joins = load.joins_per_day() as f64 * cycle_ms as f64 / 86_400_000.0;
    let polls_each = load.teams.iter().filter_map(|team| Some(cycle_ms as f64 / team.poll_ms? as f64)).next();
    let requests =
        load.teams.iter().filter_map(|team| Some(team.proposal.as_ref()?.middle().requests)).next();
    // Polls that are stretched already become no more: they are stretched further.
    let is_stretched = rollout.stretch.iter().any(|stretch| *stretch > 1_000);
    let growth = Growth {
        asked: joins * requests.unwrap_or(0) as f64,
        polls: if is_stretched { 0.0 } else { joins * polls_each.unwrap_or(0.0) },
        polls_max: poll_capacity(load).map_or(f64::MAX, |per_ms| per_ms * cycle_ms as f64),
    };
    let counted = match exact {
        Some(ms) => Ok(Some(ms)),
        None => {
            let counted = rollout.cycles.count_on(rollout.asked, growth);
            counted.map(|done| done.map(|ms| ms.max(rollout.slowest_ms())))
        }
    };
    let finish_ms = counted.ok().flatten();
    let ended_ms = rollout.ended_ms() - load.start_ms;
    let joined = (finish_ms.unwrap_or(ended_ms).saturating_sub(ended_ms)) as f64 / 86_400_000.0;
    let connections = rollout.connections() + (joined * load.joins_per_day() as f64) as u64;
    let more = connections as f64 / rollout.connections().max(1) as f64;
    let polling = load.teams.iter().enumerate().map(|(index, team)| {
        let wished_ms = team.poll_ms.filter(|_| team.connections > 0)?;
        let stretch = rollout.stretch[index] as f64 / 1_000.0;
        // What is stretched already is stretched further by everybody who comes later.
        let stretch = if stretch > 1.000_5 { stretch * more } else { stretch };
        let period_ms = (wished_ms as f64 * stretch) as Ms;
        let lateness_ms = rollout.lateness[index].percentiles();
        let newcomers_late_ms = rollout.newcomers_late_ms[index];
        Some(Polling { wished_ms, period_ms, lateness_ms, newcomers_late_ms })
    });
    Ran {
        finish_ms,
        settled: counted.is_ok(),
        counted_on: exact.is_none() && counted.is_ok(),
        asked: rollout.asked,
        most: rollout.asked_most,
        days: rollout.days,
        connections,
        polling: polling.collect(),
        ended_ms,
        cycles: rollout.cycles,
    }
}

fn answer(load: &Load, scale: u32, rans: &[Ran]) -> Outlook {
    let has_history = load.requests() > 0;
    let mut order: Vec<usize> = (0..rans.len()).collect();
    let finish = |index: &usize| rans[*index].finish_ms.unwrap_or(Ms::MAX);
    order.sort_by_key(finish);
    let quantile = |tenths: usize| {
        let rank = (order.len() * tenths).div_ceil(10).max(1);
        order.get(rank - 1).copied()
    };
    let done = |tenths| quantile(tenths).and_then(|index: usize| rans[index].finish_ms);
    let worst = (0..load.teams.len()).map(|team| {
        rans.iter().filter_map(|ran| ran.polling[team]).reduce(|one, other| Polling {
            wished_ms: one.wished_ms,
            period_ms: one.period_ms.max(other.period_ms),
            lateness_ms: Percentiles {
                p50: one.lateness_ms.p50.max(other.lateness_ms.p50),
                p99: one.lateness_ms.p99.max(other.lateness_ms.p99),
                max: one.lateness_ms.max.max(other.lateness_ms.max),
            },
            newcomers_late_ms: one.newcomers_late_ms.max(other.newcomers_late_ms),
        })
    });
    let polling: Vec<_> = worst.collect();
    let least = rans.iter().min_by_key(|ran| ran.asked);
    let lower_bound_ms = match least.filter(|_| has_history) {
        Some(ran) => lower_bound_ms(load, scale, ran, &polling),
        None => None,
    };
    // What is counted on is an estimate; what is proven is none.
    let at_least = |finish: Option<Ms>| finish.map(|ms| ms.max(lower_bound_ms.unwrap_or(0)));
    let middle = quantile(5).map(|index| &rans[index]);
    let timeline = middle.map(|ran| timeline(load, scale, ran)).unwrap_or_default();
    Outlook {
        runs: rans.len() as u32,
        scale,
        counted_on: rans.iter().any(|ran| ran.counted_on),
        unsettled: has_history && rans.iter().any(|ran| !ran.settled),
        finish_ms_p50: at_least(done(5).filter(|_| has_history)),
        finish_ms_p90: at_least(done(9).filter(|_| has_history)),
        lower_bound_ms,
        polling,
        timeline,
        connections: middle.map_or(0, |ran| ran.connections * u64::from(scale)),
    }
}

/// How long it takes until what was used counts no longer, in every window that can bind, as often as makes so many
/// `requests`: of few nobody can tell whether they repeat themselves.
fn cycle_ms(load: &Load, requests_min: u64) -> Ms {
    let requests = load.requests() + load.joins_per_day() * 365;
    let days = load.teams.iter().filter_map(|team| team.proposal.as_ref());
    let days: u64 =
        days.map(|proposal| u64::from(proposal.connections) * proposal.middle().days_of_data).sum();
    let polls = |window: &WindowSpec| {
        let of =
            |team: &super::TeamLoad| Some(u64::from(team.connections) * window.length_ms / team.poll_ms?);
        load.teams.iter().filter_map(of).sum::<u64>()
    };
    let wanted = |window: &WindowSpec| match window.unit {
        Unit::Requests => requests + polls(window),
        Unit::DaysOfData => days,
    };
    let binding =
        load.windows.iter().filter(|window| wanted(window) > window.limit).chain(&load.user_windows);
    let longest_ms = binding.map(|window| window.length_ms).max().unwrap_or(CYCLE_MS_MIN);
    let grown = load.grown(load.connections());
    let narrow = grown.iter().filter(|window| window.unit == Unit::Requests);
    let narrow_ms = narrow.map(|window| window.length_ms * requests_min / window.limit).max().unwrap_or(0);
    let least_ms = narrow_ms.clamp(CYCLE_MS_MIN, CYCLE_MS_MIN_MAX);
    longest_ms * least_ms.div_ceil(longest_ms)
}

/// Polls per millisecond that the application's windows carry beside history.
fn poll_capacity(load: &Load) -> Option<f64> {
    let at = Instant { now_ms: load.start_ms, epsilon_ms: EPSILON_MS_MIN };
    let latency_ms = load.latency_ms[0].midpoint(load.latency_ms[1]);
    let grown = load.grown(load.connections());
    let requests = grown.into_iter().filter(|window| window.unit == Unit::Requests);
    let each = requests.map(|spec| {
        let window = Window::exact(spec, at);
        let share = window.poll_share(spec.limit, POLL_SHARE, true);
        share as f64 / 1_000.0 / window.occupied_ms(at, latency_ms) as f64
    });
    each.reduce(f64::min)
}

/// The earliest that any scheduler could be done which polls as often as the engine came to.
fn lower_bound_ms(load: &Load, scale: u32, ran: &Ran, polling: &[Option<Polling>]) -> Option<Ms> {
    let requests = ran.asked * u64::from(scale);
    let polls: Vec<Polls<'_>> = load
        .teams
        .iter()
        .zip(polling)
        .filter_map(|(team, polling)| {
            let period_ms = (*polling)?.period_ms * 1_001 / 1_000;
            let connections = u64::from(team.connections);
            Some(Polls {
                connections,
                period_ms: period_ms.max(1),
                firsts: None,
                since_ms: 0,
                until_ms: Ms::MAX,
            })
        })
        .collect();
    let real = |specs: Vec<WindowSpec>| -> Vec<WindowSpec> {
        let kind = |spec: &WindowSpec| match spec.kind {
            Kind::Unknown => load.told.unwrap_or(Kind::Log),
            known => known,
        };
        specs.into_iter().map(|spec| WindowSpec { kind: kind(&spec), ..spec }).collect()
    };
    let days = ran.days.checked_div(ran.asked).unwrap_or(0).min(u64::from(u32::MAX)) as u32;
    let mut work = Work {
        windows: &real(load.grown(load.connections())),
        cost: Cost::new(1, days),
        poll_cost: Cost::ONE,
        polls: &polls,
        users: (&[], &[]),
        poll_slack_ms: load.latency_ms[1],
        on_both_sides: None,
        from_ms: load.start_ms,
        start_ms: load.start_ms,
        requests,
        later: &[],
        latency_ms: 0,
        clock_off_ms: 0,
    };
    let mut bound_ms = 0;
    for window in work.windows {
        bound_ms = bound_ms.max(even_bound_ms(window, &work)?);
    }
    let least = work.windows.iter().map(|window| window.limit).min().unwrap_or(u64::MAX);
    if requests / least.max(1) <= BOUND_STEPS_MAX {
        bound_ms = bound_ms.max(earliest_ms(&work)? - load.start_ms + load.latency_ms[0]);
    }
    // Whoever has most to pull, through windows of their own.
    let user_windows = real(load.user_windows.clone());
    work = Work { windows: &user_windows, polls: &[], requests: ran.most, ..work };
    if !user_windows.is_empty() && ran.most <= BOUND_STEPS_MAX {
        bound_ms = bound_ms.max(earliest_ms(&work)? - load.start_ms + load.latency_ms[0]);
    }
    Some(bound_ms)
}

/// What a window lets through evenly: in any time no more than the limit for each length of it and one or, where
/// boundaries lie anywhere in it, two more; of which polls take theirs.
fn even_bound_ms(window: &WindowSpec, work: &Work<'_>) -> Option<Ms> {
    let (cost, poll_cost) = (work.cost.of(window.unit) as f64, work.poll_cost.of(window.unit) as f64);
    if cost == 0.0 {
        return Some(0);
    }
    let ahead = if matches!(window.kind, Kind::Log | Kind::Bucket) { 1.0 } else { 2.0 };
    let rate: f64 = work.polls.iter().map(|polls| polls.connections as f64 / polls.period_ms as f64).sum();
    let lag: f64 = work.polls.iter().map(|polls| 3.0 + (polls.connections.max(1) as f64).ln()).sum();
    let left = window.limit as f64 / window.length_ms as f64 - poll_cost * rate;
    let over = work.requests as f64 * cost - ahead * window.limit as f64 - poll_cost * lag;
    (left > 0.0).then(|| (over.max(0.0) / left) as Ms)
}

fn timeline(load: &Load, scale: u32, ran: &Ran) -> Timeline {
    let until_ms = ran.finish_ms.map_or(ran.ended_ms, |ms| ms + ms / 20).max(1);
    let used = ran.cycles.drawn(until_ms, COLUMNS);
    let slot_ms = (until_ms / used.len() as u64).max(1);
    let capacity = |window: &WindowSpec| {
        let most = window.limit as f64 * slot_ms as f64 / window.length_ms as f64;
        (window.unit == Unit::Requests).then_some(most)
    };
    let grown = load.grown(load.connections());
    let slot = |used: &Used| {
        let scale = u64::from(scale);
        Slot { history: used.history * scale, polls: used.polls * scale }
    };
    Timeline {
        slot_ms,
        capacity: grown.iter().filter_map(capacity).reduce(f64::min),
        slots: used.iter().map(slot).collect(),
    }
}

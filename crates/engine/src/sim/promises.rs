//! What must hold in every scenario.

use super::scenario::{Headers, Scenario, seconds_ms};
use super::summary::Summary;
use crate::app::Order;
use crate::clock::EPSILON_MS_MIN;
use crate::quota::Kind;
use crate::time::Ms;

/// Lateness that no poll may exceed where quota suffices.
const LATENESS_MS_MAX: u64 = 60_000;

/// What does not hold in a run, in words.
#[must_use]
pub fn broken(scenario: &Scenario, summary: &Summary) -> Vec<String> {
    let mut broken = Vec::new();
    let mut must = |holds: bool, what: String| {
        if !holds {
            broken.push(what);
        }
    };
    let quiet = scenario.app.iter().all(|app| {
        let known = app.windows.iter().chain(&app.user_windows).all(|window| {
            window.kind == Kind::Unknown || window.kind == app.real_kind() || window.kind == Kind::Log
        });
        app.external_per_hour == 0.0 && app.limit_change.is_none() && known
    });
    let honest = matches!(scenario.headers, Headers::Correct | Headers::Missing);
    if !(quiet && honest) {
        return broken;
    }
    must(summary.rejected == 0, format!("{} requests were refused", summary.rejected));
    let late = summary.poll_lateness_ms;
    // The bound is one for schedulers that keep polls on time. After a crash, or where they join, some may wait; and one
    // that goes half a period late stands for the next one too.
    let polled = scenario.app.iter().flat_map(|app| &app.team).filter(|team| team.connections > 0);
    let half = polled.map(|team| (seconds_ms(team.poll_seconds) / 2).saturating_sub(1));
    let on_time = late.max <= half.fold(LATENESS_MS_MAX, u64::min);
    if let (Some(bound), Some(finished), true) =
        (summary.lower_bound_ms, summary.history_finished_ms, on_time)
    {
        must(bound <= finished, format!("history was done at {finished} ms, before its bound {bound} ms"));
    }
    let asked: u64 = scenario
        .app
        .iter()
        .flat_map(|app| &app.team)
        .map(|team| u64::from(team.history_connections) * u64::from(team.history_requests))
        .sum();
    if summary.history_finished_ms.is_some() {
        must(summary.history_done == asked, format!("{} of {asked} chunks done", summary.history_done));
    }
    if summary.history > 200 {
        must(summary.jain >= 0.99, format!("Jain's index is {:.4}", summary.jain));
    }
    if let (Some(bound), true) = (promised_ms(scenario, summary), unstretched(summary)) {
        let finished = summary.history_finished_ms;
        must(
            finished.unwrap_or(summary.ended_ms) <= bound,
            match finished {
                Some(finished) => {
                    format!("history was done at {finished} ms, later than the {bound} ms promised")
                }
                None => format!("history was not done when the run ended, after the {bound} ms promised"),
            },
        );
    }
    let calm = scenario.lost_rate == 0.0;
    let settled = summary.settled_poll_lateness_ms;
    if calm && !asks_live(scenario) {
        must(settled.max <= LATENESS_MS_MAX, format!("a poll was {} ms late", settled.max));
        // Of fewer than a hundred p99 is the latest.
        let p99 = if summary.polls < 100 { 0 } else { settled.p99 };
        must(p99 <= 5_000, format!("polls were {p99} ms late at p99"));
    }
    broken
}

/// Whether anybody asks for something live: nobody knows when.
fn asks_live(scenario: &Scenario) -> bool {
    scenario.app.iter().flat_map(|app| &app.team).any(|team| team.live_per_hour > 0.0)
}

fn unstretched(summary: &Summary) -> bool {
    summary.poll_stretch.values().all(|stretch| *stretch <= 1.0)
}

/// When history must be done where one application's polls go at the wished pace and nothing goes wrong; `None` where
/// nothing is promised.
///
/// The bound is one for what is sent; the last response may take the longest latency, and boundaries are kept
/// by a clock that may be off by a second. Where users have windows of their own, it is no less than the bound for all
/// of them through the application's windows, nor than that for each through theirs. A team whose people could go on at
/// the pace of their own windows gets only its share of the application's while others have work, and that pace
/// afterwards: fair is not shortest, and may take as long as one of these and the other, which the bound and as much
/// again is more than; where it is short, two windows.
/// Nothing is promised where users have two counters of their own: one request of rounding is much of what polls leave
/// of a small limit.
fn promised_ms(scenario: &Scenario, summary: &Summary) -> Option<Ms> {
    let [app] = scenario.app.as_slice() else { return None };
    let kind = app.real_kind();
    let known = app.windows.iter().chain(&app.user_windows).all(|window| window.kind == kind);
    let calm = scenario.failure_rate == 0.0
        && scenario.lost_rate == 0.0
        && scenario.tail_rate == 0.0
        && scenario.crash_at_hours.is_empty()
        && scenario.order == Order::Reserve
        && !asks_live(scenario);
    // What a user's own windows do not carry goes at a slower pace too.
    let polled = || app.team.iter().filter(|team| team.connections > 0);
    let carried = app.user_specs().iter().all(|window| {
        let each_ms = window.length_ms + scenario.latency_ms[1];
        polled().all(|team| seconds_ms(team.poll_seconds) * window.limit * 8 >= each_ms * 10)
    });
    // Two counters are charged on both sides of a boundary for what is in flight, which is much of a window as short as a
    // response takes; and as a log of two lengths where nobody knows when they begin.
    let longer_than = (4 * scenario.latency_ms[1]).max(4 * EPSILON_MS_MIN);
    let brisk = app.windows.iter().all(|window| seconds_ms(window.seconds) >= longer_than);
    if !known || !calm || !carried || kind == Kind::TwoCounter && (!app.user_windows.is_empty() || !brisk) {
        return None;
    }
    // Of a clock window that is shorter than the deadline most is close to its end before the first response: what is sent
    // then has to fit the next one too. What a first window could have taken may need a deadline's worth of later ones.
    let lengths = app.windows.iter().chain(&app.user_windows).map(|window| seconds_ms(window.seconds));
    let closing = lengths.filter(|length_ms| *length_ms < scenario.request_deadline_ms()).max();
    let closing_ms =
        closing.filter(|_| kind == Kind::Aligned).map_or(0, |ms| ms + scenario.request_deadline_ms());
    let from_ms = summary.history_from_ms;
    let bound_ms = summary.promise_bound_ms?.saturating_sub(from_ms);
    let takes_ms = if app.user_windows.is_empty() {
        bound_ms * 101 / 100
    } else {
        let windows = app.specs().into_iter().chain(app.user_specs());
        let longest_ms = windows.map(|window| window.length_ms).max().unwrap_or(0);
        bound_ms * 105 / 100 + bound_ms.max(2 * longest_ms)
    };
    Some(from_ms + takes_ms + closing_ms + 2 * scenario.latency_ms[1] + 2_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::run;

    #[test]
    fn history_that_is_done_too_late_breaks_a_promise() {
        let scenario = Scenario::parse(include_str!("../../tests/drawn/31005047.toml")).unwrap();
        let mut summary = run(&scenario, None).unwrap();
        assert_eq!(broken(&scenario, &summary), [""; 0]);
        // One window later than it could be.
        summary.history_finished_ms = summary.history_finished_ms.map(|ms| ms + 900_000);
        assert!(broken(&scenario, &summary)[0].contains("later than"), "{:?}", broken(&scenario, &summary));
    }
}

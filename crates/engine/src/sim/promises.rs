//! What must hold in every scenario.

use super::scenario::{Headers, Scenario};
use super::summary::Summary;
use crate::quota::Kind;

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
    // The bound is one for schedulers that keep polls on time; after a crash some may wait.
    if let (Some(bound), Some(finished), ..=LATENESS_MS_MAX) =
        (summary.lower_bound_ms, summary.history_finished_ms, late.max)
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
    let calm = scenario.crash_at_hours.is_empty() && scenario.lost_rate == 0.0;
    if calm && summary.poll_stretch.values().all(|stretch| *stretch <= 1.0) {
        must(late.max <= LATENESS_MS_MAX, format!("a poll was {} ms late", late.max));
        must(late.p99 <= 5_000, format!("polls were {} ms late at p99", late.p99));
    }
    broken
}

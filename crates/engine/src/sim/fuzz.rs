//! Random scenarios, and what must hold in each.

use std::fmt::Write;

use super::chance::Chance;
use super::scenario::{Headers, Scenario};
use super::summary::Summary;
use super::{SimError, run};
use crate::quota::Kind;

const KINDS: [(&str, Kind); 5] = [
    ("aligned", Kind::Aligned),
    ("anchored", Kind::Anchored),
    ("log", Kind::Log),
    ("two_counter", Kind::TwoCounter),
    ("bucket", Kind::Bucket),
];
/// Lateness that no poll may exceed where quota suffices.
const LATENESS_MS_MAX: u64 = 60_000;

/// What a fuzzing run came to.
#[derive(Clone, Debug, Default)]
pub struct FuzzReport {
    /// Scenarios run.
    pub runs: u64,
    /// Requests simulated in them.
    pub requests: u64,
    /// The first scenario in which something did not hold.
    pub failure: Option<Failure>,
}

/// A scenario in which something did not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed it was drawn from; [`draw`] draws it again.
    pub seed: u64,
    /// The scenario, as a file to run.
    pub scenario: String,
    /// What did not hold.
    pub broken: Vec<String>,
}

/// Runs scenarios drawn from `seed`, `seed + 1`, … while `go_on` says so (it is told how many have run),
/// and stops at the first in which an invariant does not hold.
///
/// # Errors
/// Where a drawn scenario cannot be run at all.
pub fn fuzz(seed: u64, go_on: &mut dyn FnMut(u64) -> bool) -> Result<FuzzReport, SimError> {
    let mut report = FuzzReport::default();
    while go_on(report.runs) {
        let seed = seed.wrapping_add(report.runs);
        let text = draw(seed);
        let scenario = Scenario::parse(&text)?;
        let summary = run(&scenario, None)?;
        report.runs += 1;
        report.requests += summary.requests;
        let broken = violations(&scenario, &summary);
        if !broken.is_empty() {
            report.failure = Some(Failure { seed, scenario: text, broken });
            break;
        }
    }
    Ok(report)
}

/// The scenario of a seed, as TOML.
#[must_use]
pub fn draw(seed: u64) -> String {
    let mut chance = Chance::new(seed);
    let dice = &mut chance;
    let high = [50, 500, 2_000, 8_000][dice.between(0, 3) as usize];
    let faults = dice.happens(0.4);
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| {
        writeln!(text, "{words}").expect("a string takes everything");
    };
    line(format_args!("seed = {seed}"));
    let (day, hour, minute) = (dice.between(1, 28), dice.between(0, 23), dice.between(0, 59));
    line(format_args!("start = \"2026-11-{day:02}T{hour:02}:{minute:02}:17Z\""));
    line(format_args!("until_hours = 2000"));
    line(format_args!("latency_ms = [{}, {high}]", dice.between(0, high)));
    if faults {
        line(format_args!("failure_rate = 0.0{}", dice.between(0, 9)));
        line(format_args!("lost_rate = 0.00{}", dice.between(0, 9)));
        line(format_args!("tail_rate = 0.01\ntail_ms = {}", high * dice.between(1, 4)));
        line(format_args!("clock_skew_ms = {}", dice.between(0, 1_600) as i64 - 800));
        if dice.happens(0.5) {
            line(format_args!("crash_at_hours = [0.{}, {}.5]", dice.between(1, 9), dice.between(1, 30)));
        }
    }
    for app in 0..dice.between(1, 2) {
        let kind = KINDS[dice.between(0, 4) as usize].0;
        let known = if dice.happens(0.25) { "unknown" } else { kind };
        line(format_args!("\n[[app]]\nid = \"app-{app}\"\nserver_kind = \"{kind}\""));
        line(format_args!("windows = [{}]", windows(dice, known, 1)));
        if dice.happens(0.4) {
            line(format_args!("user_windows = [{}]", windows(dice, known, 0)));
        }
        for team in 0..dice.between(1, 4) {
            line(format_args!("\n[[app.team]]\nid = \"team-{team}\"\nweight = {}", dice.between(1, 3)));
            line(format_args!("connections = {}", dice.between(0, 12)));
            line(format_args!("poll_seconds = {}", [300, 900, 3_600][dice.between(0, 2) as usize]));
            line(format_args!("history_connections = {}", dice.between(0, 8)));
            line(format_args!("history_requests = {}", dice.between(0, 150)));
            if dice.happens(0.3) {
                line(format_args!("history_at_seconds = {}", dice.between(0, 90_000)));
            }
        }
    }
    text
}

/// One to three windows of growing length.
fn windows(dice: &mut Chance, kind: &str, scale: u64) -> String {
    let lengths = [60, 300, 900, 3_600, 86_400];
    let mut at = dice.between(0, 2);
    let mut limit = dice.between(8, 40) * (1 + 4 * scale);
    let mut parts = Vec::new();
    for _ in 0..dice.between(1, 3) {
        let Some(seconds) = lengths.get(at as usize) else { break };
        parts.push(format!("{{ limit = {limit}, seconds = {seconds}, kind = \"{kind}\" }}"));
        at += dice.between(1, 2);
        limit = limit * dice.between(3, 9) / 2;
    }
    parts.join(", ")
}

/// What does not hold in a run, in words.
#[must_use]
pub fn violations(scenario: &Scenario, summary: &Summary) -> Vec<String> {
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
    // Where users have windows of their own, teams fall asleep and wake all the time.
    if summary.history > 200 && scenario.app.iter().all(|app| app.user_windows.is_empty()) {
        must(summary.jain >= 0.99, format!("Jain's index is {:.4}", summary.jain));
    }
    let calm = scenario.crash_at_hours.is_empty() && scenario.lost_rate == 0.0;
    if calm && summary.poll_stretch.values().all(|stretch| *stretch <= 1.0) {
        must(late.max <= LATENESS_MS_MAX, format!("a poll was {} ms late", late.max));
        must(late.p99 <= 5_000, format!("polls were {} ms late at p99", late.p99));
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_scenarios_break_no_invariant() {
        let report = fuzz(1, &mut |runs| runs < 6).unwrap();
        if let Some(failure) = report.failure {
            panic!("seed {}: {:?}\n{}", failure.seed, failure.broken, failure.scenario);
        }
    }
}

//! Random scenarios, run on several threads.

use std::fmt::Write;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::chance::Chance;
use super::promises::broken;
use super::run;
use super::scenario::Scenario;
use crate::quota::Kind;

const KINDS: [(&str, Kind); 5] = [
    ("aligned", Kind::Aligned),
    ("anchored", Kind::Anchored),
    ("log", Kind::Log),
    ("two_counter", Kind::TwoCounter),
    ("bucket", Kind::Bucket),
];

/// How far a fuzzing run has come, and in the end what it came to.
#[derive(Clone, Debug, Default)]
pub struct FuzzReport {
    /// Scenarios drawn: those of the first seed and of this many less one after it, whatever the threads.
    pub drawn: u64,
    /// Those of them that have ended; in the end all.
    pub runs: u64,
    /// Requests simulated in them.
    pub requests: u64,
    /// Of those in which something did not hold, the one with the first seed.
    pub failure: Option<Failure>,
}

/// A scenario in which something did not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which of the drawn scenarios it is, from 0.
    pub number: u64,
    /// The seed it was drawn from; [`draw`] draws it again.
    pub seed: u64,
    /// The scenario, as a file to run.
    pub scenario: String,
    /// What did not hold.
    pub broken: Vec<String>,
}

/// What the threads share.
struct Shared<'a> {
    report: FuzzReport,
    go_on: &'a mut (dyn FnMut(&FuzzReport) -> bool + Send),
}

/// Runs scenarios drawn from `seed`, `seed + 1`, … on so many threads while `go_on`, asked before each, says so,
/// and draws no more once an invariant did not hold in one.
///
/// Scenarios are drawn in the order of their seeds and what was drawn is run to its end, so the failure that is
/// told is the first there is, on any number of threads.
pub fn fuzz(
    seed: u64,
    threads: NonZeroUsize,
    go_on: &mut (dyn FnMut(&FuzzReport) -> bool + Send),
) -> FuzzReport {
    let shared = Mutex::new(Shared { report: FuzzReport::default(), go_on });
    thread::scope(|scope| {
        for _ in 1..threads.get() {
            scope.spawn(|| work(seed, &shared));
        }
        work(seed, &shared);
    });
    shared.into_inner().unwrap_or_else(PoisonError::into_inner).report
}

/// What one thread does.
fn work(seed: u64, shared: &Mutex<Shared<'_>>) {
    loop {
        // In a statement of its own, so that the lock is let go before the scenario is run.
        let number = next(&mut lock(shared));
        let Some(number) = number else { return };
        let seed = seed.wrapping_add(number);
        let scenario = draw(seed);
        let (requests, broken) = try_out(&scenario);
        let report = &mut lock(shared).report;
        report.runs += 1;
        report.requests += requests;
        let first = report.failure.as_ref().is_none_or(|failure| number < failure.number);
        if first && !broken.is_empty() {
            report.failure = Some(Failure { number, seed, scenario, broken });
        }
    }
}

fn lock<'s, 'a>(shared: &'s Mutex<Shared<'a>>) -> MutexGuard<'s, Shared<'a>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of the next scenario to run, if there is to be one.
fn next(shared: &mut Shared<'_>) -> Option<u64> {
    let Shared { report, go_on } = shared;
    (report.failure.is_none() && go_on(report)).then(|| {
        report.drawn += 1;
        report.drawn - 1
    })
}

/// Runs a scenario: how many requests that took, and what did not hold. A panic is an assertion of the engine's
/// that did not.
fn try_out(text: &str) -> (u64, Vec<String>) {
    let tried = catch_unwind(AssertUnwindSafe(|| {
        let scenario = Scenario::parse(text)?;
        let summary = run(&scenario, None)?;
        Ok::<_, super::SimError>((summary.requests, broken(&scenario, &summary)))
    }));
    match tried {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => (0, vec![format!("it cannot be run: {error}")]),
        Err(_) => (0, vec!["it ended in a panic".to_owned()]),
    }
}

/// The scenario of a seed, as TOML.
#[must_use]
pub fn draw(seed: u64) -> String {
    let mut chance = Chance::new(seed);
    let dice = &mut chance;
    let high = [50, 500, 2_000, 8_000][dice.between(0, 3) as usize];
    let faults = dice.happens(0.4);
    // Of short windows polls as rare as most are next to nothing; and a slow response leaves too much doubt about the
    // clock for them.
    let brisk = dice.happens(0.5) && high <= 500;
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| {
        writeln!(text, "{words}").expect("a string takes everything");
    };
    line(format_args!("seed = {seed}"));
    let (day, hour, minute) = (dice.between(1, 28), dice.between(0, 23), dice.between(0, 59));
    line(format_args!("start = \"2026-11-{day:02}T{hour:02}:{minute:02}:17Z\""));
    line(format_args!("until_hours = {}", if brisk { 4 } else { 2_000 }));
    line(format_args!("latency_ms = [{}, {high}]", dice.between(0, high)));
    if faults {
        line(format_args!("failure_rate = 0.0{}", dice.between(0, 9)));
        line(format_args!("lost_rate = 0.00{}", dice.between(0, 9)));
        line(format_args!("tail_rate = 0.01\ntail_ms = {}", high * dice.between(1, 4)));
        line(format_args!("clock_skew_ms = {}", dice.between(0, 1_600) as i64 - 800));
        if dice.happens(0.5) {
            let later = if brisk { 0 } else { dice.between(1, 30) };
            line(format_args!("crash_at_hours = [0.{}, {later}.95]", dice.between(1, 9)));
        }
    }
    for app in 0..dice.between(1, 2) {
        let kind = KINDS[dice.between(0, 4) as usize].0;
        let known = if dice.happens(0.25) { "unknown" } else { kind };
        line(format_args!("\n[[app]]\nid = \"app-{app}\"\nserver_kind = \"{kind}\""));
        line(format_args!("windows = [{}]", windows(dice, known, 1, brisk)));
        if dice.happens(0.4) {
            line(format_args!("user_windows = [{}]", windows(dice, known, 0, brisk)));
        }
        for team in 0..dice.between(1, 4) {
            line(format_args!("\n[[app.team]]\nid = \"team-{team}\"\nweight = {}", dice.between(1, 3)));
            line(format_args!("connections = {}", dice.between(0, 12)));
            let periods = if brisk { [1, 4, 15] } else { [300, 900, 3_600] };
            line(format_args!("poll_seconds = {}", periods[dice.between(0, 2) as usize]));
            line(format_args!("history_connections = {}", dice.between(0, 8)));
            line(format_args!("history_requests = {}", dice.between(0, 150)));
            let latest = if brisk { 600 } else { 90_000 };
            if dice.happens(0.3) {
                line(format_args!("history_at_seconds = {}", dice.between(0, latest)));
            }
            if dice.happens(0.2) {
                line(format_args!("connect_at_seconds = {}", dice.between(0, latest)));
            }
            if dice.happens(0.05) {
                line(format_args!("live_per_hour = {}", dice.between(1, 20)));
            }
        }
    }
    text
}

/// One to three windows of growing length, which begin with a short one where work is `brisk`.
fn windows(dice: &mut Chance, kind: &str, scale: u64, brisk: bool) -> String {
    let lengths = [1, 10, 60, 300, 900, 3_600, 86_400];
    let mut at = dice.between(0, if brisk { 1 } else { 4 });
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

#[cfg(test)]
mod tests {
    use super::*;

    fn some(threads: usize, count: u64) -> FuzzReport {
        fuzz(1, NonZeroUsize::new(threads).unwrap(), &mut |report| report.drawn < count)
    }

    /// Scenarios that were drawn once, and what they showed is mended. They are kept, since what is drawn changes.
    fn holds(scenario: &str) {
        assert_eq!(try_out(scenario).1, [""; 0]);
    }

    #[test]
    fn random_scenarios_break_no_invariant() {
        if let Some(failure) = some(2, 6).failure {
            panic!("seed {}: {:?}\n{}", failure.seed, failure.broken, failure.scenario);
        }
    }

    #[test]
    fn the_same_scenarios_are_drawn_on_any_number_of_threads() {
        let (one, many) = (some(1, 3), some(3, 3));
        assert_eq!((one.drawn, one.runs, one.requests), (many.drawn, many.runs, many.requests));
    }

    #[test]
    fn teams_whose_users_windows_let_little_through_at_a_time_get_their_part() {
        // Weighted counters fall evenly, so a user's room comes one request at a time.
        holds(include_str!("../../tests/drawn/1662.toml"));
    }

    #[test]
    fn history_in_flight_at_a_boundary_makes_no_poll_of_the_next_window_wait() {
        // What is sent up to eight seconds before it still counts there.
        holds(include_str!("../../tests/drawn/227710636.toml"));
    }

    #[test]
    fn history_sent_before_latencies_are_known_makes_no_poll_wait() {
        // Polls under way at midnight, of a user with 70 a day; and what expires as late as it was answered.
        holds(include_str!("../../tests/drawn/910090080.toml"));
        holds(include_str!("../../tests/drawn/1100009363.toml"));
    }

    #[test]
    fn history_that_is_in_flight_at_boundaries_is_done_as_promised() {
        // At many, and at one that it begins three seconds before.
        holds(include_str!("../../tests/drawn/63001640.toml"));
        holds(include_str!("../../tests/drawn/700052536.toml"));
    }

    #[test]
    fn history_under_two_counters_is_done_as_promised() {
        // A minute, of which four seconds are near a boundary; a day that begins with yesterday's polls.
        holds(include_str!("../../tests/drawn/920001763.toml"));
        holds(include_str!("../../tests/drawn/920000098.toml"));
        // Polls just after each hour, which is why the last one may be filled but for two.
        holds(include_str!("../../tests/drawn/1300003225.toml"));
        // A day in which others had asked for much before.
        holds(include_str!("../../tests/drawn/1300021778.toml"));
        holds(include_str!("../../tests/drawn/1400024191.toml"));
    }

    #[test]
    fn what_is_promised_reckons_with_polls_that_fall_due_after_a_short_run() {
        // Seven minutes, in which no poll of the team with an hour's period falls due.
        holds(include_str!("../../tests/drawn/5200007163.toml"));
    }

    #[test]
    fn the_deadline_as_longest_latency_is_forgotten_with_the_first_response() {
        // Thirty requests that fit at once, beside polls a quarter of an hour apart.
        holds(include_str!("../../tests/drawn/191455043.toml"));
    }

    #[test]
    fn how_long_responses_take_is_learned_from_a_few() {
        // Forty a second beside seventeen polls: as long as two seconds are allowed for, nothing else fits.
        holds(include_str!("../../tests/drawn/8500012919.toml"));
    }

    #[test]
    fn the_bound_is_none_where_polls_are_as_late_as_to_stand_for_two() {
        holds(include_str!("../../tests/drawn/8400043003.toml"));
    }

    #[test]
    fn the_bound_knows_polls_that_waited_for_somebody_who_went_away() {
        // Six that joined when history had filled the day, and were never polled before the crash.
        holds(include_str!("../../tests/drawn/8800042504.toml"));
    }

    #[test]
    fn history_under_windows_of_the_application_and_of_users_is_done_as_promised() {
        // One team in three, of a seventh of the weights, has the people who need longest by their own windows.
        holds(include_str!("../../tests/drawn/800006635.toml"));
        holds(include_str!("../../tests/drawn/1200045081.toml"));
        // Who waits for their own windows finds the application's spent by those who do not.
        holds(include_str!("../../tests/drawn/60004739.toml"));
    }

    #[test]
    fn history_of_a_long_log_makes_no_poll_wait_that_falls_due_as_it_expires() {
        // Expiries are rounded up to slots of 169 seconds.
        holds(include_str!("../../tests/drawn/2200012199.toml"));
    }

    #[test]
    fn polls_of_users_whose_own_windows_hold_history_go_no_faster_when_it_is_done() {
        holds(include_str!("../../tests/drawn/2300016096.toml"));
    }

    #[test]
    fn history_leaves_room_for_polls_of_teams_that_each_go_at_a_pace_of_their_own() {
        // Four of them, and over a thousand polls within two of the days.
        holds(include_str!("../../tests/drawn/2400033966.toml"));
    }

    #[test]
    fn polls_of_users_whose_own_windows_hold_history_go_no_faster_for_a_little() {
        // 75.6 minutes instead of 75.9, of which nineteen are no longer a day.
        holds(include_str!("../../tests/drawn/8000035595.toml"));
    }

    #[test]
    fn polls_of_a_long_window_are_counted_no_coarser_for_a_short_one() {
        // More than a thousand polls a day, and 145 requests in five minutes.
        holds(include_str!("../../tests/drawn/8100025859.toml"));
    }

    #[test]
    fn history_finds_room_beside_polls_where_responses_take_much_of_a_window() {
        // Eight polls are in flight, and as many fall due until the last of them counts no more: of ten a second. And 75, of
        // a hundred in ten seconds.
        holds(include_str!("../../tests/drawn/responses-longer-than-a-window.toml"));
        holds(include_str!("../../tests/drawn/responses-nearly-as-long-as-a-window.toml"));
        // Here fifteen a second of one person, who is polled each second.
        holds(include_str!("../../tests/drawn/60006577.toml"));
    }

    #[test]
    fn a_successor_goes_no_faster_than_history_before_it_left_room_for() {
        // It was done shortly before the crash, early in an hour of which it had taken a sixth.
        holds(include_str!("../../tests/drawn/8200043410.toml"));
    }

    #[test]
    fn connections_that_join_beside_history_are_on_time_once_that_counts_no_more() {
        // Twelve whose first polls had to wait, which would take the room of those to come.
        holds(include_str!("../../tests/drawn/2100006660.toml"));
    }

    #[test]
    fn what_cannot_be_run_is_a_failure() {
        let (requests, broken) = try_out("seed = 1");
        assert_eq!(requests, 0);
        assert!(broken[0].contains("missing field `start`"), "{broken:?}");
    }
}

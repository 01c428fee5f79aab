//! What a scenario must be beyond its types, and the line where it is not.

use std::collections::BTreeSet;

use toml::de::{DeTable, DeValue};

use super::scenario::{AppScenario, Scenario, ScenarioError, TeamScenario, WindowScenario};
use crate::quota::{Bucket, Kind};
use crate::time::Ms;

/// Longest time a scenario can speak of, ten years, in hours.
const HOURS_MAX: f64 = 87_600.0;
const SECONDS_MAX: f64 = HOURS_MAX * 3_600.0;
/// Largest limit, with what users add to it.
const LIMIT_MAX: u64 = 1_000_000_000;
/// Longest time a request can take.
const REQUEST_MS_MAX: Ms = 3_600_000;
/// Longest polling period and longest window, in seconds: 30 and 31 days.
const POLL_SECONDS_MAX: f64 = 2_592_000.0;
const WINDOW_SECONDS_MAX: f64 = 2_678_400.0;
/// Most random events an hour: one a millisecond.
const PER_HOUR_MAX: f64 = 3_600_000.0;
/// Most people, and most history requests of all of them: what fits into memory.
const PEOPLE_MAX: u64 = 2_000_000;
const CHUNKS_MAX: u64 = 200_000_000;

/// What is wrong, and where.
struct Fault {
    app: Option<usize>,
    team: Option<usize>,
    key: &'static str,
    says: String,
}

/// Checks every figure of `scenario`, which was read from `text` if that is at hand.
///
/// # Errors
/// The first figure that cannot be.
pub fn check(scenario: &Scenario, text: &str) -> Result<(), ScenarioError> {
    faults(scenario).map_err(|fault| {
        let app = fault.app.and_then(|app| scenario.app.get(app));
        let team = app.zip(fault.team).and_then(|(app, team)| app.team.get(team));
        let whose = match (app, team) {
            (Some(app), Some(team)) => format!(" of team `{}` of application `{}`", team.id, app.id),
            (Some(app), None) => format!(" of application `{}`", app.id),
            _ => String::new(),
        };
        let line = line(text, &fault).map_or(String::new(), |line| format!("line {line}: "));
        ScenarioError::Value { line, key: fault.key, whose, says: fault.says }
    })
}

/// The line on which the faulty key stands, from 1.
fn line(text: &str, fault: &Fault) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let mut table = document.get_ref();
    for (name, index) in [("app", fault.app), ("team", fault.team)] {
        let Some(index) = index else { break };
        let DeValue::Array(tables) = table.get(name)?.get_ref() else { return None };
        let DeValue::Table(next) = tables.get(index)?.get_ref() else { return None };
        table = next;
    }
    let (key, _) = table.iter().find(|(key, _)| key.get_ref() == fault.key)?;
    Some(text[..key.span().start].matches('\n').count() + 1)
}

fn faults(scenario: &Scenario) -> Result<(), Fault> {
    let must = |good: bool, key: &'static str, says: &str| {
        if good { Ok(()) } else { Err(Fault { app: None, team: None, key, says: says.to_owned() }) }
    };
    let start = scenario.start_ms().is_ok();
    must(start, "start", "must be a moment after 1970, such as 2026-11-23T20:07:00Z")?;
    let [shortest, longest] = scenario.latency_ms;
    must(
        scenario.until_hours > 0.0 && scenario.until_hours <= HOURS_MAX,
        "until_hours",
        "must be above 0 and at most 87600",
    )?;
    must(shortest <= longest, "latency_ms", "must be [shortest, longest]")?;
    must(longest <= REQUEST_MS_MAX, "latency_ms", "must be at most an hour")?;
    must(scenario.tail_ms <= REQUEST_MS_MAX, "tail_ms", "must be at most an hour")?;
    must(
        scenario.deadline_ms.is_none_or(|ms| (1..=REQUEST_MS_MAX).contains(&ms)),
        "deadline_ms",
        "must be between 1 and an hour",
    )?;
    must(
        scenario.clock_skew_ms.unsigned_abs() <= 86_400_000,
        "clock_skew_ms",
        "must be a day at most, either way",
    )?;
    for (key, rate) in [
        ("failure_rate", scenario.failure_rate),
        ("lost_rate", scenario.lost_rate),
        ("tail_rate", scenario.tail_rate),
    ] {
        must((0.0..=1.0).contains(&rate), key, "must be between 0 and 1")?;
    }
    must(scenario.in_flight_max > 0, "in_flight_max", "must be at least 1")?;
    let hours = |hours: &f64| (0.0..=HOURS_MAX).contains(hours);
    must(scenario.crash_at_hours.iter().all(hours), "crash_at_hours", "must be between 0 and 87600 each")?;
    let takeover = (0.0..=SECONDS_MAX).contains(&scenario.takeover_seconds);
    must(takeover, "takeover_seconds", "must be 0 or more, and at most ten years")?;
    let mut ids = BTreeSet::new();
    let (mut people, mut chunks) = (0, 0);
    for (index, app) in scenario.app.iter().enumerate() {
        app_faults(app, &mut people, &mut chunks).map_err(|fault| Fault { app: Some(index), ..fault })?;
        let twice =
            Fault { app: Some(index), team: None, key: "id", says: "is another's already".to_owned() };
        ids.insert(&app.id).then_some(()).ok_or(twice)?;
    }
    Ok(())
}

fn app_faults(app: &AppScenario, people: &mut u64, chunks: &mut u64) -> Result<(), Fault> {
    let fault = |key: &'static str, says: &str| Fault { app: None, team: None, key, says: says.to_owned() };
    let must = |good: bool, key, says| if good { Ok(()) } else { Err(fault(key, says)) };
    let named = app.provider.is_none() || app.windows.is_empty() && app.user_windows.is_empty();
    must(named, "provider", "stands instead of windows: leave one of them out")?;
    for (key, windows, specs) in
        [("windows", &app.windows, app.specs()), ("user_windows", &app.user_windows, app.user_specs())]
    {
        let seconds = |window: &WindowScenario| (0.001..=WINDOW_SECONDS_MAX).contains(&window.seconds);
        must(windows.iter().all(seconds), key, "last between 0.001 and 2678400 `seconds` each")?;
        Bucket::check(&specs).map_err(|error| fault(key, &error.to_string()))?;
    }
    let kinds = "must be aligned, anchored, log, two_counter or bucket: a provider knows how it counts";
    must(app.server_kind != Some(Kind::Unknown), "server_kind", kinds)?;
    let external = (0.0..=PER_HOUR_MAX).contains(&app.external_per_hour);
    must(external, "external_per_hour", "must be between 0 and 3600000")?;
    let users = app.team.iter().map(|team| u64::from(team.connections.max(team.history_connections))).sum();
    let grows = |window: &WindowScenario| {
        let more = window.limit_per_user.checked_mul(users).and_then(|more| more.checked_add(window.limit));
        more.is_some_and(|limit| limit <= LIMIT_MAX)
    };
    let all = app.windows.iter().chain(&app.user_windows);
    must(all.clone().all(grows), "limit_per_user", "makes a limit above 1000000000 with all who connect")?;
    if let Some(change) = app.limit_change {
        must((1..=LIMIT_MAX).contains(&change.limit), "limit_change", "has a `limit` out of range")?;
        let windows = if app.provider.is_some() { usize::MAX } else { app.windows.len() };
        must(
            change.window < windows,
            "limit_change",
            "names a `window` that is not there; they count from 0",
        )?;
        must((0.0..=HOURS_MAX).contains(&change.at_hours), "limit_change", "has `at_hours` out of range")?;
    }
    let mut ids = BTreeSet::new();
    for (index, team) in app.team.iter().enumerate() {
        let of_team = |fault| Fault { team: Some(index), ..fault };
        team_faults(team).map_err(of_team)?;
        must(ids.insert(&team.id), "id", "is another team's already").map_err(of_team)?;
        *people += u64::from(team.connections.max(team.history_connections));
        must(*people <= PEOPLE_MAX, "connections", "make more than 2000000 people").map_err(of_team)?;
        *chunks += u64::from(team.history_connections) * u64::from(team.history_requests);
        let fit = *chunks <= CHUNKS_MAX;
        must(fit, "history_requests", "make more than 200000000 in all").map_err(of_team)?;
    }
    Ok(())
}

fn team_faults(team: &TeamScenario) -> Result<(), Fault> {
    let must = |good: bool, key: &'static str, says: &str| {
        if good { Ok(()) } else { Err(Fault { app: None, team: None, key, says: says.to_owned() }) }
    };
    must((1..=1_000_000).contains(&team.weight), "weight", "must be between 1 and 1000000")?;
    must(
        (0.001..=POLL_SECONDS_MAX).contains(&team.poll_seconds),
        "poll_seconds",
        "must be between 0.001 and 2592000",
    )?;
    for (key, seconds) in
        [("history_at_seconds", team.history_at_seconds), ("connect_at_seconds", team.connect_at_seconds)]
    {
        must((0.0..=SECONDS_MAX).contains(&seconds), key, "must be 0 or more, and at most ten years")?;
    }
    must((0.0..=PER_HOUR_MAX).contains(&team.live_per_hour), "live_per_hour", "must be between 0 and 3600000")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "seed = 7\nstart = \"2026-11-23T20:07:00Z\"\nuntil_hours = 2\nlatency_ms = [20, 1500]\n\
        [[app]]\nid = \"s\"\nwindows = [{ limit = 5, seconds = 60, kind = \"log\" }]\n\
        server_kind = \"log\"\nexternal_per_hour = 0\n\
        [[app.team]]\nid = \"a\"\nweight = 1\npoll_seconds = 900\nhistory_at_seconds = 0\n\
        [[app.team]]\nid = \"b\"\nweight = 2\nhistory_connections = 1\nhistory_requests = 1\n";

    #[test]
    fn a_figure_that_cannot_be_is_named_with_its_line() {
        Scenario::parse(GOOD).unwrap();
        for (good, bad, said) in [
            ("2026-11-23T", "yesterday", "line 2: `start`: must be a moment"),
            ("until_hours = 2", "until_hours = nan", "line 3: `until_hours`: must be above 0"),
            ("[20, 1500]", "[1500, 20]", "line 4: `latency_ms`: must be [shortest, longest]"),
            ("[20, 1500]", "[20, 1500, 9]", "must be [shortest, longest]"),
            ("limit = 5", "limit = 0", "line 7: `windows` of application `s`: a window's limit must be"),
            (
                "limit = 5",
                "limit_per_user = 4611686018427387904, limit = 5",
                "makes a limit above 1000000000",
            ),
            (
                "external_per_hour = 0",
                "limit_change = { at_hours = 1, limit = 0 }",
                "has a `limit` out of range",
            ),
            ("seconds = 60", "seconds = -60", "line 7: `windows` of application `s`: last between 0.001"),
            (
                "server_kind = \"log\"",
                "server_kind = \"unknown\"",
                "line 8: `server_kind` of application `s`: must be aligned",
            ),
            (
                "server_kind = \"log\"",
                "provider = \"strava\"",
                "line 8: `provider` of application `s`: stands instead",
            ),
            (
                "external_per_hour = 0",
                "external_per_hour = inf",
                "line 9: `external_per_hour` of application `s`: must be between 0",
            ),
            (
                "poll_seconds = 900",
                "poll_seconds = 0",
                "line 13: `poll_seconds` of team `a` of application `s`: must be between",
            ),
            (
                "history_at_seconds = 0",
                "history_at_seconds = inf",
                "line 14: `history_at_seconds` of team `a`",
            ),
            (
                "weight = 2",
                "weight = 0",
                "line 17: `weight` of team `b` of application `s`: must be between 1",
            ),
            ("id = \"b\"", "id = \"a\"", "line 16: `id` of team `a` of application `s`: is another team's"),
            ("connections = 1", "connections = 4000000000", "make more than 2000000 people"),
            ("poll_seconds = 900", "pol_seconds = 900", "line 13, column 1"),
            ("seed = 7", "seed = -7", "line 1, column 8"),
        ] {
            let error = Scenario::parse(&GOOD.replace(good, bad)).unwrap_err().to_string();
            assert!(error.contains(said), "{bad}: {error}");
        }
    }
}

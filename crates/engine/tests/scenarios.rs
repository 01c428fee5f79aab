//! The named scenarios run, and show what they say.

use std::path::Path;

use lookback_domain::Catalog;
use lookback_engine::sim::{self, ProviderQuota, Scenario};

/// Scenarios in which refusals are part of what is shown, and how many at most.
const REFUSED_MAX: [(&str, u64); 2] = [("limit-halved", 2), ("somebody-else", 8)];

/// Scenarios whose time depends on what nobody can know beforehand.
const UNFORESEEN: [&str; 3] = ["limit-halved", "refreshes", "somebody-else"];

#[test]
fn every_named_scenario_finishes_without_refusals_of_our_making() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let catalog = Catalog::bundled().unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let scenario = Scenario::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let scenario = scenario.resolve(&|slug| ProviderQuota::of(&catalog, slug)).unwrap();
        assert!(!scenario.shows.is_empty(), "{name} says what it shows");
        let summary = sim::run(&scenario, None).unwrap();
        let most = REFUSED_MAX.iter().find(|(refused, _)| *refused == name).map_or(0, |(_, most)| *most);
        assert!(summary.rejected <= most, "{name}: {summary}");
        assert!(summary.history_finished_ms.is_some(), "{name}: {summary}");
        assert!(summary.jain >= 0.99, "{name}: {summary}");
        let ratio = summary.goal_ratio.unwrap();
        assert!(
            ratio <= 1.01 || UNFORESEEN.contains(&name.as_str()),
            "{name}: {ratio} of the goal, {summary}"
        );
        names.push(name);
    }
    assert!(names.len() >= 15, "{names:?}");
}

/// A window of a user's own in which polls at the wished pace and the reserve for them would leave no whole request.
#[test]
fn however_small_users_windows_are_history_goes_on() {
    let kinds =
        [("log", "log"), ("bucket", "bucket"), ("two_counter", "two_counter"), ("unknown", "aligned")];
    for (limit, poll_seconds) in [(1, 3_600), (2, 900), (4, 300), (8, 150)] {
        for (kind, server_kind) in kinds {
            let scenario = format!(
                r#"
                start = "2026-11-23T20:59:58Z"
                until_hours = 100
                latency_ms = [20, 1500]
                [[app]]
                id = "app"
                user_windows = [{{ limit = {limit}, seconds = 900, kind = "{kind}" }}]
                server_kind = "{server_kind}"
                [[app.team]]
                id = "team"
                connections = 3
                poll_seconds = {poll_seconds}
                history_connections = 3
                history_requests = 10
                "#
            );
            let summary = sim::run(&Scenario::parse(&scenario).unwrap(), None).unwrap();
            let (done, refused) = (summary.history_done, summary.rejected);
            assert_eq!((done, refused), (30, 0), "{limit} a quarter of an hour, {kind}");
        }
    }
}

#[test]
fn history_is_not_done_while_a_team_has_not_asked() {
    let scenario = r#"
        start = "2026-11-23T20:59:58Z"
        until_hours = 1
        latency_ms = [20, 1500]
        [[app]]
        id = "app"
        windows = [{ limit = 100, seconds = 900, kind = "log" }]
        server_kind = "log"
        [[app.team]]
        id = "now"
        history_connections = 1
        history_requests = 10
        [[app.team]]
        id = "later"
        history_connections = 1
        history_requests = 10
        history_at_seconds = 7200
    "#;
    let summary = sim::run(&Scenario::parse(scenario).unwrap(), None).unwrap();
    assert_eq!((summary.history_done, summary.history_finished_ms), (10, None));
}

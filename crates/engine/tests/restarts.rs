//! What a restart changes: next to nothing. Each test is a scenario with restarts and a claim about its summary.

use lookback_engine::sim::{self, Scenario, Summary};
use lookback_engine::{AppSpec, Engine, Ms, PollClock};

/// A scenario of one application on a Monday evening, with these windows and teams, whose owner goes away as told.
fn restarted(latency_ms: &str, goes: &str, windows: &str, teams: &str) -> Summary {
    let text = format!(
        "seed = 7\nstart = \"2026-11-23T20:07:00Z\"\nlatency_ms = {latency_ms}\n{goes}\n\
         [[app]]\nid = \"app\"\nwindows = [{windows}]\n{teams}"
    );
    let scenario = Scenario::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    sim::run(&scenario, None).expect("nothing to write, nothing to fail")
}

#[test]
fn it_makes_no_poll_late_of_teams_that_are_stretched() {
    // A hundred connections on a hundred requests a day, beside a team of one: wished for every quarter of an hour, none
    // of the hundred was polled within that when the successor came.
    let summary = restarted(
        "[20, 1500]",
        "crash_at_hours = [30.0]\ntakeover_seconds = 1\nuntil_hours = 72",
        "{ limit = 100, seconds = 86400, kind = \"log\" }",
        "[[app.team]]\nid = \"large\"\nconnections = 100\n[[app.team]]\nid = \"small\"\nconnections = 1",
    );
    assert!(summary.poll_stretch["app"] > 100.0, "{summary}");
    assert!(summary.poll_lateness_ms.max <= 60_000, "{summary}");
}

#[test]
fn it_leaves_polls_the_moments_that_history_left_them() {
    let summary = restarted(
        "[20, 500]",
        "crash_at_hours = [56.5]\ntakeover_seconds = 60\nuntil_hours = 120",
        "{ limit = 10, seconds = 86400, kind = \"aligned\" }",
        "[[app.team]]\nid = \"a\"\nconnections = 2\npoll_seconds = 28800\nhistory_connections = 1\n\
         history_requests = 90",
    );
    assert_eq!(summary.poll_lateness_ms.max, 0, "{summary}");
    assert!(summary.poll_gap_ms_max["app"] <= 28_801_000, "{summary}");
}

#[test]
fn it_moves_no_poll_of_a_team_that_is_stretched() {
    let summary = restarted(
        "[20, 500]",
        "crash_at_hours = [30.0, 37.3]\ntakeover_seconds = 1\nuntil_hours = 48",
        "{ limit = 100, seconds = 3600, kind = \"aligned\" }",
        "[[app.team]]\nid = \"a\"\nconnections = 40",
    );
    assert!(summary.poll_stretch["app"] > 1.6, "{summary}");
    let more_ms = summary.poll_gap_ms_max["app"] - summary.poll_period_ms["app"];
    assert!(more_ms <= 1_000, "no gap is longer for it: {summary}");
    assert_eq!(summary.poll_lateness_ms.max, 0, "{summary}");
}

#[test]
fn before_connections_were_polled_it_moves_nobody() {
    // 150 who joined half an hour after the start, a quarter of an hour before the restart.
    let summary = restarted(
        "[20, 500]",
        "crash_at_hours = [0.75]\ntakeover_seconds = 1\nuntil_hours = 12",
        "{ limit = 20, seconds = 300, kind = \"aligned\" }",
        "[[app.team]]\nid = \"large\"\nconnections = 150\npoll_seconds = 3600\nconnect_at_seconds = 1800\n\
         [[app.team]]\nid = \"small\"\nconnections = 3\npoll_seconds = 300",
    );
    assert_eq!(summary.poll_lateness_ms.max, 0, "{summary}");
    assert!(summary.poll_gap_ms_max["app"] <= 3_601_000, "{summary}");
}

#[test]
fn two_in_a_row_cost_history_no_more_than_one() {
    // The clocks of four teams on ten requests an hour, which must not drift apart.
    let team = |id| {
        format!(
            "[[app.team]]\nid = \"{id}\"\nconnections = 2\npoll_seconds = 3500\nhistory_connections = 1\n\
             history_requests = 100\n"
        )
    };
    let done = |crashes| {
        let goes = format!("crash_at_hours = {crashes}\ntakeover_seconds = 3600\nuntil_hours = 72");
        let window = "{ limit = 10, seconds = 3600, kind = \"log\" }";
        restarted("[20, 500]", &goes, window, &["a", "b", "c", "d"].map(team).concat()).history_done
    };
    let (once, twice) = (done("[12.5]"), done("[12.5, 13.505]"));
    assert!(twice + 5 >= once, "{once} chunks after one, {twice} after two");
}

#[test]
fn a_successor_knows_how_long_responses_take() {
    // They take most of a window. At the pace of quick ones polls were a quarter of an hour late.
    let summary = restarted(
        "[6000, 8000]",
        "crash_at_hours = [2.0, 3.0, 4.0, 5.0]\ntakeover_seconds = 1\nuntil_hours = 6",
        "{ limit = 10, seconds = 10, kind = \"log\" }",
        "[[app.team]]\nid = \"a\"\nconnections = 1200",
    );
    assert!(summary.poll_lateness_ms.max <= 60_000, "{summary}");
}

#[test]
fn a_poll_missed_while_its_team_was_slowed_goes_at_once() {
    // Slowed by history that was asked for half a minute before ten minutes of nobody.
    let summary = restarted(
        "[20, 500]",
        "crash_at_hours = [6.008]\ntakeover_seconds = 600\nuntil_hours = 12",
        "{ limit = 100, seconds = 900, kind = \"aligned\" }, { limit = 1000, seconds = 86400, kind = \"aligned\" }",
        "[[app.team]]\nid = \"a\"\nconnections = 36\npoll_seconds = 3600\nhistory_connections = 1\n\
         history_requests = 2000\nhistory_at_seconds = 21600",
    );
    assert!(summary.poll_gap_ms_max["app"] <= 4_300_000, "ten minutes more than an hour: {summary}");
}

#[test]
fn what_was_served_is_not_due_again_and_what_was_missed_is_once() {
    const NOW_MS: Ms = 1_764_000_000_000;
    // The clock of the first user's team reads 10,000 s, and each 600 s of it are a period.
    let due_in_ms = |tag_ms| {
        let mut engine = Engine::new();
        // Whoever left it was a minute ahead.
        let poll_clocks = vec![PollClock::new(NOW_MS + 60_000, 10_000_000)];
        engine.add_app(AppSpec { poll_clocks, ..AppSpec::default() }, NOW_MS).expect("no windows");
        engine.add_team(0, 1, NOW_MS);
        engine.add_user(0, 0);
        engine.poll(0, 0, 600_000, Some(tag_ms), NOW_MS);
        if engine.decide(NOW_MS).is_some() { 0 } else { engine.wake_ms().expect("it is polled") - NOW_MS }
    };
    assert_eq!(due_in_ms(9_600_000), 200_000, "as if nothing had been");
    assert_eq!(due_in_ms(10_200_000), 800_000, "one stood for that one too");
    assert_eq!(due_in_ms(9_000_000), 0, "missed");
    assert_eq!(due_in_ms(0), 0, "missed long ago");
    assert_eq!(due_in_ms(9_400_000), 200_000, "of another period or phase, less than half a period ago");
    assert_eq!(due_in_ms(99_000_000), 200_000, "of a clock that was lost");
}

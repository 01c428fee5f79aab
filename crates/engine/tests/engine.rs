//! What the engine promises, seen from outside: each test is a scenario and a claim about its summary.

use lookback_engine::quota::{Kind, WindowSpec};
use lookback_engine::sim::{self, Scenario, Summary};
use lookback_engine::{AppSpec, ChunkId, Cost, Engine, Ms, Outcome, RequestId, Response, Status};
use std::collections::BTreeMap;

fn run(text: &str) -> Summary {
    let scenario = Scenario::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    sim::run(&scenario, None).expect("nothing to write, nothing to fail")
}

/// A scenario of one application on a Monday evening, 3 h 53 min before midnight.
fn scenario(top: &str, app: &str, teams: &str) -> Summary {
    scenario_of(&format!("seed = 7\n{top}"), app, teams)
}

/// The same with a seed of its own.
fn scenario_of(top: &str, app: &str, teams: &str) -> Summary {
    run(&format!(
        "start = \"2026-11-23T20:07:00Z\"\nuntil_hours = 400\nlatency_ms = [20, 1500]\n{top}\n\
         [[app]]\nid = \"app\"\n{app}\n{teams}"
    ))
}

const STRAVA: &str = r#"
windows = [{ limit = 100, seconds = 900, kind = "aligned" }, { limit = 1000, seconds = 86400, kind = "aligned" }]
server_kind = "aligned"
"#;
const EIGHT_POLLED: &str = r#"
[[app.team]]
id = "a"
connections = 8
history_connections = 12
history_requests = 125
"#;

fn hours(ms: Option<u64>) -> f64 {
    ms.expect("history is done") as f64 / 3.6e6
}

#[test]
fn strava_history_takes_all_that_polls_leave_and_polls_are_on_time() {
    let summary = scenario("", STRAVA, EIGHT_POLLED);
    assert_eq!(summary.rejected, 0);
    assert_eq!(summary.poll_lateness_ms.max, 0);
    assert!((52.0..52.3).contains(&hours(summary.history_finished_ms)), "{summary}");
    assert!(summary.makespan_ratio.unwrap() <= 1.01, "{summary}");
    assert!(summary.poll_gap_ms_max["app"] <= 900_001, "{summary}");
}

#[test]
fn wahoo_as_clock_windows_is_done_at_its_bound() {
    let app = r#"
windows = [{ limit = 200, seconds = 300, kind = "aligned" }, { limit = 1000, seconds = 3600, kind = "aligned" },
           { limit = 5000, seconds = 86400, kind = "aligned" }]
server_kind = "aligned"
"#;
    let team = "[[app.team]]\nid = \"a\"\nconnections = 40\nhistory_connections = 40\nhistory_requests = 125";
    let summary = scenario("", app, team);
    assert_eq!((summary.rejected, summary.poll_lateness_ms.max), (0, 0));
    assert!((28.0..28.1).contains(&hours(summary.history_finished_ms)), "{summary}");
}

#[test]
fn one_window_of_any_kind_is_filled_to_the_bound() {
    for (kind, polled, limit) in
        [("log", 0, 60), ("aligned", 0, 60), ("anchored", 0, 60), ("log", 5, 1_000), ("aligned", 5, 1_000)]
    {
        let app = format!("windows = [{{ limit = {limit}, seconds = 300, kind = \"{kind}\" }}]");
        let team = format!(
            "[[app.team]]\nid = \"a\"\nconnections = {polled}\nhistory_connections = 10\n\
             history_requests = {}",
            limit * 3
        );
        let summary = scenario("", &app, &team);
        assert_eq!(summary.rejected, 0, "{kind}");
        assert!(summary.goal_ratio.unwrap() <= 1.01, "{kind}: {summary}");
        assert!(summary.lower_bound_ms <= summary.history_finished_ms, "{kind}: {summary}");
        assert_eq!(summary.poll_lateness_ms.max, 0, "{kind}: {summary}");
    }
}

#[test]
fn history_goes_on_where_polls_take_most_of_a_tiny_limit() {
    for kind in ["aligned", "log", "anchored", "bucket"] {
        let app = format!("windows = [{{ limit = 2, seconds = 300, kind = \"{kind}\" }}]");
        let team =
            "[[app.team]]\nid = \"a\"\nconnections = 3\nhistory_connections = 2\nhistory_requests = 30";
        let summary = scenario("", &app, team);
        assert_eq!(summary.rejected, 0, "{kind}");
        assert!(summary.history_finished_ms.is_some(), "{kind}: {summary}");
    }
}

#[test]
fn history_goes_beside_any_number_of_connections_on_a_small_limit() {
    for (limit, seconds, kind, real, connections) in [
        (1, 1, "log", "log", 100),
        (1, 1, "unknown", "log", 100),
        (5, 10, "log", "log", 200),
        (5, 60, "unknown", "two_counter", 80),
        (20, 60, "aligned", "aligned", 300),
        (60, 60, "unknown", "two_counter", 300),
    ] {
        let app = format!(
            "windows = [{{ limit = {limit}, seconds = {seconds}, kind = \"{kind}\" }}]\nserver_kind = \"{real}\""
        );
        let team = format!(
            "[[app.team]]\nid = \"a\"\nconnections = {connections}\npoll_seconds = 3600\n\
             history_connections = 20\nhistory_requests = {}",
            30 + limit
        );
        let summary = scenario("", &app, &team);
        let what = format!("{connections} polled on {limit} in {seconds} s, {kind}");
        assert_eq!(summary.rejected, 0, "{what}: {summary}");
        assert!(
            summary.poll_lateness_ms.max <= 100,
            "by what a response took longer than any: {what}: {summary}"
        );
        // Two counters cannot be told from a log in a second: there `unknown` costs half.
        let most = if seconds == 1 && kind == "unknown" { 1.7 } else { 1.05 };
        assert!(summary.goal_ratio.unwrap() <= most, "{what}: {:?} {summary}", summary.goal_ratio);
    }
}

#[test]
fn polls_leave_history_a_request_or_two_of_the_smallest_limits() {
    for (limit, kind) in [(1, "log"), (2, "anchored"), (3, "bucket"), (1, "two_counter"), (2, "unknown")] {
        let app = format!("windows = [{{ limit = {limit}, seconds = 60, kind = \"{kind}\" }}]");
        let team =
            "[[app.team]]\nid = \"a\"\nconnections = 70\nhistory_connections = 2\nhistory_requests = 20";
        let summary = scenario("", &app, team);
        assert_eq!(summary.rejected, 0, "{limit} a minute, {kind}: {summary}");
        assert!(summary.history_finished_ms.is_some(), "{limit} a minute, {kind}: {summary}");
        assert!(summary.poll_lateness_ms.p99 <= 5_000, "{limit} a minute, {kind}: {summary}");
    }
}

#[test]
fn history_goes_between_polls_that_two_weighted_counters_hardly_carry() {
    let app = "windows = [{ limit = 1, seconds = 60, kind = \"two_counter\" }]";
    let team = "[[app.team]]\nid = \"a\"\nconnections = 4\nhistory_connections = 2\nhistory_requests = 10";
    let summary = scenario("", app, team);
    assert_eq!((summary.rejected, summary.poll_lateness_ms.max), (0, 0), "{summary}");
    assert!(summary.history_finished_ms.is_some(), "{summary}");
}

#[test]
fn user_windows_leave_each_users_polls_their_room() {
    let app = r#"
user_windows = [{ limit = 20, seconds = 3600, kind = "log" }, { limit = 150, seconds = 86400, kind = "aligned" }]
windows = [{ limit = 5000, seconds = 60, kind = "log" }]
server_kind = "log"
"#;
    let team = "[[app.team]]\nid = \"a\"\nconnections = 6\nhistory_connections = 6\nhistory_requests = 140";
    let summary = scenario("", &app.replace("\"aligned\"", "\"log\""), team);
    assert_eq!((summary.rejected, summary.poll_lateness_ms.max), (0, 0), "{summary}");
    assert!(summary.makespan_ratio.unwrap() <= 1.05, "{summary}");
}

#[test]
fn a_clock_that_is_off_causes_no_refusal() {
    let app = "windows = [{ limit = 10, seconds = 60, kind = \"aligned\" }]\nserver_kind = \"aligned\"";
    let team = "[[app.team]]\nid = \"a\"\nhistory_connections = 4\nhistory_requests = 50";
    for skew in ["-900", "900"] {
        let top = format!("clock_skew_ms = {skew}");
        assert_eq!(scenario(&top, app, team).rejected, 0, "skew {skew} ms");
    }
}

#[test]
fn a_clock_further_off_than_assumed_is_noticed_by_its_date() {
    let app = "windows = [{ limit = 100, seconds = 900, kind = \"aligned\" }]\nserver_kind = \"aligned\"";
    let team = "[[app.team]]\nid = \"a\"\nconnections = 3\nhistory_connections = 4\nhistory_requests = 200";
    for skew in ["-25000", "25000"] {
        assert_eq!(scenario(&format!("clock_skew_ms = {skew}"), app, team).rejected, 0, "skew {skew} ms");
    }
}

#[test]
fn usage_headers_reveal_somebody_else_before_a_refusal_does() {
    let app = r#"
windows = [{ limit = 100, seconds = 900, kind = "log" }, { limit = 1000, seconds = 86400, kind = "log" }]
server_kind = "log"
external_per_hour = 5
"#;
    // How many are refused is a matter of luck: of five runs.
    let refused = |headers: &str| -> u64 {
        let seeds = (1..=5).map(|seed| format!("seed = {seed}\nheaders = \"{headers}\"\n"));
        seeds.map(|top| scenario_of(&top, app, EIGHT_POLLED).rejected).sum()
    };
    let (with, without) = (refused("correct"), refused("missing"));
    assert!(with <= 60 && 2 * without > 3 * with, "{with} with headers, {without} without");
}

#[test]
fn a_limit_that_is_halved_without_notice_is_learned() {
    let app = r#"
windows = [{ limit = 100, seconds = 900, kind = "aligned" }]
server_kind = "aligned"
limit_change = { at_hours = 1.1, limit = 50 }
"#;
    let summary = scenario("", app, EIGHT_POLLED);
    assert!(summary.rejected <= 60, "at most what was in flight or already beyond: {summary}");
    assert!(summary.history_finished_ms.is_some(), "{summary}");
    let blind = scenario("headers = \"missing\"", app, EIGHT_POLLED);
    assert!(blind.history_finished_ms.is_some(), "{blind}");
    assert!(blind.rejected < blind.requests / 10, "{blind}");
}

#[test]
fn a_large_team_slows_neither_the_polls_nor_the_history_of_a_small_one() {
    let team = |id: &str, connections: u32, requests: u32| {
        format!(
            "[[app.team]]\nid = \"{id}\"\nconnections = {connections}\nhistory_connections = {connections}\n\
             history_requests = {requests}\n"
        )
    };
    let summary = scenario("", STRAVA, &(team("large", 400, 10) + &team("small", 4, 300)));
    assert!(summary.jain >= 0.99, "{summary}");
    assert_eq!(summary.rejected, 0);
    // The large team is stretched, and says so.
    assert!(summary.poll_stretch["app"] > 50.0, "{summary}");
}

#[test]
fn polls_of_many_teams_at_paces_of_their_own_are_on_time_beside_history() {
    let app = "windows = [{ limit = 5000, seconds = 86400, kind = \"log\" }]";
    let team = |size: u32| {
        format!(
            "[[app.team]]\nid = \"{size}\"\nconnections = {size}\nhistory_connections = 1\nhistory_requests = 60\n"
        )
    };
    let summary = scenario("", app, &(1..=40).map(team).collect::<String>());
    assert_eq!(summary.rejected, 0);
    assert!(summary.poll_stretch["app"] > 10.0, "{summary}");
    assert!(summary.poll_lateness_ms.max <= 5_000, "{summary}");
    assert!(summary.makespan_ratio.unwrap() <= 1.01, "{summary}");
}

#[test]
fn polls_are_stretched_as_far_as_is_reported_and_no_further() {
    let app = "windows = [{ limit = 100, seconds = 3600, kind = \"log\" }]\nserver_kind = \"log\"";
    let summary = scenario(
        "",
        app,
        "[[app.team]]\nid = \"a\"\nconnections = 50\nhistory_connections = 1\nhistory_requests = 300",
    );
    let stretched = 900_000.0 * summary.poll_stretch["app"];
    assert!((2.4..2.6).contains(&summary.poll_stretch["app"]), "200 polls an hour on 80: {summary}");
    assert!((summary.poll_period_ms["app"] as f64) <= stretched * 1.01, "{summary}");
    assert!(summary.poll_lateness_ms.p99 <= 5_000, "{summary}");
    assert_eq!(summary.rejected, 0);
    let idle = scenario("", STRAVA, "[[app.team]]\nid = \"a\"\nconnections = 8");
    assert_eq!((idle.poll_period_ms["app"], idle.poll_gap_ms_max["app"]), (900_000, 900_000));
}

#[test]
fn history_asked_for_a_moment_before_the_reset_does_not_spill_into_the_new_day() {
    let team = EIGHT_POLLED.to_owned() + "history_at_seconds = 13979.5";
    let summary = scenario("", STRAVA, &team);
    assert_eq!(summary.rejected, 0);
    assert!(summary.poll_lateness_ms.max <= 5_000, "{summary}");
}

#[test]
fn connections_that_join_late_are_on_time_after_one_window() {
    let team = EIGHT_POLLED.to_owned()
        + "\n[[app.team]]\nid = \"late\"\nconnections = 2\nconnect_at_seconds = 30000";
    let summary = scenario("", STRAVA, &team);
    assert_eq!(summary.rejected, 0);
    assert!(summary.poll_lateness_ms.p99 <= 5_000, "{summary}");
}

#[test]
fn who_joins_beside_history_takes_nothing_that_was_kept_for_others() {
    let summary = run(include_str!("../../../scenarios/joins-beside-history.toml"));
    assert_eq!(summary.rejected, 0);
    assert!(summary.poll_lateness_ms.max > 3_600_000, "the day is spent: {summary}");
    assert_eq!(summary.settled_poll_lateness_ms.max, 0, "{summary}");
    assert!(summary.makespan_ratio.unwrap() <= 1.01, "{summary}");
}

#[test]
fn polls_go_faster_only_once_there_is_room_for_it() {
    // Polls that the window hardly carries, and history that ends: a day later at the latest they have what it took.
    let app = "windows = [{ limit = 1000, seconds = 86400, kind = \"log\" }]";
    let team = "[[app.team]]\nid = \"a\"\nconnections = 12\npoll_seconds = 900\nhistory_connections = 1\n\
                history_requests = 300\n[[app.team]]\nid = \"later\"\nhistory_connections = 1\n\
                history_requests = 1\nhistory_at_seconds = 900000";
    let summary = scenario("", app, team);
    assert_eq!(summary.rejected, 0);
    assert!(summary.poll_stretch["app"] > 1.4, "{summary}");
    assert!(summary.poll_lateness_ms.max <= 60_000, "{summary}");
}

#[test]
fn what_is_asked_for_live_at_an_even_rate_finds_room_beside_history() {
    let summary = run(include_str!("../../../scenarios/refreshes.toml"));
    assert_eq!(summary.rejected, 0);
    assert!(summary.live > 100, "{summary}");
    assert!(summary.live_lateness_ms.p99 <= 60_000, "{summary}");
    assert!(summary.poll_lateness_ms.p99 <= 5_000, "{summary}");
}

#[test]
fn what_is_asked_for_live_now_and_then_keeps_history_out_of_no_small_window() {
    for (limit, seconds, kind) in
        [(1, 1, "aligned"), (1, 60, "log"), (2, 10, "log"), (3, 60, "two_counter"), (5, 60, "two_counter")]
    {
        let app = format!(
            "windows = [{{ limit = {limit}, seconds = {seconds}, kind = \"{kind}\" }}, \
             {{ limit = 5000, seconds = 86400, kind = \"{kind}\" }}]"
        );
        let team = "[[app.team]]\nid = \"a\"\nconnections = 2\npoll_seconds = 1800\nlive_per_hour = 1\n\
                    history_connections = 5\nhistory_requests = 60\nhistory_at_seconds = 14000";
        let summary = scenario("", &app, team);
        let what = format!("{limit} in {seconds} s, {kind}: {summary}");
        assert_eq!(summary.rejected, 0, "{what}");
        assert!(summary.live > 0, "{what}");
        // What is in flight at a boundary, or under way, takes up to three quarters more.
        let takes_ms = summary.history_finished_ms.expect(&what) - 14_000_000;
        let two_counters = u64::from(kind == "two_counter");
        assert!(takes_ms < 300 * 2_000 * seconds / (limit - two_counters), "{what}");
    }
}

#[test]
fn polls_are_stretched_to_what_may_be_in_flight_at_once() {
    // Two at once, half a second each: forty a second are ten times too many.
    let app = "windows = [{ limit = 100000, seconds = 60, kind = \"log\" }]";
    let teams = "[[app.team]]\nid = \"a\"\nconnections = 2400\npoll_seconds = 60\n";
    let top = "seed = 7\nstart = \"2026-11-23T20:07:00Z\"\nlatency_ms = [500, 500]\nin_flight_max = 2\nuntil_hours = 1\n";
    let summary = run(&format!("{top}[[app]]\nid = \"app\"\n{app}\n{teams}"));
    assert!((10.0..16.0).contains(&summary.poll_stretch["app"]), "{summary}");
    assert!(summary.poll_lateness_ms.p99 <= 30_000, "{summary}");
}

#[test]
fn crashes_lose_no_chunk_and_cause_no_refusal() {
    let top = "crash_at_hours = [0.001, 0.3, 4.0, 4.02, 27.9]\nlost_rate = 0.01\nfailure_rate = 0.02";
    for kind in ["aligned", "log", "two_counter", "unknown"] {
        let real = if kind == "unknown" { "log" } else { kind };
        let app = format!(
            "windows = [{{ limit = 100, seconds = 900, kind = \"{kind}\" }}, \
             {{ limit = 1000, seconds = 86400, kind = \"{kind}\" }}]\nserver_kind = \"{real}\""
        );
        let summary = scenario(top, &app, EIGHT_POLLED);
        assert_eq!((summary.rejected, summary.history_done), (0, 1_500), "{kind}: {summary}");
        // A minute of silence at each crash, and for a poll that waits for what is charged twice a window.
        assert!(summary.poll_gap_ms_max["app"] <= 2 * 900_000 + 120_000, "{kind}: {summary}");
    }
}

/// What was in flight then is given up within a minute, and no answer proves that it was counted in that minute.
#[test]
fn a_crash_makes_nobody_mistake_two_counters_for_something_else() {
    for seed in 1..=4 {
        let summary = run(&format!(
            "seed = {seed}\nstart = \"2026-11-01T21:11:17Z\"\nuntil_hours = 2\nlatency_ms = [3172, 8000]\n\
             crash_at_hours = [0.5]\n[[app]]\nid = \"app\"\nserver_kind = \"two_counter\"\n\
             windows = [{{ limit = 50, seconds = 60, kind = \"unknown\" }}]\n[[app.team]]\nid = \"a\"\n\
             connections = 10\npoll_seconds = 3600\nhistory_connections = 10\nhistory_requests = 150"
        ));
        assert_eq!((summary.rejected, summary.history_done), (0, 1_500), "seed {seed}: {summary}");
    }
}

#[test]
fn polls_that_were_missed_go_at_once_and_are_spread_evenly_afterwards() {
    const START_MS: Ms = 1_764_000_000_000;
    let mut engine = Engine::new();
    engine.add_app(AppSpec::default(), START_MS).expect("no windows");
    engine.add_team(0, 1, START_MS);
    for user in 0..60 {
        engine.add_user(0, 0);
        engine.poll(0, user, 600_000, Some(0), START_MS);
    }
    let mut polled = vec![0; 40];
    for minute in 0..40 {
        let now_ms = START_MS + minute * 60_000;
        while engine.expire(now_ms).is_some() {}
        while let Some(grant) = engine.decide(now_ms) {
            engine.respond(grant.id, &Response::plain(Status::Served), now_ms);
            polled[minute as usize] += 1;
        }
    }
    assert_eq!(polled[0], 60, "all were missed");
    assert_eq!(polled[1..=5].iter().sum::<u32>(), 0, "nobody again before half a period");
    assert_eq!(polled[6..=15].iter().sum::<u32>(), 60, "everybody once in a period");
    assert!(polled[6..].iter().all(|each| (4..=8).contains(each)), "{polled:?}");
}

#[test]
fn the_same_scenario_gives_the_same_trace() {
    let scenario = Scenario::parse(&sim::draw(11)).unwrap();
    let trace = || {
        let mut out = Vec::new();
        sim::run(&scenario, Some(&mut out)).unwrap();
        out
    };
    assert_eq!(trace(), trace());
}

#[test]
fn without_the_reserve_polls_wait_until_midnight() {
    let team = EIGHT_POLLED.to_owned() + "history_at_seconds = 46000";
    let lateness_ms = |order: &str| {
        let summary = scenario(&format!("order = \"{order}\""), STRAVA, &team);
        assert_eq!(summary.rejected, 0, "{order}: {summary}");
        assert!(summary.history_finished_ms.is_some(), "{order}: {summary}");
        summary.poll_lateness_ms.max
    };
    assert_eq!(lateness_ms("reserve"), 0);
    for order in ["strict", "fifo"] {
        assert!(lateness_ms(order) > 10 * 3_600_000, "{order}: {} ms", lateness_ms(order));
    }
}

#[test]
fn no_more_is_in_flight_than_the_cap_and_an_eighth_of_it_is_left_to_polls() {
    let mut engine = Engine::new();
    let windows = vec![WindowSpec::requests(1_000, 60_000, Kind::Log)];
    engine.add_app(AppSpec { windows, in_flight_max: 16, ..AppSpec::default() }, 0).unwrap();
    engine.add_team(0, 1, 0);
    for _ in 0..4 {
        let user = engine.add_user(0, 0);
        engine.poll(0, user, 1_000, None, 0);
    }
    engine.pull(0, 0, Cost::ONE, 1, Some(0..100), 0);
    let granted = |engine: &mut Engine, now_ms| std::iter::from_fn(|| engine.decide(now_ms)).count();
    assert_eq!(granted(&mut engine, 0), 14, "a poll, and history until an eighth is left");
    assert_eq!(granted(&mut engine, 2_000), 2, "of the polls that are due by now");
}

#[test]
fn a_limit_grows_with_the_number_of_users() {
    let mut engine = Engine::new();
    let grows = WindowSpec { limit_per_user: 3, ..WindowSpec::requests(5, 60_000, Kind::Log) };
    engine.add_app(AppSpec { windows: vec![grows], ..AppSpec::default() }, 0).unwrap();
    engine.add_team(0, 1, 0);
    engine.add_user(0, 0);
    engine.add_user(0, 0);
    engine.pull(0, 0, Cost::ONE, 1, Some(0..100), 0);
    assert_eq!(std::iter::from_fn(|| engine.decide(0)).count(), 5 + 2 * 3);
}

#[test]
fn a_limit_that_grows_does_not_grow_beyond_what_headers_named_to_a_predecessor() {
    let mut engine = Engine::new();
    let grows = WindowSpec { limit_per_user: 3, ..WindowSpec::requests(5, 60_000, Kind::Log) };
    let spec = AppSpec { windows: vec![grows], named_limits: vec![Some(8)], ..AppSpec::default() };
    engine.add_app(spec, 0).unwrap();
    engine.add_team(0, 1, 0);
    engine.add_user(0, 0);
    engine.add_user(0, 0);
    engine.pull(0, 0, Cost::ONE, 1, Some(0..100), 0);
    assert_eq!(std::iter::from_fn(|| engine.decide(0)).count(), 8);
    assert_eq!(engine.learned(0).named_limits, [Some(8)]);
}

#[test]
fn what_is_asked_for_live_and_waits_is_not_asked_for_twice() {
    let windows = vec![WindowSpec::requests(1, 60_000, Kind::Log)];
    let mut engine = Engine::new();
    let app = engine.add_app(AppSpec { windows, ..AppSpec::default() }, 0).unwrap();
    let team = engine.add_team(app, 1, 0);
    let [first, second] = [0, 1].map(|_| engine.add_user(app, team));
    let mut sent = Vec::new();
    for now_ms in 0..200_000 {
        if now_ms < 100_000 && now_ms % 1_000 == 0 {
            engine.ask(app, first, now_ms);
            engine.ask(app, second, now_ms);
        }
        while let Some(grant) = engine.decide(now_ms) {
            sent.push((grant.user, grant.due_ms.unwrap()));
            engine.respond(grant.id, &Response::plain(Status::Served), now_ms);
        }
    }
    // One a minute: whoever waited longest, since when it was first asked for.
    assert_eq!(sent, [(first, 0), (second, 0), (first, 1_000), (second, 61_000)]);
    assert_eq!(engine.asked(app).count(), 0);
}

#[test]
fn what_is_given_up_is_named_as_it_was_when_it_was_sent() {
    let mut engine = Engine::new();
    engine.add_app(AppSpec { deadline_ms: 100, ..AppSpec::default() }, 0).unwrap();
    engine.add_team(0, 1, 0);
    engine.add_user(0, 0);
    engine.pull(0, 0, Cost::ONE, 1, Some(0..3), 0);
    let ids: Vec<RequestId> = std::iter::from_fn(|| engine.decide(0)).map(|grant| grant.id).collect();
    // A younger one is answered before.
    engine.respond(ids[1], &Response::plain(Status::Served), 10);
    let given_up: Vec<RequestId> = std::iter::from_fn(|| engine.expire(100)).map(|(id, ..)| id).collect();
    assert_eq!(given_up, [ids[0], ids[2]]);
}

#[test]
fn what_is_given_up_is_given_up_once_whenever_it_is_asked_for() {
    let mut engine = Engine::new();
    let mut sent = BTreeMap::new();
    for app in 0..20 {
        engine.add_app(AppSpec { deadline_ms: 200, ..AppSpec::default() }, 0).unwrap();
        engine.add_team(app, 1, 0);
        engine.add_user(app, 0);
        let now_ms = Ms::from(app) * 10;
        engine.pull(app, 0, Cost::ONE, 1, Some(0..3), now_ms);
        sent.extend(std::iter::from_fn(|| engine.decide(now_ms)).map(|grant| (grant.id, now_ms)));
    }
    assert_eq!(sent.len(), 60);
    // One at a time, while more and more deadlines pass; then all at once.
    for now_ms in 290..=320 {
        let (id, ..) = engine.expire(now_ms).expect("ten applications have three each at first");
        assert!(sent.remove(&id).is_some_and(|sent_ms| sent_ms + 200 <= now_ms));
    }
    while let Some((id, ..)) = engine.expire(340) {
        assert!(sent.remove(&id).is_some());
    }
    assert!(sent.values().all(|sent_ms| sent_ms + 200 > 340), "{sent:?}");
    assert_eq!(sent.len(), 5 * 3);
}

#[test]
fn what_comes_too_late_for_one_pull_is_nothing_to_the_next_one_with_its_number() {
    let mut engine = Engine::new();
    let windows = vec![WindowSpec::requests(1_000, 60_000, Kind::Log)];
    engine.add_app(AppSpec { windows, deadline_ms: 100, ..AppSpec::default() }, 0).unwrap();
    engine.add_team(0, 1, 0);
    let user = engine.add_user(0, 0);
    let send = |engine: &mut Engine, now_ms| engine.decide(now_ms).expect("a chunk waits").id;
    let answer = |engine: &mut Engine, id: RequestId, now_ms: Ms| {
        engine.respond(id, &Response::plain(Status::Served), now_ms).0
    };
    assert_eq!(engine.pull(0, user, Cost::ONE, 1, Some(3..3), 0), None, "nothing is missing");
    assert_eq!(engine.pull(0, user, Cost::ONE, 1, Some(0..1), 0), Some(0));
    let late = send(&mut engine, 0);
    assert_eq!(engine.expire(100).map(|(id, ..)| id), Some(late));
    let again = send(&mut engine, 5_000);
    let chunk = ChunkId { pull: 0, chunk: 0 };
    assert_eq!(answer(&mut engine, again, 5_001), Outcome::ChunkDone(chunk));
    for now_ms in 6_000..6_100 {
        assert_eq!(engine.pull(0, user, Cost::ONE, 1, Some(0..1), now_ms), Some(0), "the last one is done");
        let id = send(&mut engine, now_ms);
        assert_eq!(answer(&mut engine, late, now_ms), Outcome::Unknown);
        assert_eq!(answer(&mut engine, again, now_ms), Outcome::Unknown);
        assert_eq!(engine.pending(0), 1);
        assert_eq!(answer(&mut engine, id, now_ms), Outcome::ChunkDone(chunk));
    }
    assert_eq!(engine.pending(0), 0);
}

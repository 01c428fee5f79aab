//! `lookback simulate`

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Place, read};

/// The format with every key that it has to have, two applications and several teams.
const SCENARIO: &str = r#"
seed = 7
start = "2026-11-23T20:07:00Z"
until_hours = 200                 # stop even if history is not done
latency_ms = [20, 1500]           # uniform, each way split at random
failure_rate = 0.05               # share of requests answered 500 (they count)

[[app]]
id = "shared"
windows = [ { limit = 100, seconds = 900, kind = "aligned" },
            { limit = 1000, seconds = 86400, kind = "aligned" } ]
user_windows = []
server_kind = "aligned"
external_per_hour = 0

[[app.team]]
id = "a"
weight = 1
connections = 4
poll_seconds = 900
history_connections = 6
history_requests = 40
history_at_seconds = 600

[[app.team]]
id = "b"
weight = 2
connections = 0
poll_seconds = 900
history_connections = 3
history_requests = 20
history_at_seconds = 0

[[app]]
id = "per-user"
windows = []
user_windows = [ { limit = 20, seconds = 600, kind = "log" } ]
server_kind = "log"
external_per_hour = 30

[[app.team]]
id = "a"
weight = 1
connections = 2
poll_seconds = 300
history_connections = 2
history_requests = 60
history_at_seconds = 0
"#;

#[test]
fn the_summary_is_a_few_lines_for_people() {
    let place = Place::new();
    let said = place.run(&["simulate", &place.file("s.toml", SCENARIO)]).ok();
    for part in [
        "requests        ",
        "history done    ",
        "poll lateness   p50 0 ms",
        "poll period     shared: 15.0 min",
        "poll period     per-user: 5.0 min",
        "fairness (Jain) ",
        "window          shared 100 per 15.0 min",
        "window          shared 1000 per 24.00 h",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let polls = SCENARIO.replace("history_connections = ", "history_connections = 0 # ");
    let said = place.run(&["simulate", &place.file("polls.toml", &polls)]).ok();
    assert!(said.contains("none was asked for"), "{said}");
}

#[test]
fn the_summary_as_json_has_every_key_and_says_the_same_each_time_but_for_its_speed() {
    let place = Place::new();
    let file = place.file("s.toml", SCENARIO);
    let run = || {
        let mut summary = place.json(&["simulate", &file]);
        assert!(summary["decisions_per_second"].take().as_f64().unwrap() > 0.0);
        summary
    };
    let summary = run();
    assert_eq!(run(), summary);
    for key in ["requests", "rejected", "history_finished_ms", "lower_bound_ms"] {
        assert!(summary[key].is_u64(), "{key} in {summary}");
    }
    assert!(summary["makespan_ratio"].as_f64().unwrap() >= 1.0);
    for key in ["p50", "p99", "max"] {
        assert!(summary["poll_lateness_ms"][key].is_u64());
    }
    assert_eq!(summary["poll_period_ms"], json!({ "shared": 900_000, "per-user": 300_000 }));
    assert!((0.99..=1.0).contains(&summary["jain"].as_f64().unwrap()));
    let windows: Vec<_> =
        summary["utilisation"].as_array().unwrap().iter().map(|used| &used["limit"]).collect();
    assert_eq!(windows, [100, 1000]);
}

#[test]
fn the_trace_has_every_request_that_arrived_and_none_of_others() {
    let place = Place::new();
    let (file, trace) = (place.file("s.toml", SCENARIO), place.path("trace.ndjson"));
    let summary = place.json(&["simulate", &file, "--trace", &trace.display().to_string()]);
    let lines: Vec<Value> = read(&trace).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json!(lines.len()), summary["requests"]);

    let names =
        ["app", "team", "user", "lane", "cost", "due_ms", "sent_ms", "arrived_ms", "acked_ms", "status"];
    let (mut arrived_ms, mut done) = (0, BTreeMap::<_, u32>::new());
    for line in &lines {
        assert_eq!(line.as_object().unwrap().keys().collect::<Vec<_>>(), names);
        let ms = |key: &str| line[key].as_u64().unwrap();
        assert!(arrived_ms <= ms("arrived_ms"), "in the order of their arrival");
        arrived_ms = ms("arrived_ms");
        assert!(ms("sent_ms") <= arrived_ms && arrived_ms <= ms("acked_ms"));
        assert!((20..=1_500).contains(&(ms("acked_ms") - ms("sent_ms"))), "{line}");
        let of = (line["app"].as_str().unwrap(), line["team"].as_str().unwrap());
        assert!([("shared", "a"), ("shared", "b"), ("per-user", "a")].contains(&of), "{line}");
        assert!(["poll", "history"].contains(&line["lane"].as_str().unwrap()));
        assert_eq!(line["due_ms"].is_null(), line["lane"] == "history", "{line}");
        assert!(line["status"] == 200 || line["status"] == 500, "{line}");
        if line["lane"] == "history" && line["status"] == 200 {
            *done.entry(of).or_default() += 1;
        }
    }
    let asked = [(("per-user", "a"), 120), (("shared", "a"), 240), (("shared", "b"), 60)];
    assert_eq!(done, BTreeMap::from(asked), "each once, whatever failed");
    let late = lines.iter().filter(|line| line["team"] == "a" && line["app"] == "shared");
    assert!(
        late.filter(|line| line["lane"] == "history").all(|line| line["sent_ms"].as_u64() >= Some(600_000))
    );
}

#[test]
fn a_user_is_the_same_person_in_both_lanes() {
    let place = Place::new();
    let (file, trace) = (place.file("s.toml", SCENARIO), place.path("trace.ndjson"));
    place.run(&["simulate", &file, "--trace", &trace.display().to_string()]).ok();
    let mut people = BTreeMap::<String, [bool; 2]>::new();
    for line in read(&trace).lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        if line["app"] == "shared" && line["team"] == "a" {
            let lanes = people.entry(line["user"].to_string()).or_default();
            lanes[usize::from(line["lane"] == "history")] = true;
        }
    }
    let both = people.values().filter(|lanes| **lanes == [true; 2]).count();
    assert_eq!((people.len(), both), (6, 4), "of six with history four are polled");
}

#[test]
fn what_is_no_scenario_is_refused_with_its_line_and_nothing_is_written() {
    let place = Place::new();
    let trace = place.path("trace.ndjson");
    let refused = |file: &str| {
        let said = place.run(&["simulate", file, "--trace", &trace.display().to_string()]).failed(1);
        assert!(!trace.exists());
        said
    };
    let provider = "\nprovider = \"oura\"\n[[app.team]]\nid = \"a\"";
    for (good, bad, said) in [
        ("seed = 7", "sed = 7", "unknown field `sed`"),
        ("seed = 7", "seed = -7", "line 2"),
        ("weight = 2", "wieght = 2", "unknown field `wieght`"),
        ("kind = \"log\"", "kind = \"sliding\"", "unknown variant `sliding`"),
        ("server_kind = \"log\"", "server_kind = \"unknown\"", "`server_kind` of application `per-user`"),
        ("limit = 100,", "limit = 0,", "line 10: `windows` of application `shared`"),
        ("limit = 100,", "limit = 1000000000000,", "between 1 and 1,000,000,000"),
        ("limit = 100,", "limit = 99999999999999999999999,", "line 10"),
        ("connections = 4", "connections = -4", "line 19"),
        ("until_hours = 200", "until_hours = 1e300", "line 4: `until_hours`"),
        ("until_hours = 200", "until_hours = -1", "line 4: `until_hours`"),
        ("failure_rate = 0.05", "failure_rate = 1.5", "line 6: `failure_rate`"),
        ("latency_ms = [20, 1500]", "latency_ms = [20]", "line 5"),
        ("2026-11-23T20:07:00Z", "tomorrow", "line 3: `start`"),
        ("\n[[app.team]]\nid = \"a\"", provider, "stands instead of windows"),
        (
            "id = \"per-user\"\nwindows = []\nuser_windows",
            "id = \"p\"\nprovider = \"nobody\"\n# ",
            "provider `nobody`",
        ),
    ] {
        let said_of = refused(&place.file("bad.toml", &SCENARIO.replacen(good, bad, 1)));
        assert!(said_of.contains(said) && said_of.contains("is not a scenario"), "{bad}: {said_of}");
    }
    assert!(refused(&place.file("empty.toml", "")).contains("missing field `start`"));
    assert!(refused("missing.toml").contains("cannot read missing.toml"));
}

#[test]
fn a_trace_does_not_take_the_scenario_s_place() {
    let place = Place::new();
    let file = place.file("s.toml", SCENARIO);
    let said = place.run(&["simulate", &file, "--trace", "./s.toml"]).failed(1);
    assert!(said.contains("name another file"), "{said}");
    assert_eq!(read(&place.path("s.toml")), SCENARIO);
    let said = place.run(&["simulate", &file, "--trace", "no/such/place"]).failed(1);
    assert!(said.contains("cannot write no/such/place"), "{said}");
}

#[test]
fn random_scenarios_are_drawn_from_a_seed_until_the_time_is_up() {
    let place = Place::new();
    let drawn = place.json(&["simulate", "--fuzz", "--seconds", "1", "--seed", "41"]);
    assert!(drawn["scenarios"].as_u64().unwrap() > 0 && drawn["requests"].as_u64().unwrap() > 0);
    assert_eq!((&drawn["seed"], &drawn["failure"]), (&json!(41), &json!(null)));
    let said = place.run(&["simulate", "--fuzz", "--seconds", "0", "--seed", "41"]).ok();
    assert_eq!(said, "0 scenarios, 0 requests, from seed 41\n");
    for senseless in [
        &["simulate"][..],
        &["simulate", "s.toml", "--fuzz"],
        &["simulate", "s.toml", "--seed", "1"],
        &["simulate", "s.toml", "--requests", "1"],
        &["simulate", "--fuzz", "--threads", "0"],
    ] {
        place.run(senseless).failed(2);
    }
}

#[test]
fn so_many_scenarios_are_the_same_on_any_number_of_threads_and_requests_end_a_run_too() {
    let place = Place::new();
    let drawn = |more: &[&str]| place.json(&[&["simulate", "--fuzz", "--seed", "41"], more].concat());
    let one = drawn(&["--scenarios", "3", "--threads", "1"]);
    assert_eq!(one["scenarios"], 3);
    assert_eq!(drawn(&["--scenarios", "3", "--threads", "3"]), one);
    let enough = drawn(&["--requests", "1", "--threads", "1"]);
    assert_eq!(enough["scenarios"], 1);
    assert!(enough["requests"].as_u64() < one["requests"].as_u64());
}

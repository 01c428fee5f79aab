//! `lookback config check`

use serde_json::{Value, json};

use crate::support::Place;

fn row<'a>(rows: &'a Value, setting: &str) -> &'a Value {
    rows.as_array().unwrap().iter().find(|row| row["setting"] == setting).unwrap()
}

#[test]
fn each_setting_is_shown_with_whoever_states_it() {
    let place = Place::new();
    let text =
        "log = \"warn\"\n[server]\nrequests_max = 1\nbody_seconds_max = 3\ntrusted_proxy = [\"10.0.0.0/8\"]";
    let config = place.file("lookback.toml", text);
    let environment = [
        ("LOOKBACK_DATABASE", "sqlite:here.db"),
        ("LOOKBACK_REQUESTS_MAX", "2"),
        ("LOOKBACK_CONNECTIONS_MAX", "4"),
    ];
    let args = ["config", "check", "--config", &config, "--requests-max", "3", "--json"];
    let rows: Value = serde_json::from_str(&place.run_with(&args, &environment).ok()).unwrap();
    for (setting, value, from) in [
        ("database", json!("sqlite:here.db"), "environment"),
        ("log", json!("warn"), "file"),
        ("server.requests_max", json!(3), "command_line"),
        ("server.connections_max", json!(4), "environment"),
        ("server.body_seconds_max", json!(3), "file"),
        ("server.trusted_proxy", json!(["10.0.0.0/8"]), "file"),
        ("server.listen", json!("127.0.0.1:8080"), "default"),
        ("server.metrics_listen", json!(null), "unset"),
    ] {
        assert_eq!(*row(&rows, setting), json!({ "setting": setting, "value": value, "from": from }));
    }
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let file = place.file("keys", key);
    for (variable, value) in [("LOOKBACK_MASTER_KEY_FILE", &file[..]), ("LOOKBACK_MASTER_KEY", key)] {
        let shown = place.run_with(&["config", "check", "--json"], &[(variable, value)]).ok();
        assert!(!shown.contains(key), "{shown}");
        let keys = row(&serde_json::from_str(&shown).unwrap(), "master_key_file").clone();
        let value = if variable.ends_with("_FILE") { &file[..] } else { "(not shown)" };
        assert_eq!(keys, json!({ "setting": "master_key_file", "value": value, "from": "environment" }));
    }
    assert!(!place.path("here.db").exists(), "nothing is made");
    let shown = place.run_with(&args[..args.len() - 1], &environment).ok();
    assert!(
        shown.lines().any(|line| line.contains("server.requests_max") && line.contains("the command line"))
    );
}

/// A configuration in which Strava grants ten times the requests a day.
const GRANTED: &str = "[provider.strava]\nrecords_per_day = { workouts = 1 }\n\
                       windows = [{ limit = 10000, seconds = 86400, kind = \"aligned\" }]";

#[test]
fn figures_of_a_provider_stand_in_place_of_the_catalog_s_wherever_they_are_used() {
    let place = Place::new();
    let config = place.file("lookback.toml", GRANTED);
    let with = |args: &[&str]| place.json(&[args, &["--config", &config]].concat());

    let rows = with(&["config", "check"]);
    let windows = json!([{ "limit": 10000, "seconds": 86400, "kind": "aligned", "unit": "requests", "limit_per_user": 0 }]);
    let setting = "provider.strava.windows";
    assert_eq!(*row(&rows, setting), json!({ "setting": setting, "value": windows, "from": "file" }));

    let now = "2026-11-23T00:07:00Z";
    let plan = ["plan", "--provider", "strava", "--connections", "40", "--days", "100", "--now", now];
    let (without, with_figures) = (place.json(&plan), with(&plan));
    assert_eq!((&without["quota_basis"], &without["configured"]), (&json!("documented"), &json!([])));
    let configured = json!(["windows", "records_per_day"]);
    assert_eq!(
        (&with_figures["quota_basis"], &with_figures["configured"]),
        (&json!("configured"), &configured)
    );
    assert_eq!(with_figures["proposed"]["requests_per_connection"], json!(1 + 1 + 100));
    assert!(
        with_figures["proposed"]["finish_ms_p50"].as_u64() < without["proposed"]["finish_ms_p50"].as_u64()
    );

    let scenario =
        "start = \"2026-11-23T00:07:00Z\"\nuntil_hours = 1\n[[app]]\nid = \"s\"\nprovider = \"strava\"";
    let simulated = with(&["simulate", &place.file("s.toml", scenario)]);
    let limits: Vec<_> =
        simulated["utilisation"].as_array().unwrap().iter().map(|used| &used["limit"]).collect();
    assert_eq!(limits, [&json!(10000)]);
    let providers = with(&["providers"]);
    let strava = providers.as_array().unwrap().iter().find(|row| row["provider"] == "strava").unwrap();
    assert_eq!((&strava["quota"], &strava["quota_basis"]), (&json!(["10000 per day"]), &json!("configured")));
}

#[test]
fn figures_that_cannot_be_are_refused_before_anything_is_done() {
    let place = Place::new();
    for (text, said) in [
        ("[provider.strava]\nwindow = []", "unknown field `window`"),
        ("[provider.stravo]\nwindows = []", "`stravo` is not a known provider"),
        ("[provider.strava]\nwindows = [{ limit = 1, seconds = 1 }]", "missing field `kind`"),
        (
            "[provider.strava]\nwindows = [{ limit = 1, seconds = 1, kind = \"sliding\" }]",
            "unknown variant `sliding`",
        ),
        (
            "[provider.strava]\nwindows = [{ limit = 0, seconds = 1, kind = \"log\" }]",
            "`provider.strava.windows`: a quota window",
        ),
        ("[provider.strava]\nrecords_per_day = { workouts = 0 }", "records a day"),
        (
            "[provider.strava]\nrecords_per_day = { sleep = 1 }",
            "`provider.strava.records_per_day`: no request depends",
        ),
        ("[provider.oura]\npoll_seconds = 1", "`provider.oura.poll_seconds`: is between 60"),
        ("[[provider.strava.request]]\nresources = [\"sleep\"]", "name the `resources` of one of these"),
        ("[provider.apple_health_kit]\nuser_windows = []", "take it out"),
    ] {
        let config = place.file("lookback.toml", text);
        for args in [
            &["config", "check"][..],
            &["serve", "--listen", "127.0.0.1:0"],
            &["plan", "--provider", "oura", "--days", "9"],
        ] {
            let complained = place.run(&[args, &["--config", &config]].concat()).failed(1);
            assert!(complained.contains(said), "{text}: {complained}");
        }
    }
    assert!(!place.path("lookback-data").exists(), "nothing was made");
}

#[test]
fn what_makes_no_sense_is_refused_and_named() {
    let place = Place::new();
    let config = place.file("lookback.toml", "server.request_max = 1");
    let said = place.run(&["config", "check", "--config", &config]).failed(1);
    assert!(said.contains("request_max"), "{said}");
    let said = place.run(&["config", "check", "--database", "mysql://u:hunter2@h/d"]).failed(1);
    assert!(said.contains("sqlite:PATH") && !said.contains("hunter2"), "{said}");
    let said = place.run_with(&["config", "check"], &[("LOOKBACK_MASTER_KEY", "hunter2")]).failed(1);
    assert!(said.contains("LOOKBACK_MASTER_KEY") && !said.contains("hunter2"), "{said}");
    let said = place.run_with(&["config", "check"], &[("LOOKBACK_REQUESTS_MAX", "none")]).failed(2);
    assert!(said.contains("none"), "{said}");
}

/// What `serve` refuses is refused without starting anything, and without what is secret.
#[test]
fn what_serve_would_refuse_is_refused() {
    let place = Place::new();
    let check = |args: &[&str]| {
        let args = [&["config", "check"], args].concat();
        place.run(&args)
    };
    for (url, named) in [
        ("postgres://u:hunter2@host:port/db", "not understood"),
        ("postgres://u:hunter2@host", "no host or no database"),
        ("postgres://u:hunter2@host/db?foo=bar", "not understood"),
        ("postgres://u:hunter2@host/db?sslmode=prefer", "sslmode"),
        ("postgres://u:hunter2@host/db?sslrootcert=/nonexistent", "/nonexistent"),
        ("postgres://u:hunter2?@host/db", "not understood"),
    ] {
        let said = check(&["--database", url]).failed(4);
        assert!(said.contains(named) && !said.contains("hunter2"), "{url}: {said}");
    }
    check(&["--database", "postgres://u:hunter2@host/db"]).ok();
    let said = check(&["--listen", "127.0.0.1:8080", "--metrics-listen", "127.0.0.1:8080"]).failed(1);
    assert!(said.contains("--metrics-listen"), "{said}");
    check(&["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]).ok();
}

#[test]
fn a_variable_that_nothing_reads_is_warned_of_and_an_empty_one_is_not_set() {
    let place = Place::new();
    let with = |variables: &[(&str, &str)]| {
        let ran = place.run_with(&["config", "check", "--json"], variables);
        (ran.stderr.clone(), serde_json::from_str::<Value>(&ran.ok()).unwrap())
    };
    let (said, _) = with(&[("LOOKBACK_REQUEST_MAX", "7"), ("LOOKBACK_REQUESTS_MAX", "7")]);
    assert!(said.contains("LOOKBACK_REQUEST_MAX") && !said.contains("LOOKBACK_REQUESTS_MAX"), "{said}");
    let names = [
        "CONFIG",
        "DATABASE",
        "DATABASE_FILE",
        "MASTER_KEY",
        "MASTER_KEY_FILE",
        "LISTEN",
        "LOG",
        "AUDIT_DAYS",
    ];
    let names = names.map(|name| format!("LOOKBACK_{name}"));
    let empty = names.each_ref().map(|name| (&name[..], ""));
    assert_eq!(with(&empty), with(&[]));
    assert_eq!(with(&[("LOOKBACK_SERVICE_HOST", "10.0.0.1"), ("LOOKBACK_PORT", "tcp://10.0.0.1:80")]).0, "");
    let mut server = place.start(&["serve", "--listen", "127.0.0.1:0"], &[("LOOKBACK_LISTENS", "x")]);
    server.until_it_listens();
    assert!(server.log().contains("LOOKBACK_LISTENS"), "{}", server.log());
}

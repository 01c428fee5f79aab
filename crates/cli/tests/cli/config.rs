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

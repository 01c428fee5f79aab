//! Commands that need no server

use serde_json::Value;

use crate::support::{Place, client};

#[tokio::test]
async fn resolve_says_what_the_server_says() {
    let place = Place::new();
    let access = place.bootstrap();
    let (server, client) = (place.serve(), client());
    assert_eq!(access.set_oura(&client, &server, 33).await, 200);
    let facts = [
        ("provider", "oura"),
        ("provider", "fitbit"),
        ("provider", "health_connect"),
        ("provider", "manual"),
        ("resource", "heartrate"),
        ("resource", "sleep"),
        ("connected_at", "2026-11-20T00:00:00Z"),
        ("first_permission_at", "2026-12-24T00:00:00Z"),
        ("ingestion_start", "2026-01-01"),
        ("ingestion_end", "2026-11-25"),
    ];
    let request = client.get(format!("{}/resolve", access.url(&server))).query(&facts);
    let request = request.query(&[("team_id", &access.team)]).header("x-management-key", &access.key);
    let served: Value = request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();

    let mut args = vec!["resolve".to_owned()];
    for (name, value) in facts {
        args.extend([format!("--{}", name.replace('_', "-")), value.to_owned()]);
    }
    let rest = ["--org", &access.org, "--team", &access.team, "--now", served["now"].as_str().unwrap()];
    args.extend(rest.map(str::to_owned));
    let offline = place.json(&args.iter().map(String::as_str).collect::<Vec<_>>());

    let rows = offline.as_array().unwrap();
    assert_eq!(rows.len(), 8);
    for row in rows {
        let [provider, resource] = ["provider", "resource"].map(|name| row[name].as_str().unwrap());
        let window = &served["windows"][0]["providers"][provider][resource];
        for name in ["asked_days", "asked_by", "days", "start", "end"] {
            assert_eq!(row[name], window[name], "{provider} {resource} {name}");
        }
        let messages = window["reasons"].as_array().unwrap().iter().map(|reason| reason["message"].clone());
        assert_eq!(row["reasons"], messages.collect::<Value>());
        assert_eq!(row["advice"], window["advice"]["kind"]);
    }
}

#[test]
fn resolve_needs_no_store_where_the_preference_is_stated() {
    let place = Place::new();
    let args = ["resolve", "--provider", "oura", "--days", "120", "--override", "sleep=180"];
    let rows = place.json(&[&args[..], &["--resource", "sleep", "--resource", "activity"]].concat());
    let days = |row: usize| rows[row]["days"].as_i64().unwrap();
    assert_eq!((days(0), days(1)), (180, 120));
    assert!(std::fs::read_dir(place.path("")).unwrap().next().is_none(), "nothing was made");
    let table =
        place.run(&["resolve", "--provider", "fitbit", "--days", "365", "--resource", "heartrate"]).ok();
    assert!(table.contains("14 days are pulled instead of 365"), "{table}");
}

#[test]
fn providers_are_listed() {
    let place = Place::new();
    let providers = place.json(&["providers"]);
    let oura = &providers.as_array().unwrap()[0];
    assert_eq!((oura["provider"].as_str(), oura["default_days"].as_i64()), (Some("oura"), Some(180)));
    assert!(place.run(&["providers"]).ok().contains("abbott_libreview"));
}

#[test]
fn there_are_completions_for_every_usual_shell() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = place.run(&["completions", shell]).ok();
        assert!(script.contains("quickstart") && script.contains("bootstrap"), "{shell}");
    }
}

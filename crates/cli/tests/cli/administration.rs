//! `lookback org|team|key`, and how commands end

use serde_json::Value;

use crate::support::Place;

const NOBODY: &str = "5b0f7a52-3c1e-4d7a-9f10-6a2b8c4d5e6f";

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[test]
fn an_organisation_with_its_teams_and_keys_comes_and_goes() {
    let place = Place::new();
    let org = place.json(&["org", "create", "--name", "Acme"]);
    let id = text(&org, "id");
    assert_eq!(text(&org, "name"), "Acme");
    assert_eq!(place.json(&["org", "list"]), serde_json::json!([org]));

    let team = place.json(&["team", "create", "--org", id, "--name", "Running", "--region", "eu"]);
    assert_eq!((text(&team, "org_id"), text(&team, "region")), (id, "eu"));
    assert_eq!(place.json(&["team", "list", "--org", id]), serde_json::json!([team]));

    let key = place.json(&["key", "create", "--org", id, "--label", "ci"]);
    assert!(text(&key, "management_key").starts_with("mg_"));
    let listed = place.run(&["key", "list", "--org", id, "--json"]).ok();
    assert!(!listed.contains(text(&key, "management_key")) && !listed.contains("digest"), "{listed}");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((text(&listed[0], "id"), text(&listed[0], "label")), (text(&key, "id"), "ci"));

    let deleted = |id: &str| serde_json::json!({ "deleted": id });
    let (key, team) = (text(&key, "id"), text(&team, "id"));
    assert_eq!(place.json(&["key", "delete", "--org", id, key]), deleted(key));
    assert_eq!(place.json(&["team", "delete", "--org", id, team]), deleted(team));
    assert_eq!(place.json(&["key", "list", "--org", id]), serde_json::json!([]));
    assert_eq!(place.json(&["team", "list", "--org", id]), serde_json::json!([]));

    let renamed = place.json(&["org", "rename", id, "--name", "Acme (EU)"]);
    assert_eq!((text(&renamed, "id"), text(&renamed, "name")), (id, "Acme (EU)"));
    assert_eq!(place.json(&["org", "list"]), serde_json::json!([renamed]));
}

#[test]
fn bootstrap_makes_another_organisation_at_each_run() {
    let place = Place::new();
    let (first, second) = (place.bootstrap(), place.bootstrap());
    assert!(first.org != second.org && first.key != second.key);
    assert!(first.key.starts_with("mg_") && first.key.len() == 46);
    let made = place.json(&["bootstrap", "--org-name", "A", "--team-name", "B", "--region", "eu"]);
    let mut names: Vec<_> = made.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["management_key", "org_id", "team_id"]);
    let teams = place.json(&["team", "list", "--org", text(&made, "org_id")]);
    assert_eq!((text(&teams[0], "name"), text(&teams[0], "region")), ("B", "eu"));
}

#[test]
fn lists_of_more_than_a_page_are_whole() {
    let place = Place::new();
    let access = place.bootstrap();
    for _ in 0..3 {
        place.run(&["team", "create", "--org", &access.org, "--name", "x"]).ok();
    }
    let teams = place.json(&["team", "list", "--org", &access.org]);
    assert_eq!(teams.as_array().unwrap().len(), 4);
}

#[test]
fn what_is_not_there_ends_with_3_and_is_named() {
    let place = Place::new();
    let access = place.bootstrap();
    let other = place.bootstrap();
    for args in [
        &["org", "delete", NOBODY, "--confirm", "x"][..],
        &["org", "rename", NOBODY, "--name", "x"],
        &["team", "list", "--org", NOBODY],
        &["team", "create", "--org", NOBODY, "--name", "x"],
        &["team", "update", "--org", &access.org, NOBODY, "--name", "x"],
        &["team", "delete", "--org", &access.org, NOBODY],
        &["key", "list", "--org", NOBODY],
        &["key", "create", "--org", NOBODY],
        &["key", "create", "--org", &access.org, "--role", "team_admin", "--team", NOBODY],
        &["key", "update", "--org", &access.org, NOBODY, "--label", "x"],
        &["key", "delete", "--org", &access.org, NOBODY],
        &["resolve", "--org", &access.org, "--team", NOBODY],
        &["resolve", "--org", NOBODY, "--team", NOBODY],
    ] {
        let said = place.run(args).failed(3);
        assert!(said.contains(NOBODY) && said.contains("list"), "{args:?}: {said}");
    }
    for args in [
        &["team", "delete", "--org", &access.org, &other.team][..],
        &["resolve", "--org", &access.org, "--team", &other.team],
        &["resolve", "--org", &access.org, "--team", &access.team, "--region", "eu"],
    ] {
        place.run(args).failed(3);
    }
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2() {
    let place = Place::new();
    for args in [
        &[][..],
        &["serv"],
        &["serve", "--listen", "here"],
        &["serve", "--port", "1"],
        &["team", "create", "--org", "x", "--name", "x"],
        &["team", "create", "--org", NOBODY, "--name", "x", "--region", "uk"],
        &["org", "delete", NOBODY],
        &["key", "create"],
        &["key", "create", "--org", NOBODY, "--role", "admin"],
        &["key", "create", "--org", NOBODY, "--role", "team_admin"],
        &["key", "create", "--org", NOBODY, "--team", NOBODY],
        &["key", "create", "--org", NOBODY, "--expires-at", "2020-01-01T00:00:00Z"],
        &["key", "create", "--org", NOBODY, "--label", &"x".repeat(1_001)],
        &["key", "update", "--org", NOBODY, NOBODY],
        &["key", "update", "--org", NOBODY, NOBODY, "--expires-at", "2020-01-01T00:00:00Z"],
        &["key", "update", "--org", NOBODY, NOBODY, "--expires-at", "2090-01-01T00:00:00Z", "--no-expiry"],
        &["org", "create", "--name", "a.b"],
        &["org", "rename", NOBODY],
        &["org", "rename", NOBODY, "--name", &"x".repeat(81)],
        &["bootstrap", "--team-name", "a.b"],
        &["serve", "--first-org-name", "a.b"],
        &["team", "create", "--org", NOBODY, "--name", "a.b"],
        &["team", "create", "--org", NOBODY, "--name", "x", "--integration-team-id", &"x".repeat(257)],
        &["team", "update", "--org", NOBODY, NOBODY],
        &[
            "team",
            "update",
            "--org",
            NOBODY,
            NOBODY,
            "--integration-team-id",
            "x",
            "--no-integration-team-id",
        ],
        &["completions", "tcl"],
        &["resolve", "--team", NOBODY],
        &["resolve", "--override", "sleep=1"],
        &["resolve", "--days", "366"],
        &["resolve", "--days", "1", "--override", "naps=1"],
        &["resolve", "--provider", "nobody"],
        &["resolve", "--now", "today"],
    ] {
        let said = place.run(args).failed(2);
        assert!(!said.is_empty(), "{args:?}");
    }
    assert!(std::fs::read_dir(place.path("")).unwrap().next().is_none(), "nothing was made");
}

#[test]
fn people_get_tables() {
    let place = Place::new();
    let access = place.bootstrap();
    let orgs = place.run(&["org", "list"]).ok();
    assert!(orgs.contains(&access.org) && orgs.contains("My organisation"), "{orgs}");
    let bootstrapped = place.run(&["bootstrap"]).ok();
    assert!(bootstrapped.contains("shown this once"), "{bootstrapped}");
    assert!(place.run(&["--version"]).ok().starts_with("lookback "));
    assert!(place.run(&["--help"]).ok().contains("Exit codes:"));
}

#[test]
fn a_key_that_nobody_could_see_is_a_failure_and_a_listing_cut_short_is_none() {
    let place = Place::new();
    let access = place.bootstrap();
    let into_nothing = |args: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lookback"));
        let output = command.args(args).current_dir(place.path("")).stdout(writer).output().unwrap();
        output.status.code()
    };
    assert_eq!(into_nothing(&["key", "create", "--org", &access.org]), Some(1));
    assert_eq!(into_nothing(&["bootstrap"]), Some(1));
    assert_eq!(into_nothing(&["key", "list", "--org", &access.org]), Some(0));
    assert_eq!(into_nothing(&["providers"]), Some(0));
}

#[test]
fn a_command_that_only_looks_or_deletes_makes_no_store() {
    let place = Place::new();
    let database = format!("sqlite:{}", place.path("typo.db").display());
    for args in [
        &["org", "list"][..],
        &["org", "delete", NOBODY, "--confirm", "x"],
        &["team", "list", "--org", NOBODY],
        &["key", "delete", "--org", NOBODY, NOBODY],
        &["resolve", "--org", NOBODY, "--team", NOBODY],
    ] {
        let said = place.run(&[args, &["--database", &database]].concat()).failed(4);
        assert!(said.contains("there is no store at"), "{args:?}: {said}");
        place.run(args).failed(4);
    }
    assert!(!place.path("typo.db").exists() && !place.path("lookback-data").exists());
}

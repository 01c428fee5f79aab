//! `lookback key`: what a key may do, for which teams and until when

use serde_json::{Value, json};

use crate::support::{Access, Place, client};

const END: &str = "2090-01-31T00:00:00Z";

/// What the organisation's key that is called so is listed as.
fn listed(place: &Place, access: &Access, label: &str) -> Value {
    let keys = place.json(&["key", "list", "--org", &access.org]);
    keys.as_array().unwrap().iter().find(|key| key["label"] == label).unwrap().clone()
}

fn create(place: &Place, access: &Access, more: &[&str]) -> Value {
    place.json(&[&["key", "create", "--org", &access.org, "--label", "ci"], more].concat())
}

fn team(place: &Place, access: &Access) -> String {
    let team = place.json(&["team", "create", "--org", &access.org, "--name", "Cycling"]);
    team["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_for_a_team_works_for_that_team_alone_and_says_when_it_was_used() {
    let place = Place::new();
    let access = place.bootstrap();
    let other = team(&place, &access);
    let for_team = ["--role", "team_admin", "--team", &other, "--team", &other, "--expires-at", END];
    let made = create(&place, &access, &for_team);
    assert_eq!((&made["role"], &made["bindings"]), (&json!("team_admin"), &json!([other])));
    let before = listed(&place, &access, "ci");
    assert_eq!((&before["expires_at"], &before["last_used_at"]), (&json!(END), &Value::Null));
    assert_eq!((&before["role"], &before["bindings"]), (&made["role"], &made["bindings"]));
    assert_eq!(before["creator"], "command_line");

    let key = made["management_key"].as_str().unwrap();
    let with = |team: &str| Access { org: access.org.clone(), team: team.to_owned(), key: key.to_owned() };
    let mut server = place.serve();
    assert_eq!(with(&other).set_oura(&client(), &server, 33).await, 200);
    assert_eq!(with(&access.team).set_oura(&client(), &server, 33).await, 404);
    server.end(rustix::process::Signal::TERM);
    assert!(listed(&place, &access, "ci")["last_used_at"].is_string());
}

#[test]
fn a_key_is_for_the_whole_organisation_and_for_ever_unless_said_otherwise() {
    let place = Place::new();
    let access = place.bootstrap();
    let made = create(&place, &access, &[]);
    let told = (&made["role"], &made["bindings"], &made["expires_at"]);
    assert_eq!(told, (&json!("org_admin"), &json!([]), &Value::Null));
}

#[test]
fn a_key_is_relabelled_rebound_and_given_an_end() {
    let place = Place::new();
    let access = place.bootstrap();
    let other = team(&place, &access);
    let made = create(&place, &access, &["--role", "team_admin", "--team", &access.team]);
    let id = made["id"].as_str().unwrap();
    let update =
        |more: &[&str]| place.json(&[&["key", "update", "--org", &access.org, id][..], more].concat());
    let after = update(&["--label", "nightly"]);
    assert_eq!((&after["label"], &after["bindings"]), (&json!("nightly"), &json!([access.team])));
    assert_eq!(update(&["--team", &other])["bindings"], json!([other]));
    assert_eq!(update(&["--expires-at", END])["expires_at"], END);
    let after = update(&["--no-expiry"]);
    assert_eq!(after["expires_at"], Value::Null);
    assert_eq!((&after["label"], &after["bindings"]), (&json!("nightly"), &json!([other])));
    assert_eq!(listed(&place, &access, "nightly"), after);
}

#[test]
fn what_does_not_go_together_changes_nothing_and_says_what_does() {
    let place = Place::new();
    let (access, stranger) = (place.bootstrap(), place.bootstrap());
    let create = ["key", "create", "--org", &access.org];
    let said = place.run(&[&create[..], &["--role", "team_admin"]].concat()).failed(2);
    assert!(said.contains("--team ID"), "{said}");
    let said = place.run(&[&create[..], &["--team", &access.team]].concat()).failed(2);
    assert!(said.contains("--role team_admin"), "{said}");
    let foreign = ["--role", "team_admin", "--team", &stranger.team];
    let said = place.run(&[&create[..], &foreign].concat()).failed(3);
    assert!(said.contains(&stranger.team) && said.contains("lookback team list"), "{said}");

    let before = listed(&place, &access, "first key");
    let id = before["id"].as_str().unwrap();
    let update = ["key", "update", "--org", &access.org, id, "--team", &access.team];
    let said = place.run(&update).failed(1);
    assert!(said.contains("org_admin") && said.contains("key create --role team_admin"), "{said}");
    assert_eq!(place.json(&["key", "list", "--org", &access.org]), json!([before]));
}

#[test]
fn people_see_what_a_key_may_do_and_for_how_long() {
    let place = Place::new();
    let access = place.bootstrap();
    create(&place, &access, &["--role", "team_admin", "--team", &access.team, "--expires-at", END]);
    let table = place.run(&["key", "list", "--org", &access.org]).ok();
    let row = |label: &str| table.lines().find(|line| line.contains(label)).unwrap().to_owned();
    for shown in ["team_admin", &access.team, END, "never"] {
        assert!(row(" ci ").contains(shown), "{table}");
    }
    assert!(row("first key").contains("org_admin") && row("first key").contains(" all "), "{table}");
}

#[test]
fn a_person_is_told_the_ids_of_what_is_made_and_changed() {
    let place = Place::new();
    let access = place.bootstrap();
    let told = place.run(&["key", "create", "--org", &access.org, "--label", "ci"]).ok();
    let id = listed(&place, &access, "ci")["id"].as_str().unwrap().to_owned();
    assert!(told.contains(&id) && told.contains("shown this once"), "{told}");
    let entries = place.json(&["audit", "--org", &access.org]);
    let told = place.run(&["audit", "--org", &access.org]).ok();
    for entry in entries.as_array().unwrap() {
        assert!(told.contains(entry["id"].as_str().unwrap()), "{told}");
    }
}

#[test]
fn a_name_that_is_none_of_a_few_is_refused_with_those_there_are() {
    let place = Place::new();
    let access = place.bootstrap();
    for (args, named) in [
        (&["key", "create", "--role", "boss"][..], "team_admin"),
        (&["team", "create", "--name", "x", "--region", "mars"], "us, eu"),
        (&["audit", "--action", "nothing"], "preferences_set"),
    ] {
        let said = place.run(&[args, &["--org", &access.org]].concat()).failed(2);
        assert!(said.contains(named), "{said}");
    }
    let said = place.run(&["plan", "--provider", "ouro", "--days", "9"]).failed(2);
    assert!(said.contains("oura") && said.contains("strava"), "{said}");
}

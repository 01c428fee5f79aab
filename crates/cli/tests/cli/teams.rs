//! `lookback team`: what another system calls a team, and changes to teams

use serde_json::{Value, json};

use crate::support::{Access, Place};

fn create(place: &Place, access: &Access, elsewhere: &str) -> Value {
    let named = ["--name", "Running", "--integration-team-id", elsewhere];
    place.json(&[&["team", "create", "--org", &access.org][..], &named].concat())
}

#[test]
fn a_team_has_the_id_of_another_system_until_it_is_changed_or_taken_away() {
    let place = Place::new();
    let access = place.bootstrap();
    let made = create(&place, &access, "crm/17 é");
    assert_eq!(made["integration_team_id"], "crm/17 é");
    let table = place.run(&["team", "list", "--org", &access.org]).ok();
    assert!(table.contains("integration team id") && table.contains("crm/17 é"), "{table}");

    let id = made["id"].as_str().unwrap();
    let update =
        |more: &[&str]| place.json(&[&["team", "update", "--org", &access.org, id][..], more].concat());
    let after = update(&["--name", "Cycling"]);
    assert_eq!((&after["name"], &after["integration_team_id"]), (&json!("Cycling"), &json!("crm/17 é")));
    assert_eq!(update(&["--integration-team-id", "18"])["integration_team_id"], "18");
    let after = update(&["--no-integration-team-id"]);
    assert_eq!((&after["name"], &after["integration_team_id"]), (&json!("Cycling"), &Value::Null));
    let teams = place.json(&["team", "list", "--org", &access.org]);
    assert!(teams.as_array().unwrap().contains(&after), "{teams}");
}

#[test]
fn an_id_that_another_team_has_is_refused_and_that_team_named() {
    let place = Place::new();
    let access = place.bootstrap();
    let first = create(&place, &access, "17");
    let before = place.json(&["team", "list", "--org", &access.org]);
    let taken = ["--integration-team-id", "17"];
    for command in [
        &["team", "create", "--org", &access.org, "--name", "x"][..],
        &["team", "update", "--org", &access.org, &access.team, "--name", "x"],
    ] {
        let said = place.run(&[command, &taken].concat()).failed(1);
        assert!(said.contains(first["id"].as_str().unwrap()), "{said}");
        assert!(said.contains("--no-integration-team-id"), "{said}");
    }
    assert_eq!(place.json(&["team", "list", "--org", &access.org]), before);
}

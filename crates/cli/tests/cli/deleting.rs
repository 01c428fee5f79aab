//! `lookback org delete`: an organisation goes only for whoever knows its name, and leaves a line in the log

use serde_json::{Value, json};

use crate::support::{Access, Place};

const END_OF_INPUT: &str = "\u{4}";

/// What is left of the organisations.
fn names(place: &Place) -> Vec<Value> {
    let orgs = place.json(&["org", "list"]);
    orgs.as_array().unwrap().iter().map(|org| org["name"].clone()).collect()
}

fn acme(place: &Place) -> Access {
    Access::from_json(&place.json(&["bootstrap", "--org-name", "Acme"]))
}

#[test]
fn a_name_that_is_not_its_own_deletes_nothing() {
    let place = Place::new();
    let id = acme(&place).org;
    let said = place.run(&["org", "delete", &id, "--confirm", "acme"]).failed(1);
    assert!(said.contains("not called `acme`; nothing was deleted"), "{said}");
    for typed in ["acme\n", "\n", END_OF_INPUT] {
        let (code, shown) = place.run_on_terminal(&["org", "delete", &id], typed);
        assert!(code == Some(1) && shown.contains("nothing was deleted"), "{shown}");
    }
    assert_eq!(names(&place), ["Acme"]);
}

#[test]
fn without_a_terminal_the_name_has_to_be_given() {
    let place = Place::new();
    let id = acme(&place).org;
    let said = place.run(&["org", "delete", &id]).failed(2);
    assert!(said.contains("no terminal") && said.contains("--confirm NAME"), "{said}");
    assert_eq!(names(&place), ["Acme"]);
}

#[test]
fn on_a_terminal_the_name_is_asked_for_and_not_told() {
    let place = Place::new();
    let (id, other) = (acme(&place).org, place.bootstrap());
    let (code, shown) = place.run_on_terminal(&["org", "delete", &id], "Acme\n");
    let (question, log) = shown.split_once("Its name, to go on: ").unwrap();
    assert_eq!(code, Some(0), "{shown}");
    assert!(question.contains(&id) && question.contains("(teams: 1, keys: 1)"), "{shown}");
    // The terminal itself shows what is typed.
    assert!(question.matches("Acme").count() <= 1 && log.contains("deleted an organisation"), "{shown}");
    assert_eq!(names(&place), ["My organisation"]);
    place.run(&["team", "list", "--org", &other.org]).ok();
}

#[test]
fn what_was_deleted_is_one_line_of_the_log() {
    let place = Place::new();
    let id = acme(&place).org;
    let ran = place.run(&["org", "delete", &id, "--confirm", "Acme", "--json"]);
    let line: Value = serde_json::from_str(&ran.stderr).unwrap();
    let told = ["message", "org_id", "name", "teams", "keys"].map(|field| line[field].clone());
    let deleted = json!(["deleted an organisation", id, "Acme", 1, 1]);
    assert_eq!(json!(told), deleted, "{line}");
    let printed: Value = serde_json::from_str(&ran.ok()).unwrap();
    assert_eq!(printed, json!({ "deleted": id }));
    assert!(names(&place).is_empty());
}

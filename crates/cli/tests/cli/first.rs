//! `lookback serve --first-key-file`

use serde_json::json;

use crate::support::{Access, Place, Server, client};

const ORG: &str = "5b0f7a52-3c1e-4d7a-9f10-6a2b8c4d5e6f";
const TEAM: &str = "0d3a0f6e-9a55-4c3b-8f0e-2f6f3c1f9b7a";

/// A server whose store got this key, if it was empty.
fn serve(place: &Place, file: &str) -> Server {
    let ids = ["--first-org-id", ORG, "--first-team-id", TEAM, "--first-org-name", "Acme"];
    let listen = ["serve", "--listen", "127.0.0.1:0", "--first-key-file", file];
    place.serve_with(&[&listen[..], &ids].concat(), &[])
}

fn generate(place: &Place) -> Access {
    let key = place.run(&["key", "generate"]).ok().trim().to_owned();
    assert!(key.starts_with("mg_") && key.len() == 46);
    assert!(!place.path("lookback-data").exists(), "nothing is stored");
    Access { org: ORG.to_owned(), team: TEAM.to_owned(), key }
}

#[tokio::test]
async fn an_empty_store_gets_the_key_and_keeps_it() {
    let place = Place::new();
    let access = generate(&place);
    let file = place.file("key", &format!("{}\n", access.key));
    for days in [33, 34] {
        let server = serve(&place, &file);
        assert_eq!(access.set_oura(&client(), &server, days).await, 200);
        assert!(!server.log().contains(&access.key));
    }
    let orgs = place.json(&["org", "list"]);
    assert_eq!((orgs.as_array().unwrap().len(), &orgs[0]["name"]), (1, &json!("Acme")));
    assert_eq!(place.json(&["key", "list", "--org", ORG]).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_that_was_deleted_does_not_come_back() {
    let place = Place::new();
    let access = generate(&place);
    let file = place.file("key", &access.key);
    drop(serve(&place, &file));
    let other = place.json(&["key", "create", "--org", ORG]);
    let keys = place.json(&["key", "list", "--org", ORG]);
    place.run(&["key", "delete", "--org", ORG, keys[0]["id"].as_str().unwrap()]).ok();
    let server = serve(&place, &file);
    assert_eq!(access.set_oura(&client(), &server, 33).await, 401);
    let other = Access { key: other["management_key"].as_str().unwrap().to_owned(), ..access };
    assert_eq!(other.set_oura(&client(), &server, 33).await, 200);
}

#[test]
fn what_is_no_key_is_refused_and_not_repeated() {
    let place = Place::new();
    for (name, text) in
        [("word", "hunter2"), ("team", "sk_eu_hunter2"), ("empty", ""), ("short", "mg_hunter2")]
    {
        let file = place.file(name, text);
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["config", "check"]] {
            let said = place.run(&[command, &["--first-key-file", &file]].concat()).failed(1);
            assert!(said.contains(&file) && said.contains("key generate"), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
    assert!(!place.path("lookback-data").exists(), "nothing is made");
    place.run(&["serve", "--first-key-file", "missing"]).failed(1);
}

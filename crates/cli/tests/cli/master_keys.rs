//! Master keys, what is sealed under them, and what the audit log tells of it

use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Access, Place, Server, client, read};

const SECRET: &str = "hunter2-of-oura";

/// Stores an application of the team; gives the answer.
async fn bring_application(access: &Access, server: &Server) -> (u16, Value) {
    let url = format!("{}/v1/org/{}/team_custom_credentials/production/us", server.url, access.org);
    let body = json!({
        "team_id": access.team, "provider": "oura", "client_id": "ours", "client_secret": SECRET,
    });
    let request = client().post(url).header("x-management-key", &access.key).json(&body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// The keys with the number of secrets under each, as `secrets status` shows them.
fn status(place: &Place) -> Vec<(String, u64, String)> {
    let rows = place.json(&["secrets", "status"]);
    let row = |row: &Value| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        (text("key"), row["secrets"].as_u64().unwrap(), text("state"))
    };
    rows.as_array().unwrap().iter().map(row).collect()
}

#[tokio::test]
async fn a_secret_is_kept_sealed_and_sealed_anew_by_a_rotation() {
    let place = Place::new();
    let access = place.bootstrap();
    let mut server = place.serve();
    let (code, stored) = bring_application(&access, &server).await;
    assert_eq!(code, 200, "{stored}");
    assert!(!stored.to_string().contains(SECRET));
    server.end(Signal::TERM);

    let keys = place.path("lookback-data/lookback.db.keys");
    assert_eq!(std::fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o600);
    let database = place.path("lookback-data/lookback.db");
    assert!(!read(&database).contains(SECRET) && !server.log().contains(SECRET));
    let first = status(&place);
    assert_eq!((first.len(), first[0].1, &*first[0].2), (1, 1, "seals"));

    place.run(&["secrets", "rotate"]).ok();
    let mut rotated = status(&place);
    rotated.sort_by_key(|row| row.1);
    assert_eq!((&rotated[0].0, rotated[0].1, &*rotated[0].2), (&first[0].0, 0, "opens"));
    assert_eq!((rotated[1].1, &*rotated[1].2), (1, "seals"));
    assert_eq!(place.json(&["secrets", "prune"]), json!({ "forgotten": 1 }));
    assert_eq!(status(&place), [rotated[1].clone()]);

    let entries = place.json(&["audit", "--org", &access.org]);
    let told: Vec<_> =
        entries.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    let all = [
        "credential_resealed",
        "credential_created",
        "management_key_created",
        "team_created",
        "org_created",
    ];
    assert_eq!(told, all);
    let by_keys = place.json(&["audit", "--org", &access.org, "--action", "credential_created"]);
    assert!(by_keys[0]["actor"]["key"].is_string(), "{by_keys}");
    let printed = entries.to_string();
    assert!(!printed.contains(SECRET) && !printed.contains(&access.key), "{printed}");
}

#[tokio::test]
async fn the_keys_can_be_in_the_environment() {
    let place = Place::new();
    let access = place.bootstrap();
    let key = [("LOOKBACK_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")];
    let mut server = place.serve_with(&["serve", "--listen", "127.0.0.1:0"], &key);
    assert_eq!(bring_application(&access, &server).await.0, 200);
    server.end(Signal::TERM);
    assert!(!place.path("lookback-data/lookback.db.keys").exists());
    let said = place.run_with(&["secrets", "rotate"], &key).failed(1);
    assert!(said.contains("put a new one before it"), "{said}");
    let two = "ICECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    place.run_with(&["secrets", "rotate"], &[("LOOKBACK_MASTER_KEY", two)]).ok();
    let wrong = place.run_with(&["secrets", "status"], &[("LOOKBACK_MASTER_KEY", "c2hvcnQ=")]).failed(1);
    assert!(wrong.contains("32 random bytes") && !wrong.contains("c2hvcnQ="), "{wrong}");
}

/// Where a new one would stand the old one is still to be copied to.
#[tokio::test]
async fn an_import_makes_no_master_key_and_says_which_one_is_missing() {
    let place = Place::new();
    let access = place.bootstrap();
    let mut server = place.serve();
    bring_application(&access, &server).await;
    server.end(Signal::TERM);
    place.run(&["export", "moved.ndjson"]).ok();

    let import = ["import", "moved.ndjson", "--database", "sqlite:other.db"];
    let imported = place.run(&import);
    let key = &status(&place)[0].0;
    assert!(imported.stderr.contains("not in the key ring") && imported.stderr.contains(key));
    imported.ok();
    let (ours, theirs) = (place.path("lookback-data/lookback.db.keys"), place.path("other.db.keys"));
    assert!(!theirs.exists());
    std::fs::copy(ours, theirs).unwrap();
    assert_eq!(place.run(&import).stderr, "");
}

/// A second one would be another one, and each would open only what was sealed by the name that leads to it.
#[tokio::test]
async fn a_link_to_the_database_leads_to_its_master_key() {
    let place = Place::new();
    let access = place.bootstrap();
    let mut server = place.serve();
    bring_application(&access, &server).await;
    server.end(Signal::TERM);
    std::os::unix::fs::symlink(place.path("lookback-data/lookback.db"), place.path("link.db")).unwrap();
    let by_link = ["--database", "sqlite:link.db"];
    let serve = || place.serve_with(&[&["serve", "--listen", "127.0.0.1:0"], &by_link[..]].concat(), &[]);
    let status = |args: &[&str]| place.json(&[&["secrets", "status"], args].concat());
    serve().end(Signal::TERM);
    assert!(!place.path("link.db.keys").exists());
    assert_eq!(status(&by_link), status(&[]));
    // As an older version has left it.
    std::fs::rename(place.path("lookback-data/lookback.db.keys"), place.path("link.db.keys")).unwrap();
    serve().end(Signal::TERM);
    assert_eq!(status(&by_link)[0]["state"], "seals");
    assert!(!place.path("lookback-data/lookback.db.keys").exists());
}

//! What must not be found anywhere: a management key, and in logs not even its digest

use lookback_store::KeyDigest;
use rustix::process::Signal;

use crate::support::{Place, client, read};

#[tokio::test]
async fn no_key_is_logged_or_kept_in_clear() {
    let place = Place::new();
    let access = place.bootstrap();
    let log = [("LOOKBACK_LOG", "trace")];
    let mut server = place.serve_with(&["serve", "--listen", "127.0.0.1:0"], &log);
    let client = client();
    assert_eq!(access.set_oura(&client, &server, 33).await, 200);
    let stranger = "mg_this-is-nobodys-key";
    let refused = client.get(access.url(&server)).header("x-management-key", stranger).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let made = place.run_with(&["key", "create", "--org", &access.org, "--json"], &log);

    let files = std::fs::read_dir(place.path("lookback-data")).unwrap();
    for file in files {
        let path = file.unwrap().path();
        assert!(!read(&path).contains(&access.key), "{}", path.display());
    }
    server.end(Signal::TERM);
    let logged = server.log() + &made.stderr;
    assert!(logged.contains("serving"), "{logged}");
    let other: serde_json::Value = serde_json::from_str(&made.stdout).unwrap();
    for key in [&access.key, stranger, other["management_key"].as_str().unwrap()] {
        let digest = KeyDigest::of(key.as_bytes()).0;
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let list = format!("{digest:?}");
        for secret in [key, &key[3..], &hex, &hex.to_uppercase(), &list] {
            assert!(!logged.contains(secret), "{secret} is in the log");
        }
    }
}

#[test]
fn a_database_url_is_not_repeated_in_an_error() {
    let place = Place::new();
    // Nobody listens there, and the second has no database.
    for server in ["127.0.0.1:1/db", "127.0.0.1:1", "127.0.0.1:1/db?sslmode=hunter2"] {
        let url = format!("postgres://user:hunter2@{server}");
        let said = place.run(&["org", "list", "--database", &url]).failed(4);
        assert!(!said.contains("hunter2"), "{said}");
    }
    let said = place.run(&["org", "list", "--database", "postgres:user:hunter2@host/db"]).failed(1);
    assert!(!said.contains("hunter2"), "{said}");
}

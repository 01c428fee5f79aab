//! `lookback backup`

use serde_json::Value;

use crate::support::{Place, client};

#[tokio::test]
async fn a_copy_taken_beside_a_server_can_be_served() {
    let place = Place::new();
    let access = place.bootstrap();
    let (server, client) = (place.serve(), client());
    assert_eq!(access.set_oura(&client, &server, 33).await, 200);
    let made = place.json(&["backup", "copy.db"]);
    assert_eq!(made["file"], "copy.db");
    assert_eq!(made["size_bytes"].as_u64().unwrap(), std::fs::metadata(place.path("copy.db")).unwrap().len());
    assert_eq!(access.set_oura(&client, &server, 34).await, 200);

    let copy = ["serve", "--listen", "127.0.0.1:0", "--database", "sqlite:copy.db"];
    let copy = place.serve_with(&copy, &[]);
    assert_eq!(access.oura(&client, &copy).await, 33, "as it was at the moment of the copy");
    assert_eq!(access.oura(&client, &server).await, 34);
}

#[test]
fn what_is_there_is_not_overwritten_and_what_is_not_there_not_copied() {
    let place = Place::new();
    let said = place.run(&["backup", "copy.db"]).failed(4);
    assert!(said.contains("there is no store at"), "{said}");
    place.bootstrap();
    place.file("copy.db", "precious");
    let said = place.run(&["backup", "copy.db"]).failed(1);
    assert!(said.contains("copy.db exists; a backup overwrites nothing"), "{said}");
    assert_eq!(crate::support::read(&place.path("copy.db")), "precious");
}

/// A newer program copies a store before it brings it to its own version.
#[test]
fn a_copy_leaves_the_version_of_the_store_alone() {
    let place = Place::new();
    place.bootstrap();
    let version = |name: &str| {
        let database = rusqlite::Connection::open(place.path(name)).unwrap();
        database.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap()
    };
    let newest = version("lookback-data/lookback.db");
    let database = rusqlite::Connection::open(place.path("lookback-data/lookback.db")).unwrap();
    database.pragma_update(None, "user_version", newest - 1).unwrap();
    drop(database);
    let _made: Value = place.json(&["backup", "copy.db"]);
    assert_eq!([version("lookback-data/lookback.db"), version("copy.db")], [newest - 1, newest - 1]);
}

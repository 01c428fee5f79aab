//! `lookback export` and `lookback import`

use crate::support::{Place, client, read};

#[tokio::test]
async fn what_was_exported_beside_a_server_is_served_from_another_store() {
    let place = Place::new();
    let access = place.bootstrap();
    let (server, client) = (place.serve(), client());
    assert_eq!(access.set_oura(&client, &server, 33).await, 200);
    let exported = place.json(&["export", "moved.ndjson"]);
    let rows = exported["rows"].as_u64().unwrap();
    assert!(rows >= 4, "{exported}");
    let text = read(&place.path("moved.ndjson"));
    assert!(!text.contains(&access.key) && !place.path("moved.ndjson.partial").exists());

    let other = ["--database", "sqlite:other.db"];
    let import = [&["import", "moved.ndjson"][..], &other].concat();
    assert_eq!(place.json(&import), serde_json::json!({ "rows": rows, "new": rows }));
    assert_eq!(place.json(&import), serde_json::json!({ "rows": rows, "new": 0 }));
    let moved = place.serve_with(&[&["serve", "--listen", "127.0.0.1:0"][..], &other].concat(), &[]);
    assert_eq!(access.oura(&client, &moved).await, 33);
    let said = place.run(&import).failed(4);
    assert!(said.contains("another lookback server is running"), "{said}");
}

#[test]
fn nothing_is_overwritten_and_nothing_mixed() {
    let place = Place::new();
    place.run(&["export", "moved.ndjson"]).failed(4);
    place.bootstrap();
    place.file("moved.ndjson", "precious");
    let said = place.run(&["export", "moved.ndjson"]).failed(1);
    assert!(said.contains("overwrites nothing"), "{said}");
    assert_eq!(read(&place.path("moved.ndjson")), "precious");
    let said = place.run(&["import", "moved.ndjson", "--database", "sqlite:other.db"]).failed(1);
    assert!(said.contains("no export of Lookback"), "{said}");
    assert!(!place.path("other.db").exists(), "no store is made for what is no export");
    place.run(&["import", "missing.ndjson"]).failed(1);

    place.run(&["export", "whole.ndjson"]).ok();
    place.run(&["bootstrap", "--database", "sqlite:other.db"]).ok();
    let said = place.run(&["import", "whole.ndjson", "--database", "sqlite:other.db"]).failed(1);
    assert!(said.contains("an import needs an empty store"), "{said}");
}

#[cfg(unix)]
#[test]
fn an_export_is_for_its_owner_alone_and_goes_on_where_it_was() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.bootstrap();
    place.run(&["export", "first.ndjson"]).ok();
    let whole = read(&place.path("first.ndjson"));
    // As after an interruption.
    place.file("second.ndjson.partial", &whole[..whole.len() / 2]);
    place.run(&["export", "second.ndjson"]).ok();
    let mode = std::fs::metadata(place.path("first.ndjson")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let place_of = |text: &str| {
        text.lines().skip(1).filter(|line| !line.contains("sha256")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(place_of(&read(&place.path("second.ndjson"))), place_of(&whole));
}

/// It may have been made by anybody, or be a finished export that had its name and was still to lose this one.
#[cfg(unix)]
#[test]
fn what_is_there_of_an_export_is_for_its_owner_alone_from_then_on() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.bootstrap();
    place.file("moved.ndjson.partial", "");
    let everybody = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(place.path("moved.ndjson.partial"), everybody).unwrap();
    place.run(&["export", "moved.ndjson"]).ok();
    let mode = std::fs::metadata(place.path("moved.ndjson")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let finished = read(&place.path("moved.ndjson"));
    std::fs::hard_link(place.path("moved.ndjson"), place.path("again.ndjson.partial")).unwrap();
    place.bootstrap();
    place.run(&["export", "again.ndjson"]).ok();
    assert_eq!(read(&place.path("moved.ndjson")), finished);
}

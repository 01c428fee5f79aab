//! `lookback serve`

use std::io::Write;
use std::net::TcpStream;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Place, client};

#[tokio::test]
async fn what_was_bootstrapped_is_served() {
    let place = Place::new();
    let access = place.bootstrap();
    let (server, client) = (place.serve(), client());
    assert_eq!(access.oura(&client, &server).await, 180);
    assert_eq!(access.set_oura(&client, &server, 33).await, 200);
    assert_eq!(access.oura(&client, &server).await, 33);
}

#[test]
fn where_it_listens_can_be_read_as_json() {
    let place = Place::new();
    let mut server = place.start(&["serve", "--listen", "127.0.0.1:0", "--json"], &[]);
    server.read_line();
    let said: Value = serde_json::from_str(&server.printed[0]).unwrap();
    let address = said["listening"].as_str().unwrap().strip_prefix("http://").unwrap();
    TcpStream::connect(address).unwrap();
}

#[tokio::test]
async fn a_second_server_is_refused_while_administration_goes_on() {
    let place = Place::new();
    let access = place.bootstrap();
    let (server, client) = (place.serve(), client());
    for second in ["serve", "quickstart"] {
        let said = place.run(&[second, "--listen", "127.0.0.1:0"]).failed(4);
        assert!(said.contains("another lookback server is running on "), "{said}");
    }
    let other = place.bootstrap();
    assert_eq!(other.oura(&client, &server).await, 180, "the running server sees what was made");
    let keys = place.json(&["key", "list", "--org", &access.org]);
    place.run(&["key", "delete", "--org", &access.org, keys[0]["id"].as_str().unwrap()]).ok();
    assert_eq!(access.set_oura(&client, &server, 33).await, 401, "and what was deleted");
}

#[tokio::test]
async fn told_to_end_it_ends_well() {
    let place = Place::new();
    let access = place.bootstrap();
    for signal in [Signal::TERM, Signal::INT] {
        let (mut server, client) = (place.serve(), client());
        assert_eq!(access.set_oura(&client, &server, 33).await, 200);
        let (status, printed) = server.end(signal);
        assert_eq!((status.code(), printed.as_str()), (Some(0), ""));
        let files = std::fs::read_dir(place.path("lookback-data")).unwrap();
        let mut left: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        left.sort();
        let kept = ["lookback.db", "lookback.db.keys", "lookback.db.lock"];
        assert_eq!(left, kept, "something is left to be recovered");
    }
}

#[tokio::test]
async fn connections_on_which_nothing_was_asked_do_not_keep_it_from_ending() {
    let place = Place::new();
    let mut server = place.serve();
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let _silent = TcpStream::connect(&address).unwrap();
    // One that is known to have been accepted, and is kept alive.
    let client = client();
    client.get(format!("{}/openapi.json", server.url)).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(server.end(Signal::TERM).0.code(), Some(0));
}

#[tokio::test]
async fn killed_it_starts_again_with_what_was_acknowledged() {
    let place = Place::new();
    let access = place.bootstrap();
    let (mut server, client) = (place.serve(), client());
    assert_eq!(access.set_oura(&client, &server, 33).await, 200);
    server.kill();
    let server = place.serve();
    assert_eq!(access.oura(&client, &server).await, 33);
}

#[test]
fn a_store_of_a_newer_version_is_refused_by_every_command() {
    let place = Place::new();
    place.bootstrap();
    let path = place.path("lookback-data/lookback.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // Where SQLite's file format keeps `user_version`.
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(&path, &bytes).unwrap();
    for args in [&["serve", "--listen", "127.0.0.1:0"][..], &["org", "list"], &["bootstrap"]] {
        let said = place.run(args).failed(4);
        assert!(said.contains("has store version 99") && said.contains("run the newer lookback"), "{said}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_file_of_another_kind_is_refused_and_left_alone() {
    let place = Place::new();
    place.file("notes.txt", &"not a database ".repeat(100));
    let said = place.run(&["serve", "--database", "sqlite:notes.txt", "--listen", "127.0.0.1:0"]).failed(4);
    assert!(said.contains("notes.txt is not a SQLite database"), "{said}");
    assert_eq!(crate::support::read(&place.path("notes.txt")), "not a database ".repeat(100));
    let said = place.run(&["serve", "--database", "sqlite:missing/lookback.db"]).failed(4);
    assert!(said.contains("missing does not exist"), "{said}");
}

#[test]
fn an_address_in_use_is_named() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = place.run(&["serve", "--listen", &address]).failed(1);
    assert!(said.contains(&address) && said.contains("--listen"), "{said}");
}

#[test]
fn what_is_no_http_does_not_disturb_it() {
    let place = Place::new();
    let mut server = place.serve();
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    for rubbish in [&b"\0\0\0\0"[..], b"GET\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n", &[b'a'; 100_000]] {
        let mut stream = TcpStream::connect(&address).unwrap();
        // The server may have hung up before it has all.
        let _ = stream.write_all(rubbish);
    }
    let (status, printed) = server.end(Signal::TERM);
    assert_eq!((status.code(), printed.as_str()), (Some(0), ""));
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[tokio::test]
async fn the_document_it_serves_is_the_one_that_is_printed() {
    let place = Place::new();
    let server = place.serve();
    let served = client().get(format!("{}/openapi.json", server.url)).send().await.unwrap();
    let served: Value = served.json().await.unwrap();
    assert_eq!(place.json(&["openapi"]), served);
}

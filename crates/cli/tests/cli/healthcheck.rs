//! `lookback healthcheck`

use serde_json::json;

use crate::support::{Place, Server};

fn address(server: &Server) -> String {
    server.url.split_once("://").unwrap().1.to_owned()
}

#[test]
fn a_server_that_works_is_ready_and_alive() {
    let place = Place::new();
    let server = place.serve();
    let listen = address(&server);
    assert_eq!(place.run(&["healthcheck", "--listen", &listen]).ok(), "ready\n");
    assert_eq!(place.run_with(&["healthcheck", "--alive"], &[("LOOKBACK_LISTEN", &listen)]).ok(), "alive\n");
    let everywhere = listen.replace("127.0.0.1", "0.0.0.0");
    assert_eq!(place.run(&["healthcheck", "--listen", &everywhere]).ok(), "ready\n");
}

#[test]
fn one_whose_store_fails_is_alive_and_not_ready() {
    let place = Place::new();
    let server = place.serve();
    std::fs::rename(place.path("lookback-data/lookback.db"), place.path("aside")).unwrap();
    let listen = address(&server);
    let said = place.run(&["healthcheck", "--listen", &listen]).failed(1);
    assert!(said.contains("is not ready") && said.contains("503"), "{said}");
    assert_eq!(place.run(&["healthcheck", "--listen", &listen, "--alive"]).ok(), "alive\n");
}

#[test]
fn one_that_is_not_there_fails() {
    let place = Place::new();
    // A port that nobody gets while this holds it, and at which nobody answers HTTP.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = silent.local_addr().unwrap().to_string();
    let hanging = std::thread::spawn(move || drop(silent.accept()));
    let said = place.run(&["healthcheck", "--listen", &listen]).failed(1);
    assert!(said.contains("does not answer"), "{said}");
    hanging.join().unwrap();
    let said = place.run(&["healthcheck", "--listen", "127.0.0.1:0"]).failed(1);
    assert!(said.contains("--listen"), "{said}");
}

#[test]
fn what_it_finds_can_be_read_as_json() {
    let place = Place::new();
    let server = place.serve();
    assert_eq!(place.json(&["healthcheck", "--listen", &address(&server)]), json!({ "status": "ready" }));
}

/// The server goes on with the old one; whoever restarted it would have none that starts.
#[test]
fn a_server_whose_certificate_is_half_renewed_is_ready() {
    let place = Place::new();
    let made = [(); 2].map(|()| rcgen::generate_simple_self_signed(["nowhere.example".to_owned()]).unwrap());
    let key = place.file("key.pem", &made[0].signing_key.serialize_pem());
    let certificate = place.file("certificate.pem", &made[0].cert.pem());
    let flags = ["--tls-certificate-file", &certificate, "--tls-key-file", &key];
    let server = place.serve_with(&[&["serve", "--listen", "127.0.0.1:0"], &flags[..]].concat(), &[]);
    let listen = address(&server);
    let ask = ["healthcheck", "--listen", &listen];
    let asked = || place.run(&[&ask[..], &flags].concat());
    assert_eq!(asked().ok(), "ready\n");
    place.file("certificate.pem", &made[1].cert.pem());
    assert_eq!(asked().ok(), "ready\n");
    std::fs::remove_file(&certificate).unwrap();
    assert_eq!(asked().ok(), "ready\n");
    place.run(&ask).failed(1);
}

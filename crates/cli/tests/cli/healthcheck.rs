//! `lookback healthcheck`

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
fn over_tls_it_takes_the_certificate_that_is_configured_and_no_other() {
    let place = Place::new();
    let write = |name: &str| {
        let made = rcgen::generate_simple_self_signed(["nowhere.example".to_owned()]).unwrap();
        [
            place.file(name, &made.cert.pem()),
            place.file(&format!("{name}.key"), &made.signing_key.serialize_pem()),
        ]
    };
    let ([certificate, key], [other, other_key]) = (write("own"), write("other"));
    let flags = ["--tls-certificate-file", &certificate, "--tls-key-file", &key];
    let server = place.serve_with(&[&["serve", "--listen", "127.0.0.1:0"], &flags[..]].concat(), &[]);
    let listen = address(&server);
    let ask = ["healthcheck", "--listen", &listen];
    assert_eq!(place.run(&[&ask[..], &flags].concat()).ok(), "ready\n");
    let flags = ["--tls-certificate-file", &other, "--tls-key-file", &other_key];
    let said = place.run(&[&ask[..], &flags].concat()).failed(1);
    assert!(said.contains("does not answer"), "{said}");
    place.run(&ask).failed(1);
}

//! Whose word on a client's address is taken.

use serde_json::Value;

use crate::support::Place;
use crate::wire::{Raw, until};

/// The addresses in the log for requests that claim to be forwarded for somebody.
fn logged(flags: &[&str]) -> Vec<String> {
    let place = Place::new();
    let args = [&["serve", "--listen", "127.0.0.1:0", "--log", "debug"], flags].concat();
    let server = place.serve_with(&args, &[]);
    for forwarded in ["198.51.100.7", "6.6.6.6, 198.51.100.7", "6.6.6.6, nonsense", "\u{e9}"] {
        let mut client = Raw::connect(&server);
        client.send(format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {forwarded}\r\n\r\n"));
        assert_eq!(client.answer().status, 200);
    }
    let clients = || -> Vec<String> {
        let log = server.log();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter_map(|line| Some(line["client"].as_str()?.to_owned())).collect()
    };
    until("four requests are logged", || clients().len() == 4);
    clients()
}

#[test]
fn a_forwarding_header_of_anybody_is_not_believed() {
    assert_eq!(logged(&[]), ["127.0.0.1"; 4]);
    assert_eq!(logged(&["--trusted-proxy", "10.0.0.0/8"]), ["127.0.0.1"; 4]);
}

#[test]
fn one_of_a_trusted_proxy_is() {
    let expected = ["198.51.100.7", "198.51.100.7", "127.0.0.1", "127.0.0.1"];
    assert_eq!(logged(&["--trusted-proxy", "10.0.0.0/8,127.0.0.0/8"]), expected);
}

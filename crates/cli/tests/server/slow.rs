//! Clients that are slow on purpose, and those beside them.

use std::io::Read;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::support::{Place, Server};
use crate::wire::{Raw, get, path, until};

const ATTACKERS: usize = 1_000;

/// Whether this process may have so many connections.
fn may_open(files: u64) -> bool {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    getrlimit(Resource::Nofile).current.is_none_or(|current| current >= files)
}

#[test]
fn a_thousand_slow_clients_do_not_keep_others_from_being_served() {
    if !may_open(ATTACKERS as u64 + 200) {
        eprintln!("SKIPPED: the limit on open files is too low for {ATTACKERS} connections");
        return;
    }
    let place = Place::new();
    let access = place.bootstrap();
    let patient = ["--head-seconds-max", "600", "--body-seconds-max", "600", "--request-seconds-max", "600"];
    let server = place.serve_with(&[&["serve", "--listen", "127.0.0.1:0"], &patient[..]].concat(), &[]);
    let mut attackers: Vec<_> = (0..ATTACKERS).map(|_| Raw::connect(&server)).collect();
    for (n, attacker) in attackers.iter_mut().enumerate() {
        // Half of them with a good key: more bodies than there are places for requests.
        let begun = match n % 2 {
            0 => attacker.send("GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: "),
            _ => attacker.post_head(&access, &access.key, 1_000) && attacker.send("{"),
        };
        assert!(begun);
    }
    for n in 0..200 {
        let mut client = Raw::connect(&server);
        let body = crate::wire::upsert(&access, n);
        client.post_head(&access, &access.key, body.len());
        client.send(&body);
        assert_eq!(client.answer().status, 200);
        client.send(format!(
            "GET {} HTTP/1.1\r\nhost: x\r\nx-management-key: {}\r\n\r\n",
            path(&access),
            access.key
        ));
        assert_eq!(client.answer().status, 200);
    }
    assert_eq!(get(&server, "/readyz").0, 200);
    assert_eq!(
        attackers.iter().filter(|attacker| attacker.is_quiet()).count(),
        ATTACKERS,
        "all are still there"
    );
}

/// A server that gives up soon, and a client that has asked for far more than the buffers of two sockets hold.
fn much_asked(place: &Place) -> (Server, Raw, usize) {
    let args = ["serve", "--listen", "127.0.0.1:0", "--answer-seconds-max", "1", "--log", "debug"];
    let server = place.serve_with(&args, &[]);
    let page = "/docs/swagger-ui-bundle.js";
    let asked = 64;
    let length = get(&server, page).1.len() * asked;
    let mut client = Raw::connect(&server);
    client.send(format!("GET {page} HTTP/1.1\r\nhost: x\r\n\r\n").repeat(asked));
    (server, client, length)
}

#[test]
fn a_client_that_does_not_read_its_answers_is_cut_off() {
    let place = Place::new();
    let (server, mut deaf, length) = much_asked(&place);
    until("the server gives up", || server.log().contains("a connection broke off"));
    assert!(deaf.rest().len() < length);
    assert_eq!(get(&server, "/healthz").0, 200);
}

#[test]
fn a_client_that_takes_its_answer_bit_by_bit_is_cut_off() {
    let place = Place::new();
    let (server, mut slow, length) = much_asked(&place);
    let (mut taken, mut bit) = (0, [0; 4096]);
    until("the server gives up", || {
        // It takes something all the time, so that no single write waits for long.
        taken += slow.0.read(&mut bit).unwrap_or(0);
        server.log().contains("the answer was not taken in time")
    });
    assert!(taken + slow.rest().len() < length);
    assert_eq!(get(&server, "/healthz").0, 200);
}

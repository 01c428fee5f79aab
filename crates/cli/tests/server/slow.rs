//! Clients that are slow on purpose, and those beside them.

use std::io::Read;

use lookback_domain::{Catalog, Provider, Resource};
use rustix::process::{Resource as Limited, Rlimit, getrlimit, setrlimit};
use serde_json::{Map, Value, json};

use crate::support::{Access, Place, Server};
use crate::wire::{Raw, get, path, until};

const ATTACKERS: usize = 1_000;

/// Whether this process may have so many connections.
fn may_open(files: u64) -> bool {
    let limit = getrlimit(Limited::Nofile);
    let _ = setrlimit(Limited::Nofile, Rlimit { current: limit.maximum, ..limit });
    getrlimit(Limited::Nofile).current.is_none_or(|current| current >= files)
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

/// Every override that can be set, as the providers of an upsert.
fn everything(days: i64) -> Value {
    let catalog = Catalog::bundled().unwrap();
    let days = json!({ "historical_days_to_pull": days });
    let overrides: Map<_, _> = Resource::ALL.iter().map(|one| (one.to_string(), days.clone())).collect();
    let free = Provider::CONFIGURABLE.iter().filter(|&&one| {
        let history = &catalog.rule(one).history;
        history.configurable && history.fixed.is_empty()
    });
    let all = json!({ "default": days, "resource_overrides": overrides });
    Value::Object(free.map(|provider| (provider.to_string(), all.clone())).collect())
}

/// Sends a `POST` below the organisation.
fn post(client: &mut Raw, access: &Access, path: &str, body: &Value) {
    let (body, org, key) = (body.to_string(), &access.org, &access.key);
    let (length, path) = (body.len(), format!("/v1/org/{org}/{path}"));
    client.send(format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nx-management-key: {key}\r\ncontent-length: {length}\r\n\r\n{body}"
    ));
}

fn upsert(client: &mut Raw, access: &Access, teams: &[Value], providers: &Value) {
    let body = json!({ "team_ids": teams, "providers": providers });
    post(client, access, "team_data_pull_preferences/production/us", &body);
}

fn oura(days: i64) -> Value {
    json!({ "oura": { "default": { "historical_days_to_pull": days } } })
}

/// Teams that are shown in some 140 kB each.
fn large_teams(client: &mut Raw, access: &Access, count: usize) -> Vec<Value> {
    let teams = (0..count).map(|n| {
        post(client, access, "team", &json!({ "name": n.to_string(), "region": "us" }));
        serde_json::from_slice::<Value>(&client.answer().body).unwrap()["id"].clone()
    });
    let teams: Vec<_> = teams.collect();
    for some in teams.chunks(40) {
        upsert(client, access, some, &everything(7));
        assert_eq!(client.answer().status, 200);
    }
    teams
}

#[test]
fn an_organisation_that_takes_no_answers_leaves_room_for_those_of_others() {
    let place = Place::new();
    let (access, other) = (place.bootstrap(), place.bootstrap());
    let server = place.serve_with(&["serve", "--listen", "127.0.0.1:0", "--answers-mib-max", "64"], &[]);
    let mut client = Raw::connect(&server);
    let teams = large_teams(&mut client, &access, 60);
    let others = large_teams(&mut client, &other, 60);
    let mut deaf = Vec::new();
    let refused = (8..16).find(|&days| {
        let mut client = Raw::connect(&server);
        upsert(&mut client, &access, &teams, &oura(days));
        let is_refused = !client.rest_begins_with("HTTP/1.1 200");
        deaf.push(client);
        is_refused
    });
    assert!(refused.is_some_and(|days| days > 8), "it gets some room, and not all of it: {refused:?}");
    upsert(&mut client, &other, &others, &oura(9));
    assert_eq!(client.answer().status, 200);
}

#[test]
fn answers_that_are_not_taken_are_bounded_in_all_and_nothing_is_changed_where_there_is_no_room() {
    let place = Place::new();
    let access = place.bootstrap();
    let server = place.serve_with(&["serve", "--listen", "127.0.0.1:0", "--answers-mib-max", "1"], &[]);
    let mut client = Raw::connect(&server);
    let teams = large_teams(&mut client, &access, 80);
    let days = |client: &mut Raw| {
        let (path, key, team) = (path(&access), &access.key, teams[0].as_str().unwrap());
        client.send(format!(
            "GET {path}?team_id={team}&provider=oura HTTP/1.1\r\nhost: x\r\nx-management-key: {key}\r\n\r\n"
        ));
        let page: Value = serde_json::from_slice(&client.answer().body).unwrap();
        page["data_pull_preferences"][0]["providers"]["oura"]["default"]["historical_days_to_pull"].clone()
    };

    // Some 11 MB, more than the buffers of two sockets hold, and than all the room.
    let mut deaf = Raw::connect(&server);
    upsert(&mut deaf, &access, &teams, &oura(11));
    assert!(deaf.rest_begins_with("HTTP/1.1 200"));
    upsert(&mut client, &access, &teams, &oura(12));
    let busy = client.answer();
    assert_eq!(busy.refused(503), "The server is busy; repeat the request later.");
    assert_eq!(busy.headers["retry-after"], "1");
    assert_eq!(days(&mut client), 11);
    // Whoever goes away gives its room back.
    drop(deaf);
    until("there is room again", || {
        upsert(&mut client, &access, &teams, &oura(13));
        client.answer().status == 200
    });
    assert_eq!(days(&mut client), 13);
}

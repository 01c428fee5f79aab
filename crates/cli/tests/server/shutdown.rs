//! The end of a server: what was accepted is answered, and what was answered is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Signal, kill_process};
use serde_json::json;

use crate::support::{Access, Place, Server, client};
use crate::wire::{Raw, until};

const CUT_OFF: &str = "were not finished in time";

fn serve(place: &Place, flags: &[&str]) -> Server {
    place.serve_with(&[&["serve", "--listen", "127.0.0.1:0"], flags].concat(), &[])
}

/// Sets days for one team until the server is gone; the last ones that were acknowledged.
async fn write(url: String, access: Arc<Access>, acknowledged: Arc<AtomicU64>) -> i64 {
    let client = client();
    for days in 1..=365_i64 {
        let oura = json!({ "default": { "historical_days_to_pull": days } });
        let body = json!({ "team_ids": [access.team], "providers": { "oura": oura } });
        let request = client.post(&url).header("x-management-key", &access.key).json(&body);
        // Where there is no answer, the request had not been begun.
        let Ok(answer) = request.send().await else { return days - 1 };
        assert_eq!(answer.status(), 200);
        answer.bytes().await.expect("an answer that has begun is finished");
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    365
}

async fn ends_well_under_load(signal: Signal) {
    let place = Place::new();
    let first = place.bootstrap();
    let mut writers = Vec::new();
    for _ in 0..8 {
        let team = place.json(&["team", "create", "--org", &first.org, "--name", "one more"]);
        let team = team["id"].as_str().or(team["team_id"].as_str()).unwrap().to_owned();
        writers.push(Arc::new(Access { org: first.org.clone(), team, key: first.key.clone() }));
    }
    let mut server = serve(&place, &[]);
    let acknowledged = Arc::new(AtomicU64::new(0));
    let running: Vec<_> = writers
        .iter()
        .map(|access| tokio::spawn(write(access.url(&server), Arc::clone(access), Arc::clone(&acknowledged))))
        .collect();
    while acknowledged.load(Ordering::Relaxed) < 200 {
        tokio::task::yield_now().await;
    }
    let (status, _) = server.end(signal);
    assert_eq!(status.code(), Some(0), "{}", server.log());
    assert!(!server.log().contains(CUT_OFF), "{}", server.log());

    let server = serve(&place, &[]);
    let client = client();
    for (access, running) in writers.iter().zip(running) {
        let last = running.await.unwrap();
        let request = client.get(access.url(&server)).header("x-management-key", &access.key);
        let page = request.query(&[("team_id", &access.team)]).send().await.unwrap();
        let page: serde_json::Value = page.json().await.unwrap();
        let oura = &page["data_pull_preferences"][0]["providers"]["oura"]["default"];
        assert_eq!(oura["historical_days_to_pull"], last, "neither less nor more than was acknowledged");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_loses_nothing() {
    ends_well_under_load(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigint_under_load_loses_nothing() {
    ends_well_under_load(Signal::INT).await;
}

#[tokio::test]
async fn the_last_use_of_a_key_is_written_down_at_the_end() {
    let place = Place::new();
    let access = place.bootstrap();
    let last_use = || place.json(&["key", "list", "--org", &access.org])[0]["last_used_at"].clone();
    let mut server = serve(&place, &[]);
    assert_eq!(access.set_oura(&client(), &server, 30).await, 200);
    server.end(Signal::TERM);
    assert!(last_use().is_string(), "{}", last_use());
}

#[test]
fn connections_without_a_request_do_not_delay_the_end() {
    let place = Place::new();
    let mut server = serve(&place, &["--drain-seconds-max", "600", "--head-seconds-max", "600"]);
    let mut idle: Vec<_> = (0..10).map(|_| Raw::connect(&server)).collect();
    for connection in &mut idle {
        connection.get("/healthz");
        assert_eq!(connection.answer().status, 200);
    }
    let _silent: Vec<_> = (0..10).map(|_| Raw::connect(&server)).collect();
    let (status, _) = server.end(Signal::TERM);
    assert_eq!(status.code(), Some(0));
    assert!(server.log().contains("\"ended\""), "{}", server.log());
}

/// A server with a request whose body does not come, told to end.
fn held_up(place: &Place, drain_seconds_max: &str) -> (Server, Raw) {
    let access = place.bootstrap();
    let patient = ["--body-seconds-max", "600", "--request-seconds-max", "600"];
    let server = serve(place, &[&["--drain-seconds-max", drain_seconds_max], &patient[..]].concat());
    let mut stuck = Raw::connect(&server);
    stuck.post_head(&access, &access.key, 100);
    let worked_on =
        || crate::wire::metric(&crate::wire::get(&server, "/metrics").1, "lookback_http_requests_in_flight");
    until("the request is worked on", || worked_on() == 2.0);
    (server, stuck)
}

#[test]
fn a_request_that_does_not_come_to_its_end_is_cut_off_when_time_is_up() {
    let place = Place::new();
    let (mut server, mut stuck) = held_up(&place, "1");
    let (status, _) = server.end(Signal::TERM);
    assert_eq!(status.code(), Some(0));
    assert!(server.log().contains(CUT_OFF), "{}", server.log());
    assert_eq!(stuck.rest(), b"");
}

#[test]
fn a_request_at_hand_is_finished() {
    let place = Place::new();
    let (mut server, mut slow) = held_up(&place, "600");
    kill_process(server.pid(), Signal::TERM).unwrap();
    until("it is told to end", || server.log().contains("told to end"));
    slow.send(vec![b' '; 100]);
    assert_eq!(slow.answer().status, 422);
    let (status, _) = server.wait();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let place = Place::new();
        let (mut server, _stuck) = held_up(&place, "600");
        kill_process(server.pid(), Signal::TERM).unwrap();
        until("it is told to end", || server.log().contains("told to end"));
        let (status, _) = server.end(signal);
        assert_eq!(status.code(), Some(code));
        assert!(place.run(&["--help"]).ok().contains(&code.to_string()));
    }
}

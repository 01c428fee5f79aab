//! What one client may take, and what it is told beyond that.

use std::io::Read;

use flate2::read::GzDecoder;
use rustix::process::Signal;

use crate::support::{Place, client};
use crate::wire::{PATIENCE, Raw, get, lock, metric, path, until, upsert};

const EMPTY: &str = r#"{"team_ids": [], "providers": {}}"#;

fn serve(place: &Place, flags: &[&str]) -> crate::support::Server {
    place.serve_with(&[&["serve", "--listen", "127.0.0.1:0"], flags].concat(), &[])
}

#[test]
fn a_head_that_does_not_come_ends_the_connection() {
    let place = Place::new();
    let server = serve(&place, &["--head-seconds-max", "1"]);
    let mut slow = Raw::connect(&server);
    slow.send("GET /healthz HTTP/1.1\r\nhost:");
    let mut silent = Raw::connect(&server);
    let mut idle = Raw::connect(&server);
    idle.get("/healthz");
    assert_eq!(idle.answer().status, 200);
    for connection in [&mut slow, &mut silent, &mut idle] {
        assert_eq!(String::from_utf8_lossy(&connection.rest()), "");
    }
}

/// Nobody knows yet who sends it, so that what is kept of it has to be little.
#[test]
fn a_head_that_is_too_large_is_refused_before_it_ends() {
    let place = Place::new();
    let server = serve(&place, &[]);
    let mut client = Raw::connect(&server);
    client.send(format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-large: {}", "a".repeat(100_000)));
    assert!(client.rest_begins_with("HTTP/1.1 431"));
    let mut client = Raw::connect(&server);
    client.get(&format!("/healthz?{}", "a".repeat(65_000)));
    assert_eq!(client.answer().status, 200, "as long a path as there can be");
}

#[test]
fn a_body_that_does_not_come_is_a_408() {
    let place = Place::new();
    let access = place.bootstrap();
    let server = serve(&place, &["--body-seconds-max", "1"]);
    let mut slow = Raw::connect(&server);
    slow.post_head(&access, &access.key, EMPTY.len());
    slow.send(&EMPTY[..5]);
    assert_eq!(slow.answer().refused(408), "The body did not arrive in time.");
    slow.rest();
}

#[test]
fn a_request_that_takes_too_long_is_a_503() {
    let place = Place::new();
    let access = place.bootstrap();
    let server = serve(&place, &["--request-seconds-max", "1"]);
    let mut slow = Raw::connect(&server);
    slow.post_head(&access, &access.key, EMPTY.len());
    let answer = slow.answer();
    assert!(answer.refused(503).starts_with("The request took too long"), "{answer:?}");
    assert_eq!(answer.headers["retry-after"], "1");
}

/// What the one place is taken by: a request to a store that somebody else has locked.
#[test]
fn beyond_the_bound_on_requests_is_a_503_while_the_probes_answer() {
    let place = Place::new();
    let access = place.bootstrap();
    let server = serve(&place, &["--requests-max", "1"]);
    // Five seconds is how long the store waits for somebody else.
    let lock = lock(&place);
    let (body, mut working) = (upsert(&access, 7), Vec::new());
    until("a write keeps the place", || {
        let mut write = Raw::connect(&server);
        write.post_head(&access, &access.key, body.len());
        write.send(&body);
        working.push(write);
        get(&server, "/openapi.json").0 == 503
    });

    let mut turned_away = Raw::connect(&server);
    turned_away.get("/openapi.json");
    let answer = turned_away.answer();
    assert_eq!(answer.refused(503), "The server is busy; repeat the request later.");
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(get(&server, "/healthz").0, 200);
    drop(lock);
    // Those that came while a look at the document had the place were turned away too.
    let answers: Vec<_> = working.iter_mut().map(|write| write.answer().status).collect();
    assert!(
        answers.contains(&200) && answers.iter().all(|status| [200, 503].contains(status)),
        "{answers:?}"
    );
    turned_away.get("/openapi.json");
    assert_eq!(turned_away.answer().status, 200);
}

#[test]
fn a_body_that_is_still_coming_keeps_no_place_from_others() {
    let place = Place::new();
    let access = place.bootstrap();
    let server = serve(&place, &["--requests-max", "1"]);
    let looked_up = "lookback_store_operation_seconds_count{operation=\"key_by_digest\"}";
    let mut slow: Vec<_> = (0..20).map(|_| Raw::connect(&server)).collect();
    for (before, connection) in slow.iter_mut().enumerate() {
        connection.post_head(&access, &access.key, EMPTY.len());
        connection.send(&EMPTY[..5]);
        // It has its key looked up, and gives up the one place right after.
        until("its key is looked up", || metric(&get(&server, "/metrics").1, looked_up) > before as f64);
        until("the place is free", || get(&server, "/openapi.json").0 == 200);
    }
    for connection in &mut slow {
        assert!(connection.is_quiet());
        connection.send(&EMPTY[5..]);
        assert_eq!(connection.answer().status, 200);
    }
}

#[test]
fn connections_beyond_the_bound_wait_for_one_to_close() {
    let place = Place::new();
    let server = serve(&place, &["--connections-max", "2"]);
    let mut open = [Raw::connect(&server), Raw::connect(&server)];
    for connection in &mut open {
        connection.get("/healthz");
        assert_eq!(connection.answer().status, 200);
    }
    let mut waiting = Raw::connect(&server);
    waiting.get("/healthz");
    for _ in 0..50 {
        open[0].get("/healthz");
        assert_eq!(open[0].answer().status, 200);
    }
    assert!(waiting.is_quiet());
    drop(open);
    assert_eq!(waiting.answer().status, 200);
}

#[test]
fn one_address_has_no_more_than_its_share_of_the_connections() {
    let place = Place::new();
    let server = serve(&place, &["--connections-per-client-max", "2"]);
    let mut open = [Raw::connect(&server), Raw::connect(&server)];
    for connection in &mut open {
        connection.get("/healthz");
        assert_eq!(connection.answer().status, 200);
    }
    assert_eq!(Raw::connect(&server).rest(), b"", "one more is closed at once");
    open[0].get("/metrics");
    let metrics = String::from_utf8(open[0].answer().body).unwrap();
    assert_eq!(metric(&metrics, "lookback_http_connections"), 2.0);
    assert_eq!(metric(&metrics, "lookback_http_connections_refused_total"), 1.0);
    let [_first, second] = open;
    drop(second);
    until("there is room again", || {
        let mut again = Raw::connect(&server);
        again.get("/healthz") && again.rest_begins_with("HTTP/1.1 200")
    });
}

#[test]
fn a_trusted_proxy_may_have_all_connections() {
    let place = Place::new();
    let server = serve(&place, &["--connections-per-client-max", "1", "--trusted-proxy", "127.0.0.0/8"]);
    let mut open = [Raw::connect(&server), Raw::connect(&server), Raw::connect(&server)];
    for connection in &mut open {
        connection.get("/healthz");
        assert_eq!(connection.answer().status, 200);
    }
}

#[test]
fn a_body_that_is_too_large_is_a_413_that_can_be_read() {
    let place = Place::new();
    let access = place.bootstrap();
    let server = serve(&place, &[]);
    let chunk = vec![b' '; 1 << 20];
    for mebibytes in [2, 50] {
        let mut client = Raw::connect(&server);
        client.post_head(&access, &access.key, mebibytes << 20);
        (0..mebibytes).for_each(|_| assert!(client.send(&chunk), "all of {mebibytes} MiB can be sent"));
        assert_eq!(client.answer().refused(413), "The body is larger than 1048576 bytes.");
        // And the connection is as good as before.
        client.get("/healthz");
        assert_eq!(client.answer().status, 200);
    }
    let mut client = Raw::connect(&server);
    client.send(format!(
        "POST {} HTTP/1.1\r\nhost: x\r\nx-management-key: {}\r\ntransfer-encoding: chunked\r\n\r\n",
        path(&access),
        access.key
    ));
    for _ in 0..2 {
        client.send("100000\r\n");
        client.send(&chunk);
        client.send("\r\n");
    }
    client.send("0\r\n\r\n");
    client.answer().refused(413);
}

#[test]
fn whoever_is_refused_before_the_body_is_read_can_read_that_too() {
    let place = Place::new();
    let access = place.bootstrap();
    let server = serve(&place, &[]);
    let chunk = vec![b' '; 1 << 20];
    let mut client = Raw::connect(&server);
    client.post_head(&access, "mg_wrong", 8 << 20);
    (0..8).for_each(|_| assert!(client.send(&chunk)));
    assert_eq!(client.answer().refused(401), "This management key is not valid.");
    client.send(format!("PUT /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", 8 << 20));
    (0..8).for_each(|_| assert!(client.send(&chunk)));
    client.answer().refused(404);
}

#[test]
fn a_client_that_asks_before_it_sends_is_not_made_to_send() {
    let place = Place::new();
    let access = place.bootstrap();
    let server = serve(&place, &[]);
    for (key, length, status) in [(&access.key[..], 50 << 20, 413), ("mg_wrong", 100, 401)] {
        let mut client = Raw::connect(&server);
        client.send(format!(
            "POST {} HTTP/1.1\r\nhost: x\r\nx-management-key: {key}\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n",
            path(&access)
        ));
        client.answer().refused(status);
        client.rest();
    }
    let mut client = Raw::connect(&server);
    client.send(format!(
        "POST {} HTTP/1.1\r\nhost: x\r\nx-management-key: {}\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        path(&access),
        access.key,
        EMPTY.len()
    ));
    assert_eq!(client.answer().status, 100);
    client.send(EMPTY);
    assert_eq!(client.answer().status, 200);
}

#[tokio::test]
async fn answers_are_compressed_for_who_can_read_that() {
    let place = Place::new();
    let server = serve(&place, &[]);
    let client = client();
    let url = format!("{}/openapi.json", server.url);
    let plain = client.get(&url).send().await.unwrap();
    assert!(!plain.headers().contains_key("content-encoding"));
    assert_eq!(plain.headers()["vary"], "accept-encoding");
    let plain = plain.bytes().await.unwrap();
    let packed = client.get(&url).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    let packed = packed.bytes().await.unwrap();
    let mut unpacked = Vec::new();
    GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
    assert!(packed.len() * 3 < plain.len());
}

#[test]
fn a_bound_of_nothing_is_refused() {
    let place = Place::new();
    for flag in ["--requests-max", "--connections-max", "--head-seconds-max", "--request-seconds-max"] {
        let said = place.run(&["serve", flag, "0"]).failed(2);
        assert!(said.contains(flag), "{said}");
    }
    let file = place.file("lookback.toml", "[server]\nbody_seconds_max = 0\n");
    assert!(place.run(&["serve", "--config", &file]).failed(1).contains("body_seconds_max"));
}

#[test]
fn bounds_can_be_set_in_the_file_and_in_the_environment() {
    let place = Place::new();
    let file = place.file("lookback.toml", "[server]\nhead_seconds_max = 1\nlisten = \"127.0.0.1:0\"\n");
    let args = ["serve", "--config", &file];
    let mut server = place.serve_with(&args, &[]);
    assert_eq!(Raw::connect(&server).rest(), b"");
    server.end(Signal::TERM);
    let server = place.serve_with(&args, &[("LOOKBACK_HEAD_SECONDS_MAX", "600")]);
    let mut patient = Raw::connect(&server);
    patient.0.set_read_timeout(Some(PATIENCE.min(std::time::Duration::from_secs(2)))).unwrap();
    assert!(patient.0.read(&mut [0]).is_err(), "it is still open");
}

//! What a server tells about itself, and what it must not tell.

use std::collections::BTreeSet;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Place, Server, client};
use crate::wire::{Raw, get, get_at, metric, path, until, upsert};

const PREFERENCES: &str = "/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}";

fn serve(place: &Place, flags: &[&str]) -> Server {
    place.serve_with(&[&["serve", "--listen", "127.0.0.1:0"], flags].concat(), &[])
}

/// Every line of a server's log; each is JSON.
fn log(server: &Server) -> Vec<Value> {
    server.log().lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

#[test]
fn the_probes_and_the_metrics_are_beside_the_api() {
    let place = Place::new();
    let server = serve(&place, &[]);
    assert_eq!(get(&server, "/healthz"), (200, r#"{"status":"ok"}"#.to_owned()));
    assert_eq!(get(&server, "/readyz"), (200, r#"{"status":"ready"}"#.to_owned()));
    let (status, metrics) = get(&server, "/metrics");
    assert_eq!(status, 200);
    assert!(metrics.ends_with("# EOF\n"));
}

#[test]
fn the_metrics_can_have_a_listener_of_their_own() {
    let place = Place::new();
    let server = serve(&place, &["--metrics-listen", "127.0.0.1:0"]);
    let listening = || log(&server).into_iter().find(|line| line["message"] == "serving metrics");
    until("it serves metrics", || listening().is_some());
    let address = listening().unwrap()["address"].as_str().unwrap().to_owned();
    assert_eq!(get(&server, "/metrics").0, 404);
    assert_eq!(get(&server, "/healthz").0, 200);
    assert_eq!(get_at(&address, "/metrics").0, 200);
    assert_eq!(get_at(&address, "/healthz").0, 200);
    assert_eq!(get_at(&address, "/readyz").0, 200);
    assert_eq!(get_at(&address, "/openapi.json").0, 404);
}

#[test]
fn it_is_not_ready_while_the_store_cannot_be_written() {
    let place = Place::new();
    let access = place.bootstrap();
    let server = serve(&place, &[]);
    let database = place.path("lookback-data/lookback.db");
    std::fs::rename(&database, place.path("aside")).unwrap();
    let mut probe = Raw::connect(&server);
    probe.get("/readyz");
    let answer = probe.answer();
    assert!(answer.refused(503).starts_with("The storage is unavailable"), "{answer:?}");
    assert_eq!(get(&server, "/healthz").0, 200);
    std::fs::rename(place.path("aside"), &database).unwrap();
    assert_eq!(get(&server, "/readyz").0, 200);
    drop(access);
}

#[test]
fn requests_are_counted_by_route_and_status() {
    let place = Place::new();
    let access = place.bootstrap();
    let server = serve(&place, &[]);
    let mut client = Raw::connect(&server);
    let mut send = |method: &str, path: &str, key: &str, body: &str| {
        let length = body.len();
        client.send(format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nx-management-key: {key}\r\ncontent-length: {length}\r\n\r\n{body}"
        ));
        client.answer().status
    };
    let (ours, key) = (path(&access), &access.key[..]);
    assert_eq!([send("GET", &ours, key, ""), send("GET", &ours, key, "")], [200, 200]);
    assert_eq!(send("POST", &ours, key, &upsert(&access, 9)), 200);
    assert_eq!(send("POST", &ours, key, "{}"), 422);
    assert_eq!(send("GET", &ours, "mg_wrong", ""), 401);
    for n in 0..30 {
        assert_eq!(send(&format!("BREW{n}"), &ours, key, ""), 405);
        assert_eq!(send("GET", &format!("/nowhere/{n}"), key, ""), 404);
        assert_eq!(send("GET", &format!("/v1/org/{n}/team_data_pull_preferences/x/y"), key, ""), 422);
    }
    let metrics = get(&server, "/metrics").1;
    let requests = |method: &str, route: &str, status: u16| {
        let labels = format!(r#"{{method="{method}",route="{route}",status="{status}"}}"#);
        metric(&metrics, &format!("lookback_http_requests_total{labels}"))
    };
    assert_eq!(requests("GET", PREFERENCES, 200), 2.0, "{metrics}");
    assert_eq!(requests("POST", PREFERENCES, 200), 1.0);
    assert_eq!(requests("POST", PREFERENCES, 422), 1.0);
    assert_eq!(requests("GET", PREFERENCES, 401), 1.0);
    assert_eq!(requests("GET", PREFERENCES, 422), 30.0);
    assert_eq!(requests("other", PREFERENCES, 405), 30.0);
    assert_eq!(requests("GET", "none", 404), 30.0);
    let series = metrics.lines().filter(|line| line.starts_with("lookback_http_requests_total")).count();
    assert_eq!(series, 7, "nobody can make labels: {metrics}");
    let timed = format!(r#"lookback_http_request_seconds_count{{method="GET",route="{PREFERENCES}"}}"#);
    assert_eq!(metric(&metrics, &timed), 33.0);
    assert_eq!(metric(&metrics, "lookback_http_requests_in_flight"), 1.0, "which asks for the metrics");
    // The server has chores of its own, which write too.
    let commits = metric(&metrics, "lookback_store_commits_total");
    let operations = metric(&metrics, "lookback_store_committed_operations_total");
    assert!(commits >= 1.0 && operations >= commits, "{commits} {operations}");
    let upserts = r#"lookback_store_operation_seconds_count{operation="upsert_preferences"}"#;
    assert_eq!(metric(&metrics, upserts), 1.0);
    for tenant in [&access.org, &access.team, &access.key] {
        assert!(!metrics.contains(tenant.as_str()));
    }
}

#[test]
fn the_id_in_the_answer_is_the_one_in_the_log() {
    let place = Place::new();
    let server = serve(&place, &["--log", "debug"]);
    let mut client = Raw::connect(&server);
    let mut ids = BTreeSet::new();
    for _ in 0..3 {
        client.send("GET /healthz HTTP/1.1\r\nhost: x\r\nx-request-id: mine\r\n\r\n");
        ids.insert(client.answer().headers["x-request-id"].clone());
    }
    assert!(ids.len() == 3 && !ids.contains("mine"), "{ids:?}");
    let logged = || -> BTreeSet<String> {
        let answered = log(&server).into_iter().filter(|line| line["message"] == "answered");
        answered.map(|line| line["span"]["id"].as_str().unwrap().to_owned()).collect()
    };
    until("all three are logged", || logged().len() == 3);
    assert_eq!(logged(), ids);
}

/// Whatever a client sends in whatever place: none of it comes back in what others can read.
#[tokio::test]
async fn a_hostile_run_leaves_nothing_behind() {
    let place = Place::new();
    let access = place.bootstrap();
    let mut server = serve(&place, &["--log", "trace", "--body-seconds-max", "1"]);
    let client = client();
    let (url, mark) = (access.url(&server), "MARKER-7c1f");
    let wrong = format!("mg_{mark}-key");
    let secrets = [&access.key, &wrong, "sk_us_MARKER-7c1f-team", "Bearer MARKER-7c1f", "MARKER-7c1f"];
    for key in secrets {
        for header in [
            "x-management-key",
            "x-vital-org-key",
            "x-vital-api-key",
            "authorization",
            "cookie",
            "x-request-id",
        ] {
            client.get(&url).header(header, key).send().await.unwrap();
            client.get(format!("{url}/{mark}?{mark}={mark}")).header(header, key).send().await.unwrap();
            client
                .get(format!("{url}?team_id={mark}&next_cursor={mark}"))
                .header(header, key)
                .send()
                .await
                .unwrap();
        }
    }
    let unknown_team = upsert(&access, 7).replace(&access.team, "0a1b2c3d-7c1f-4000-8000-000000000000");
    let bodies = [
        mark.to_owned(),
        format!(r#"{{"team_ids": ["{mark}"], "providers": {{"{mark}": "{mark}"}}}}"#),
        format!(r#"{{"{mark}": "#),
        unknown_team,
        mark.repeat(200_000),
    ];
    for body in bodies {
        client.post(&url).header("x-management-key", &access.key).body(body).send().await.unwrap();
    }
    // What a store says when it cannot work is for the log; what was asked of it is not.
    let database = place.path("lookback-data/lookback.db");
    std::fs::rename(&database, place.path("aside")).unwrap();
    let refused =
        client.post(&url).header("x-management-key", &access.key).body(upsert(&access, 77)).send().await;
    assert_eq!(refused.unwrap().status(), 503);
    std::fs::rename(place.path("aside"), &database).unwrap();
    let mut broken = Raw::connect(&server);
    broken.send(format!("{mark} {mark} HTTP/9.9\r\n{mark}\r\n\r\n"));
    broken.rest();
    let mut slow = Raw::connect(&server);
    slow.post_head(&access, &access.key, 1_000);
    slow.send(mark);
    assert_eq!(slow.answer().status, 408);

    let metrics = get(&server, "/metrics").1;
    let answers = [metrics, get(&server, "/openapi.json").1, get(&server, "/readyz").1].concat();
    server.end(Signal::TERM);
    log(&server);
    let told = server.log() + &answers;
    assert!(told.contains("the store is unavailable") && told.contains("answered"), "{told}");
    for hidden in [&access.key, &access.key[3..], "MARKER", "7c1f", &access.org, &access.team] {
        let found = told.lines().find(|line| line.contains(hidden));
        assert_eq!(found, None, "{hidden}");
    }
}

//! Several servers on one PostgreSQL: each sees at once what another acknowledged, and does without it.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use lookback_store_postgres::testing::{self, Database};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use support::{Access, Place, Server, client, until};

/// Starts three at once, which all come up.
fn three(place: &Place, url: &str) -> [Server; 3] {
    let database = [("LOOKBACK_DATABASE", url)];
    let mut servers =
        [(); 3].map(|()| place.start(&["serve", "--listen", "127.0.0.1:0", "--log", "warn"], &database));
    servers.iter_mut().for_each(Server::until_it_listens);
    servers
}

fn bootstrap(place: &Place, database: &Database) -> Access {
    let args = ["bootstrap", "--json", "--database", database.url()];
    Access::from_json(&serde_json::from_str(&place.run(&args).ok()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn three_that_start_at_once_on_an_empty_database_make_the_tables_once() {
    for _ in 0..3 {
        let Some(database) = testing::empty_database().await else { return };
        let place = Place::new();
        let mut servers = three(&place, database.url());
        let access = bootstrap(&place, &database);
        for (days, server) in (1..).zip(&servers) {
            assert_eq!(access.set_oura(&client(), server, days).await, 200);
        }
        let steps = "SELECT count(*), count(DISTINCT version) FROM lookback_migration";
        let steps = database.connect().await.query_one(steps, &[]).await.unwrap();
        assert_eq!(steps.get::<_, i64>(0), steps.get::<_, i64>(1));
        for server in &mut servers {
            assert_eq!(server.end(Signal::TERM).0.code(), Some(0));
            assert_eq!(server.log(), "", "nobody had anything to complain about");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_waits_for_another_s_migration_says_so_and_ends_when_it_is_told() {
    let Some(database) = testing::database().await else { return };
    let (mut other, place) = (database.connect().await, Place::new());
    let migrating = other.transaction().await.unwrap();
    migrating.batch_execute("LOCK TABLE lookback_migration").await.unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    for (command, signal) in [("serve", Signal::TERM), ("serve", Signal::INT), ("quickstart", Signal::INT)] {
        let mut server =
            place.start(&[&[command], &serve[1..]].concat(), &[("LOOKBACK_DATABASE", database.url())]);
        until("it says that it waits", || server.log().contains("waiting for another process's migration"));
        assert_eq!(server.end(signal).0.code(), Some(0));
        assert!(server.log().contains("told to end before it served"), "{}", server.log());
    }
    let mut waiting = place.start(&serve, &[("LOOKBACK_DATABASE", database.url())]);
    until("it says that it waits", || waiting.log().contains("waiting for another process's migration"));
    migrating.commit().await.unwrap();
    waiting.until_it_listens();
}

#[tokio::test(flavor = "multi_thread")]
async fn making_the_tables_is_no_news() {
    let Some(database) = testing::empty_database().await else { return };
    let made = Place::new().run(&["bootstrap", "--json", "--database", database.url()]);
    assert_eq!((made.code, &*made.stderr), (Some(0), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_acknowledged_the_others_show_with_the_next_request() {
    let Some(database) = testing::database().await else { return };
    let place = Place::new();
    let access = bootstrap(&place, &database);
    let (servers, client) = (three(&place, database.url()), client());
    for days in 0..60 {
        let writer = &servers[usize::try_from(days).unwrap() % 3];
        assert_eq!(access.set_oura(&client, writer, days).await, 200);
        for server in &servers {
            assert_eq!(access.oura(&client, server).await, json!(days));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_deleted_is_refused_by_all_with_the_next_request() {
    let Some(database) = testing::database().await else { return };
    let place = Place::new();
    let access = bootstrap(&place, &database);
    let (servers, client) = (three(&place, database.url()), client());
    let key = |what: &[&str]| {
        let args = ["key", what[0], "--org", &access.org, "--database", database.url(), "--json"];
        place.run(&[&args[..], &what[1..]].concat()).ok()
    };
    for _ in 0..5 {
        let made: Value = serde_json::from_str(&key(&["create"])).unwrap();
        let (id, secret) = (made["id"].as_str().unwrap(), made["management_key"].as_str().unwrap());
        let ask = async |server: &Server| {
            let answer = client.get(access.url(server)).header("x-management-key", secret).send().await;
            answer.unwrap().status().as_u16()
        };
        for server in &servers {
            assert_eq!(ask(server).await, 200);
        }
        key(&["delete", id]);
        for server in &servers {
            assert_eq!(ask(server).await, 401);
        }
    }
}

/// One who writes ever higher numbers to a team of its own, until the server is gone or the test is over.
async fn write(url: String, key: String, team: String, end: Arc<AtomicU64>) -> (String, i64, bool) {
    let (client, mut acknowledged) = (client(), -1);
    for number in 0.. {
        if end.load(Ordering::Relaxed) > 0 {
            return (team, acknowledged, true);
        }
        let days = |days: i64| json!({ "historical_days_to_pull": days });
        let oura =
            json!({ "default": days(number / 366), "resource_overrides": { "sleep": days(number % 366) } });
        let body = json!({ "team_ids": [team], "providers": { "oura": oura } });
        let request = client.post(&url).header("x-management-key", &key).json(&body);
        let Ok(answer) = request.send().await else { return (team, acknowledged, false) };
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        acknowledged = number;
        WRITES.fetch_add(1, Ordering::Relaxed);
    }
    unreachable!("nobody writes for that long")
}

static WRITES: AtomicI64 = AtomicI64::new(0);

#[tokio::test(flavor = "multi_thread")]
async fn one_killed_under_load_loses_nothing_and_the_others_do_not_notice() {
    let Some(database) = testing::database().await else { return };
    let place = Place::new();
    let access = bootstrap(&place, &database);
    let mut servers = three(&place, database.url());
    let create = || {
        let args =
            ["team", "create", "--org", &access.org, "--name", "x", "--database", database.url(), "--json"];
        let team: Value = serde_json::from_str(&place.run(&args).ok()).unwrap();
        team["id"].as_str().unwrap().to_owned()
    };
    let (end, mut writing) = (Arc::new(AtomicU64::new(0)), JoinSet::new());
    for n in 0..9 {
        let (url, key, team) = (access.url(&servers[n % 3]), access.key.clone(), create());
        let end = Arc::clone(&end);
        writing.spawn(async move { (n, write(url, key, team, end).await) });
    }
    let until = async |count: i64| {
        while WRITES.load(Ordering::Relaxed) < count {
            tokio::task::yield_now().await;
        }
    };
    until(300).await;
    servers[0].kill();
    let killed = WRITES.load(Ordering::Relaxed);
    until(killed + 300).await;
    end.store(1, Ordering::Relaxed);
    for (n, (team, acknowledged, to_the_end)) in writing.join_all().await {
        assert_eq!(to_the_end, n % 3 != 0, "whoever wrote to another server did not notice");
        for server in &servers[1..] {
            let request = client().get(access.url(server)).query(&[("team_id", &team)]);
            let answer = request.header("x-management-key", &access.key).send().await.unwrap();
            let page: Value = answer.error_for_status().unwrap().json().await.unwrap();
            let oura = &page["data_pull_preferences"][0]["providers"]["oura"];
            let days = |of: &Value| of["historical_days_to_pull"].as_i64().unwrap();
            let sleep = &oura["resource_overrides"]["sleep"];
            let found = if sleep.is_null() { -1 } else { days(&oura["default"]) * 366 + days(sleep) };
            // The last one may have been done without an answer.
            assert!(found == acknowledged || found == acknowledged + 1, "{found} of {acknowledged}");
        }
    }
    for server in &mut servers[1..] {
        assert_eq!(server.end(Signal::TERM).0.code(), Some(0));
        assert_eq!(server.log(), "");
    }
}

/// The database ends and comes back under a running server, which says so and goes on by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_is_a_503_until_it_is_back() {
    let Some(mut postgres) = testing::server("") else { return };
    let (place, url) = (Place::new(), postgres.url("postgres"));
    let made = place.run(&["bootstrap", "--json", "--database", &url]).ok();
    let access = Access::from_json(&serde_json::from_str(&made).unwrap());
    let flags = ["serve", "--listen", "127.0.0.1:0", "--database", &url];
    let (mut server, client) = (place.serve_with(&flags, &[]), client());
    let status = async |path: &str| {
        let answer = client.get(format!("{}{path}", server.url)).send().await.unwrap();
        let retry_after = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), retry_after)
    };
    for days in [7, 8] {
        assert_eq!(access.set_oura(&client, &server, days).await, 200);
        postgres.stop();
        assert_eq!(access.set_oura(&client, &server, 99).await, 503);
        assert_eq!(status("/readyz").await, (503, Some("1".to_owned())));
        assert_eq!(status("/healthz").await, (200, None));
        postgres.resume();
        assert_eq!(access.oura(&client, &server).await, json!(days));
        assert_eq!(access.set_oura(&client, &server, days).await, 200);
        assert_eq!(status("/readyz").await, (200, None));
    }
    let metrics = client.get(format!("{}/metrics", server.url)).send().await.unwrap().text().await.unwrap();
    let value = |name: &str| -> u64 {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.expect(&metrics).parse().unwrap()
    };
    assert!(value("lookback_store_connections") > 0);
    assert_eq!(value("lookback_store_connections"), value("lookback_store_connections_idle"));
    assert_eq!(value("lookback_store_connections_waited_for"), 0);
    assert_eq!(server.end(Signal::TERM).0.code(), Some(0));
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

/// A small file system, which goes with this value. Only the superuser can mount one.
#[cfg(target_os = "linux")]
struct Mounted(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl Mounted {
    fn at(path: std::path::PathBuf, owner: u32) -> Option<Self> {
        std::fs::create_dir(&path).unwrap();
        let options = format!("size=24m,mode=0700,uid={owner}");
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "lookback-test"]).arg(&path);
        mount.output().is_ok_and(|output| output.status.success()).then(|| Self(path))
    }
}

#[cfg(target_os = "linux")]
impl Drop for Mounted {
    fn drop(&mut self) {
        // Whoever has files there still may end later.
        let _ = std::process::Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// The tables are on a disk that somebody fills up beside them.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_the_database_is_a_503_until_there_is_room() {
    let Some(postgres) = testing::server("autovacuum = off") else { return };
    let place = Place::new();
    // Where PostgreSQL's own user may look.
    let Some(disk) = Mounted::at(postgres.directory().join("disk"), postgres.user_id()) else {
        eprintln!("SKIPPED: no file system can be mounted here");
        return;
    };
    let (admin, connection) =
        tokio_postgres::connect(&postgres.url("postgres"), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let tablespace = format!("CREATE TABLESPACE small LOCATION '{}'", disk.0.display());
    admin.batch_execute(&tablespace).await.unwrap();
    admin.batch_execute("CREATE DATABASE lookback TABLESPACE small").await.unwrap();
    let url = postgres.url("lookback");
    let made = place.run(&["bootstrap", "--json", "--database", &url]).ok();
    let access = Access::from_json(&serde_json::from_str(&made).unwrap());
    let flags = ["serve", "--listen", "127.0.0.1:0", "--database", &url];
    let (mut server, client) = (place.serve_with(&flags, &[]), client());
    let ready = async || {
        let answer = client.get(format!("{}/readyz", server.url)).send().await.unwrap();
        (answer.status().as_u16(), answer.headers().contains_key("retry-after"))
    };
    assert_eq!((access.set_oura(&client, &server, 1).await, ready().await), (200, (200, false)));
    let ballast = disk.0.join("ballast");
    std::fs::write(&ballast, vec![0; 32 << 20]).unwrap_err();
    let mut last = 1;
    let full = loop {
        match access.set_oura(&client, &server, last + 1).await {
            200 if last < 365 => last += 1,
            status => break status,
        }
    };
    assert_eq!(full, 503, "the audit log grows with each change");
    assert_eq!(ready().await, (503, true));
    assert_eq!(access.oura(&client, &server).await, json!(last), "reading goes on");
    std::fs::remove_file(&ballast).unwrap();
    assert_eq!(ready().await, (200, false));
    assert_eq!(access.set_oura(&client, &server, 365).await, 200);
    assert_eq!(access.oura(&client, &server).await, json!(365));
    assert_eq!(server.end(Signal::TERM).0.code(), Some(0));
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

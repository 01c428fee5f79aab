//! Whoever tries keys is slowed; whoever has one is not.

use http::header;

use crate::support::{TestApp, us};

const HERE: &str = "203.0.113.9";

/// As many wrong keys as are taken at once.
async fn exhausted() -> TestApp {
    let app = TestApp::init().await;
    for n in 0..20 {
        app.get(&us()).key(&format!("mg_{n}")).from(HERE).await.refused(401);
    }
    app
}

#[tokio::test]
async fn too_many_wrong_keys_are_told_when_to_try_again() {
    let app = exhausted().await;
    let answer = app.get(&us()).key("mg_x").from(HERE).await;
    insta::assert_json_snapshot!("too_many", answer.refused(429));
    let seconds: i64 = answer.header(&header::RETRY_AFTER).parse().unwrap();
    app.clock.pass(seconds);
    app.get(&us()).key("mg_x").from(HERE).await.refused(401);
    app.get(&us()).key("mg_x").from(HERE).await.refused(429);
}

#[tokio::test]
async fn a_valid_key_is_never_slowed_and_other_addresses_are_not() {
    let app = exhausted().await;
    for _ in 0..50 {
        app.get(&us()).from(HERE).await.ok();
        app.get(&us()).key("mg_x").from(HERE).await.refused(429);
    }
    app.get(&us()).key("mg_x").from("203.0.113.10").await.refused(401);
    app.get(&us()).key("mg_x").from("2001:db8::1").await.refused(401);
}

#[tokio::test]
async fn a_network_of_ipv6_is_one_address() {
    let app = TestApp::init().await;
    for n in 0..20 {
        app.get(&us()).key("mg_x").from(&format!("2001:db8:1:2::{n}")).await.refused(401);
    }
    app.get(&us()).key("mg_x").from("2001:db8:1:2:ffff::1").await.refused(429);
    app.get(&us()).key("mg_x").from("2001:db8:1:3::1").await.refused(401);
}

#[tokio::test]
async fn a_wrong_key_writes_nothing() {
    let app = exhausted().await;
    assert!(app.key_uses.take().is_empty());
    let log = format!("/v1/org/{}/audit_log", crate::support::org_id(1));
    let entries = app.get(&log).await.ok()["entries"].as_array().unwrap().len();
    app.get(&us()).key("mg_x").from(HERE).await.refused(429);
    assert_eq!(app.get(&log).await.ok()["entries"].as_array().unwrap().len(), entries);
}

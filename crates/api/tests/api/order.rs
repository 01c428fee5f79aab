//! Where more than one thing is wrong: which of them is answered.

use http::Method;
use lookback_api::BODY_BYTES_MAX;
use serde_json::{Value, json};

use crate::support::{TestApp, path, team_id, us};

fn too_large() -> Vec<u8> {
    vec![b'x'; BODY_BYTES_MAX + 1]
}

/// A body that the schema accepts and our own rules refuse.
fn against_the_rules(team: u16) -> Value {
    let providers = json!({ "oura": { "default": { "historical_days_to_pull": 366 } } });
    json!({ "team_ids": [team_id(team)], "providers": providers })
}

/// A path outside of the schema.
fn nowhere() -> String {
    path(1, "staging", "us")
}

#[tokio::test]
async fn the_key_comes_before_the_size_of_the_body() {
    let app = TestApp::init().await;
    app.request(Method::POST, &us()).body(too_large()).without_key().await.refused(401);
}

#[tokio::test]
async fn the_key_comes_before_the_schema() {
    let app = TestApp::init().await;
    app.get(&nowhere()).without_key().await.refused(401);
    app.post(&nowhere(), json!(1)).without_key().await.refused(401);
}

#[tokio::test]
async fn the_size_of_the_body_comes_before_the_schema() {
    let app = TestApp::init().await;
    app.request(Method::POST, &nowhere()).body(too_large()).await.refused(413);
}

#[tokio::test]
async fn the_schema_comes_before_the_organisation() {
    let app = TestApp::init().await;
    app.post(&path(99, "production", "us"), json!({})).await.refused(422);
    app.get(&format!("{}?limit=few", path(99, "production", "us"))).await.refused(422);
    app.delete(&format!("{}?provider=dexcom", path(99, "production", "us"))).await.refused(422);
}

#[tokio::test]
async fn the_organisation_comes_before_its_teams() {
    let app = TestApp::init().await;
    let theirs = path(99, "production", "us");
    let query = format!("{theirs}?team_id={}", team_id(9));
    app.get(&query).await.refused(403);
    app.delete(&query).await.refused(403);
    app.post(&theirs, against_the_rules(9)).await.refused(403);
    app.get(&format!("{theirs}?limit=0&next_cursor=garbage")).await.refused(403);
}

#[tokio::test]
async fn the_teams_come_before_our_own_rules() {
    let app = TestApp::init().await;
    app.post(&us(), against_the_rules(9)).await.refused(404);
    app.get(&format!("{}?limit=0&team_id={}", us(), team_id(9))).await.refused(404);
    app.get(&format!("{}?next_cursor=garbage&team_id={}", us(), team_id(9))).await.refused(404);
    app.get(&format!("{}/resolve?limit=0&team_id={}", us(), team_id(9))).await.refused(404);
}

#[tokio::test]
async fn our_own_rules_come_last() {
    let app = TestApp::init().await;
    app.post(&us(), against_the_rules(1)).await.refused(422);
    app.get(&format!("{}?limit=0&team_id={}", us(), team_id(1))).await.refused(422);
}

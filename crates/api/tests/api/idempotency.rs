//! `Idempotency-Key`: what is created once, however often it is asked for.

use serde_json::{Value, json};

use crate::support::{TestApp, TestRequest, org_id, team_id};

fn at(what: &str) -> String {
    format!("/v1/org/{}/{what}", org_id(1))
}

fn once(request: TestRequest, token: &str) -> TestRequest {
    request.header("idempotency-key", token)
}

async fn teams(app: &TestApp) -> usize {
    app.get(&at("team")).await.ok()["teams"].as_array().unwrap().len()
}

fn team() -> Value {
    json!({ "name": "Once", "region": "us" })
}

#[tokio::test]
async fn a_repeated_creation_gives_the_same_answer_without_a_second_effect() {
    let app = TestApp::init().await;
    let first = once(app.post(&at("team"), team()), "t").await.ok();
    app.clock.pass(3_600);
    let written_otherwise = once(app.request(http::Method::POST, &at("team")), "t");
    let again =
        written_otherwise.body(r#" {"region":"us", "name":"Once", "integration_team_id":null}"#).await.ok();
    assert_eq!((again, teams(&app).await), (first, 2));
    once(app.post(&at("team"), team()), "u").await.ok();
    assert_eq!(teams(&app).await, 3);
}

#[tokio::test]
async fn another_request_under_the_same_token_is_refused() {
    let app = TestApp::init().await;
    once(app.post(&at("team"), team()), "t").await.ok();
    let said =
        once(app.post(&at("team"), json!({ "name": "Twice", "region": "us" })), "t").await.refused(422);
    insta::assert_json_snapshot!("mismatch", said);
    once(app.post(&at("management_key"), json!({ "label": "", "role": "org_admin" })), "t")
        .await
        .refused(422);
    assert_eq!(teams(&app).await, 2);
}

#[tokio::test]
async fn a_key_is_made_once_and_its_repetition_names_it() {
    let app = TestApp::init().await;
    let make = || once(app.post(&at("management_key"), json!({ "label": "", "role": "org_admin" })), "t");
    let made = make().await.ok();
    let said = make().await.refused(409);
    let said = said.as_str().unwrap();
    assert!(
        said.contains(made["id"].as_str().unwrap()) && !said.contains(made["key"].as_str().unwrap()),
        "{said}"
    );
    assert_eq!(app.get(&at("management_key")).await.ok()["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_application_is_stored_once() {
    let app = TestApp::init().await;
    let credentials = at("team_custom_credentials/production/us");
    let body = json!({ "team_id": team_id(1), "provider": "strava", "client_secret": "s" });
    let first = once(app.post(&credentials, &body), "t").await.ok();
    app.clock.pass(60);
    assert_eq!(once(app.post(&credentials, &body), "t").await.ok(), first);
    app.post(&credentials, json!({ "team_id": team_id(1), "provider": "strava", "client_id": "other" }))
        .await
        .ok();
    once(app.post(&credentials, &body), "t").await.refused(409);
}

#[tokio::test]
async fn a_token_is_forgotten_after_a_day_and_is_each_keys_own() {
    let app = TestApp::init().await;
    once(app.post(&at("team"), team()), "t").await.ok();
    let other = app.post(&at("management_key"), json!({ "label": "", "role": "org_admin" })).await.ok();
    once(app.post(&at("team"), team()), "t").key(other["key"].as_str().unwrap()).await.ok();
    assert_eq!(teams(&app).await, 3);
    app.clock.pass(24 * 3_600 + 1);
    once(app.post(&at("team"), team()), "t").await.ok();
    assert_eq!(teams(&app).await, 4);
}

#[tokio::test]
async fn what_is_refused_takes_no_token() {
    let app = TestApp::init().await;
    once(
        app.post(&at("team"), json!({ "name": "", "region": "us", "reject_duplicate_connection": true })),
        "t",
    )
    .await
    .refused(422);
    once(app.post(&at("team"), team()), "t").await.ok();
}

#[tokio::test]
async fn a_token_is_visible_ascii_and_one() {
    let app = TestApp::init().await;
    for token in ["", "a b", "\u{e9}", &"a".repeat(256)] {
        let said = once(app.post(&at("team"), team()), token).await.refused(422);
        assert_eq!(said[0]["loc"], json!(["header", "Idempotency-Key"]));
    }
    once(once(app.post(&at("team"), team()), "a"), "b").await.refused(422);
    once(app.post(&at("team"), team()), &"a".repeat(255)).await.ok();
}

#[tokio::test]
async fn a_number_of_any_size_in_a_request_with_a_token_is_as_good_as_another() {
    let app = TestApp::init().await;
    let number = "9".repeat(4_000);
    let body = format!(
        r#"{{"team_id": "{}", "provider": "strava", "details": {{"quest": {{"n": {number}}}}}}}"#,
        team_id(1)
    );
    let credentials = at("team_custom_credentials/production/us");
    let said = once(app.request(http::Method::POST, &credentials).body(body), "t").await.refused(422);
    assert_eq!(said[0]["msg"], "these are not the details of strava");
}

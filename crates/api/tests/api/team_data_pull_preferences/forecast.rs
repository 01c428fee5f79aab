//! `POST …/forecast`

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{TestApp, path, team_id, us};

fn url() -> String {
    format!("{}/forecast", us())
}

fn days(days: i64) -> Value {
    json!({ "default": { "historical_days_to_pull": days } })
}

/// The forecast of one team's Strava for some assumptions.
async fn forecast(app: &TestApp, asked: i64, assume: Value) -> Value {
    let body = json!({ "team_ids": [team_id(1)], "providers": { "strava": days(asked) }, "assume": assume });
    app.post(&url(), body).await.ok()["forecasts"]["strava"].clone()
}

#[tokio::test]
async fn a_forecast_has_all_that_a_decision_needs() {
    let app = TestApp::init().await;
    let assume = json!({ "connections": { "strava": 20 }, "other_connections": { "strava": 400 } });
    let body = json!({ "team_ids": [team_id(1)], "providers": { "strava": days(30) }, "assume": assume });
    // What the scheduler comes to is the engine's claim; here it is the shape, and what follows from the catalog.
    assert_json_snapshot!(app.post(&url(), body).await.ok(), {
        ".**.summary" => "[summary]",
        ".**.certainty" => "[certainty]",
        ".**.finish_ms_p50" => "[ms]",
        ".**.finish_ms_p90" => "[ms]",
        ".**.lower_bound_ms" => "[ms]",
        ".**.period_ms" => "[ms]",
        ".**.lateness_ms_p50" => "[ms]",
        ".**.lateness_ms_p99" => "[ms]",
        ".**.lateness_ms_max" => "[ms]",
        ".**.timeline" => "[timeline]",
    });
}

#[tokio::test]
async fn times_are_in_order_and_the_timeline_has_all_requests() {
    let app = TestApp::init().await;
    let answer = forecast(&app, 60, json!({ "connections": { "strava": 40 } })).await;
    let side = &answer["proposed"];
    let ms = |key: &str| side[key].as_u64().unwrap();
    assert!(ms("lower_bound_ms") <= ms("finish_ms_p50") && ms("finish_ms_p50") <= ms("finish_ms_p90"));
    let drawn: u64 =
        side["timeline"]["history"].as_array().unwrap().iter().map(|slot| slot.as_u64().unwrap()).sum();
    // People differ, and some requests are made twice.
    assert!(drawn.abs_diff(ms("requests")) * 5 < ms("requests"), "{drawn}");
    assert!(answer["summary"].as_str().unwrap().contains("60 days of history"));
}

#[tokio::test]
async fn the_same_question_has_the_same_answer_and_nothing_is_stored() {
    let app = TestApp::init().await;
    let before = app.stored().await;
    let ask = || forecast(&app, 365, json!({ "connections": { "strava": 300 } }));
    let (one, other) = tokio::join!(ask(), ask());
    assert_eq!(one, other);
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn it_is_compared_with_what_the_team_prefers_today() {
    let app = TestApp::init().await;
    let stored = json!({ "team_ids": [team_id(1)], "providers": { "strava": days(90) } });
    app.post(&us(), stored).await.ok();
    let answer = forecast(&app, 30, json!({ "connections": { "strava": 10 } })).await;
    assert_eq!((&answer["today"]["days"], &answer["proposed"]["days"]), (&json!(90), &json!(30)));
    assert!(answer["today"]["requests"].as_u64() > answer["proposed"]["requests"].as_u64());
}

#[tokio::test]
async fn what_is_assumed_can_be_said_and_is_repeated() {
    let app = TestApp::init().await;
    let assume = json!({
        "connections": { "strava": 3 },
        "oauth_application": { "strava": "own" },
        "records_per_day": { "strava": { "workouts": 2 } },
        "poll_seconds": { "strava": "3600" },
        "new_connections_per_day": null,
    });
    let answer = forecast(&app, 100, assume).await;
    assert_json_snapshot!(answer["assumed"]);
    // The profile, a page of 200 workouts, and a call for each.
    assert_eq!(answer["proposed"]["requests_per_connection"], json!(1 + 1 + 200));
    assert_eq!(answer["own_application"], Value::Null);
}

#[tokio::test]
async fn no_teams_or_no_providers_forecast_nothing() {
    let app = TestApp::init().await;
    let none = json!({ "team_ids": [], "providers": { "strava": days(30) } });
    assert_eq!(app.post(&url(), none).await.ok()["forecasts"], json!({}));
    let none = json!({ "team_ids": [team_id(1)], "providers": {} });
    assert_eq!(app.post(&url(), none).await.ok()["forecasts"], json!({}));
}

#[tokio::test]
async fn what_our_own_rules_refuse_is_said_at_once() {
    let app = TestApp::init().await;
    let assume = json!({
        "connections": { "strava": -1, "oura": 100_000 },
        "other_connections": { "strava": 100_001, "oura": 1 },
        "new_connections_per_day": { "strava": 1_001 },
        "records_per_day": { "strava": { "workouts": 0 } },
        "poll_seconds": { "strava": 59 },
    });
    let providers = json!({ "strava": days(366), "oura": days(30) });
    let body = json!({ "team_ids": [team_id(1)], "providers": providers, "assume": assume });
    assert_json_snapshot!(app.post(&url(), body).await.refused(422));
}

#[tokio::test]
async fn what_the_schema_refuses_is_said_at_once() {
    let app = TestApp::init().await;
    let assume = json!({
        "connections": { "strava": 1.5, "dexcom": 1 },
        "oauth_application": { "strava": "theirs" },
        "records_per_day": { "strava": { "workouts": "many", "dreams": 1 }, "oura": { "sleep": null } },
    });
    let body = json!({ "team_ids": ["x"], "providers": {}, "assume": assume });
    assert_json_snapshot!(app.post(&url(), body).await.refused(422));
}

#[tokio::test]
async fn the_order_of_refusals_is_that_of_every_route() {
    let app = TestApp::init().await;
    let theirs = format!("{}/forecast", path(99, "production", "us"));
    let wrong = json!({ "team_ids": [team_id(9)], "providers": { "oura": days(366) } });
    app.post(&theirs, json!({})).await.refused(422);
    app.post(&theirs, wrong.clone()).await.refused(403);
    app.post(&url(), wrong).without_key().await.refused(401);
    let wrong = json!({ "team_ids": [team_id(9)], "providers": { "oura": days(366) } });
    app.post(&url(), wrong).await.refused(404);
    let teams: Vec<_> = (0..101).map(|_| team_id(1)).collect();
    let repeated = json!({ "team_ids": teams, "providers": {} });
    app.post(&url(), repeated).await.ok();
}

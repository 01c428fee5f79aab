//! `POST …/forecast`

use insta::assert_json_snapshot;
use lookback_domain::Region;
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
async fn a_team_that_stored_an_application_is_reckoned_with_on_its_own() {
    let app = TestApp::init().await.with_team(Region::Us).await;
    let assume = json!({ "connections": { "strava": 20 }, "other_connections": { "strava": 400 } });
    let credentials = us().replace("team_data_pull_preferences", "team_custom_credentials");
    let own =
        json!({ "team_id": team_id(1), "provider": "strava", "client_id": "1", "client_secret": "s3cret" });
    let stored = app.post(&credentials, own).await.ok();
    let answer = forecast(&app, 30, assume.clone()).await;
    assert_eq!(
        (&answer["teams_on_own_application"], &answer["quota_basis"]),
        (&json!(1), &json!("documented"))
    );
    assert_eq!(
        (&answer["assumed"]["oauth_application"], &answer["own_application"]),
        (&json!("own"), &json!(null))
    );
    assert_eq!(answer["proposed"]["polling_during"]["others"], json!(null), "nobody else is on it");

    let windows = json!({ "windows": [{ "limit": 9_000, "seconds": 86_400, "kind": "aligned" }] });
    app.put(&format!("{credentials}/{}/quota", stored["id"].as_str().unwrap()), windows).await.ok();
    let granted = forecast(&app, 365, assume.clone()).await;
    assert_eq!(granted["quota_basis"], json!("own"));
    assert!(granted["summary"].as_str().unwrap().contains("the quota that was set for it"), "{granted}");

    // Somebody else's application is none of this team's, nor is that of another environment.
    let body = json!({ "team_ids": [team_id(1), team_id(2)], "providers": { "strava": days(30) }, "assume": assume });
    let both = app.post(&url(), body.clone()).await.ok()["forecasts"]["strava"].clone();
    assert_eq!(
        (&both["teams_on_own_application"], &both["assumed"]["oauth_application"]),
        (&json!(1), &json!("shared"))
    );
    assert_eq!(
        both["proposed"]["requests"].as_u64(),
        answer["proposed"]["requests"].as_u64().map(|one| 2 * one)
    );
    let sandbox = format!("{}/forecast", path(1, "sandbox", "us"));
    let sandbox = app.post(&sandbox, body).await.ok()["forecasts"]["strava"].clone();
    assert_eq!(sandbox["teams_on_own_application"], json!(0));
    let shared = json!({ "oauth_application": { "strava": "shared" } });
    assert_eq!(forecast(&app, 30, shared).await["teams_on_own_application"], json!(0));
}

#[tokio::test]
async fn what_is_known_of_a_provider_can_be_assumed_otherwise() {
    let app = TestApp::init().await;
    let assume = json!({
        "quota": { "strava": { "windows": [{ "limit": "5", "seconds": 60, "kind": "log" }] } },
        "request": { "strava": [{ "resources": ["workouts", "workout_stream"], "page_size": 10 }] },
        "records_per_day": { "strava": { "workouts": 1 } },
    });
    let answer = forecast(&app, 100, assume).await;
    assert_eq!(answer["quota_basis"], json!("requested"));
    assert_eq!(answer["proposed"]["requests_per_connection"], json!(1 + 10 + 100));
    let wrong = json!({
        "quota": { "strava": { "windows": [{ "limit": 0, "seconds": 1e10 }] } },
        "request": { "strava": [{ "resources": ["sleep"], "page_size": 0, "span_days": 366 }] },
    });
    let ask = |assume: Value| json!({ "team_ids": [team_id(1)], "providers": { "strava": days(9) }, "assume": assume });
    assert_json_snapshot!(app.post(&url(), ask(wrong)).await.refused(422));
    for (wrong, said) in [
        (json!({ "quota": { "strava": { "windows": [], "user_windows": [] } } }), "at least one window"),
        (
            json!({ "request": { "strava": [{ "resources": ["sleep"] }] } }),
            "name the `resources` of one of these",
        ),
        (
            json!({ "request": { "oura": [{ "resources": ["profile"], "page_size": 9 }] } }),
            "say in `records_per_day`",
        ),
    ] {
        let refused = app.post(&url(), ask(wrong)).await.refused(422);
        assert!(refused[0]["msg"].as_str().unwrap().contains(said), "{refused}");
    }
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

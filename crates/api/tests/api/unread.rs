//! Large answers that clients do not take are bounded in all, and small ones go on beside them.

use http::{StatusCode, header};
use lookback_api::Limits;
use lookback_domain::{Region, TeamId};
use serde_json::{Value, json};

use crate::support::{TestApp, team_id, us};

/// Enough teams that all of them are more than a small answer.
const TEAMS: u16 = 30;

/// Room for one answer with all teams, and not for two.
const ROOM: usize = 160_000;

async fn app() -> TestApp {
    let app = TestApp::limited(Limits { answer_bytes_max: ROOM, ..Limits::default() }).await;
    for n in 2..=TEAMS {
        app.add_team(1, n, Region::Us).await;
    }
    app
}

fn all() -> Vec<TeamId> {
    (1..=TEAMS).map(team_id).collect()
}

fn oura(teams: &[TeamId], days: i64) -> Value {
    json!({ "team_ids": teams, "providers": { "oura": { "default": { "historical_days_to_pull": days } } } })
}

#[tokio::test]
async fn a_read_whose_answer_finds_no_room_is_a_503_until_others_are_taken() {
    let app = app().await;
    let page = format!("{}?limit={TEAMS}", us());
    let unread = app.get(&page).unread().await;
    assert_eq!(unread.status(), StatusCode::OK);
    let busy = app.get(&page).await;
    assert_eq!(busy.refused(503), "The server is busy; repeat the request later.");
    assert_eq!(busy.header(&header::RETRY_AFTER), "1");
    app.get(&us()).await.ok();
    app.post(&us(), oura(&[team_id(1)], 7)).await.ok();
    drop(unread);
    app.get(&page).await.ok();
}

#[tokio::test]
async fn a_change_whose_answer_finds_no_room_is_not_made() {
    let app = app().await;
    let unread = app.post(&us(), oura(&all(), 7)).unread().await;
    assert_eq!(unread.status(), StatusCode::OK);
    let before = app.stored().await;
    app.post(&us(), oura(&all(), 8)).await.refused(503);
    assert_eq!(app.stored().await, before);
    drop(unread);
    app.post(&us(), oura(&all(), 8)).await.ok();
    assert_ne!(app.stored().await, before);
}

#[tokio::test]
async fn a_forecast_whose_answer_finds_no_room_is_not_reckoned() {
    let app = app().await;
    let forecast = |providers: &[&str]| {
        let preference = json!({ "default": { "historical_days_to_pull": 7 } });
        let chosen = providers.iter().map(|&provider| (provider.to_owned(), preference.clone()));
        let body = json!({ "team_ids": [], "providers": chosen.collect::<serde_json::Map<_, _>>() });
        app.post(&format!("{}/forecast", us()), body)
    };
    let many = ["fitbit", "oura", "strava", "wahoo", "withings"];
    let unread = app.get(&format!("{}?limit={TEAMS}", us())).unread().await;
    assert_eq!(unread.status(), StatusCode::OK);
    forecast(&many).await.refused(503);
    forecast(&many[..1]).await.ok();
    drop(unread);
    forecast(&many).await.ok();
}

#[tokio::test]
async fn a_change_whose_answer_has_more_than_all_the_room_is_made_where_there_is_no_other() {
    let app = app().await;
    let overrides: serde_json::Map<_, _> = lookback_domain::Resource::ALL
        .iter()
        .map(|resource| (resource.to_string(), json!({ "historical_days_to_pull": 7 })))
        .collect();
    let default = json!({ "historical_days_to_pull": 7 });
    let much = json!({ "default": default, "resource_overrides": overrides });
    app.post(&us(), json!({ "team_ids": all(), "providers": { "oura": much } })).await.ok();
    // What is kept is reckoned with too.
    let (much, before) = (json!({ "team_ids": all(), "providers": {} }), app.get(&us()).unread().await);
    assert_eq!(before.status(), StatusCode::OK);
    let unread = app.post(&us(), much.clone()).unread().await;
    assert_eq!(unread.status(), StatusCode::OK);
    app.post(&us(), much).await.refused(503);
    app.post(&us(), oura(&[team_id(1)], 7)).await.ok();
}

#[tokio::test]
async fn the_documentation_is_the_same_memory_for_everybody_and_takes_no_room() {
    let app = app().await;
    let page = "/docs/swagger-ui-bundle.js";
    let unread = [app.get(page).unread().await, app.get(page).unread().await];
    assert!(unread.iter().all(|answer| answer.status() == StatusCode::OK));
    app.get(&format!("{}?limit={TEAMS}", us())).await.ok();
}

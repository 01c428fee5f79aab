//! `GET …/resolve`

use insta::assert_json_snapshot;
use lookback_domain::{Region, Resource};
use serde_json::{Value, json};

use crate::support::{TestApp, team_id, us};

fn url(query: &str) -> String {
    format!("{}/resolve?{query}", us())
}

/// The windows of one team that stores nothing.
async fn resolved(query: &str) -> Value {
    let app = TestApp::init().await;
    let answer = app.get(&url(query)).await.ok();
    answer["windows"][0]["providers"].clone()
}

/// The windows of one team that prefers these.
async fn resolved_with(providers: Value, query: &str) -> Value {
    let app = TestApp::init().await;
    app.post(&us(), json!({ "team_ids": [team_id(1)], "providers": providers })).await.ok();
    app.get(&url(query)).await.ok()["windows"][0]["providers"].clone()
}

#[tokio::test]
async fn an_override_then_the_default_then_the_catalog_is_asked() {
    let app = TestApp::init().await.with_team(Region::Us).await;
    let body = json!({ "team_ids": [team_id(1)], "providers": { "oura": {
        "default": { "historical_days_to_pull": 120 },
        "resource_overrides": { "sleep": { "historical_days_to_pull": 180 } },
    }}});
    app.post(&us(), body).await.ok();
    assert_json_snapshot!(app.get(&url("provider=oura&resource=sleep&resource=activity")).await.ok());
}

#[tokio::test]
async fn fitbits_timeseries_stay_at_14_days() {
    let asked = json!({ "fitbit": { "default": { "historical_days_to_pull": 365 } } });
    assert_json_snapshot!(resolved_with(asked, "provider=fitbit&resource=heartrate&resource=activity").await);
}

#[tokio::test]
async fn polar_backfills_sleep_alone() {
    assert_json_snapshot!(resolved("provider=polar&resource=sleep&resource=activity").await);
}

#[tokio::test]
async fn health_connect_counts_from_the_first_permission() {
    let query = "provider=health_connect&resource=steps";
    let none = resolved(query).await;
    let connected = resolved(&format!("{query}&connected_at=2026-12-03T12:00:00Z")).await;
    let permitted =
        format!("{query}&connected_at=2026-12-23T12:00:00Z&first_permission_at=2026-12-03T12:00:00Z");
    assert_eq!(resolved(&permitted).await, connected);
    assert_json_snapshot!(json!({ "unknown": none, "in ten days": connected }));
}

#[tokio::test]
async fn a_provider_without_history_says_so() {
    assert_json_snapshot!(resolved("provider=manual&resource=sleep").await);
}

#[tokio::test]
async fn an_own_application_is_advised_where_it_would_help() {
    let asked = || json!({ "strava": { "default": { "historical_days_to_pull": 365 } } });
    let query = "provider=strava&resource=workouts";
    let shared = resolved_with(asked(), query).await;
    assert_eq!(resolved_with(asked(), &format!("{query}&oauth_application=shared")).await, shared);
    let own = resolved_with(asked(), &format!("{query}&oauth_application=own")).await;
    assert_eq!(own["strava"]["workouts"]["advice"], Value::Null);
    assert_json_snapshot!(shared);
}

#[tokio::test]
async fn ingestion_bounds_cut_the_window_at_both_ends() {
    let query = "provider=strava&resource=workouts&ingestion_start=2026-11-15&ingestion_end=2026-11-20";
    assert_json_snapshot!(resolved(query).await);
}

#[tokio::test]
async fn everything_our_own_rules_refuse_is_said_at_once() {
    let app = TestApp::init().await;
    let wrong = "ingestion_start=2026-11-20&ingestion_end=2026-11-19&limit=999&next_cursor=abc";
    let detail = app.get(&url(wrong)).await.refused(422);
    let places: Vec<_> = detail.as_array().unwrap().iter().map(|problem| &problem["loc"][1]).collect();
    assert_eq!(places, ["ingestion_end", "limit", "next_cursor"]);
}

#[tokio::test]
async fn bounds_that_leave_no_day_are_refused() {
    let app = TestApp::init().await;
    let bounds = "ingestion_start=2026-11-20&ingestion_end=2026-11-19";
    assert_json_snapshot!(app.get(&url(bounds)).await.refused(422));
    let unknown = app.get(&url(&format!("{bounds}&team_id={}", team_id(9)))).await;
    unknown.refused(404);
}

#[tokio::test]
async fn what_is_no_time_and_no_date_is_refused() {
    let app = TestApp::init().await;
    let query = "connected_at=yesterday&first_permission_at=2026-11-23T12:00&ingestion_start=2026-02-30\
                 &ingestion_end=&oauth_application=mine&resource=naps&provider=nobody&limit=few";
    assert_json_snapshot!(app.get(&url(query)).await.refused(422));
}

#[tokio::test]
async fn times_and_dates_at_the_ends_of_the_calendar_are_answered() {
    let app = TestApp::init().await;
    for query in [
        "connected_at=-009999-01-02T01:59:59Z",
        "connected_at=9999-12-30T22:00:00Z&first_permission_at=-009999-01-03T00:00:00Z",
        "ingestion_start=-009999-01-01&ingestion_end=9999-12-31",
        "ingestion_start=9999-12-31",
        "ingestion_end=-009999-01-01",
    ] {
        app.get(&url(&format!("provider=health_connect&resource=steps&{query}"))).await.ok();
    }
}

#[tokio::test]
async fn every_configurable_provider_and_every_resource_is_resolved_where_none_is_named() {
    let windows = resolved("").await;
    let providers = windows.as_object().unwrap();
    assert_eq!(providers.len(), 27);
    for resources in providers.values() {
        assert_eq!(resources.as_object().unwrap().len(), Resource::ALL.len());
    }
}

#[tokio::test]
async fn providers_no_preference_can_be_set_for_are_resolved_where_they_are_named() {
    let windows = resolved("provider=manual&provider=dexcom&provider=whoop&resource=sleep").await;
    let days = ["whoop", "manual", "dexcom"].map(|name| windows[name]["sleep"]["days"].as_i64().unwrap());
    assert_eq!(days, [180, 0, 1]);
    assert_eq!(windows.as_object().unwrap().len(), 3);
}

/// The teams of a page of windows, by their place in the list of those the tests make, and its cursor.
fn page(answer: &Value) -> (Vec<String>, Option<String>) {
    let windows = answer["windows"].as_array().unwrap();
    let teams = windows.iter().map(|team| team["team_id"].as_str().unwrap().to_owned());
    (teams.collect(), answer["next_cursor"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn pages_end_early_rather_than_hold_too_many_windows() {
    let mut app = TestApp::init().await;
    for _ in 2..=15 {
        app = app.with_team(Region::Us).await;
    }
    let (mut seen, mut from, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let answer = app.get(&url(&format!("limit=100&next_cursor={from}"))).await.ok();
        let (teams, next) = page(&answer);
        assert!(!teams.is_empty() && teams.len() * 27 * Resource::ALL.len() <= 20_000);
        seen.extend(teams);
        pages += 1;
        let Some(next) = next else { break };
        from = next;
    }
    assert!(pages > 1);
    assert_eq!(seen, (1..=15).map(|n| team_id(n).to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_page_shows_five_teams_where_nothing_is_said_and_at_most_100() {
    let mut app = TestApp::init().await;
    for _ in 2..=6 {
        app = app.with_team(Region::Us).await;
    }
    let (teams, next) = page(&app.get(&url("provider=oura&resource=sleep")).await.ok());
    assert_eq!((teams.len(), next.is_some()), (5, true));
    let detail = app.get(&url("limit=101")).await.refused(422);
    assert_eq!(detail[0]["ctx"], json!({ "le": 100 }));
}

#[tokio::test]
async fn a_cursor_belongs_to_the_facts_it_was_given_out_for() {
    let app = TestApp::init().await.with_team(Region::Us).await;
    let (_, next) = page(&app.get(&url("limit=1&provider=oura&resource=sleep")).await.ok());
    let query = format!("limit=1&provider=oura&resource=sleep&next_cursor={}", next.unwrap());
    app.get(&url(&query)).await.ok();
    for other in ["oauth_application=own", "ingestion_start=2026-11-20", "connected_at=2026-11-20T00:00:00Z"]
    {
        app.get(&url(&format!("{query}&{other}"))).await.refused(422);
    }
    app.get(&url(&query.replace("sleep", "activity"))).await.refused(422);
}

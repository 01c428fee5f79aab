//! `GET`

use insta::assert_json_snapshot;
use lookback_domain::Region;
use serde_json::{Value, json};

use super::{defaults, oura, teams};
use crate::support::{TestApp, path, team_id, us};

#[tokio::test]
async fn every_provider_is_shown_with_its_default_and_its_limit() {
    let app = TestApp::init().await;
    assert_json_snapshot!(app.get(&us()).await.ok());
}

#[tokio::test]
async fn what_is_stored_is_shown_instead_of_the_default() {
    let app = TestApp::init().await.with_team(Region::Us).await;
    app.post(&us(), oura(&[team_id(2)], 33)).await.ok();
    let answer = app.get(&us()).await;
    assert_eq!(defaults(&answer, "oura"), [180, 33]);
    assert_eq!(defaults(&answer, "garmin"), [90, 90]);
}

#[tokio::test]
async fn only_the_providers_asked_for_are_shown() {
    let app = TestApp::init().await;
    let shown = |query: &'static str| {
        let url = format!("{}?{query}", us());
        let app = &app;
        async move {
            let providers = app.get(&url).await.ok()["data_pull_preferences"][0]["providers"].clone();
            providers.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        }
    };
    assert_eq!(shown("provider=oura").await, ["oura"]);
    assert_eq!(shown("provider=polar&provider=oura&provider=polar").await, ["oura", "polar"]);
    assert_eq!(shown("provider=google_health").await, ["google_health"]);
    assert_eq!(shown("unknown=1&provider=oura").await, ["oura"], "unknown parameters are ignored");
}

#[tokio::test]
async fn a_provider_no_preference_can_be_set_for_is_refused() {
    let app = TestApp::init().await;
    let detail = app.get(&format!("{}?provider=dexcom", us())).await.refused(422);
    assert_eq!(detail[0]["type"], "literal_error");
    assert_eq!(detail[0]["loc"], json!(["query", "provider", 0]));
}

#[tokio::test]
async fn teams_that_are_named_are_shown_in_that_order_a_repeated_one_once() {
    let app = TestApp::init().await.with_team(Region::Us).await.with_team(Region::Us).await;
    let [one, two, three] = [1, 2, 3].map(team_id);
    let url = format!("{}?team_id={three}&team_id={one}&team_id={three}", us());
    let page = app.get(&url).await.ok();
    assert_eq!(teams(&page), [three, one]);
    assert_eq!(page["next_cursor"], Value::Null);
    let url = format!("{}?team_id={}", us(), two.to_string().to_uppercase());
    assert_eq!(teams(&app.get(&url).await.ok()), [two], "an id is the same in capitals");
}

#[tokio::test]
async fn more_named_teams_than_a_page_shows_by_default_are_all_shown() {
    let mut app = TestApp::init().await;
    for _ in 2..=12 {
        app = app.with_team(Region::Us).await;
    }
    let named: Vec<_> = (1..=12).rev().map(team_id).collect();
    let query: Vec<_> = named.iter().map(|team| format!("team_id={team}")).collect();
    let page = app.get(&format!("{}?{}", us(), query.join("&"))).await.ok();
    assert_eq!(teams(&page), named);
    assert_eq!(page["next_cursor"], Value::Null);
}

#[tokio::test]
async fn teams_that_are_not_there_are_named() {
    let app = TestApp::init().await.with_team(Region::Eu).await.with_org().await;
    // Not there at all, in another region, of another organisation: the same answer.
    for stranger in [99, 2, 3].map(team_id) {
        let url = format!("{}?team_id={}&team_id={stranger}", us(), team_id(1));
        let detail = app.get(&url).await.refused(404);
        assert_eq!(detail, format!("No such team in this organisation and region: {stranger}."));
    }
}

#[tokio::test]
async fn teams_of_another_organisation_are_not_listed() {
    let app = TestApp::init().await.with_org().await;
    assert_eq!(teams(&app.get(&us()).await.ok()), [team_id(1)]);
    let theirs = app.get(&path(2, "production", "us")).key_of(2).await.ok();
    assert_eq!(teams(&theirs), [team_id(2)]);
}

#[tokio::test]
async fn a_region_without_teams_is_an_empty_page() {
    let app = TestApp::init().await;
    let page = app.get(&path(1, "production", "eu")).await.ok();
    assert_eq!(page, json!({ "data_pull_preferences": [], "next_cursor": null }));
}

#[tokio::test]
async fn without_a_filter_a_team_admin_sees_its_own_teams_page_by_page() {
    let app = TestApp::init().await.with_team(Region::Us).await.with_team(Region::Us).await;
    let (_, key) = app.team_admin(&[1, 3]).await;
    let first = app.get(&format!("{}?limit=1", us())).key(&key).await.ok();
    assert_eq!(teams(&first), [team_id(1)]);
    let next = first["next_cursor"].as_str().unwrap();
    let second = app.get(&format!("{}?limit=1&next_cursor={next}", us())).key(&key).await.ok();
    assert_eq!((teams(&second), &second["next_cursor"]), (vec![team_id(3)], &Value::Null));
}

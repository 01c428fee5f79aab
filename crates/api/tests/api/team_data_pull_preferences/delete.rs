//! `DELETE`

use std::sync::Arc;

use http::Method;
use lookback_domain::{Region, TeamId};
use lookback_store::testing::Model;
use serde_json::{Value, json};

use super::defaults;
use crate::support::{TestApp, TestRequest, key, make_org_of, path, serve, team_id, us};

/// A body that asks one day of three providers for these teams.
fn one_day(teams: &[TeamId]) -> Value {
    let one = json!({ "default": { "historical_days_to_pull": 1 } });
    json!({ "team_ids": teams, "providers": { "oura": one, "garmin": one, "strava": one } })
}

/// Two teams of the first organisation in the United States, a third in Europe, one of another organisation:
/// all with something stored, in both environments.
async fn everything_stored() -> TestApp {
    let app = TestApp::init().await.with_team(Region::Us).await.with_team(Region::Eu).await.with_org().await;
    for env in ["production", "sandbox"] {
        app.post(&path(1, env, "us"), one_day(&[team_id(1), team_id(2)])).await.ok();
        app.post(&path(1, env, "eu"), one_day(&[team_id(3)])).await.ok();
        app.post(&path(2, env, "us"), one_day(&[team_id(4)])).key_of(2).await.ok();
    }
    app
}

/// What is shown of oura, garmin and strava for the teams 1 and 2 in production.
async fn shown(app: &TestApp) -> [Vec<i64>; 3] {
    let answer = app.get(&us()).await;
    ["oura", "garmin", "strava"].map(|provider| defaults(&answer, provider))
}

#[tokio::test]
async fn without_a_filter_everything_of_the_scope_goes_back_and_nothing_else() {
    let app = everything_stored().await;
    assert_eq!(app.delete(&us()).await.ok(), json!({}));
    assert_eq!(shown(&app).await, [[180, 180], [90, 90], [14, 14]]);
    for other in [path(1, "sandbox", "us"), path(1, "production", "eu"), path(1, "sandbox", "eu")] {
        let days = defaults(&app.get(&other).await, "oura");
        assert!(!days.is_empty() && days.iter().all(|&days| days == 1), "{other}");
    }
    for env in ["production", "sandbox"] {
        assert_eq!(defaults(&app.get(&path(2, env, "us")).key_of(2).await, "oura"), [1]);
    }
}

#[tokio::test]
async fn without_a_filter_also_more_teams_go_back_than_one_transaction_takes() {
    let app = TestApp::init().await;
    make_org_of(&*app.store, 2, 2..=2_002).await;
    let (theirs, ends) = (path(2, "production", "us"), [2, 1_001, 1_002, 2_001, 2_002].map(team_id));
    app.post(&theirs, one_day(&ends)).key_of(2).await.ok();
    assert_eq!(app.delete(&theirs).key_of(2).await.ok(), json!({}));
    let query: String = ends.iter().map(|team| format!("team_id={team}&")).collect();
    assert_eq!(defaults(&app.get(&format!("{theirs}?{query}")).key_of(2).await, "oura"), [180; 5]);
}

#[tokio::test]
async fn where_the_store_fails_on_the_way_nobody_is_told_that_nothing_was_changed() {
    let model = Arc::new(Model::new());
    make_org_of(&*model, 2, 2..=1_002).await;
    let (router, theirs) = (serve(model.clone()), path(2, "production", "us"));
    let asked = |method, path: &str| {
        TestRequest::new(router.clone(), method, path).header("x-management-key", key(2))
    };
    let ends = [2, 1_002].map(team_id);
    asked(Method::POST, &theirs).body(one_day(&ends).to_string()).await.ok();
    // The first thousand go back.
    model.break_after(1);
    let detail = asked(Method::DELETE, &theirs).await.refused(503);
    let said = detail.as_str().unwrap();
    assert!(said.contains("outcome is unknown") && said.contains("repeated without harm"), "{said}");
    model.mend();
    let query = format!("{theirs}?team_id={}&team_id={}", ends[0], ends[1]);
    assert_eq!(defaults(&asked(Method::GET, &query).await, "oura"), [180, 1]);
    assert_eq!(asked(Method::DELETE, &theirs).await.ok(), json!({}));
    assert_eq!(defaults(&asked(Method::GET, &query).await, "oura"), [180, 180]);
}

#[tokio::test]
async fn one_team_goes_back() {
    let app = everything_stored().await;
    assert_eq!(app.delete(&format!("{}?team_id={}", us(), team_id(2))).await.ok(), json!({}));
    assert_eq!(shown(&app).await, [[1, 180], [1, 90], [1, 14]]);
}

#[tokio::test]
async fn one_provider_goes_back_for_all_teams() {
    let app = everything_stored().await;
    app.delete(&format!("{}?provider=oura", us())).await.ok();
    assert_eq!(shown(&app).await, [[180, 180], [1, 1], [1, 1]]);
}

#[tokio::test]
async fn some_providers_of_some_teams_go_back() {
    let app = everything_stored().await;
    let url =
        format!("{}?team_id={team}&provider=oura&provider=strava&team_id={team}", us(), team = team_id(1));
    app.delete(&url).await.ok();
    assert_eq!(shown(&app).await, [[180, 1], [1, 1], [14, 1]]);
}

#[tokio::test]
async fn nothing_happens_where_one_team_is_not_there() {
    let app = everything_stored().await;
    let before = app.stored().await;
    for stranger in [99, 3, 4].map(team_id) {
        let url = format!("{}?team_id={}&team_id={stranger}", us(), team_id(1));
        let detail = app.delete(&url).await.refused(404);
        assert_eq!(detail, format!("No such team in this organisation and region: {stranger}."));
    }
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn a_provider_no_preference_can_be_set_for_is_refused() {
    let app = everything_stored().await;
    let before = app.stored().await;
    for provider in ["dexcom", "", "OURA"] {
        let detail = app.delete(&format!("{}?provider={provider}", us())).await.refused(422);
        assert_eq!(detail[0]["type"], "literal_error");
    }
    app.delete(&format!("{}?team_id=", us())).await.refused(422);
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn deleting_again_is_no_error() {
    let app = everything_stored().await;
    app.delete(&us()).await.ok();
    let before = app.stored().await;
    assert_eq!(app.delete(&us()).await.ok(), json!({}));
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn a_body_does_not_matter() {
    let app = everything_stored().await;
    let url = format!("{}?team_id={}", us(), team_id(2));
    assert_eq!(app.delete(&url).body("{ not JSON").await.ok(), json!({}));
}

#[tokio::test]
async fn without_a_filter_a_team_admin_takes_back_what_is_its_own_teams() {
    let app = everything_stored().await;
    let (_, key) = app.team_admin(&[2]).await;
    app.delete(&us()).key(&key).await.ok();
    assert_eq!(shown(&app).await, [[1, 180], [1, 90], [1, 14]]);
}

#[tokio::test]
async fn of_teams_that_a_key_does_not_see_nothing_is_taken_back() {
    let app = everything_stored().await;
    let (_, key) = app.team_admin(&[2]).await;
    let query = format!("{}?team_id={}&team_id={}", us(), team_id(2), team_id(1));
    app.delete(&query).key(&key).await.refused(404);
    assert_eq!(shown(&app).await, [[1, 1], [1, 1], [1, 1]]);
}

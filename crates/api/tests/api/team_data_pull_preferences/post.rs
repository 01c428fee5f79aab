//! `POST`

use insta::assert_json_snapshot;
use lookback_domain::Region;
use serde_json::{Value, json};

use super::{defaults, oura, shown, teams};
use crate::support::{TestApp, TestRequest, key, path, team_id, us};
use http::Method;

/// The body of the contract's page as it is printed there, but for the team's id.
const EXAMPLE: &str = r#"{
      "team_ids": [
          "<uuid>"
      ],
      "providers": {
          "oura": {
              "default": {
                  "historical_days_to_pull": 120
              },
              "resource_overrides": {
                  "sleep": {
                      "historical_days_to_pull": 180
                  }
              }
          }
      }
  }"#;

/// What `curl --data` says of a body, whatever the body is.
const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn the_contracts_example_works_as_printed() {
    let app = TestApp::init().await;
    let body = EXAMPLE.replace("<uuid>", &team_id(1).to_string());
    let request = app.request(Method::POST, &us()).without_key().header("x-vital-org-key", key(1));
    let answer = request.header("content-type", FORM).body(body.clone()).await;
    assert_json_snapshot!(answer.ok());

    let request = app.request(Method::POST, &us()).body(body);
    assert_eq!(request.await.ok(), answer.ok(), "also without any content type");
}

#[tokio::test]
async fn the_answer_is_the_entry_that_get_shows() {
    let app = TestApp::init().await.with_team(Region::Us).await;
    app.post(&us(), oura(&[team_id(2)], 7)).await.ok();
    let body = json!({ "team_ids": [team_id(1), team_id(2)], "providers": {
        "fitbit": { "default": { "historical_days_to_pull": 30 } },
    }});
    let posted = app.post(&us(), body).await.ok();
    assert_eq!(posted, app.get(&us()).await.ok());
    assert_eq!(posted["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_named_provider_is_replaced_as_a_whole_and_the_others_stay() {
    let app = TestApp::init().await;
    let days = |days: i64| json!({ "historical_days_to_pull": days });
    let body = json!({ "team_ids": [team_id(1)], "providers": {
        "oura": { "default": days(120), "resource_overrides": { "sleep": days(180), "steps": days(3) } },
        "garmin": { "default": days(10), "resource_overrides": { "sleep": days(20) } },
    }});
    app.post(&us(), body).await.ok();
    let before = app.get(&us()).await;

    let body = json!({ "team_ids": [team_id(1)], "providers": {
        "oura": { "default": days(5), "resource_overrides": { "activity": days(6) } },
    }});
    let after = app.post(&us(), body).await;
    assert_json_snapshot!(shown(&after, "oura"));
    let others = |answer: &crate::support::Answer| {
        let mut providers = answer.ok()["data_pull_preferences"][0]["providers"].clone();
        providers.as_object_mut().unwrap().remove("oura");
        providers
    };
    assert_eq!(others(&after), others(&before));
}

#[tokio::test]
async fn a_request_happens_for_all_of_its_teams() {
    let app = TestApp::init().await.with_team(Region::Us).await.with_team(Region::Us).await;
    app.post(&us(), oura(&[team_id(1), team_id(3)], 33)).await.ok();
    assert_eq!(defaults(&app.get(&us()).await, "oura"), [33, 180, 33]);
}

#[tokio::test]
async fn one_unknown_team_is_named_and_nothing_happens_for_the_others() {
    let app = TestApp::init().await.with_team(Region::Eu).await.with_org().await;
    let before = app.stored().await;
    // Not there at all, in another region, of another organisation.
    for stranger in [99, 2, 3] {
        let teams = [team_id(1), team_id(stranger)];
        let detail = app.post(&us(), oura(&teams, 33)).await.refused(404);
        let said = format!("No such team in this organisation and region: {}.", team_id(stranger));
        assert_eq!(detail, said);
    }
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn every_unknown_team_is_named_once_in_the_order_of_the_request() {
    let app = TestApp::init().await;
    let asked = [9, 1, 7, 9, 8].map(team_id);
    let detail = app.post(&us(), oura(&asked, 33)).await.refused(404);
    let [nine, seven, eight] = [9, 7, 8].map(team_id);
    assert_eq!(detail, format!("No such team in this organisation and region: {nine}, {seven}, {eight}."));
}

#[tokio::test]
async fn sending_it_again_changes_nothing() {
    let app = TestApp::init().await;
    let first = app.post(&us(), oura(&[team_id(1)], 33)).await.ok();
    let stored = app.stored().await;
    assert_eq!(app.post(&us(), oura(&[team_id(1)], 33)).await.ok(), first);
    assert_eq!(app.stored().await, stored);
}

#[tokio::test]
async fn teams_come_back_in_the_order_of_the_request_a_repeated_one_once() {
    let app = TestApp::init().await.with_team(Region::Us).await.with_team(Region::Us).await;
    let asked = [3, 1, 3, 2, 1].map(team_id);
    let page = app.post(&us(), oura(&asked, 33)).await.ok();
    assert_eq!(teams(&page), [3, 1, 2].map(team_id));
}

#[tokio::test]
async fn without_teams_nothing_changes() {
    let app = TestApp::init().await;
    let answer = app.post(&us(), oura(&[], 33)).await;
    assert_eq!(answer.ok(), json!({ "data_pull_preferences": [], "next_cursor": null }));
    assert_eq!(defaults(&app.get(&us()).await, "oura"), [180]);
}

#[tokio::test]
async fn without_providers_nothing_changes() {
    let app = TestApp::init().await;
    app.post(&us(), oura(&[team_id(1)], 33)).await.ok();
    let before = app.get(&us()).await.ok();
    let answer = app.post(&us(), json!({ "team_ids": [team_id(1)], "providers": {} })).await;
    assert_eq!(answer.ok(), before);
    assert_eq!(app.get(&us()).await.ok(), before);
    let unknown = app.post(&us(), json!({ "team_ids": [team_id(9)], "providers": {} })).await;
    assert!(unknown.refused(404).as_str().unwrap().contains(&team_id(9).to_string()));
}

#[tokio::test]
async fn no_overrides_are_shown_as_null_however_they_were_left_out() {
    let app = TestApp::init().await;
    let body = |preference: Value| json!({ "team_ids": [team_id(1)], "providers": { "oura": preference } });
    let default = json!({ "historical_days_to_pull": 33 });
    for preference in [
        json!({ "default": default }),
        json!({ "default": default, "resource_overrides": null }),
        json!({ "default": default, "resource_overrides": {} }),
    ] {
        let overridden = json!({ "default": default, "resource_overrides": { "sleep": default } });
        app.post(&us(), body(overridden)).await.ok();
        let answer = app.post(&us(), body(preference.clone())).await;
        let oura = shown(&answer, "oura");
        assert_eq!(oura["resource_overrides"], Value::Null, "{preference}");
        assert!(oura.as_object().unwrap().contains_key("resource_overrides"));
    }
}

#[tokio::test]
async fn no_days_at_all_can_be_preferred() {
    let app = TestApp::init().await;
    let answer = app.post(&us(), oura(&[team_id(1)], 0)).await;
    let default = json!({ "historical_days_to_pull": 0, "historical_days_to_pull_limit": 365 });
    assert_eq!(shown(&answer, "oura")["default"], default);
    assert_eq!(defaults(&app.get(&us()).await, "oura"), [0], "which is not the same as nothing stored");
}

#[tokio::test]
async fn google_health_is_taken_beyond_the_contracts_list() {
    let app = TestApp::init().await;
    let body = json!({ "team_ids": [team_id(1)], "providers": {
        "google_health": { "default": { "historical_days_to_pull": 12 } },
    }});
    assert_eq!(defaults(&app.post(&us(), body).await, "google_health"), [12]);
}

#[tokio::test]
async fn environments_are_separate() {
    let app = TestApp::init().await;
    let sandbox = path(1, "sandbox", "us");
    app.post(&sandbox, oura(&[team_id(1)], 33)).await.ok();
    assert_eq!(defaults(&app.get(&sandbox).await, "oura"), [33]);
    assert_eq!(defaults(&app.get(&us()).await, "oura"), [180]);
}

#[tokio::test]
async fn regions_are_separate() {
    let app = TestApp::init().await.with_team(Region::Eu).await;
    let eu = path(1, "production", "eu");
    app.post(&eu, oura(&[team_id(2)], 33)).await.ok();
    assert_eq!(teams(&app.get(&eu).await.ok()), [team_id(2)]);
    assert_eq!(teams(&app.get(&us()).await.ok()), [team_id(1)]);
    assert_eq!(defaults(&app.get(&us()).await, "oura"), [180]);
    app.post(&eu, oura(&[team_id(1)], 33)).await.refused(404);
}

#[tokio::test]
async fn thousands_of_teams_can_be_named() {
    let app = TestApp::init().await;
    let asked: Vec<_> = (0..20_000).map(|n| team_id(n + 1)).collect();
    let detail = app.post(&us(), oura(&asked, 33)).await.refused(404);
    let named = detail.as_str().unwrap();
    assert!(!named.contains(&team_id(1).to_string()) && named.contains(&team_id(20_000).to_string()));
}

#[tokio::test]
async fn it_is_stored_once_it_is_answered() {
    let app = TestApp::init().await;
    app.post(&us(), oura(&[team_id(1)], 33)).await.ok();
    let again = crate::support::serve(app.store.clone());
    let request = TestRequest::new(again, Method::GET, &us()).header("x-management-key", key(1));
    assert_eq!(defaults(&request.await, "oura"), [33]);
}

//! `/v1/org/{org_id}/team_custom_credentials/{env}/{region}`

use lookback_domain::Region;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, org_id, team_id};

fn path(env: &str, region: &str) -> String {
    format!("/v1/org/{}/team_custom_credentials/{env}/{region}", org_id(1))
}

fn us() -> String {
    path("production", "us")
}

fn strava(team: u16) -> Value {
    json!({ "team_id": team_id(team), "provider": "strava", "client_id": "id", "client_secret": "s3cret" })
}

fn ids(answer: &Answer) -> Vec<Value> {
    answer.ok()["credentials"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
}

#[tokio::test]
async fn an_application_is_stored_shown_replaced_and_forgotten() {
    let app = TestApp::init().await;
    let stored = app.post(&us(), strava(1)).await.ok();
    insta::assert_json_snapshot!("stored", stored);
    let page = app.get(&us()).await.ok();
    assert_eq!(page, json!({ "credentials": [stored], "next_cursor": null }));
    app.clock.pass(60);
    let body =
        json!({ "team_id": team_id(1), "provider": "strava", "redirect_url_override": "https://a.example" });
    let replaced = app.post(&us(), body).await.ok();
    assert_eq!((&replaced["id"], &replaced["created_at"]), (&stored["id"], &stored["created_at"]));
    insta::assert_json_snapshot!("replaced", replaced);

    let nobody = team_id(7);
    let id = stored["id"].as_str().unwrap();
    let query = format!("{}?credential_id={nobody}&credential_id={id}&credential_id={id}", us());
    let gone = json!({ "success": [id], "failure": [], "not_found": [nobody] });
    assert_eq!(app.delete(&query).await.ok(), gone);
    assert_eq!(ids(&app.get(&us()).await), [json!(null); 0]);
    let again = json!({ "success": [], "failure": [], "not_found": [nobody, id] });
    assert_eq!(app.delete(&query).await.ok(), again);
}

#[tokio::test]
async fn environments_regions_and_providers_are_apart() {
    let app = TestApp::init().await.with_team(Region::Eu).await;
    let one = app.post(&us(), strava(1)).await.ok()["id"].clone();
    let sandbox = app.post(&path("sandbox", "us"), strava(1)).await.ok()["id"].clone();
    app.post(&us(), strava(2)).await.refused(404);
    app.post(&path("production", "eu"), strava(2)).await.ok();
    assert_eq!(ids(&app.get(&us()).await), std::slice::from_ref(&one));
    assert_eq!(ids(&app.get(&path("sandbox", "us")).await), [sandbox]);
    assert_eq!(ids(&app.get(&format!("{}?provider=strava", us())).await), std::slice::from_ref(&one));
    for other in ["oura", "quest", "freestyle_libre"] {
        assert_eq!(ids(&app.get(&format!("{}?provider={other}", us())).await), [json!(null); 0], "{other}");
    }
    let query = format!("{}?credential_id={}", path("sandbox", "us"), one.as_str().unwrap());
    assert_eq!(app.delete(&query).await.ok()["not_found"], json!([one]));
}

#[tokio::test]
async fn only_what_speaks_oauth_and_takes_applications_is_stored() {
    let app = TestApp::init().await;
    for provider in
        ["renpho", "zwift", "apple_health_kit", "whoop", "manual", "quest", "aftership", "getlabs"]
    {
        let said = app.post(&us(), json!({ "team_id": team_id(1), "provider": provider })).await.refused(422);
        assert_eq!(said[0]["loc"], json!(["body", "provider"]), "{provider}");
        assert!(said[0]["msg"].as_str().unwrap().starts_with(provider), "{said}");
    }
    let documented = lookback_api::wire::OAuthProviders::ALL;
    assert_eq!(documented.len(), 17);
    for provider in documented {
        app.post(&us(), json!({ "team_id": team_id(1), "provider": provider })).await.ok();
    }
}

#[tokio::test]
async fn details_are_those_of_the_provider_and_never_shown() {
    let app = TestApp::init().await;
    let body = |provider: &str, details: Value| json!({ "team_id": team_id(1), "provider": provider, "details": details });
    let polar = json!({ "webhook_secret": "p0lar" });
    let stored = app.post(&us(), body("polar", polar.clone())).await;
    assert_eq!(stored.ok()["details"], json!(null));
    let tokens = json!({ "workout_verify_token": "a", "sleep_verify_token": "b", "body_verify_token": "c" });
    app.post(&us(), body("fitbit", json!({ "fitbit": tokens }))).await.ok();
    let said = app.post(&us(), body("strava", polar)).await.refused(422);
    insta::assert_json_snapshot!("others_details", said);
    app.post(&us(), body("polar", json!({}))).await.refused(422);
}

#[tokio::test]
async fn applications_come_in_pages() {
    let app = TestApp::init().await;
    for n in 1..=101 {
        if n > 1 {
            app.add_team(1, n, Region::Us).await;
        }
        app.post(&us(), strava(n)).await.ok();
    }
    let first = app.get(&us()).await;
    let cursor = first.ok()["next_cursor"].as_str().unwrap().to_owned();
    let second = app.get(&format!("{}?next_cursor={cursor}", us())).await;
    assert_eq!((ids(&first).len(), ids(&second).len()), (100, 1));
    app.get(&format!("{}?next_cursor={cursor}&provider=strava", us())).await.refused(422);
    app.get(&format!("{}?next_cursor={cursor}", path("sandbox", "us"))).await.refused(422);
}

#[tokio::test]
async fn a_quota_of_ones_own_is_set_shown_and_taken_back() {
    let app = TestApp::init().await;
    let stored = app.post(&us(), strava(1)).await.ok();
    let at = format!("{}/{}/quota", us(), stored["id"].as_str().unwrap());
    let catalog = app.get(&at).await.ok();
    insta::assert_json_snapshot!("catalog_quota", catalog);
    let own = json!({ "windows": [{ "limit": 200, "seconds": 900, "kind": "aligned" }, { "limit": 2000, "seconds": 86400 }] });
    let set = app.put(&at, &own).await.ok();
    insta::assert_json_snapshot!("own_quota", set);
    assert_eq!(app.get(&at).await.ok(), set);
    app.post(&us(), strava(1)).await.ok();
    assert_eq!(app.get(&at).await.ok(), set, "an upsert leaves the quota alone");
    for wrong in [
        json!({ "windows": [] }),
        json!({ "windows": [{ "limit": 0, "seconds": 1 }] }),
        json!({ "windows": [{ "limit": 1, "seconds": 1e18 }] }),
        json!({ "windows": vec![json!({ "limit": 1, "seconds": 1 }); 5] }),
        json!({ "windows": [{ "limit": 1, "seconds": 1, "kind": "sliding" }] }),
    ] {
        app.put(&at, wrong).await.refused(422);
    }
    assert_eq!(app.delete(&at).await.ok(), catalog);
}

#[tokio::test]
async fn texts_have_a_bound_and_no_nul() {
    let app = TestApp::init().await;
    for (name, text) in [
        ("client_id", "\u{0}".to_owned()),
        ("client_secret", "a".repeat(4_097)),
        ("redirect_url_override", "a".repeat(4_097)),
    ] {
        let mut body = strava(1);
        body[name] = json!(text);
        let said = app.post(&us(), body).await.refused(422);
        assert_eq!(said[0]["loc"], json!(["body", name]));
    }
}

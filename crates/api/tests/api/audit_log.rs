//! `/v1/org/{org_id}/audit_log`

use lookback_domain::Region;
use serde_json::{Value, json};

use crate::support::{TestApp, key_id, org_id, team_id, us};
use crate::team_data_pull_preferences::{everything, oura};

fn log() -> String {
    format!("/v1/org/{}/audit_log", org_id(1))
}

async fn entries(app: &TestApp, query: &str) -> Vec<Value> {
    let page = app.get(&format!("{}?{query}", log())).await.ok();
    page["entries"].as_array().unwrap().clone()
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

/// One change of each kind, by the first organisation's key.
async fn changed() -> TestApp {
    let app = TestApp::init().await;
    let org = format!("/v1/org/{}", org_id(1));
    app.patch(&org, json!({ "name": "Renamed" })).await.ok();
    app.clock.pass(1);
    let team = app.post(&format!("{org}/team"), json!({ "name": "A", "region": "us" })).await.ok();
    let at = format!("{org}/team/{}", team["id"].as_str().unwrap());
    app.patch(&at, json!({ "name": "B" })).await.ok();
    app.clock.pass(1);
    app.post(&us(), oura(&[team_id(1)], 365)).await.ok();
    app.post(&us(), oura(&[team_id(1)], 180)).await.ok();
    app.delete(&us()).await.ok();
    app.clock.pass(1);
    let credentials = format!("{org}/team_custom_credentials/production/us");
    let brought = json!({ "team_id": team_id(1), "provider": "strava", "client_secret": "s3cret" });
    let id = app.post(&credentials, brought).await.ok()["id"].as_str().unwrap().to_owned();
    let quota = json!({ "windows": [{ "limit": 200, "seconds": 900 }] });
    app.put(&format!("{credentials}/{id}/quota"), quota).await.ok();
    app.delete(&format!("{credentials}?credential_id={id}")).await.ok();
    app.clock.pass(1);
    let (id, _) = app.team_admin(&[1]).await;
    let key = format!("{org}/management_key/{id}");
    app.patch(&key, json!({ "label": "x" })).await.ok();
    app.delete(&key).await.ok();
    app.delete(&at).await.ok();
    app
}

#[tokio::test]
async fn every_change_is_recorded_with_who_and_what_before_and_after() {
    let app = changed().await;
    let mut entries = entries(&app, &format!("limit=500&actor={}", key_id(1))).await;
    entries.reverse();
    insta::assert_json_snapshot!("every_change", entries);
}

#[tokio::test]
async fn what_changes_nothing_and_what_is_refused_leave_no_entry() {
    let app = TestApp::init().await;
    let before = entries(&app, "").await;
    let org = format!("/v1/org/{}", org_id(1));
    app.patch(&org, json!({ "name": "org 1" })).await.ok();
    app.patch(&format!("{org}/team/{}", team_id(1)), json!({})).await.ok();
    app.post(&us(), oura(&[], 100)).await.ok();
    app.post(&us(), oura(&[team_id(1)], 366)).await.refused(422);
    app.delete(&us()).await.ok();
    app.delete(&format!("{org}/management_key/{}", key_id(1))).await.refused(409);
    app.get(&us()).await.ok();
    assert_eq!(entries(&app, "").await, before);
}

#[tokio::test]
async fn more_than_the_default_is_recorded_as_acknowledged() {
    let app = TestApp::init().await;
    app.post(&us(), oura(&[team_id(1)], 180)).await.ok();
    app.post(&us(), oura(&[team_id(1)], 181)).await.ok();
    let entries = entries(&app, "action=preferences_set").await;
    assert_eq!(entries[1]["acknowledgement"], json!(null));
    assert_eq!(entries[0]["acknowledgement"], json!({ "oura": { "days": 181, "default": 180 } }));
}

#[tokio::test]
async fn entries_are_found_by_team_actor_action_and_time() {
    let app = changed().await;
    let all = entries(&app, "limit=500").await;
    let found = async |query: &str| entries(&app, &format!("limit=500&{query}")).await.len();
    let counted = |filter: &dyn Fn(&Value) -> bool| all.iter().filter(|entry| filter(entry)).count();
    assert_eq!(
        found(&format!("team_id={}", team_id(1))).await,
        counted(&|entry| entry["team_id"] == json!(team_id(1)))
    );
    assert_eq!(found(&format!("team_id={}", team_id(9))).await, 0);
    assert_eq!(found("actor=command_line").await, counted(&|entry| entry["actor"] == "command_line"));
    assert_eq!(found(&format!("actor={}", key_id(9))).await, 0);
    assert_eq!(found("action=team_updated").await, 1);
    let since = "2026-11-23T12:00:02Z";
    let later = counted(&|entry| entry["at"].as_str().unwrap() >= since);
    assert!(later > 0 && later < all.len());
    assert_eq!(found(&format!("since={since}")).await, later);
    assert_eq!(found(&format!("until={since}")).await, all.len() - later);
    for wrong in ["actor=me", "action=anything", "since=yesterday", "limit=0", "limit=501", "next_cursor=x"] {
        app.get(&format!("{}?{wrong}", log())).await.refused(422);
    }
}

#[tokio::test]
async fn pages_skip_and_repeat_no_entry() {
    let app = changed().await;
    let all = entries(&app, "limit=500").await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("{}?limit=3&next_cursor={cursor}", log())).await.ok();
        seen.extend(page["entries"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
        // What is done meanwhile is newer than where the page begins.
        app.patch(&format!("/v1/org/{}", org_id(1)), json!({ "name": seen.len().to_string() })).await.ok();
    }
    assert_eq!(actions(&seen), actions(&all));
    app.get(&format!("{}?limit=3&next_cursor={cursor}&action=org_updated", log())).await.refused(422);
}

/// Who overrides everything leaves entries that are a thousand times as large as others.
#[tokio::test]
async fn a_page_of_large_entries_ends_early() {
    let app = TestApp::init().await;
    for days in 0..100 {
        app.post(&us(), json!({ "team_ids": [team_id(1)], "providers": everything(22, days) })).await.ok();
    }
    let first = app.get(&format!("{}?limit=500&action=preferences_set", log())).await;
    let cursor = first.ok()["next_cursor"].as_str().unwrap().to_owned();
    assert!(first.bytes.len() < 8 << 20, "{} bytes", first.bytes.len());
    let rest = app.get(&format!("{}?limit=500&action=preferences_set&next_cursor={cursor}", log())).await;
    assert_eq!(rest.ok()["next_cursor"], json!(null));
    let set: Vec<_> = [first.json(), rest.json()]
        .iter()
        .flat_map(|page| page["entries"].as_array().unwrap().clone())
        .map(|entry| entry["after"]["providers"]["oura"]["default"].as_u64().unwrap())
        .collect();
    assert_eq!(set, (0..100).rev().collect::<Vec<_>>(), "each once, the newest first");
}

#[tokio::test]
async fn a_team_admin_sees_what_was_done_to_its_teams() {
    let app = TestApp::init().await.with_team(Region::Us).await;
    app.post(&us(), oura(&[team_id(1), team_id(2)], 9)).await.ok();
    let (_, key) = app.team_admin(&[2]).await;
    let page = app.get(&log()).key(&key).await.ok();
    let seen = page["entries"].as_array().unwrap();
    assert!(!seen.is_empty() && seen.iter().all(|entry| entry["team_id"] == json!(team_id(2))), "{page}");
}

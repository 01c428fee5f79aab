//! `/v1/org/{org_id}/management_key`

use std::collections::BTreeSet;

use lookback_domain::Region;
use lookback_store::KeyGuard;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, key, key_id, org_id, team_id, us};

fn keys() -> String {
    format!("/v1/org/{}/management_key", org_id(1))
}

fn at(id: &impl ToString) -> String {
    format!("{}/{}", keys(), id.to_string().trim_matches('"'))
}

fn bound(teams: &[u16]) -> Value {
    teams.iter().map(|&n| json!({ "team_id": team_id(n) })).collect()
}

fn labels(answer: &Answer) -> Vec<String> {
    let page = answer.ok();
    page["data"].as_array().unwrap().iter().map(|key| key["label"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_key_is_made_shown_once_used_relabelled_and_revoked() {
    let app = TestApp::init().await;
    let made = app.post(&keys(), json!({ "label": "ci", "role": "org_admin" })).await.ok();
    insta::assert_json_snapshot!("made", made, { ".key" => "[key]" });
    let secret = made["key"].as_str().unwrap();
    app.get(&us()).key(secret).await.ok();
    let listed = app.get(&keys()).await;
    assert_eq!(labels(&listed).len(), 2);
    assert!(!String::from_utf8_lossy(&listed.bytes).contains(secret));
    let relabelled = app.patch(&at(&made["id"]), json!({ "label": "deploys" })).await.ok();
    insta::assert_json_snapshot!("relabelled", relabelled);
    assert_eq!(app.delete(&at(&made["id"])).await.ok(), relabelled);
    app.get(&us()).key(secret).await.refused(401);
    app.delete(&at(&made["id"])).await.refused(404);
    app.patch(&at(&made["id"]), json!({})).await.refused(404);
}

#[tokio::test]
async fn a_bound_key_is_rebound() {
    let app = TestApp::init().await.with_team(Region::Us).await;
    let (id, key) = app.team_admin(&[1]).await;
    let seen = async || app.get(&format!("{}?team_id={}", us(), team_id(2))).key(&key).await.status;
    assert_eq!(seen().await, 404);
    let rebound = app.patch(&at(&id), json!({ "team_role_bindings": bound(&[2, 1, 2]) })).await.ok();
    assert_eq!(rebound["team_role_bindings"], bound(&[1, 2]));
    assert_eq!(seen().await, 200);
    app.patch(&at(&id), json!({ "team_role_bindings": bound(&[1]) })).await.ok();
    assert_eq!(seen().await, 404);
    app.patch(&at(&id), json!({ "team_role_bindings": null })).await.ok();
    app.patch(&at(&id), json!({ "team_role_bindings": bound(&[9]) })).await.refused(404);
}

#[tokio::test]
async fn roles_and_bindings_have_to_go_together() {
    let app = TestApp::init().await;
    let make = |role: &str, bindings: Value| {
        app.post(&keys(), json!({ "label": "", "role": role, "team_role_bindings": bindings }))
    };
    make("org_admin", json!(null)).await.ok();
    make("org_admin", json!([])).await.ok();
    insta::assert_json_snapshot!("bound_admin", make("org_admin", bound(&[1])).await.refused(422));
    insta::assert_json_snapshot!("unbound", make("team_admin", json!(null)).await.refused(422));
    make("team_admin", json!([])).await.refused(422);
    make("team_admin", bound(&[9])).await.refused(404);
    let (id, _) = app.team_admin(&[1]).await;
    app.patch(&at(&id), json!({ "team_role_bindings": [] })).await.refused(422);
    app.patch(&at(&key_id(1)), json!({ "team_role_bindings": bound(&[1]) })).await.refused(422);
    app.patch(&at(&key_id(1)), json!({ "team_role_bindings": [] })).await.ok();
}

#[tokio::test]
async fn a_team_admin_reaches_no_further_than_itself() {
    let app = TestApp::init().await.with_team(Region::Us).await;
    let (own, secret) = app.team_admin(&[1]).await;
    let (wider, _) = app.team_admin(&[1, 2]).await;
    let (other, _) = app.team_admin(&[2]).await;
    let make = |role: &str, teams: &[u16]| {
        app.post(&keys(), json!({ "label": "made", "role": role, "team_role_bindings": bound(teams) }))
            .key(&secret)
    };
    let said = make("org_admin", &[]).await.refused(403);
    assert_eq!(said, "The role of this management key does not allow this.");
    for teams in [&[2][..], &[1, 2], &[9]] {
        make("team_admin", teams).await.refused(404);
    }
    make("team_admin", &[]).await.refused(422);
    make("team_admin", &[1]).await.ok();
    assert_eq!(labels(&app.get(&keys()).key(&secret).await), ["of [1]", "made"]);
    let role = format!("{}?role=org_admin", keys());
    assert_eq!(labels(&app.get(&role).key(&secret).await), [""; 0]);
    for id in [wider, other, key_id(1)] {
        app.patch(&at(&id), json!({ "label": "mine" })).key(&secret).await.refused(404);
        app.delete(&at(&id)).key(&secret).await.refused(404);
    }
    app.patch(&at(&own), json!({ "team_role_bindings": bound(&[1, 2]) })).key(&secret).await.refused(404);
    app.patch(&at(&own), json!({ "label": "mine" })).key(&secret).await.ok();
    app.delete(&at(&own)).key(&secret).await.ok();
    app.get(&keys()).key(&secret).await.refused(401);
}

#[tokio::test]
async fn keys_are_listed_by_role_and_team() {
    let app = TestApp::init().await.with_team(Region::Us).await;
    app.team_admin(&[1]).await;
    app.team_admin(&[1, 2]).await;
    let all = async |query: String| labels(&app.get(&format!("{}?{query}", keys())).await);
    assert_eq!(all("role=org_admin".to_owned()).await, ["key of org 1"]);
    assert_eq!(all("role=team_admin".to_owned()).await, ["of [1]", "of [1, 2]"]);
    assert_eq!(all(format!("team_id={}", team_id(2))).await, ["of [1, 2]"]);
    assert_eq!(all(format!("team_id={}&role=org_admin", team_id(2))).await, [""; 0]);
}

#[tokio::test]
async fn more_keys_than_a_page_shows_are_all_shown() {
    let app = TestApp::init().await;
    for n in 0..501 {
        app.post(&keys(), json!({ "label": n.to_string(), "role": "org_admin" })).await.ok();
    }
    let first = app.get(&keys()).await;
    let cursor = first.ok()["next_cursor"].as_str().unwrap().to_owned();
    let second = app.get(&format!("{}?next_cursor={cursor}", keys())).await;
    let shown: BTreeSet<_> = [labels(&first), labels(&second)].concat().into_iter().collect();
    assert_eq!((labels(&first).len(), labels(&second).len(), shown.len()), (500, 2, 502));
    assert_eq!(second.ok()["next_cursor"], json!(null));
    app.get(&format!("{}?next_cursor={cursor}&role=org_admin", keys())).await.refused(422);
}

#[tokio::test]
async fn the_last_admin_stays() {
    let app = TestApp::init().await;
    app.team_admin(&[1]).await;
    let refused = app.delete(&at(&key_id(1))).await;
    insta::assert_json_snapshot!("last_admin", refused.refused(409));
    let expiring = json!({ "label": "", "role": "org_admin", "expires_at": "2026-11-23T12:00:10Z" });
    app.post(&keys(), expiring).await.ok();
    app.clock.pass(10);
    app.delete(&at(&key_id(1))).await.refused(409);
    let made = app.post(&keys(), json!({ "label": "", "role": "org_admin" })).await.ok();
    app.delete(&at(&key_id(1))).key(made["key"].as_str().unwrap()).await.ok();
    app.store
        .delete_key(
            org_id(1),
            made["id"].as_str().unwrap().parse().unwrap(),
            &KeyGuard::none(),
            &lookback_store::testing::by(),
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn a_key_ends_when_it_expires() {
    let app = TestApp::init().await;
    let body = |expires_at: &str| json!({ "label": "", "role": "org_admin", "expires_at": expires_at });
    app.post(&keys(), body("soon")).await.refused(422);
    insta::assert_json_snapshot!("past", app.post(&keys(), body("2026-11-23T12:00:00Z")).await.refused(422));
    let made = app.post(&keys(), body("2026-11-23T12:01:00Z")).await.ok();
    let secret = made["key"].as_str().unwrap();
    app.clock.pass(59);
    app.get(&us()).key(secret).await.ok();
    app.clock.pass(1);
    assert_eq!(app.get(&us()).key(secret).await.refused(401), "This management key has expired.");
    app.patch(&at(&made["id"]), json!({ "label": "still ended" })).await.ok();
    app.get(&us()).key(secret).await.refused(401);
    app.patch(&at(&made["id"]), json!({ "expires_at": null })).await.ok();
    app.get(&us()).key(secret).await.ok();
}

/// Whoever means *never* by the last second there is gets told what comes closest, and that no end is an end that never comes.
#[tokio::test]
async fn an_end_that_is_too_late_to_be_a_time_is_refused_with_the_latest() {
    let app = TestApp::init().await;
    let body = |expires_at: &str| json!({ "label": "", "role": "org_admin", "expires_at": expires_at });
    for late in ["9999-12-31T23:59:59Z", "9999-12-31T00:00:00+00:00"] {
        let detail = app.post(&keys(), body(late)).await.refused(422);
        let said = "Input should be a time no later than 9999-12-30T22:00:00Z";
        assert_eq!((&detail[0]["msg"], &detail[0]["input"]), (&json!(said), &json!(late)));
    }
    for no_time in ["9999-12-31T23:59:59", "9999-12-32T00:00:00Z", "9999-12-31", "never"] {
        let detail = app.post(&keys(), body(no_time)).await.refused(422);
        assert!(detail[0]["msg"].as_str().unwrap().contains("a time with its offset"), "{no_time}: {detail}");
    }
    app.post(&keys(), body("9999-12-30T22:00:00Z")).await.ok();
    app.post(&keys(), body("9999-12-31T00:00:00+02:00")).await.ok();
}

#[tokio::test]
async fn what_a_team_admin_makes_or_changes_ends_no_later_than_itself() {
    let app = TestApp::init().await;
    let body = |end: Option<&str>| json!({ "label": "", "role": "team_admin", "team_role_bindings": bound(&[1]), "expires_at": end });
    let end = "2026-11-23T13:00:00Z";
    let ending = app.post(&keys(), body(Some(end))).await.ok();
    let secret = ending["key"].as_str().unwrap();
    let made = app.post(&keys(), body(None)).key(secret).await.ok();
    let ends = async |id: &Value| app.get(&format!("{}/lifetime", at(id))).await.ok()["expires_at"].clone();
    assert_eq!(ends(&made["id"]).await, end, "where nothing is said");

    let later = "2026-11-23T13:00:01Z";
    let said = app.post(&keys(), body(Some(later))).key(secret).await.refused(422);
    insta::assert_json_snapshot!("outlasting", said);
    for id in [&made["id"], &ending["id"]] {
        for end in [json!(null), json!(later)] {
            app.patch(&at(id), json!({ "expires_at": end })).key(secret).await.refused(422);
        }
        app.patch(&at(id), json!({ "label": "mine" })).key(secret).await.ok();
    }
    app.patch(&at(&made["id"]), json!({ "expires_at": "2026-11-23T12:30:00Z" })).key(secret).await.ok();

    app.patch(&at(&ending["id"]), json!({ "expires_at": null })).await.ok();
    let made = app.post(&keys(), body(None)).key(secret).await.ok();
    assert_eq!(ends(&made["id"]).await, json!(null), "it has no end any more");
}

#[tokio::test]
async fn when_a_key_was_used_is_shown_once_it_is_written_down() {
    let app = TestApp::init().await;
    let shown = async || app.get(&format!("{}/lifetime", at(&key_id(1)))).await.ok();
    assert_eq!(shown().await["last_used_at"], json!(null));
    app.clock.pass(5);
    app.get(&us()).await.ok();
    let uses = app.key_uses.take();
    assert_eq!(uses.len(), 1, "many requests are one write");
    app.store.record_key_uses(&uses).await.unwrap();
    insta::assert_json_snapshot!("lifetime", shown().await);
    app.get(&format!("{}/lifetime", at(&team_id(1)))).await.refused(404);
}

#[tokio::test]
async fn labels_have_a_bound_and_no_nul() {
    let app = TestApp::init().await;
    for label in ["a\u{0}".to_owned(), "a".repeat(1_001)] {
        app.post(&keys(), json!({ "label": label, "role": "org_admin" })).await.refused(422);
        app.patch(&at(&key_id(1)), json!({ "label": label })).await.refused(422);
    }
    app.post(&keys(), json!({ "label": "é".repeat(1_000), "role": "org_admin" })).await.ok();
    app.get(&us()).key(&key(1)).await.ok();
}

//! `/v1/org/{org_id}/team`

use http::Method;
use lookback_domain::Region;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, key_id, org_id, team_id, us};

fn teams() -> String {
    format!("/v1/org/{}/team", org_id(1))
}

fn team(id: &Value) -> String {
    format!("{}/{}", teams(), id.as_str().unwrap())
}

fn resolve() -> String {
    format!("/v1/org/{}/resolve_team", org_id(1))
}

fn names(page: &Answer) -> Vec<String> {
    let page = page.ok();
    page["teams"].as_array().unwrap().iter().map(|team| team["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_team_is_created_shown_changed_and_deleted() {
    let app = TestApp::init().await;
    let body = json!({ "name": "Running", "region": "eu", "integration_team_id": "ext-1" });
    let created = app.post(&teams(), body).await.ok();
    insta::assert_json_snapshot!("created", created);
    let at = team(&created["id"]);
    assert_eq!(app.get(&at).await.ok(), created);
    let with_settings = app.get(&format!("{at}?include_environment=sandbox")).await.ok();
    insta::assert_json_snapshot!("with_settings", with_settings);
    let changed = app.patch(&at, json!({ "name": "Cycling" })).await.ok();
    assert_eq!((&changed["name"], &changed["integration_team_id"]), (&json!("Cycling"), &json!("ext-1")));
    assert_eq!(app.delete(&at).await.ok(), json!({}));
    app.get(&at).await.refused(404);
    app.delete(&at).await.refused(404);
}

#[tokio::test]
async fn a_client_may_choose_the_id_once() {
    let app = TestApp::init().await.with_org().await;
    let body = |n| json!({ "name": "", "region": "us", "id": team_id(n) });
    assert_eq!(app.post(&teams(), body(9)).await.ok()["id"], json!(team_id(9)));
    // Whether an id is one's own team's or another's makes no difference.
    let (own, others) = (app.post(&teams(), body(9)).await, app.post(&teams(), body(2)).await);
    assert_eq!(own.refused(422)[0]["msg"], others.refused(422)[0]["msg"]);
    insta::assert_json_snapshot!("id_taken", own.json());
}

#[tokio::test]
async fn an_integration_team_id_is_taken_once_in_an_org_and_given_back() {
    let app = TestApp::init().await.with_org().await.with_team(Region::Us).await;
    let body = json!({ "name": "", "region": "us", "integration_team_id": "ext" });
    let first = app.post(&teams(), &body).await.ok();
    let conflict = json!({ "team_id": first["id"] });
    let again = app.post(&teams(), &body).await;
    assert_eq!((again.status, again.json()), (409, conflict.clone()));
    let other = format!("{}/{}", teams(), team_id(1));
    let patched = app.patch(&other, json!({ "integration_team_id": "ext", "name": "Kept out" })).await;
    assert_eq!((patched.status, patched.json()), (409, conflict));
    assert_eq!(app.get(&other).await.ok()["name"], "team 1", "what conflicts changes nothing");
    let elsewhere = format!("/v1/org/{}/team", org_id(2));
    app.post(&elsewhere, &body).key_of(2).await.ok();

    let found = app.post(&resolve(), json!({ "integration_team_id": "ext" })).await.ok();
    assert_eq!(found["id"], first["id"]);
    app.patch(&team(&first["id"]), json!({ "name": "Kept" })).await.ok();
    app.post(&resolve(), json!({ "integration_team_id": "ext" })).await.ok();
    app.patch(&team(&first["id"]), json!({ "integration_team_id": null })).await.ok();
    app.post(&resolve(), json!({ "integration_team_id": "ext" })).await.refused(404);
    app.patch(&other, json!({ "integration_team_id": "ext" })).await.ok();
}

#[tokio::test]
async fn who_does_not_see_the_team_with_an_integration_id_does_not_learn_which_it_is() {
    let app = TestApp::init().await.with_team(Region::Us).await;
    let taken = json!({ "integration_team_id": "ext" });
    app.patch(&format!("{}/{}", teams(), team_id(2)), &taken).await.ok();
    let (_, key) = app.team_admin(&[1]).await;
    let answer = app.patch(&format!("{}/{}", teams(), team_id(1)), &taken).key(&key).await;
    let said = answer.refused(422);
    assert!(!said.to_string().contains(&team_id(2).to_string()), "{said}");
}

#[tokio::test]
async fn teams_are_listed_by_id_region_and_part_of_their_name() {
    let app = TestApp::init().await;
    for (name, region) in [("Élan", "us"), ("Running", "eu"), ("RUN_2", "us")] {
        app.post(&teams(), json!({ "name": name, "region": region })).await.ok();
    }
    let all = async |query: &str| names(&app.get(&format!("{}?{query}", teams())).await);
    assert_eq!(all("").await.len(), 4);
    assert_eq!(all("search_query=run").await, ["Running", "RUN_2"]);
    assert_eq!(all("search_query=%C3%A9LAN").await, ["Élan"]);
    assert_eq!(all("search_query=n_2&region=us&region=eu").await, ["RUN_2"]);
    assert_eq!(all("region=eu").await, ["Running"]);
    assert_eq!(all(&format!("team_id={}", team_id(1))).await, ["team 1"]);
    assert_eq!(all(&format!("team_id={}", team_id(9))).await, [""; 0]);
    let (_, key) = app.team_admin(&[1]).await;
    assert_eq!(names(&app.get(&teams()).key(&key).await), ["team 1"]);
}

#[tokio::test]
async fn pages_skip_and_repeat_no_team() {
    let app = TestApp::init().await;
    for n in 2..=250 {
        app.add_team(1, n, Region::Us).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("{}?region=us&next_cursor={cursor}", teams())).await;
        seen.extend(names(&page));
        match page.ok()["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
        app.get(&format!("{}?next_cursor={cursor}", teams())).await.refused(422);
    }
    assert_eq!(seen, (1..=250).map(|n| format!("team {n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_deleted_team_takes_everything_with_it() {
    let app = TestApp::init().await.with_team(Region::Us).await;
    let (id, key) = app.team_admin(&[1]).await;
    let query = format!("{}?team_id={}", us(), team_id(1));
    app.get(&query).key(&key).await.ok();
    app.delete(&format!("{}/{}", teams(), team_id(1))).await.ok();
    app.get(&query).key(&key).await.refused(404);
    assert_eq!(
        app.get(&us()).key(&key).await.ok()["data_pull_preferences"],
        json!([]),
        "the key stays, and sees nothing"
    );
    let keys = app.get(&format!("/v1/org/{}/management_key", org_id(1))).await.ok();
    let key = keys["data"].as_array().unwrap().iter().find(|key| key["id"] == json!(id)).unwrap();
    assert_eq!(key["team_role_bindings"], json!([]));
}

#[tokio::test]
async fn documented_defaults_are_accepted_and_nothing_else() {
    let app = TestApp::init().await;
    let defaults = json!({
        "name": "", "region": "us", "lab_tests_patient_sms_communication_enabled": true,
        "lab_tests_patient_email_communication_enabled": true, "critical_result_notification_email": null,
        "brand_information": null, "logo_url": null, "reject_duplicate_connection": false,
        "sdk_per_device_activity_timeseries": false, "partial_webhooks_enabled": null, "minor_ordering_enabled": false,
    });
    app.post(&teams(), &defaults).await.ok();
    let others = [
        ("lab_tests_patient_sms_communication_enabled", json!(false)),
        ("critical_result_notification_email", json!("a@example.com")),
        ("brand_information", json!({ "company_name": "Acme" })),
        ("logo_url", json!("https://example.com/logo.png")),
        ("reject_duplicate_connection", json!(true)),
        ("minor_ordering_enabled", json!(true)),
    ];
    for (name, other) in &others {
        let mut body = defaults.clone();
        body[name] = other.clone();
        let said = app.post(&teams(), body).await.refused(422);
        assert_eq!(said[0]["loc"][1], json!(name));
        assert!(said[0]["msg"].as_str().unwrap().contains("not supported"), "{said}");
        let at = format!("{}/{}", teams(), team_id(1));
        let said =
            app.patch(&at, json!({ "sandbox": { *name: other }, "name": "Kept out" })).await.refused(422);
        assert_eq!(said[0]["loc"][2], json!(name));
    }
    let at = format!("{}/{}", teams(), team_id(1));
    assert_eq!(app.get(&at).await.ok()["name"], "team 1");
    let sent_back =
        json!({ "sandbox": app.get(&format!("{at}?include_environment=sandbox")).await.ok()["sandbox"] });
    app.patch(&at, sent_back).await.ok();
}

#[tokio::test]
async fn what_no_store_can_keep_is_refused() {
    let app = TestApp::init().await;
    let nul = json!({ "name": "", "region": "us", "integration_team_id": "a\u{0}" });
    insta::assert_json_snapshot!("nul", app.post(&teams(), nul).await.refused(422));
    let (org, team) = (format!("/v1/org/{}", org_id(1)), format!("{}/{}", teams(), team_id(1)));
    let key = format!("{org}/management_key");
    let this_key = format!("{key}/{}", key_id(1));
    let applications = format!("{org}/team_custom_credentials/production/us");
    for (method, path, field, mut body) in [
        (Method::PATCH, &org, "name", json!({})),
        (Method::POST, &teams(), "name", json!({ "region": "us" })),
        (Method::PATCH, &team, "name", json!({})),
        (Method::PATCH, &team, "integration_team_id", json!({})),
        (Method::POST, &resolve(), "integration_team_id", json!({})),
        (Method::POST, &key, "label", json!({ "role": "org_admin" })),
        (Method::PATCH, &this_key, "label", json!({})),
        (Method::POST, &applications, "client_id", json!({ "team_id": team_id(1), "provider": "polar" })),
    ] {
        body[field] = json!("a\u{0}b");
        let said = app.request(method.clone(), path).body(body.to_string()).await.refused(422);
        assert_eq!(said[0]["loc"], json!(["body", field]), "{method} {path}: {said}");
    }
    app.get(&format!("{}?search_query=a%00", teams())).await.refused(422);
}

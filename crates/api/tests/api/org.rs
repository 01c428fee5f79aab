//! `/v1/org/{org_id}`

use serde_json::json;

use crate::support::{TestApp, org_id};

fn org() -> String {
    format!("/v1/org/{}", org_id(1))
}

#[tokio::test]
async fn an_org_is_shown_and_renamed() {
    let app = TestApp::init().await;
    let shown = json!({ "id": org_id(1), "name": "org 1", "expires_at": null });
    assert_eq!(app.get(&org()).await.ok(), shown);
    let renamed = json!({ "id": org_id(1), "name": "L’Équipe (EU)", "expires_at": null });
    assert_eq!(app.patch(&org(), json!({ "name": "L’Équipe (EU)" })).await.ok(), renamed);
    assert_eq!(app.get(&org()).await.ok(), renamed);
}

#[tokio::test]
async fn what_is_refused_renames_nothing() {
    let app = TestApp::init().await;
    for body in [json!({ "name": "a\n" }), json!({ "name": "a", "id": org_id(2) }), json!({}), json!(null)] {
        app.patch(&org(), body).await.refused(422);
    }
    assert_eq!(app.get(&org()).await.ok()["name"], "org 1");
}

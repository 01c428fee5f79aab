//! A secret goes in and does not come out.

use serde_json::{Value, json};

use crate::support::{TestApp, org_id, team_id};

const SECRET: &str = "s3cr3t-of-an-application";

fn at(what: &str) -> String {
    format!("/v1/org/{}/{what}", org_id(1))
}

/// Bodies with a secret in them, whatever else is wrong.
fn bodies() -> Vec<Value> {
    let good = json!({ "team_id": team_id(1), "provider": "polar", "client_secret": SECRET, "details": { "webhook_secret": SECRET } });
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let mut without_team = good.clone();
    without_team.as_object_mut().unwrap().remove("team_id");
    vec![
        good.clone(),
        without_team,
        with("provider", json!("nobody")),
        with("provider", json!("strava")),
        with("team_id", json!(team_id(9))),
        with("client_id", json!(["x"])),
        with("client_secret", json!([SECRET])),
        with("client_secret", json!({ "x": SECRET })),
        with("client_secret", json!(SECRET.repeat(400))),
        with("details", json!(SECRET)),
        with("details", json!({ "webhook_secret": [SECRET] })),
        with("details", json!({ "fitbit": { "workout_verify_token": SECRET } })),
        json!([good]),
        json!(good.to_string()),
        json!([good.to_string()]),
    ]
}

#[tokio::test]
async fn no_answer_repeats_a_secret_whatever_is_wrong_beside_it() {
    let app = TestApp::init().await;
    let credentials = at("team_custom_credentials/production/us");
    for body in bodies() {
        let answer = app.post(&credentials, &body).await;
        assert!(!String::from_utf8_lossy(&answer.bytes).contains(SECRET), "{body}");
    }
    for path in [credentials, at("audit_log?limit=500")] {
        let answer = app.get(&path).await;
        answer.ok();
        assert!(!String::from_utf8_lossy(&answer.bytes).contains(SECRET));
    }
}

#[tokio::test]
async fn what_is_wrong_beside_a_secret_is_still_said() {
    let app = TestApp::init().await;
    let said = app.post(&at("team_custom_credentials/production/us"), &bodies()[1]).await.refused(422);
    insta::assert_json_snapshot!("beside_a_secret", said);
}

#[test]
fn a_secret_does_not_print_itself() {
    let secret = lookback_api::wire::Secret(SECRET.to_owned());
    assert!(!format!("{secret:?}").contains(SECRET));
}

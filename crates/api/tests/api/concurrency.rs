//! Two writers at once never make what neither asked for.

use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Answer, TestApp, org_id, team_id};

fn at(what: &str) -> String {
    format!("/v1/org/{}/{what}", org_id(1))
}

/// Everything is sent before anything is answered.
async fn at_once(app: &TestApp, requests: Vec<(Method, String, Value)>) -> Vec<Answer> {
    let mut sent = JoinSet::new();
    for (method, path, body) in requests {
        sent.spawn(app.request(method, &path).body(body.to_string()).into_future());
    }
    sent.join_all().await
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_gets_an_integration_team_id() {
    let app = TestApp::init().await;
    let team = |n: usize| json!({ "name": n.to_string(), "region": "us", "integration_team_id": "ext" });
    let answers = at_once(&app, (0..16).map(|n| (Method::POST, at("team"), team(n))).collect()).await;
    assert_eq!((count(&answers, 200), count(&answers, 409)), (1, 15));
    let winner = answers.iter().find(|answer| answer.status == 200).unwrap().json()["id"].clone();
    assert!(
        answers.iter().filter(|answer| answer.status == 409).all(|answer| answer.json()["team_id"] == winner)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_admin_is_left_when_all_are_deleted_by_each_other() {
    let app = TestApp::init().await;
    for _ in 0..7 {
        app.post(&at("management_key"), json!({ "label": "", "role": "org_admin" })).await.ok();
    }
    let keys = app.get(&at("management_key")).await.ok();
    let ids = keys["data"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned());
    // The caller goes last, so that its key is valid while the others go.
    let (own, others): (Vec<_>, Vec<_>) = ids.partition(|id| *id == crate::support::key_id(1).to_string());
    let delete = |id: &String| (Method::DELETE, at(&format!("management_key/{id}")), Value::Null);
    let answers = at_once(&app, others.iter().map(delete).collect()).await;
    assert_eq!(count(&answers, 200), 7);
    let answers = at_once(&app, own.iter().cycle().take(8).map(delete).collect()).await;
    assert_eq!(count(&answers, 409), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_patch_is_whole() {
    let app = TestApp::init().await;
    let patch = |n: usize| {
        let body = json!({ "name": format!("n{n}"), "integration_team_id": format!("i{n}") });
        (Method::PATCH, at(&format!("team/{}", team_id(1))), body)
    };
    let answers = at_once(&app, (0..16).map(patch).collect()).await;
    assert_eq!(count(&answers, 200), 16);
    let team = app.get(&at(&format!("team/{}", team_id(1)))).await.ok();
    let of = |field: &str| team[field].as_str().unwrap()[1..].to_owned();
    assert_eq!(of("name"), of("integration_team_id"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_creates_once_also_at_once() {
    let app = TestApp::init().await;
    let mut sent = JoinSet::new();
    for _ in 0..16 {
        let body = json!({ "name": "Once", "region": "us" });
        sent.spawn(app.post(&at("team"), body).header("idempotency-key", "t").into_future());
    }
    let answers = sent.join_all().await;
    assert_eq!(count(&answers, 200), 16);
    let first = answers[0].json();
    assert!(answers.iter().all(|answer| answer.json() == first));
    assert_eq!(app.get(&at("team")).await.ok()["teams"].as_array().unwrap().len(), 2);
}

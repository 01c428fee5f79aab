//! What may be preferred, and how a `POST` that asks for something else is refused.

use std::sync::Arc;

use insta::assert_json_snapshot;
use lookback_domain::{Region, Resource};
use lookback_store::testing::by;
use lookback_store::{Store, Team};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{everything, shown, teams};
use crate::support::{Answer, TestApp, org_id, team_id, us};

/// Sends these providers for the one team there is.
async fn post(app: &TestApp, providers: Value) -> Answer {
    app.post(&us(), json!({ "team_ids": [team_id(1)], "providers": providers })).await
}

/// The refusal of these providers, which leaves everything as it was.
async fn refusal(providers: Value) -> Value {
    let app = TestApp::init().await;
    let before = app.stored().await;
    let detail = post(&app, providers).await.refused(422);
    assert_eq!(app.stored().await, before);
    detail
}

fn days(days: impl Into<Value>) -> Value {
    json!({ "historical_days_to_pull": days.into() })
}

#[tokio::test]
async fn more_than_the_limit_is_refused() {
    assert_json_snapshot!(refusal(json!({ "oura": { "default": days(366) } })).await);
}

#[tokio::test]
async fn less_than_nothing_is_refused() {
    assert_json_snapshot!(refusal(json!({ "oura": { "default": days(-1) } })).await);
}

#[tokio::test]
async fn a_number_of_any_size_is_refused_and_echoed_as_it_came() {
    let body = r#"{"team_ids":["TEAM"],"providers":{"oura":{"default":{"historical_days_to_pull":BIG}}}}"#;
    let big = "1000000000000000000000000000000";
    for (sign, kind) in [("", "less_than_equal"), ("-", "greater_than_equal")] {
        let number = format!("{sign}{big}");
        let body = body.replace("TEAM", &team_id(1).to_string()).replace("BIG", &number);
        let app = TestApp::init().await;
        let answer = app.request(http::Method::POST, &us()).body(body).await;
        assert_eq!(answer.refused(422)[0]["type"], kind);
        let text = String::from_utf8(answer.bytes.to_vec()).unwrap();
        assert!(text.contains(&format!(r#""input":{number},"#)), "{text}");
    }
    // As a string it is the same number.
    let detail = refusal(json!({ "oura": { "default": days(big) } })).await;
    assert_eq!(detail[0]["type"], "less_than_equal");
}

#[tokio::test]
async fn a_fixed_figure_cannot_be_changed() {
    assert_json_snapshot!(refusal(json!({ "abbott_libreview": { "default": days(30) } })).await);
}

#[tokio::test]
async fn more_than_a_fixed_figure_is_more_than_the_limit() {
    assert_json_snapshot!(refusal(json!({ "abbott_libreview": { "default": days(91) } })).await);
}

#[tokio::test]
async fn fitbits_timeseries_stay_at_14_days() {
    let asked = json!({ "fitbit": { "default": days(365), "resource_overrides": {
        "heartrate": days(15), "steps": days(13), "distance": days(14), "activity": days(365),
    }}});
    assert_json_snapshot!(refusal(asked).await);
}

#[tokio::test]
async fn polar_backfills_sleep_alone() {
    let asked = json!({ "polar": { "default": days(28), "resource_overrides": {
        "sleep": days(28), "sleep_stream": days(27), "activity": days(28), "workouts": days(0),
    }}});
    assert_json_snapshot!(refusal(asked).await);
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let asked = json!({
        "oura": { "default": days(-1), "resource_overrides": { "sleep": days(366) } },
        "polar": { "default": days(1) },
        "garmin": { "default": days(1) },
    });
    assert_json_snapshot!(refusal(asked).await);
}

#[tokio::test]
async fn fixed_figures_can_be_sent() {
    let app = TestApp::init().await;
    let answer = post(
        &app,
        json!({
            "abbott_libreview": { "default": days(90), "resource_overrides": { "glucose": days(90) } },
            "polar": { "default": days(28), "resource_overrides": { "sleep": days(28), "activity": days(0) } },
            "fitbit": { "default": days(365), "resource_overrides": { "heartrate": days(14), "sleep": days(1) } },
        }),
    )
    .await;
    let shown = ["abbott_libreview", "polar", "fitbit"].map(|provider| shown(&answer, provider));
    assert_json_snapshot!(shown);
}

#[tokio::test]
async fn fitbits_five_are_listed_whatever_is_stored() {
    let app = TestApp::init().await;
    let five = || async {
        let answer = app.get(&us()).await;
        let overrides = shown(&answer, "fitbit")["resource_overrides"].clone();
        let fourteen = json!({ "historical_days_to_pull": 14, "historical_days_to_pull_limit": 14 });
        let mut names = Vec::new();
        for (name, setting) in overrides.as_object().unwrap() {
            assert_eq!(*setting, fourteen, "{name}");
            names.push(name.clone());
        }
        names.sort();
        names
    };
    let named = ["calories_active", "distance", "floors_climbed", "heartrate", "steps"];
    assert_eq!(five().await, named);
    for stored in [0, 365] {
        post(&app, json!({ "fitbit": { "default": days(stored) } })).await.ok();
        assert_eq!(five().await, named);
    }
}

/// What a `GET` showed as the body of a `POST`: the limits are fields it ignores.
fn sent_back(page: &Value) -> Value {
    json!({ "team_ids": teams(page), "providers": page["data_pull_preferences"][0]["providers"] })
}

#[tokio::test]
async fn what_get_shows_can_be_sent_back_for_every_provider() {
    let app = TestApp::init().await;
    let page = app.get(&us()).await.ok();
    assert_eq!(page["data_pull_preferences"][0]["providers"].as_object().unwrap().len(), 27);
    assert_eq!(app.post(&us(), sent_back(&page)).await.ok(), page, "the defaults");
    assert_eq!(app.post(&us(), sent_back(&page)).await.ok(), page, "now that they are stored");

    let most = page["data_pull_preferences"][0]["providers"].as_object().unwrap().iter();
    let most = most.map(|(name, shown)| {
        let limit = shown["default"]["historical_days_to_pull_limit"].clone();
        (name.clone(), json!({ "default": days(limit) }))
    });
    let page = post(&app, Value::Object(most.collect())).await.ok();
    assert_eq!(app.post(&us(), sent_back(&page)).await.ok(), page, "the most of everything");
}

#[tokio::test]
async fn more_than_5_000_teams_at_once_are_refused_and_a_repeated_one_counts_once() {
    let app = TestApp::init().await;
    let store = app.store.clone();
    let mut adding: JoinSet<_> = (2..=5_001).map(|n| add(store.clone(), n)).collect();
    while let Some(added) = adding.join_next().await {
        added.unwrap();
    }
    let oura = json!({ "oura": { "default": days(7) } });
    let upsert = |ids: Vec<_>| app.post(&us(), json!({ "team_ids": ids, "providers": oura }));
    let detail = upsert((1..=5_001).map(team_id).collect()).await.refused(422);
    assert_eq!(
        detail,
        json!([{
            "type": "less_than_equal",
            "loc": ["body", "team_ids"],
            "msg": "5000 teams can be named at once; send the others in another request",
            "input": 5_001,
            "ctx": { "le": 5_000 },
        }])
    );
    upsert((1..=5_000).map(team_id).chain([team_id(1)]).collect()).await.ok();
    upsert(vec![team_id(5_001); 6_000]).await.ok();
}

async fn add(store: Arc<dyn Store>, n: u16) {
    let (id, created_at) = (team_id(n), "2026-11-23T12:00:00Z".parse().unwrap());
    let (org_id, name) = (org_id(1), String::new());
    let team = Team { id, org_id, name, region: Region::Us, integration_team_id: None, created_at };
    store.create_team(team, None, &by()).await.unwrap();
}

/// Few teams with all that can be overridden are as much to write as many with a default.
#[tokio::test]
async fn more_than_150_000_figures_at_once_are_refused() {
    let app = TestApp::init().await;
    for n in 2..=100 {
        add(app.store.clone(), n).await;
    }
    let teams: Vec<_> = (1..=100).map(team_id).collect();
    let body = json!({ "team_ids": teams, "providers": everything(22, 7) });
    let detail = app.post(&us(), body).await.refused(422);
    let figures = 100 * 22 * (1 + Resource::ALL.len());
    assert_eq!((&detail[0]["input"], &detail[0]["ctx"]["le"]), (&json!(figures), &json!(150_000)));
    assert_eq!(detail[0]["loc"], json!(["body", "providers"]));
    assert!(app.stored().await.iter().all(|team| team.providers.is_empty()));
    let few = json!({ "team_ids": teams, "providers": everything(1, 7) });
    app.post(&us(), few).await.ok();
}

/// What was there before is answered as well, however little is set.
#[tokio::test]
async fn more_than_300_000_settings_in_an_answer_are_refused_before_anything_is_set() {
    let app = TestApp::init().await;
    let each = 27 + everything(27, 7).as_object().unwrap().len() * Resource::ALL.len();
    let teams: Vec<_> = (1..=300_000 / each + 1).map(|n| team_id(u16::try_from(n).unwrap())).collect();
    for n in 2..=teams.len() {
        add(app.store.clone(), u16::try_from(n).unwrap()).await;
    }
    let upsert =
        |teams: &[_], providers: Value| app.post(&us(), json!({ "team_ids": teams, "providers": providers }));
    for some in teams.chunks(60) {
        upsert(some, everything(27, 7)).await.ok();
    }
    let (before, oura) = (app.stored().await, json!({ "oura": { "default": days(9) } }));
    // Of the one provider no override is left.
    let detail = upsert(&teams, json!({})).await.refused(422);
    assert_eq!((&detail[0]["input"], &detail[0]["ctx"]["le"]), (&json!(teams.len() * each), &json!(300_000)));
    assert_eq!(detail[0]["loc"], json!(["body", "team_ids"]));
    assert_eq!(app.stored().await, before);
    upsert(&teams[1..], oura).await.ok();
}

//! Every request that the documented schema accepts and Lookback refuses: the list of our own rules.

use http::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, key_id, org_id, team_id};

const PREFERENCES: &str = "/team_data_pull_preferences/production/us";
const CREDENTIALS: &str = "/team_custom_credentials/production/us";

/// Each rule: a request that breaks it and nothing else, where it is refused, and as what.
fn rules() -> Vec<(Method, String, Value, Value, &'static str)> {
    let days = |provider: &str, days: i64| {
        let setting = json!({ "default": { "historical_days_to_pull": days } });
        json!({ "team_ids": [team_id(1)], "providers": { provider: setting } })
    };
    let at_days =
        |provider: &str| json!(["body", "providers", provider, "default", "historical_days_to_pull"]);
    let credential = |provider: &str| json!({ "team_id": team_id(1), "provider": provider });
    let with = |mut body: Value, name: &str, value: Value| {
        body[name] = value;
        body
    };
    let team = json!({ "name": "", "region": "us" });
    let key = json!({ "label": "", "role": "org_admin" });
    let bound = json!([{ "team_id": team_id(1) }]);
    let (get, post, patch) = (Method::GET, Method::POST, Method::PATCH);
    let (own_team, own_key) = (format!("/team/{}", team_id(1)), format!("/management_key/{}", key_id(1)));
    let url = |path: &str| path.to_owned();
    vec![
        (post.clone(), url(PREFERENCES), days("oura", -1), at_days("oura"), "greater_than_equal"),
        (post.clone(), url(PREFERENCES), days("oura", 366), at_days("oura"), "less_than_equal"),
        (post.clone(), url(PREFERENCES), days("polar", 27), at_days("polar"), "value_error"),
        (
            get.clone(),
            format!("{PREFERENCES}?limit=0"),
            json!(null),
            json!(["query", "limit"]),
            "greater_than_equal",
        ),
        (
            get.clone(),
            format!("{PREFERENCES}?limit=501"),
            json!(null),
            json!(["query", "limit"]),
            "less_than_equal",
        ),
        (
            get.clone(),
            format!("{PREFERENCES}?next_cursor=x"),
            json!(null),
            json!(["query", "next_cursor"]),
            "value_error",
        ),
        (
            get.clone(),
            url("/team?next_cursor=x"),
            json!(null),
            json!(["query", "next_cursor"]),
            "value_error",
        ),
        (
            get,
            format!("{CREDENTIALS}?next_cursor=x"),
            json!(null),
            json!(["query", "next_cursor"]),
            "value_error",
        ),
        (
            post.clone(),
            url("/team"),
            with(team.clone(), "id", json!(team_id(1))),
            json!(["body", "id"]),
            "value_error",
        ),
        (
            post.clone(),
            url("/team"),
            with(team.clone(), "logo_url", json!("https://a.b")),
            json!(["body", "logo_url"]),
            "value_error",
        ),
        (
            post.clone(),
            url("/team"),
            with(team.clone(), "brand_information", json!({ "company_name": "Acme", "brand_color": "red" })),
            json!(["body", "brand_information", "company_name"]),
            "value_error",
        ),
        (
            post.clone(),
            url("/team"),
            with(team, "integration_team_id", json!("\0")),
            json!(["body", "integration_team_id"]),
            "value_error",
        ),
        (
            patch.clone(),
            url(&own_team),
            json!({ "sandbox": { "patient_experience": true } }),
            json!(["body", "sandbox", "patient_experience"]),
            "value_error",
        ),
        (
            patch.clone(),
            url(&own_team),
            json!({ "sandbox": { "brand_information": { "brand_color": "red" } } }),
            json!(["body", "sandbox", "brand_information", "brand_color"]),
            "value_error",
        ),
        (
            post.clone(),
            url("/resolve_team"),
            json!({ "integration_team_id": "\0" }),
            json!(["body", "integration_team_id"]),
            "value_error",
        ),
        (
            post.clone(),
            url("/management_key"),
            with(key.clone(), "label", json!("\0")),
            json!(["body", "label"]),
            "value_error",
        ),
        (
            post.clone(),
            url("/management_key"),
            with(key.clone(), "label", json!("a".repeat(1_001))),
            json!(["body", "label"]),
            "value_error",
        ),
        (
            post.clone(),
            url("/management_key"),
            with(key.clone(), "team_role_bindings", bound.clone()),
            json!(["body", "team_role_bindings"]),
            "value_error",
        ),
        (
            post.clone(),
            url("/management_key"),
            with(key, "role", json!("team_admin")),
            json!(["body", "team_role_bindings"]),
            "value_error",
        ),
        (
            patch,
            url(&own_key),
            json!({ "team_role_bindings": bound }),
            json!(["body", "team_role_bindings"]),
            "value_error",
        ),
        (post.clone(), url(CREDENTIALS), credential("renpho"), json!(["body", "provider"]), "value_error"),
        (post.clone(), url(CREDENTIALS), credential("quest"), json!(["body", "provider"]), "value_error"),
        (
            post.clone(),
            url(CREDENTIALS),
            with(credential("strava"), "details", json!({ "client": "" })),
            json!(["body", "details"]),
            "value_error",
        ),
        (
            post.clone(),
            url(CREDENTIALS),
            with(credential("strava"), "client_id", json!("\0")),
            json!(["body", "client_id"]),
            "value_error",
        ),
        (
            post,
            url(CREDENTIALS),
            with(credential("strava"), "client_id", json!("a".repeat(4_097))),
            json!(["body", "client_id"]),
            "value_error",
        ),
    ]
}

#[tokio::test]
async fn each_of_our_own_rules_is_refused_alone_in_the_documented_shape() {
    let app = TestApp::init().await;
    for (method, path, body, loc, kind) in rules() {
        let request = app.request(method.clone(), &format!("/v1/org/{}{path}", org_id(1)));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let said = request.body(body.clone()).await.refused(422);
        assert_eq!(said.as_array().map(Vec::len), Some(1), "{method} {path} {body:.200}: {said}");
        assert_eq!((&said[0]["loc"], &said[0]["type"]), (&loc, &json!(kind)), "{method} {path} {body:.200}");
        if let Ok(sent) = serde_json::from_str::<Value>(&body) {
            let steps = loc.as_array().unwrap()[1..].iter().map(|step| step.as_str().unwrap());
            let there = steps.fold(&sent, |value, step| &value[step]);
            // What is long or may be secret is not repeated, and what was left out may stand as what it meant.
            let input = &said[0]["input"];
            let is_same = input == there || input.is_null() || there.is_null();
            assert!(is_same, "{method} {path} {body:.200}: {said}");
        }
    }
}

//! Replays what the reference implementation answered (`tests/reference/`), without it.
//!
//! The handlers here answer what they were given, as those of the reference do, so that not only refusals are
//! compared but also what every accepted value was read as.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{Method, Request};
use jiff::Timestamp;
use jiter::JsonValue;
use lookback_domain::Catalog;
use lookback_store::testing::Model;
use serde_json::json;
use tower::ServiceExt;

use super::delete::DeleteQuery;
use super::get::GetQuery;
use super::post::UpsertTeamDataPullPreferencesBody;
use super::{ScopePath, page::Limit};
use crate::wire::{Configurable, Integer, Map};
use crate::{App, Clock, Entropy, Parts, Valid};

const CASES: &str = include_str!("../../../tests/reference/cases.ndjson");
const ROUTE: &str = "/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}";

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

impl Entropy for Stopped {
    fn fill(&self, _: &mut [u8]) {}
}

/// What the reference answers where it accepts. Put together as text, since a number may be of any size.
fn echo(path: &ScopePath, query: &str, body: &str) -> Response {
    let ScopePath { org_id, env, region } = path;
    let path = json!({ "org_id": org_id, "env": env, "region": region });
    format!(r#"{{"path":{path},"query":{query},"body":{body}}}"#).into_response()
}

fn slugs(providers: &[Configurable]) -> Vec<&'static str> {
    providers.iter().map(|provider| provider.0.as_str()).collect()
}

async fn echo_get(Valid { path, query, .. }: Valid<ScopePath, GetQuery>) -> Response {
    let GetQuery { team_id, provider, next_cursor, limit: Limit(limit) } = query;
    let (team_id, provider, next_cursor) = (json!(team_id), json!(slugs(&provider)), json!(next_cursor));
    let limit = limit.unwrap_or(Integer::from(5)).0;
    let query = format!(
        r#"{{"team_id":{team_id},"provider":{provider},"next_cursor":{next_cursor},"limit":{limit}}}"#
    );
    echo(&path, &query, "null")
}

async fn echo_delete(Valid { path, query, .. }: Valid<ScopePath, DeleteQuery>) -> Response {
    let query = json!({ "team_id": query.team_id, "provider": slugs(&query.provider) });
    echo(&path, &query.to_string(), "null")
}

async fn echo_post(
    Valid { path, body, .. }: Valid<ScopePath, (), UpsertTeamDataPullPreferencesBody>,
) -> Response {
    let days = |number: &Integer| format!(r#"{{"historical_days_to_pull":{}}}"#, number.0);
    let object = |entries: Vec<String>| format!("{{{}}}", entries.join(","));
    let providers = body.providers.iter().map(|(Configurable(provider), preference)| {
        let overrides =
            preference.resource_overrides.as_ref().map_or("null".to_owned(), |overrides: &Map<_, _>| {
                let entry = |(resource, setting): (
                    &lookback_domain::Resource,
                    &super::post::SingleResourceOverride,
                )| {
                    format!(r#""{resource}":{}"#, days(&setting.historical_days_to_pull))
                };
                object(overrides.iter().map(entry).collect())
            });
        let default = days(&preference.default.historical_days_to_pull);
        format!(r#""{provider}":{{"default":{default},"resource_overrides":{overrides}}}"#)
    });
    let teams = serde_json::to_string(&body.team_ids).unwrap();
    let body = format!(r#"{{"team_ids":{teams},"providers":{}}}"#, object(providers.collect()));
    echo(&path, "{}", &body)
}

fn field<'a, 'j>(object: &'a JsonValue<'j>, name: &str) -> &'a JsonValue<'j> {
    let JsonValue::Object(entries) = object else { panic!("{object:?} is not an object") };
    &entries.iter().find(|(key, _)| key == name).unwrap_or_else(|| panic!("{name} is missing")).1
}

fn text<'a>(value: &'a JsonValue<'_>) -> &'a str {
    let JsonValue::Str(text) = value else { panic!("{value:?} is not a string") };
    text
}

/// The bytes of a recorded body: text, or base64 where it is not UTF-8.
fn body(case: &JsonValue<'_>) -> Vec<u8> {
    match field(case, "body") {
        JsonValue::Null => Vec::new(),
        JsonValue::Str(text) => text.as_bytes().to_vec(),
        binary => BASE64_STANDARD.decode(text(field(binary, "base64"))).unwrap(),
    }
}

/// What is compared of an answer to a body that is not JSON: the position and the words are our own.
fn is_invalid_json_alone(answer: &JsonValue<'_>) -> bool {
    let JsonValue::Array(problems) = field(answer, "detail") else { return false };
    let [problem] = &problems[..] else { return false };
    let JsonValue::Array(loc) = field(problem, "loc") else { return false };
    text(field(problem, "type")) == "json_invalid" && text(&loc[0]) == "body"
}

#[tokio::test]
async fn every_request_is_validated_as_the_reference_validates_it() {
    let app = App::new(Parts {
        store: Arc::new(Model::new()),
        catalog: Arc::new(Catalog::bundled().unwrap()),
        clock: Arc::new(Stopped),
        entropy: Arc::new(Stopped),
        limits: Arc::default(),
    });
    let router =
        Router::new().route(ROUTE, get(echo_get).post(echo_post).delete(echo_delete)).with_state(app);

    let (mut compared, mut different) = (0, Vec::new());
    for line in CASES.lines() {
        let case = JsonValue::parse(line.as_bytes(), false).unwrap();
        let (path, query) = (text(field(&case, "path")), text(field(&case, "query")));
        let request = Request::builder()
            .method(text(field(&case, "method")).parse::<Method>().unwrap())
            .uri(if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") })
            .body(Body::from(body(&case)))
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let answer = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let answer = JsonValue::parse(&answer, false).unwrap();

        let JsonValue::Object(entries) = &case else { panic!("a case is an object") };
        let same = if entries.iter().any(|(key, _)| key == "expect") {
            status == 422 && is_invalid_json_alone(&answer)
        } else {
            *field(&case, "status") == JsonValue::Int(status.as_u16().into())
                && *field(&case, "response") == answer
        };
        compared += 1;
        if !same {
            different.push(format!("{line:.600}\n  answered {status} {answer:?}"));
        }
    }
    assert!(compared >= 3_000, "only {compared} cases");
    let shown = different.iter().take(10).cloned().collect::<Vec<_>>().join("\n");
    assert!(different.is_empty(), "{} of {compared} differ, for example\n{shown}", different.len());
}

//! Replays what the reference implementation answered (`tests/reference/`), without it.
//!
//! The handlers here answer what they were given, as those of the reference do, so that not only refusals are
//! compared but also what every accepted value was read as.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::delete::DeleteQuery;
use super::get::GetQuery;
use super::post::UpsertTeamDataPullPreferencesBody;
use super::{ScopePath, page::Limit};
use crate::Valid;
use crate::routes::replay::replay;
use crate::wire::{Configurable, Integer, Map};

const CASES: &str = include_str!("../../../tests/reference/cases.ndjson");
const ROUTE: &str = "/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}";

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

#[tokio::test]
async fn every_request_is_validated_as_the_reference_validates_it() {
    let router = Router::new().route(ROUTE, get(echo_get).post(echo_post).delete(echo_delete));
    let compared = replay(router, CASES, |case, answered| case.response == *answered).await;
    assert!(compared >= 3_000, "only {compared} cases");
}

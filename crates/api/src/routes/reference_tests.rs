//! Replays what the reference implementation answered about organisations, teams, keys and credentials.
//!
//! The handlers here answer what they were given, as those of the reference do. Of e-mail addresses, web addresses
//! and a credential's details only what is wrong and where is compared.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use indexmap::IndexMap;
use jiter::JsonValue;
use serde::Serialize;
use serde_json::json;

use super::management_key::{
    KeyPath, create::CreateManagementKeyBody, list::ListKeysQuery, patch::PatchManagementKeyBody,
};
use super::org::{OrgPath, patch::UpdateOrgBody};
use super::replay::{Case, replay};
use super::team::{
    TeamPath, create::CreateOrgTeamBody, get::GetTeamQuery, list::ListTeamsQuery, patch::UpdateOrgTeamBody,
    resolve::ResolveTeamBody,
};
use super::team_custom_credentials::{
    delete::DeleteCredentialsQuery, get::GetCredentialsQuery, post::UpsertTeamCustomCredentialsBody,
};
use super::team_data_pull_preferences::ScopePath;
use crate::Valid;
use crate::wire::{Params, Read, Value};

const CASES: &str = include_str!("../../tests/reference/tenancy.ndjson");

/// Fields that are not compared beyond what is wrong with them.
const LOOSE: [&str; 5] =
    ["critical_result_notification_email", "support_email", "logo_url", "details", "expires_at"];

fn echo(path: &impl Serialize, query: &impl Serialize, body: &impl Serialize) -> Response {
    json!({ "path": path, "query": query, "body": body }).to_string().into_response()
}

async fn asked<P: Params + Serialize>(Valid { path, .. }: Valid<P>) -> Response {
    echo(&path, &json!({}), &())
}

async fn queried<P: Params + Serialize, Q: Params + Serialize>(
    Valid { path, query, .. }: Valid<P, Q>,
) -> Response {
    echo(&path, &query, &())
}

async fn sent<P: Params + Serialize, B: Read + Serialize>(
    Valid { path, body, .. }: Valid<P, (), B>,
) -> Response {
    echo(&path, &json!({}), &body)
}

/// An answer as far as it is compared.
fn comparable(answer: &JsonValue<'_>) -> Value {
    let mut answer = value(answer);
    strip(&mut answer);
    answer
}

fn value(json: &JsonValue<'_>) -> Value {
    match json {
        JsonValue::Null => Value::Null,
        JsonValue::Bool(bit) => Value::Bool(*bit),
        JsonValue::Int(number) => Value::Integer((*number).into()),
        JsonValue::BigInt(number) => Value::Integer(number.clone()),
        JsonValue::Float(number) => Value::Float(*number),
        JsonValue::Str(text) => Value::String(text.to_string()),
        JsonValue::Array(items) => Value::List(items.iter().map(value).collect()),
        JsonValue::Object(entries) => {
            Value::Map(entries.iter().map(|(key, one)| (key.to_string(), value(one))).collect())
        }
    }
}

fn strip(value: &mut Value) {
    match value {
        Value::Map(entries) => {
            entries.retain(|key, _| !LOOSE.contains(&key.as_str()));
            let is_loose = |loc: &Value| {
                let Value::List(items) = loc else { return false };
                items.iter().any(|item| matches!(item, Value::String(key) if LOOSE.contains(&key.as_str())))
            };
            if entries.get("loc").is_some_and(is_loose) {
                entries.retain(|key, _| ["type", "loc"].contains(&key.as_str()));
            }
            entries.values_mut().for_each(strip);
        }
        Value::List(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

fn is_same(case: &Case<'_>, answered: &JsonValue<'_>) -> bool {
    let (mut recorded, mut answered) = (comparable(&case.response), comparable(answered));
    if let (true, Value::Map(answer)) = (case.path.ends_with("management_key"), &mut answered)
        && let Some(Value::Map(query)) = answer.get_mut("query")
    {
        // An extension of ours, which the reference ignores.
        query.shift_remove("next_cursor");
    }
    if case.status == 422 && case.method == "POST" && case.path.contains("team_custom_credentials") {
        conceal(&mut recorded);
    }
    recorded == answered
}

/// The reference echoes a secret in what is wrong beside it; we never do.
fn conceal(answer: &mut Value) {
    let Value::Map(entries) = answer else { return };
    let Some(Value::List(problems)) = entries.get_mut("detail") else { return };
    for problem in problems {
        let Value::Map(problem) = problem else { continue };
        let of_secret = problem.get("loc") == Some(&loc("client_secret"));
        if let Some(input) = problem.get_mut("input") {
            input.redact(&["client_secret", "details"], of_secret);
        }
    }
}

fn loc(field: &str) -> Value {
    Value::List(vec![Value::String("body".to_owned()), Value::String(field.to_owned())])
}

#[tokio::test]
async fn every_request_is_validated_as_the_reference_validates_it() {
    let org = get(asked::<OrgPath>).patch(sent::<OrgPath, UpdateOrgBody>);
    let teams = get(queried::<OrgPath, ListTeamsQuery>).post(sent::<OrgPath, CreateOrgTeamBody>);
    let team = get(queried::<TeamPath, GetTeamQuery>)
        .patch(sent::<TeamPath, UpdateOrgTeamBody>)
        .delete(asked::<TeamPath>);
    let keys = get(queried::<OrgPath, ListKeysQuery>).post(sent::<OrgPath, CreateManagementKeyBody>);
    let key = patch(sent::<KeyPath, PatchManagementKeyBody>).delete(asked::<KeyPath>);
    let credentials = get(queried::<ScopePath, GetCredentialsQuery>)
        .post(sent::<ScopePath, UpsertTeamCustomCredentialsBody>)
        .delete(queried::<ScopePath, DeleteCredentialsQuery>);
    let routes = Router::new()
        .route("/v1/org/{org_id}", org)
        .route("/v1/org/{org_id}/team", teams)
        .route("/v1/org/{org_id}/team/{team_id}", team)
        .route("/v1/org/{org_id}/resolve_team", post(sent::<OrgPath, ResolveTeamBody>))
        .route("/v1/org/{org_id}/management_key", keys)
        .route("/v1/org/{org_id}/management_key/{key_id}", key)
        .route("/v1/org/{org_id}/team_custom_credentials/{env}/{region}", credentials);
    let compared = replay(routes, CASES, is_same).await;
    assert!(compared >= 4_000, "only {compared} cases");
}

#[test]
fn a_secret_is_taken_out_of_what_is_echoed_and_nothing_else_is() {
    let fields = [("client_secret", "s"), ("client_id", "i")];
    let fields = fields.map(|(key, value)| (key.to_owned(), Value::String(value.to_owned())));
    let mut value = Value::List(vec![Value::Map(IndexMap::from(fields))]);
    value.redact(&["client_secret"], false);
    assert_eq!(json!(value), json!([{ "client_secret": "**********", "client_id": "i" }]));
}

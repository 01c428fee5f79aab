//! The served OpenAPI document against the contract's.

use std::collections::BTreeMap;

use serde_json::{Value, json};

const CONTRACT: &str = include_str!("../contract/team_data_pull_preferences.json");

/// What a document says of one operation, and of every schema it leads to. Descriptions and extensions say
/// nothing about the wire, and an enum that lists a member twice means the same as one that lists it once.
fn normal_form(document: &Value, path: &str, method: &str) -> Value {
    let operation = &document["paths"][path][method];
    let mut responses = operation["responses"].clone();
    // The contract documents two statuses; Lookback documents further ones beside them.
    responses.as_object_mut().unwrap().retain(|status, _| ["200", "422"].contains(&status.as_str()));
    let mut found = json!({
        "operationId": operation["operationId"],
        "parameters": operation["parameters"],
        "requestBody": operation["requestBody"],
        "responses": responses,
        "security": document["security"],
        "securitySchemes": document["components"]["securitySchemes"],
    });
    let mut schemas = BTreeMap::new();
    collect(&found, document, &mut schemas);
    found["schemas"] = json!(schemas);
    strip(&mut found);
    found
}

fn collect(value: &Value, document: &Value, schemas: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(entries) => {
            if let Some(name) = entries.get("$ref").and_then(|name| name.as_str()?.rsplit('/').next())
                && !schemas.contains_key(name)
            {
                let schema = &document["components"]["schemas"][name];
                schemas.insert(name.to_owned(), schema.clone());
                collect(schema, document, schemas);
            }
            entries.values().for_each(|value| collect(value, document, schemas));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, document, schemas)),
        _ => {}
    }
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            entries
                .retain(|key, value| !(key.starts_with("x-") || (key == "description" && value.is_string())));
            if let Some(Value::Array(members)) = entries.get_mut("enum") {
                let mut seen = Vec::new();
                members.retain(|member| {
                    !seen.contains(member) && {
                        seen.push(member.clone());
                        true
                    }
                });
            }
            entries.values_mut().for_each(strip);
            entries.sort_keys();
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

#[test]
fn the_document_says_what_the_contract_says() {
    let contract: Value = serde_json::from_str(CONTRACT).unwrap();
    let served = serde_json::to_value(lookback_api::openapi()).unwrap();
    let path = "/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}";
    for method in ["get", "post", "delete"] {
        let (contract, served) = (normal_form(&contract, path, method), normal_form(&served, path, method));
        let pretty = |value| serde_json::to_string_pretty(value).unwrap();
        assert!(contract == served, "{method}\n{}", diff(&pretty(&contract), &pretty(&served)));
    }
}

/// The lines that stand in one text only.
fn diff(contract: &str, served: &str) -> String {
    let missing = contract.lines().filter(|line| !served.contains(*line)).map(|line| format!("- {line}"));
    let added = served.lines().filter(|line| !contract.contains(*line)).map(|line| format!("+ {line}"));
    missing.chain(added).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_document_is_as_it_was() {
    insta::assert_json_snapshot!("openapi", lookback_api::openapi());
}

//! The served OpenAPI document against the contract's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

const CONTRACTS: [&str; 2] =
    [include_str!("../contract/team_data_pull_preferences.json"), include_str!("../contract/tenancy.json")];

/// What a document says of one operation, and of every schema it leads to. Descriptions and extensions say
/// nothing about the wire, and an enum that lists a member twice means the same as one that lists it once.
fn normal_form(document: &Value, path: &str, method: &str, statuses: &[String]) -> Value {
    let operation = &document["paths"][path][method];
    let mut responses = operation["responses"].clone();
    // Lookback documents further statuses beside the contract's.
    responses.as_object_mut().unwrap().retain(|status, _| statuses.contains(status));
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
    let served = serde_json::to_value(lookback_api::openapi()).unwrap();
    for contract in CONTRACTS {
        let contract: Value = serde_json::from_str(contract).unwrap();
        for (path, methods) in contract["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().cloned().collect();
                let (contract, served) = (
                    normal_form(&contract, path, method, &statuses),
                    normal_form(&served, path, method, &statuses),
                );
                let mut differences = Vec::new();
                compare(&contract, &served, "", &mut differences);
                assert!(differences.is_empty(), "{method} {path}\n{}", differences.join("\n"));
            }
        }
    }
}

/// Where two documents differ, and what stands there in each.
fn compare(contract: &Value, served: &Value, at: &str, differences: &mut Vec<String>) {
    match (contract, served) {
        (Value::Object(asked), Value::Object(given)) => {
            let names: BTreeSet<_> = asked.keys().chain(given.keys()).collect();
            for name in names {
                match (asked.get(name), given.get(name)) {
                    (Some(asked), Some(given)) => compare(asked, given, &format!("{at}/{name}"), differences),
                    (Some(asked), None) => differences.push(format!("{at}/{name}: {asked} is not served")),
                    (_, given) => differences.push(format!("{at}/{name}: served {given:?} alone")),
                }
            }
        }
        (Value::Array(asked), Value::Array(given)) if asked.len() == given.len() => {
            for (index, (asked, given)) in asked.iter().zip(given).enumerate() {
                compare(asked, given, &format!("{at}/{index}"), differences);
            }
        }
        (same, served) if same == served => {}
        _ => differences.push(format!("{at}: {contract}, served {served}")),
    }
}

#[test]
fn the_document_is_as_it_was() {
    insta::assert_json_snapshot!("openapi", lookback_api::openapi());
}

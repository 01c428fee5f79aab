//! `/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}`

mod delete;
mod forecast;
mod get;
mod page;
mod post;
mod resolve;
mod rules;

use lookback_domain::{Catalog, Provider, Resource, TeamId};
use serde_json::{Map, Value, json};

use crate::support::Answer;

/// A body that asks these days of Oura for these teams.
pub fn oura(teams: &[TeamId], days: impl Into<Value>) -> Value {
    let days = days.into();
    json!({ "team_ids": teams, "providers": { "oura": { "default": { "historical_days_to_pull": days } } } })
}

/// The teams of a page, in order.
pub fn teams(page: &Value) -> Vec<TeamId> {
    let entries = page["data_pull_preferences"].as_array().unwrap();
    entries.iter().map(|entry| entry["team_id"].as_str().unwrap().parse().unwrap()).collect()
}

/// What a page says of one provider of its first team.
pub fn shown(answer: &Answer, provider: &str) -> Value {
    answer.ok()["data_pull_preferences"][0]["providers"][provider].clone()
}

/// The default days that a page shows for one provider, team by team.
pub fn defaults(answer: &Answer, provider: &str) -> Vec<i64> {
    let page = answer.ok();
    let entries = page["data_pull_preferences"].as_array().unwrap();
    let days =
        entries.iter().map(|entry| &entry["providers"][provider]["default"]["historical_days_to_pull"]);
    days.map(|days| days.as_i64().unwrap()).collect()
}

/// So many of the providers that let every resource be overridden, each with all of that.
pub fn everything(providers: usize, days: u16) -> Value {
    let catalog = Catalog::bundled().unwrap();
    let days = json!({ "historical_days_to_pull": days });
    let overrides: Map<_, _> =
        Resource::ALL.iter().map(|resource| (resource.to_string(), days.clone())).collect();
    let preference = json!({ "default": days, "resource_overrides": overrides });
    let free = Provider::CONFIGURABLE.iter().filter(|&&provider| {
        let history = &catalog.rule(provider).history;
        history.configurable && history.fixed.is_empty()
    });
    Value::Object(free.take(providers).map(|provider| (provider.to_string(), preference.clone())).collect())
}

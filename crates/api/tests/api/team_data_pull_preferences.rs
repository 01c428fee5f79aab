//! `/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}`

mod delete;
mod forecast;
mod get;
mod page;
mod post;
mod resolve;
mod rules;

use lookback_domain::TeamId;
use serde_json::{Value, json};

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

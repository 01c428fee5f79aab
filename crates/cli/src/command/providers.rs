//! `lookback providers`: what the catalog knows.

use std::collections::BTreeMap;

use lookback_domain::{Basis, Days, Provider, PullCost, QuotaWindow, Resource, Rule, Unit};
use serde::Serialize;

use crate::output;
use crate::settings::Settings;

/// One provider of the catalog.
#[derive(Serialize)]
struct Row<'a> {
    provider: Provider,
    name: &'a str,
    default_days: i64,
    limit_days: i64,
    configurable: bool,
    preference_can_be_set: bool,
    basis: &'static str,
    remarks: Option<&'a str>,
    /// What an OAuth application may ask for, and each of its users.
    quota: Vec<String>,
    quota_basis: &'static str,
    /// How often a connection is asked for new data.
    poll_seconds: Option<u32>,
    /// What a year costs for one connection, or as many days as there are: everything, and each resource.
    year: PullCost,
    year_by_resource: BTreeMap<Resource, PullCost>,
}

pub fn run(settings: &Settings) -> anyhow::Result<()> {
    let catalog = settings.catalog()?;
    let rows: Vec<_> = Provider::ALL.iter().map(|&provider| row(provider, catalog.rule(provider))).collect();
    if settings.json {
        return output::json(&rows);
    }
    let shown = rows.iter().map(|row| {
        let configurable = match (row.preference_can_be_set, row.configurable) {
            (false, _) => "-",
            (true, true) => "yes",
            (true, false) => "no",
        };
        let days = row.default_days.to_string();
        let remarks = row.remarks.unwrap_or_default();
        [
            row.provider.to_string(),
            row.name.to_owned(),
            days,
            configurable.to_owned(),
            row.basis.to_owned(),
            row.quota.join(", "),
            row.year.requests.to_string(),
            remarks.to_owned(),
        ]
    });
    let head = [
        "provider",
        "name",
        "default days",
        "configurable",
        "figures are",
        "quota",
        "requests for a year",
        "remarks",
    ];
    output::table(&head, shown)?;
    output::line(
        "\nA year of everything for one connection, or as many days as the provider gives; how many records a day \
         that brings is assumed. --json has each resource.",
    )
}

fn row(provider: Provider, rule: &Rule) -> Row<'_> {
    let history = &rule.history;
    let documented =
        [history.default.basis, history.limit.basis].iter().all(|&basis| basis == Basis::Documented);
    Row {
        provider,
        name: &rule.name,
        default_days: history.default.days.into(),
        limit_days: history.limit.days.into(),
        configurable: history.configurable,
        preference_can_be_set: Provider::CONFIGURABLE.contains(&provider),
        basis: if documented { Basis::Documented } else { Basis::Assumed }.as_str(),
        remarks: rule.remarks.as_deref().or(history.unavailable.as_deref()),
        quota: quota(rule),
        quota_basis: rule.quota.basis.as_str(),
        poll_seconds: rule.updates.poll_seconds,
        year: rule.pull_cost(&|resource| year(rule, resource), &|_| None),
        year_by_resource: rule
            .pulled()
            .into_iter()
            .map(|resource| (resource, rule.requests(resource, year(rule, resource))))
            .collect(),
    }
}

/// A year, or as many days as can be had.
fn year(rule: &Rule, resource: Resource) -> Days {
    rule.allowance(Some(resource)).apply(Days::MAX)
}

/// The windows, as people say them.
fn quota(rule: &Rule) -> Vec<String> {
    let say = |window: &QuotaWindow, of: &str| {
        let span = match window.seconds {
            1 => "second".to_owned(),
            60 => "minute".to_owned(),
            3_600 => "hour".to_owned(),
            86_400 => "day".to_owned(),
            seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
            seconds => format!("{seconds} s"),
        };
        let unit = if window.unit == Unit::DaysOfData { " days of data" } else { "" };
        let grows = match window.limit_per_user {
            0 => String::new(),
            more => format!(" + {more} a user"),
        };
        format!("{}{grows}{unit} per {span}{of}", window.limit)
    };
    let app = rule.quota.windows.iter().map(|window| say(window, ""));
    app.chain(rule.quota.user_windows.iter().map(|window| say(window, " and user"))).collect()
}

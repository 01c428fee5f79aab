//! `lookback providers`: what the catalog knows.

use lookback_domain::{Basis, Catalog, Provider, Rule};
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
}

pub fn run(settings: &Settings) -> anyhow::Result<()> {
    let catalog = Catalog::bundled()?;
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
            remarks.to_owned(),
        ]
    });
    output::table(&["provider", "name", "default days", "configurable", "figures are", "remarks"], shown)
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
    }
}

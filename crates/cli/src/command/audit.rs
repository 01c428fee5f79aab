//! `lookback audit`: who changed what.

use lookback_store::{Actor, AuditEntry, AuditFilter, Visible};
use serde_json::json;

use super::open;
use crate::args::Audit;
use crate::output;
use crate::settings::Settings;

pub async fn run(settings: &Settings, what: Audit) -> anyhow::Result<()> {
    let Audit { org, team, actor, action, since: from, until, limit } = what;
    let filter = AuditFilter { visible: Visible::All, team, actor, action, from, until };
    let entries = open::existing(settings).await?.audit(org, &filter, None, limit).await?;
    if settings.json {
        let shown = |entry: &AuditEntry| {
            json!({
                "id": entry.id,
                "at": entry.id.at(),
                "actor": entry.actor,
                "action": entry.action,
                "team_id": entry.team_id,
                "before": entry.before,
                "after": entry.after,
                "acknowledgement": entry.acknowledgement,
            })
        };
        return output::json(&entries.iter().map(shown).collect::<Vec<_>>());
    }
    let value =
        |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string).unwrap_or_default();
    let rows = entries.iter().map(|entry| {
        let actor = match entry.actor {
            Actor::Key(id) => id.to_string(),
            Actor::CommandLine => "command line".to_owned(),
        };
        let team = entry.team_id.map(|team| team.to_string()).unwrap_or_default();
        let (before, after) = (value(&entry.before), value(&entry.after));
        [
            entry.id.0.to_string(),
            entry.id.at().to_string(),
            actor,
            entry.action.to_string(),
            team,
            before,
            after,
        ]
    });
    output::table(&["id", "at", "actor", "action", "team", "before", "after"], rows)
}

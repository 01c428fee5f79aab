//! `lookback key`: management keys.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lookback_domain::{KeyId, Label, OrgId, Role, TeamId};
use lookback_store::{Key as Row, KeyFilter, KeyGuard, KeyPatch};
use serde::Serialize;

use super::{every, open};
use crate::args::{Key, KeyChanges, senseless};
use crate::machine;
use crate::output::{self, Columns};
use crate::settings::Settings;

const COLUMNS: Columns<Row, 7> = Columns {
    head: ["key", "label", "role", "teams", "expires", "last used", "created"],
    row: |key| {
        let teams = match key.role {
            Role::OrgAdmin => "all".to_owned(),
            Role::TeamAdmin => key.bindings.iter().map(TeamId::to_string).collect::<Vec<_>>().join("\n"),
        };
        let time = |time: Option<Timestamp>| time.map_or_else(|| "never".to_owned(), |time| time.to_string());
        let (expires, used) = (time(key.expires_at), time(key.last_used_at));
        let (role, created) = (key.role.to_string(), key.created_at.to_string());
        [key.id.to_string(), key.label.clone(), role, teams, expires, used, created]
    },
};

/// A key that was just made, in clear.
#[derive(Serialize)]
struct Made {
    id: KeyId,
    org_id: OrgId,
    label: String,
    role: Role,
    bindings: BTreeSet<TeamId>,
    expires_at: Option<Timestamp>,
    management_key: String,
}

pub async fn run(settings: &Settings, what: Key) -> anyhow::Result<()> {
    match what {
        Key::Generate => generate(settings),
        Key::Create { org, label, role, team, expires_at } => {
            let teams: BTreeSet<_> = team.into_iter().collect();
            check_bindings(role, &teams)?;
            check_expiry(expires_at)?;
            create(settings, org, label, role, teams, expires_at).await
        }
        Key::List { org } => {
            let (store, all) = (open::existing(settings).await?, KeyFilter::all());
            let keys = every(|after, limit| store.keys(org, &all, after, limit), |key: &Row| key.id).await?;
            COLUMNS.all(settings.json, &keys)
        }
        Key::Update { org, id, changes } => {
            let patch = patch(changes)?;
            let store = open::existing(settings).await?;
            let key = store.patch_key(org, id, patch, &KeyGuard::none(), &machine::author()?).await?;
            COLUMNS.one(settings.json, &key)
        }
        Key::Delete { org, id } => {
            let store = open::existing(settings).await?;
            store.delete_key(org, id, &KeyGuard::none(), &machine::author()?).await?;
            output::deleted(settings.json, id)
        }
    }
}

fn generate(settings: &Settings) -> anyhow::Result<()> {
    let key = machine::management_key()?;
    if settings.json {
        output::json(&serde_json::json!({ "management_key": key.reveal() }))
    } else {
        output::line(key.reveal())
    }
}

async fn create(
    settings: &Settings,
    org: OrgId,
    label: Label,
    role: Role,
    bindings: BTreeSet<TeamId>,
    expires_at: Option<Timestamp>,
) -> anyhow::Result<()> {
    let store = open::existing(settings).await?;
    let (key, by) = (machine::management_key()?, machine::author()?);
    let row = Row::org_admin(machine::key_id(), org, label.into(), key.digest(), &by);
    let row = Row { role, bindings, expires_at, ..row };
    let Row { id, label, bindings, .. } = store.create_key(row, None, &by).await?.done();
    let management_key = key.reveal().to_owned();
    let made = Made { id, org_id: org, label, role, bindings, expires_at, management_key };
    if settings.json {
        return output::json(&made);
    }
    output::line(&format!("id              {}", made.id))?;
    output::line(&format!("management key  {}   (shown this once; keep it safe)", made.management_key))
}

fn patch(changes: KeyChanges) -> anyhow::Result<KeyPatch> {
    let KeyChanges { label, team, expires_at, no_expiry } = changes;
    let bindings = (!team.is_empty()).then(|| team.into_iter().collect::<BTreeSet<_>>());
    if let Some(teams) = &bindings {
        check_bindings(Role::TeamAdmin, teams)?;
    }
    check_expiry(expires_at)?;
    let expires_at = if no_expiry { Some(None) } else { expires_at.map(Some) };
    Ok(KeyPatch { label: label.map(String::from), bindings, expires_at })
}

/// Sees that the teams go with the role.
fn check_bindings(role: Role, teams: &BTreeSet<TeamId>) -> anyhow::Result<()> {
    match role {
        Role::OrgAdmin if !teams.is_empty() => {
            Err(senseless("an org_admin key is bound to no team: leave out --team, or say --role team_admin"))
        }
        Role::TeamAdmin if teams.is_empty() => {
            Err(senseless("a team_admin key is bound to at least one team: say --team ID, once for each"))
        }
        _ if teams.len() > Row::BINDINGS_MAX => Err(senseless(&format!(
            "a key is bound to at most {} teams; these are {}",
            Row::BINDINGS_MAX,
            teams.len()
        ))),
        _ => Ok(()),
    }
}

/// Sees that a key does not end before it is used.
fn check_expiry(expires_at: Option<Timestamp>) -> anyhow::Result<()> {
    match expires_at {
        Some(end) if end <= machine::now() => Err(senseless(&format!(
            "a key cannot expire in the past, as {end} is; `lookback key delete` revokes one"
        ))),
        _ => Ok(()),
    }
}

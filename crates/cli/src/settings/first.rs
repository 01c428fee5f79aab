//! The first key of an empty store, so that a deployment needs no second step.

use std::path::Path;

use anyhow::Context;
use lookback_domain::{Name, OrgId, Region, TeamId};
use lookback_store::ManagementKey;

use crate::args::Serve;

/// What an empty store gets before it is served.
#[derive(Debug)]
pub struct First {
    /// The key itself.
    pub key: ManagementKey,
    /// Its organisation's id, or a new one.
    pub org_id: Option<OrgId>,
    /// What its organisation is called.
    pub org_name: Name,
    /// Its team's id, or a new one.
    pub team_id: Option<TeamId>,
    /// What its team is called.
    pub team_name: Name,
    /// Where its team lives.
    pub region: Region,
}

/// As the settings have it, which are layered over the defaults; nothing where they name no file.
pub fn of(settings: Serve) -> anyhow::Result<Option<First>> {
    let Some(file) = settings.first_key_file else { return Ok(None) };
    Ok(Some(First {
        key: read(&file)?,
        org_id: settings.first_org_id,
        org_name: settings.first_org_name.expect("there is a default"),
        team_id: settings.first_team_id,
        team_name: settings.first_team_name.expect("there is a default"),
        region: settings.first_team_region.expect("there is a default"),
    }))
}

/// The error does not repeat what is in the file.
fn read(file: &Path) -> anyhow::Result<ManagementKey> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    ManagementKey::parse(text.trim()).with_context(|| {
        format!("{} does not hold a management key; `lookback key generate` makes one", file.display())
    })
}

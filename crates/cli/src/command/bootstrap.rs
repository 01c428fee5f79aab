//! `lookback bootstrap`: what a first call needs.

use lookback_domain::{Name, OrgId, Region, TeamId};
use lookback_store::{Key, ManagementKey, Org, OrgStore, Team};
use serde::{Deserialize, Serialize};

use super::open;
use crate::args::Bootstrap;
use crate::settings::Settings;
use crate::{machine, output};

/// What was made. The key is in clear, since it is shown this once.
#[derive(Serialize, Deserialize)]
pub struct Made {
    pub org_id: OrgId,
    pub team_id: TeamId,
    pub management_key: String,
}

pub async fn run(settings: &Settings, what: Bootstrap) -> anyhow::Result<()> {
    let new = New::called(what.org_name, what.team_name, what.region);
    let made = make(&*open::store(settings).await?, new, &machine::management_key()?).await?;
    if settings.json {
        return output::json(&made);
    }
    output::line(&format!("organisation    {}", made.org_id))?;
    output::line(&format!("team            {} ({})", made.team_id, what.region))?;
    output::line(&format!("management key  {}   (shown this once; keep it safe)", made.management_key))
}

/// What is to be made.
pub struct New {
    pub org_id: OrgId,
    pub org_name: Name,
    pub team_id: TeamId,
    pub team_name: Name,
    pub region: Region,
}

impl New {
    /// Called so, with new ids.
    pub fn called(org_name: Name, team_name: Name, region: Region) -> Self {
        Self { org_id: machine::org_id(), org_name, team_id: machine::team_id(), team_name, region }
    }
}

/// Makes an organisation with one team and this key.
pub async fn make(store: &(impl OrgStore + ?Sized), new: New, key: &ManagementKey) -> anyhow::Result<Made> {
    let by = machine::author()?;
    let created_at = by.at;
    let org = Org { id: new.org_id, name: new.org_name.into(), created_at };
    let team = Team {
        id: new.team_id,
        org_id: org.id,
        name: new.team_name.into(),
        region: new.region,
        integration_team_id: None,
        created_at,
    };
    let kept = Key::org_admin(machine::key_id(), org.id, "first key".to_owned(), key.digest(), &by);
    let made = Made { org_id: org.id, team_id: team.id, management_key: key.reveal().to_owned() };
    store.create_org(org, vec![team], vec![kept], &by).await?;
    Ok(made)
}

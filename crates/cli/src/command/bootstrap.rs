//! `lookback bootstrap`: what a first call needs.

use lookback_domain::{OrgId, Region, TeamId};
use lookback_store::{Key, Org, OrgStore, Team};
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
    let made = make(&open::store(settings)?, what.org_name, what.team_name, what.region).await?;
    if settings.json {
        return output::json(&made);
    }
    output::line(&format!("organisation    {}", made.org_id))?;
    output::line(&format!("team            {} ({})", made.team_id, what.region))?;
    output::line(&format!("management key  {}   (shown this once; keep it safe)", made.management_key))
}

/// Makes an organisation with one team and one key.
pub async fn make(
    store: &impl OrgStore,
    org_name: String,
    team_name: String,
    region: Region,
) -> anyhow::Result<Made> {
    let (created_at, key) = (machine::now(), machine::management_key()?);
    let org = Org { id: machine::org_id(), name: org_name, created_at };
    let team = Team { id: machine::team_id(), org_id: org.id, name: team_name, region, created_at };
    let label = "first key".to_owned();
    let kept = Key { id: machine::key_id(), org_id: org.id, label, digest: key.digest(), created_at };
    let made = Made { org_id: org.id, team_id: team.id, management_key: key.reveal().to_owned() };
    store.create_org(org, vec![team], vec![kept]).await?;
    Ok(made)
}

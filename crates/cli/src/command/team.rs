//! `lookback team`: teams.

use lookback_store::{Team as Row, TeamFilter, TeamPatch};

use super::{every, open};
use crate::args::{Team, TeamChanges};
use crate::machine;
use crate::output::{self, Columns};
use crate::settings::Settings;

const COLUMNS: Columns<Row, 5> = Columns {
    head: ["team", "name", "region", "integration team id", "created"],
    row: |team| {
        let elsewhere = team.integration_team_id.clone().unwrap_or_default();
        let (region, created) = (team.region.to_string(), team.created_at.to_string());
        [team.id.to_string(), team.name.clone(), region, elsewhere, created]
    },
};

pub async fn run(settings: &Settings, what: Team) -> anyhow::Result<()> {
    let store = open::existing(settings).await?;
    match what {
        Team::Create { org, name, region, integration_team_id } => {
            let by = machine::author()?;
            let team = Row {
                id: machine::team_id(),
                org_id: org,
                name: name.into(),
                region,
                integration_team_id: integration_team_id.map(String::from),
                created_at: by.at,
            };
            let team = store.create_team(team, None, &by).await?.done();
            COLUMNS.one(settings.json, &team)
        }
        Team::List { org } => {
            let all = TeamFilter::all();
            let teams =
                every(|after, limit| store.teams(org, &all, after, limit), |team: &Row| team.id).await?;
            COLUMNS.all(settings.json, &teams)
        }
        Team::Update { org, id, changes } => {
            let team = store.patch_team(org, id, patch(changes), &machine::author()?).await?;
            COLUMNS.one(settings.json, &team)
        }
        Team::Delete { org, id } => {
            store.delete_team(org, id, &machine::author()?).await?;
            output::deleted(settings.json, id)
        }
    }
}

fn patch(changes: TeamChanges) -> TeamPatch {
    let TeamChanges { name, integration_team_id, no_integration_team_id } = changes;
    let integration_team_id = integration_team_id.map(String::from);
    let integration_team_id = if no_integration_team_id { Some(None) } else { integration_team_id.map(Some) };
    TeamPatch { name: name.map(String::from), integration_team_id }
}

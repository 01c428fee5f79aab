//! `lookback team`: teams.

use lookback_store::{Team as Row, TeamFilter, TeamPatch};

use super::{every, open};
use crate::args::{Team, TeamChanges};
use crate::settings::Settings;
use crate::{machine, output};

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
            show(settings, &[team], |teams| output::json(&teams[0]))
        }
        Team::List { org } => {
            let all = TeamFilter::all();
            let teams =
                every(|after, limit| store.teams(org, &all, after, limit), |team: &Row| team.id).await?;
            show(settings, &teams, |teams| output::json(&teams))
        }
        Team::Update { org, id, changes } => {
            let team = store.patch_team(org, id, patch(changes), &machine::author()?).await?;
            show(settings, &[team], |teams| output::json(&teams[0]))
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

fn show(
    settings: &Settings,
    teams: &[Row],
    json: impl Fn(&[Row]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if settings.json {
        return json(teams);
    }
    let row = |team: &Row| {
        let elsewhere = team.integration_team_id.clone().unwrap_or_default();
        let (id, region, created) =
            (team.id.to_string(), team.region.to_string(), team.created_at.to_string());
        [id, team.name.clone(), region, elsewhere, created]
    };
    output::table(&["team", "name", "region", "integration team id", "created"], teams.iter().map(row))
}

//! `lookback team`: teams.

use lookback_store::Team as Row;

use super::{every, open};
use crate::args::Team;
use crate::settings::Settings;
use crate::{machine, output};

pub async fn run(settings: &Settings, what: Team) -> anyhow::Result<()> {
    let store = open::existing(settings).await?;
    match what {
        Team::Create { org, name, region } => {
            let team = Row { id: machine::team_id(), org_id: org, name, region, created_at: machine::now() };
            store.create_team(team.clone()).await?;
            show(settings, &[team], |teams| output::json(&teams[0]))
        }
        Team::List { org } => {
            let teams = every(|after, limit| store.teams(org, after, limit), |team: &Row| team.id).await?;
            show(settings, &teams, |teams| output::json(&teams))
        }
        Team::Delete { org, id } => {
            store.delete_team(org, id).await?;
            output::deleted(settings.json, id)
        }
    }
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
        [team.id.to_string(), team.name.clone(), team.region.to_string(), team.created_at.to_string()]
    };
    output::table(&["team", "name", "region", "created"], teams.iter().map(row))
}

//! `lookback team`: teams.

use lookback_store::{Team as Row, TeamFilter};

use super::{every, open};
use crate::args::Team;
use crate::settings::Settings;
use crate::{machine, output};

pub async fn run(settings: &Settings, what: Team) -> anyhow::Result<()> {
    let store = open::existing(settings).await?;
    match what {
        Team::Create { org, name, region } => {
            let by = machine::author()?;
            let (id, integration_team_id, created_at) = (machine::team_id(), None, by.at);
            let team = Row { id, org_id: org, name, region, integration_team_id, created_at };
            let team = store.create_team(team, None, &by).await?.done();
            show(settings, &[team], |teams| output::json(&teams[0]))
        }
        Team::List { org } => {
            let all = TeamFilter::all();
            let teams =
                every(|after, limit| store.teams(org, &all, after, limit), |team: &Row| team.id).await?;
            show(settings, &teams, |teams| output::json(&teams))
        }
        Team::Delete { org, id } => {
            store.delete_team(org, id, &machine::author()?).await?;
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

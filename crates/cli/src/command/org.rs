//! `lookback org`: organisations.

use anyhow::bail;
use lookback_store::Org as Row;

use super::{every, open};
use crate::args::Org;
use crate::settings::Settings;
use crate::{machine, output};

pub async fn run(settings: &Settings, what: Org) -> anyhow::Result<()> {
    let store = match what {
        Org::Create { .. } => open::store(settings).await?,
        Org::List | Org::Delete { .. } => open::existing(settings).await?,
    };
    match what {
        Org::Create { name } => {
            let by = machine::author()?;
            let org = Row { id: machine::org_id(), name, created_at: by.at };
            store.create_org(org.clone(), Vec::new(), Vec::new(), &by).await?;
            show(settings, &[org], |orgs| output::json(&orgs[0]))
        }
        Org::List => {
            let orgs = every(|after, limit| store.orgs(after, limit), |org: &Row| org.id).await?;
            show(settings, &orgs, |orgs| output::json(&orgs))
        }
        Org::Delete { id, confirm } => {
            let org = store.org(id).await?;
            if org.name != confirm {
                bail!("organisation {id} is not called `{confirm}`; nothing was deleted");
            }
            store.delete_org(id).await?;
            output::deleted(settings.json, id)
        }
    }
}

fn show(
    settings: &Settings,
    orgs: &[Row],
    json: impl Fn(&[Row]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if settings.json {
        return json(orgs);
    }
    let rows = orgs.iter().map(|org| [org.id.to_string(), org.name.clone(), org.created_at.to_string()]);
    output::table(&["organisation", "name", "created"], rows)
}

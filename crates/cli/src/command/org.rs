//! `lookback org`: organisations.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, bail};
use lookback_domain::OrgId;
use lookback_store::{Key, KeyFilter, Org as Row, Store, Team, TeamFilter};

use super::{every, open};
use crate::args::{Org, senseless};
use crate::machine;
use crate::output::{self, Columns};
use crate::progress::Deleting;
use crate::settings::Settings;

const COLUMNS: Columns<Row, 3> = Columns {
    head: ["organisation", "name", "created"],
    row: |org| [org.id.to_string(), org.name.clone(), org.created_at.to_string()],
};

/// How many rows are deleted in one transaction, so that a server beside it need not wait for all of them.
const ROWS_AT_ONCE: usize = 1_000;

pub async fn run(settings: &Settings, what: Org) -> anyhow::Result<()> {
    match what {
        Org::Create { name } => {
            let (store, by) = (open::store(settings).await?, machine::author()?);
            let org = Row { id: machine::org_id(), name: name.into(), created_at: by.at };
            store.create_org(org.clone(), Vec::new(), Vec::new(), &by).await?;
            COLUMNS.one(settings.json, &org)
        }
        Org::List => {
            let store = open::existing(settings).await?;
            let orgs = every(|after, limit| store.orgs(after, limit), |org: &Row| org.id).await?;
            COLUMNS.all(settings.json, &orgs)
        }
        Org::Rename { id, name } => {
            let store = open::existing(settings).await?;
            let org = store.rename_org(id, name.into(), &machine::author()?).await?;
            COLUMNS.one(settings.json, &org)
        }
        Org::Delete { id, confirm } => {
            if confirm.is_none() && !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
                return Err(senseless(
                    "there is no terminal to ask for the organisation's name on; give it with --confirm NAME",
                ));
            }
            delete(&*open::existing(settings).await?, id, confirm).await?;
            output::deleted(settings.json, id)
        }
    }
}

/// Deletes an organisation by its name, which is asked for where it is not given. Its audit log goes with it, so
/// that it was there is logged.
async fn delete(store: &dyn Store, id: OrgId, confirm: Option<String>) -> anyhow::Result<()> {
    let org = store.org(id).await?;
    let (all_teams, all_keys) = (TeamFilter::all(), KeyFilter::all());
    let teams = every(|after, limit| store.teams(id, &all_teams, after, limit), |team: &Team| team.id);
    let keys = every(|after, limit| store.keys(id, &all_keys, after, limit), |key: &Key| key.id);
    let (teams, keys) = (teams.await?.len(), keys.await?.len());

    let said = match confirm {
        Some(name) => name,
        None => ask(&format!(
            "This deletes organisation {id} for good, with everything in it (teams: {teams}, keys: {keys}) and its \
             audit log.\nIts name, to go on: "
        ))?,
    };
    if said != org.name {
        bail!("organisation {id} is not called `{said}`; nothing was deleted");
    }
    let deleting = Deleting::new();
    while !store.delete_org(id, ROWS_AT_ONCE).await.context("not all of it is deleted; run this again")? {
        deleting.add(ROWS_AT_ONCE);
    }
    drop(deleting);
    tracing::info!(org_id = %id, name = org.name, teams, keys, "deleted an organisation");
    Ok(())
}

/// Asks on the terminal.
fn ask(question: &str) -> anyhow::Result<String> {
    let mut terminal = io::stderr();
    write!(terminal, "{question}")?;
    terminal.flush()?;
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        bail!("no name was given; nothing was deleted");
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

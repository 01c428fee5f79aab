//! The commands, one a file.

mod audit;
mod backup;
mod bootstrap;
mod config;
mod export;
mod healthcheck;
mod import;
mod key;
pub mod open;
mod org;
mod plan;
mod probe;
mod providers;
mod quickstart;
mod resolve;
mod secrets;
mod serve;
mod simulate;
mod team;

use std::future::Future;

use clap::CommandFactory;
use lookback_store::Result as StoreResult;

use crate::args::{Args, Command};
use crate::output;
use crate::settings::{Given, Settings};

/// Does what the command line says.
pub async fn run(command: Command, settings: &Settings, given: &Given) -> anyhow::Result<()> {
    match command {
        Command::Quickstart(listen) => quickstart::run(settings, listen).await,
        Command::Serve(what) => serve::run(settings, &what).await,
        Command::Healthcheck(what) => healthcheck::run(settings, &what).await,
        Command::Bootstrap(what) => bootstrap::run(settings, what).await,
        Command::Org(what) => org::run(settings, what).await,
        Command::Team(what) => team::run(settings, what).await,
        Command::Key(what) => key::run(settings, what).await,
        Command::Audit(what) => audit::run(settings, what).await,
        Command::Secrets(what) => secrets::run(settings, &what).await,
        Command::Resolve(what) => resolve::run(settings, *what).await,
        Command::Plan(what) => plan::run(settings, *what).await,
        Command::Simulate(what) => simulate::run(settings, &what),
        Command::Backup(what) => backup::run(settings, what).await,
        Command::Export(what) => export::run(settings, &what).await,
        Command::Import(what) => import::run(settings, &what).await,
        Command::Config(what) => config::run(settings, given, &what),
        Command::Providers => providers::run(settings),
        Command::Openapi => output::json(&lookback_api::openapi()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "lookback", &mut script);
            output::line(&String::from_utf8(script)?)
        }
    }
}

/// How many rows are read at once.
const PAGE: usize = 500;

/// Every row of a listing, read page by page; `id` is what the next page begins after.
async fn every<T, I, F>(
    mut page: impl FnMut(Option<I>, usize) -> F,
    id: impl Fn(&T) -> I,
) -> StoreResult<Vec<T>>
where
    F: Future<Output = StoreResult<Vec<T>>>,
{
    let mut rows = Vec::new();
    loop {
        let read = page(rows.last().map(&id), PAGE).await?;
        let last = read.len() < PAGE;
        rows.extend(read);
        if last {
            return Ok(rows);
        }
    }
}

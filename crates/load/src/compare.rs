//! The run: every server started, then each in its turn.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::args::Args;
use crate::client::Work;
use crate::report::{Measured, Report};
use crate::sample::closed;
use crate::server::Server;
use crate::soak::Plan;
use crate::{bare, fill, slow, soak};

/// The reference, on a copy of the store with so many teams.
const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../reference/load_app.py");

pub async fn run(args: &Args) -> anyhow::Result<Report> {
    ensure!(args.rounds > 0 && !args.teams.is_empty(), "there is nothing to measure");
    let temporary = tempfile::tempdir()?;
    let directory = args.directory.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(directory)?;
    let lookback = lookback(args.lookback.as_deref())?;

    let (mut servers, mut measured) = (Vec::new(), Vec::new());
    for &teams in &args.teams {
        say(&format!("preparing {teams} teams"));
        let path = fill::store(directory, teams).await?;
        let name = format!("lookback, {teams} teams");
        let mut ready_ms = Vec::new();
        for _ in 1..args.rounds {
            let server = Server::start(name.clone(), teams, &mut serve(&lookback, &path)).await?;
            ready_ms.push(server.ready_after.as_secs_f64() * 1e3);
            server.end().await?;
        }
        let server = Server::start(name, teams, &mut serve(&lookback, &path)).await?.on(&path);
        ready_ms.push(server.ready_after.as_secs_f64() * 1e3);
        measured.push(Measured::new(&server, ready_ms)?);
        server.acquaint(args.connections).await?;
        servers.push(server);
    }

    let bare = bare::start(&servers[0], temporary.path(), 0).await?;
    measured.insert(0, Measured::new(&bare, vec![bare.ready_after.as_secs_f64() * 1e3])?);
    servers.insert(0, bare);
    if let Some(python) = &args.python {
        let path = fill::store(temporary.path(), args.teams[0]).await?;
        let mut command = Command::new(python);
        command.arg(REFERENCE).arg(&path);
        let reference = Server::start("reference".to_owned(), args.teams[0], &mut command).await?.on(&path);
        measured.push(Measured::new(&reference, vec![reference.ready_after.as_secs_f64() * 1e3])?);
        servers.push(reference);
    } else {
        say("WITHOUT THE REFERENCE: name a Python that has reference/load_requirements.txt with --python");
    }

    for round in 1..=args.rounds {
        say(&format!("round {round} of {}", args.rounds));
        for (server, measured) in servers.iter().zip(&mut measured) {
            server.warm().await?;
            measured.read.push(closed(server, Work::Read, args.connections, args.seconds).await?);
        }
        for (server, measured) in servers.iter().zip(&mut measured) {
            server.warm().await?;
            measured.upsert.push(closed(server, Work::Upsert, args.connections, args.seconds).await?);
        }
    }
    let slow = slow::run(args, &servers[1]).await?;
    let soak = Plan { seconds: args.soak_seconds, connections: args.connections, peak_seconds: args.seconds };
    let soak = soak::run(soak, &servers[1]).await?;
    Ok(Report { connections: args.connections, seconds: args.seconds, servers: measured, slow, soak })
}

fn serve(lookback: &Path, store: &Path) -> Command {
    let mut command = Command::new(lookback);
    let database = format!("sqlite:{}", store.display());
    // All clients come from one address here.
    command.args(["serve", "--listen", "127.0.0.1:0", "--connections-per-client-max", "4096", "--database"]);
    command.arg(database);
    command
}

/// The server's binary: the one that is named, or the one beside this program.
pub fn lookback(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let beside = || Ok::<_, std::io::Error>(std::env::current_exe()?.with_file_name("lookback"));
    let binary = named.map(Path::to_owned).map_or_else(beside, Ok)?;
    ensure!(binary.exists(), "{} is not there; run: cargo build --release -p lookback", binary.display());
    binary.canonicalize().context("the binary's path")
}

/// Progress.
#[expect(clippy::print_stderr, reason = "progress goes to standard error")]
pub fn say(what: &str) {
    eprintln!("{what}");
}

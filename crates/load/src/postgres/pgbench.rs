//! PostgreSQL's own load test.

use anyhow::{Context, ensure};
use lookback_store_postgres::testing::Server;
use tokio::process::Command;

use crate::args;

/// A hundred thousand rows each; as many rows as the largest store has teams.
const SCALE: &str = "10";

/// Which of its own transactions.
#[derive(Debug, Clone, Copy)]
pub enum Script {
    /// One row is read.
    SelectOnly,
    /// One row is changed and read, another is added.
    SimpleUpdate,
}

/// Makes its tables.
pub async fn prepare(server: &Server) -> anyhow::Result<()> {
    let output = pgbench(server).args(["--initialize", "--quiet", "--scale", SCALE]).output().await?;
    ensure!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Its transactions a second.
pub async fn run(server: &Server, script: Script, args: &args::Postgres) -> anyhow::Result<f64> {
    let script = match script {
        Script::SelectOnly => "--select-only",
        Script::SimpleUpdate => "--skip-some-updates",
    };
    let (clients, seconds) = (args.connections.to_string(), args.seconds.to_string());
    let output = pgbench(server)
        .args([script, "--no-vacuum", "--client", &clients, "--time", &seconds])
        .output()
        .await?;
    let said = String::from_utf8(output.stdout)?;
    let line = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let line = line.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok(line.split_whitespace().next().context("no number")?.parse()?)
}

fn pgbench(server: &Server) -> Command {
    let mut command = Command::new(server.binaries().join("pgbench"));
    let (directory, port) = (server.directory().display().to_string(), server.port().to_string());
    command.env_clear().args(["--host", &directory, "--port", &port, "--username", "lookback"]);
    command.env("PGDATABASE", "postgres").kill_on_drop(true);
    command
}

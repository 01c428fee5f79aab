//! The servers that are measured, each a process.

use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::client::{Client, now};

/// A server at work. It ends with this value.
pub struct Server {
    /// What it is called in the report.
    pub name: String,
    /// From the start of the process until it said that it listens.
    pub ready_after: Duration,
    /// How many teams it has.
    pub teams: u64,
    child: Child,
    address: SocketAddr,
    store: Option<PathBuf>,
}

/// How long a server may take to come up.
const READY_MAX: Duration = Duration::from_secs(30);

impl Server {
    /// Starts a server that has so many teams and says `listening on http://ADDR` when it is ready.
    pub async fn start(name: String, teams: u64, command: &mut Command) -> anyhow::Result<Self> {
        let started = now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let output = child.stdout.take().context("the output is piped")?;
        let mut lines = BufReader::new(output).lines();
        let line =
            timeout(READY_MAX, lines.next_line()).await.with_context(|| format!("{name} is not ready"))??;
        let ready_after = started.elapsed();
        let line = line.with_context(|| format!("{name} ended before it was ready"))?;
        let address = line.strip_prefix("listening on http://").context("not the line that was expected")?;
        Ok(Self { name, ready_after, teams, child, address: address.parse()?, store: None })
    }

    /// Says which file the server keeps its teams in.
    pub fn on(self, store: &Path) -> Self {
        Self { store: Some(store.to_owned()), ..self }
    }

    /// Reads the server's store through, so that what is measured next is the server and not the disk: a machine may give
    /// up within a minute what nobody asked for.
    pub async fn warm(&self) -> anyhow::Result<()> {
        let Some(store) = self.store.clone() else { return Ok(()) };
        let read = move || io::copy(&mut File::open(store)?, &mut io::sink());
        tokio::task::spawn_blocking(read).await??;
        Ok(())
    }

    /// Reads every team once, so that what is measured is a server that has run for a while: it keeps what was read.
    pub async fn acquaint(&self, connections: u64) -> anyhow::Result<()> {
        let mut running = JoinSet::new();
        for number in 0..connections {
            let (mut client, teams) = (self.connect(number).await?, self.teams);
            running.spawn(async move {
                for team in (number..teams).step_by(usize::try_from(connections).unwrap_or(usize::MAX)) {
                    client.read(team).await?;
                }
                io::Result::Ok(())
            });
        }
        while let Some(done) = running.join_next().await {
            done??;
        }
        Ok(())
    }

    /// A new connection.
    pub async fn connect(&self, number: u64) -> io::Result<Client> {
        Client::connect(self.address, self.teams, number).await
    }

    /// Processor time so far.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        cpu(&self.id()?.to_string())
    }

    /// Resident memory.
    pub fn resident_mb(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()?))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1024.0 / 1e6)
    }

    fn id(&self) -> anyhow::Result<u32> {
        self.child.id().with_context(|| format!("{} has ended", self.name))
    }

    /// Ends it and waits until it is gone.
    pub async fn end(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// Processor time of the load test itself so far.
pub fn own_cpu() -> anyhow::Result<Duration> {
    cpu("self")
}

/// Processor time of a process so far, in user and kernel mode, as the scheduler counts it for each thread.
fn cpu(process: &str) -> anyhow::Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may end in between.
        let Ok(statistics) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        let running = statistics.split_whitespace().next().context("schedstat is empty")?;
        nanoseconds += running.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

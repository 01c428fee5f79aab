//! Lookback on PostgreSQL beside pgbench on the same server, by turns in the same run.

mod pgbench;
mod report;

use anyhow::{Context, ensure};
use lookback_domain::KeyId;
use lookback_store::{Actor, Author, Key, Lifecycle, Org, OrgStore};
use lookback_store_postgres::testing::{self, Server as Postgres};
use lookback_store_postgres::{Options, PostgresStore};
use tokio::process::Command;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::args;
use crate::client::Work;
use crate::compare::{lookback, say};
use crate::fill;
use crate::sample::{Sample, closed};
use crate::server::Server;
use crate::soak::{self, Plan};
use pgbench::Script;
use report::{Measured, Report};

/// As PostgreSQL comes, but for memory and the size of its log, which its manual says to set.
const SETTINGS: &str = "shared_buffers = 512MB\nmax_wal_size = 4GB";

pub async fn run(args: &args::Postgres) -> anyhow::Result<Report> {
    ensure!(args.rounds > 0 && !args.teams.is_empty(), "there is nothing to measure");
    let lookback = lookback(args.lookback.as_deref())?;
    let postgres = testing::durable_server(SETTINGS).context("PostgreSQL is not installed")?;
    say("preparing pgbench");
    pgbench::prepare(&postgres).await?;
    let (mut servers, mut measured) = (Vec::new(), Vec::new());
    for &teams in &args.teams {
        say(&format!("preparing {teams} teams"));
        let url = filled(&postgres, teams).await?;
        let mut command = Command::new(&lookback);
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "warn"]).env("LOOKBACK_DATABASE", url);
        let server = Server::start(format!("{teams} teams"), teams, &mut command).await?;
        measured.push(Measured { name: server.name.clone(), read: Vec::new(), upsert: Vec::new() });
        servers.push(server);
    }
    let (mut selects, mut updates) = (Vec::new(), Vec::new());
    for round in 1..=args.rounds {
        say(&format!("round {round} of {}", args.rounds));
        selects.push(pgbench::run(&postgres, Script::SelectOnly, args).await?);
        for (server, measured) in servers.iter().zip(&mut measured) {
            measured.read.push(turn(server, Work::Read, args).await?);
        }
        updates.push(pgbench::run(&postgres, Script::SimpleUpdate, args).await?);
        for (server, measured) in servers.iter().zip(&mut measured) {
            measured.upsert.push(turn(server, Work::Upsert, args).await?);
        }
    }
    let seconds = f64::from(args.seconds);
    let soak = Plan { seconds: args.soak_seconds, connections: args.connections, peak_seconds: seconds };
    let soak = soak::run(soak, &servers[0]).await?;
    Ok(Report { connections: args.connections, selects, updates, servers: measured, soak })
}

async fn turn(server: &Server, work: Work, args: &args::Postgres) -> anyhow::Result<Sample> {
    closed(server, work, args.connections, f64::from(args.seconds)).await
}

/// The URL of a database with so many teams of one organisation.
async fn filled(postgres: &Postgres, teams: u64) -> anyhow::Result<String> {
    let name = format!("teams_{teams}");
    connect(&postgres.url("postgres")).await?.batch_execute(&format!("CREATE DATABASE {name}")).await?;
    let url = postgres.url(&name);
    let store = PostgresStore::open(&url, &Options::default()).await?;
    let by = Author::new(Actor::CommandLine, jiff::Timestamp::UNIX_EPOCH, [0; 7]);
    let org = Org { id: fill::ORG, name: "Load".to_owned(), created_at: by.at };
    let id = KeyId(Uuid::from_u128(1));
    let key = Key::org_admin(id, fill::ORG, "load".to_owned(), fill::key().digest(), &by);
    store.create_org(org, Vec::new(), vec![key], &by).await?;
    store.close().await;
    // As `fill::team` has them: the first 48 bits count, the rest stays.
    let (org, first) = (fill::ORG, fill::team(0).0);
    let (time, rest) = (first.as_u128() >> 80, &first.simple().to_string()[12..]);
    let sql = format!(
        "INSERT INTO team (id, org_id, name, region, created_at_us, production_preferences)
             SELECT (lpad(to_hex({time} + n), 12, '0') || '{rest}')::uuid, '{org}', 'Team ' || n, 'us', 0,
                 '{{\"oura\":{{\"default\":120,\"overrides\":{{\"sleep\":180}},\"updated_at_us\":0}}}}'
             FROM generate_series(0, {teams} - 1) n;
         VACUUM ANALYZE; CHECKPOINT"
    );
    let client = connect(&url).await?;
    for statement in sql.split(';') {
        client.batch_execute(statement).await?;
    }
    Ok(url)
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

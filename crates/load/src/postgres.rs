//! Lookback on PostgreSQL beside pgbench on the same server, by turns in the same run.

mod pgbench;

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
use crate::report::{median, table};
use crate::sample::{Sample, closed};
use crate::server::Server;
use crate::soak::{self, Soak};
use pgbench::Script;

/// As PostgreSQL comes, but for memory and the size of its log, which its manual says to set.
const SETTINGS: &str = "shared_buffers = 512MB\nmax_wal_size = 4GB";

/// What is measured by turns.
struct Measured {
    server: Server,
    read: Vec<Sample>,
    upsert: Vec<Sample>,
}

pub async fn run(args: &args::Postgres) -> anyhow::Result<()> {
    ensure!(args.rounds > 0 && !args.teams.is_empty(), "there is nothing to measure");
    let lookback = lookback(args.lookback.as_deref())?;
    let postgres = testing::durable_server(SETTINGS).context("PostgreSQL is not installed")?;
    say("preparing pgbench");
    pgbench::prepare(&postgres).await?;
    let mut servers = Vec::new();
    for &teams in &args.teams {
        say(&format!("preparing {teams} teams"));
        let url = filled(&postgres, teams).await?;
        let mut command = Command::new(&lookback);
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "warn"]).env("LOOKBACK_DATABASE", url);
        let server = Server::start(format!("{teams} teams"), teams, &mut command).await?;
        servers.push(Measured { server, read: Vec::new(), upsert: Vec::new() });
    }
    let (mut updates, mut selects) = (Vec::new(), Vec::new());
    for round in 1..=args.rounds {
        say(&format!("round {round} of {}", args.rounds));
        selects.push(pgbench::run(&postgres, Script::SelectOnly, args).await?);
        for measured in &mut servers {
            measured.read.push(turn(&measured.server, Work::Read, args).await?);
        }
        updates.push(pgbench::run(&postgres, Script::SimpleUpdate, args).await?);
        for measured in &mut servers {
            measured.upsert.push(turn(&measured.server, Work::Upsert, args).await?);
        }
    }
    print(args, "reads of one team, beside pgbench -S", &selects, &servers, |measured| &measured.read);
    print(args, "durable upserts of one team, beside pgbench -N", &updates, &servers, |measured| {
        &measured.upsert
    });
    soak(args, &servers[0].server).await
}

#[expect(clippy::print_stdout, reason = "the result")]
async fn soak(args: &args::Postgres, server: &Server) -> anyhow::Result<()> {
    let soak = Soak {
        seconds: args.soak_seconds,
        connections: args.connections,
        peak_seconds: f64::from(args.seconds),
    };
    let samples = soak::run(soak, server).await?;
    if !samples.is_empty() {
        println!(
            "\nsoak at 80% of the peak, nine reads to an upsert, {}\n{}",
            server.name,
            soak::told(&samples)
        );
    }
    Ok(())
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

#[expect(clippy::print_stdout, reason = "the result")]
fn print(
    args: &args::Postgres,
    title: &str,
    pgbench: &[f64],
    servers: &[Measured],
    of: impl Fn(&Measured) -> &[Sample],
) {
    let (count, rounds) = (args.connections, args.rounds);
    println!(
        "\n{title}; {count} connections, medians of {rounds} rounds; ×: against pgbench, round by round"
    );
    let mut table = table(&["", "a second", "×", "p50 ms", "p99 ms", "p99 / p50", "server CPU µs"]);
    table.add_row(["pgbench".to_owned(), format!("{:.0}", median(pgbench.to_vec()))]);
    for measured in servers {
        let samples = of(measured);
        let each = |get: &dyn Fn(&Sample) -> f64| median(samples.iter().map(get).collect());
        let ratios = samples.iter().zip(pgbench).map(|(sample, pgbench)| sample.per_second / pgbench);
        table.add_row([
            measured.server.name.clone(),
            format!("{:.0}", each(&|sample| sample.per_second)),
            format!("{:.2}", median(ratios.collect())),
            format!("{:.2}", each(&|sample| sample.p50_ms)),
            format!("{:.2}", each(&|sample| sample.p99_ms)),
            format!("{:.1}", each(&|sample| sample.p99_ms / sample.p50_ms)),
            format!("{:.1}", each(&|sample| sample.cpu_us)),
        ]);
    }
    println!("{table}");
}

//! What can be said on the command line.

mod audit;
mod key;
mod org;
mod plan;
mod serve;
mod team;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args as ClapArgs, Parser, Subcommand};
use clap_complete::Shell;
use jiff::{Timestamp, civil::Date};
use lookback_domain::{Days, Environment, Name, OrgId, Provider, Region, Resource, TeamId};

pub use audit::{Audit, Secrets};
pub use key::{Key, KeyChanges};
pub use org::Org;
pub use plan::Plan;
pub use serve::Serve;
pub use team::{Team, TeamChanges};

/// Decides how far back health data is pulled when a person connects a device account.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, after_help = AFTER_HELP)]
pub struct Args {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Results go to standard output, everything else to standard error.
Settings are taken from flags, then from LOOKBACK_* environment variables, then from the configuration file.

Exit codes:
  0  done
  1  failed
  2  the command line makes no sense
  3  there is no such organisation, team or key
  4  the store cannot be opened or used
  130, 143  a server ended at once, at a second SIGINT or SIGTERM

Examples:
  lookback quickstart
  lookback serve --listen 0.0.0.0:8080 --database sqlite:/var/lib/lookback/lookback.db
  lookback bootstrap --org-name Acme --json";

/// What goes with every command.
#[derive(Debug, ClapArgs)]
pub struct Global {
    // The environment of these two is read by `Settings`: a flag of one form wins over a variable of the other,
    // which is no conflict.
    /// Where everything is kept: sqlite:PATH or postgres://USER@HOST/DATABASE [env: LOOKBACK_DATABASE=] [default:
    /// sqlite:./lookback-data/lookback.db]
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    /// A file that holds the database URL, for URLs with a password in them [env: LOOKBACK_DATABASE_FILE=]
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "database")]
    pub database_file: Option<PathBuf>,
    /// A file with the master keys that secrets are sealed under [env: LOOKBACK_MASTER_KEY_FILE=, or the key itself:
    /// LOOKBACK_MASTER_KEY=] [default: beside an embedded store]
    #[arg(long, global = true, value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,
    /// A TOML file with settings
    #[arg(long, global = true, env = "LOOKBACK_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to log: error, warn, info, debug or trace, also per module [default: info]
    #[arg(long, global = true, env = "LOOKBACK_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// Print JSON instead of tables and text
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Try it: a store, a team, a key, the documented example stored and read back, and a running server
    #[command(
        after_help = "Run again, it uses what is there.\n\nExamples:\n  lookback quickstart\n  lookback quickstart --listen 127.0.0.1:0 --json"
    )]
    Quickstart(Listen),
    /// Serve the API
    #[command(
        after_help = "Prints `listening on http://ADDR` once it is ready. SIGTERM and SIGINT end it after the requests at hand, with exit code 0; a second one ends it at once, with 143 or 130.\n\nExamples:\n  lookback serve\n  lookback serve --listen 127.0.0.1:0\n  lookback serve --listen 10.0.0.5:8080 --metrics-listen 127.0.0.1:9090 --trusted-proxy 10.0.0.0/24"
    )]
    Serve(Box<Serve>),
    /// Ask a server on this machine whether it can work; ends with 0 if so
    #[command(
        after_help = "Takes the settings of serve to know where to ask. For the health check of a container.\n\nExamples:\n  lookback healthcheck\n  lookback healthcheck --listen 127.0.0.1:8080 --alive"
    )]
    Healthcheck(Box<Healthcheck>),
    /// Create what a first call needs: an organisation, a team and a management key
    #[command(
        after_help = "Creates a new organisation at each run. The key is shown this once.\n\nExample:\n  lookback bootstrap --org-name Acme --team-name Running --region eu --json"
    )]
    Bootstrap(Bootstrap),
    /// Manage organisations
    #[command(subcommand)]
    Org(Org),
    /// Manage teams
    #[command(subcommand)]
    Team(Team),
    /// Manage management keys
    #[command(subcommand)]
    Key(Key),
    /// Show who changed what
    #[command(
        after_help = "Examples:\n  lookback audit --org ORG\n  lookback audit --org ORG --actor command-line --since 2026-11-01T00:00:00Z --json"
    )]
    Audit(Audit),
    /// Manage the keys that secrets are sealed under
    #[command(subcommand)]
    Secrets(Secrets),
    /// Show which window would be pulled, and why
    #[command(
        after_help = "Without --team nothing is looked up: --days and --override stand in for a stored preference.\n\nExamples:\n  lookback resolve --provider oura --days 120 --override sleep=180 --resource sleep --resource activity\n  lookback resolve --provider fitbit --days 365 --resource heartrate\n  lookback resolve --org ORG --team TEAM --region eu --provider strava --resource workouts --json"
    )]
    Resolve(Box<Resolve>),
    /// Show what a preference would cost: requests, time, and what becomes of polling
    #[command(after_help = plan::EXAMPLES)]
    Plan(Box<Plan>),
    /// Run a scenario against simulated providers, or random ones
    #[command(
        after_help = "The trace has one JSON object a line for every request that reached a provider.\n\nExamples:\n  lookback simulate scenarios/strava-aligned.toml\n  lookback simulate scenarios/wahoo-log.toml --json --trace trace.ndjson\n  lookback simulate --fuzz --seconds 60\n  lookback simulate --fuzz --requests 1000000000 --threads 2"
    )]
    Simulate(Simulate),
    /// Copy the embedded store to a new file, also while a server works on it
    #[command(
        after_help = "The copy is of one moment. It overwrites nothing and changes nothing in the store. For PostgreSQL there is pg_dump.\n\nExample:\n  lookback backup /backup/lookback-2026-11-24.db --database sqlite:/var/lib/lookback/lookback.db"
    )]
    Backup(Backup),
    /// Write everything that the store holds to a new file, to import it into another store
    #[command(
        after_help = "The file is of one moment, also beside a running server. Secrets stay as they are kept: the master key is not in it. Interrupted, it goes on when it is run again.\n\nExample:\n  lookback export lookback.ndjson --database sqlite:/var/lib/lookback/lookback.db"
    )]
    Export(Export),
    /// Read a file that `export` wrote into an empty store
    #[command(
        after_help = "Nothing is changed where the file is damaged or the store holds anything else. Interrupted, it goes on when it is run again. At the end the store is compared with the file. No server may run on the store meanwhile.\n\nExample:\n  lookback import lookback.ndjson --database-file postgres.url"
    )]
    Import(Import),
    /// Look at the settings
    #[command(subcommand)]
    Config(Config),
    /// List the providers: defaults, limits and what is configurable
    Providers,
    /// Print the OpenAPI document
    Openapi,
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  lookback completions bash > /etc/bash_completion.d/lookback")]
    Completions {
        /// Which shell
        shell: Shell,
    },
}

impl Command {
    /// Whether all it does is to print something.
    pub fn only_shows(&self) -> bool {
        match self {
            Self::Org(what) => matches!(what, Org::List),
            Self::Team(what) => matches!(what, Team::List { .. }),
            Self::Key(what) => matches!(what, Key::List { .. }),
            Self::Resolve(_)
            | Self::Config(_)
            | Self::Healthcheck(_)
            | Self::Plan(_)
            | Self::Audit(_)
            | Self::Providers
            | Self::Openapi
            | Self::Completions { .. } => true,
            Self::Quickstart(_)
            | Self::Serve(_)
            | Self::Bootstrap(_)
            | Self::Backup(_)
            | Self::Secrets(_)
            | Self::Export(_)
            | Self::Import(_)
            | Self::Simulate(_) => false,
        }
    }
}

#[derive(Debug, ClapArgs)]
pub struct Listen {
    /// Where to listen; port 0 takes any free one [default: 127.0.0.1:8080]
    #[arg(long, env = "LOOKBACK_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
}

#[derive(Debug, ClapArgs)]
pub struct Healthcheck {
    /// Ask whether it answers at all, instead of whether its store works
    #[arg(long)]
    pub alive: bool,
    #[command(flatten)]
    pub serve: Serve,
}

#[derive(Debug, ClapArgs)]
pub struct Export {
    /// Where it goes; nothing may be there yet
    pub file: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub struct Import {
    /// What `export` wrote
    pub file: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub struct Backup {
    /// Where the copy goes; nothing may be there yet
    pub file: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum Config {
    /// See that the settings make sense, and say what each is and where it comes from
    #[command(
        after_help = "Takes the flags of serve, and starts nothing. What is secret is not shown.\n\nExamples:\n  lookback config check --config /etc/lookback/lookback.toml\n  lookback config check --json"
    )]
    Check(Box<Serve>),
}

#[derive(Debug, ClapArgs)]
pub struct Bootstrap {
    /// What to call the organisation
    #[arg(long, default_value = "My organisation")]
    pub org_name: Name,
    /// What to call the team
    #[arg(long, default_value = "My team")]
    pub team_name: Name,
    /// Where the team lives: us or eu
    #[arg(long, default_value_t = Region::Us, value_parser = one_of(Region::ALL, Region::as_str), hide_possible_values = true)]
    pub region: Region,
}

#[derive(Debug, ClapArgs)]
pub struct Resolve {
    /// For this provider; may be repeated [default: every one that a preference can be set for]
    #[arg(long, value_parser = one_of(Provider::ALL, Provider::as_str), hide_possible_values = true)]
    pub provider: Vec<Provider>,
    /// For this resource; may be repeated [default: every one]
    #[arg(long, value_parser = one_of(Resource::ALL, Resource::as_str), hide_possible_values = true)]
    pub resource: Vec<Resource>,
    /// Prefer this many days
    #[arg(long, value_parser = days, conflicts_with = "team")]
    pub days: Option<Days>,
    /// Prefer this many days for one resource; may be repeated
    #[arg(long = "override", value_name = "RESOURCE=DAYS", value_parser = resource_days, requires = "days")]
    pub overrides: Vec<(Resource, Days)>,
    /// Take what this team has stored
    #[arg(long, requires = "org")]
    pub team: Option<TeamId>,
    /// The team's organisation
    #[arg(long, requires = "team")]
    pub org: Option<OrgId>,
    /// The team's region: us or eu
    #[arg(long, default_value_t = Region::Us, value_parser = one_of(Region::ALL, Region::as_str), hide_possible_values = true)]
    pub region: Region,
    /// The team's environment: production or sandbox
    #[arg(long, default_value_t = Environment::Production, value_parser = one_of(Environment::ALL, Environment::as_str), hide_possible_values = true)]
    pub env: Environment,
    /// When the account was connected, such as 2026-11-23T20:07:00Z
    #[arg(long, value_name = "TIME")]
    pub connected_at: Option<Timestamp>,
    /// When the user first gave permission on the phone
    #[arg(long, value_name = "TIME")]
    pub first_permission_at: Option<Timestamp>,
    /// The first date (UTC) from which data may be pulled
    #[arg(long, value_name = "DATE")]
    pub ingestion_start: Option<Date>,
    /// The last date (UTC) from which data may be pulled
    #[arg(long, value_name = "DATE")]
    pub ingestion_end: Option<Date>,
    /// The connection uses an OAuth application of the team's own
    #[arg(long)]
    pub own_app: bool,
    /// Resolve as of this time [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<Timestamp>,
}

#[derive(Debug, ClapArgs)]
pub struct Simulate {
    /// The scenario
    #[arg(value_name = "SCENARIO.toml", required_unless_present = "fuzz", conflicts_with = "fuzz")]
    pub scenario: Option<PathBuf>,
    /// Write every request to this file
    #[arg(long, value_name = "FILE", requires = "scenario")]
    pub trace: Option<PathBuf>,
    /// Draw random scenarios and check every promise in each, instead of running one
    #[arg(long)]
    pub fuzz: bool,
    /// How long to go on drawing [default: 60 where nothing else ends it]
    #[arg(long, conflicts_with = "scenario")]
    pub seconds: Option<u64>,
    /// How many requests to simulate; scenarios under way then are run to their end
    #[arg(long, conflicts_with = "scenario")]
    pub requests: Option<u64>,
    /// How many scenarios to draw
    #[arg(long, conflicts_with = "scenario")]
    pub scenarios: Option<u64>,
    /// How many scenarios to run at once; the same are drawn with any number [default: one a processor]
    #[arg(long, conflicts_with = "scenario")]
    pub threads: Option<NonZeroUsize>,
    /// What the first random scenario is drawn from
    #[arg(long, default_value_t = 1, conflicts_with = "scenario")]
    pub seed: u64,
}

/// Says what makes no sense about a command line that could be read; it is told, and ends, as what could not be.
pub fn senseless(why: &str) -> anyhow::Error {
    clap::Error::raw(ErrorKind::ValueValidation, format!("{why}\n")).into()
}

/// One of a closed set of names, which a refusal lists.
fn one_of<T: Copy + Send + Sync>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let named = move |given: String| all.iter().copied().find(|&member| name(member) == given);
    PossibleValuesParser::new(all.iter().copied().map(name))
        .map(move |given| named(given).expect("no other name is let through"))
}

fn days(text: &str) -> Result<Days, String> {
    let days: i64 = text.parse().map_err(|_| "not a whole number of days".to_owned())?;
    Days::try_from(days).map_err(|error| error.to_string())
}

fn resource_days(text: &str) -> Result<(Resource, Days), String> {
    let (resource, asked) = text.split_once('=').ok_or("write it as RESOURCE=DAYS, such as sleep=180")?;
    let resource = resource.parse().map_err(|error: lookback_domain::UnknownSlug| error.to_string())?;
    Ok((resource, days(asked)?))
}

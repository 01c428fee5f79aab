//! What can be said to `lookback plan`.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use jiff::Timestamp;
use lookback_domain::{Days, Environment, OrgId, PerDay, Provider, Region, Resource, TeamId};

use super::{days, one_of, resource_days};

pub const EXAMPLES: &str = "\
Connections are assumed, and so are the records a day that decide how many pages there are; --json repeats every \
figure that was assumed. Today's preference is the catalog's default, or what --team has stored.

Examples:
  lookback plan --provider strava --connections 2000 --days 365
  lookback plan --provider strava --connections 200 --days 90 --other-connections 5000 --svg quota.svg
  lookback plan --provider withings --connections 500 --days 180 --override sleep_stream=30 --json
  lookback plan --provider oura --connections 800 --days 365 --org ORG --team TEAM --region eu";

#[derive(Debug, ClapArgs)]
pub struct Plan {
    /// Of this provider
    #[arg(long, value_parser = one_of(Provider::ALL, Provider::as_str), hide_possible_values = true)]
    pub provider: Provider,
    /// Connections that pull their history
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub connections: u32,
    /// Days of history to prefer
    #[arg(long, value_parser = days)]
    pub days: Days,
    /// Days for one resource; may be repeated
    #[arg(long = "override", value_name = "RESOURCE=DAYS", value_parser = resource_days)]
    pub overrides: Vec<(Resource, Days)>,
    /// The team has an OAuth application of its own
    #[arg(long)]
    pub own_app: bool,
    /// Connections of other teams on the shared OAuth application
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub other_connections: u32,
    /// Further connections each day, which pull the same
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub new_per_day: u32,
    /// Records a day of one resource, in place of the catalog's assumption; may be repeated
    #[arg(long = "records", value_name = "RESOURCE=NUMBER", value_parser = resource_records)]
    pub records: Vec<(Resource, PerDay)>,
    /// Seconds between polls of a connection, in place of the catalog's figure
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(60..=2_592_000))]
    pub poll_seconds: Option<u32>,
    /// Compare with what this team has stored
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
    /// Begin at this time [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<Timestamp>,
    /// Write the chart of quota use to this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

fn resource_records(text: &str) -> Result<(Resource, PerDay), String> {
    let (resource, records) =
        text.split_once('=').ok_or("write it as RESOURCE=NUMBER, such as workouts=1.5")?;
    let resource = resource.parse().map_err(|error: lookback_domain::UnknownSlug| error.to_string())?;
    let records: f64 = records.parse().map_err(|_| "not a number of records a day".to_owned())?;
    Ok((resource, PerDay::try_from(records).map_err(|error| error.to_string())?))
}

//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Measures Lookback over a socket beside a bare handler and beside the reference
///
/// Build the server first: cargo build --release -p lookback
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How many teams there are; a store and a server for each
    #[arg(long, value_delimiter = ',', default_value = "100,10000,1000000", value_name = "COUNTS")]
    pub teams: Vec<u64>,
    /// Connections that each send one request after another
    #[arg(long, default_value_t = 64, value_name = "COUNT")]
    pub connections: u64,
    /// How often every server has its turn; results are medians over the rounds
    #[arg(long, default_value_t = 7, value_name = "COUNT")]
    pub rounds: usize,
    /// How long a turn takes
    #[arg(long, default_value_t = 2.0)]
    pub seconds: f64,
    /// Afterwards, nine reads to a write at 80% of the peak for so long, beside turns of a
    /// bare handler that works as much
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    pub soak_seconds: u64,
    /// Reads at a fifth of the peak, by turns without others and beside so many clients that are slow on purpose
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    pub slow_clients: u64,
    /// The server's binary [default: `lookback` beside this one]
    #[arg(long, value_name = "FILE")]
    pub lookback: Option<PathBuf>,
    /// A Python that has reference/load_requirements.txt; without it the reference is left out
    #[arg(long, value_name = "FILE")]
    pub python: Option<PathBuf>,
    /// Where the stores are made, and kept for the next run [default: a temporary directory]
    #[arg(long, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Print JSON instead of tables
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// The bare handler; the load test starts it itself
    #[command(hide = true)]
    Bare {
        /// The bytes it answers with
        answer: PathBuf,
        /// How many bytes of JSON it parses for each answer, to have something to do
        bytes: usize,
    },
    /// Measures Lookback on PostgreSQL beside pgbench on the same server
    ///
    /// The server is a private one, started from the installed binaries, with its files in the temporary directory
    /// (TMPDIR); each commit waits for that disk.
    Postgres(Postgres),
}

#[derive(Debug, clap::Args)]
pub struct Postgres {
    /// How many teams there are; a database and a server for each
    #[arg(long, value_delimiter = ',', default_value = "1000,100,10000,1000000", value_name = "COUNTS")]
    pub teams: Vec<u64>,
    /// Connections that each send one request after another, and clients of pgbench
    #[arg(long, default_value_t = 32, value_name = "COUNT")]
    pub connections: u64,
    /// How often everyone has a turn; results are medians over the rounds
    #[arg(long, default_value_t = 5, value_name = "COUNT")]
    pub rounds: usize,
    /// How long a turn takes
    #[arg(long, default_value_t = 5)]
    pub seconds: u32,
    /// Afterwards, nine reads to a write at 80% of the peak for so long with the first number of teams, beside turns of a
    /// bare handler that works as much
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    pub soak_seconds: u64,
    /// The server's binary [default: `lookback` beside this one]
    #[arg(long, value_name = "FILE")]
    pub lookback: Option<PathBuf>,
    /// Print JSON instead of tables
    #[arg(long)]
    pub json: bool,
}

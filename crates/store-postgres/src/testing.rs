//! A real PostgreSQL for tests.
//!
//! [`database`] gives a test a database of its own, which is gone after it. The server is a private one, started from
//! the installed binaries for the whole run, or the one that `LOOKBACK_TEST_POSTGRES=postgres://…` names, whose user
//! has to be allowed to create databases. Where there is neither, the test says that it is skipped;
//! `LOOKBACK_TEST_REQUIRE_POSTGRES=1` makes that a failure.

#![allow(clippy::unwrap_used, reason = "where a test cannot be set up, the panic is the report")]
#![allow(clippy::print_stderr, reason = "whoever runs the tests has to see what was skipped")]

mod database;
mod installed;
mod proxy;
mod server;
mod shared;

pub use database::Database;
pub use proxy::{Proxy, Trap};
pub use server::Server;

/// An environment variable of whoever runs the tests.
#[expect(clippy::disallowed_methods, reason = "how tests are run is said from outside")]
fn said(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A database at the newest version, with nothing in it; none where PostgreSQL is not to be had.
pub async fn database() -> Option<Database> {
    Some(shared::get()?.database(true).await)
}

/// A database without any table.
pub async fn empty_database() -> Option<Database> {
    Some(shared::get()?.database(false).await)
}

/// A server of the test's own, which may be stopped and broken; `settings` are lines of `postgresql.conf`. None where
/// PostgreSQL is not installed.
pub fn server(settings: &str) -> Option<Server> {
    let binaries = installed::binaries()?;
    Some(Server::start(&binaries, std::process::id(), &format!("{FRAGILE}\n{settings}")))
}

/// The same, where a commit waits for the disk and the log is as large as it usually is: for measurements.
pub fn durable_server(settings: &str) -> Option<Server> {
    let binaries = installed::binaries()?;
    Some(Server::start(&binaries, std::process::id(), settings))
}

/// What survives the end of a process is what tests look at; none of them cuts the power.
const FRAGILE: &str = "fsync = off\nshared_buffers = 64MB\nmax_connections = 300";

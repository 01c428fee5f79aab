//! The embedded store of Lookback: one SQLite file.
//!
//! One thread writes. It takes what is queued, runs each operation in a savepoint of its own, commits all of
//! it at once and only then acknowledges it, so that the price of a durable commit is shared by everyone who
//! waits for one. Reader connections work beside it and see what is committed.
//!
//! What is deliberately absent: a memory-mapped file (a truncated one would kill the process instead of
//! failing a read), and SQL outside this crate.

mod audit;
mod backup;
mod column;
mod connection;
mod credential;
mod failure;
mod housekeeping;
mod keeper;
mod key;
mod lock;
mod log;
mod migrations;
mod moving;
mod once;
mod open_error;
mod org;
mod place;
#[cfg(test)]
mod plans;
mod preference;
mod query;
mod readers;
mod room;
mod store;
mod team;
mod team_cache;
mod team_changes;
mod writer;

pub use backup::{BackupError, backup};
pub use lock::ServerLock;
pub use open_error::OpenError;
pub use store::{Options, SqliteStore};
pub use writer::Stats;

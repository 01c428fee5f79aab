//! The shared store of Lookback: a PostgreSQL database, for any number of servers.
//!
//! A replica holds no truth. Everything is read where it is kept, so that what one replica acknowledged the others
//! see at once. What many requests ask at the same time is asked in one statement (`batch.rs`): reads of keys and
//! of preferences, and upserts, which share a transaction and are acknowledged after its commit.
//!
//! Isolation is READ COMMITTED. Whoever changes what belongs to a team holds the lock on the team's row, and takes
//! locks in the order of ids: so no two of them can wait for each other, nothing has to be repeated because
//! of a conflict. A read is a single statement, or takes its several from one snapshot: it sees one moment and waits for
//! nobody.
//!
//! What is deliberately absent: advisory locks and notifications, which a pooler or a failover loses; a cache; and
//! SQL outside this crate.

mod address;
mod audit;
mod batch;
mod column;
mod credential;
mod failure;
mod housekeeping;
mod key;
mod migrations;
mod moving;
mod once;
mod open_error;
mod org;
mod page;
mod part;
mod pool;
mod preference;
mod session;
mod store;
mod team;
#[cfg(feature = "testing")]
pub mod testing;
mod tls;
mod transaction;

pub use open_error::OpenError;
pub use store::{Options, PostgresStore, Stats};

/// Every statement that a request makes, for the test of the plans; what shows all of a deployment may look at it.
#[cfg(feature = "testing")]
pub fn statements() -> Vec<&'static str> {
    [
        org::STATEMENTS,
        part::STATEMENTS,
        team::STATEMENTS,
        key::STATEMENTS,
        preference::STATEMENTS,
        credential::STATEMENTS,
        audit::STATEMENTS,
        once::STATEMENTS,
        housekeeping::STATEMENTS,
        moving::STATEMENTS,
    ]
    .concat()
}

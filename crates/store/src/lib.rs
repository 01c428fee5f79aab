//! What Lookback keeps, and the promises every store makes.
//!
//! A store operation is a transaction: it happens whole or not at all, and once it has answered `Ok` it
//! survives `kill -9` and loss of power. A store reads no clock and draws no random number; ids and times come
//! in as arguments. Times are kept to the microsecond; what is finer is cut off.
//!
//! The feature `testing` adds an in-memory model of a store, which says in the plainest code what each
//! operation means, and the conformance suite that every store passes.

mod audit;
mod author;
mod credential;
mod error;
mod housekeeping;
mod kept;
mod key;
mod lifecycle;
mod management_key;
mod moving;
mod once;
mod operations;
mod org;
mod preference;
mod team;
#[cfg(feature = "testing")]
pub mod testing;
mod visible;

pub use audit::{Action, AuditEntry, AuditFacts, AuditFilter, AuditId, AuditStore, TeamContents, Trail};
pub use author::{Actor, Author};
pub use credential::{
    Credential, CredentialContent, CredentialFilter, CredentialPlace, CredentialStore, DeletedCredentials,
    MasterKeyId, Sealed, Seals,
};
pub use error::{Error, Result};
pub use housekeeping::Housekeeping;
pub use kept::Kept;
pub use key::{Key, KeyFilter, KeyGuard, KeyPatch, KeyStore};
pub use lifecycle::Lifecycle;
pub use management_key::{KeyDigest, ManagementKey};
pub use moving::{KeptPreferences, Kind, Moving, Position, Row, Snapshot, Token};
pub use once::{Created, ONCE_KEPT, Once, Was, once_kept_since};
pub use org::{Org, OrgStore};
pub use preference::{PreferenceStore, Scope, Selection, TeamPreferences, each_once, end_of_page};
pub use team::{Team, TeamFilter, TeamPatch, TeamStore, fold};
pub use visible::Visible;

/// A time as it is kept: to the microsecond, what is finer is cut off.
pub fn kept(at: jiff::Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(at.as_microsecond()).expect("it was a time before it was cut")
}

/// Everything that is kept. Code above a store sees this and nothing else of it.
pub trait Store:
    OrgStore
    + TeamStore
    + KeyStore
    + PreferenceStore
    + CredentialStore
    + AuditStore
    + Housekeeping
    + Moving
    + Lifecycle
    + 'static
{
}

impl<T> Store for T where
    T: OrgStore
        + TeamStore
        + KeyStore
        + PreferenceStore
        + CredentialStore
        + AuditStore
        + Housekeeping
        + Moving
        + Lifecycle
        + 'static
{
}

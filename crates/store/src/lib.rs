//! What Lookback keeps, and the promises every store makes.
//!
//! A store operation is a transaction: it happens whole or not at all, and once it has answered `Ok` it
//! survives `kill -9` and loss of power. A store reads no clock and draws no random number; ids and times come
//! in as arguments. Times are kept to the microsecond; what is finer is cut off.
//!
//! The feature `testing` adds an in-memory model of a store, which says in the plainest code what each
//! operation means, and the conformance suite that every store passes.

mod error;
mod key;
mod lifecycle;
mod org;
mod preference;
mod team;
#[cfg(feature = "testing")]
pub mod testing;

pub use error::{Error, Result};
pub use key::{Key, KeyDigest, KeyStore, ManagementKey};
pub use lifecycle::Lifecycle;
pub use org::{Org, OrgStore};
pub use preference::{PreferenceStore, Scope, Selection, TeamPreferences, each_once};
pub use team::{Team, TeamStore};

/// Everything that is kept. Code above a store sees this and nothing else of it.
pub trait Store: OrgStore + TeamStore + KeyStore + PreferenceStore + Lifecycle + 'static {}

impl<T: OrgStore + TeamStore + KeyStore + PreferenceStore + Lifecycle + 'static> Store for T {}

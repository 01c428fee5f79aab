//! What is secret and must be read again, such as the client secret of an OAuth application, sealed for storage.
//!
//! AES-256-GCM under the first key of a [`KeyRing`]. What comes out is bound to the table, row and column it stands
//! in: put anywhere else, it does not open. The keys themselves never reach a store.

mod key;
mod ring;

pub use key::{InvalidKey, MasterKey};
pub use ring::{Column, InvalidRing, KeyRing, Unsealable};

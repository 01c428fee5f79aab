//! The HTTP interface of Lookback: the documented management API and what Lookback adds to it.
//!
//! [`router`] is all a server needs. A request passes the checks in a fixed order, whatever the route: the key
//! (401), the size of the body (413), the declared schema (422), the key's organisation (403), the teams named
//! (404), our own rules (422).

mod app;
mod caller;
mod error;
mod guesses;
mod key_uses;
mod layers;
mod once;
mod openapi;
mod routes;
mod valid;
mod vault;
pub mod wire;

pub use app::{App, Clock, Entropy, Parts};
pub use caller::Caller;
pub use error::Error;
pub use guesses::Guesses;
pub use key_uses::KeyUses;
pub use layers::{Limits, Metrics, Observed};
pub use routes::team_data_pull_preferences::forecast::ProviderForecast;
pub use routes::{metrics_router, openapi, router};
pub use valid::{FromBody, NoBody, Valid};
pub use vault::{SealedField, Vault};

/// The largest body that is read.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

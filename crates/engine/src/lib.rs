//! Pulls under quota.
//!
//! A provider counts the requests of an OAuth application, and of each of its users, in several windows at
//! once. This crate decides which request goes out next so that none is refused, polls are on time, history
//! takes all that is left, and teams share it fairly. It is a state machine: time, responses and randomness
//! are arguments; requests to send, moments to wake at and records to journal are results. It performs no
//! I/O and reads no clock, so production, simulation and forecast run the same code.

mod ahead;
mod app;
mod ascending;
mod clock;
mod cost;
mod engine;
mod fair;
pub mod feedback;
pub mod forecast;
mod heap;
mod history;
mod ideal;
mod in_place;
mod journal;
mod mutation;
mod poll;
pub mod quota;
mod request;
pub mod sim;
mod soonest;
mod stretch;
mod tight;
mod time;

pub use app::{AppSpec, Order};
pub use cost::{Cost, UNITS, Unit};
pub use engine::Engine;
pub use fair::Share;
pub use journal::{Journal, JournalError, Lease, MemoryJournal, Record};
pub use poll::PollClock;
pub use request::{ChunkId, Grant, Lane, Outcome, RequestId, Response, Status};
pub use time::{Instant, Ms};

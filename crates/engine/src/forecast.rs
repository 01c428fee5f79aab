//! What work will cost before it is asked for: the same engine, in virtual time, many times over.
//!
//! A [`Load`] says what there is: windows, teams with their connections, and the pulls proposed. It becomes an
//! engine, or is added to a fork of one that runs; each run then draws what is uncertain (how many pages a
//! person has, latency, failures) and lets the engine decide as it would ([`rollout`]). A pull that takes years
//! is not run to its end: once the cycles of the longest window that binds repeat themselves, those that are left
//! are counted ([`cycles`]). An application whose windows are wide is made smaller first: a window of a tenth of
//! the limit lets a tenth of the work through in the same time.

mod asked;
mod cycles;
mod load;
mod outlook;
mod plan;
mod rollout;
mod sentence;

pub use load::{Load, Proposal, TeamLoad};
pub use outlook::{Effort, Interrupted, Outlook, Polling, Slot, Timeline, fork, outlook};
pub use plan::{
    Assumed, CONNECTIONS_MAX, Certainty, OwnApplication, Plan, Polled, Question, Side, Team, plan,
};
pub use sentence::{span, thousands};

#[cfg(test)]
mod tests;

//! Simulation: scenarios run against providers that count on their own.

mod agenda;
mod bound;
pub(crate) mod chance;
mod check;
mod flight;
mod fuzz;
mod known;
mod polls;
mod promises;
pub mod provider;
mod report;
mod scenario;
mod site;
pub(crate) mod stats;
mod summary;
mod sums;
mod trace;
mod world;
mod yardstick;

use std::io::{self, Write};

pub use bound::{Work, earliest_ms, fastest};
pub use fuzz::{Failure, FuzzReport, draw, fuzz};
pub use polls::Polls;
pub use promises::broken;
pub use scenario::{
    AppScenario, Headers, LimitChange, ProviderQuota, Scenario, ScenarioError, Start, TeamScenario,
    WindowScenario,
};
pub use stats::{Percentiles, jain};
pub use summary::{Summary, WindowUse};

/// A run that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The scenario is not one.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The trace could not be written.
    #[error("the trace cannot be written")]
    Trace(#[from] io::Error),
}

/// Runs a scenario and writes its trace, if one is wanted. The same scenario gives the same trace.
///
/// # Errors
/// Where the scenario names a provider that was not resolved or a figure that cannot be, or the trace
/// cannot be written.
pub fn run(scenario: &Scenario, trace: Option<&mut dyn Write>) -> Result<Summary, SimError> {
    let mut world = world::World::new(scenario, trace)?;
    world.run()?;
    Ok(report::summary(&world))
}

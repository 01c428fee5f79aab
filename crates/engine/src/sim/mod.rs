//! Simulation: scenarios, simulated providers, traces and summaries.

pub mod provider;

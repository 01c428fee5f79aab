//! The command line as its users have it.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

mod administration;
mod backup;
mod config;
mod deleting;
mod first;
mod healthcheck;
mod keys;
mod master_keys;
mod moving;
mod offline;
mod packaging;
mod plan;
mod quickstart;
mod secrets;
mod serve;
mod settings;
mod simulate;
#[path = "../support/mod.rs"]
mod support;
mod teams;

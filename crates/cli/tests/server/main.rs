//! A server that is left running: what it tells, what it bears, and how it ends.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

mod bounds;
mod documented;
mod faults;
mod monitoring;
mod proxies;
mod shapes;
mod shutdown;
mod slow;
#[path = "../support/mod.rs"]
mod support;
mod telemetry;
mod tls;
mod wire;

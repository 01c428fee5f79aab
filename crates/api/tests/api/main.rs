//! The API as a client sees it. The tree mirrors the routes.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

mod contract;
mod credentials;
mod docs;
mod framework;
mod hostile;
mod order;
mod support;
mod team_data_pull_preferences;

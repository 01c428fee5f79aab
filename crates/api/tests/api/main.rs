//! The API as a client sees it. The tree mirrors the routes.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

mod abuse;
mod audit_log;
mod concurrency;
mod contract;
mod credentials;
mod docs;
mod framework;
mod hostile;
mod idempotency;
mod isolation;
mod management_key;
mod matrix;
mod order;
mod org;
mod our_own_rules;
mod secrets;
mod stores;
mod support;
mod team;
mod team_custom_credentials;
mod team_data_pull_preferences;
mod unread;

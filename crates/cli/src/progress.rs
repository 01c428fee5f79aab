//! How far something is, on standard error where that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use lookback_moving::{Doing, Progress};

/// Shows progress until it is dropped.
pub struct Bar(ProgressBar);

impl Bar {
    /// Nothing is shown before there is something to show.
    pub fn new() -> Self {
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} rows, {eta} left");
        Self(ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// Shows how far it is.
    pub fn show(&self, progress: Progress) {
        self.0.set_message(match progress.doing {
            Doing::Exporting => "exporting",
            Doing::Checking => "checking ",
            Doing::Importing => "importing",
            Doing::Verifying => "verifying",
        });
        self.0.set_length(progress.of);
        self.0.set_position(progress.done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Shows how much was simulated, and how fast, until it is dropped.
pub struct Tally(ProgressBar);

impl Tally {
    /// Nothing is shown before there is something to show.
    pub fn new() -> Self {
        let style =
            ProgressStyle::with_template("{elapsed} {msg} scenarios, {human_pos} requests ({per_sec})");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::no_length().with_style(style))
    }

    /// Shows what was simulated so far.
    pub fn show(&self, scenarios: u64, requests: u64) {
        self.0.set_message(scenarios.to_string());
        self.0.set_position(requests);
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Shows how much was deleted, until it is dropped.
pub struct Deleting(ProgressBar);

impl Deleting {
    /// Nothing is shown before there is something to show.
    pub fn new() -> Self {
        let style = ProgressStyle::with_template("{elapsed} deleting, {human_pos} rows so far");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::no_length().with_style(style))
    }

    /// Shows that so many more rows were deleted.
    pub fn add(&self, rows: usize) {
        self.0.inc(rows as u64);
    }
}

impl Drop for Deleting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

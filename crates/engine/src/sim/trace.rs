//! The trace: one JSON object a line for every request that reached a provider.

use std::io::{self, Write};

use serde::Serialize;

use crate::request::Lane;
use crate::time::Ms;

/// One request that reached a provider. Moments are milliseconds since the start of the run.
#[derive(Clone, Debug, Serialize)]
pub struct Line<'a> {
    /// The application.
    pub app: &'a str,
    /// The team.
    pub team: &'a str,
    /// The user: unique in the application, the same in every lane.
    pub user: String,
    /// Why it was made.
    pub lane: Lane,
    /// Requests it counts as.
    pub cost: u64,
    /// Days of data it counts as, where those are counted.
    #[serde(skip_serializing_if = "is_zero")]
    pub days: u64,
    /// When it fell due; `None` for history.
    pub due_ms: Option<Ms>,
    /// When it was sent.
    pub sent_ms: Ms,
    /// When it arrived.
    pub arrived_ms: Ms,
    /// When its response came; `None` if it never did.
    pub acked_ms: Option<Ms>,
    /// What it was answered.
    pub status: u16,
}

fn is_zero(days: &u64) -> bool {
    *days == 0
}

impl Line<'_> {
    /// Writes the line.
    ///
    /// # Errors
    /// Where `out` fails.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

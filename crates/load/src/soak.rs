//! Whether memory and latency stay flat.

use comfy_table::Table;

use crate::client::Work;
use crate::report::table;
use crate::sample::{Sample, closed, paced};
use crate::server::Server;

/// How many pieces a soak is told in.
const PIECES: u64 = 20;
/// The share of the peak that is asked for.
const SHARE: f64 = 0.8;

/// What is asked of a soak.
#[derive(Debug, Clone, Copy)]
pub struct Soak {
    /// How long it takes; none where it is 0.
    pub seconds: u64,
    /// Connections.
    pub connections: u64,
    /// How long the peak is measured before each piece.
    pub peak_seconds: f64,
}

/// Nine reads to an upsert at 80% of the peak. A sample a piece.
///
/// The peak is measured before each: on a machine whose speed varies by a third, 80% of what it was ten minutes ago can
/// be more than there is.
pub async fn run(soak: Soak, server: &Server) -> anyhow::Result<Vec<Sample>> {
    if soak.seconds == 0 {
        return Ok(Vec::new());
    }
    let mut samples = Vec::new();
    for _ in 0..PIECES {
        let peak = closed(server, Work::Mixed, soak.connections, soak.peak_seconds).await?.per_second;
        let seconds = soak.seconds as f64 / PIECES as f64;
        samples.push(paced(server, Work::Mixed, soak.connections, peak * SHARE, seconds).await?);
    }
    Ok(samples)
}

/// How it went, piece by piece.
pub fn told(samples: &[Sample]) -> Table {
    let mut table = table(&["piece", "requests/s", "p50 ms", "p99 ms", "server CPU µs", "RSS MB"]);
    for (piece, sample) in samples.iter().enumerate() {
        table.add_row([
            (piece + 1).to_string(),
            format!("{:.0}", sample.per_second),
            format!("{:.2}", sample.p50_ms),
            format!("{:.2}", sample.p99_ms),
            format!("{:.1}", sample.cpu_us),
            format!("{:.1}", sample.resident_mb),
        ]);
    }
    table
}

//! Whether memory and latency stay flat.

use comfy_table::Table;

use crate::client::Work;
use crate::report::{median, table};
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
    /// How often the peak is measured, the median of which counts, and how long each time.
    pub rounds: usize,
    pub round_seconds: f64,
}

/// Measures the peak of nine reads to an upsert, then keeps 80% of it up. A sample a piece.
pub async fn run(soak: Soak, server: &Server) -> anyhow::Result<Vec<Sample>> {
    if soak.seconds == 0 {
        return Ok(Vec::new());
    }
    let mut peaks = Vec::new();
    for _ in 0..soak.rounds {
        peaks.push(closed(server, Work::Mixed, soak.connections, soak.round_seconds).await?.per_second);
    }
    let per_second = median(peaks) * SHARE;
    let mut samples = Vec::new();
    for _ in 0..PIECES {
        let seconds = soak.seconds as f64 / PIECES as f64;
        samples.push(paced(server, Work::Mixed, soak.connections, per_second, seconds).await?);
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

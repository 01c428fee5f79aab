//! Whether memory and latency stay flat.

use crate::args::Args;
use crate::client::Work;
use crate::sample::{Sample, closed, paced};
use crate::server::Server;

/// How many pieces a soak is told in.
const PIECES: u64 = 20;
/// The share of the peak that is asked for.
const SHARE: f64 = 0.8;

/// Measures the peak of nine reads to an upsert, then keeps 80% of it up.
pub async fn run(args: &Args, server: &Server) -> anyhow::Result<Vec<Sample>> {
    if args.soak_seconds == 0 {
        return Ok(Vec::new());
    }
    let mut peaks = Vec::new();
    for _ in 0..args.rounds {
        peaks.push(closed(server, Work::Mixed, args.connections, args.seconds).await?.per_second);
    }
    peaks.sort_by(f64::total_cmp);
    let per_second = peaks[peaks.len() / 2] * SHARE;
    let mut samples = Vec::new();
    for _ in 0..PIECES {
        let seconds = args.soak_seconds as f64 / PIECES as f64;
        samples.push(paced(server, Work::Mixed, args.connections, per_second, seconds).await?);
    }
    Ok(samples)
}

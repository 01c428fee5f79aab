//! Whether clients that are slow on purpose cost the others their latency.

use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::args::Args;
use crate::client::{Client, Work};
use crate::sample::{Sample, closed, paced};
use crate::server::Server;

/// The share of the peak that is asked for: latency at the peak says more of the queue than of the server.
const SHARE: f64 = 0.2;

/// A round without slow clients, and one beside them.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Pair {
    pub alone: Sample,
    pub beside: Sample,
}

/// Measures reads by turns without slow clients and beside them.
pub async fn run(args: &Args, server: &Server) -> anyhow::Result<Vec<Pair>> {
    if args.slow_clients == 0 {
        return Ok(Vec::new());
    }
    let peak = closed(server, Work::Read, args.connections, args.seconds).await?.per_second;
    let turn = async || paced(server, Work::Read, args.connections, peak * SHARE, args.seconds).await;
    let mut pairs = Vec::new();
    for _ in 0..args.rounds {
        let alone = turn().await?;
        let mut slow = JoinSet::new();
        for number in 0..args.slow_clients {
            // All are there before anything is measured.
            slow.spawn(trickle(server.connect(number).await?, number));
        }
        let beside = turn().await?;
        slow.shutdown().await;
        pairs.push(Pair { alone, beside });
    }
    Ok(pairs)
}

/// Sends one request a byte at a time, for as long as the server lets it: by turns a head, and a body with a good key.
async fn trickle(mut client: Client, number: u64) {
    let request = match number % 2 {
        0 => "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".to_owned(),
        _ => Client::upsert_head(1_000),
    };
    let mut bytes = request.as_bytes();
    while client.send(bytes).await.is_ok() {
        sleep(Duration::from_millis(500)).await;
        bytes = b" ";
    }
}

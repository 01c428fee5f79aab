//! One turn: many connections at one server.

use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

use crate::client::{Client, Work, now};
use crate::server::{Server, own_cpu};

/// What one turn gave.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Sample {
    /// Answers a second.
    pub per_second: f64,
    /// The median latency.
    pub p50_ms: f64,
    /// What one request in a hundred exceeds.
    pub p99_ms: f64,
    /// Processor time that a request cost the server, in user and kernel mode.
    pub cpu_us: f64,
    /// What it cost the client. That does the same for every server at the same pace, so this tells of the machine.
    pub client_cpu_us: f64,
    /// The server's resident memory thereafter.
    pub resident_mb: f64,
}

/// The share of a turn that nothing is counted in: the connections are made and the caches are warmed.
const WARM_UP: f64 = 0.2;

/// Has every connection send one request after another.
pub async fn closed(server: &Server, work: Work, connections: u64, seconds: f64) -> anyhow::Result<Sample> {
    let begin = now() + Duration::from_secs_f64(seconds * WARM_UP);
    let end = begin + Duration::from_secs_f64(seconds);
    let mut running = JoinSet::new();
    for number in 0..connections {
        let mut client = server.connect(number).await?;
        running.spawn(async move {
            let mut latencies = Vec::new();
            while now() < end {
                let latency = client.ask(work).await?;
                if now() >= begin {
                    latencies.push(latency);
                }
            }
            std::io::Result::Ok(latencies)
        });
    }
    counted(server, running, begin).await
}

/// Sends `per_second` requests, whatever the answers do; latencies count from when a request was due.
pub async fn paced(
    server: &Server,
    work: Work,
    connections: u64,
    per_second: f64,
    seconds: f64,
) -> anyhow::Result<Sample> {
    let mut clients = Vec::new();
    for number in 0..connections {
        let mut client = server.connect(number).await?;
        // Once it is answered the server has taken this connection, and all that were made before.
        client.ask(work).await?;
        clients.push((client, number));
    }
    // Nothing is due while connections are made: what would be late then is late in this program, not in the server.
    let begin = now();
    let end = begin + Duration::from_secs_f64(seconds);
    let interval = Duration::from_secs_f64(connections as f64 / per_second);
    let mut running = JoinSet::new();
    for (mut client, number) in clients {
        running.spawn(async move { send_when_due(&mut client, work, begin, end, interval, number).await });
    }
    counted(server, running, begin).await
}

async fn send_when_due(
    client: &mut Client,
    work: Work,
    begin: Instant,
    end: Instant,
    interval: Duration,
    number: u64,
) -> std::io::Result<Vec<Duration>> {
    let (mut latencies, mut due) = (Vec::new(), begin + interval.mul_f64(number as f64 * 0.618 % 1.0));
    while due < end {
        sleep_until(due.into()).await;
        // The timer's own lateness of up to a millisecond is not the server's.
        let late = now().duration_since(due);
        let late = late.saturating_sub(Duration::from_millis(2));
        latencies.push(client.ask(work).await? + late);
        due += interval;
    }
    Ok(latencies)
}

async fn counted(
    server: &Server,
    mut running: JoinSet<std::io::Result<Vec<Duration>>>,
    begin: Instant,
) -> anyhow::Result<Sample> {
    sleep(begin.saturating_duration_since(now())).await;
    let (cpu_before, own_before) = (server.cpu()?, own_cpu()?);
    let mut latencies = Vec::new();
    while let Some(done) = running.join_next().await {
        latencies.extend(done??);
    }
    let took = begin.elapsed();
    let (cpu, own) = (server.cpu()? - cpu_before, own_cpu()? - own_before);
    latencies.sort_unstable();
    let at = |share: f64| {
        let index = (latencies.len() as f64 * share) as usize;
        latencies.get(index).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
    };
    let count = latencies.len() as f64;
    Ok(Sample {
        per_second: count / took.as_secs_f64(),
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        cpu_us: cpu.as_secs_f64() * 1e6 / count,
        client_cpu_us: own.as_secs_f64() * 1e6 / count,
        resident_mb: server.resident_mb()?,
    })
}

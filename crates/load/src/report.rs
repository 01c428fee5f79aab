//! What came out, as tables or JSON.

use comfy_table::{LineStyle, Table, TableStyle};
use serde::Serialize;

use crate::sample::Sample;
use crate::server::Server;
use crate::slow::Pair;
use crate::soak::Soak;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    pub connections: u64,
    pub seconds: f64,
    /// The bare handler first.
    pub servers: Vec<Measured>,
    pub slow: Vec<Pair>,
    pub soak: Option<Soak>,
}

/// What was measured of one server; a sample a round.
#[derive(Debug, Serialize)]
pub struct Measured {
    pub name: String,
    pub ready_ms: f64,
    pub resident_at_rest_mb: f64,
    pub read: Vec<Sample>,
    pub upsert: Vec<Sample>,
}

impl Measured {
    /// Of a server that was just started; `ready_ms` of each start.
    pub fn new(server: &Server, ready_ms: Vec<f64>) -> anyhow::Result<Self> {
        let resident_at_rest_mb = server.resident_mb()?;
        let (name, ready_ms) = (server.name.clone(), median(ready_ms));
        Ok(Self { name, ready_ms, resident_at_rest_mb, read: Vec::new(), upsert: Vec::new() })
    }
}

impl Report {
    #[expect(clippy::print_stdout, reason = "the result")]
    pub fn print(&self, as_json: bool) -> anyhow::Result<()> {
        if as_json {
            return json(self);
        }
        println!(
            "{} connections, medians of {} rounds; ×: against bare axum",
            self.connections,
            self.rounds()
        );
        println!("\nreads of one team\n{}", self.table(|measured| &measured.read));
        println!("\nupserts of one team\n{}", self.table(|measured| &measured.upsert));
        println!("\nat rest\n{}", self.rest());
        if !self.slow.is_empty() {
            println!("\nreads at a fifth of the peak, and beside slow clients\n{}", self.slow());
        }
        if let Some(soak) = &self.soak {
            println!("\n{}", soak.told());
        }
        Ok(())
    }

    fn rounds(&self) -> usize {
        self.servers[0].read.len()
    }

    fn table(&self, of: impl Fn(&Measured) -> &[Sample]) -> Table {
        let mut table = table(&["", "requests/s", "×", "p50 ms", "p99 ms", "server CPU µs", "×", "RSS MB"]);
        let bare = of(&self.servers[0]);
        for server in &self.servers {
            let samples = of(server);
            let each = |get: fn(&Sample) -> f64| median(samples.iter().map(get).collect());
            // Round by round, since neighbours in time had the same noise.
            let ratio = |get: fn(&Sample) -> f64| {
                median(samples.iter().zip(bare).map(|(one, bare)| get(one) / get(bare)).collect())
            };
            table.add_row([
                server.name.clone(),
                format!("{:.0}", each(|sample| sample.per_second)),
                format!("{:.2}", ratio(|sample| sample.per_second)),
                format!("{:.2}", each(|sample| sample.p50_ms)),
                format!("{:.2}", each(|sample| sample.p99_ms)),
                format!("{:.1}", each(|sample| sample.cpu_us)),
                format!("{:.2}", ratio(|sample| sample.cpu_us)),
                format!("{:.1}", each(|sample| sample.resident_mb)),
            ]);
        }
        table
    }

    fn rest(&self) -> Table {
        let mut table = table(&["", "ready after ms", "RSS MB"]);
        for server in &self.servers {
            let (ready, resident) = (server.ready_ms, server.resident_at_rest_mb);
            table.add_row([server.name.clone(), format!("{ready:.0}"), format!("{resident:.1}")]);
        }
        table
    }

    fn slow(&self) -> Table {
        let mut table = table(&["round", "p50 ms", "beside", "p99 ms", "beside", "p99 ×"]);
        for (round, Pair { alone, beside }) in self.slow.iter().enumerate() {
            table.add_row([
                (round + 1).to_string(),
                format!("{:.2}", alone.p50_ms),
                format!("{:.2}", beside.p50_ms),
                format!("{:.2}", alone.p99_ms),
                format!("{:.2}", beside.p99_ms),
                format!("{:.2}", beside.p99_ms / alone.p99_ms),
            ]);
        }
        table
    }
}

/// Prints it with every sample.
#[expect(clippy::print_stdout, reason = "the result")]
pub fn json(report: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(report)?);
    Ok(())
}

/// A line under the head and nothing else.
const PLAIN: TableStyle = TableStyle::new().header_separator(LineStyle::new(' ', '─', ' ', ' '));

/// An empty table.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(PLAIN).set_header(header);
    table
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

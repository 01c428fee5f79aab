//! What came out, as tables or JSON.

use comfy_table::Table;
use serde::Serialize;

use crate::report::{json, median, table};
use crate::sample::Sample;
use crate::soak::Soak;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    pub connections: u64,
    /// Transactions a second of `pgbench -S`, a figure a round.
    pub selects: Vec<f64>,
    /// Of `pgbench -N`.
    pub updates: Vec<f64>,
    pub servers: Vec<Measured>,
    /// Of the first of these.
    pub soak: Option<Soak>,
}

/// What was measured of one server; a sample a round.
#[derive(Debug, Serialize)]
pub struct Measured {
    pub name: String,
    pub read: Vec<Sample>,
    pub upsert: Vec<Sample>,
}

impl Report {
    #[expect(clippy::print_stdout, reason = "the result")]
    pub fn print(&self, as_json: bool) -> anyhow::Result<()> {
        if as_json {
            return json(self);
        }
        println!(
            "{} connections, medians of {} rounds; ×: against pgbench, round by round",
            self.connections,
            self.selects.len()
        );
        let reads = self.table(&self.selects, |measured| &measured.read);
        println!("\nreads of one team, beside pgbench -S\n{reads}");
        let upserts = self.table(&self.updates, |measured| &measured.upsert);
        println!("\ndurable upserts of one team, beside pgbench -N\n{upserts}");
        if let Some(soak) = &self.soak {
            println!("\n{}, {}", self.servers[0].name, soak.told());
        }
        Ok(())
    }

    fn table(&self, pgbench: &[f64], of: impl Fn(&Measured) -> &[Sample]) -> Table {
        let mut table = table(&["", "a second", "×", "p50 ms", "p99 ms", "p99 / p50", "server CPU µs"]);
        table.add_row(["pgbench".to_owned(), format!("{:.0}", median(pgbench.to_vec()))]);
        for measured in &self.servers {
            let samples = of(measured);
            let each = |get: fn(&Sample) -> f64| median(samples.iter().map(get).collect());
            let ratios = samples.iter().zip(pgbench).map(|(sample, pgbench)| sample.per_second / pgbench);
            table.add_row([
                measured.name.clone(),
                format!("{:.0}", each(|sample| sample.per_second)),
                format!("{:.2}", median(ratios.collect())),
                format!("{:.2}", each(|sample| sample.p50_ms)),
                format!("{:.2}", each(|sample| sample.p99_ms)),
                format!("{:.1}", each(|sample| sample.p99_ms / sample.p50_ms)),
                format!("{:.1}", each(|sample| sample.cpu_us)),
            ]);
        }
        table
    }
}

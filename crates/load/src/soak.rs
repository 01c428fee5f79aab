//! Whether memory and latency stay flat, on a machine whose own speed does not: a control has turns in between.

mod control;
mod verdict;

use std::iter;

use comfy_table::Table;
use serde::Serialize;

use crate::client::Work;
use crate::report::{median, table};
use crate::sample::{Sample, closed, paced};
use crate::server::Server;
use verdict::{SLOW, Verdict};

/// How many rounds a soak has.
const ROUNDS: u32 = 20;
/// Whose turns a round has. The control's is between two of the service's: both had the same machine.
const ROUND: [Whose; 3] = [Whose::Service, Whose::Control, Whose::Service];
/// The share of the peak that is asked for.
const SHARE: f64 = 0.8;
/// The peaks whose median is the peak. A second in which the machine is at its fastest is no measure of the next quarter of
/// a minute; three of them, with other turns between, seldom are all fast.
const PEAKS: usize = 3;

/// What is asked of a soak.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How long the service has its turns; there is no soak where it is 0.
    pub seconds: u64,
    /// Connections.
    pub connections: u64,
    /// How long the peak is measured before each turn.
    pub peak_seconds: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Whose {
    Service,
    Control,
}

/// One server's turn.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Turn {
    pub whose: Whose,
    /// What it could do just before, in requests a second.
    pub peak: f64,
    /// 80% of the median of its last peaks: what was asked for.
    pub asked: f64,
    pub sample: Sample,
}

/// What a soak gave.
#[derive(Debug, Serialize)]
pub struct Soak {
    /// In order of time.
    pub turns: Vec<Turn>,
    pub service: Verdict,
    pub control: Verdict,
}

/// Nine reads to an upsert at 80% of the peak, of the service and of its control by turns.
///
/// The peak is measured before each: on a machine whose speed varies by a third, 80% of what it was ten minutes ago can
/// be more than there is.
pub async fn run(plan: Plan, service: &Server) -> anyhow::Result<Option<Soak>> {
    if plan.seconds == 0 {
        return Ok(None);
    }
    let control = control::start(plan, service).await?;
    let of_service = ROUND.iter().filter(|&&whose| whose == Whose::Service).count();
    let seconds = plan.seconds as f64 / (f64::from(ROUNDS) * of_service as f64);
    let mut turns = Vec::new();
    for _ in 0..ROUNDS {
        for whose in ROUND {
            let server = match whose {
                Whose::Service => service,
                Whose::Control => &control,
            };
            let peak = peak(plan, server).await?;
            let asked = SHARE * usual_peak(whose, peak, &turns);
            let sample = paced(server, Work::Mixed, plan.connections, asked, seconds).await?;
            turns.push(Turn { whose, peak, asked, sample });
        }
    }
    Ok(Some(Soak::of(turns)))
}

/// The median of this server's last peaks.
fn usual_peak(whose: Whose, peak: f64, turns: &[Turn]) -> f64 {
    let before = turns.iter().rev().filter(|turn| turn.whose == whose).map(|turn| turn.peak);
    median(iter::once(peak).chain(before).take(PEAKS).collect())
}

/// Requests a second of connections that each send one after another.
pub async fn peak(plan: Plan, server: &Server) -> anyhow::Result<f64> {
    Ok(closed(server, Work::Mixed, plan.connections, plan.peak_seconds).await?.per_second)
}

impl Soak {
    fn of(turns: Vec<Turn>) -> Self {
        let of = |whose| {
            let own = turns.iter().filter(|turn| turn.whose == whose);
            Verdict::of(&own.map(|turn| turn.sample).collect::<Vec<_>>())
        };
        Self { service: of(Whose::Service), control: of(Whose::Control), turns }
    }

    /// How it went, turn by turn, and what that comes to.
    pub fn told(&self) -> String {
        format!(
            "soak at 80% of the peak, nine reads to an upsert, turn by turn\n{}\n\n\
             medians of the first half of the turns → the second; of memory, of the first quarter → the last; slow: turns \
             with a p50 of over {SLOW} times the usual\n{}",
            self.each(),
            self.verdicts()
        )
    }

    fn each(&self) -> Table {
        let mut table = table(&[
            "",
            "peak/s",
            "asked/s",
            "requests/s",
            "p50 ms",
            "p99 ms",
            "server CPU µs",
            "client",
            "RSS MB",
        ]);
        for Turn { whose, peak, asked, sample } in &self.turns {
            table.add_row([
                whose.name().to_owned(),
                format!("{peak:.0}"),
                format!("{asked:.0}"),
                format!("{:.0}", sample.per_second),
                format!("{:.2}", sample.p50_ms),
                format!("{:.2}", sample.p99_ms),
                format!("{:.1}", sample.cpu_us),
                format!("{:.1}", sample.client_cpu_us),
                format!("{:.1}", sample.resident_mb),
            ]);
        }
        table
    }

    fn verdicts(&self) -> Table {
        let mut table =
            table(&["", "p50 ms", "p99 ms", "server CPU µs", "client", "RSS MB", "turns", "slow"]);
        for (whose, verdict) in [(Whose::Service, self.service), (Whose::Control, self.control)] {
            table.add_row([
                whose.name().to_owned(),
                verdict.p50_ms.told(2),
                verdict.p99_ms.told(2),
                verdict.cpu_us.told(1),
                verdict.client_cpu_us.told(1),
                verdict.resident_mb.told(1),
                verdict.turns.to_string(),
                verdict.slow.to_string(),
            ]);
        }
        table
    }
}

impl Whose {
    fn name(self) -> &'static str {
        match self {
            Self::Service => "lookback",
            Self::Control => "control",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(whose: Whose, peak: f64) -> Turn {
        let p50_ms = peak / 1e3;
        let (per_second, p99_ms) = (0.8 * peak, 2.0 * p50_ms);
        let sample =
            Sample { per_second, p50_ms, p99_ms, cpu_us: 10.0, client_cpu_us: 3.0, resident_mb: 40.0 };
        Turn { whose, peak, asked: per_second, sample }
    }

    #[test]
    fn one_fast_second_is_not_the_peak() {
        let before =
            [turn(Whose::Service, 900.0), turn(Whose::Control, 5_000.0), turn(Whose::Service, 1_000.0)];
        assert_eq!(usual_peak(Whose::Service, 1_400.0, &before), 1_000.0);
        assert_eq!(usual_peak(Whose::Control, 4_000.0, &before[..1]), 4_000.0);
    }

    #[test]
    fn each_has_a_verdict_of_its_own() {
        let soak = Soak::of([ROUND.map(|whose| turn(whose, 1_000.0)); 4].concat());
        assert_eq!((soak.service.turns, soak.control.turns), (8, 4));
    }
}

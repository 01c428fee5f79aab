//! What the turns of a soak come to.

use serde::Serialize;

use crate::report::median;
use crate::sample::Sample;

/// How many times the usual median latency makes a slow turn.
pub const SLOW: f64 = 5.0;

/// How flat one server's turns were.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Verdict {
    pub turns: usize,
    /// Medians over the turns of each half.
    pub p50_ms: Drift,
    /// The same.
    pub p99_ms: Drift,
    /// The same.
    pub cpu_us: Drift,
    /// The same.
    pub client_cpu_us: Drift,
    /// Medians over the turns of the first quarter and the last.
    pub resident_mb: Drift,
    /// Turns whose median latency was over 5 times the median of all.
    pub slow: usize,
}

/// What was at first, and what was in the end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Drift {
    pub first: f64,
    pub last: f64,
}

impl Verdict {
    pub fn of(samples: &[Sample]) -> Self {
        let each = |get: fn(&Sample) -> f64| samples.iter().map(get).collect::<Vec<_>>();
        let p50_ms = each(|sample| sample.p50_ms);
        let usual = median(p50_ms.clone());
        Self {
            turns: samples.len(),
            slow: p50_ms.iter().filter(|&&p50_ms| p50_ms > SLOW * usual).count(),
            p50_ms: Drift::between(&p50_ms, 2),
            p99_ms: Drift::between(&each(|sample| sample.p99_ms), 2),
            cpu_us: Drift::between(&each(|sample| sample.cpu_us), 2),
            client_cpu_us: Drift::between(&each(|sample| sample.client_cpu_us), 2),
            resident_mb: Drift::between(&each(|sample| sample.resident_mb), 4),
        }
    }
}

impl Drift {
    /// The medians of the first and of the last of so many parts.
    fn between(values: &[f64], parts: usize) -> Self {
        let part = values.len() / parts;
        let (first, last) = (&values[..part], &values[values.len() - part..]);
        Self { first: median(first.to_vec()), last: median(last.to_vec()) }
    }

    pub fn told(self, digits: usize) -> String {
        format!("{:.digits$} → {:.digits$}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(turns: &[(f64, f64)]) -> Verdict {
        let sample = |&(p50_ms, resident_mb)| Sample {
            per_second: 800.0,
            p50_ms,
            p99_ms: 2.0 * p50_ms,
            cpu_us: 10.0,
            client_cpu_us: 3.0,
            resident_mb,
        };
        Verdict::of(&turns.iter().map(sample).collect::<Vec<_>>())
    }

    #[test]
    fn latency_is_compared_between_the_halves_and_memory_between_the_outer_quarters() {
        let verdict = verdict(&[
            (1.0, 40.0),
            (1.0, 40.0),
            (1.0, 90.0),
            (1.0, 90.0),
            (1.5, 90.0),
            (1.5, 90.0),
            (1.5, 41.0),
            (1.5, 41.0),
        ]);
        assert_eq!(verdict.p50_ms, Drift { first: 1.0, last: 1.5 });
        assert_eq!(verdict.p99_ms, Drift { first: 2.0, last: 3.0 });
        assert_eq!(verdict.resident_mb, Drift { first: 40.0, last: 41.0 });
    }

    #[test]
    fn a_turn_is_slow_beside_the_others_of_its_server() {
        let of = |p50_ms: [f64; 5]| verdict(&p50_ms.map(|p50_ms| (p50_ms, 40.0))).slow;
        assert_eq!(of([1.0, 1.1, 6.0, 4.9, 1.0]), 1);
        assert_eq!(of([6.0; 5]), 0);
    }
}

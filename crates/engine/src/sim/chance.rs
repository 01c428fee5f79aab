//! What is random in a run, all of it from one seed.

use oorandom::Rand64;

use super::scenario::Scenario;
use crate::time::Ms;

/// The dice of a run.
#[derive(Clone, Debug)]
pub struct Chance(Rand64);

/// How one request fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// Time until it arrives.
    pub there_ms: Ms,
    /// Time until its response is back, if it comes back.
    pub total_ms: Ms,
    /// Whether the response is lost.
    pub lost: bool,
    /// Whether it is answered 500.
    pub fails: bool,
}

impl Chance {
    /// Dice for a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Rand64::new(u128::from(seed)))
    }

    /// Whether something happens that does with probability `rate`. Rolls only where it is in doubt, so
    /// that a scenario without a fault sees the same dice as before that fault could be simulated.
    pub fn happens(&mut self, rate: f64) -> bool {
        rate > 0.0 && self.0.rand_float() < rate
    }

    /// A whole number in `low..=high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        if low >= high { low } else { self.0.rand_range(low..high + 1) }
    }

    /// Time until the next of events that happen `per_hour` times an hour, independently.
    pub fn gap_ms(&mut self, per_hour: f64) -> Ms {
        let uniform = 1.0 - self.0.rand_float();
        (-uniform.ln() * 3_600_000.0 / per_hour).round().max(1.0) as Ms
    }

    /// How the next request fares.
    pub fn fate(&mut self, scenario: &Scenario, deadline_ms: Ms) -> Fate {
        let [low, high] = scenario.latency_ms;
        let tail = self.happens(scenario.tail_rate);
        let total_ms =
            if tail { self.between(high, scenario.tail_ms.max(high)) } else { self.between(low, high) };
        let there_ms = self.between(0, total_ms).min(deadline_ms);
        let lost = self.happens(scenario.lost_rate) || total_ms > deadline_ms;
        Fate { there_ms, total_ms, lost, fails: self.happens(scenario.failure_rate) }
    }
}

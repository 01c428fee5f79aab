//! How far the provider's clock may be from ours, learned from its `Date` header.

use crate::mutation;
use crate::time::{Instant, Ms};

/// The least error assumed, in milliseconds: `Date` has whole seconds.
pub const EPSILON_MS_MIN: Ms = 1_000;

/// Bounds on `provider's clock − ours`, in milliseconds.
#[derive(Clone, Debug)]
pub struct ClockError {
    floor_ms: Ms,
    offset: Option<(i64, i64)>,
}

impl ClockError {
    /// With the bounds that were learned before, if any; `floor_ms` is assumed at least (and never less than a second).
    #[must_use]
    pub fn new(floor_ms: Ms, offset: Option<(i64, i64)>) -> Self {
        Self { floor_ms: floor_ms.max(EPSILON_MS_MIN), offset }
    }

    /// What was learned: bounds on `provider's clock − ours`, in milliseconds.
    #[must_use]
    pub fn offset(&self) -> Option<(i64, i64)> {
        self.offset
    }

    /// A response to a request sent at `sent_ms`, received at `acked_ms`, was dated `date_ms` (cut to whole
    /// seconds). The provider wrote it in between, so each response bounds the offset; they are intersected.
    pub fn learn(&mut self, sent_ms: Ms, acked_ms: Ms, date_ms: Ms) {
        let seen = (date_ms as i64 - acked_ms as i64, date_ms as i64 + 999 - sent_ms as i64);
        self.offset = Some(match self.offset {
            Some((low, high)) if low.max(seen.0) <= high.min(seen.1) => (low.max(seen.0), high.min(seen.1)),
            // The clock was set, there or here: the past says nothing.
            _ => seen,
        });
    }

    /// `now_ms` with the error of the provider's clock.
    #[must_use]
    pub fn at(&self, now_ms: Ms) -> Instant {
        let learned = self.offset.map_or(0, |(low, high)| low.unsigned_abs().max(high.unsigned_abs()));
        let epsilon_ms = if mutation::is("no-epsilon") { 0 } else { self.floor_ms.max(learned) };
        Instant { now_ms, epsilon_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_responses_narrow_the_error_down() {
        let mut error = ClockError::new(0, None);
        for i in 0..200_u64 {
            let sent = 1_000_000_000 + i * 1_337;
            let arrived = sent + i % 700;
            error.learn(sent, arrived + i % 500, (arrived + 30_000) / 1_000 * 1_000);
        }
        let epsilon = error.at(0).epsilon_ms;
        assert!((30_000..30_100).contains(&epsilon), "{epsilon}");
    }

    #[test]
    fn a_clock_that_agrees_costs_a_second() {
        let mut error = ClockError::new(0, None);
        for sent in (0..100_000).step_by(777) {
            error.learn(sent, sent + 40, (sent + 20) / 1_000 * 1_000);
        }
        assert_eq!(error.at(0).epsilon_ms, EPSILON_MS_MIN);
    }
}

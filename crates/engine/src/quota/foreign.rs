//! Requests by somebody else on the same application: how many lately, and how many to expect.

use crate::time::Ms;

/// Shortest time an estimate is taken over.
const YOUNG_MS: Ms = 900_000;

/// An estimate of foreign use from what usage headers gave away, over one to two periods.
#[derive(Clone, Debug, Default)]
pub struct ForeignRate {
    seen: bool,
    period_ms: Ms,
    started_ms: Ms,
    current: u64,
    previous: u64,
    previous_ms: Ms,
}

impl ForeignRate {
    /// Nothing seen yet; the estimate looks back over `length_ms`, and at least an hour.
    pub fn new(length_ms: Ms) -> Self {
        Self { period_ms: length_ms.max(3_600_000), ..Self::default() }
    }

    /// Takes note of `cost` foreign units found by `now_ms`.
    pub fn note(&mut self, now_ms: Ms, cost: u64) {
        if !self.seen {
            *self = Self { seen: true, started_ms: now_ms, ..Self::new(self.period_ms) };
        }
        self.roll(now_ms);
        self.current += cost;
    }

    fn roll(&mut self, now_ms: Ms) {
        let elapsed = now_ms - self.started_ms;
        if elapsed < self.period_ms {
            return;
        }
        let unseen = elapsed >= 2 * self.period_ms;
        self.previous = if unseen { 0 } else { self.current };
        self.previous_ms = self.period_ms;
        self.current = 0;
        self.started_ms = now_ms - elapsed % self.period_ms;
    }

    /// Units to keep free for the next `span_ms`: the expected number `x` and its spread, `⌈x + √x⌉`.
    pub fn expected(&self, now_ms: Ms, span_ms: Ms) -> u64 {
        let total = self.current + self.previous;
        if total == 0 {
            return 0;
        }
        // One find is no flood: a young estimate divides by at least this much.
        let over_ms = (now_ms - self.started_ms + self.previous_ms).max(YOUNG_MS);
        let x = (u128::from(total) * u128::from(span_ms)).div_ceil(u128::from(over_ms)) as u64;
        let root = x.isqrt();
        x + root + u64::from(root * root < x)
    }

    /// Whether any foreign use is on record.
    pub fn is_zero(&self) -> bool {
        self.current + self.previous == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_an_hour_are_expected_as_five_an_hour() {
        let mut rate = ForeignRate::new(86_400_000);
        for i in 0..240_u64 {
            rate.note(i * 720_000, 1);
        }
        let x = rate.expected(240 * 720_000, 3_600_000);
        assert!((8..=9).contains(&x), "5 or 6 and the spread: {x}");
    }

    #[test]
    fn nobody_else_means_no_reserve() {
        assert_eq!(ForeignRate::new(1_000).expected(5_000, 10_000), 0);
    }
}

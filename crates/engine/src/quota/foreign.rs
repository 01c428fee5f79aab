//! Requests by somebody else on the same application: how many lately, and how many to expect.

use crate::time::Ms;

/// Shortest time an estimate is taken over.
const YOUNG_MS: Ms = 900_000;

/// An estimate of foreign use from what usage headers gave away, over one to two periods.
///
/// Most applications have nobody else on them: what was found is kept apart.
#[derive(Clone, Debug)]
pub struct ForeignRate {
    /// When a usage header was first looked at; the end of time while none was.
    since_ms: Ms,
    found: Option<Box<Found>>,
}

#[derive(Clone, Debug)]
struct Found {
    period_ms: Ms,
    started_ms: Ms,
    current: u64,
    previous: u64,
    previous_ms: Ms,
}

impl Default for ForeignRate {
    fn default() -> Self {
        Self::nobody(Ms::MAX)
    }
}

impl ForeignRate {
    /// An estimate that has found nobody since `since_ms`, the end of time where nobody looked.
    pub(crate) fn nobody(since_ms: Ms) -> Self {
        Self { since_ms, found: None }
    }

    /// Since when nobody was found; `None` where somebody was.
    pub(super) fn nobody_since(&self) -> Option<Ms> {
        self.found.is_none().then_some(self.since_ms)
    }

    /// Takes note of `cost` foreign units found by `now_ms` in a window of `length_ms`. The estimate looks
    /// back over that length, and at least an hour.
    pub fn note(&mut self, now_ms: Ms, length_ms: Ms, cost: u64) {
        self.since_ms = self.since_ms.min(now_ms);
        let started_ms = self.since_ms;
        if cost == 0 && self.found.is_none() {
            return;
        }
        let period_ms = length_ms.max(3_600_000);
        let found = self.found.get_or_insert_with(|| {
            Box::new(Found { period_ms, started_ms, current: 0, previous: 0, previous_ms: 0 })
        });
        found.roll(now_ms);
        found.current += cost;
    }

    /// Units to keep free for the next `span_ms`: the expected number `x` and its spread, `⌈x + √x⌉`.
    pub fn expected(&self, now_ms: Ms, span_ms: Ms) -> u64 {
        let x = self.mean(now_ms, span_ms, 1);
        let root = x.isqrt();
        x + root + u64::from(root * root < x)
    }

    /// The same in thousandths, where less than one is no reason to keep room for one: `x + √x`.
    pub(crate) fn expected_thousandths(&self, now_ms: Ms, span_ms: Ms) -> u64 {
        let x = self.mean(now_ms, span_ms, 1_000);
        x + (x * 1_000).isqrt()
    }

    /// Expected number, times `scale`, rounded up.
    fn mean(&self, now_ms: Ms, span_ms: Ms, scale: u64) -> u64 {
        let Some(found) = self.found.as_ref() else { return 0 };
        // One find is no flood: a young estimate divides by at least this much.
        let over_ms = (now_ms - found.started_ms + found.previous_ms).max(YOUNG_MS);
        let scaled = u128::from(found.total()) * u128::from(span_ms) * u128::from(scale);
        scaled.div_ceil(u128::from(over_ms)) as u64
    }

    /// Whether any foreign use is on record.
    pub fn is_zero(&self) -> bool {
        self.found.as_ref().is_none_or(|found| found.total() == 0)
    }
}

impl Found {
    fn total(&self) -> u64 {
        self.current + self.previous
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_an_hour_are_expected_as_five_an_hour() {
        let mut rate = ForeignRate::default();
        for i in 0..240_u64 {
            rate.note(i * 720_000, 86_400_000, 1);
        }
        let x = rate.expected(240 * 720_000, 3_600_000);
        assert!((8..=9).contains(&x), "5 or 6 and the spread: {x}");
    }

    #[test]
    fn nobody_else_means_no_reserve() {
        assert_eq!(ForeignRate::default().expected(5_000, 10_000), 0);
    }
}

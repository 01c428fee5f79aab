//! When polls of many connections fall due, as far as that is known.

use crate::app::discrepancy;
use crate::time::Ms;

/// Connections polled alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polls<'a> {
    /// How many.
    pub connections: u64,
    /// How often, stretched, in milliseconds.
    pub period_ms: Ms,
    /// When each is first due, ascending and within one period, where they then keep to their periods exactly.
    pub firsts: Option<&'a [Ms]>,
    /// When they are connected; 0 where that is long ago.
    pub since_ms: Ms,
    /// Until when they are looked at.
    pub until_ms: Ms,
}

/// Whether all moments at which these fall due are known, and no more than `most` of them lie within a length.
pub(super) fn are_known(polls: &[Polls<'_>], length_ms: Ms, most: u64) -> bool {
    let each = |polls: &Polls<'_>| polls.connections * (length_ms / polls.period_ms + 1);
    polls.iter().all(|polls| polls.firsts.is_some() || polls.connections == 0)
        && polls.iter().map(each).sum::<u64>() <= most
}

impl Polls<'_> {
    /// When those fall due whose moments are known, from `from` on and before `until`, in no order.
    pub(super) fn dues(self, from: Ms, until: Ms) -> impl Iterator<Item = Ms> {
        self.firsts.unwrap_or_default().iter().flat_map(move |first| {
            let passed = from.saturating_sub(*first).div_ceil(self.period_ms);
            let each = (passed..).map(move |period| first + period * self.period_ms);
            each.take_while(move |due| *due < until.min(self.until_ms))
        })
    }

    /// The fewest that fall due in any `span_ms`: each connection has one in every period, but for those of the
    /// last period begun that golden-ratio phases can bunch behind its end.
    pub(super) fn least(self, span_ms: Ms) -> u64 {
        let periods = span_ms.div_ceil(self.period_ms);
        let behind_ms = periods * self.period_ms - span_ms;
        let behind = match behind_ms {
            0 => 0,
            _ => (self.connections * behind_ms).div_ceil(self.period_ms) + discrepancy(self.connections),
        };
        self.connections * periods - behind.min(self.connections)
    }

    /// The fewest that fall due from `from` on and before `until`.
    pub(super) fn between(self, from: Ms, until: Ms) -> u64 {
        let until = until.min(self.until_ms);
        match self.firsts {
            Some(firsts) => self.before(firsts, until).saturating_sub(self.before(firsts, from)),
            None => self.least(until.saturating_sub(from.max(self.since_ms))),
        }
    }

    fn before(self, firsts: &[Ms], until: Ms) -> u64 {
        let Some(since) = firsts.first().and_then(|first| until.checked_sub(*first)) else { return 0 };
        let first = until - since;
        let begun = firsts.partition_point(|due| due - first < since % self.period_ms) as u64;
        firsts.len() as u64 * (since / self.period_ms) + begun
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::phase_ms;

    #[test]
    fn no_span_sees_fewer_polls_than_the_least() {
        for n in [1_u64, 2, 8, 40, 333] {
            let period_ms = 900_000;
            let mut firsts: Vec<Ms> = (3..n + 3).map(|index| phase_ms(index, period_ms)).collect();
            firsts.sort_unstable();
            let exact =
                Polls { connections: n, period_ms, firsts: Some(&firsts), since_ms: 0, until_ms: Ms::MAX };
            for span_ms in (0..3 * period_ms).step_by(77_777).chain([period_ms, 2 * period_ms]) {
                for due in &firsts {
                    // Just after a poll, and just before the last one of a span, is where fewest are.
                    for from in [due + 1 + period_ms, due + 4 * period_ms - span_ms] {
                        assert!(
                            exact.least(span_ms) <= exact.between(from, from + span_ms),
                            "{n}, {span_ms}"
                        );
                    }
                }
            }
        }
    }
}

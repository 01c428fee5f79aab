//! What polls will cost in the time ahead: the reserve that history leaves them.

use super::{App, Team, User};
use crate::cost::Unit;
use crate::poll::FULL_RATE;
use crate::quota::{Ahead, Window};
use crate::stretch::{RATE_SHIFT, capacity, rates};
use crate::time::Ms;

/// Share of a window that polls may use while history waits, and otherwise, in thousandths.
const POLL_SHARE_PENDING: u64 = 800;
const POLL_SHARE: u64 = 950;

/// Most connections whose due moments are counted one by one.
pub(super) const FEW_MAX: usize = 64;

/// How polls of the whole application fall due.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Demand {
    /// Polls per millisecond after stretching, `RATE_SHIFT` fraction bits.
    rate: u64,
    connections: u64,
    /// Shortest stretched period of any connection.
    spacing_ms: Ms,
    /// How far golden-ratio phases can run ahead of an even spread: `1 + ⌈ln n / 2⌉`.
    discrepancy: u64,
}

impl Demand {
    /// Connections polled.
    pub fn connections(&self) -> u64 {
        self.connections
    }

    /// Polls that can fall due in any `span_ms`, `overdue` of them already.
    pub fn polls(&self, overdue: u64, span_ms: Ms) -> Ahead {
        if self.connections == 0 {
            return Ahead { most: overdue, even: overdue };
        }
        let exact = u128::from(self.rate) * u128::from(span_ms);
        let even = ((exact + (1 << RATE_SHIFT) - 1) >> RATE_SHIFT) as u64;
        let each = self.connections * (span_ms / self.spacing_ms + 1);
        let even = even + self.discrepancy;
        Ahead { most: overdue + even.min(each), even: overdue + even }
    }
}

/// `1 + ⌈ln n / 2⌉`, from powers of e rounded down so that the result is never too small.
fn discrepancy(n: u64) -> u64 {
    // ⌊e²⌋, ⌊e⁴⌋, …: ln n / 2 ≤ k iff n ≤ e²ᵏ.
    const POWERS: [u64; 15] = [
        1,
        7,
        54,
        403,
        2_980,
        22_026,
        162_754,
        1_202_604,
        8_886_110,
        65_659_969,
        485_165_195,
        3_584_912_846,
        26_489_122_129,
        195_729_609_428,
        1_446_257_064_291,
    ];
    1 + POWERS.iter().position(|power| n <= *power).unwrap_or(POWERS.len()) as u64
}

impl App {
    /// Shares the poll capacity of the application's windows among its teams and slows their clocks.
    pub(super) fn restretch(&mut self, now_ms: Ms) {
        self.demand_stale = false;
        self.forget_slack();
        let permille = if self.pending > 0 { POLL_SHARE_PENDING } else { POLL_SHARE };
        let carried = |window: &Window| {
            let spec = window.spec();
            let cost = self.spec.poll_cost.of(spec.unit);
            let foreign = window.expected_foreign(now_ms, spec.length_ms).min(window.limit() * 9 / 10);
            (cost > 0)
                .then(|| capacity(window.limit() - foreign, spec.length_ms + self.latency_ms, cost, permille))
        };
        let capacity = self.bucket.windows().iter().filter_map(carried).min();
        let wanted: Vec<_> = self.teams.iter().map(|team| (team.demand, team.weight)).collect();
        let rates = capacity.map_or(vec![FULL_RATE; wanted.len()], |capacity| rates(&wanted, capacity));
        let mut demand = Demand { spacing_ms: Ms::MAX, ..Demand::default() };
        for (index, rate) in rates.into_iter().enumerate() {
            let team = &mut self.teams[index];
            if team.polls.clock.rate() != rate {
                team.polls.clock.set_rate(now_ms, rate);
                self.reindex_due(index as u32);
            }
            demand.add(&self.teams[index]);
        }
        demand.discrepancy = discrepancy(demand.connections);
        self.demand = demand;
    }

    /// The due moments of every connection, where there are few: how long until the next, and the period.
    pub(super) fn few_dues(&self, now_ms: Ms) -> Option<Vec<(Ms, Ms)>> {
        if self.few.len() > FEW_MAX {
            return None;
        }
        let due = |user: &u32| {
            let user = &self.users[*user as usize];
            let clock = &self.teams[user.team as usize].polls.clock;
            let period_ms = Ms::from(user.period_ms);
            // One that is overdue is counted as such; what is ahead of it is a period later.
            let tag_ms = user.tag_ms + if user.overdue { period_ms } else { 0 };
            let stretched_ms = (clock.stretched_ms(period_ms) - 1).max(1);
            (clock.due_ms(tag_ms).saturating_sub(now_ms), stretched_ms)
        };
        Some(self.few.iter().map(due).collect())
    }

    /// What polls of the application may cost in the next `span_ms`.
    pub(super) fn poll_demand(&self, few: Option<&[(Ms, Ms)]>, unit: Unit, span_ms: Ms) -> Ahead {
        let polls = self.demand.polls(self.overdue_count, span_ms);
        let counted = few.map_or(u64::MAX, |dues| {
            let ahead = dues.iter().filter(|(until_ms, _)| *until_ms <= span_ms);
            let each = ahead.map(|(until_ms, period_ms)| 1 + (span_ms - until_ms) / period_ms);
            self.overdue_count + each.sum::<u64>()
        });
        let cost = self.spec.poll_cost.of(unit);
        Ahead { most: cost * polls.most.min(counted), even: cost * polls.even }
    }

    /// What polls of one user may cost in the next `span_ms`: its due moments are known exactly.
    pub(super) fn user_demand(&self, user: &User, unit: Unit, now_ms: Ms, span_ms: Ms) -> Ahead {
        if user.period_ms == 0 {
            return Ahead::default();
        }
        let clock = &self.teams[user.team as usize].polls.clock;
        let period_ms = clock.stretched_ms(Ms::from(user.period_ms)).max(1);
        let until_due_ms = if user.overdue { 0 } else { clock.due_ms(user.tag_ms).saturating_sub(now_ms) };
        let polls = if span_ms < until_due_ms { 0 } else { 1 + (span_ms - until_due_ms) / period_ms };
        let cost = self.spec.poll_cost.of(unit);
        Ahead { most: cost * polls, even: cost * (polls + 1) }
    }
}

impl Demand {
    fn add(&mut self, team: &Team) {
        if team.connections == 0 {
            return;
        }
        let clock = &team.polls.clock;
        let stretched = (u128::from(team.demand) * u128::from(clock.rate())).div_ceil(u128::from(FULL_RATE));
        self.rate += stretched as u64;
        self.connections += team.connections;
        self.spacing_ms = self.spacing_ms.min(clock.stretched_ms(team.period_ms_min));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::{first_tag, phase_ms};
    use crate::stretch::demand;

    #[test]
    fn the_discrepancy_grows_with_half_the_logarithm() {
        let expected = |n: u64| 1 + ((n as f64).ln() / 2.0).ceil() as u64;
        for n in [1, 2, 7, 8, 40, 54, 55, 1_000, 22_026, 22_027, 1_000_000] {
            assert_eq!(discrepancy(n), expected(n), "{n}");
        }
    }

    #[test]
    fn no_stretch_of_time_sees_more_polls_than_the_demand_says() {
        for n in [1_u64, 2, 8, 40, 333] {
            let period = 900_000;
            let polls = Demand {
                rate: n * demand(period),
                connections: n,
                spacing_ms: period,
                discrepancy: discrepancy(n),
            };
            let mut dues: Vec<Ms> = (0..n)
                .flat_map(|i| (0..4).map(move |k| first_tag(0, phase_ms(i, period), period) + k * period))
                .collect();
            dues.sort_unstable();
            for (i, from) in dues.iter().enumerate() {
                for (count, to) in dues[i..].iter().enumerate() {
                    assert!((count as u64) < polls.polls(0, to - from).most, "{n}: {from}..{to}");
                }
            }
        }
    }
}

//! How far each team's polls must be slowed so that quota carries them.

use crate::poll::FULL_RATE;

/// Fraction bits of a poll rate in polls per millisecond.
pub const RATE_SHIFT: u32 = 40;

/// Polls per millisecond that one connection with this period adds, rounded up.
#[must_use]
pub fn demand(period_ms: u64) -> u64 {
    (1_u64 << RATE_SHIFT).div_ceil(period_ms)
}

/// Polls per millisecond that a window carries which has `share` thousandths of a unit for polls, each of
/// which it holds for `span_ms`: `share / span / cost`.
#[must_use]
pub fn capacity(share: u64, span_ms: u64, cost: u64) -> u64 {
    let units = (u128::from(share) << RATE_SHIFT) / (1_000 * u128::from(span_ms));
    (units / u128::from(cost)).min(u128::from(u64::MAX)) as u64
}

/// Shares `capacity` among teams, given each one's demand and weight: whoever wants less than its share
/// gets all it wants, and the rest is split by weight. Returns each team's poll-clock rate, `FULL_RATE / σ`.
#[must_use]
pub fn rates(teams: &[(u64, u64)], capacity: u64) -> Vec<u64> {
    let mut order: Vec<usize> = (0..teams.len()).collect();
    // Ascending demand per weight, compared without dividing.
    order.sort_by(|&a, &b| {
        let (left, right) = (u128::from(teams[a].0), u128::from(teams[b].0));
        (left * u128::from(teams[b].1)).cmp(&(right * u128::from(teams[a].1))).then(a.cmp(&b))
    });
    let mut left = u128::from(capacity);
    let mut weights: u128 = teams.iter().map(|(_, weight)| u128::from(*weight)).sum();
    let mut rates = vec![FULL_RATE; teams.len()];
    for team in order {
        let (demand, weight) = (u128::from(teams[team].0), u128::from(teams[team].1));
        let share = left * weight / weights;
        if share < demand {
            // So it is for all that follow. They split the same rest, so that who wants alike stays in step.
            rates[team] = ((share * u128::from(FULL_RATE) / demand) as u64).max(1);
        } else {
            left -= demand;
            weights -= weight;
        }
    }
    rates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_team_does_not_slow_a_small_one() {
        let (small, large) = (4 * demand(900_000), 400 * demand(900_000));
        let capacity = capacity(800_000, 86_400_000, 1);
        let rates = rates(&[(large, 1), (small, 1)], capacity);
        assert_eq!(rates[1], FULL_RATE);
        // 800 polls a day, of which the small team needs 384; 416 are left for 38,400.
        let stretch = FULL_RATE as f64 / rates[0] as f64;
        assert!((stretch - 38_400.0 / 416.0).abs() < 0.1, "{stretch}");
    }

    #[test]
    fn what_fits_is_not_stretched() {
        assert_eq!(rates(&[(5, 1), (5, 9)], 10), [FULL_RATE; 2]);
    }

    #[test]
    fn who_wants_alike_gets_alike_to_the_last_bit() {
        let rates =
            rates(&[(7, 1), (900_000_001, 3), (7, 1), (900_000_001, 3), (900_000_001, 3)], 1_000_000_007);
        assert_eq!(rates[0], FULL_RATE);
        assert!(rates[1] < FULL_RATE && rates[1] == rates[3] && rates[3] == rates[4], "{rates:?}");
    }

    #[test]
    fn equal_wishes_are_split_by_weight() {
        let rates = rates(&[(1_000_000, 1), (1_000_000, 3)], 1_000_000);
        assert_eq!(rates, [FULL_RATE / 4, FULL_RATE * 3 / 4]);
    }
}

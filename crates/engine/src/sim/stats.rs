//! Exact distributions of whole numbers, kept as counts.

use std::collections::BTreeMap;

use serde::Serialize;

/// How often each value occurred.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    counts: BTreeMap<u64, u64>,
    total: u64,
    sum: u128,
}

/// What people ask of a distribution, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// Half are at most this.
    pub p50: u64,
    /// 99 of 100 are at most this.
    pub p99: u64,
    /// All are at most this.
    pub max: u64,
}

impl Histogram {
    /// Adds a value.
    pub fn add(&mut self, value: u64) {
        *self.counts.entry(value).or_insert(0) += 1;
        self.total += 1;
        self.sum += u128::from(value);
    }

    /// Adds all values of another.
    pub fn merge(&mut self, other: &Self) {
        for (value, count) in &other.counts {
            *self.counts.entry(*value).or_insert(0) += count;
        }
        self.total += other.total;
        self.sum += other.sum;
    }

    /// The smallest value that at least `permille` thousandths of all do not exceed; 0 if there are none.
    #[must_use]
    pub fn quantile(&self, permille: u64) -> u64 {
        let rank = (self.total * permille).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (value, count) in &self.counts {
            seen += count;
            if seen >= rank {
                return *value;
            }
        }
        0
    }

    /// The mean, rounded down; `None` if there are no values.
    #[must_use]
    pub fn mean(&self) -> Option<u64> {
        (self.total > 0).then(|| (self.sum / u128::from(self.total)) as u64)
    }

    /// Median, 99th percentile and largest.
    #[must_use]
    pub fn percentiles(&self) -> Percentiles {
        Percentiles { p50: self.quantile(500), p99: self.quantile(990), max: self.quantile(1_000) }
    }
}

/// Jain's index of `shares`: 1 if all are equal, 1/n if one has everything; 1 for none.
///
/// Jain, Chiu and Hawe, DEC-TR-301 (1984).
#[must_use]
pub fn jain(shares: &[f64]) -> f64 {
    let sum: f64 = shares.iter().sum();
    let squares: f64 = shares.iter().map(|share| share * share).sum();
    if squares == 0.0 { 1.0 } else { sum * sum / (shares.len() as f64 * squares) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occurred() {
        let mut histogram = Histogram::default();
        (1..=100).for_each(|value| histogram.add(value));
        assert_eq!(histogram.percentiles(), Percentiles { p50: 50, p99: 99, max: 100 });
    }

    #[test]
    fn jain_is_one_for_equals_and_the_reciprocal_for_one_of_many() {
        assert!((jain(&[3.0; 5]) - 1.0).abs() < 1e-12);
        assert!((jain(&[1.0, 0.0, 0.0, 0.0]) - 0.25).abs() < 1e-12);
    }
}

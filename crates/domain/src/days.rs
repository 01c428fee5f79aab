//! Whole days of history.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How many days of history to pull: whole, `0..=365`. `0` means none.
///
/// The upper end is the configurable maximum that the contract names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Days(u16);

/// A number of days below 0 or above 365.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0} is not between 0 and {max} days", max = Days::MAX)]
pub struct DaysOutOfRange(pub i64);

impl Days {
    /// No history at all.
    pub const ZERO: Self = Self(0);
    /// The configurable maximum.
    pub const MAX: Self = Self(365);

    /// The number of days, `0..=365`.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// As people say it: `1 day`, `14 days`.
    pub fn spoken(self) -> String {
        format!("{self} {}", if self.0 == 1 { "day" } else { "days" })
    }

    /// The same span in seconds; a day has 86,400.
    pub const fn seconds(self) -> i64 {
        self.0 as i64 * 86_400
    }
}

impl TryFrom<i64> for Days {
    type Error = DaysOutOfRange;

    fn try_from(days: i64) -> Result<Self, DaysOutOfRange> {
        match u16::try_from(days) {
            Ok(whole) if whole <= Self::MAX.0 => Ok(Self(whole)),
            _ => Err(DaysOutOfRange(days)),
        }
    }
}

impl From<Days> for i64 {
    fn from(days: Days) -> Self {
        i64::from(days.0)
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_between_0_and_365() {
        for days in [0, 1, 14, 365] {
            assert_eq!(i64::from(Days::try_from(days).unwrap()), days);
        }
        for days in [-1, 366, i64::MIN, i64::MAX, 65_536, 65_537] {
            assert_eq!(Days::try_from(days), Err(DaysOutOfRange(days)));
        }
    }
}

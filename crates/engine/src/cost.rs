//! What a request costs, in each unit a provider counts.

use serde::{Deserialize, Serialize};

/// Number of units a request can be counted in.
pub const UNITS: usize = 2;

pub use lookback_domain::Unit;

/// The cost of one request in every unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cost([u32; UNITS]);

impl Cost {
    /// Costs nothing.
    pub const ZERO: Self = Self([0; UNITS]);
    /// One request that asks for no counted days.
    pub const ONE: Self = Self([1, 0]);

    /// A cost of `requests` requests and `days` days of data.
    #[must_use]
    pub const fn new(requests: u32, days: u32) -> Self {
        Self([requests, days])
    }

    /// The cost in one unit.
    #[must_use]
    pub const fn of(self, unit: Unit) -> u64 {
        self.0[unit as usize] as u64
    }

    /// The cost in every unit, in the order of [`Unit`].
    #[must_use]
    pub const fn units(self) -> [u32; UNITS] {
        self.0
    }
}

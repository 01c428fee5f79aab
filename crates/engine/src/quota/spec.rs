//! What is known of a provider's window before the first request.

use serde::{Deserialize, Serialize};

use crate::cost::Unit;
use crate::time::Ms;

/// Most windows one bucket can have.
pub const WINDOWS_MAX: usize = 4;
/// Longest window, in milliseconds: 31 days.
const LENGTH_MS_MAX: Ms = 31 * 86_400_000;

pub use lookback_domain::WindowKind as Kind;

/// One window of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WindowSpec {
    /// How much the provider counts before it refuses.
    pub limit: u64,
    /// Length in milliseconds.
    pub length_ms: Ms,
    /// How it counts.
    pub kind: Kind,
    /// What it counts.
    pub unit: Unit,
    /// How much each connected user adds to the limit (Polar).
    pub limit_per_user: u64,
}

/// A window that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// Nothing could ever be sent.
    #[error("a window's limit must be between 1 and 1,000,000,000, not {0}")]
    Limit(u64),
    /// Zero, or longer than a month.
    #[error("a window lasts between 1 ms and 31 days, not {0} ms")]
    Length(Ms),
    /// More windows than a bucket holds.
    #[error("a bucket has at most {WINDOWS_MAX} windows, not {0}")]
    Windows(usize),
}

impl WindowSpec {
    /// How long after it was counted a request may count, in milliseconds: two lengths where the one before is added.
    #[must_use]
    pub fn counts_ms(&self) -> Ms {
        match self.kind {
            Kind::TwoCounter | Kind::Unknown => 2 * self.length_ms,
            _ => self.length_ms,
        }
    }

    /// A window that counts requests and does not grow with the number of users.
    #[must_use]
    pub const fn requests(limit: u64, length_ms: Ms, kind: Kind) -> Self {
        Self { limit, length_ms, kind, unit: Unit::Requests, limit_per_user: 0 }
    }

    /// Checks the ranges that the arithmetic relies on.
    ///
    /// # Errors
    /// Where a figure is out of range.
    pub fn check(&self) -> Result<(), SpecError> {
        if self.length_ms == 0 || self.length_ms > LENGTH_MS_MAX {
            return Err(SpecError::Length(self.length_ms));
        }
        if !(1..=1_000_000_000).contains(&self.limit) {
            return Err(SpecError::Limit(self.limit));
        }
        Ok(())
    }
}

//! Time as the engine sees it: an argument, in whole milliseconds.

/// Milliseconds. A moment counts from the Unix epoch, so that clock-aligned windows fall on multiples of
/// their length; a span is a difference of two moments.
pub type Ms = u64;

/// A moment, and how far the provider's clock may be from ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant {
    /// Our clock.
    pub now_ms: Ms,
    /// The provider's clock reads somewhere in `now_ms ± epsilon_ms`.
    pub epsilon_ms: Ms,
}

impl Instant {
    /// The earliest the provider's clock can read.
    #[must_use]
    pub const fn earliest(self) -> Ms {
        self.now_ms.saturating_sub(self.epsilon_ms)
    }

    /// The latest the provider's clock can read.
    #[must_use]
    pub const fn latest(self) -> Ms {
        self.now_ms + self.epsilon_ms
    }
}

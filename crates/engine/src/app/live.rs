//! How much is asked for live, which polls and history then leave room for.

use crate::quota::{ForeignRate, WindowSpec};
use crate::time::Ms;

/// Of a smaller limit, room for one request is much.
const SMALL: u64 = 16;

/// Requests asked for live: how many lately, and how many to expect. Nobody knows of them beforehand, as of somebody
/// else's on the same application, and they are estimated alike.
#[derive(Clone, Debug)]
pub(super) struct LiveRate {
    rate: ForeignRate,
    /// What is looked back over.
    span_ms: Ms,
    /// How many in that span polls are slowed for.
    used: u64,
}

impl LiveRate {
    /// Nothing was asked for.
    pub fn new(windows: &[WindowSpec], now_ms: Ms) -> Self {
        let span_ms = windows.iter().map(|window| window.length_ms).max().unwrap_or(0);
        Self { rate: ForeignRate::nobody(now_ms), span_ms, used: 0 }
    }

    /// Something is asked for. Returns whether more is to be expected than polls were slowed for.
    pub fn note(&mut self, now_ms: Ms) -> bool {
        self.rate.note(now_ms, self.span_ms, 1);
        self.expected(now_ms, self.span_ms) > self.used + self.used / 4
    }

    /// How many in the longest window polls are slowed for from now on.
    pub fn take(&mut self, now_ms: Ms) -> u64 {
        self.rate.note(now_ms, self.span_ms, 0);
        self.used = self.expected(now_ms, self.span_ms);
        self.used
    }

    /// How many to keep room for in the next `span_ms` in a window that takes `limit` of them. Room for one that may
    /// come is kept where it is little of the limit: what is asked for once a day would take up every minute of a small
    /// one. And some is left to others, however much is asked for.
    pub fn room(&self, now_ms: Ms, span_ms: Ms, limit: u64) -> u64 {
        let thousandths = self.rate.expected_thousandths(now_ms, span_ms);
        let whole = if limit < SMALL { thousandths / 1_000 } else { thousandths.div_ceil(1_000) };
        whole.min(limit * 9 / 10)
    }

    fn expected(&self, now_ms: Ms, span_ms: Ms) -> u64 {
        self.rate.expected(now_ms, span_ms)
    }
}

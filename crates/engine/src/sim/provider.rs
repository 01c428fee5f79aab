//! A simulated provider: counts what arrives by its own windows and refuses what is over.
//!
//! Written from the providers' point of view and sharing no code with the limiter: it sees arrivals on its
//! own clock, knows nothing of sends and acknowledgements, and keeps every arrival it still has to count.

use std::collections::{BTreeMap, VecDeque};

use crate::cost::Cost;
use crate::quota::{Kind, WindowSpec};
use crate::time::Ms;

/// How one window is counted.
#[derive(Clone, Debug)]
enum Count {
    /// Number of the clock window and what it has.
    Aligned { number: u64, count: u64 },
    /// Start of the window (if one is open) and what it has.
    Anchored { start: Option<Ms>, count: u64 },
    /// Every arrival of the last length.
    Log { arrivals: VecDeque<(Ms, u64)>, count: u64 },
    /// Number of the clock window, what it has, and what the one before had.
    TwoCounter { number: u64, count: u64, before: u64 },
    /// Fill times length, so that leaking is exact, and when it was last brought up to date.
    Bucket { fill: u128, at: Ms },
}

/// One window as the provider counts it.
#[derive(Clone, Debug)]
pub struct ServerWindow {
    /// What is refused beyond.
    pub limit: u64,
    spec: WindowSpec,
    count: Count,
    /// Most that was ever counted at once.
    pub peak: u64,
    /// All that was counted.
    pub accepted: u64,
}

impl ServerWindow {
    /// A window of `spec`, counted as `kind`. [`Kind::Unknown`] is no way to count.
    #[must_use]
    pub fn new(spec: WindowSpec, kind: Kind) -> Self {
        let count = match kind {
            Kind::Aligned => Count::Aligned { number: 0, count: 0 },
            Kind::Anchored => Count::Anchored { start: None, count: 0 },
            Kind::Log | Kind::Unknown => Count::Log { arrivals: VecDeque::new(), count: 0 },
            Kind::TwoCounter => Count::TwoCounter { number: 0, count: 0, before: 0 },
            Kind::Bucket => Count::Bucket { fill: 0, at: 0 },
        };
        Self { limit: spec.limit, spec, count, peak: 0, accepted: 0 }
    }

    /// Length in milliseconds.
    #[must_use]
    pub fn length_ms(&self) -> Ms {
        self.spec.length_ms
    }

    /// Forgets what no longer counts at `now`.
    fn roll(&mut self, now: Ms) {
        let length = self.spec.length_ms;
        match &mut self.count {
            Count::Aligned { number, count } => {
                if now / length != *number {
                    (*number, *count) = (now / length, 0);
                }
            }
            Count::Anchored { start, count } => {
                if start.is_some_and(|start| now >= start + length) {
                    (*start, *count) = (None, 0);
                }
            }
            Count::Log { arrivals, count } => {
                // An arrival exactly one length ago still counts: the strict reading of "the last hour".
                while arrivals.front().is_some_and(|(at, _)| at + length < now) {
                    *count -= arrivals.pop_front().map_or(0, |(_, cost)| cost);
                }
            }
            Count::TwoCounter { number, count, before } => {
                let current = now / length;
                if current != *number {
                    *before = if current == *number + 1 { *count } else { 0 };
                    (*number, *count) = (current, 0);
                }
            }
            Count::Bucket { fill, at } => {
                let leaked = u128::from(now.saturating_sub(*at)) * u128::from(self.limit);
                (*fill, *at) = (fill.saturating_sub(leaked), now);
            }
        }
    }

    /// What is counted at `now`, times the length where the count is a fraction, and that factor.
    fn counted(&self, now: Ms) -> (u128, u128) {
        let length = u128::from(self.spec.length_ms);
        match &self.count {
            Count::Aligned { count, .. } | Count::Anchored { count, .. } | Count::Log { count, .. } => {
                (u128::from(*count), 1)
            }
            Count::TwoCounter { count, before, .. } => {
                let left = length - u128::from(now % self.spec.length_ms);
                (u128::from(*before) * left + u128::from(*count) * length, length)
            }
            Count::Bucket { fill, .. } => (*fill, length),
        }
    }

    /// Usage as a header shows it: rounded down.
    fn used(&self, now: Ms) -> u64 {
        let (counted, factor) = self.counted(now);
        (counted / factor) as u64
    }

    fn has_room(&self, now: Ms, cost: u64) -> bool {
        let (counted, factor) = self.counted(now);
        cost == 0 || counted + u128::from(cost) * factor <= u128::from(self.limit) * factor
    }

    fn add(&mut self, now: Ms, cost: u64) {
        let length = u128::from(self.spec.length_ms);
        match &mut self.count {
            Count::Aligned { count, .. } | Count::TwoCounter { count, .. } => *count += cost,
            Count::Anchored { start, count } => {
                start.get_or_insert(now);
                *count += cost;
            }
            Count::Log { arrivals, count } => {
                if cost > 0 {
                    arrivals.push_back((now, cost));
                }
                *count += cost;
            }
            Count::Bucket { fill, .. } => *fill += u128::from(cost) * length,
        }
        self.accepted += cost;
        self.peak = self.peak.max(self.used(now));
    }
}

/// What the provider says to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it was served.
    pub accepted: bool,
    /// Use of each application window after it, rounded down.
    pub app_used: Vec<u64>,
    /// Use of each of the user's windows after it, rounded down.
    pub user_used: Vec<u64>,
}

/// One OAuth application on the provider's side.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Windows of the application.
    pub windows: Vec<ServerWindow>,
    user_specs: Vec<WindowSpec>,
    kind: Kind,
    users: BTreeMap<u32, Vec<ServerWindow>>,
}

impl Provider {
    /// A provider that counts every window as `kind`.
    #[must_use]
    pub fn new(windows: &[WindowSpec], user_windows: &[WindowSpec], kind: Kind) -> Self {
        Self {
            windows: windows.iter().map(|spec| ServerWindow::new(*spec, kind)).collect(),
            user_specs: user_windows.to_vec(),
            kind,
            users: BTreeMap::new(),
        }
    }

    /// A request by `user` (by nobody we know, if `None`) arrives at `now` on the provider's clock.
    ///
    /// What is refused counts in every window longer than the one that refused it, as Strava documents.
    pub fn arrive(&mut self, now: Ms, user: Option<u32>, cost: Cost) -> Verdict {
        let mut none = Vec::new();
        let user_windows = match user {
            Some(user) if !self.user_specs.is_empty() => self.users.entry(user).or_insert_with(|| {
                self.user_specs.iter().map(|spec| ServerWindow::new(*spec, self.kind)).collect()
            }),
            _ => &mut none,
        };
        let mut refused_by: Option<Ms> = None;
        for window in self.windows.iter_mut().chain(user_windows.iter_mut()) {
            window.roll(now);
            if !window.has_room(now, cost.of(window.spec.unit)) {
                refused_by = Some(refused_by.map_or(window.length_ms(), |ms| ms.max(window.length_ms())));
            }
        }
        for window in self.windows.iter_mut().chain(user_windows.iter_mut()) {
            if refused_by.is_none_or(|length| window.length_ms() > length) {
                window.add(now, cost.of(window.spec.unit));
            }
        }
        let used = |windows: &[ServerWindow]| windows.iter().map(|window| window.used(now)).collect();
        Verdict {
            accepted: refused_by.is_none(),
            app_used: used(&self.windows),
            user_used: used(user_windows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(kind: Kind, arrivals: &[Ms]) -> Vec<bool> {
        let mut provider = Provider::new(&[WindowSpec::requests(2, 1_000, kind)], &[], kind);
        arrivals.iter().map(|&at| provider.arrive(at, None, Cost::ONE).accepted).collect()
    }

    #[test]
    fn each_kind_counts_as_its_name_says() {
        // Two at the end of a clock window, then more just after the boundary, then one length later.
        let arrivals = [10_900, 10_950, 11_000, 11_500, 11_950, 12_000];
        assert_eq!(served(Kind::Aligned, &arrivals), [true, true, true, true, false, true]);
        assert_eq!(served(Kind::Anchored, &arrivals), [true, true, false, false, true, true]);
        assert_eq!(served(Kind::Log, &arrivals), [true, true, false, false, true, true]);
        // 2 × 0.5 + 1 = 2 fits at 11.5 s; at 12.0 s the one before (1) still weighs fully: 1 + 1 = 2.
        assert_eq!(served(Kind::TwoCounter, &arrivals), [true, true, false, true, false, true]);
        // Leaks one per half second: 1.8 + 1 at 11.0 s is over, 0.9 + 1 at 11.95 s is not.
        assert_eq!(served(Kind::Bucket, &arrivals), [true, true, false, true, true, false]);
    }

    #[test]
    fn a_refusal_counts_in_the_longer_window() {
        let specs =
            [WindowSpec::requests(1, 1_000, Kind::Aligned), WindowSpec::requests(10, 60_000, Kind::Aligned)];
        let mut provider = Provider::new(&specs, &[], Kind::Aligned);
        provider.arrive(0, None, Cost::ONE);
        let verdict = provider.arrive(1, None, Cost::ONE);
        assert!(!verdict.accepted);
        assert_eq!(verdict.app_used, [1, 2]);
    }
}

//! The windows of one OAuth application, or of one user of it.

use super::folded::Folded;
use super::slack::Ahead;
use super::spec::{SpecError, WINDOWS_MAX, WindowSpec};
use super::window::{Mark, Window};
use crate::ahead::Lines;
use crate::cost::Cost;
use crate::in_place::InPlace;
use crate::time::{Instant, Ms};

/// Marks of all windows of a bucket, kept with a request in flight.
pub type Marks = [Mark; WINDOWS_MAX];

/// What a response says of one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Position of the window in its bucket.
    pub window: usize,
    /// The limit named, if any.
    pub limit: Option<u64>,
    /// The use named, this request included, if any.
    pub used: Option<u64>,
}

/// Windows that all must have room for a request.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// In place, since most have one or two and each request asks all of them.
    pub(super) windows: InPlace<Window, 2>,
}

impl Bucket {
    /// Unused windows.
    #[must_use]
    pub fn new(specs: &[WindowSpec], at: Instant) -> Self {
        debug_assert!(specs.len() <= WINDOWS_MAX);
        Self { windows: specs.iter().map(|spec| Window::exact(*spec, at)).collect() }
    }

    /// A user's windows, to be asked and then folded again.
    pub(crate) fn unfold(folded: &mut [Folded], specs: &[WindowSpec], at: Instant) -> Self {
        Self { windows: folded.iter_mut().zip(specs).map(|(folded, spec)| folded.unfold(spec, at)).collect() }
    }

    /// Puts a user's windows away.
    pub(crate) fn fold(self, folded: &mut [Folded], specs: &[WindowSpec]) {
        for ((window, folded), spec) in self.windows.into_elements().zip(folded).zip(specs) {
            folded.fold(spec, window);
        }
    }

    /// Checks what [`Bucket::new`] takes for granted.
    ///
    /// # Errors
    /// Where a figure is out of range, or there are too many windows.
    pub fn check(specs: &[WindowSpec]) -> Result<(), SpecError> {
        if specs.len() > WINDOWS_MAX {
            return Err(SpecError::Windows(specs.len()));
        }
        specs.iter().try_for_each(WindowSpec::check)
    }

    /// The windows, in the order they were given.
    #[must_use]
    pub fn windows(&self) -> &InPlace<Window, 2> {
        &self.windows
    }

    /// Shows `see` the windows that stand in place.
    pub(crate) fn each_line(&self, see: &mut impl Lines) {
        self.windows.places().iter().for_each(|window| window.each_line(see));
    }

    /// Sum of the limits in force: changes when one does.
    #[must_use]
    pub fn limits(&self) -> u64 {
        self.windows.iter().map(Window::limit).sum()
    }

    /// Brings every window up to `at`.
    pub fn advance(&mut self, at: Instant) {
        self.windows.iter_mut().for_each(|window| window.advance(at));
    }

    /// Whether every window has room for `cost`.
    #[must_use]
    pub fn fits(&self, at: Instant, cost: Cost) -> bool {
        self.windows.iter().all(|window| window.fits(at, cost.of(window.spec().unit)))
    }

    /// Charges a request that is being sent.
    pub fn charge(&mut self, at: Instant, cost: Cost) -> Marks {
        let mut marks = Marks::default();
        for (window, mark) in self.windows.iter_mut().zip(&mut marks) {
            *mark = window.charge(at, cost.of(window.spec().unit));
        }
        marks
    }

    /// A request sent at `sent` was acknowledged, and so counted.
    pub fn settle(&mut self, sent: Instant, acked: Instant, cost: Cost) {
        self.windows.iter_mut().for_each(|window| window.settle(sent, acked, cost.of(window.spec().unit)));
    }

    /// A request sent at `sent` at the latest was refused, or given up at its deadline: it may have been counted, then
    /// or before.
    pub fn give_up(&mut self, sent: Instant, acked: Instant, cost: Cost) {
        self.windows.iter_mut().for_each(|window| window.give_up(sent, acked, cost.of(window.spec().unit)));
    }

    /// Takes in what a response says. Returns whether that explains a refusal, and what of it is foreign.
    pub fn observe(
        &mut self,
        sent: Instant,
        acked: Instant,
        marks: &Marks,
        readings: &[Reading],
    ) -> (bool, u64) {
        let (mut explained, mut foreign) = (false, 0);
        for reading in readings {
            let Some(window) = self.windows.get_mut(reading.window) else { continue };
            if let Some(limit) = reading.limit {
                window.report_limit(acked, limit);
            }
            if let Some(used) = reading.used {
                explained |= used >= window.limit();
                foreign += window.observe(sent, acked, marks[reading.window], used);
            }
        }
        (explained, foreign)
    }

    /// The fullest window: `(position, used share in ppm)`, the shortest of equals.
    #[must_use]
    pub fn fullest(&self, at: Instant) -> Option<(usize, u64)> {
        let share = |window: &Window| window.charged(at) * 1_000_000 / window.limit();
        let key = |(i, window): (usize, &Window)| {
            (share(window), std::cmp::Reverse(window.spec().length_ms), std::cmp::Reverse(i))
        };
        let (share, _, std::cmp::Reverse(i)) = self.windows.iter().enumerate().map(key).max()?;
        Some((i, share))
    }

    /// Lowers the limit of a window whose model a refusal has falsified.
    pub fn falsify(&mut self, at: Instant, window: usize) {
        self.windows[window].falsify(at);
    }

    /// The earliest moment at which every window may have room for `cost`; `None` if all have it now.
    #[must_use]
    pub fn release(&self, at: Instant, cost: Cost) -> Option<Ms> {
        self.windows.iter().filter_map(|window| window.release(at, cost.of(window.spec().unit))).max()
    }

    /// The first window that cannot take history of `cost` beside its polls: when to ask again. `None` if
    /// all can.
    #[must_use]
    pub fn crowded(&self, at: Instant, latency_ms: Ms, cost: Cost, ahead: &dyn Ahead) -> Option<Ms> {
        let crowded = |window: &&Window| {
            let cost = cost.of(window.spec().unit) as i64;
            cost > window.slack(at, latency_ms, ahead)
        };
        self.windows.iter().find(crowded).map(|window| window.ask_again(at))
    }

    /// Limits that headers named to a predecessor: of each window, if any.
    pub fn restore_limits(&mut self, named: &[Option<u64>]) {
        for (window, limit) in self.windows.iter_mut().zip(named) {
            limit.iter().for_each(|limit| window.restore_limit(*limit));
        }
    }

    /// Limits that grow with the number of users.
    pub fn set_users(&mut self, users: u64) {
        self.windows.iter_mut().for_each(|window| window.set_users(users));
    }
}

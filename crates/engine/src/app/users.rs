//! Users of the application: how each is polled, and what each has used of windows of its own.

use std::collections::BTreeMap;

use crate::ahead::Lines;
use crate::cost::Cost;
use crate::quota::{Bucket, Folded, Marks, WindowSpec};
use crate::time::{Instant, Ms};

/// One user of the application: 12 bytes, and 8 among the polls of its team. None of it changes with a poll: among
/// many users this one has left every cache by then.
#[derive(Clone, Debug)]
pub(super) struct User {
    /// Position of the team.
    pub team: u32,
    /// Polling period; 0 where the user is not polled.
    pub period_ms: u32,
    /// What is left of the tags of its polls when whole periods are taken off.
    pub phase_ms: u32,
}

impl User {
    /// One who is not polled.
    pub fn new(team: u32) -> Self {
        Self { team, period_ms: 0, phase_ms: 0 }
    }
}

/// The windows of every user. They are the same for all, so only what each has counted is kept.
#[derive(Clone, Debug, Default)]
pub(super) struct UserQuotas {
    /// Users one after another, each with as many as there are windows. Empty until one is asked.
    folded: Vec<Folded>,
    /// Users whom a refusal told to wait, and until when.
    frozen: BTreeMap<u32, Ms>,
}

impl UserQuotas {
    /// Shows `see` what is kept of a user's windows, of which there are so many.
    pub fn each_line(&self, windows: usize, user: u32, see: &mut impl Lines) {
        if let Some(folded) = self.folded.get(user as usize * windows) {
            see.line_of(folded);
        }
    }

    /// Whether this user has windows here. That is asked for each request, so it is told by what is at hand then.
    pub fn knows(&self, windows: &[WindowSpec], user: u32) -> bool {
        user as usize * windows.len() < self.folded.len()
    }

    /// Makes room for the windows of so many users.
    pub fn know(&mut self, windows: &[WindowSpec], users: usize) {
        let all = users * windows.len();
        self.folded.reserve_exact(all - self.folded.len());
        self.folded.resize_with(all, Folded::default);
    }

    /// Asks a user's bucket, brought up to `at`.
    pub fn ask<R>(
        &mut self,
        windows: &[WindowSpec],
        user: u32,
        at: Instant,
        ask: impl FnOnce(&mut Bucket) -> R,
    ) -> R {
        let folded = self.of(windows, user);
        let mut bucket = Bucket::unfold(folded, windows, at);
        bucket.advance(at);
        let answer = ask(&mut bucket);
        bucket.fold(folded, windows);
        answer
    }

    /// What is kept of a user's windows.
    fn of(&mut self, windows: &[WindowSpec], user: u32) -> &mut [Folded] {
        let first = user as usize * windows.len();
        &mut self.folded[first..first + windows.len()]
    }

    /// Charges a request that is being sent.
    pub fn charge(&mut self, windows: &[WindowSpec], user: u32, at: Instant, cost: Cost) -> Marks {
        let mut marks = Marks::default();
        for ((folded, spec), mark) in self.of(windows, user).iter_mut().zip(windows).zip(&mut marks) {
            *mark = folded.charge(spec, at, cost.of(spec.unit));
        }
        marks
    }

    /// A request sent at `sent` was acknowledged; `is_counted` says whether it was surely counted. Keeps nothing of
    /// windows where fresh ones would say the same.
    pub fn settle(
        &mut self,
        windows: &[WindowSpec],
        user: u32,
        (sent, acked): (Instant, Instant),
        cost: Cost,
        is_counted: bool,
    ) {
        let mut is_fresh = true;
        for (folded, spec) in self.of(windows, user).iter_mut().zip(windows) {
            is_fresh &= folded.settle(spec, sent, acked, cost.of(spec.unit), is_counted);
        }
        if is_fresh {
            self.of(windows, user).fill_with(Folded::default);
        }
    }

    /// Whether each of a user's windows has room for what `cost` says of it, whatever the time; `false` where that is
    /// not known at a glance.
    pub fn have_room(&self, windows: &[WindowSpec], user: u32, cost: impl Fn(&WindowSpec) -> u64) -> bool {
        let folded = self.folded.get(user as usize * windows.len()..).unwrap_or_default();
        let has_room = |(spec, folded): (&WindowSpec, &Folded)| folded.has_room(spec, cost(spec));
        folded.len() >= windows.len() && windows.iter().zip(folded).all(has_room)
    }

    /// Until when the user must wait at `now_ms` whatever its windows say, if it must. A wait that is over is forgotten.
    pub fn frozen_until_ms(&mut self, user: u32, now_ms: Ms) -> Option<Ms> {
        // Hardly ever is anybody in there.
        if self.frozen.is_empty() {
            return None;
        }
        let until_ms = self.frozen.get(&user).copied();
        if until_ms.is_some_and(|until_ms| until_ms <= now_ms) {
            self.frozen.remove(&user);
        }
        until_ms.filter(|until_ms| *until_ms > now_ms)
    }

    /// Lets the user wait until `until_ms` at least.
    pub fn freeze(&mut self, user: u32, until_ms: Ms) {
        let frozen = self.frozen.entry(user).or_insert(0);
        *frozen = until_ms.max(*frozen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_is_over_is_forgotten() {
        let mut quotas = UserQuotas::default();
        quotas.freeze(7, 100);
        quotas.freeze(7, 50);
        assert_eq!((quotas.frozen_until_ms(6, 99), quotas.frozen_until_ms(7, 99)), (None, Some(100)));
        assert_eq!((quotas.frozen_until_ms(7, 100), quotas.frozen.len()), (None, 0));
    }
}

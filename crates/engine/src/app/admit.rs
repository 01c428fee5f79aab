//! Whether a request may go now: quota for all, and the polls' reserve for history.

use super::demand::{PollsAhead, UserPollsAhead};
use super::{App, NO_QUOTA, Order, UserQuota};
use crate::cost::Cost;
use crate::mutation;
use crate::quota::{Bucket, Nobody};
use crate::time::{Instant, Ms};

/// The slack of one window that history may still use.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slack {
    left: i64,
    computed_ms: Ms,
    revision: u64,
    era: u64,
    valid: bool,
}

impl App {
    /// When history of this cost is to be asked for again, because a window of the application has no room
    /// for it beside its polls; `None` if all have.
    ///
    /// A window's slack is worked out once and then spent: history takes its cost from it, polls nothing
    /// (their room is what was set aside). It is worked out anew when it does not suffice and something has
    /// expired, and in any case when a clock window has begun (its polls were not looked at) or it has
    /// grown old.
    pub(super) fn crowded(&mut self, at: Instant, cost: Cost) -> Option<Ms> {
        for index in 0..self.bucket.windows().len() {
            let window = &self.bucket.windows()[index];
            let cost = cost.of(window.spec().unit) as i64;
            let (revision, era) = (window.revision(at), window.era());
            let slack = self.slack[index];
            let fresh =
                slack.valid && era == slack.era && at.now_ms < slack.computed_ms + window.slack_lives_ms();
            if !fresh || (cost > slack.left && revision != slack.revision) {
                let left = self.window_slack(at, index);
                self.slack[index] = Slack { left, computed_ms: at.now_ms, revision, era, valid: true };
            }
            if cost > self.slack[index].left {
                return Some(self.bucket.windows()[index].ask_again(at));
            }
        }
        None
    }

    fn window_slack(&mut self, at: Instant, index: usize) -> i64 {
        let horizon_ms = self.bucket.windows()[index].horizon_ms(at, self.latency_ms);
        let in_sight = self.look_ahead(at.now_ms, horizon_ms);
        let window = &self.bucket.windows()[index];
        if self.spec.order != Order::Reserve || mutation::is("no-app-reserve") {
            return window.slack(at, self.latency_ms, &Nobody);
        }
        // What somebody else does is not in sight. The few polls that the bound by rate has to spare cushion it,
        // where the limit has them.
        let spare = self.demand.discrepancy();
        let alone = window.expected_foreign(at.now_ms, 1) == 0;
        let in_sight = in_sight && (alone || window.limit() < 16 * spare);
        let spare = if alone { 0 } else { spare.min(window.limit() / 16) };
        window.slack(at, self.latency_ms, &PollsAhead { app: self, now_ms: at.now_ms, in_sight, spare })
    }

    /// Something happened that slack did not foresee.
    pub(super) fn forget_slack(&mut self) {
        self.slack.iter_mut().for_each(|slack| slack.valid = false);
    }

    /// Takes the cost of a request that nothing was set aside for from the slack.
    pub(super) fn spend(&mut self, cost: Cost) {
        for (slack, window) in self.slack.iter_mut().zip(self.bucket.windows()) {
            slack.left -= cost.of(window.spec().unit) as i64;
        }
    }

    /// The user's bucket, brought up to `at`, if users have windows.
    pub(super) fn user_quota(&mut self, user: u32, at: Instant) -> Option<&mut UserQuota> {
        if self.spec.user_windows.is_empty() {
            return None;
        }
        let entry = &mut self.users[user as usize];
        if entry.quota == NO_QUOTA {
            let bucket = Bucket::new(&self.spec.user_windows, at);
            entry.quota = self.user_quotas.insert(UserQuota { bucket, frozen_until_ms: 0 });
        }
        let quota = self.user_quotas.get_mut(entry.quota)?;
        quota.bucket.advance(at);
        Some(quota)
    }

    /// When the user's own bucket may let a request of `cost` through; `None` if it does now.
    pub(super) fn user_release(&mut self, user: u32, at: Instant, cost: Cost) -> Option<Ms> {
        let quota = self.user_quota(user, at)?;
        if quota.frozen_until_ms > at.now_ms {
            return Some(quota.frozen_until_ms);
        }
        quota.bucket.release(at, cost)
    }

    /// The same for history, which also leaves that user's polls their reserve.
    pub(super) fn user_history_release(&mut self, user: u32, at: Instant, cost: Cost) -> Option<Ms> {
        if let Some(release_ms) = self.user_release(user, at, cost) {
            return Some(release_ms);
        }
        let entry = &self.users[user as usize];
        let quota = self.user_quotas.get(entry.quota)?;
        if self.spec.order != Order::Reserve || mutation::is("no-user-reserve") {
            return None;
        }
        quota.bucket.crowded(at, self.latency_ms, cost, &UserPollsAhead::new(self, entry, at.now_ms))
    }
}

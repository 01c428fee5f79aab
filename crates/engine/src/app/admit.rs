//! Whether a request may go now: quota for all, and the polls' reserve for history.

use super::{App, Budget, UserQuota};
use crate::cost::{Cost, UNITS, Unit};
use crate::mutation;
use crate::quota::{Ahead, Bucket};
use crate::time::{Instant, Ms};

const EVERY_UNIT: [Unit; UNITS] = [Unit::Requests, Unit::DaysOfData];

/// Whether `cost` is within `budget` in every unit.
fn within(budget: &[i64; UNITS], cost: Cost) -> bool {
    EVERY_UNIT.iter().all(|unit| cost.of(*unit) as i64 <= budget[*unit as usize])
}

impl App {
    /// How long slack is trusted before it is worked out again: demand falls as time passes.
    pub(super) fn slack_lives_ms(&self) -> Ms {
        let shortest = self.spec.windows.iter().map(|window| window.length_ms).min().unwrap_or(60_000);
        (shortest / 64).max(1_000)
    }

    /// Whether history of this cost leaves the application's polls their reserve.
    ///
    /// The slack is worked out once and then spent: history takes its cost from it, polls nothing (their
    /// room is what was set aside). It is worked out anew when it does not suffice and something has
    /// expired, and in any case when a window has begun (its polls were not looked at) or it has grown old.
    pub(super) fn spare(&mut self, at: Instant, cost: Cost) -> bool {
        let (revision, era) = (self.bucket.revision(at), self.bucket.era());
        let fresh = self.budget.valid
            && era == self.budget.era
            && at.now_ms < self.budget.computed_ms + self.slack_lives_ms();
        if fresh && (within(&self.budget.left, cost) || revision == self.budget.revision) {
            return within(&self.budget.left, cost);
        }
        let left = if mutation::is("no-app-reserve") {
            self.bucket.slack(at, self.latency_ms, &|_, _| Ahead::default())
        } else {
            self.bucket.slack(at, self.latency_ms, &|unit, span_ms| self.poll_demand(unit, span_ms))
        };
        self.budget = Budget { left, computed_ms: at.now_ms, revision, era, valid: true };
        within(&self.budget.left, cost)
    }

    /// Takes the cost of a request that nothing was set aside for from the slack.
    pub(super) fn spend(&mut self, cost: Cost) {
        for unit in EVERY_UNIT {
            self.budget.left[unit as usize] -= cost.of(unit) as i64;
        }
    }

    /// The user's bucket, brought up to `at`, if users have windows.
    pub(super) fn user_quota(&mut self, user: u32, at: Instant) -> Option<&mut UserQuota> {
        if self.spec.user_windows.is_empty() {
            return None;
        }
        let specs = &self.spec.user_windows;
        let quota = self.users[user as usize].quota.get_or_insert_with(|| {
            Box::new(UserQuota { bucket: Bucket::new(specs, at), frozen_until_ms: 0 })
        });
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
        let quota = entry.quota.as_ref()?;
        if mutation::is("no-user-reserve") {
            return None;
        }
        let demand = |unit, span_ms| self.user_demand(entry, unit, at.now_ms, span_ms);
        let slack = quota.bucket.slack(at, self.latency_ms, &demand);
        if within(&slack, cost) {
            return None;
        }
        let shortest = self.spec.user_windows.iter().map(|window| window.length_ms).min().unwrap_or(64_000);
        let again_ms = at.now_ms + (shortest / 64).max(1_000);
        Some(quota.bucket.next_change(at).map_or(again_ms, |change_ms| change_ms.min(again_ms)))
    }
}

//! Whether a request may go now: quota for all, and the polls' reserve for history.

use super::demand::{Demand, PollsAhead, UserPollsAhead};
use super::sight::Sight;
use super::{App, Order, Whose};
use crate::cost::Cost;
use crate::mutation;
use crate::quota::{Ahead, Bucket, Kind, Marks, Nobody, WINDOWS_MAX, WindowSpec};
use crate::time::{Instant, Ms};

/// The slack of one window that history may still use.
#[derive(Clone, Copy, Debug, Default)]
struct Slack {
    left: i64,
    computed_ms: Ms,
    revision: u64,
    era: u64,
    valid: bool,
}

/// What is foreseen of polls, and the room that is left beside them.
#[derive(Clone, Debug, Default)]
pub(super) struct Foresight {
    pub demand: Demand,
    /// Whether clocks run as the demand says, so that polls can be foreseen one by one.
    pub is_exact: bool,
    pub sight: Sight,
    /// When there was no room beside all polls as they are to be, each counted; 0 where that was not tried.
    pub tried_ms: Ms,
    slack: [Slack; WINDOWS_MAX],
}

impl Foresight {
    /// Nothing is foreseen yet but how much polls need.
    pub fn new(demand: Demand, is_exact: bool) -> Self {
        Self { demand, is_exact, ..Self::default() }
    }
}

impl App {
    /// What is foreseen of these polls.
    pub(super) fn foresight(&self, whose: Whose) -> &Foresight {
        match (whose, &self.newcomers) {
            (Whose::Known, Some(newcomers)) => &newcomers.known,
            _ => &self.all,
        }
    }

    /// The same, to be changed.
    pub(super) fn foresight_mut(&mut self, whose: Whose) -> &mut Foresight {
        match (whose, &mut self.newcomers) {
            (Whose::Known, Some(newcomers)) => &mut newcomers.known,
            _ => &mut self.all,
        }
    }

    /// When a request of this cost that has to leave these polls their room is to be asked for again, because a window
    /// of the application has none; `None` if all have.
    ///
    /// A window's slack is worked out once and then spent: history takes its cost from it, polls nothing
    /// (their room is what was set aside). It is worked out anew when it does not suffice and something has
    /// expired, and in any case when a clock window has begun (its polls were not looked at) or is about to
    /// (what is then in flight was not), or it has grown old.
    pub(super) fn crowded(&mut self, at: Instant, cost: Cost, whose: Whose) -> Option<Ms> {
        for index in 0..self.bucket.windows().len() {
            let window = &self.bucket.windows()[index];
            let cost = cost.of(window.spec().unit) as i64;
            let (revision, era) = (window.revision(at), window.era(at, self.longest_ms()));
            let slack = self.foresight(whose).slack[index];
            let fresh =
                slack.valid && era == slack.era && at.now_ms < slack.computed_ms + window.slack_lives_ms();
            let mut left = slack.left;
            if !fresh || (cost > left && revision != slack.revision) {
                left = self.window_slack(at, index, whose);
                self.foresight_mut(whose).slack[index] =
                    Slack { left, computed_ms: at.now_ms, revision, era, valid: true };
            }
            if cost > left {
                return Some(self.bucket.windows()[index].ask_again(at));
            }
        }
        None
    }

    /// The least room that one of the application's windows has beside these polls.
    pub(super) fn window_slack(&mut self, at: Instant, index: usize, whose: Whose) -> i64 {
        let latency_ms = self.longest_ms();
        if self.spec.order != Order::Reserve || mutation::is("no-app-reserve") {
            return self.bucket.windows()[index].slack(at, latency_ms, &Nobody);
        }
        let horizon_ms = self.bucket.windows()[index].horizon_ms(at, latency_ms);
        let in_sight = self.look_ahead(at.now_ms, horizon_ms, whose);
        let window = &self.bucket.windows()[index];
        // What somebody else does is not in sight, nor what is asked for live. The few polls that the bound by rate has
        // to spare cushion it, where the limit has them.
        let spare = self.foresight(whose).demand.early();
        let alone =
            window.expected_foreign(at.now_ms, 1) == 0 && self.live_room(window, at.now_ms, horizon_ms) == 0;
        let in_sight = in_sight && (alone || window.limit() < 16 * spare);
        let spare = if alone { 0 } else { spare.min(window.limit() / 16) };
        window.slack(
            at,
            latency_ms,
            &PollsAhead { app: self, window, whose, now_ms: at.now_ms, in_sight, spare },
        )
    }

    /// Something happened that slack did not foresee.
    pub(super) fn forget_slack(&mut self) {
        for whose in [Whose::All, Whose::Known] {
            self.foresight_mut(whose).slack.iter_mut().for_each(|slack| slack.valid = false);
        }
    }

    /// Takes the cost of a request that nothing was set aside for from the slack.
    pub(super) fn spend(&mut self, cost: Cost) {
        self.spend_beside(cost, Whose::All);
        if self.newcomers.is_some() {
            self.spend_beside(cost, Whose::Known);
        }
    }

    /// The same of the slack beside these polls alone.
    pub(super) fn spend_beside(&mut self, cost: Cost, whose: Whose) {
        for index in 0..self.bucket.windows().len() {
            let cost = cost.of(self.bucket.windows()[index].spec().unit) as i64;
            self.foresight_mut(whose).slack[index].left -= cost;
        }
    }

    /// Asks the user's bucket, brought up to `at`, if users have windows.
    pub(super) fn ask_user<R>(
        &mut self,
        user: u32,
        at: Instant,
        ask: impl FnOnce(&mut Bucket) -> R,
    ) -> Option<R> {
        if !self.has_user_windows(user) {
            return None;
        }
        Some(self.user_quotas.ask(&self.spec.user_windows, user, at, ask))
    }

    /// Whether users have windows; then there is room for those of this user.
    fn has_user_windows(&mut self, user: u32) -> bool {
        let windows = &self.spec.user_windows;
        if windows.is_empty() {
            return false;
        }
        if !self.user_quotas.knows(windows, user) {
            self.user_quotas.know(windows, self.users.len());
        }
        true
    }

    /// Charges a request that is being sent to its user's windows, if users have any.
    pub(super) fn charge_user(&mut self, user: u32, at: Instant, cost: Cost) -> Marks {
        if !self.has_user_windows(user) {
            return Marks::default();
        }
        self.user_quotas.charge(&self.spec.user_windows, user, at, cost)
    }

    /// A request of a user's was acknowledged; `is_counted` says whether it was surely counted.
    pub(super) fn settle_user(
        &mut self,
        user: u32,
        sent: Instant,
        acked: Instant,
        cost: Cost,
        is_counted: bool,
    ) {
        if self.has_user_windows(user) {
            self.user_quotas.settle(&self.spec.user_windows, user, (sent, acked), cost, is_counted);
        }
    }

    /// When the user's own bucket may let a request of `cost` through; `None` if it does now.
    pub(super) fn user_release(&mut self, user: u32, at: Instant, cost: Cost) -> Option<Ms> {
        if let Some(until_ms) = self.user_quotas.frozen_until_ms(user, at.now_ms) {
            return Some(until_ms);
        }
        if self.user_quotas.have_room(&self.spec.user_windows, user, |window| cost.of(window.unit)) {
            return None;
        }
        self.ask_user(user, at, |bucket| bucket.release(at, cost))?
    }

    /// The same for history, which also leaves that user's polls their reserve.
    pub(super) fn user_history_release(&mut self, user: u32, at: Instant, cost: Cost) -> Option<Ms> {
        if let Some(until_ms) = self.user_quotas.frozen_until_ms(user, at.now_ms) {
            return Some(until_ms);
        }
        if self.spec.user_windows.is_empty() {
            return None;
        }
        let latency_ms = self.longest_ms();
        let reserves = self.spec.order == Order::Reserve && !mutation::is("no-user-reserve");
        let ahead = UserPollsAhead::new(self, user, at.now_ms);
        // Most have room to spare: for all polls of this clock window and the next one.
        let ample = |window: &WindowSpec| match window.kind {
            Kind::Aligned => {
                let span_ms = 2 * window.length_ms + latency_ms + 4 * at.epsilon_ms;
                cost.of(window.unit) + if reserves { ahead.most(window.unit, span_ms) } else { 0 }
            }
            _ => u64::MAX,
        };
        if self.user_quotas.have_room(&self.spec.user_windows, user, ample) {
            return None;
        }
        self.ask_user(user, at, |bucket| {
            let crowded = || reserves.then(|| bucket.crowded(at, latency_ms, cost, &ahead)).flatten();
            bucket.release(at, cost).or_else(crowded)
        })?
    }
}

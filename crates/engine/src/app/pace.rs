//! How fast each team's polls go, so that quota carries them.

use super::admit::Foresight;
use super::demand::{Demand, POLL_SHARE, POLL_SHARE_PENDING};
use super::newcomers::Newcomers;
use super::{App, Whose};
use crate::mutation;
use crate::poll::FULL_RATE;
use crate::quota::Window;
use crate::stretch::{capacity, rates};
use crate::time::Ms;

/// How long what was asked for live slows polls before that is looked at again.
const LIVE_MS: Ms = 900_000;

impl App {
    /// Shares the poll capacity of the application's windows among its teams and changes the rates of their clocks.
    pub(super) fn restretch(&mut self, now_ms: Ms) {
        self.restretch_ms = Ms::MAX;
        let rates = self.carried_rates(now_ms);
        if now_ms < self.history_counts_until_ms() && !mutation::is("faster-at-once") {
            self.restretch_beside_history(now_ms, &rates);
        } else {
            self.set_rates(now_ms, &rates);
            self.welcome(Ms::MAX);
        }
        if self.live_rate.take(now_ms) > 0 {
            // Nobody tells when nothing is asked for any more.
            self.restretch_ms = self.restretch_ms.min(now_ms + LIVE_MS);
        }
    }

    /// The rate of each team's clock that the application's windows carry.
    fn carried_rates(&mut self, now_ms: Ms) -> Vec<u64> {
        let at = self.at(now_ms);
        let typical_ms = self.typical.take();
        let permille = if self.pending > 0 { POLL_SHARE_PENDING } else { POLL_SHARE };
        let carried = |window: &Window| {
            let spec = window.spec();
            let cost = self.spec.poll_cost.of(spec.unit);
            let live = cost * self.live_room(window, now_ms, spec.length_ms);
            let others = window.expected_foreign(now_ms, spec.length_ms) + live;
            let others = others.min(window.limit() * 9 / 10);
            let share = window.poll_share(window.limit() - others, permille, self.pending > 0);
            // Beside somebody else nothing is cut fine.
            let latency_ms = if others > 0 { self.latency_ms } else { typical_ms };
            (cost > 0).then(|| capacity(share, window.occupied_ms(at, latency_ms), cost))
        };
        let capacity = self.bucket.windows().iter().filter_map(carried).min();
        let wanted: Vec<_> = self.teams.iter().map(|team| (team.demand, team.weight)).collect();
        capacity.map_or(vec![FULL_RATE; wanted.len()], |capacity| rates(&wanted, capacity))
    }

    /// Requests asked for live that a window keeps room for in the next `span_ms`.
    pub(super) fn live_room(&self, window: &Window, now_ms: Ms, span_ms: Ms) -> u64 {
        let cost = self.spec.poll_cost.of(window.spec().unit).max(1);
        self.live_rate.room(now_ms, span_ms, window.limit() / cost)
    }

    /// Lets clocks run at these rates beside history that was sent when they were slower, or connections fewer: slower at
    /// once, but faster only once the polls to come then still fit.
    fn restretch_beside_history(&mut self, now_ms: Ms, rates: &[u64]) {
        self.welcome(now_ms);
        let now = self.teams.iter().map(|team| team.polls.clock.rate());
        let kept: Vec<u64> = now.zip(rates).map(|(now, rate)| now.min(*rate)).collect();
        if self.newcomers.is_none() && kept == rates {
            self.set_rates(now_ms, rates);
            return;
        }
        let Some(again_ms) = self.try_rates(now_ms, rates) else {
            self.welcome(Ms::MAX);
            return;
        };
        if kept != rates && self.newcomers.is_some() && self.try_rates(now_ms, &kept).is_none() {
            self.welcome(Ms::MAX);
        }
        self.set_rates(now_ms, &kept);
        // History leaves room for polls as they are to be; else they would never come to it.
        self.all = Foresight::new(self.demand_of(rates, None), kept == rates);
        if let Some(mut newcomers) = self.newcomers.take() {
            newcomers.known = Foresight::new(self.demand_of(&kept, Some(&newcomers)), true);
            self.newcomers = Some(newcomers);
        }
        self.restretch_ms = again_ms.min(self.history_counts_until_ms());
    }

    /// Tries these rates: when to look again, where some window has no room left beside all polls to come. (How much less
    /// than none it is, not every window says.)
    fn try_rates(&mut self, now_ms: Ms, rates: &[u64]) -> Option<Ms> {
        self.set_rates(now_ms, rates);
        let at = self.at(now_ms);
        self.bucket.advance(at);
        let mut windows = 0..self.bucket.windows().len();
        let crowded = windows.find(|window| self.window_slack(at, *window, Whose::All) < 1);
        crowded.map(|window| now_ms + self.bucket.windows()[window].slack_lives_ms())
    }

    /// Lets teams' clocks run at these rates from now on.
    fn set_rates(&mut self, now_ms: Ms, rates: &[u64]) {
        for (index, rate) in rates.iter().enumerate() {
            let clock = &mut self.teams[index].polls.clock;
            if clock.rate() != *rate {
                clock.set_rate(now_ms, *rate);
                self.reindex_due(index as u32);
            }
        }
        self.all = Foresight::new(self.demand_of(rates, None), true);
    }

    /// Whether polls are not yet as they are to be.
    pub(super) fn are_held_back(&self) -> bool {
        self.newcomers.is_some() || !self.all.is_exact
    }

    /// What polls need with teams' clocks at these rates, of newcomers too or without them.
    fn demand_of(&self, rates: &[u64], without: Option<&Newcomers>) -> Demand {
        let mut demand = Demand::default();
        for (team, rate) in self.teams.iter().zip(rates) {
            demand.add(team, *rate);
        }
        for user in without.into_iter().flat_map(Newcomers::users) {
            let user = &self.users[user as usize];
            demand.take(Ms::from(user.period_ms), rates[user.team as usize]);
        }
        demand
    }
}

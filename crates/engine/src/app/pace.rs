//! How fast each team's polls go, so that quota carries them.

use super::admit::Foresight;
use super::demand::{Demand, POLL_SHARE, POLL_SHARE_PENDING};
use super::newcomers::Newcomers;
use super::{App, Team, Whose};
use crate::mutation;
use crate::quota::Window;
use crate::stretch::{capacity, rates};
use crate::time::Ms;

/// How long what was asked for live slows polls before that is looked at again.
const LIVE_MS: Ms = 900_000;

/// The rate to go at where users' own windows hold history that left their polls room for the present one: a little faster,
/// as when responses take a little less, is not worth that room.
fn worth_while(present: u64, carried: u64) -> u64 {
    let a_little_more = present..present + present / 20;
    if a_little_more.contains(&carried) { present } else { carried }
}

impl App {
    /// Shares the poll capacity of the application's windows among its teams and changes the rates of their clocks.
    pub(super) fn restretch(&mut self, now_ms: Ms) {
        self.restretch_ms = Ms::MAX;
        let rates = self.carried_rates(now_ms);
        let until_ms = self.history_counts_until_ms();
        self.welcome(now_ms);
        if now_ms < until_ms && !mutation::is("faster-at-once") {
            let slower = |(team, rate): (&Team, &u64)| team.polls.clock.rate().min(*rate);
            let kept: Vec<u64> = self.teams.iter().zip(&rates).map(slower).collect();
            self.restretch_with_care(now_ms, &rates, &kept);
            self.restretch_ms = self.restretch_ms.min(until_ms);
        } else {
            self.restretch_with_care(now_ms, &rates, &rates);
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
        // A user's history left that user's polls room for the pace they had.
        let counts = !self.spec.user_windows.is_empty() && now_ms < self.history_counts_until_ms();
        let history = self.pending > 0 || counts;
        let permille = if history { POLL_SHARE_PENDING } else { POLL_SHARE };
        let carried = |window: &Window| {
            let spec = window.spec();
            let cost = self.spec.poll_cost.of(spec.unit);
            let live = cost * self.live_room(window, now_ms, spec.length_ms);
            let others = window.expected_foreign(now_ms, spec.length_ms) + live;
            let others = others.min(window.limit() * 9 / 10);
            let share = window.poll_share(window.limit() - others, permille, history);
            // Beside somebody else nothing is cut fine.
            let latency_ms = if others > 0 { self.latency_ms() } else { typical_ms };
            (cost > 0).then(|| capacity(share, window.occupied_ms(at, latency_ms), cost))
        };
        // What may be in flight at once is a window too, as long as a response takes: on average that is at most so much
        // before this is worked out anew.
        let flying = capacity(u64::from(self.spec.in_flight_max) * permille, typical_ms * 5 / 4 + 100, 1);
        let capacity = self.bucket.windows().iter().filter_map(carried).fold(flying, u64::min);
        let wanted: Vec<_> = self.teams.iter().map(|team| (team.demand, team.weight)).collect();
        let mut rates = rates(&wanted, capacity);
        if counts {
            let teams = self.teams.iter().zip(&mut rates);
            teams.for_each(|(team, rate)| *rate = worth_while(team.polls.clock.rate(), *rate));
        }
        rates
    }

    /// Requests asked for live that a window keeps room for in the next `span_ms`.
    pub(super) fn live_room(&self, window: &Window, now_ms: Ms, span_ms: Ms) -> u64 {
        let cost = self.spec.poll_cost.of(window.spec().unit).max(1);
        self.live_rate.room(now_ms, span_ms, window.limit() / cost)
    }

    /// Lets clocks run at these rates, and newcomers be so no longer, if all polls to come then have room; until then at
    /// the rates they may keep. History was sent when clocks were slower, or connections fewer, and newcomers' polls
    /// that waited come beside those that are to come anyway.
    fn restretch_with_care(&mut self, now_ms: Ms, rates: &[u64], kept: &[u64]) {
        if self.newcomers.is_none() && kept == rates {
            self.set_rates(now_ms, rates);
            return;
        }
        let Some(again_ms) = self.try_rates(now_ms, rates) else {
            self.welcome(Ms::MAX);
            return;
        };
        if kept != rates && self.newcomers.is_some() && self.try_rates(now_ms, kept).is_none() {
            self.welcome(Ms::MAX);
        }
        self.set_rates(now_ms, kept);
        // History leaves room for polls as they are to be; else they would never come to it.
        self.all = Foresight::new(self.demand_of(now_ms, rates, None), kept == rates);
        self.all.tried_ms = now_ms;
        if let Some(mut newcomers) = self.newcomers.take() {
            newcomers.known = Foresight::new(self.demand_of(now_ms, kept, Some(&newcomers)), true);
            self.newcomers = Some(newcomers);
        }
        self.restretch_ms = again_ms;
    }

    /// Tries these rates: when to look again, where some window that polls count in has no room left beside all of them to
    /// come. (How much less than none it is, not every window says.) Where several have none, it takes the slowest of
    /// them: to look at all teams every second on account of a minute, when a day is full, is of no use.
    fn try_rates(&mut self, now_ms: Ms, rates: &[u64]) -> Option<Ms> {
        self.set_rates(now_ms, rates);
        let at = self.at(now_ms);
        self.bucket.advance(at);
        let mut again_ms = None;
        for index in 0..self.bucket.windows().len() {
            let window = &self.bucket.windows()[index];
            let (unit, lives_ms) = (window.spec().unit, window.slack_lives_ms());
            if self.spec.poll_cost.of(unit) > 0 && self.window_slack(at, index, Whose::All) < 1 {
                again_ms = again_ms.max(Some(now_ms + lives_ms));
            }
        }
        again_ms
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
        self.all = Foresight::new(self.demand_of(now_ms, rates, None), true);
    }

    /// Whether polls are not yet as they are to be.
    pub(super) fn are_held_back(&self) -> bool {
        self.newcomers.is_some() || !self.all.is_exact
    }

    /// What polls need with teams' clocks at these rates, of newcomers too or without them.
    fn demand_of(&self, now_ms: Ms, rates: &[u64], without: Option<&Newcomers>) -> Demand {
        let mut demand = Demand::default();
        let mut steps = Vec::with_capacity(self.teams.len());
        for (team, rate) in self.teams.iter().zip(rates) {
            demand.add(team, *rate);
            // Clocks that were slowed differently, once or now, stand differently; and so do phases in another period.
            let step = (*rate, team.polls.clock.tau_at_ms(now_ms), team.polls.shared_period_ms);
            steps.push((step, team.connections));
        }
        steps.sort_unstable();
        for in_step in steps.chunk_by(|a, b| a.0 == b.0) {
            demand.add_spread(in_step.iter().map(|(_, connections)| connections).sum());
        }
        for user in without.into_iter().flat_map(Newcomers::users) {
            let user = &self.users[user as usize];
            demand.take(Ms::from(user.period_ms), rates[user.team as usize]);
        }
        demand
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::AppSpec;
    use crate::cost::{Cost, Unit};
    use crate::history::Shape;
    use crate::quota::{Kind, WindowSpec};
    use crate::request::{Response, Status};

    const DAY_MS: Ms = 86_400_000;

    /// An application with one polled user, whose history of such requests has taken what it may, and a second user.
    fn beside_history(windows: Vec<WindowSpec>, cost: Cost) -> App {
        let mut app = App::new(0, AppSpec { windows, ..AppSpec::default() }, 0).unwrap();
        app.add_team(1, 0);
        for _ in 0..2 {
            app.add_user(0);
        }
        app.poll(0, 10_800_000, None, 0);
        app.pull(0, Shape { cost, days: 1 }, std::iter::once(0..1_000), 0);
        app.on_time(0);
        while let Some(grant) = app.decide(0) {
            app.respond(grant.id, &Response::plain(Status::Served), 0);
        }
        app
    }

    #[test]
    fn a_window_in_which_polls_do_not_count_keeps_nobody_a_newcomer() {
        let days = WindowSpec { unit: Unit::DaysOfData, ..WindowSpec::requests(100, DAY_MS, Kind::Log) };
        let windows = vec![WindowSpec::requests(200, DAY_MS, Kind::Log), days];
        let mut app = beside_history(windows, Cost::new(1, 100));
        app.poll(1, 10_800_000, None, 1_000);
        assert!(app.newcomers.is_some());
        app.on_time(1_000);
        assert!(app.newcomers.is_none(), "there is room for all requests to come");
    }

    #[test]
    fn whether_there_is_room_is_looked_at_as_often_as_the_longest_full_window_changes() {
        let windows =
            vec![WindowSpec::requests(20, 1_000, Kind::Log), WindowSpec::requests(30, DAY_MS, Kind::Log)];
        let mut app = beside_history(windows, Cost::ONE);
        app.poll(1, 10_800_000, None, 100);
        app.on_time(100);
        assert!(app.newcomers.is_some());
        assert_eq!(app.restretch_ms, 100 + DAY_MS / 64);
    }

    /// How fast the clock of polls that do not fit goes in the end, where the first sixty responses took so long each and
    /// those after them 750 ms on average.
    fn rate_after(first_ms: Ms) -> u64 {
        let windows = vec![WindowSpec::requests(1, 1_000, Kind::Log)];
        let mut app = App::new(0, AppSpec { windows, ..AppSpec::default() }, 0).unwrap();
        app.add_team(1, 0);
        for user in 0..600 {
            app.add_user(0);
            app.poll(user, 300_000, None, 0);
        }
        let mut now_ms = 0;
        for answer in 0..300 {
            let grant = loop {
                app.on_time(now_ms);
                match app.decide(now_ms) {
                    Some(grant) => break grant,
                    None => now_ms = app.next_wake(now_ms),
                }
            };
            now_ms += match answer {
                0..60 => first_ms,
                _ => 20 + answer % 2 * 1_460,
            };
            app.respond(grant.id, &Response::plain(Status::Served), now_ms);
        }
        app.on_time(now_ms);
        app.teams[0].polls.clock.rate()
    }

    #[test]
    fn how_far_polls_are_slowed_does_not_stay_what_the_first_responses_made_of_it() {
        let (quick, slow) = (rate_after(20), rate_after(1_400));
        assert!(quick.abs_diff(slow) * 20 < quick, "{quick} and {slow}");
    }

    #[test]
    fn history_that_finds_room_where_there_was_none_just_now_does_not_try_again_each_millisecond() {
        let mut app = App::new(0, AppSpec { windows: vec![], ..AppSpec::default() }, 0).unwrap();
        app.add_team(1, 0);
        app.add_user(0);
        app.pull(0, Shape { cost: Cost::ONE, days: 1 }, std::iter::once(0..9), 0);
        app.on_time(1_000);
        (app.all.is_exact, app.all.tried_ms, app.restretch_ms) = (false, 1_000, 5_000);
        assert!(app.decide(1_000).is_none());
        assert_eq!(app.next_wake(1_000), 5_000);
        assert!(app.decide(1_001).is_none(), "something happened meanwhile: it is tried again");
        assert_eq!(app.next_wake(1_001), 1_002);
        app.on_time(1_002);
        assert!(app.decide(1_002).is_some());
    }
}

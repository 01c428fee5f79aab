//! What polls will cost in the time ahead: the reserve that history leaves them.

use super::users::User;
use super::{App, Team, Whose};
use crate::cost::{Cost, Unit};
use crate::poll::{FULL_RATE, first_tag, stretched_ms};
use crate::quota::{Ahead, Window, WindowSpec};
use crate::stretch::{RATE_SHIFT, demand};
use crate::time::Ms;

/// Share of a window that polls may use while history waits, and otherwise, in thousandths.
pub(super) const POLL_SHARE_PENDING: u64 = 800;
pub(super) const POLL_SHARE: u64 = 950;

/// Most moments at which polls fall due that a window is asked about, of all users and of one.
const DUES_MAX: u64 = 1_024;
const USER_DUES_MAX: u64 = 512;

/// How polls of the whole application fall due.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Demand {
    /// Polls per millisecond after stretching, `RATE_SHIFT` fraction bits.
    rate: u64,
    connections: u64,
    /// Shortest stretched period of any connection; 0 where there is none.
    spacing_ms: Ms,
    /// How many polls can fall due before an even spread has them.
    early: u64,
}

impl Demand {
    /// Connections polled.
    pub fn connections(&self) -> u64 {
        self.connections
    }

    /// How far phases can run ahead of an even spread.
    pub fn early(&self) -> u64 {
        self.early
    }

    /// Polls that can fall due in any `span_ms`.
    fn most(&self, span_ms: Ms) -> u64 {
        let each = span_ms.checked_div(self.spacing_ms).map_or(0, |periods| self.connections * (periods + 1));
        self.even(span_ms).min(each)
    }

    /// The same from their rate alone, which grows evenly.
    pub fn even(&self, span_ms: Ms) -> u64 {
        self.by_rate(span_ms) + self.early
    }

    /// Polls that fall due in `span_ms`, spread evenly.
    pub fn by_rate(&self, span_ms: Ms) -> u64 {
        (u128::from(self.rate) * u128::from(span_ms)).div_ceil(1 << RATE_SHIFT) as u64
    }
}

/// What polls of a whole application may cost in the time ahead, and what is asked for live.
pub(super) struct PollsAhead<'a> {
    pub app: &'a App,
    pub window: &'a Window,
    pub whose: Whose,
    pub now_ms: Ms,
    /// Whether all that is asked about is in sight.
    pub in_sight: bool,
    /// Polls to spare beside those in sight.
    pub spare: u64,
}

impl PollsAhead<'_> {
    fn dues(&self, span_ms: Ms) -> &[Ms] {
        self.app.foresight(self.whose).sight.dues(self.now_ms, self.now_ms + span_ms)
    }

    fn counted(&self, span_ms: Ms) -> u64 {
        self.dues(span_ms).len() as u64 + self.spare
    }

    fn live(&self, span_ms: Ms) -> u64 {
        self.app.live_room(self.window, self.now_ms, span_ms)
    }

    fn cost(&self, unit: Unit, ahead: u64, span_ms: Ms) -> u64 {
        let requests = self.app.overdue_of(self.whose) + ahead + self.live(span_ms);
        self.app.spec.poll_cost.of(unit) * requests
    }
}

impl Ahead for PollsAhead<'_> {
    fn most(&self, unit: Unit, span_ms: Ms) -> u64 {
        let demand = &self.app.foresight(self.whose).demand;
        let ahead = if self.in_sight { self.counted(span_ms) } else { demand.most(span_ms) };
        self.cost(unit, ahead, span_ms)
    }

    fn even(&self, unit: Unit, span_ms: Ms) -> u64 {
        let counted = if self.in_sight { self.counted(span_ms) } else { 0 };
        let ahead = self.app.foresight(self.whose).demand.even(span_ms).max(counted);
        self.cost(unit, ahead, span_ms)
    }

    fn dues(&self, unit: Unit, span_ms: Ms) -> Option<(Vec<Ms>, u64)> {
        let ahead = self.in_sight.then(|| self.dues(span_ms))?;
        // Of many some in a row are taken to fall due with the first of them; those may be on the other side of a boundary.
        let each = (ahead.len() as u64).div_ceil(DUES_MAX).max(1);
        let overdue = (self.app.overdue_of(self.whose) + self.spare + each - 1).div_ceil(each);
        // What is asked for live is taken as spread evenly.
        let count = self.live(span_ms).div_ceil(each);
        let live = (0..count).map(|place| place * span_ms / count);
        let mut dues: Vec<Ms> = std::iter::repeat_n(0, overdue as usize).chain(live).collect();
        dues.extend(ahead.iter().step_by(each as usize).map(|due_ms| due_ms - self.now_ms));
        if count > 0 {
            dues.sort_unstable();
        }
        Some((dues, self.app.spec.poll_cost.of(unit) * each))
    }

    fn landings(&self, unit: Unit) -> Vec<(Ms, u64)> {
        let (app, spec) = (self.app, self.window.spec());
        if !app.responses_take_much_of(spec) {
            return Vec::new();
        }
        app.landings(self.now_ms).map(|(_, lands_ms, cost)| (lands_ms, cost.of(unit))).collect()
    }
}

/// What polls of one user may cost in the time ahead: its due moments are known exactly.
pub(super) struct UserPollsAhead {
    poll_cost: Cost,
    /// Whether one is due.
    is_due: bool,
    /// How long until the next one is.
    until_due_ms: Ms,
    /// 0 where the user is not polled.
    period_ms: Ms,
    /// When each request of the user's in flight has landed at the latest, ascending, where that matters.
    landings: Vec<(Ms, Cost)>,
}

impl UserPollsAhead {
    /// At `now_ms`, when polls that are due by then are known to be.
    pub fn new(app: &App, user: u32, now_ms: Ms) -> Self {
        let User { team, period_ms, phase_ms } = app.users[user as usize];
        let clock = &app.teams[team as usize].polls.clock;
        let (period_ms, phase_ms) = (Ms::from(period_ms), Ms::from(phase_ms));
        let is_due = period_ms > 0 && app.is_overdue(user);
        let until_due_ms = if period_ms == 0 {
            0
        } else {
            // The first tag to come that is its own: those before were polled or missed. After a poll that is due the
            // next one keeps its distance.
            let apart_ms = if is_due { period_ms / 2 } else { 0 };
            let tag_ms = first_tag(clock.tau_at_ms(now_ms) + 1 + apart_ms, phase_ms, period_ms);
            clock.due_ms(tag_ms).saturating_sub(now_ms)
        };
        let matters =
            period_ms > 0 && app.spec.user_windows.iter().any(|spec| app.responses_take_much_of(spec));
        let of_user = |(whose, lands_ms, cost)| (whose == user).then_some((lands_ms, cost));
        let landings = if matters { app.landings(now_ms).filter_map(of_user).collect() } else { Vec::new() };
        Self {
            poll_cost: app.spec.poll_cost,
            is_due,
            until_due_ms,
            period_ms: clock.stretched_ms(period_ms),
            landings,
        }
    }

    /// How many fall due in the next `span_ms`, with the one that is.
    fn polls(&self, span_ms: Ms) -> u64 {
        let after = span_ms.checked_sub(self.until_due_ms);
        let periods = after.and_then(|after| after.checked_div(self.period_ms));
        u64::from(self.is_due) + periods.map_or(0, |periods| 1 + periods)
    }
}

impl Ahead for UserPollsAhead {
    fn most(&self, unit: Unit, span_ms: Ms) -> u64 {
        self.poll_cost.of(unit) * self.polls(span_ms)
    }

    fn even(&self, unit: Unit, span_ms: Ms) -> u64 {
        self.poll_cost.of(unit) * (self.polls(span_ms) + u64::from(self.period_ms > 0))
    }

    fn dues(&self, unit: Unit, span_ms: Ms) -> Option<(Vec<Ms>, u64)> {
        let (count, due) = (self.polls(span_ms), u64::from(self.is_due));
        let to_come = (0..count - due).map(|k| self.until_due_ms + k * self.period_ms);
        let each = std::iter::repeat_n(0, due as usize).chain(to_come);
        (count <= USER_DUES_MAX).then(|| (each.collect(), self.poll_cost.of(unit)))
    }

    fn landings(&self, unit: Unit) -> Vec<(Ms, u64)> {
        self.landings.iter().map(|(lands_ms, cost)| (*lands_ms, cost.of(unit))).collect()
    }
}

/// How far golden-ratio phases of `n` connections can run ahead of an even spread: `1 + ⌈ln n / 2⌉`, from powers of e
/// rounded down so that the result is never too small.
#[must_use]
pub fn discrepancy(n: u64) -> u64 {
    // ⌊e²⌋, ⌊e⁴⌋, …: ln n / 2 ≤ k iff n ≤ e²ᵏ.
    const POWERS: [u64; 15] = [
        1,
        7,
        54,
        403,
        2_980,
        22_026,
        162_754,
        1_202_604,
        8_886_110,
        65_659_969,
        485_165_195,
        3_584_912_846,
        26_489_122_129,
        195_729_609_428,
        1_446_257_064_291,
    ];
    1 + POWERS.iter().position(|power| n <= *power).unwrap_or(POWERS.len()) as u64
}

impl App {
    /// Whether what is in flight may count for much less long than polls are looked at: not where responses are quick.
    fn responses_take_much_of(&self, window: &WindowSpec) -> bool {
        8 * self.longest_ms() > window.length_ms
    }

    /// Whose each request in flight is, when it has landed at the latest, and what it costs, ascending; without those
    /// that have taken longer than any before, which may take as long as they like.
    fn landings(&self, now_ms: Ms) -> impl Iterator<Item = (u32, Ms, Cost)> + '_ {
        let latency_ms = self.longest_ms();
        let landing = move |(user, sent_ms, cost): (u32, Ms, Cost)| (user, sent_ms + latency_ms, cost);
        self.in_flight.sent().map(landing).filter(move |(_, lands_ms, _)| *lands_ms > now_ms)
    }

    /// Whether a poll of the user's is due and not sent.
    fn is_overdue(&self, user: u32) -> bool {
        let newcomers = self.newcomers.iter().flat_map(|newcomers| newcomers.due.iter());
        self.waiting.contains_key(&user) || self.overdue.iter().chain(newcomers).any(|poll| poll.user == user)
    }

    /// How many of these polls are due and not sent.
    fn overdue_of(&self, whose: Whose) -> u64 {
        match (whose, &self.newcomers) {
            (Whose::Known, Some(newcomers)) => {
                let waiting = self.waiting.keys().filter(|user| newcomers.contains(**user));
                self.overdue_count - newcomers.due.len() as u64 - waiting.count() as u64
            }
            _ => self.overdue_count,
        }
    }
}

impl Demand {
    /// Adds a team's connections, whose clock runs at this rate.
    pub fn add(&mut self, team: &Team, rate: u64) {
        if team.connections == 0 {
            return;
        }
        let stretched = (u128::from(team.demand) * u128::from(rate)).div_ceil(u128::from(FULL_RATE));
        self.rate += stretched as u64;
        self.connections += team.connections;
        let spacing_ms = stretched_ms(team.period_ms_min, rate);
        self.spacing_ms = if self.spacing_ms == 0 { spacing_ms } else { self.spacing_ms.min(spacing_ms) };
    }

    /// Adds how far the polls of as many connections, which share one even spread, can run ahead of it.
    pub fn add_spread(&mut self, connections: u64) {
        self.early += discrepancy(connections).min(connections);
    }

    /// Takes out one connection again.
    pub fn take(&mut self, period_ms: Ms, rate: u64) {
        // Rounded down where it was rounded up before, so that too much is left rather than too little.
        self.rate -= (u128::from(demand(period_ms) - 1) * u128::from(rate) / u128::from(FULL_RATE)) as u64;
        self.connections -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::AppSpec;
    use crate::poll::phase_ms;
    use crate::quota::{Kind, WindowSpec};
    use crate::request::{Response, Status};

    #[test]
    fn when_a_users_next_poll_falls_due_is_known_from_its_phase() {
        let windows = vec![WindowSpec::requests(6, 20_000, Kind::Log)];
        let user_windows = [WindowSpec::requests(2, 10_000, Kind::Log)].into();
        let mut app = App::new(0, AppSpec { windows, user_windows, ..AppSpec::default() }, 1_000).unwrap();
        app.add_team(1, 1_000);
        for user in 0..7 {
            app.add_user(0);
            let tag_ms = (user == 3).then_some(0);
            app.poll(user, [9_000, 17_000][user as usize % 2], tag_ms, 11_000);
        }
        let mut seen = [0; 4];
        for now_ms in (11_000..400_000).step_by(37) {
            app.on_time(now_ms);
            for _ in 0..2 {
                if now_ms % 300 == 0 {
                    // The second time, the user's own window is full then.
                    app.ask(now_ms as u32 / 300 % 7, now_ms);
                }
                while let Some(grant) = app.decide(now_ms) {
                    app.respond(grant.id, &Response::plain(Status::Served), now_ms);
                    app.on_time(now_ms);
                }
            }
            seen[0] += usize::from(app.teams[0].polls.clock.rate() < FULL_RATE);
            seen[1] += app.overdue.iter().count();
            seen[2] += app.waiting.len();
            let polls = &app.teams[0].polls;
            let mut until_due_ms = [None; 7];
            polls.each_due_by(Ms::from(u32::MAX), &mut |tag_ms, user| {
                until_due_ms[user as usize] = Some(polls.clock.due_ms(tag_ms) - now_ms);
            });
            for (user, until_due_ms) in until_due_ms.into_iter().enumerate() {
                let ahead = UserPollsAhead::new(&app, user as u32, now_ms);
                assert_eq!(ahead.is_due, until_due_ms.is_none(), "at {now_ms}");
                let early_ms = until_due_ms.map_or(0, |until_ms| until_ms - ahead.until_due_ms);
                // One that went late, and stands for the next one too, may be foreseen a period too soon.
                assert!(early_ms == 0 || early_ms.abs_diff(ahead.period_ms) < 2, "{early_ms} at {now_ms}");
                seen[3] += usize::from(early_ms > 0);
            }
        }
        assert!(seen.iter().all(|times| *times > 0), "stretched, overdue, waiting, skipped: {seen:?}");
    }

    #[test]
    fn the_discrepancy_grows_with_half_the_logarithm() {
        let expected = |n: u64| 1 + ((n as f64).ln() / 2.0).ceil() as u64;
        for n in [1, 2, 7, 8, 40, 54, 55, 1_000, 22_026, 22_027, 1_000_000] {
            assert_eq!(discrepancy(n), expected(n), "{n}");
        }
    }

    #[test]
    fn no_stretch_of_time_sees_more_polls_than_the_demand_says() {
        for n in [1_u64, 2, 8, 40, 333] {
            let period = 900_000;
            let mut polls = Demand { rate: n * demand(period), connections: n, spacing_ms: period, early: 0 };
            polls.add_spread(n);
            let mut dues: Vec<Ms> = (0..n)
                .flat_map(|i| (0..4).map(move |k| first_tag(0, phase_ms(i, period), period) + k * period))
                .collect();
            dues.sort_unstable();
            for (i, from) in dues.iter().enumerate() {
                for (count, to) in dues[i..].iter().enumerate() {
                    assert!((count as u64) < polls.most(to - from), "{n}: {from}..{to}");
                }
            }
        }
    }
}

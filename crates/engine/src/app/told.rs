//! What an application tells of itself.

use super::{App, AppSpec, Timer};
use crate::fair::Share;
use crate::poll::FULL_RATE;
use crate::quota::Window;
use crate::time::Ms;

/// From how many responses on a successor is told how long they take.
const ANSWERS_MIN: u8 = 16;

impl App {
    /// What is stored with the application, as learned so far.
    pub fn learned(&self) -> AppSpec {
        let windows = self.bucket.windows();
        AppSpec {
            windows: windows.iter().map(|window| *window.spec()).collect(),
            named_limits: windows.iter().map(Window::named_limit).collect(),
            clock_offset_ms: self.clock.offset(),
            response_ms: (self.answers >= ANSWERS_MIN).then(|| (self.typical.mean_ms(), self.latency_ms)),
            poll_clocks: self.teams.iter().map(|team| team.polls.clock.clone()).collect(),
            ..self.spec.clone()
        }
    }

    /// What each team was given of history, and its fair part.
    pub fn shares(&self) -> impl Iterator<Item = Share> + '_ {
        self.fair.shares()
    }

    /// Each team's stretch of the polling period, in thousandths: 1000 is none.
    pub fn stretch_permille(&self) -> impl Iterator<Item = u64> + '_ {
        self.teams.iter().map(|team| (FULL_RATE * 1_000).div_ceil(team.polls.clock.rate()))
    }

    /// The period a user is polled at now, stretched, in milliseconds; `None` if it is not polled or not known.
    pub fn period_ms(&self, user: u32) -> Option<Ms> {
        let user = self.users.get(user as usize)?;
        let clock = &self.teams[user.team as usize].polls.clock;
        (user.period_ms > 0).then(|| clock.stretched_ms(Ms::from(user.period_ms)))
    }

    /// The team of a user.
    pub fn team(&self, user: u32) -> u32 {
        self.users[user as usize].team
    }

    /// Polls that are due and not sent: whose each is, and when it fell due.
    pub fn overdue(&self) -> impl Iterator<Item = (u32, Ms)> + '_ {
        let waiting = self.timers.iter().filter_map(|(_, timer)| match timer {
            Timer::Poll { user, due_ms } => Some((user, due_ms)),
            _ => None,
        });
        let newcomers = self.newcomers.iter().flat_map(|newcomers| newcomers.due.iter());
        self.overdue.iter().chain(newcomers).map(|poll| (poll.user, poll.due_ms)).chain(waiting)
    }

    /// What is asked for live and not sent: since when.
    pub fn asked(&self) -> impl Iterator<Item = Ms> + '_ {
        let waiting = self.timers.iter().filter_map(|(_, timer)| match timer {
            Timer::Live { asked_ms, .. } => Some(asked_ms),
            _ => None,
        });
        self.live.iter().map(|(asked_ms, _)| *asked_ms).chain(waiting)
    }

    /// Historical pulls that are not done.
    pub fn pending(&self) -> u64 {
        self.pending
    }
}

//! Polls in sight: when each of the near future falls due, for any number of connections.

use super::{App, Whose};
use crate::time::Ms;

/// Most polls to come that are looked at: so many for each that the bound by rate keeps to spare, which is next to nothing of
/// more. Where teams' clocks go differently those to spare are many.
const POLLS_PER_SPARE: u64 = 256;
const POLLS_MIN: u64 = 1_024;
const POLLS_MAX: u64 = 32_768;

/// The moments at which polls fall due, up to some time ahead.
#[derive(Clone, Debug, Default)]
pub(super) struct Sight {
    /// Ascending; what has passed is due already and counted as such.
    dues: Vec<Ms>,
    until_ms: Ms,
}

impl Sight {
    /// Those after `now_ms` and up to `until_ms`, ascending.
    pub fn dues(&self, now_ms: Ms, until_ms: Ms) -> &[Ms] {
        debug_assert!(until_ms <= self.until_ms, "only what is in sight is asked for");
        let from = self.dues.partition_point(|due_ms| *due_ms <= now_ms);
        let until = self.dues.partition_point(|due_ms| *due_ms <= until_ms);
        &self.dues[from..until.max(from)]
    }
}

impl App {
    /// Looks at every one of these polls that falls due in the next `span_ms`; returns whether they are few enough for it.
    ///
    /// One look serves for as long again. A poll that is sent on time comes again when it was expected to, one
    /// that was late comes no sooner.
    pub(super) fn look_ahead(&mut self, now_ms: Ms, span_ms: Ms, whose: Whose) -> bool {
        let foresight = self.foresight(whose);
        let polls_max = (foresight.demand.early() * POLLS_PER_SPARE).clamp(POLLS_MIN, POLLS_MAX);
        if !foresight.is_exact || foresight.demand.by_rate(span_ms) + self.overdue_count > polls_max {
            return false;
        }
        if now_ms + span_ms <= foresight.sight.until_ms {
            return true;
        }
        let until_ms = now_ms + 2 * span_ms;
        let mut dues = std::mem::take(&mut self.foresight_mut(whose).sight).dues;
        dues.clear();
        let newcomers = self.newcomers.as_deref();
        let asked = |user: u32| whose == Whose::All || newcomers.is_none_or(|some| !some.contains(user));
        let due = newcomers.into_iter().flat_map(|newcomers| newcomers.due.iter());
        let overdue = self.overdue.iter().chain(due).map(|poll| (poll.user, poll.tag_ms));
        let waiting = self.waiting.iter().map(|(user, tag_ms)| (*user, *tag_ms));
        for (user, tag_ms) in overdue.chain(waiting).filter(|(user, _)| asked(*user)) {
            // It is counted as overdue itself; what lies ahead of it is a period later.
            let period_ms = Ms::from(self.users[user as usize].period_ms);
            self.add_dues(&mut dues, tag_ms + period_ms, user, until_ms);
        }
        for team in self.teams.iter() {
            team.polls.each_due_by(until_ms, &mut |tag_ms, user| {
                if asked(user) {
                    self.add_dues(&mut dues, tag_ms, user, until_ms);
                }
            });
        }
        dues.sort_unstable();
        self.foresight_mut(whose).sight = Sight { dues, until_ms };
        true
    }

    fn add_dues(&self, dues: &mut Vec<Ms>, mut tag_ms: Ms, user: u32, until_ms: Ms) {
        let entry = &self.users[user as usize];
        let clock = &self.teams[entry.team as usize].polls.clock;
        loop {
            let due_ms = clock.due_ms(tag_ms);
            if due_ms > until_ms {
                return;
            }
            dues.push(due_ms);
            tag_ms += Ms::from(entry.period_ms);
        }
    }
}

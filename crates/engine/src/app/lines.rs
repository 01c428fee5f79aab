//! The lines of memory that a poll needs of an application.

use super::App;
use crate::ahead::Lines;

impl App {
    /// Shows `see` one thing in each line of what a poll needs and that stands in place.
    pub fn each_line(&self, see: &mut impl Lines) {
        self.in_flight.each_line(see);
        see.line_of(&self.overdue_count);
        self.teams.places().iter().for_each(|team| team.polls.each_line(see));
        see.line_of(&self.sequence);
        see.line_of(&self.overdue);
        see.line_of(&self.timers);
        see.line_of(&self.live);
        self.bucket.each_line(see);
        see.line_of(&self.user_quotas);
        see.line_of(&self.spec);
    }

    /// Shows `see` the lines of what a poll is about to need and that stands elsewhere, for which it looks at some that
    /// [`App::each_line`] shows.
    pub fn each_line_behind(&self, see: &mut impl Lines) {
        let Some((_, team)) = self.due.first() else { return };
        let polls = &self.teams[team as usize].polls;
        polls.each_line_behind(see);
        let windows = self.spec.user_windows.len();
        if let Some((_, user)) = polls.peek().filter(|_| windows > 0) {
            self.user_quotas.each_line(windows, user, see);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::app::AppSpec;

    /// Bytes in a line of memory.
    const LINE: usize = 64;

    fn address<T>(thing: &T) -> usize {
        std::ptr::from_ref(thing).addr()
    }

    #[derive(Default)]
    struct Seen(Vec<usize>);

    impl Lines for Seen {
        fn line_of<T>(&mut self, thing: &T) {
            self.0.push(address(thing) / LINE);
        }
    }

    /// Numbers of the lines that what begins at one thing and ends before another lies in.
    fn lines<T, U>(first: &T, behind: &U) -> impl Iterator<Item = usize> {
        address(first) / LINE..address(behind).div_ceil(LINE)
    }

    #[test]
    fn each_line_that_a_poll_needs_is_seen() {
        let app = App::new(0, AppSpec::default(), 0).unwrap();
        let mut seen = Seen::default();
        app.each_line(&mut seen);
        let team = &app.teams.places()[0];
        // What a team wants in all is no poll's business.
        let needed: BTreeSet<_> =
            lines(&app, &team.connections).chain(lines(&app.lease, &app.spec.windows)).collect();
        assert_eq!(seen.0.iter().copied().collect::<BTreeSet<_>>(), needed);
        assert!(seen.0.len() <= needed.len() + 1, "hardly any twice");
    }

    /// Applications that lie a power of two apart would have all that polls need in the same few sets of a cache.
    #[test]
    fn applications_lie_an_odd_number_of_lines_apart() {
        assert_eq!(size_of::<App>() / LINE % 2, 1);
    }
}

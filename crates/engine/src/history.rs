//! History: pulls cut into chunks, newest first, then the user with most left.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::ops::Range;

use crate::cost::Cost;

/// Attempts at one chunk before it is given up.
pub const ATTEMPTS_MAX: u16 = 100;

/// One historical pull of one user: chunks numbered from the newest, 0, to the oldest.
#[derive(Clone, Debug)]
pub struct Pull {
    /// Position of the team in its application.
    pub team: u32,
    /// Position of the user in its application.
    pub user: u32,
    /// What each chunk costs.
    pub cost: Cost,
    /// Days of data in each chunk, which makes chunks of different pulls comparable by age.
    pub chunk_days: u32,
    /// Chunks never asked for yet, ascending.
    todo: VecDeque<Range<u32>>,
    /// Chunks to ask for again, with the number of attempts so far.
    again: Vec<(u32, u16)>,
    /// Chunks not done: to do, to do again, waiting for another attempt, or in flight.
    pub left: u32,
}

/// Order of pulls within a team: age of the next chunk, then most left, then user and pull for a total order.
pub type PullKey = (u64, Reverse<u32>, u32, u32);

impl Pull {
    /// A pull of the chunks in `missing`, which are disjoint and ascending.
    #[must_use]
    pub fn new(
        team: u32,
        user: u32,
        cost: Cost,
        chunk_days: u32,
        missing: impl IntoIterator<Item = Range<u32>>,
    ) -> Self {
        let todo: VecDeque<_> = missing.into_iter().filter(|range| range.start < range.end).collect();
        debug_assert!(
            todo.iter().zip(todo.iter().skip(1)).all(|(a, b)| a.end <= b.start),
            "ascending, disjoint"
        );
        let left = todo.iter().map(|range| range.end - range.start).sum();
        Self { team, user, cost, chunk_days, todo, again: Vec::new(), left }
    }

    /// The newest chunk that can be asked for now.
    #[must_use]
    pub fn peek(&self) -> Option<u32> {
        let fresh = self.todo.front().map(|range| range.start);
        let again = self.again.iter().map(|(chunk, _)| *chunk).min();
        fresh.into_iter().chain(again).min()
    }

    /// Where the pull stands among those of its team; `None` while there is nothing to ask for.
    #[must_use]
    pub fn key(&self, pull: u32) -> Option<PullKey> {
        let age = u64::from(self.peek()?) * u64::from(self.chunk_days);
        Some((age, Reverse(self.left), self.user, pull))
    }

    /// Takes out the newest chunk and the number of attempts made at it.
    pub fn take(&mut self) -> Option<(u32, u16)> {
        let chunk = self.peek()?;
        if let Some(at) = self.again.iter().position(|(again, _)| *again == chunk) {
            return Some(self.again.swap_remove(at));
        }
        let range = self.todo.front_mut()?;
        range.start += 1;
        if range.start == range.end {
            self.todo.pop_front();
        }
        Some((chunk, 0))
    }

    /// Puts a chunk back.
    pub fn put_back(&mut self, chunk: u32, attempts: u16) {
        self.again.push((chunk, attempts));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_come_newest_first_and_failed_ones_again() {
        let mut pull = Pull::new(0, 0, Cost::ONE, 1, [0..2, 5..6]);
        assert_eq!(pull.left, 3);
        assert_eq!(pull.take(), Some((0, 0)));
        assert_eq!(pull.take(), Some((1, 0)));
        pull.put_back(0, 1);
        assert_eq!(pull.take(), Some((0, 1)));
        assert_eq!(pull.take(), Some((5, 0)));
        assert_eq!(pull.take(), None);
    }

    #[test]
    fn last_week_of_everyone_comes_before_last_year_of_anyone() {
        let mut started = Pull::new(0, 1, Cost::ONE, 7, Some(0..50));
        started.take();
        let fresh = Pull::new(0, 2, Cost::ONE, 7, Some(0..3));
        assert!(fresh.key(1) < started.key(0));
        let longer = Pull::new(0, 3, Cost::ONE, 7, Some(0..9));
        assert!(longer.key(2) < fresh.key(1));
    }
}

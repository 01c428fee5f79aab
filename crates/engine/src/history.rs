//! History: pulls cut into chunks, newest first, then the user with most left.

use std::collections::VecDeque;
use std::ops::Range;

use crate::cost::Cost;
use crate::tight;

/// Attempts at one chunk before it is given up.
pub const ATTEMPTS_MAX: u16 = 100;

/// What all chunks of a pull have in common; most pulls of an application share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What each chunk costs.
    pub cost: Cost,
    /// Days of data in each, which makes chunks of different pulls comparable by age.
    pub days: u32,
}

/// One historical pull of one user: chunks numbered from the newest, 0, to the oldest.
#[derive(Clone, Debug)]
pub struct Pull {
    /// Position among the team's pulls.
    pub seat: u32,
    /// Position of the user in its application.
    pub user: u32,
    /// Position of its shape in its application.
    pub shape: u32,
    /// Chunks not done: to do, to do again, waiting for another attempt, or in flight.
    pub left: u32,
    /// The newest chunks never asked for yet.
    fresh: Range<u32>,
    /// What else is to be asked for, if anything.
    rest: Option<Box<Rest>>,
}

/// What few pulls have: holes, where one resumes, and chunks that failed.
#[derive(Clone, Debug, Default)]
struct Rest {
    /// Chunks never asked for yet, older than `fresh`, ascending.
    todo: VecDeque<Range<u32>>,
    /// Chunks to ask for again, with the number of attempts so far.
    again: Vec<(u32, u16)>,
}

impl Pull {
    /// A pull of the chunks in `missing`, which are disjoint and ascending.
    #[must_use]
    pub fn new(seat: u32, user: u32, shape: u32, missing: impl IntoIterator<Item = Range<u32>>) -> Self {
        let mut todo: VecDeque<_> = missing.into_iter().filter(|range| range.start < range.end).collect();
        debug_assert!(
            todo.iter().zip(todo.iter().skip(1)).all(|(a, b)| a.end <= b.start),
            "ascending, disjoint"
        );
        let left = todo.iter().map(|range| range.end - range.start).sum();
        let fresh = todo.pop_front().unwrap_or(0..0);
        let rest = (!todo.is_empty()).then(|| Box::new(Rest { todo, again: Vec::new() }));
        Self { seat, user, shape, left, fresh, rest }
    }

    /// The newest chunk that can be asked for now.
    #[must_use]
    pub fn peek(&self) -> Option<u32> {
        let fresh = (!self.fresh.is_empty()).then_some(self.fresh.start);
        let again = self.rest.iter().flat_map(|rest| &rest.again).map(|(chunk, _)| *chunk).min();
        fresh.into_iter().chain(again).min()
    }

    /// Where the pull stands among those of its team: age of the next chunk in days, then most left. `None`
    /// while there is nothing to ask for. `chunk_days` is its shape's.
    #[must_use]
    pub fn key(&self, chunk_days: u32) -> Option<u64> {
        let days = self.peek()?.saturating_mul(chunk_days);
        Some(u64::from(days) << 32 | u64::from(u32::MAX - self.left))
    }

    /// Takes out the newest chunk and the number of attempts made at it.
    pub fn take(&mut self) -> Option<(u32, u16)> {
        let chunk = self.peek()?;
        if let Some(rest) = &mut self.rest
            && let Some(at) = rest.again.iter().position(|(again, _)| *again == chunk)
        {
            return Some(rest.again.swap_remove(at));
        }
        self.fresh.start += 1;
        if self.fresh.is_empty()
            && let Some(next) = self.rest.as_mut().and_then(|rest| rest.todo.pop_front())
        {
            self.fresh = next;
        }
        Some((chunk, 0))
    }

    /// Puts a chunk back.
    pub fn put_back(&mut self, chunk: u32, attempts: u16) {
        self.rest.get_or_insert_default().again.push((chunk, attempts));
    }
}

/// The pulls of one team, each with a seat: its position among them.
///
/// Where an application has one team, which most have, each pull's seat is its own number and takes no memory.
#[derive(Clone, Debug, Default)]
pub struct Seats {
    /// So many of the first pulls have their own number for a seat.
    same: u32,
    others: Vec<u32>,
}

impl Seats {
    /// Enters a pull, whose number is above those before, and returns its seat.
    pub fn add(&mut self, pull: u32) -> u32 {
        let seat = self.same + self.others.len() as u32;
        if pull == seat {
            self.same += 1;
        } else {
            tight::push(&mut self.others, pull);
        }
        seat
    }

    /// The pull that has this seat.
    #[must_use]
    pub fn pull(&self, seat: u32) -> u32 {
        seat.checked_sub(self.same).map_or(seat, |other| self.others[other as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_leads_to_its_pull_whoever_else_pulls() {
        let mut seats = Seats::default();
        let pulls = [0, 1, 2, 7, 8, 20];
        let taken = pulls.map(|pull| seats.add(pull));
        assert_eq!(taken, [0, 1, 2, 3, 4, 5]);
        assert_eq!(taken.map(|seat| seats.pull(seat)), pulls);
        let mut seats = Seats::default();
        assert_eq!([3, 4].map(|pull| seats.add(pull)).map(|seat| seats.pull(seat)), [3, 4]);
    }

    #[test]
    fn chunks_come_newest_first_and_failed_ones_again() {
        let mut pull = Pull::new(0, 0, 0, [0..2, 5..6]);
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
        let mut started = Pull::new(0, 1, 0, Some(0..50));
        started.take();
        let fresh = Pull::new(1, 2, 0, Some(0..3));
        assert!(fresh.key(7) < started.key(7));
        let longer = Pull::new(2, 3, 0, Some(0..9));
        assert!(longer.key(7) < fresh.key(7));
    }
}

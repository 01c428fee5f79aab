//! History: pulls cut into chunks, newest first, then the user with most left.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::{Index, IndexMut, Range};

use crate::cost::Cost;
use crate::heap::Places;
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
    /// Its place among those of its team that can send.
    place: u32,
    /// Position of the user in its application.
    pub user: u32,
    /// Position of its shape.
    shape: u32,
    /// Chunks not done: to do, to do again, waiting for another attempt, or in flight.
    left: u32,
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
    fn new(user: u32, missing: impl IntoIterator<Item = Range<u32>>) -> Self {
        let mut todo: VecDeque<_> = missing.into_iter().filter(|range| range.start < range.end).collect();
        debug_assert!(
            todo.iter().zip(todo.iter().skip(1)).all(|(a, b)| a.end <= b.start),
            "ascending, disjoint"
        );
        let left = todo.iter().map(|range| range.end - range.start).sum();
        let fresh = todo.pop_front().unwrap_or(0..0);
        let rest = (!todo.is_empty()).then(|| Box::new(Rest { todo, again: Vec::new() }));
        Self { place: 0, user, shape: 0, left, fresh, rest }
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
    fn key(&self, chunk_days: u32) -> Option<u64> {
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

/// The pulls of an application that are not done.
///
/// Each has a number, which is its own until it is done; the next one then takes the lowest that is free. So there
/// are never more numbers than there were pulls at once, nor more shapes.
#[derive(Clone, Debug, Default)]
pub struct Pulls {
    /// By number; those whose number is free have nothing left.
    pulls: Vec<Pull>,
    free: BinaryHeap<Reverse<u32>>,
    /// Shapes, and how many pulls have each.
    shapes: Vec<(Shape, u32)>,
}

impl Pulls {
    /// Enters a pull of the `missing` chunks and returns its number; `None` if none is missing.
    pub fn add(
        &mut self,
        user: u32,
        shape: Shape,
        missing: impl IntoIterator<Item = Range<u32>>,
    ) -> Option<u32> {
        let pull = Pull::new(user, missing);
        if pull.left == 0 {
            return None;
        }
        let pull = Pull { shape: self.share(shape), ..pull };
        Some(match self.free.pop() {
            Some(Reverse(number)) => {
                self.pulls[number as usize] = pull;
                number
            }
            None => {
                tight::push(&mut self.pulls, pull);
                self.pulls.len() as u32 - 1
            }
        })
    }

    /// The place of a shape that one more pull has: that of an equal one, or one that nobody has any more.
    fn share(&mut self, shape: Shape) -> u32 {
        let equal = self.shapes.iter().position(|(known, pulls)| *pulls > 0 && *known == shape);
        let place = equal.or_else(|| self.shapes.iter().position(|(_, pulls)| *pulls == 0));
        let place = place.unwrap_or_else(|| {
            tight::push(&mut self.shapes, (shape, 0));
            self.shapes.len() - 1
        });
        let (known, pulls) = &mut self.shapes[place];
        (*known, *pulls) = (shape, *pulls + 1);
        place as u32
    }

    /// A chunk needs nothing more, nor does its pull if that was the last one: then its number is free. Returns
    /// whether it is.
    pub fn chunk_over(&mut self, number: u32) -> bool {
        let Pull { left, shape, .. } = &mut self.pulls[number as usize];
        *left -= 1;
        if *left > 0 {
            return false;
        }
        self.shapes[*shape as usize].1 -= 1;
        self.free.push(Reverse(number));
        if self.free.len() == self.pulls.len() {
            *self = Self::default();
        }
        true
    }

    /// What all chunks of a pull have in common.
    #[must_use]
    pub fn shape(&self, number: u32) -> Shape {
        self.shapes[self[number].shape as usize].0
    }

    /// Where a pull stands among those of its team; `None` while there is nothing to ask for.
    #[must_use]
    pub fn key(&self, number: u32) -> Option<u64> {
        self[number].key(self.shape(number).days)
    }
}

impl Index<u32> for Pulls {
    type Output = Pull;

    fn index(&self, number: u32) -> &Pull {
        &self.pulls[number as usize]
    }
}

impl IndexMut<u32> for Pulls {
    fn index_mut(&mut self, number: u32) -> &mut Pull {
        &mut self.pulls[number as usize]
    }
}

impl Places for Pulls {
    fn place(&mut self, number: u32) -> &mut u32 {
        &mut self[number].place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;
    use std::collections::BTreeMap;

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(0), ..ProptestConfig::default() })]

        #[test]
        fn pulls_that_come_and_go_take_as_much_as_there_were_at_once(
            steps in prop::collection::vec((0_u32..9, any::<prop::sample::Index>()), 1..400),
        ) {
            let (mut pulls, mut model, mut most) = (Pulls::default(), BTreeMap::new(), 0);
            for (user, (days, which)) in steps.into_iter().enumerate() {
                if days < 4 {
                    let shape = Shape { cost: Cost::new(1, days), days: user as u32 };
                    let number = pulls.add(user as u32, shape, Some(0..days));
                    prop_assert_eq!(number.is_some(), days > 0);
                    if let Some(number) = number {
                        prop_assert!(model.insert(number, (user as u32, shape, days)).is_none(), "it was free");
                    }
                } else if let Some(&number) = model.keys().nth(which.index(model.len().max(1))) {
                    let left = &mut model.get_mut(&number).unwrap().2;
                    *left -= 1;
                    let is_over = *left == 0;
                    prop_assert_eq!(pulls.chunk_over(number), is_over);
                    if is_over {
                        model.remove(&number);
                    }
                }
                most = most.max(model.len());
                prop_assert!(pulls.pulls.len() <= most && pulls.shapes.len() <= most && pulls.free.len() <= most);
                for (number, (user, shape, left)) in &model {
                    let pull = &pulls[*number];
                    prop_assert_eq!((pull.user, pulls.shape(*number), pull.left), (*user, *shape, *left));
                }
            }
        }
    }

    #[test]
    fn pulls_that_cost_the_same_share_their_shape() {
        let mut pulls = Pulls::default();
        let shapes = [1, 2, 1, 3, 2].map(|days| Shape { cost: Cost::ONE, days });
        let numbers = shapes.map(|shape| pulls.add(0, shape, Some(0..1)).unwrap());
        assert_eq!((numbers, pulls.shapes.len()), ([0, 1, 2, 3, 4], 3));
        assert!(pulls.chunk_over(3));
        assert_eq!(pulls.add(0, Shape { cost: Cost::ONE, days: 4 }, Some(0..1)), Some(3));
        assert_eq!(pulls.shapes.len(), 3, "nobody had the third shape any more");
        assert_eq!(size_of::<Pull>(), 32);
    }

    #[test]
    fn chunks_come_newest_first_and_failed_ones_again() {
        let mut pull = Pull::new(0, [0..2, 5..6]);
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
        let mut started = Pull::new(1, Some(0..50));
        started.take();
        let fresh = Pull::new(2, Some(0..3));
        assert!(fresh.key(7) < started.key(7));
        let longer = Pull::new(3, Some(0..9));
        assert!(longer.key(7) < fresh.key(7));
    }
}

//! A queue that is entered in ascending order and whose ends stand in place.

use std::collections::VecDeque;

use crate::ahead::Lines;
use crate::tight;

/// Entries in a line of memory.
const LINE: usize = 8;

/// Numbers, each at least as large as those that were there when it was entered, the smallest first.
///
/// A long queue's ends have left every cache by the time they are wanted. So what is behind its two ends is asked for a
/// line of memory at a time, and a short queue has nothing there.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub struct Ascending {
    /// What is taken next; empty only where the queue is, and then its whole line is free.
    front: Part,
    middle: VecDeque<[u64; LINE]>,
    /// What was entered last; empty only where there is no middle.
    back: Part,
}

/// Some entries in a line.
#[derive(Clone, Debug, Default)]
#[repr(C)]
struct Part {
    line: [u64; LINE],
    from: u8,
    to: u8,
}

impl Part {
    fn entries(&self) -> &[u64] {
        &self.line[usize::from(self.from)..usize::from(self.to)]
    }

    fn is_empty(&self) -> bool {
        self.from == self.to
    }

    fn push(&mut self, entry: u64) {
        self.line[usize::from(self.to)] = entry;
        self.to += 1;
    }
}

impl Ascending {
    /// Shows `see` what of it stands in place.
    pub fn each_line(&self, see: &mut impl Lines) {
        see.line_of(&self.front.from);
        see.line_of(&self.back);
    }

    /// Shows `see` what the front is to be filled from when one more is taken out.
    pub fn each_line_behind(&self, see: &mut impl Lines) {
        if let ([_], Some(line)) = (self.front.entries(), self.middle.front()) {
            // It may begin in the middle of one.
            see.line_of(line);
            see.line_of(&line[LINE - 1]);
        }
    }

    /// The smallest entry.
    pub fn first(&self) -> Option<u64> {
        self.front.entries().first().copied()
    }

    /// Enters `entry`; returns whether it may stand at the end, and does nothing where it may not.
    #[must_use]
    pub fn push(&mut self, entry: u64) -> bool {
        let last = if self.back.is_empty() { &self.front } else { &self.back }.entries().last();
        if last.is_some_and(|last| entry < *last) {
            return false;
        }
        if self.front.is_empty() {
            self.front.push(entry);
            return true;
        }
        if usize::from(self.back.to) == LINE {
            // Nothing is taken from the back, so its line is whole.
            if self.middle.len() == self.middle.capacity() {
                self.middle.reserve_exact(tight::step(self.middle.len()));
            }
            self.middle.push_back(self.back.line);
            self.back = Part::default();
        }
        self.back.push(entry);
        true
    }

    /// Takes out the smallest entry.
    pub fn pop(&mut self) -> Option<u64> {
        let first = self.first()?;
        self.front.from += 1;
        if self.front.is_empty() {
            self.front = match self.middle.pop_front() {
                Some(line) => Part { line, from: 0, to: LINE as u8 },
                None => std::mem::take(&mut self.back),
            };
        }
        Some(first)
    }

    /// All entries, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let middle = self.middle.iter().flatten();
        self.front.entries().iter().chain(middle).chain(self.back.entries()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    #[derive(Default)]
    struct Seen(Vec<usize>);

    impl Lines for Seen {
        fn line_of<T>(&mut self, thing: &T) {
            self.0.push(std::ptr::from_ref(thing).addr());
        }
    }

    #[test]
    fn what_the_front_is_filled_from_is_asked_for_before_it_is_empty() {
        let mut queue = Ascending::default();
        (0..25).for_each(|entry| assert!(queue.push(entry)));
        let mut asked = Vec::new();
        while let Some(entry) = queue.first() {
            let mut seen = Seen::default();
            queue.each_line_behind(&mut seen);
            // The whole of it, wherever lines begin.
            if let [first, last] = seen.0[..] {
                assert_eq!(last - first, (LINE - 1) * size_of::<u64>());
                asked.push(entry);
            }
            queue.pop();
        }
        assert_eq!(asked, [0, 8], "the last one in the front each time, while there is a middle");
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(0), ..ProptestConfig::default() })]

        #[test]
        fn it_gives_back_in_order_what_it_took(steps in prop::collection::vec(prop::option::weighted(0.6, 0_u64..30), 1..400)) {
            let (mut queue, mut model, mut tag) = (Ascending::default(), VecDeque::new(), 10);
            for step in steps {
                match step {
                    Some(ahead) => {
                        // Mostly on, sometimes back by one.
                        tag = tag + ahead.min(2) - 1;
                        let is_last = model.back().is_none_or(|last| *last <= tag);
                        prop_assert_eq!(queue.push(tag), is_last);
                        if is_last {
                            model.push_back(tag);
                        }
                    }
                    None => prop_assert_eq!(queue.pop(), model.pop_front()),
                }
                prop_assert_eq!(queue.first(), model.front().copied());
                prop_assert!(queue.iter().eq(model.iter().copied()));
            }
        }
    }
}

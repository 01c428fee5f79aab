//! A heap whose first stands in place.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Things in their order, the smallest first.
///
/// Most hold one at most: then no other memory is touched.
#[derive(Clone, Debug)]
pub struct Soonest<T> {
    first: Option<T>,
    /// Those after the first; empty where there is none.
    rest: BinaryHeap<Reverse<T>>,
}

impl<T: Ord> Default for Soonest<T> {
    fn default() -> Self {
        Self { first: None, rest: BinaryHeap::new() }
    }
}

impl<T: Ord + Copy> Soonest<T> {
    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    /// The smallest.
    pub fn peek(&self) -> Option<T> {
        self.first
    }

    /// Puts one where it belongs.
    pub fn push(&mut self, item: T) {
        match &mut self.first {
            None => self.first = Some(item),
            Some(first) => {
                let later = if item < *first { std::mem::replace(first, item) } else { item };
                self.rest.push(Reverse(later));
            }
        }
    }

    /// Takes out the smallest.
    pub fn pop(&mut self) -> Option<T> {
        std::mem::replace(&mut self.first, self.rest.pop().map(|Reverse(next)| next))
    }

    /// All, in no order.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.first.into_iter().chain(self.rest.iter().map(|Reverse(item)| *item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(0), ..ProptestConfig::default() })]

        #[test]
        fn it_gives_back_in_order_what_it_was_given(steps in prop::collection::vec(prop::option::of(0_u32..30), 1..200)) {
            let (mut soonest, mut model) = (Soonest::default(), Vec::new());
            for step in steps {
                match step {
                    Some(item) => {
                        soonest.push(item);
                        model.push(item);
                        model.sort_unstable_by_key(|item| Reverse(*item));
                    }
                    None => prop_assert_eq!(soonest.pop(), model.pop()),
                }
                prop_assert_eq!(soonest.peek(), model.last().copied());
                prop_assert_eq!((soonest.is_empty(), soonest.len()), (model.is_empty(), model.len()));
                let mut all: Vec<_> = soonest.iter().collect();
                all.sort_unstable_by_key(|item| Reverse(*item));
                prop_assert_eq!(&all, &model);
            }
        }
    }
}

//! A heap of numbered things by a key that can change.

use crate::tight;

/// Children of a node: a shallow heap touches fewer lines of memory than a binary one.
const ARITY: usize = 4;
/// Place of a thing that is not in the heap.
const ABSENT: u32 = u32::MAX;
/// Bits of a node that hold the number.
const ID_BITS: u32 = 32;

/// Numbered things, each at most once, the one with the smallest key first; of equal keys the lower number.
///
/// Numbers are dense: memory grows with the largest.
#[derive(Clone, Debug, Default)]
pub struct Heap {
    /// Key and number in one, so that nodes are compared without a branch.
    nodes: Vec<u128>,
    places: Vec<u32>,
}

fn node(key: u64, id: u32) -> u128 {
    u128::from(key) << ID_BITS | u128::from(id)
}

fn key(node: u128) -> u64 {
    (node >> ID_BITS) as u64
}

fn id(node: u128) -> u32 {
    node as u32
}

impl Heap {
    /// The smallest key and whose it is.
    pub fn first(&self) -> Option<(u64, u32)> {
        self.nodes.first().map(|node| (key(*node), id(*node)))
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether `id` is in it.
    pub fn contains(&self, id: u32) -> bool {
        self.places.get(id as usize).is_some_and(|place| *place != ABSENT)
    }

    /// Enters `id` under `key`, or moves it there.
    pub fn set(&mut self, id: u32, key: u64) {
        if self.places.len() <= id as usize {
            let missing = id as usize + 1 - self.places.len();
            self.places.reserve_exact(missing.max(tight::step(self.places.len())));
            self.places.resize(id as usize + 1, ABSENT);
        }
        let (place, node) = (self.places[id as usize], node(key, id));
        if place == ABSENT {
            tight::push(&mut self.nodes, node);
            self.rise(self.nodes.len() - 1, node);
        } else {
            self.settle(place as usize, node);
        }
    }

    /// Takes `id` out; returns whether it was in.
    pub fn remove(&mut self, id: u32) -> bool {
        if !self.contains(id) {
            return false;
        }
        let place = std::mem::replace(&mut self.places[id as usize], ABSENT) as usize;
        let last = self.nodes.pop();
        if let Some(last) = last.filter(|_| place < self.nodes.len()) {
            self.settle(place, last);
        }
        true
    }

    /// Asks things with keys up to `most`, in no particular order, until one answers.
    pub fn find<R>(&self, most: u64, ask: &mut impl FnMut(u32) -> Option<R>) -> Option<R> {
        self.find_below(0, most, ask)
    }

    fn find_below<R>(&self, place: usize, most: u64, ask: &mut impl FnMut(u32) -> Option<R>) -> Option<R> {
        let node = *self.nodes.get(place).filter(|node| key(**node) <= most)?;
        ask(id(node)).or_else(|| {
            let mut children = place * ARITY + 1..=place * ARITY + ARITY;
            children.find_map(|child| self.find_below(child, most, ask))
        })
    }

    /// Puts `node` where it belongs, starting from a place that is free.
    fn settle(&mut self, place: usize, node: u128) {
        if place > 0 && node < self.nodes[(place - 1) / ARITY] {
            self.rise(place, node);
        } else {
            self.sink(place, node);
        }
    }

    fn rise(&mut self, mut place: usize, node: u128) {
        while place > 0 {
            let parent = (place - 1) / ARITY;
            if self.nodes[parent] <= node {
                break;
            }
            self.put(place, self.nodes[parent]);
            place = parent;
        }
        self.put(place, node);
    }

    fn sink(&mut self, mut place: usize, node: u128) {
        loop {
            let first = place * ARITY + 1;
            let (offset, least) = match self.nodes.get(first..first + ARITY) {
                // A tournament of two rounds, without a branch.
                Some(&[a, b, c, d]) => {
                    let left = if b < a { (1, b) } else { (0, a) };
                    let right = if d < c { (3, d) } else { (2, c) };
                    if right.1 < left.1 { right } else { left }
                }
                _ => {
                    let children = self.nodes.get(first..).unwrap_or_default().iter().copied().enumerate();
                    let Some(least) = children.min_by_key(|(_, child)| *child) else { break };
                    least
                }
            };
            if node <= least {
                break;
            }
            self.put(place, least);
            place = first + offset;
        }
        self.put(place, node);
    }

    fn put(&mut self, place: usize, node: u128) {
        self.nodes[place] = node;
        self.places[id(node) as usize] = place as u32;
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
        fn it_says_what_a_sorted_map_says(steps in prop::collection::vec((0_u32..40, prop::option::of(0_u64..30)), 1..400)) {
            let (mut heap, mut model) = (Heap::default(), BTreeMap::new());
            for (id, key) in steps {
                match key {
                    Some(key) => {
                        heap.set(id, key);
                        model.insert(id, key);
                    }
                    None => prop_assert_eq!(heap.remove(id), model.remove(&id).is_some()),
                }
                prop_assert_eq!(heap.first(), model.iter().map(|(id, key)| (*key, *id)).min());
                prop_assert_eq!(heap.contains(id), model.contains_key(&id));
                let mut early = Vec::new();
                let none: Option<()> = heap.find(10, &mut |id| { early.push(id); None });
                early.sort_unstable();
                prop_assert_eq!((none, early), (None, model.iter().filter(|(_, key)| **key <= 10).map(|(id, _)| *id).collect::<Vec<_>>()));
            }
        }
    }
}

//! A heap of numbered things by a key that can change.

use std::cmp::Ordering;

use crate::tight;

/// Children of a node: a shallow heap touches fewer lines of memory than a binary one.
const ARITY: usize = 4;

/// Things that each keep their place in a heap; 0 while they are in none, and that of the first means nothing.
///
/// A thing's place stands with the thing, so it takes no more than its four bytes however numbers are given.
pub trait Places {
    /// The place that the thing with this number keeps.
    fn place(&mut self, id: u32) -> &mut u32;
}

impl Places for [u32] {
    fn place(&mut self, id: u32) -> &mut u32 {
        &mut self[id as usize]
    }
}

/// A thing and its key; ordered by key, and by number where keys are equal.
pub trait Node: Copy + Ord {
    /// After every other: the root of an empty heap.
    const NONE: Self;

    /// A thing with its key.
    fn new(key: u64, id: u32) -> Self;

    fn key(self) -> u64;

    fn id(self) -> u32;
}

/// A thing and any key in twelve bytes: an engine has a million of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, packed(4))]
pub struct Wide {
    key: u64,
    id: u32,
}

impl Node for Wide {
    const NONE: Self = Self { key: u64::MAX, id: u32::MAX };

    fn new(key: u64, id: u32) -> Self {
        Self { key, id }
    }

    fn key(self) -> u64 {
        self.key
    }

    fn id(self) -> u32 {
        self.id
    }
}

impl Ord for Wide {
    fn cmp(&self, other: &Self) -> Ordering {
        // As one number, so that nodes are compared without a branch.
        let number = |node: &Self| u128::from(node.key) << 64 | u128::from(node.id);
        number(self).cmp(&number(other))
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A thing and a time, which is a key of up to 42 bits, in one number: half as long to compare and to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timed(u64);

impl Timed {
    const ID_BITS: u32 = 22;
    /// The largest key, 139 years of milliseconds; larger ones are cut to it.
    const KEY_MAX: u64 = (1 << (64 - Self::ID_BITS)) - 1;
    /// Most things that such a heap can have: four million.
    pub const THINGS_MAX: usize = (1 << Self::ID_BITS) - 1;
}

impl Node for Timed {
    const NONE: Self = Self(u64::MAX);

    fn new(key: u64, id: u32) -> Self {
        Self(key.min(Self::KEY_MAX) << Self::ID_BITS | u64::from(id))
    }

    fn key(self) -> u64 {
        self.0 >> Self::ID_BITS
    }

    fn id(self) -> u32 {
        self.0 as u32 & Self::THINGS_MAX as u32
    }
}

/// Numbered things, each at most once, the one with the smallest key first; of equal keys the lower number.
///
/// Whoever changes it hands it what keeps the places, always the same.
#[derive(Clone, Debug)]
pub struct Heap<N = Wide> {
    /// The node of place 0. It stands here because most heaps of teams have one, and then no other memory is touched.
    root: N,
    /// The nodes of places 1 and up.
    rest: Vec<N>,
}

impl<N: Node> Default for Heap<N> {
    fn default() -> Self {
        Self { root: N::NONE, rest: Vec::new() }
    }
}

impl<N: Node> Heap<N> {
    /// The smallest key and whose it is.
    pub fn first(&self) -> Option<(u64, u32)> {
        (!self.is_empty()).then(|| (self.root.key(), self.root.id()))
    }

    /// The second and the third one by key: the third is a child of the first or of the second.
    pub fn next_two(&self) -> [Option<u32>; 2] {
        let Some((offset, second)) = self.least_below(0) else { return [None; 2] };
        let mut others = [N::NONE; ARITY];
        let children = &self.rest[..self.rest.len().min(ARITY)];
        others[..children.len()].copy_from_slice(children);
        others[offset] = N::NONE;
        let (_, other) = least(others);
        let third = self.least_below(offset + 1).map_or(other, |(_, below)| below.min(other));
        [Some(second.id()), (third != N::NONE).then(|| third.id())]
    }

    /// The least child of a place, and which of them it is.
    #[inline]
    fn least_below(&self, place: usize) -> Option<(usize, N)> {
        // Place `n` stands at `rest[n - 1]`.
        let first = place * ARITY;
        match self.rest.get(first..first + ARITY) {
            Some(&[a, b, c, d]) => Some(least([a, b, c, d])),
            _ => {
                let children = self.rest.get(first..).unwrap_or_default().iter().copied();
                children.enumerate().min_by_key(|(_, child)| *child)
            }
        }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.root == N::NONE
    }

    /// The node of a place that is taken.
    fn node(&self, place: usize) -> N {
        if place == 0 { self.root } else { self.rest[place - 1] }
    }

    /// Where `id` is, if it is in.
    fn find_place(&self, places: &mut (impl Places + ?Sized), id: u32) -> Option<usize> {
        if self.root.id() == id {
            return Some(0);
        }
        Some(*places.place(id) as usize).filter(|place| *place > 0)
    }

    /// Enters `id` under `key`, or moves it there.
    pub fn set(&mut self, places: &mut (impl Places + ?Sized), id: u32, key: u64) {
        let node = N::new(key, id);
        if let Some(place) = self.find_place(places, id) {
            self.settle(places, place, node);
        } else if self.is_empty() {
            self.root = node;
        } else {
            tight::push(&mut self.rest, node);
            self.rise(places, self.rest.len(), node);
        }
    }

    /// Moves `id` under `key` if it is in.
    pub fn change(&mut self, places: &mut (impl Places + ?Sized), id: u32, key: u64) {
        if let Some(place) = self.find_place(places, id) {
            self.settle(places, place, N::new(key, id));
        }
    }

    /// Takes `id` out; returns whether it was in.
    pub fn remove(&mut self, places: &mut (impl Places + ?Sized), id: u32) -> bool {
        let Some(place) = self.find_place(places, id) else { return false };
        *places.place(id) = 0;
        match self.rest.pop() {
            None => self.root = N::NONE,
            Some(last) if place <= self.rest.len() => self.settle(places, place, last),
            Some(_) => {}
        }
        true
    }

    /// Shows `see` the things with keys up to `most`, in no particular order.
    pub fn each_up_to(&self, most: u64, see: &mut impl FnMut(u32)) {
        if !self.is_empty() && self.root.key() <= most {
            self.each_below(0, most, see);
        }
    }

    /// The same from `place` down, whose key is not above `most`.
    fn each_below(&self, place: usize, most: u64, see: &mut impl FnMut(u32)) {
        see(self.node(place).id());
        let first = (place * ARITY).min(self.rest.len());
        let children = &self.rest[first..(first + ARITY).min(self.rest.len())];
        for (offset, _) in children.iter().enumerate().filter(|(_, child)| child.key() <= most) {
            self.each_below(first + offset + 1, most, see);
        }
    }

    /// Puts `node` where it belongs, starting from a place that is free.
    fn settle(&mut self, places: &mut (impl Places + ?Sized), place: usize, node: N) {
        if self.rest.is_empty() {
            self.root = node;
        } else if place > 0 && node < self.node((place - 1) / ARITY) {
            self.rise(places, place, node);
        } else {
            self.sink(places, place, node);
        }
    }

    fn rise(&mut self, places: &mut (impl Places + ?Sized), mut place: usize, node: N) {
        while place > 0 {
            let above = (place - 1) / ARITY;
            let parent = self.node(above);
            if node >= parent {
                break;
            }
            self.put(places, place, parent);
            place = above;
        }
        self.put(places, place, node);
    }

    fn sink(&mut self, places: &mut (impl Places + ?Sized), mut place: usize, node: N) {
        while let Some((offset, least)) = self.least_below(place)
            && least < node
        {
            self.put(places, place, least);
            place = place * ARITY + offset + 1;
        }
        self.put(places, place, node);
    }

    #[inline]
    fn put(&mut self, places: &mut (impl Places + ?Sized), place: usize, node: N) {
        if place == 0 {
            self.root = node;
            return;
        }
        self.rest[place - 1] = node;
        *places.place(node.id()) = place as u32;
    }
}

/// The least of four, and which it is: a tournament of two rounds, without a branch.
#[inline]
fn least<N: Node>([a, b, c, d]: [N; ARITY]) -> (usize, N) {
    let left = if b < a { (1, b) } else { (0, a) };
    let right = if d < c { (3, d) } else { (2, c) };
    if right.1 < left.1 { right } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::{RngSeed, TestCaseError};
    use std::collections::BTreeMap;

    /// A thing, and a key to enter it under, or to change it to where it is in; none to take it out.
    type Step = (u32, Option<(u64, bool)>);

    fn says_what_a_sorted_map_says<N: Node>(steps: &[Step]) -> Result<(), TestCaseError> {
        let (mut heap, mut places, mut model) = (Heap::<N>::default(), [0; 40], BTreeMap::new());
        for (id, key) in steps.iter().copied() {
            match key {
                Some((key, true)) => {
                    heap.change(&mut places[..], id, key);
                    model.entry(id).and_modify(|old| *old = key);
                }
                Some((key, false)) => {
                    heap.set(&mut places[..], id, key);
                    model.insert(id, key);
                }
                None => prop_assert_eq!(heap.remove(&mut places[..], id), model.remove(&id).is_some()),
            }
            let mut sorted: Vec<_> = model.iter().map(|(id, key)| (*key, *id)).collect();
            sorted.sort_unstable();
            prop_assert_eq!(heap.first(), sorted.first().copied());
            prop_assert_eq!(heap.next_two(), [1, 2].map(|nth| sorted.get(nth).map(|(_, id)| *id)));
            let mut early = Vec::new();
            heap.each_up_to(10, &mut |id| early.push(id));
            early.sort_unstable();
            let small = model.iter().filter(|(_, key)| **key <= 10).map(|(id, _)| *id);
            prop_assert_eq!(early, small.collect::<Vec<_>>());
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(0), ..ProptestConfig::default() })]

        #[test]
        fn it_says_what_a_sorted_map_says(steps in prop::collection::vec((0_u32..40, prop::option::of((0_u64..30, any::<bool>()))), 1..400)) {
            says_what_a_sorted_map_says::<Wide>(&steps)?;
            says_what_a_sorted_map_says::<Timed>(&steps)?;
        }
    }
}

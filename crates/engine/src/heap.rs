//! A heap of numbered things by a key that can change.

use crate::tight;

/// Children of a node: a shallow heap touches fewer lines of memory than a binary one.
const ARITY: usize = 4;
/// Place of a thing that is not in the heap.
const ABSENT: u32 = u32::MAX;
/// Bits of a node that hold the number.
const ID_BITS: u32 = 32;

/// The root of an empty heap.
const NONE: u128 = u128::MAX;

/// Numbered things, each at most once, the one with the smallest key first; of equal keys the lower number.
///
/// Numbers are dense: memory grows with the largest. A node is key and number in one, so that nodes are
/// compared without a branch.
#[derive(Clone, Debug)]
pub struct Heap {
    /// The node of place 0, or [`NONE`]. It stands here because most heaps of teams have one, and then no
    /// other memory is touched.
    root: u128,
    /// The nodes of places 1 and up.
    rest: Vec<Packed>,
    /// The place of everything but the root.
    places: Vec<u32>,
}

impl Default for Heap {
    fn default() -> Self {
        Self { root: NONE, rest: Vec::new(), places: Vec::new() }
    }
}

/// A node in twelve bytes: an engine has a million of them.
#[derive(Clone, Copy, Debug)]
struct Packed([u32; 3]);

impl Packed {
    fn new(node: u128) -> Self {
        Self([node as u32, (node >> 32) as u32, (node >> 64) as u32])
    }

    fn node(self) -> u128 {
        let [low, middle, high] = self.0.map(u128::from);
        high << 64 | middle << 32 | low
    }
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
        (self.root != NONE).then(|| (key(self.root), id(self.root)))
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.root == NONE
    }

    fn node(&self, place: usize) -> Option<u128> {
        if place == 0 {
            Some(self.root).filter(|root| *root != NONE)
        } else {
            self.rest.get(place - 1).map(|packed| packed.node())
        }
    }

    fn place(&self, id: u32) -> Option<usize> {
        if self.root as u32 == id && self.root != NONE {
            return Some(0);
        }
        self.places.get(id as usize).filter(|place| **place != ABSENT).map(|place| *place as usize)
    }

    /// Whether `id` is in it.
    pub fn contains(&self, id: u32) -> bool {
        self.place(id).is_some()
    }

    /// Enters `id` under `key`, or moves it there.
    pub fn set(&mut self, id: u32, key: u64) {
        let node = node(key, id);
        if let Some(place) = self.place(id) {
            self.settle(place, node);
        } else if self.is_empty() {
            self.root = node;
        } else {
            self.make_place(id.max(self.root as u32));
            tight::push(&mut self.rest, Packed::new(node));
            self.rise(self.rest.len(), node);
        }
    }

    /// Makes sure that the place of numbers up to `id` can be noted.
    fn make_place(&mut self, id: u32) {
        let len = id as usize + 1;
        if self.places.len() < len {
            let missing = len - self.places.len();
            self.places.reserve_exact(missing.max(tight::step(self.places.len())));
            self.places.resize(len, ABSENT);
        }
    }

    /// Takes `id` out; returns whether it was in.
    pub fn remove(&mut self, id: u32) -> bool {
        let Some(place) = self.place(id) else { return false };
        if let Some(noted) = self.places.get_mut(id as usize) {
            *noted = ABSENT;
        }
        match self.rest.pop() {
            None => self.root = NONE,
            Some(last) if place <= self.rest.len() => self.settle(place, last.node()),
            Some(_) => {}
        }
        true
    }

    /// Asks things with keys up to `most`, in no particular order, until one answers.
    pub fn find<R>(&self, most: u64, ask: &mut impl FnMut(u32) -> Option<R>) -> Option<R> {
        self.find_below(0, most, ask)
    }

    fn find_below<R>(&self, place: usize, most: u64, ask: &mut impl FnMut(u32) -> Option<R>) -> Option<R> {
        let node = self.node(place).filter(|node| key(*node) <= most)?;
        ask(id(node)).or_else(|| {
            let children = self.rest.iter().enumerate().skip(place * ARITY).take(ARITY);
            let mut early = children.filter(|(_, child)| key(child.node()) <= most);
            early.find_map(|(above, _)| self.find_below(above + 1, most, ask))
        })
    }

    /// Puts `node` where it belongs, starting from a place that is free.
    fn settle(&mut self, place: usize, node: u128) {
        if place > 0 && self.node((place - 1) / ARITY).is_some_and(|parent| node < parent) {
            self.rise(place, node);
        } else {
            self.sink(place, node);
        }
    }

    fn rise(&mut self, mut place: usize, node: u128) {
        while place > 0 {
            let above = (place - 1) / ARITY;
            let Some(parent) = self.node(above).filter(|parent| node < *parent) else { break };
            self.put(place, parent);
            place = above;
        }
        self.put(place, node);
    }

    fn sink(&mut self, mut place: usize, node: u128) {
        loop {
            // Place `n` stands at `rest[n - 1]`.
            let first = place * ARITY;
            let (offset, least) = match self.rest.get(first..first + ARITY) {
                // A tournament of two rounds, without a branch.
                Some(&[a, b, c, d]) => {
                    let [a, b, c, d] = [a, b, c, d].map(Packed::node);
                    let left = if b < a { (1, b) } else { (0, a) };
                    let right = if d < c { (3, d) } else { (2, c) };
                    if right.1 < left.1 { right } else { left }
                }
                _ => {
                    let children =
                        self.rest.get(first..).unwrap_or_default().iter().map(|child| child.node());
                    let Some(least) = children.enumerate().min_by_key(|(_, child)| *child) else { break };
                    least
                }
            };
            if node <= least {
                break;
            }
            self.put(place, least);
            place = first + offset + 1;
        }
        self.put(place, node);
    }

    #[inline]
    fn put(&mut self, place: usize, node: u128) {
        if place == 0 {
            self.root = node;
            return;
        }
        self.rest[place - 1] = Packed::new(node);
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

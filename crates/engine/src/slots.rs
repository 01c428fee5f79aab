//! Things that come and go, each under a number that stays its own while it is there.

use crate::tight;

/// A vector whose free places are used again, the last one freed first.
#[derive(Clone, Debug)]
pub struct Slots<T> {
    things: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { things: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slots<T> {
    /// How many there are.
    pub fn len(&self) -> u32 {
        (self.things.len() - self.free.len()) as u32
    }

    /// Enters a thing and returns its number.
    pub fn insert(&mut self, thing: T) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.things[slot as usize] = Some(thing);
            return slot;
        }
        tight::push(&mut self.things, Some(thing));
        self.things.len() as u32 - 1
    }

    /// The thing with this number, if it is there.
    pub fn get(&self, slot: u32) -> Option<&T> {
        self.things.get(slot as usize)?.as_ref()
    }

    /// Takes a thing out.
    pub fn remove(&mut self, slot: u32) -> Option<T> {
        let thing = self.things.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        Some(thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_and_free_ones_are_used_again() {
        let mut slots = Slots::default();
        let (a, b, c) = (slots.insert('a'), slots.insert('b'), slots.insert('c'));
        assert_eq!(slots.remove(b), Some('b'));
        assert_eq!(slots.remove(b), None);
        assert_eq!(
            (slots.get(a), slots.get(b), slots.get(c), slots.len()),
            (Some(&'a'), None, Some(&'c'), 2)
        );
        assert_eq!(slots.insert('d'), b);
        assert_eq!(slots.insert('e'), 3);
    }
}

//! A list whose first elements stand in place.

use std::ops::{Index, IndexMut};

use crate::tight;

/// Elements in their order. The first `N` stand in place, and where they do is known without a look at any memory.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct InPlace<T, const N: usize> {
    /// Those beyond the length stand for nothing.
    first: [T; N],
    rest: Vec<T>,
    len: u32,
}

impl<T: Default, const N: usize> Default for InPlace<T, N> {
    fn default() -> Self {
        Self { first: std::array::from_fn(|_| T::default()), rest: Vec::new(), len: 0 }
    }
}

impl<T, const N: usize> InPlace<T, N> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Appends one.
    pub fn push(&mut self, element: T) {
        match self.first.get_mut(self.len as usize) {
            Some(place) => *place = element,
            None => tight::push(&mut self.rest, element),
        }
        self.len += 1;
    }

    /// The places of the first `N`, taken or not.
    pub fn places(&self) -> &[T; N] {
        &self.first
    }

    /// One of them, if there are as many.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        (index < self.len()).then(|| &mut self[index])
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.first[..self.len().min(N)].iter().chain(&self.rest)
    }

    /// All of them, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let taken = self.len().min(N);
        self.first[..taken].iter_mut().chain(&mut self.rest)
    }

    /// All of them, taken out.
    pub fn into_elements(self) -> impl Iterator<Item = T> {
        let taken = self.len().min(N);
        self.first.into_iter().take(taken).chain(self.rest)
    }
}

impl<T, const N: usize> Index<usize> for InPlace<T, N> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        debug_assert!(index < self.len(), "nothing stands there");
        if index < N { &self.first[index] } else { &self.rest[index - N] }
    }
}

impl<T, const N: usize> IndexMut<usize> for InPlace<T, N> {
    fn index_mut(&mut self, index: usize) -> &mut T {
        debug_assert!(index < self.len(), "nothing stands there");
        if index < N { &mut self.first[index] } else { &mut self.rest[index - N] }
    }
}

impl<T: Default, const N: usize> FromIterator<T> for InPlace<T, N> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut list = Self::default();
        elements.into_iter().for_each(|element| list.push(element));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_list_however_many_stand_in_place() {
        for len in 0..6_u32 {
            let mut list: InPlace<u32, 2> = (1..=len).collect();
            list.iter_mut().for_each(|element| *element *= 10);
            let expected: Vec<u32> = (1..=len).map(|element| element * 10).collect();
            assert_eq!((list.len(), list.iter().copied().collect()), (len as usize, expected.clone()));
            for (index, element) in expected.iter().enumerate() {
                assert_eq!((list[index], list.get_mut(index).copied()), (*element, Some(*element)));
            }
            assert_eq!(list.get_mut(len as usize), None);
            assert_eq!(list.into_elements().collect::<Vec<_>>(), expected);
        }
    }
}

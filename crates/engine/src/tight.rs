//! Growth by an eighth, for vectors whose elements an engine has millions of.
//!
//! Doubling leaves a third unused on average. An eighth leaves a sixteenth, and an element is still moved
//! only a few times however many come.

/// How many elements to reserve when `len` are there and the vector is full.
pub fn step(len: usize) -> usize {
    len / 8 + 1
}

/// Appends to a vector that grows by an eighth.
pub fn push<T>(vec: &mut Vec<T>, item: T) {
    if vec.len() == vec.capacity() {
        vec.reserve_exact(step(vec.len()));
    }
    vec.push(item);
}

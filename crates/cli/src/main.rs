//! The lookback binary.

fn main() {}

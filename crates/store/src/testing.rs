//! The in-memory model of a store, and the suite that every store passes.

mod model;

pub use model::Model;

//! What every request passes through before and after its route.
//!
//! From the outside in: the request gets an id, it is measured and logged, what is left of its body is taken from
//! the client, the answer is compressed, a panic becomes a 500, requests beyond the bound are turned away, one that
//! takes too long is given up, and a large answer has to find room until it is taken.

mod around;
mod described;
mod guard;
mod linger;
mod observe;
mod plain;
mod unread;

pub use guard::Limits;
pub use observe::{Metrics, Observed};

pub(crate) use around::AroundLayer;
pub(crate) use described::Described;
pub(crate) use guard::{Admission, Place, panicked};
pub(crate) use linger::linger;
pub(crate) use plain::plain;
pub(crate) use unread::Room;

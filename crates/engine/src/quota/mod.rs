//! Quota: what a provider counts, and the charges that keep us under it.
//!
//! A [`Bucket`] is one OAuth application or one user of one. It holds up to four [`Window`]s, each charged
//! so that whatever the provider can have counted is at most what we charged.

mod begun;
mod bucket;
mod counters;
mod folded;
mod foreign;
mod limit;
mod log;
mod room;
mod slack;
mod spec;
mod weighted;
mod window;

pub use bucket::{Bucket, Marks, Reading};
pub(crate) use folded::Folded;
pub use foreign::ForeignRate;
pub(crate) use slack::poll_share;
pub use slack::{Ahead, Nobody};
pub use spec::{Kind, SpecError, WINDOWS_MAX, WindowSpec};
pub use window::{Mark, Window};

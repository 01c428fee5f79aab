//! The plainest statement of what every operation means.

mod audit;
mod credential;
mod key;
mod moving;
mod org;
mod preference;
mod state;
mod team;

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use state::State;

use crate::{Lifecycle, Result};

/// A store in memory. It keeps every promise but the one to survive.
#[derive(Debug)]
pub struct Model(Mutex<State>);

impl Default for Model {
    fn default() -> Self {
        Self::new()
    }
}

impl Model {
    /// An empty store.
    pub fn new() -> Self {
        Self(Mutex::default())
    }

    /// After so many more changes every operation fails with [`crate::Error::Unavailable`], until it is mended.
    pub fn break_after(&self, changes: u64) {
        self.lock().changes_left = Some(changes);
    }

    /// From now on every operation works.
    pub fn mend(&self) {
        self.lock().changes_left = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state whole, since a change is made on a copy.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> Result<T>) -> Result<T> {
        let state = self.lock();
        state.working()?;
        read(&state)
    }

    /// Runs `change` on a copy, which counts only where it succeeds.
    fn write<T>(&self, change: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let mut state = self.lock();
        state.working()?;
        let mut copy = state.clone();
        let answer = change(&mut copy)?;
        copy.changes_left = state.changes_left.map(|left| left - 1);
        *state = copy;
        Ok(answer)
    }
}

/// Up to `limit` values in the order of their ids, those after `after`.
fn page<I: Ord + Copy, T: Clone>(
    all: &BTreeMap<I, T>,
    after: Option<I>,
    limit: usize,
    member: impl Fn(&T) -> bool,
) -> Vec<T> {
    let rest = all.range((after.map_or(Unbounded, Excluded), Unbounded));
    rest.map(|(_, value)| value).filter(|value| member(value)).take(limit).cloned().collect()
}

#[async_trait]
impl Lifecycle for Model {
    async fn ready(&self) -> Result<()> {
        self.read(|_| Ok(()))
    }

    async fn close(&self) {}
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use jiff::Timestamp;

    use super::*;
    use crate::{Error, Housekeeping, OrgStore};

    /// The model never waits.
    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the model waited"),
        }
    }

    #[test]
    fn a_broken_model_is_unavailable_until_it_is_mended() {
        let model = Model::new();
        model.break_after(1);
        let forget = || now(model.purge_once(Timestamp::MAX, 1));
        assert!(now(model.orgs(None, 1)).is_ok() && forget().is_ok());
        assert!(matches!(now(model.orgs(None, 1)), Err(Error::Unavailable(_))));
        assert!(matches!(forget(), Err(Error::Unavailable(_))));
        model.mend();
        assert!(now(model.orgs(None, 1)).is_ok() && forget().is_ok());
    }
}

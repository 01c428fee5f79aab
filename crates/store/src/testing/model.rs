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

use crate::{Error, Lifecycle, Result};

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

    /// From now on every operation fails with [`Error::Unavailable`], until this is called with `false`.
    pub fn set_broken(&self, broken: bool) {
        self.lock().broken = broken;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state whole, since a change is made on a copy.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> Result<T>) -> Result<T> {
        let state = self.lock();
        if state.broken { Err(broken()) } else { read(&state) }
    }

    /// Runs `change` on a copy, which counts only where it succeeds.
    fn write<T>(&self, change: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let mut state = self.lock();
        if state.broken {
            return Err(broken());
        }
        let mut copy = state.clone();
        let answer = change(&mut copy)?;
        *state = copy;
        Ok(answer)
    }
}

fn broken() -> Error {
    Error::unavailable("the model was told to fail")
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

    use super::*;
    use crate::OrgStore;

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
        model.set_broken(true);
        assert!(matches!(now(model.orgs(None, 1)), Err(Error::Unavailable(_))));
        model.set_broken(false);
        assert!(now(model.orgs(None, 1)).is_ok());
    }
}

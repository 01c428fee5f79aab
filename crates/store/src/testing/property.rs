//! Random operations, run against a store and the model: every answer is the same, errors included.
//!
//! The sequences are the same at every run. `PROPTEST_CASES` (256, of which a quarter is run) and
//! `PROPTEST_RNG_SEED` ask for more and for others.

use std::sync::Arc;

use proptest::prelude::{ProptestConfig, Strategy, TestCaseError};
use proptest::test_runner::{RngSeed, TestCaseResult, TestRunner};
use proptest::{prop_assert, prop_assert_eq};

use super::operation::{Answer, Call, Operation, Space, contents};
use super::samples::by;
use super::{Model, dump};
use crate::{Row, Store};

/// One operation after the other, in one small world of ids.
pub fn agrees_with_the_model<S: Store, G>(fresh: impl AsyncFn() -> Option<(S, G)>) {
    let space = Space(0);
    for_any(space.calls(), async |calls| {
        let Some((store, _outlives)) = fresh().await else { return Ok(()) };
        let model = Model::new();
        for (n, call) in calls.iter().enumerate() {
            let (said, expected) = (call.run(&store).await, call.run(&model).await);
            prop_assert_eq!(said, expected, "call {}: {:?}", n, call);
        }
        let all = Call { by: by(), operation: Operation::Orgs(None, usize::MAX) };
        let orgs = space.orgs();
        prop_assert_eq!(all.run(&store).await, all.run(&model).await);
        prop_assert_eq!(contents(&store, &orgs).await, contents(&model, &orgs).await);
        Ok(())
    });
}

/// What random operations have left in the model is kept by the store, shown by it as the model shows it, and answers
/// as before; what they leave in the store is what they leave in the model.
pub fn moves_house<S: Store, G>(fresh: impl AsyncFn() -> Option<(S, G)>) {
    let space = Space(0);
    for_any((space.calls(), 1..20_usize), async |(calls, page)| {
        let model = Model::new();
        for call in &calls {
            call.run(&model).await;
        }
        let rows = dump(&model, 1000).await;
        let Some((store, _outlives)) = fresh().await else { return Ok(()) };
        for batch in rows.chunks(page) {
            prop_assert!(store.restore(batch.to_vec()).await.is_ok(), "{batch:?}");
        }
        prop_assert_eq!(dump(&store, page).await, rows.clone());
        prop_assert_eq!(contents(&store, &space.orgs()).await, contents(&model, &space.orgs()).await);

        let Some((store, _outlives)) = fresh().await else { return Ok(()) };
        for call in &calls {
            call.run(&store).await;
        }
        prop_assert_eq!(dump(&store, page).await, rows);
        Ok(())
    });
}

/// Whatever random operations have left in the model arrives where `carry` brings it.
pub fn arrives_as_it_was(carry: &impl AsyncFn(&Model) -> Vec<Row>) {
    for_any(Space(0).calls(), async |calls| {
        let model = Model::new();
        for call in &calls {
            call.run(&model).await;
        }
        prop_assert_eq!(carry(&model).await, dump(&model, 1000).await);
        Ok(())
    });
}

/// Several sequences at the same time, in worlds that have nothing in common: what one does, and above all
/// what fails in one, is nothing to the others.
pub fn agrees_with_the_model_at_once<S: Store, G>(fresh: impl AsyncFn() -> Option<(S, G)>) {
    let spaces = [0, 1, 2, 3].map(Space);
    for_any(spaces.map(Space::calls), async |sequences| {
        let Some((store, _outlives)) = fresh().await else { return Ok(()) };
        let store: Arc<dyn Store> = Arc::new(store);
        let run = |calls| tokio::spawn(run_all(Arc::clone(&store), calls));
        let running = sequences.clone().map(run);
        let model: Arc<dyn Store> = Arc::new(Model::new());
        for ((space, answers), calls) in spaces.into_iter().zip(running).zip(sequences) {
            let said = answers.await.map_err(|panic| TestCaseError::fail(panic.to_string()))?;
            let expected = run_all(Arc::clone(&model), calls.clone()).await;
            prop_assert_eq!(said, expected, "{:?}: {:#?}", space, calls);
            let orgs = space.orgs();
            prop_assert_eq!(contents(&*store, &orgs).await, contents(&*model, &orgs).await, "{:?}", space);
        }
        Ok(())
    });
}

async fn run_all(store: Arc<dyn Store>, calls: Vec<Call>) -> Vec<Answer> {
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.run(&*store).await);
    }
    answers
}

/// Runs the test on many values, and on ever smaller ones where it fails.
fn for_any<V: Strategy>(values: V, test: impl AsyncFn(V::Value) -> TestCaseResult) {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    // Each case has a store of its own, which takes its time to make.
    config.cases = config.cases.div_ceil(4);
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(0);
    }
    let runtime = super::runtime();
    let verdict = TestRunner::new(config).run(&values, |value| runtime.block_on(test(value)));
    if let Err(failure) = verdict {
        panic!("{failure}");
    }
}

//! The control of a soak: a bare handler that works so much for each answer that its peak is the service's.
//!
//! Without that work it is no control: what limits it is one thread of the client, 80% of its peak leave a third of the
//! machine idle, and a machine that is a third slower for a while shows in the service alone.

use std::thread::available_parallelism;

use crate::bare;
use crate::client::now;
use crate::server::Server;

use super::{Plan, peak};

/// How often the work is set right.
const STEPS: u32 = 5;
/// What is parsed to see how long a byte takes.
const TRIAL_BYTES: usize = 10_000_000;

/// Starts it. The service is measured again in each step, since the machine's speed varies.
pub async fn start(plan: Plan, service: &Server) -> anyhow::Result<Server> {
    let directory = tempfile::tempdir()?;
    let processors = available_parallelism()?.get() as f64;
    let byte_seconds = byte_seconds(&bare::answer(service).await?);
    let mut bytes = 0.0_f64;
    for _ in 0..STEPS {
        let control = bare::start(service, directory.path(), bytes as usize).await?;
        let missing_seconds =
            processors / peak(plan, service).await? - processors / peak(plan, &control).await?;
        bytes = (bytes + missing_seconds / byte_seconds).max(0.0);
        control.end().await?;
    }
    bare::start(service, directory.path(), bytes as usize).await
}

/// About how long one processor takes to parse a byte; what it really takes comes out in the steps.
fn byte_seconds(answer: &[u8]) -> f64 {
    let started = now();
    bare::work(answer, TRIAL_BYTES);
    started.elapsed().as_secs_f64() / TRIAL_BYTES as f64
}

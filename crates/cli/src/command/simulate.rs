//! `lookback simulate`: scenarios run against providers that count on their own.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::Instant;

use anyhow::{Context, bail};
use lookback_engine::sim::{self, ProviderQuota, Scenario};
use serde::Serialize;

use crate::args::Simulate;
use crate::output;
use crate::progress::Tally;
use crate::settings::Settings;

pub fn run(settings: &Settings, what: &Simulate) -> anyhow::Result<()> {
    match &what.scenario {
        Some(path) => scenario(settings, what, path),
        None => fuzz(settings, what),
    }
}

#[expect(clippy::disallowed_methods, reason = "measures decisions per second")]
fn scenario(settings: &Settings, what: &Simulate, path: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let catalog = settings.catalog()?;
    let scenario = Scenario::parse(&text)
        .and_then(|scenario| scenario.resolve(&|slug| ProviderQuota::of(&catalog, slug)));
    let scenario = scenario.with_context(|| format!("{} is not a scenario", path.display()))?;
    let mut trace = what.trace.as_deref().map(|trace| create(trace, path)).transpose()?.map(BufWriter::new);

    let began = Instant::now();
    let summary =
        sim::run(&scenario, trace.as_mut().map(|out| out as &mut dyn Write))?.timed(began.elapsed());
    if let Some(mut trace) = trace {
        trace.flush().context("the trace cannot be written")?;
    }
    if settings.json { output::json(&summary) } else { output::line(&summary.to_string()) }
}

/// The file for the trace, which is not the scenario.
fn create(trace: &Path, scenario: &Path) -> anyhow::Result<File> {
    if let (Ok(one), Ok(other)) = (trace.canonicalize(), scenario.canonicalize())
        && one == other
    {
        bail!("the trace would overwrite {}; name another file", scenario.display());
    }
    File::create(trace).with_context(|| format!("cannot write {}", trace.display()))
}

/// What was found, as JSON.
#[derive(Serialize)]
struct Fuzzed<'a> {
    scenarios: u64,
    requests: u64,
    seed: u64,
    failure: Option<Broken<'a>>,
}

/// A scenario that breaks a promise, with the seed that draws it.
#[derive(Serialize)]
struct Broken<'a> {
    seed: u64,
    broken: &'a [String],
    scenario: &'a str,
}

/// How long scenarios are drawn where nothing else ends it.
const SECONDS: u64 = 60;

/// Draws scenarios until there were enough of them, or until one breaks a promise.
#[expect(clippy::disallowed_methods, reason = "ends when a time is up")]
fn fuzz(settings: &Settings, what: &Simulate) -> anyhow::Result<()> {
    let Simulate { seed, requests, scenarios, .. } = *what;
    let endless = requests.or(scenarios).is_some();
    let seconds = what.seconds.unwrap_or(if endless { u64::MAX } else { SECONDS });
    let threads = what.threads.or_else(|| available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let (began, tally) = (Instant::now(), Tally::new());
    let report = sim::fuzz(seed, threads, &mut |report| {
        tally.show(report.runs, report.requests);
        began.elapsed().as_secs() < seconds
            && requests.is_none_or(|requests| report.requests < requests)
            && scenarios.is_none_or(|scenarios| report.drawn < scenarios)
    });
    drop(tally);
    let failure = report.failure.as_ref();
    if settings.json {
        let failure = failure.map(|failure| Broken {
            seed: failure.seed,
            broken: &failure.broken,
            scenario: &failure.scenario,
        });
        output::json(&Fuzzed { scenarios: report.runs, requests: report.requests, seed, failure })?;
    } else {
        output::line(&format!("{} scenarios, {} requests, from seed {seed}", report.runs, report.requests))?;
        failure.map_or(Ok(()), |failure| output::line(&failure.scenario))?;
    }
    let Some(failure) = failure else { return Ok(()) };
    let (seed, broken) = (failure.seed, failure.broken.join("; "));
    bail!(
        "seed {seed} breaks a promise: {broken}; the scenario is above, and comes again with `lookback simulate --fuzz --scenarios 1 --seed {seed}`"
    )
}

//! `lookback simulate`: scenarios run against providers that count on their own.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use lookback_engine::sim::{self, ProviderQuota, Scenario};

use crate::args::Simulate;
use crate::output;
use crate::settings::Settings;

pub fn run(settings: &Settings, what: &Simulate) -> anyhow::Result<()> {
    match &what.scenario {
        Some(path) => scenario(settings, what, path),
        None => fuzz(what.seed, what.seconds),
    }
}

#[expect(clippy::disallowed_methods, reason = "measures decisions per second")]
fn scenario(settings: &Settings, what: &Simulate, path: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let catalog = settings.catalog()?;
    let scenario = Scenario::parse(&text)
        .and_then(|scenario| scenario.resolve(&|slug| ProviderQuota::of(&catalog, slug)));
    let scenario = scenario.with_context(|| format!("{} is not a scenario", path.display()))?;
    let create = |path: &Path| File::create(path).with_context(|| format!("cannot write {}", path.display()));
    let mut trace = what.trace.as_deref().map(create).transpose()?.map(BufWriter::new);

    let began = Instant::now();
    let summary =
        sim::run(&scenario, trace.as_mut().map(|out| out as &mut dyn Write))?.timed(began.elapsed());
    if let Some(mut trace) = trace {
        trace.flush()?;
    }
    if settings.json { output::json(&summary) } else { output::line(&summary.to_string()) }
}

/// Draws scenarios until the time is up, or until one breaks a promise.
#[expect(clippy::disallowed_methods, reason = "ends when a time is up")]
fn fuzz(seed: u64, seconds: u64) -> anyhow::Result<()> {
    let began = Instant::now();
    let report = sim::fuzz(seed, &mut |_| began.elapsed().as_secs() < seconds)?;
    output::line(&format!("{} scenarios, {} requests, from seed {seed}", report.runs, report.requests))?;
    let Some(failure) = report.failure else { return Ok(()) };
    output::line(&failure.scenario)?;
    bail!("seed {} breaks a promise: {}; the scenario is above", failure.seed, failure.broken.join("; "))
}

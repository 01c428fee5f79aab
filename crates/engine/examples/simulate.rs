//! Runs a scenario, or random ones until time is up:
//!
//! ```text
//! cargo run --release -p lookback-engine --example simulate -- FILE [--json] [--trace FILE]
//! cargo run --release -p lookback-engine --example simulate -- --fuzz [--seconds N] [--seed N] [--threads N]
//! ```

use std::fs::File;
use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;
use std::process::ExitCode;

use lookback_engine::sim::{self, Scenario};

/// What the arguments ask for.
#[derive(Default)]
struct Wanted {
    scenario: String,
    fuzz: bool,
    seconds: Option<u64>,
    requests: Option<u64>,
    scenarios: Option<u64>,
    seed: u64,
    threads: Option<NonZeroUsize>,
    json: bool,
    trace: Option<String>,
}

fn arguments() -> Option<Wanted> {
    let mut wanted = Wanted { seed: 1, ..Wanted::default() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => wanted.json = true,
            "--trace" => wanted.trace = Some(words.next()?),
            "--fuzz" => wanted.fuzz = true,
            "--seconds" => wanted.seconds = Some(words.next()?.parse().ok()?),
            "--requests" => wanted.requests = Some(words.next()?.parse().ok()?),
            "--scenarios" => wanted.scenarios = Some(words.next()?.parse().ok()?),
            "--threads" => wanted.threads = Some(words.next()?.parse().ok()?),
            "--seed" => wanted.seed = words.next()?.parse().ok()?,
            path => wanted.scenario = path.to_owned(),
        }
    }
    (wanted.fuzz || !wanted.scenario.is_empty()).then_some(wanted)
}

#[expect(clippy::disallowed_methods, reason = "measures decisions per second")]
fn simulate(wanted: &Wanted) -> Result<(), Box<dyn std::error::Error>> {
    let scenario = Scenario::parse(&std::fs::read_to_string(&wanted.scenario)?)?;
    let mut trace = wanted.trace.as_ref().map(File::create).transpose()?.map(BufWriter::new);
    let began = std::time::Instant::now();
    let summary =
        sim::run(&scenario, trace.as_mut().map(|out| out as &mut dyn Write))?.timed(began.elapsed());
    if let Some(out) = &mut trace {
        out.flush()?;
    }
    let mut out = std::io::stdout();
    match wanted.json {
        true => writeln!(out, "{}", serde_json::to_string_pretty(&summary)?)?,
        false => writeln!(out, "{summary}")?,
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "runs until a time is up")]
fn fuzz(wanted: &Wanted) -> Result<(), Box<dyn std::error::Error>> {
    let began = std::time::Instant::now();
    let Wanted { seconds, requests, scenarios, .. } = *wanted;
    let threads = wanted.threads.or_else(|| std::thread::available_parallelism().ok());
    let report = sim::fuzz(wanted.seed, threads.unwrap_or(NonZeroUsize::MIN), &mut |report| {
        seconds.is_none_or(|seconds| began.elapsed().as_secs() < seconds)
            && requests.is_none_or(|requests| report.requests < requests)
            && scenarios.is_none_or(|scenarios| report.drawn < scenarios)
    });
    let mut out = std::io::stdout();
    writeln!(out, "{} scenarios, {} requests", report.runs, report.requests)?;
    let Some(failure) = report.failure else { return Ok(()) };
    writeln!(out, "{}", failure.scenario)?;
    Err(format!("seed {}: {}", failure.seed, failure.broken.join("; ")).into())
}

fn main() -> ExitCode {
    let Some(wanted) = arguments() else {
        let _ = writeln!(
            std::io::stderr(),
            "usage: simulate SCENARIO.toml [--json] [--trace FILE] | --fuzz [--seconds N] [--seed N] [--threads N]"
        );
        return ExitCode::from(2);
    };
    let done = if wanted.fuzz { fuzz(&wanted) } else { simulate(&wanted) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

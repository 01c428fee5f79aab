//! Runs a scenario: `cargo run --release -p lookback-engine --example simulate -- FILE [--json] [--trace FILE]`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

use lookback_engine::sim::{self, Scenario};

/// What the arguments ask for.
struct Wanted {
    scenario: String,
    json: bool,
    trace: Option<String>,
}

fn arguments() -> Option<Wanted> {
    let mut wanted = Wanted { scenario: String::new(), json: false, trace: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => wanted.json = true,
            "--trace" => wanted.trace = Some(words.next()?),
            path => wanted.scenario = path.to_owned(),
        }
    }
    (!wanted.scenario.is_empty()).then_some(wanted)
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

fn main() -> ExitCode {
    let Some(wanted) = arguments() else {
        let _ = writeln!(std::io::stderr(), "usage: simulate SCENARIO.toml [--json] [--trace FILE]");
        return ExitCode::from(2);
    };
    match simulate(&wanted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

//! How long a forecast takes: `forecast [PROVIDER] [CONNECTIONS] [DAYS] [NEW_PER_DAY]`, Strava, 2,000, 365 and none where
//! left out.

#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::time::Instant;

use lookback_domain::{Catalog, Days, Preference, Provider};
use lookback_engine::forecast::{Assumed, Effort, Question, Team, plan};

#[expect(clippy::disallowed_methods, reason = "measures")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let provider: Provider = args.next().map_or(Ok(Provider::Strava), |text| text.parse())?;
    let connections = args.next().map_or(Ok(2_000), |text| text.parse())?;
    let days = args.next().map_or(Ok(365), |text| text.parse())?;

    let catalog = Catalog::bundled()?;
    let proposed = Preference { default: Days::try_from(days)?, overrides: Default::default() };
    let new_connections_per_day = args.next().map_or(Ok(0), |text| text.parse())?;
    let assumed = Assumed { connections, new_connections_per_day, ..Assumed::default() };
    let now = "2026-11-23T20:07:00Z".parse()?;
    let question = Question {
        catalog: &catalog,
        provider,
        proposed: &proposed,
        teams: &[Team::default()],
        assumed: &assumed,
        now,
    };
    let began = Instant::now();
    let plan = plan(&question, Effort::default(), &|| true)?;
    println!("{}\n{} ms", plan.sentence, began.elapsed().as_millis());
    Ok(())
}

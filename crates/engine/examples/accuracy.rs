//! How close forecasts of random loads come to what the simulator then does: `accuracy [SEED] [COUNT]`, 1 and 100 where
//! left out.
//!
//! A load is of a provider in the catalog and has one to three teams. The simulator runs it five times with other
//! latencies; a forecast is as far off as it is from the nearest of these. Requests take up to 1.5 s, so what is done
//! within two of them is not looked at more closely.

#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::fmt::Write;

use lookback_domain::{Catalog, Provider, WindowKind};
use lookback_engine::Ms;
use lookback_engine::forecast::{Effort, Load, Outlook, Polling, outlook};
use lookback_engine::sim::{ProviderQuota, Scenario, Summary, run};
use oorandom::Rand64;

/// Runs of a load.
const RUNS: u64 = 5;
/// Most history requests of a load: more takes the simulator long.
const REQUESTS_MAX: u64 = 60_000;
/// What is no difference.
const NEAR_MS: Ms = 3_000;

type Error = Box<dyn std::error::Error>;

fn one_of<T: Copy>(dice: &mut Rand64, of: &[T]) -> T {
    of[dice.rand_range(0..of.len() as u64) as usize]
}

/// A random load as a scenario, and how many history requests it has.
fn draw(seed: u64, catalog: &Catalog, providers: &[Provider]) -> Result<(String, u64), std::fmt::Error> {
    let dice = &mut Rand64::new(u128::from(seed));
    let provider = one_of(dice, providers);
    let quota = &catalog.rule(provider).quota;
    let unsure = quota.windows.iter().chain(&quota.user_windows).any(|w| w.kind == WindowKind::Unknown);
    let kinds = ["aligned", "log", "two_counter", "anchored", "bucket"];
    let kind = if unsure { one_of(dice, &kinds) } else { "aligned" };
    let (day, hour, minute) = (dice.rand_range(1..29), dice.rand_range(0..24), dice.rand_range(0..60));
    let mut text = format!(
        "seed = {seed}\nstart = \"2026-11-{day:02}T{hour:02}:{minute:02}:17Z\"\nuntil_hours = 20000\n\
         [[app]]\nid = \"a\"\nprovider = \"{provider}\"\nserver_kind = \"{kind}\"\n"
    );
    let mut requests = 0;
    for team in 0..dice.rand_range(1..4) {
        let connections = one_of(dice, &[3, 10, 30, 100, 300]) + dice.rand_range(0..10);
        let pulling = dice.rand_range(0..3) * connections / 2;
        let each = one_of(dice, &[4, 20, 60, 200, 400]) + dice.rand_range(0..10);
        requests += pulling * each;
        let poll_seconds = one_of(dice, &[900, 3_600, 21_600, 86_400]);
        writeln!(
            text,
            "[[app.team]]\nid = \"team-{team}\"\nweight = {}\nconnections = {connections}\npoll_seconds = {poll_seconds}\n\
             history_connections = {pulling}\nhistory_requests = {each}",
            dice.rand_range(1..4),
        )?;
    }
    Ok((text, requests))
}

/// How far what was said is off the nearest of what was done, as a share of that.
fn off(said: f64, done: impl Iterator<Item = f64>) -> Option<f64> {
    done.map(|done| said / done - 1.0).min_by(|a, b| a.abs().total_cmp(&b.abs()))
}

/// How far it is off when history is done; `None` where one of them has no answer.
fn off_finish(said: &Outlook, done: &[Summary]) -> Option<f64> {
    let said = said.finish_ms_p50?;
    let done = || done.iter().filter_map(|run| run.history_finished_ms);
    match done().any(|done| said.abs_diff(done) <= NEAR_MS) {
        true => Some(0.0),
        false => off(said as f64, done().map(|done| done as f64)),
    }
}

/// How far it is off by how much polling is slowed at most.
fn off_polling(said: &Outlook, done: &[Summary]) -> Option<f64> {
    let slowed = |polling: &Polling| polling.period_ms as f64 / polling.wished_ms as f64;
    let said = said.polling.iter().flatten().map(slowed).fold(1.0, f64::max);
    off(said, done.iter().map(|run| run.poll_stretch.values().copied().fold(1.0, f64::max)))
}

fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let first: u64 = args.next().map_or(Ok(1), |text| text.parse())?;
    let count: u64 = args.next().map_or(Ok(100), |text| text.parse())?;
    let catalog = Catalog::bundled()?;
    let counts = |provider: &Provider| {
        let quota = &catalog.rule(*provider).quota;
        !(quota.windows.is_empty() && quota.user_windows.is_empty())
    };
    let providers: Vec<Provider> = Provider::ALL.iter().copied().filter(counts).collect();
    let (mut loads, mut within) = (0, [0; 3]);
    for seed in first..first + count {
        let (text, requests) = draw(seed, &catalog, &providers)?;
        if !(1..=REQUESTS_MAX).contains(&requests) {
            continue;
        }
        let scenario = Scenario::parse(&text)?.resolve(&|slug| ProviderQuota::of(&catalog, slug))?;
        let load = Load::simulated(&scenario.app[0], scenario.start_ms()?);
        let said = outlook(&load, Effort::default(), &|| true)?;
        let runs = (0..RUNS).map(|more| run(&Scenario { seed: seed + more, ..scenario.clone() }, None));
        let done: Vec<_> = runs.collect::<Result<_, _>>()?;
        let (finish, polling) = (off_finish(&said, &done), off_polling(&said, &done));
        loads += 1;
        for (within, (off, most)) in within.iter_mut().zip([(finish, 0.01), (finish, 0.05), (polling, 0.05)])
        {
            *within += u32::from(off.is_some_and(|off| off.abs() <= most));
        }
        if [finish, polling].iter().any(|off| off.is_none_or(|off| off.abs() > 0.05)) {
            println!("{text}history off by {finish:.3?}, polling by {polling:.3?}\n");
        }
    }
    let [close, near, polling] = within;
    println!("{loads} loads: history within 1% of {close}, 5% of {near}; polling within 5% of {polling}");
    Ok(())
}

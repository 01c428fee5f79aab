//! The operator's manual names what there is.

use std::collections::BTreeSet;

use crate::support::Place;
use crate::wire::{Raw, get, path, upsert};

const MANUAL: &str = include_str!("../../../../docs/operations.md");

/// The first cells of the manual's tables that begin like this.
fn listed(prefix: &str) -> BTreeSet<String> {
    let rows = MANUAL.lines().filter_map(|line| line.strip_prefix("| `"));
    let names = rows.filter_map(|row| row.split(['`', ' ']).next()).filter(|name| name.starts_with(prefix));
    names.map(str::to_owned).collect()
}

/// What a server tells when everything has happened that makes a series.
pub fn all_metrics(place: &Place) -> String {
    let access = place.bootstrap();
    let server = place.serve();
    // Some series are not there before something has happened.
    let lost = place.path("aside");
    std::fs::rename(place.path("lookback-data/lookback.db"), &lost).unwrap();
    let mut client = Raw::connect(&server);
    let body = upsert(&access, 1);
    client.post_head(&access, &access.key, body.len());
    client.send(&body);
    assert_eq!(client.answer().status, 503, "{}", path(&access));
    get(&server, "/metrics").1
}

#[test]
fn the_metrics_are_those_of_the_manual() {
    let metrics = all_metrics(&Place::new());
    let served = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let served: BTreeSet<_> = served
        .map(|(name, kind)| if kind == "counter" { format!("{name}_total") } else { name.to_owned() })
        .collect();
    assert_eq!(listed("lookback_"), served);
}

#[test]
fn the_flags_are_those_of_the_manual() {
    let help = Place::new().run(&["serve", "--help"]).ok();
    let flags = help.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
    let flags = flags.filter_map(|flag| flag.split([' ', ',']).next()).map(|flag| format!("--{flag}"));
    let everywhere = ["--database", "--database-file", "--config", "--json", "--log"].map(str::to_owned);
    let flags: BTreeSet<_> = flags.filter(|flag| !everywhere.contains(flag)).collect();
    assert!(flags.len() > 8, "{help}");
    assert_eq!(listed("--"), flags);
}

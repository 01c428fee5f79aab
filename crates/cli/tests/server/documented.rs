//! The operator's manual names what there is.

use std::collections::BTreeSet;

use lookback_store_postgres::testing::database;

use crate::support::Place;
use crate::wire::{Raw, get, path, upsert};

const MANUAL: &str = include_str!("../../../../docs/operations.md");

/// The first cells of the manual's tables that begin like this.
fn listed(prefix: &str) -> BTreeSet<String> {
    let rows = MANUAL.lines().filter_map(|line| line.strip_prefix("| `"));
    let names = rows.filter_map(|row| row.split(['`', ' ']).next()).filter(|name| name.starts_with(prefix));
    names.map(str::to_owned).collect()
}

/// What servers of both stores tell when everything has happened that makes a series; where PostgreSQL cannot be had,
/// that of the embedded store alone, and nothing of the other.
pub async fn all_metrics() -> (String, Option<String>) {
    let embedded = of_the_embedded_store(&Place::new());
    let Some(database) = database().await else { return (embedded, None) };
    let place = Place::new();
    let server = place.serve_with(&["serve", "--listen", "127.0.0.1:0", "--database", database.url()], &[]);
    (embedded, Some(get(&server, "/metrics").1))
}

fn of_the_embedded_store(place: &Place) -> String {
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

/// The names of what is served.
fn names(metrics: &str) -> BTreeSet<String> {
    let served = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    served
        .map(|(name, kind)| if kind == "counter" { format!("{name}_total") } else { name.to_owned() })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_are_those_of_the_manual() {
    let (embedded, shared) = all_metrics().await;
    let (listed, embedded) = (listed("lookback_"), names(&embedded));
    match shared {
        Some(shared) => assert_eq!(listed, &embedded | &names(&shared)),
        None => assert!(embedded.is_subset(&listed), "{embedded:?}"),
    }
}

#[test]
fn the_flags_are_those_of_the_manual() {
    let help = Place::new().run(&["serve", "--help"]).ok();
    let flags = help.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
    let flags = flags.filter_map(|flag| flag.split([' ', ',']).next()).map(|flag| format!("--{flag}"));
    let everywhere = ["--database", "--database-file", "--master-key-file", "--config", "--json", "--log"]
        .map(str::to_owned);
    let flags: BTreeSet<_> = flags.filter(|flag| !everywhere.contains(flag)).collect();
    assert!(flags.len() > 8, "{help}");
    assert_eq!(listed("--"), flags);
}

//! `cargo bench -p lookback-domain`: resolving one resource.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to measure")]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp, civil::date};
use lookback_domain::{
    Catalog, ConnectionFacts, Days, IngestionBounds, Preference, Provider, Resource, resolve,
};

fn resolving(c: &mut Criterion) {
    let catalog = Catalog::bundled().unwrap();
    let days = |days| Days::try_from(days).unwrap();
    let preference =
        Preference { default: days(120), overrides: BTreeMap::from([(Resource::Sleep, days(180))]) };
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365 * 50);
    let anything = ConnectionFacts::default();
    let bounds = IngestionBounds::new(Some(date(2019, 11, 1)), None).unwrap();
    let bounded = ConnectionFacts { bounds, ..anything };

    let mut group = c.benchmark_group("resolve");
    let mut bench = |name, provider, resource, facts: &ConnectionFacts| {
        group.bench_function(name, |b| {
            b.iter(|| {
                let preference = Some(black_box(&preference));
                resolve(&catalog, black_box(provider), resource, preference, facts, now).days
            });
        });
    };
    bench("override", Provider::Oura, Resource::Sleep, &anything);
    bench("fixed", Provider::Fitbit, Resource::Heartrate, &anything);
    bench("bounded", Provider::Oura, Resource::Sleep, &bounded);
    group.finish();
}

criterion_group!(benches, resolving);
criterion_main!(benches);

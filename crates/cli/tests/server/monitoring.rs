//! The alerts and the dashboard ask for what `/metrics` serves.

use std::collections::{BTreeMap, BTreeSet};

use crate::documented::all_metrics;
use crate::support::Place;
use crate::wire::get;

const ALERTS: &str = include_str!("../../../../packaging/prometheus/alerts.yaml");
const DASHBOARD: &str = include_str!("../../../../packaging/grafana/dashboard.json");

/// What the scraper adds.
const ADDED: [&str; 2] = ["instance", "job"];

/// The names of the series that are served, each with its labels.
fn served(metrics: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut served: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
        let labels = rest.strip_prefix('{').map_or("", |rest| &rest[..rest.rfind('}').unwrap()]);
        let labels = labels.split("\",").filter_map(|label| label.split_once('=')).map(|(name, _)| name);
        served.entry(name).or_default().extend(labels);
    }
    served
}

/// Every expression in a file whose lines are `expr: …`, or a folded block below such a line.
fn expressions(yaml: &str) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<_> = yaml.lines().collect();
    let starts = lines.iter().enumerate().filter(|(_, line)| line.trim_start().starts_with("expr: "));
    let whole = starts.map(|(n, start)| {
        let first = start.trim_start().strip_prefix("expr: ").unwrap();
        let below = lines[n + 1..].iter().take_while(|line| indent(line) > indent(start));
        let text = std::iter::once(first.trim_start_matches(">-")).chain(below.map(|line| line.trim()));
        text.collect::<Vec<_>>().join(" ")
    });
    whole.collect()
}

/// The words of an expression, of which those in quotes and durations are left out.
fn words(expression: &str) -> Vec<&str> {
    let outside = expression.split('"').step_by(2);
    outside
        .flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '$'))
        .collect()
}

/// Sees that the series are there and that each label belongs to one of them.
fn check(expression: &str, served: &BTreeMap<&str, BTreeSet<&str>>) {
    let words = words(expression).into_iter();
    let (series, others): (Vec<_>, Vec<_>) = words.partition(|word| word.starts_with("lookback_"));
    for &name in &series {
        assert!(served.contains_key(name), "{name} is not served: {expression}");
    }
    let labels: BTreeSet<_> = series.iter().flat_map(|&name| &served[name]).copied().chain(ADDED).collect();
    let known = ["sum", "by", "rate", "increase", "histogram_quantile", "unless", "up", "label_values"];
    for word in others {
        let plain = word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit() || c == '$');
        assert!(plain || known.contains(&word) || labels.contains(word), "{word}: {expression}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_alerts_and_the_dashboard_ask_for_what_is_served() {
    let (embedded, shared) = all_metrics().await;
    // Half of it cannot be asked without PostgreSQL, and whoever misses it has said so.
    let Some(shared) = shared else { return };
    let metrics = embedded + &shared;
    let served = served(&metrics);
    let alerts = expressions(ALERTS);
    assert!(alerts.len() >= 7 && alerts.iter().all(|alert| alert.len() > 8), "{alerts:?}");
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let mut queries: Vec<_> = targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    assert!(queries.len() >= panels.len());
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    queries.extend(variables.filter_map(|variable| Some(variable["query"]["query"].as_str()?.to_owned())));
    for expression in alerts.iter().chain(&queries) {
        check(expression, &served);
    }
    let legends = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    for legend in legends.map(|target| target["legendFormat"].as_str().unwrap()) {
        let labels = legend.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap());
        for label in labels {
            let known = ADDED.contains(&label) || served.values().any(|labels| labels.contains(label));
            assert!(known, "{label}: {legend}");
        }
    }
}

/// The selectors whose rate an expression asks for, each as the beginning of the series that it means.
fn rated(expression: &str) -> Vec<(&str, Vec<&str>)> {
    let after = ["rate(", "increase("].map(|function| expression.split(function).skip(1));
    let selectors = after.into_iter().flatten().map(|rest| rest.split('[').next().unwrap());
    let parts =
        selectors.map(|selector| selector.trim_end_matches('}').split_once('{').unwrap_or((selector, "")));
    parts
        .map(|(name, labels)| (name, labels.split(',').filter(|label| !label.is_empty()).collect()))
        .collect()
}

/// What begins with its first event has no rate then: to the alert that event is not there.
#[test]
fn what_the_alerts_take_the_rate_of_is_there_before_anything_has_happened() {
    let place = Place::new();
    place.bootstrap();
    let fresh = get(&place.serve(), "/metrics").1;
    let alerts = expressions(ALERTS);
    let rated: Vec<_> = alerts.iter().flat_map(|alert| rated(alert)).collect();
    assert!(rated.len() >= 6, "{rated:?}");
    // Of durations the first ones may be missed: a quantile is about many.
    for (name, labels) in rated.into_iter().filter(|(name, _)| !name.ends_with("_bucket")) {
        let is_there = fresh.lines().any(|line| {
            let series = line.strip_prefix(name).filter(|rest| rest.starts_with(['{', ' ']));
            series.is_some_and(|series| {
                labels.iter().all(|label| series.contains(label)) && series.ends_with(" 0")
            })
        });
        assert!(is_there, "{name}{labels:?} is not there, or not 0: {fresh}");
    }
}

#[test]
fn a_series_or_label_that_is_not_served_is_noticed() {
    let served = served(
        "# TYPE lookback_a counter\nlookback_a_total{route=\"/{x}\",status=\"200\"} 1\nlookback_b 2\n",
    );
    check("sum by (route) (rate(lookback_a_total{status=\"500\"}[5m])) > lookback_b", &served);
    for wrong in ["rate(lookback_a[5m])", "sum by (path) (lookback_a_total)", "lookback_b{status=\"1\"}"] {
        assert!(std::panic::catch_unwind(|| check(wrong, &served)).is_err(), "{wrong}");
    }
}

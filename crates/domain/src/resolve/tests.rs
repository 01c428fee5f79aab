use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::bundled().unwrap());

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn days(days: i64) -> Days {
    Days::try_from(days).unwrap()
}

fn prefer(default: i64, overrides: &[(Resource, i64)]) -> Preference {
    let overrides = overrides.iter().map(|&(resource, asked)| (resource, days(asked))).collect();
    Preference { default: days(default), overrides }
}

fn said(window: &Window<'_>) -> Vec<String> {
    window.reasons.iter().map(ToString::to_string).collect()
}

const NOON: &str = "2026-11-23T12:00:00Z";

#[test]
fn an_override_comes_before_the_default_and_the_default_before_the_catalog() {
    let (now, facts) = (time(NOON), ConnectionFacts::default());
    let preference = prefer(120, &[(Resource::Sleep, 180)]);
    let window = |resource, preference| resolve(&CATALOG, Provider::Oura, resource, preference, &facts, now);

    let sleep = window(Resource::Sleep, Some(&preference));
    assert_eq!((sleep.days, sleep.source), (days(180), Source::ResourceOverride));
    assert_eq!(sleep.start, time("2026-05-27T12:00:00Z"));
    assert_eq!(sleep.end, now);

    let activity = window(Resource::Activity, Some(&preference));
    assert_eq!((activity.days, activity.source), (days(120), Source::TeamDefault));

    let unset = window(Resource::Activity, None);
    assert_eq!((unset.days, unset.source), (days(180), Source::CatalogDefault));
    assert!(sleep.reasons.is_empty() && activity.reasons.is_empty() && unset.reasons.is_empty());
}

#[test]
fn a_fixed_figure_wins_over_any_preference_and_says_so() {
    let (now, facts) = (time(NOON), ConnectionFacts::default());
    for asked in [0, 7, 365] {
        let preference = prefer(asked, &[]);
        let window = resolve(&CATALOG, Provider::Fitbit, Resource::Heartrate, Some(&preference), &facts, now);
        assert_eq!(window.days, days(14));
        let reason = "activity and heart-rate timeseries are fixed to 14 days";
        assert_eq!(said(&window), [format!("14 days are pulled instead of {asked}, since {reason}")]);
    }
    let window = resolve(&CATALOG, Provider::Polar, Resource::Workouts, None, &facts, now);
    assert_eq!(window.days, Days::ZERO);
    assert_eq!(
        said(&window),
        ["nothing is pulled instead of 28 days, since only sleep and sleep_stream can be backfilled"]
    );
}

#[test]
fn a_provider_without_history_says_why_nothing_is_pulled() {
    let (now, facts) = (time(NOON), ConnectionFacts::default());
    let window = resolve(&CATALOG, Provider::Manual, Resource::Sleep, None, &facts, now);
    assert_eq!((window.days, window.start), (Days::ZERO, now));
    assert_eq!(
        said(&window),
        ["nothing is pulled, since entries are made by hand and there is no history on a server"]
    );
}

#[test]
fn health_connect_reaches_30_days_before_the_first_permission() {
    let now = time(NOON);
    let window = |facts: ConnectionFacts| {
        let window = resolve(&CATALOG, Provider::HealthConnect, Resource::Steps, None, &facts, now);
        (window.days, window.start, window.reasons.first().map(|reason| reason.step))
    };
    let thirty_days_ago = time("2026-10-24T12:00:00Z");
    assert_eq!(window(ConnectionFacts::default()), (days(30), thirty_days_ago, None));

    // Permission will be given in ten days: what is older than 30 days then is out of reach.
    let later = Some(time("2026-12-03T12:00:00Z"));
    let cut = (days(20), time("2026-11-03T12:00:00Z"), Some(Step::ProviderAccess));
    assert_eq!(window(ConnectionFacts { first_permission_at: later, ..Default::default() }), cut);
    assert_eq!(window(ConnectionFacts { connected_at: later, ..Default::default() }), cut);
}

#[test]
fn ingestion_bounds_cut_the_window_at_both_ends() {
    let now = time(NOON);
    let window = |start: Option<&str>, end: Option<&str>| {
        let date = |text: &str| text.parse().unwrap();
        let bounds = IngestionBounds::new(start.map(date), end.map(date)).unwrap();
        let facts = ConnectionFacts { bounds, ..Default::default() };
        resolve(&CATALOG, Provider::Strava, Resource::Workouts, None, &facts, now)
    };
    let late = window(Some("2026-11-20"), None);
    assert_eq!((late.days, late.start, late.end), (days(4), time("2026-11-20T00:00:00Z"), now));
    assert_eq!(
        said(&late),
        ["4 days are pulled instead of 14, since the user's ingestion bounds start there"]
    );

    let today = window(Some("2026-11-23"), None);
    assert_eq!(
        said(&today),
        ["1 day is pulled instead of 14, since the user's ingestion bounds start there"]
    );

    let early = window(None, Some("2026-11-20"));
    assert_eq!((early.days, early.end), (days(14), time("2026-11-21T00:00:00Z")));
    assert_eq!(
        said(&early),
        ["a part of the 14 days is left out, since the user's ingestion bounds end there"]
    );

    let both = window(Some("2026-11-15"), Some("2026-11-15"));
    assert_eq!((both.days, both.reasons.len()), (days(9), 2));

    for nothing in [window(Some("2026-11-24"), None), window(None, Some("2025-01-01"))] {
        assert_eq!((nothing.days, nothing.reasons.len()), (Days::ZERO, 1));
        assert_eq!(nothing.start, nothing.end);
    }
    // Half a day less than was asked for is the same number of days, and still explained.
    let part = window(Some("2026-11-10"), None);
    assert_eq!((part.days, part.start), (days(14), time("2026-11-10T00:00:00Z")));
    assert_eq!(
        said(&part),
        ["a part of the 14 days is left out, since the user's ingestion bounds start there"]
    );
}

#[test]
fn bounds_at_the_ends_of_the_calendar_bind_as_any_others() {
    let days = |start: Option<&str>, end: Option<&str>| {
        let date = |text: &str| text.parse().unwrap();
        let bounds = IngestionBounds::new(start.map(date), end.map(date)).unwrap();
        let facts = ConnectionFacts { bounds, ..Default::default() };
        i64::from(resolve(&CATALOG, Provider::Strava, Resource::Workouts, None, &facts, time(NOON)).days)
    };
    let (first, last) = (Some("-009999-01-01"), Some("9999-12-31"));
    assert_eq!([days(last, None), days(None, first)], [0, 0], "all of time is cut off");
    assert_eq!([days(first, None), days(None, last), days(first, last)], [14, 14, 14], "nothing is");
}

#[test]
fn bounds_that_leave_no_day_are_refused() {
    let date = |text: &str| Some(text.parse().unwrap());
    let error = IngestionBounds::new(date("2026-11-02"), date("2026-11-01")).unwrap_err();
    assert_eq!(error.to_string(), "the ingestion bounds end (2026-11-01) before they start (2026-11-02)");
    assert!(IngestionBounds::new(date("-009999-01-01"), date("9999-12-31")).is_ok());
}

#[test]
fn an_own_application_is_advised_where_it_would_help() {
    let advice = |provider, asked, application| {
        let facts = ConnectionFacts { application, ..Default::default() };
        resolve(&CATALOG, provider, Resource::Workouts, Some(&prefer(asked, &[])), &facts, time(NOON)).advice
    };
    use OAuthApplication::{Own, Shared};
    assert_eq!(advice(Provider::Strava, 365, Shared), Some(Advice::OwnApplication));
    assert_eq!(advice(Provider::Strava, 365, Own), None, "it has one");
    assert_eq!(advice(Provider::Strava, 14, Shared), None, "no more than the default");
    assert_eq!(advice(Provider::Fitbit, 365, Shared), None, "counted per user");
    assert_eq!(advice(Provider::Peloton, 365, Shared), None, "no OAuth");
}

fn any_days() -> impl Strategy<Value = Days> {
    (0i64..=365).prop_map(days)
}

fn any_preference() -> impl Strategy<Value = Option<Preference>> {
    let resource = prop::sample::select(Resource::ALL);
    let overrides = prop::collection::btree_map(resource, any_days(), 0..4);
    prop::option::of(
        (any_days(), overrides).prop_map(|(default, overrides)| Preference { default, overrides }),
    )
}

/// Some second between 2024 and 2028.
fn any_time() -> impl Strategy<Value = Timestamp> {
    (1_704_067_200i64..1_830_297_600).prop_map(|second| Timestamp::from_second(second).unwrap())
}

fn any_facts() -> impl Strategy<Value = ConnectionFacts> {
    let date = || prop::option::of(any_time().prop_map(|time| TimeZone::UTC.to_datetime(time).date()));
    let times = (prop::option::of(any_time()), prop::option::of(any_time()));
    (times, date(), date(), any::<bool>()).prop_map(
        |((connected_at, first_permission_at), first, last, own)| {
            let bounds =
                IngestionBounds::new(first, last).or_else(|_| IngestionBounds::new(last, first)).unwrap();
            let application = if own { OAuthApplication::Own } else { OAuthApplication::Shared };
            ConnectionFacts { connected_at, first_permission_at, bounds, application }
        },
    )
}

proptest! {
    // Always the same cases: for others, give another seed and more of them.
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        rng_seed: RngSeed::Fixed(0),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_window_keeps_every_promise(
        provider in prop::sample::select(Provider::ALL),
        resource in prop::sample::select(Resource::ALL),
        preference in any_preference(),
        facts in any_facts(),
        now in any_time(),
    ) {
        let window = resolve(&CATALOG, provider, resource, preference.as_ref(), &facts, now);
        let rule = CATALOG.rule(provider);

        prop_assert!(window.days <= rule.allowance(Some(resource)).limit(), "above the limit");
        prop_assert!(window.start <= window.end);
        prop_assert_eq!(window.days == Days::ZERO, window.start == window.end);
        if window.days > Days::ZERO {
            prop_assert_eq!(whole_days(now.duration_since(window.start)), window.days);
            prop_assert!(window.end <= now);
            prop_assert!(facts.bounds.start.is_none_or(|first| window.start >= first), "before the bounds");
            prop_assert!(facts.bounds.end.is_none_or(|last| window.end <= last), "after the bounds");
        }

        // The reasons lead from what was asked to what is pulled without a gap, in the order of the steps.
        let mut at = window.asked;
        for reason in &window.reasons {
            prop_assert_eq!(reason.from, at);
            at = reason.to;
        }
        prop_assert_eq!(at, window.days);
        prop_assert!(window.reasons.is_sorted_by(|a, b| (a.step as u8) < (b.step as u8)));
        let untouched = window.end == now && window.start == back(now, window.asked) && window.days == window.asked;
        // A fixed figure above what was asked can be cut back to it by the bounds: two reasons that cancel out.
        let undone = window.reasons.first().is_some_and(|reason| reason.from < reason.to);
        let nothing_to_explain = untouched && !undone && rule.history.unavailable.is_none();
        prop_assert_eq!(window.reasons.is_empty(), nothing_to_explain);

        // Asking for what is pulled pulls it again.
        let again = Preference { default: window.days, overrides: BTreeMap::new() };
        let again = resolve(&CATALOG, provider, resource, Some(&again), &facts, now);
        prop_assert_eq!((again.start, again.end, again.days), (window.start, window.end, window.days));
    }
}

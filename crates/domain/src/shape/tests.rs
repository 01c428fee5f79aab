//! What history costs, provider by provider, reckoned by hand.

use super::*;
use crate::{Catalog, Provider};

/// A provider, a resource of it, days of history, and the requests they take at the catalog's records a day.
type Row = (Provider, &'static str, i64, u64);

const ROWS: &[Row] = &[
    // Cycles a page of 25.
    (Provider::WhoopV2, "activity", 90, 4),
    (Provider::WhoopV2, "workouts", 365, 8),
    (Provider::WhoopV2, "body", 365, 1),
    // Pages of nights, and a call for each night.
    (Provider::WhoopV2, "sleep_stream", 90, 4 + 90),
    (Provider::Whoop, "sleep", 180, 8),
    // Any span at once; heart rate in spans of 30 days.
    (Provider::Oura, "activity", 365, 1),
    (Provider::Oura, "sleep", 180, 2),
    (Provider::Oura, "heartrate", 180, 6),
    (Provider::Oura, "heartrate", 181, 7),
    // The daily summary a day at a time, beside a year of resting heart rates.
    (Provider::Fitbit, "activity", 90, 90 + 1),
    (Provider::Fitbit, "heartrate", 14, 14),
    (Provider::Fitbit, "steps", 14, 1),
    (Provider::Fitbit, "sleep", 365, 4),
    (Provider::Fitbit, "weight", 365, 12),
    (Provider::Fitbit, "workouts", 365, 2),
    // 1,440 a day in pages of 10,000; sleep in pages of 25.
    (Provider::GoogleHealth, "steps", 90, 13),
    (Provider::GoogleHealth, "sleep", 90, 4),
    (Provider::GoogleHealth, "calories_active", 365, 27),
    (Provider::Garmin, "sleep", 90, 1),
    (Provider::Garmin, "sleep", 365, 5),
    (Provider::Garmin, "workouts", 365, 13),
    // A list, then a call for each of 183 activities.
    (Provider::Strava, "workouts", 365, 1),
    (Provider::Strava, "workout_stream", 365, 1 + 183),
    (Provider::Strava, "workout_stream", 14, 1 + 7),
    // Night by night, and never all at once.
    (Provider::Withings, "sleep_stream", 90, 90),
    (Provider::Withings, "heartrate", 90, 90),
    (Provider::Withings, "sleep", 90, 1),
    (Provider::Withings, "body", 365, 4),
    (Provider::Polar, "sleep", 28, 1),
    (Provider::Polar, "sleep_stream", 28, 28),
    (Provider::Wahoo, "workouts", 365, 7),
    (Provider::Wahoo, "workout_stream", 365, 7 + 183),
    (Provider::DexcomV3, "glucose", 30, 1),
    (Provider::DexcomV3, "glucose", 365, 13),
    (Provider::Dexcom, "glucose", 1, 1),
    (Provider::AbbottLibreview, "glucose", 90, 7),
    (Provider::FreestyleLibre, "glucose", 90, 7),
    (Provider::GoogleFit, "steps", 90, 3),
    (Provider::GoogleFit, "sleep", 365, 4),
    (Provider::Peloton, "workout_stream", 180, 9 + 90),
    (Provider::Zwift, "workout_stream", 270, 7 + 135),
    (Provider::EightSleep, "sleep", 90, 3),
    (Provider::Hammerhead, "workout_stream", 30, 1 + 15),
    (Provider::MyFitnessPal, "meal", 14, 14),
    (Provider::MyFitnessPalV2, "meal", 365, 365),
    (Provider::Cronometer, "meal", 28, 28),
    (Provider::Renpho, "body", 365, 2),
    (Provider::Omron, "blood_pressure", 365, 4),
    (Provider::Kardia, "electrocardiogram", 365, 1),
    (Provider::Kardia, "electrocardiogram_voltage", 365, 1 + 37),
    (Provider::MapMyFitness, "workout_stream", 90, 3 + 45),
    (Provider::Runkeeper, "workout_stream", 90, 2 + 45),
    (Provider::BeurerApi, "glucose", 90, 4),
    (Provider::Ultrahuman, "sleep", 90, 90),
    (Provider::TandemSource, "glucose", 90, 7),
    (Provider::Ihealth, "blood_pressure", 90, 2),
    // The phone sends it.
    (Provider::AppleHealthKit, "sleep", 365, 0),
    (Provider::HealthConnect, "sleep", 30, 0),
    (Provider::SamsungHealth, "sleep", 365, 0),
];

fn days(days: i64) -> Days {
    Days::try_from(days).unwrap()
}

#[test]
fn history_takes_as_many_requests_as_reckoned_by_hand() {
    let catalog = Catalog::bundled().unwrap();
    for &(provider, resource, asked, requests) in ROWS {
        let cost = catalog.rule(provider).requests(resource.parse().unwrap(), days(asked));
        assert_eq!(cost.requests, requests, "{asked} days of {resource} of {provider}");
    }
}

#[test]
fn every_provider_of_the_contract_is_in_the_table() {
    let catalog = Catalog::bundled().unwrap();
    for &provider in Provider::ALL {
        let reckoned = ROWS.iter().any(|row| row.0 == provider);
        let asked = !catalog.rule(provider).request.is_empty() || Provider::CONFIGURABLE.contains(&provider);
        assert!(reckoned || !asked, "{provider}");
    }
}

#[test]
fn no_days_and_unknown_resources_cost_nothing_and_more_days_never_less() {
    let catalog = Catalog::bundled().unwrap();
    for &provider in Provider::ALL {
        let rule = catalog.rule(provider);
        for &resource in Resource::ALL {
            assert_eq!(rule.requests(resource, Days::ZERO), PullCost::default(), "{provider} {resource}");
            let mut before = PullCost::default();
            for asked in [1, 2, 14, 30, 31, 89, 90, 91, 180, 364, 365] {
                let cost = rule.requests(resource, days(asked));
                assert!(cost.requests >= before.requests, "{asked} days of {resource} of {provider}");
                assert!(cost.days_of_data >= before.days_of_data, "{asked} days of {resource} of {provider}");
                assert!(rule.pulled().contains(&resource) == (cost.requests > 0), "{provider} {resource}");
                before = cost;
            }
        }
    }
}

#[test]
fn garmins_days_are_counted_a_request_at_a_time() {
    let catalog = Catalog::bundled().unwrap();
    let garmin = catalog.rule(Provider::Garmin);
    let cost = garmin.requests(Resource::Sleep, days(365));
    assert_eq!(cost, PullCost { requests: 5, days_of_data: 365 });
}

#[test]
fn what_several_resources_share_is_asked_for_once() {
    let catalog = Catalog::bundled().unwrap();
    let of = |provider, resources: &[Resource]| {
        let days = |resource| if resources.contains(&resource) { days(90) } else { Days::ZERO };
        catalog.rule(provider).pull_cost(&days, &|_| None).requests
    };
    assert_eq!(of(Provider::Ultrahuman, &[Resource::Sleep, Resource::Hrv, Resource::Glucose]), 90);
    assert_eq!(of(Provider::Strava, &[Resource::Workouts, Resource::WorkoutStream]), 1 + 45);
    assert_eq!(of(Provider::Withings, &[Resource::Weight, Resource::Fat]), 1);
}

#[test]
fn other_records_a_day_take_the_place_of_the_catalogs() {
    let catalog = Catalog::bundled().unwrap();
    let rate = PerDay::try_from(2.0).unwrap();
    let of = |of| {
        let given = move |resource| (resource == of).then_some(rate);
        catalog.rule(Provider::Strava).pull_cost(&|_| days(365), &given).requests
    };
    // The profile, four pages, and a call for each of 730 activities.
    assert_eq!(of(Resource::Workouts), 1 + 4 + 730);
    assert_eq!(of(Resource::Sleep), 1 + 1 + 183);
}

#[test]
fn records_a_day_are_finite_and_neither_none_nor_endless() {
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 0.000_9, 100_001.0] {
        assert!(PerDay::try_from(bad).is_err(), "{bad}");
    }
    let half = PerDay::try_from(0.5).unwrap();
    assert_eq!((half.records(365), half.records(1), half.records(0)), (183, 1, 0));
    assert_eq!((half.scaled(1_500), half.scaled(0)), (PerDay(750), PerDay(1)));
}

use super::*;

/// The contract's table, row by row: days, and whether they are configurable.
const CONTRACT: [(Provider, i64, bool); 20] = [
    (Provider::AbbottLibreview, 90, false),
    (Provider::Fitbit, 90, true),
    (Provider::Garmin, 90, true),
    (Provider::GoogleFit, 90, true),
    (Provider::Oura, 180, true),
    (Provider::Peloton, 180, true),
    (Provider::Strava, 14, true),
    (Provider::Wahoo, 180, true),
    (Provider::WhoopV2, 180, true),
    (Provider::Zwift, 270, true),
    (Provider::Withings, 90, true),
    (Provider::EightSleep, 90, true),
    (Provider::AppleHealthKit, 30, true),
    (Provider::HealthConnect, 30, false),
    (Provider::Hammerhead, 30, true),
    (Provider::DexcomV3, 30, true),
    (Provider::Dexcom, 1, false),
    (Provider::MyFitnessPalV2, 14, true),
    (Provider::Polar, 28, false),
    (Provider::Cronometer, 28, true),
];

/// Accepted by the contract's request, absent from its table; the last is accepted beyond the contract.
const BEYOND_THE_TABLE: [(Provider, i64, bool); 9] = [
    (Provider::Renpho, 180, true),
    (Provider::FreestyleLibre, 90, false),
    (Provider::Omron, 90, true),
    (Provider::Kardia, 90, true),
    (Provider::MapMyFitness, 90, true),
    (Provider::Runkeeper, 90, true),
    (Provider::BeurerApi, 90, true),
    (Provider::Ultrahuman, 90, true),
    (Provider::GoogleHealth, 90, true),
];

fn holds(catalog: &Catalog, (provider, days, configurable): (Provider, i64, bool)) {
    let history = &catalog.rule(provider).history;
    assert_eq!(i64::from(history.default.days), days, "{provider}");
    assert_eq!(history.configurable, configurable, "{provider}");
    assert_eq!(i64::from(history.limit.days), if configurable { 365 } else { days }, "{provider}");
}

#[test]
fn the_catalog_says_what_the_contracts_table_says() {
    let catalog = Catalog::bundled().unwrap();
    for row in CONTRACT {
        holds(&catalog, row);
        let history = &catalog.rule(row.0).history;
        assert_eq!([history.default.basis, history.limit.basis], [Basis::Documented; 2], "{}", row.0);
    }
}

#[test]
fn every_slug_the_request_accepts_is_in_one_of_the_two_tables() {
    let catalog = Catalog::bundled().unwrap();
    for row in BEYOND_THE_TABLE {
        holds(&catalog, row);
        assert_eq!(catalog.rule(row.0).history.limit.basis, Basis::Assumed, "{}", row.0);
    }
    for provider in Provider::CONFIGURABLE {
        assert!(CONTRACT.iter().chain(&BEYOND_THE_TABLE).any(|row| row.0 == *provider), "{provider}");
    }
}

#[test]
fn fitbits_timeseries_stay_at_14_days_and_its_daily_activity_does_not() {
    let catalog = Catalog::bundled().unwrap();
    let rule = catalog.rule(Provider::Fitbit);
    for resource in ["heartrate", "steps", "distance", "calories_active", "floors_climbed"] {
        let allowance = rule.allowance(Some(resource.parse().unwrap()));
        assert!(matches!(allowance, Allowance::Exactly(days, _) if i64::from(days) == 14), "{resource}");
    }
    assert_eq!(rule.allowance(Some(Resource::Activity)), Allowance::UpTo(Days::MAX));
}

#[test]
fn polar_backfills_two_resources_only() {
    let catalog = Catalog::bundled().unwrap();
    for &resource in Resource::ALL {
        let backfilled = matches!(resource, Resource::Sleep | Resource::SleepStream);
        let limit = catalog.rule(Provider::Polar).allowance(Some(resource)).limit();
        assert_eq!(i64::from(limit), if backfilled { 28 } else { 0 }, "{resource}");
    }
}

#[test]
fn every_provider_has_a_file_and_every_file_a_provider() {
    let mut files: Vec<_> = FILES.files().map(|file| file.path().to_str().unwrap().to_owned()).collect();
    let mut slugs: Vec<_> = Provider::ALL.iter().map(|provider| format!("{provider}.toml")).collect();
    files.sort();
    slugs.sort();
    assert_eq!(files, slugs);
}

/// A change to a file that makes it wrong, and what is said of it.
type Wrong = (&'static str, &'static str, &'static str);

fn refused(file: &str, cases: &[Wrong]) {
    let good = FILES.get_file(file).unwrap().contents_utf8().unwrap();
    for (from, to, problem) in cases {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        let said = parse(&bad).unwrap_err();
        assert!(said.contains(problem), "{to}: {said}");
    }
}

#[test]
fn a_file_that_contradicts_itself_is_refused() {
    let cases = [
        ("limit = { days = 365", "limit = { days = 180", "configurable maximum"),
        ("limit = { days = 365", "limit = { days = 30", "above the limit"),
        ("configurable = true", "configurable = false", "is its default"),
        ("days = 14", "days = 366", "not between 0 and 365"),
        ("\nresources = [\"heartrate\",", "\nresources = [\"heart\",", "not a known resource"),
        ("remarks", "remark", "unknown field"),
        ("sources = [\"the contract's table of supported providers\"]", "sources = []", "source is missing"),
    ];
    refused("fitbit.toml", &cases);
}

#[test]
fn request_shapes_that_cannot_be_are_refused() {
    let cases = [
        ("once = true", "once = true\nspan_days = 30", "neither spans nor pages"),
        ("calls_per_record = 1", "calls_per_record = 0", "at least one"),
        ("calls_per_record = 1", "calls_per_record = 1\npage_size = 5", "neither spans nor pages"),
        ("page_size = 200", "page_size = 0", "at least a record"),
        ("page_size = 200\n", "", "go with pages"),
        ("records_per_day = 0.5", "records_per_day = 0.6", "two rates"),
        ("records_per_day = 0.5", "records_per_day = nan", "not between 0.001"),
        ("records_per_day = 0.5\n", "", "go with pages"),
        ("resources = [\"profile\"]", "resources = []", "at least one resource"),
        ("resources = [\"profile\"]", "resources = [\"profil\"]", "not a known resource"),
        ("sources = [\"the provider's published OpenAPI document\"]", "sources = []", "names its sources"),
        ("[[request]]", "[[requests]]", "unknown field"),
    ];
    refused("strava.toml", &cases);
    refused("garmin.toml", &[("span_days = 90", "span_days = 0", "at least a day")]);
    refused(
        "apple_health_kit.toml",
        &[(
            "[history]",
            "[[request]]\nresources = [\"sleep\"]\nspan_days = 1\nbasis = \"assumed\"\nsources = [\"x\"]\n[history]",
            "where and only where it counts",
        )],
    );
}

#[test]
fn feedback_polls_and_triggers_that_cannot_be_are_refused() {
    let strava = [
        ("form = \"lists\"", "form = \"list\"", "unknown variant"),
        ("used = \"X-ReadRateLimit-Usage\"", "usage = \"X-ReadRateLimit-Usage\"", "unknown field"),
        ("application = [\n", "user = [\n", "window that the quota does not have"),
        ("poll_seconds = 86400", "poll_seconds = 0", "at least a second"),
        ("poll_seconds = 86400\npoll_basis = \"assumed\"\n", "", "where it can be asked"),
        ("poll_basis = \"assumed\"\n", "", "how sure we are"),
        ("connections = 1\n", "connections = 0\n", "some connections in some seconds"),
    ];
    refused("strava.toml", &strava);
    let withings = [
        ("refusal = { pointer = \"/status\", equals = 601 }", "", "headers or a refusal"),
        ("pointer = \"/status\"", "pointer = \"status\"", "begins with a slash"),
    ];
    refused("withings.toml", &withings);
    let polar = [(
        "{ limit = 20, seconds = 900, kind = \"unknown\"",
        "{ limit = 20, limit_per_user = 1, seconds = 900, kind = \"unknown\"",
        "grows with its users",
    )];
    refused("polar.toml", &polar);
}

/// What a new OAuth application may do, by provider: limit and seconds of its windows, then of its users'.
type Published = (Provider, &'static [(u64, u64)], &'static [(u64, u64)]);

const PUBLISHED: [Published; 11] = [
    (Provider::Strava, &[(100, 900), (1_000, 86_400)], &[]),
    (Provider::WhoopV2, &[(100, 60), (10_000, 86_400)], &[]),
    (Provider::Oura, &[(5_000, 300)], &[]),
    (Provider::Fitbit, &[], &[(150, 3_600)]),
    (Provider::GoogleHealth, &[(120_000, 60), (86_400_000, 86_400)], &[(300, 60)]),
    (Provider::Garmin, &[(10_000, 60)], &[]),
    (Provider::Withings, &[(120, 60)], &[]),
    (Provider::Polar, &[(500, 900), (5_000, 86_400)], &[(20, 900), (100, 86_400)]),
    (Provider::Wahoo, &[(200, 300), (1_000, 3_600), (5_000, 86_400)], &[]),
    (Provider::DexcomV3, &[(60_000, 3_600)], &[]),
    (Provider::GoogleFit, &[(600, 60)], &[]),
];

#[test]
fn the_catalog_knows_the_published_rate_limits_and_assumes_one_request_a_second_elsewhere() {
    let catalog = Catalog::bundled().unwrap();
    let figures = |windows: &[crate::QuotaWindow]| {
        windows.iter().map(|window| (window.limit, window.seconds)).collect::<Vec<_>>()
    };
    for &provider in Provider::CONFIGURABLE {
        let quota = &catalog.rule(provider).quota;
        let (windows, user_windows) = (figures(&quota.windows), figures(&quota.user_windows));
        match PUBLISHED.iter().find(|row| row.0 == provider) {
            Some((_, ours, users)) => {
                assert_eq!((&windows[..], &user_windows[..]), (*ours, *users), "{provider}");
            }
            None if provider == Provider::AppleHealthKit => assert!(windows.is_empty(), "the phone sends it"),
            None => assert_eq!((&windows[..], quota.basis), (&[(1, 1)][..], Basis::Assumed), "{provider}"),
        }
    }
}

#[test]
fn only_what_is_documented_to_begin_on_the_clock_is_called_aligned() {
    let catalog = Catalog::bundled().unwrap();
    for &provider in Provider::ALL {
        let quota = &catalog.rule(provider).quota;
        for window in quota.windows.iter().chain(&quota.user_windows) {
            let aligned = window.kind == crate::WindowKind::Aligned;
            assert_eq!(aligned, provider == Provider::Strava, "{provider}");
        }
    }
}

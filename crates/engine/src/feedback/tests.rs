//! Each form as providers send it, and as nobody should.

use lookback_domain::{Catalog, Provider};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW_MS: Ms = 1_763_928_000_000;

fn quota(provider: Provider) -> Quota {
    Catalog::bundled().unwrap().rule(provider).quota.clone()
}

fn heard(provider: Provider, status: u16, headers: &[(&str, &str)]) -> Heard {
    hear(&quota(provider), &Answer { status, headers, body: None, now_ms: NOW_MS })
}

fn reading(window: usize, limit: u64, used: u64) -> Reading {
    Reading { window, limit: Some(limit), used: Some(used) }
}

#[test]
fn stravas_pairs_are_of_both_windows() {
    let headers = [("X-ReadRateLimit-Limit", "100,1000"), ("x-readratelimit-usage", "12, 345")];
    let app = heard(Provider::Strava, 200, &headers).app;
    assert_eq!(app, [reading(0, 100, 12), reading(1, 1_000, 345)]);
    // The overall pair is of other windows: its use is taken, its limits are not.
    let overall = [("X-RateLimit-Limit", "200,2000"), ("X-RateLimit-Usage", "13,346")];
    let app = heard(Provider::Strava, 200, &overall).app;
    let used = |window, used| Reading { window, limit: None, used: Some(used) };
    assert_eq!(app, [used(0, 13), used(1, 346)]);
    let both = [headers, overall].concat();
    assert_eq!(heard(Provider::Strava, 200, &both).app[0], reading(0, 100, 12));
}

#[test]
fn stravas_pairs_say_nothing_where_they_are_garbled() {
    for usage in
        ["", ",", "12", "12,345,6", "-1,-1", "1e3,2e3", "٣,٤", "12.0,345.0", "99999999999999999999,1x"]
    {
        let app = heard(Provider::Strava, 200, &[("X-ReadRateLimit-Usage", usage)]).app;
        assert_eq!(app, [], "{usage}");
    }
    let headers = [("X-ReadRateLimit-Limit", "0,1000"), ("X-ReadRateLimit-Usage", "5,x")];
    let app = heard(Provider::Strava, 200, &headers).app;
    assert_eq!(app, [Reading { window: 0, limit: None, used: Some(5) }], "no limit is 0");
}

#[test]
fn fitbits_remaining_is_of_the_user() {
    let headers = [
        ("Fitbit-Rate-Limit-Limit", "150"),
        ("Fitbit-Rate-Limit-Remaining", "30"),
        ("Fitbit-Rate-Limit-Reset", "1200"),
    ];
    let served = heard(Provider::Fitbit, 200, &headers);
    assert_eq!((served.user, served.app, served.retry_after_ms), (vec![reading(0, 150, 120)], vec![], None));
    let refused = heard(Provider::Fitbit, 429, &headers);
    assert_eq!((refused.refused, refused.retry_after_ms), (true, Some(1_200_000)));
    // One source says that it is a Unix time.
    let epoch = (NOW_MS / 1_000 + 900).to_string();
    let refused =
        heard(Provider::Fitbit, 429, &[headers[0], headers[1], ("Fitbit-Rate-Limit-Reset", &epoch)]);
    assert_eq!(refused.retry_after_ms, Some(900_000));
    for (limit, remaining) in [("150", "151"), ("0", "0"), ("150", ""), ("", "150"), ("150", "-1")] {
        let headers = [("Fitbit-Rate-Limit-Limit", limit), ("Fitbit-Rate-Limit-Remaining", remaining)];
        assert_eq!(heard(Provider::Fitbit, 200, &headers).user, [], "{limit} {remaining}");
    }
}

#[test]
fn whoops_remaining_is_of_the_nearest_window() {
    let whoop = |limit: &str, remaining: &str| {
        let headers = [("X-RateLimit-Limit", limit), ("X-RateLimit-Remaining", remaining)];
        heard(Provider::WhoopV2, 200, &headers).app
    };
    let limit_of = |window, limit| Reading { window, limit: Some(limit), used: None };
    let minute = whoop("100, 100;window=60, 10000;window=86400", "98");
    assert_eq!(minute, [reading(0, 100, 2), limit_of(1, 10_000)]);
    let day = whoop("10000, 100;window=60, 10000;window=86400", "50");
    assert_eq!(day, [limit_of(0, 100), reading(1, 10_000, 9_950)]);
    assert_eq!(whoop("100, 100;window=60, 100;window=86400", "98"), [limit_of(0, 100), limit_of(1, 100)]);
    assert_eq!(whoop("100, 100;window=61", "98"), [], "no such window");
    for garbled in ["", "100", ";window=60", "100;window=", "a, b;window=60", "100, 0;window=60"] {
        assert!(whoop(garbled, "98").iter().all(|reading| reading.used.is_none()), "{garbled}");
    }
}

#[test]
fn ouras_headers_come_with_a_refusal_only() {
    let reset = (NOW_MS / 1_000 + 120).to_string();
    let headers =
        [("X-RateLimit-Limit", "5000"), ("X-RateLimit-Window", "300"), ("X-RateLimit-Reset", &*reset)];
    assert_eq!(heard(Provider::Oura, 200, &headers).app, []);
    let refused = heard(Provider::Oura, 429, &headers);
    assert_eq!((&refused.app[..], refused.retry_after_ms), (&[reading(0, 5_000, 5_000)][..], Some(120_000)));
    let asked = heard(Provider::Oura, 429, &[("Retry-After", "7"), headers[0], headers[1], headers[2]]);
    assert_eq!(asked.retry_after_ms, Some(7_000), "what is asked for comes first");
}

#[test]
fn withings_refuses_inside_a_200() {
    let heard = |body: Value| {
        hear(
            &quota(Provider::Withings),
            &Answer { status: 200, headers: &[], body: Some(&body), now_ms: NOW_MS },
        )
    };
    assert_eq!(heard(json!({"status": 601})).response(Status::Served).status, Status::Refused);
    for served in
        [json!({"status": 0}), json!({"status": "601"}), json!([601]), json!({"status": [601]}), json!(null)]
    {
        assert!(!heard(served.clone()).refused, "{served}");
    }
}

#[test]
fn the_draft_is_read_in_all_its_versions() {
    let wahoo = |headers: &[(&str, &str)]| heard(Provider::Wahoo, 200, headers).app;
    let newest = wahoo(&[
        ("RateLimit-Policy", r#""hour";q=1000;w=3600, "day;,";q=5000;w=86400"#),
        ("RateLimit", r#""day;,";r=4000;t=600,"hour";r=1;t=60"#),
    ]);
    assert_eq!(newest, [reading(2, 5_000, 1_000), reading(1, 1_000, 999)]);
    let middle =
        wahoo(&[("RateLimit-Policy", "1000;w=3600"), ("RateLimit", "limit=1000, remaining=10, reset=5")]);
    assert_eq!(middle, [reading(1, 1_000, 990)]);
    let oldest = wahoo(&[("RateLimit-Limit", "200"), ("RateLimit-Remaining", "0"), ("RateLimit-Reset", "9")]);
    assert_eq!(oldest, [reading(0, 200, 200)]);
    assert_eq!(wahoo(&[("RateLimit-Limit", "300"), ("RateLimit-Remaining", "0")]), [], "no window has 300");
    assert_eq!(wahoo(&[("RateLimit", r#""x";r=4"#)]), [], "no policy of that name");
}

#[test]
fn waits_are_seconds_or_dates_and_never_longer_than_a_month() {
    let wait = |text| heard(Provider::Wahoo, 429, &[("Retry-After", text)]).retry_after_ms;
    assert_eq!(wait("30"), Some(30_000));
    assert_eq!(wait("Sun, 23 Nov 2025 20:01:00 GMT"), Some(60_000));
    assert_eq!(wait("Sun, 23 Nov 2025 19:00:00 GMT"), Some(0));
    assert_eq!(wait("18446744073709551615"), Some(WAIT_MS_MAX));
    for garbled in ["", "-5", "soon", "1.5", "18446744073709551616"] {
        assert_eq!(wait(garbled), None, "{garbled}");
    }
    let served =
        heard(Provider::Wahoo, 200, &[("Retry-After", "30"), ("Date", "Sun, 23 Nov 2025 20:00:00 GMT")]);
    assert_eq!((served.retry_after_ms, served.date_ms), (None, Some(NOW_MS)));
}

#[test]
fn a_header_that_comes_twice_says_nothing() {
    let headers = [("X-ReadRateLimit-Usage", "1,1"), ("X-ReadRateLimit-Usage", "99,999")];
    assert_eq!(heard(Provider::Strava, 200, &headers).app, []);
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: prop::test_runner::RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_sent_names_windows_that_are_there_and_figures_that_can_be(
        texts in prop::collection::vec("[0-9]{0,22}|[0-9,; \"=a-z-]{0,40}|\\PC{0,12}", 8),
        status in prop::sample::select(vec![200_u16, 429, 500]),
        provider in prop::sample::select(Provider::ALL.to_vec()),
    ) {
        let names = [
            "X-ReadRateLimit-Limit", "X-ReadRateLimit-Usage", "X-RateLimit-Limit", "X-RateLimit-Remaining",
            "X-RateLimit-Window", "RateLimit", "RateLimit-Policy", "Retry-After",
        ];
        let headers: Vec<_> = names.into_iter().zip(texts.iter().map(String::as_str)).collect();
        let quota = quota(provider);
        let heard = hear(&quota, &Answer { status, headers: &headers, body: None, now_ms: NOW_MS });
        let sound = |readings: &[Reading], windows: usize| readings.iter().all(|reading| {
            reading.window < windows
                && reading.limit.is_none_or(|limit| (1..=1_000_000_000).contains(&limit))
                && reading.used.is_none_or(|used| used <= 1_000_000_000)
        });
        prop_assert!(sound(&heard.app, quota.windows.len()));
        prop_assert!(sound(&heard.user, quota.user_windows.len()));
        prop_assert!(heard.retry_after_ms.is_none_or(|ms| ms <= WAIT_MS_MAX));
    }
}

//! What a forecast assumes, and within which bounds.

use std::collections::BTreeMap;

use lookback_domain::{OAuthApplication, PerDay, Provider, Resource};
use lookback_engine::forecast::{Assumed, CONNECTIONS_MAX};

use super::ForecastTeamDataPullPreferencesBody;
use super::figures::{ForecastQuota, ForecastRequest};
use crate::wire::{Configurable, Integer, Loc, Map, Number, Problems, Value, request};

request! {
    /// What is assumed until pulls run for real, by provider.
    pub struct ForecastAssumptions {
        /// Connections of each team, all of which pull their history. 100 where none are given. Those of
        /// all teams and providers together are at most 100,000.
        pub connections: Option<Map<Configurable, Integer>>,
        /// Connections of other teams on the shared OAuth application. None where none are given.
        pub other_connections: Option<Map<Configurable, Integer>>,
        /// Further connections of each team each day, up to 1,000, which pull the same. None where none are given.
        pub new_connections_per_day: Option<Map<Configurable, Integer>>,
        /// Whose OAuth application the teams use. Where nothing is given, each that has stored one uses its own.
        pub oauth_application: Option<Map<Configurable, OAuthApplication>>,
        /// Records a day, 0.001 to 100,000, in place of the catalog's assumption.
        pub records_per_day: Option<Map<Configurable, Map<Resource, Number>>>,
        /// Seconds between polls of a connection, 60 to 2,592,000, in place of the catalog's figure.
        pub poll_seconds: Option<Map<Configurable, Integer>>,
        /// What each OAuth application may spend, in place of the catalog's quota and of any that was set.
        pub quota: Option<Map<Configurable, ForecastQuota>>,
        /// How history is asked for. Each stands in place of the catalog's requests for exactly the same resources.
        pub request: Option<Map<Configurable, Vec<ForecastRequest>>>,
    }
}

/// Connections where none are given.
const CONNECTIONS: u32 = 100;
/// Most that can come each day.
const NEW_MAX: u32 = 1_000;
/// Least and most seconds between polls.
const POLL_SECONDS: [u32; 2] = [60, 2_592_000];

/// What is assumed of each provider named; figures outside of their bounds go to `problems`.
pub fn assumed(
    body: &ForecastTeamDataPullPreferencesBody,
    problems: &mut Problems,
) -> BTreeMap<Provider, Assumed> {
    let root = Loc::root("body");
    let loc = root.key("assume");
    let given = body.assume.as_ref();
    let counts = |of: fn(&ForecastAssumptions) -> &Option<Map<Configurable, Integer>>| {
        given.and_then(|assume| of(assume).as_ref())
    };
    let mut within =
        |key: &'static str, given: Option<&Map<Configurable, Integer>>, [least, most]: [u32; 2]| {
            let loc = loc.key(key);
            let mut read = BTreeMap::new();
            for (&Configurable(provider), count) in given.into_iter().flatten() {
                let loc = loc.key(provider.as_str());
                read.extend(bounded(count, least, most, &loc, problems).map(|count| (provider, count)));
            }
            read
        };
    let connections = within("connections", counts(|assume| &assume.connections), [0, CONNECTIONS_MAX]);
    let others =
        within("other_connections", counts(|assume| &assume.other_connections), [0, CONNECTIONS_MAX]);
    let new =
        within("new_connections_per_day", counts(|assume| &assume.new_connections_per_day), [0, NEW_MAX]);
    let polls = within("poll_seconds", counts(|assume| &assume.poll_seconds), POLL_SECONDS);
    let applications = given.and_then(|assume| assume.oauth_application.as_ref());
    let mut rates = rates(given, &loc, problems);

    let teams = body.team_ids.iter().collect::<std::collections::HashSet<_>>().len() as u64;
    let mut all = 0;
    let one = |&Configurable(provider): &Configurable| {
        let application = applications.and_then(|of| of.get(&Configurable(provider))).copied();
        let assumed = Assumed {
            connections: connections.get(&provider).copied().unwrap_or(CONNECTIONS),
            other_connections: others.get(&provider).copied().unwrap_or(0),
            new_connections_per_day: new.get(&provider).copied().unwrap_or(0),
            application,
            records_per_day: rates.remove(&provider).unwrap_or_default(),
            poll_seconds: polls.get(&provider).copied(),
        };
        all += u64::from(assumed.connections) * teams + u64::from(assumed.other_connections);
        if all > u64::from(CONNECTIONS_MAX) {
            let (loc, input) = (loc.key("connections"), Value::Integer(all.into()));
            let said = format!(
                "at most {CONNECTIONS_MAX} connections of all teams and providers together can be forecast at once"
            );
            problems.add_with(
                "less_than_equal",
                &loc.key(provider.as_str()),
                said,
                &input,
                ("le", CONNECTIONS_MAX),
            );
        }
        (provider, assumed)
    };
    body.providers.keys().map(one).collect()
}

fn rates(
    given: Option<&ForecastAssumptions>,
    loc: &Loc<'_>,
    problems: &mut Problems,
) -> BTreeMap<Provider, BTreeMap<Resource, PerDay>> {
    let loc = loc.key("records_per_day");
    let mut read: BTreeMap<Provider, BTreeMap<Resource, PerDay>> = BTreeMap::new();
    for (&Configurable(provider), rates) in
        given.and_then(|assume| assume.records_per_day.as_ref()).into_iter().flatten()
    {
        let loc = loc.key(provider.as_str());
        for (&resource, rate) in rates {
            match PerDay::try_from(rate.0) {
                Ok(rate) => {
                    read.entry(provider).or_default().insert(resource, rate);
                }
                Err(wrong) => {
                    problems.add(
                        "value_error",
                        &loc.key(resource.as_str()),
                        wrong.to_string(),
                        &rate.to_value(),
                    );
                }
            }
        }
    }
    read
}

pub(super) fn bounded(
    count: &Integer,
    least: u32,
    most: u32,
    loc: &Loc<'_>,
    problems: &mut Problems,
) -> Option<u32> {
    let (asked, input) = (count.saturating(), count.to_value());
    if asked < i64::from(least) {
        let said = format!("Input should be greater than or equal to {least}");
        problems.add_with("greater_than_equal", loc, said, &input, ("ge", least));
        None
    } else if asked > i64::from(most) {
        let said = format!("Input should be less than or equal to {most}");
        problems.add_with("less_than_equal", loc, said, &input, ("le", most));
        None
    } else {
        u32::try_from(asked).ok()
    }
}

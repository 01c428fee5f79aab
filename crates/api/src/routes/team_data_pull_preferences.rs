//! `/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}`: what the methods have in common.

pub mod delete;
pub mod forecast;
pub mod get;
pub mod page;
pub mod post;
pub mod resolve;

#[cfg(test)]
mod reference_tests;

use std::sync::OnceLock;

use lookback_domain::{
    Catalog, Days, Environment, OrgId, Preference, Provider, Region, Resource, Rule, Setting, TeamId,
};
use lookback_store::{Scope, Selection, TeamPreferences};

use super::cursor::Fingerprint;
use crate::wire::{Entries, Problems, Written, model, request};
use crate::{App, Caller, Error};

request! { path
    /// Whose preferences, in which environment and region.
    pub struct ScopePath {
        /// The organisation; it has to be the key's own.
        pub org_id: OrgId,
        /// Which half of each team.
        pub env: Environment,
        /// Only teams that live here are seen.
        pub region: Region,
    }
}

impl ScopePath {
    /// The scope, where the caller may manage it.
    pub fn scope(&self, caller: &Caller) -> Result<Scope, Error> {
        caller.scope(self.org_id, self.region, self.env)
    }
}

model! {
    /// The preferences of some teams.
    pub struct TeamDataPullPreferencesResponse {
        /// One entry a team.
        pub data_pull_preferences: Vec<TeamDataPullPreferencesWithLimit>,
        /// Where the next page begins; null where there is none.
        pub next_cursor: Option<String>,
    }
}

model! {
    /// The preferences of one team.
    pub struct TeamDataPullPreferencesWithLimit {
        /// The team.
        pub team_id: TeamId,
        /// By provider, whether a preference is stored or not.
        pub providers: Entries<Provider, Written<SingleProviderDataPullPreferencesWithLimit>>,
    }
}

model! {
    /// What stands for one provider.
    pub struct SingleProviderDataPullPreferencesWithLimit {
        /// For every resource without an override.
        pub default: DefaultConfigurationWithLimit,
        /// Resources with a figure of their own; null where there are none.
        pub resource_overrides: Option<Entries<Resource, SingleResourceOverrideWithLimit>>,
    }
}

model! {
    /// A default and the most it can be set to.
    pub struct DefaultConfigurationWithLimit {
        /// Days, 0 to 365.
        pub historical_days_to_pull: Days,
        /// Days, 0 to 365.
        pub historical_days_to_pull_limit: Days,
    }
}

model! {
    /// An override and the most it can be set to.
    pub struct SingleResourceOverrideWithLimit {
        /// Days, 0 to 365.
        pub historical_days_to_pull: Days,
        /// Days, 0 to 365.
        pub historical_days_to_pull_limit: Days,
    }
}

/// What is shown of each provider where a team has stored nothing, in the order of [`Provider::ALL`]. A constant of
/// the program, as the catalog is, and most of any answer.
static UNSET: OnceLock<Vec<Written<SingleProviderDataPullPreferencesWithLimit>>> = OnceLock::new();

fn unset(catalog: &Catalog) -> &'static [Written<SingleProviderDataPullPreferencesWithLimit>] {
    UNSET.get_or_init(|| {
        Provider::ALL.iter().map(|&provider| Written::new(&show(catalog.rule(provider), None))).collect()
    })
}

/// What the entry of a team with so many overrides takes at most, all providers shown.
fn entry_bytes(catalog: &Catalog, overrides: usize) -> usize {
    // The names, the digits of a figure that is longer than the default one, and the marks between them.
    const TEAM: usize = 80;
    const PROVIDER: usize = 12;
    const OVERRIDE: usize = 80;
    let named =
        |&provider: &Provider| PROVIDER + provider.as_str().len() + unset(catalog)[provider as usize].bytes();
    let longest = Resource::ALL.iter().map(|resource| resource.as_str().len()).max().unwrap_or(0);
    TEAM + Provider::CONFIGURABLE.iter().map(named).sum::<usize>() + overrides * (OVERRIDE + longest)
}

/// The entry of one team, with these providers.
fn entry(
    catalog: &Catalog,
    stored: &TeamPreferences,
    providers: &[Provider],
) -> TeamDataPullPreferencesWithLimit {
    let unset = unset(catalog);
    let entry = |&provider: &Provider| match stored.providers.get(&provider) {
        Some(preference) => (provider, Written::new(&show(catalog.rule(provider), Some(preference)))),
        None => (provider, unset[provider as usize].shared()),
    };
    TeamDataPullPreferencesWithLimit {
        team_id: stored.team_id,
        providers: Entries(providers.iter().map(entry).collect()),
    }
}

/// What is shown of a provider with this rule.
fn show(rule: &Rule, stored: Option<&Preference>) -> SingleProviderDataPullPreferencesWithLimit {
    let settings = rule.settings(stored);
    let Setting { days, limit } = settings.default;
    let default =
        DefaultConfigurationWithLimit { historical_days_to_pull: days, historical_days_to_pull_limit: limit };
    let overrides = settings.overrides.into_iter().map(|(resource, Setting { days, limit })| {
        let shown = SingleResourceOverrideWithLimit {
            historical_days_to_pull: days,
            historical_days_to_pull_limit: limit,
        };
        (resource, shown)
    });
    let overrides: Vec<_> = overrides.collect();
    let resource_overrides = (!overrides.is_empty()).then_some(Entries(overrides));
    SingleProviderDataPullPreferencesWithLimit { default, resource_overrides }
}

/// The fingerprint of a query in a scope; `listing` tells the endpoints apart.
pub fn fingerprint(listing: &str, scope: &Scope, query: impl serde::Serialize) -> Fingerprint {
    let Scope { org_id, region, environment, .. } = scope;
    Fingerprint::of((listing, org_id, region, environment, query))
}

/// Answers our own rules, which come after the question whether the teams named are there.
pub async fn refuse(app: &App, scope: &Scope, teams: &[TeamId], problems: Problems) -> Result<(), Error> {
    if !problems.is_empty() && !teams.is_empty() {
        app.store.preferences(scope, Selection::Teams(teams)).await?;
    }
    Error::check(problems)
}

/// The members of `all` that were asked for, in the order of `all`; every one where none was.
fn chosen<T: Copy + PartialEq>(all: &[T], asked: &[T]) -> Vec<T> {
    if asked.is_empty() {
        all.to_vec()
    } else {
        all.iter().copied().filter(|one| asked.contains(one)).collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn there_is_room_for_an_entry_and_not_for_much_more() {
        let catalog = Catalog::bundled().unwrap();
        for resources in [&[][..], &Resource::ALL[..3], Resource::ALL] {
            let preference = |&provider: &Provider| {
                let most = catalog.rule(provider).settings(None).default.limit;
                let overrides = resources.iter().map(|&resource| (resource, most)).collect();
                (provider, Preference { default: most, overrides })
            };
            let providers = Provider::CONFIGURABLE.iter().map(preference).collect();
            let stored = TeamPreferences { team_id: TeamId(Uuid::max()), providers };
            let shown = entry(&catalog, &stored, Provider::CONFIGURABLE);
            let (room, takes) = (
                entry_bytes(&catalog, Provider::CONFIGURABLE.len() * resources.len()),
                serde_json::to_vec(&shown).unwrap().len(),
            );
            assert!((takes..takes * 3 / 2).contains(&room), "{}: {takes}, {room}", resources.len());
        }
    }
}

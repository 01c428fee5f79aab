//! What a team prefers for one provider, what the catalog lets it prefer, and how that is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Allowance, Days, Provider, Resource, Rule};

/// Days of history a team wants from one provider: a default, and overrides per resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Preference {
    /// For every resource that is not overridden.
    pub default: Days,
    /// For single resources.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub overrides: BTreeMap<Resource, Days>,
}

/// That more is asked for than a provider's default, which makes pulls longer and rate limits tighter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised {
    /// The most that is asked for, as the default or for a resource.
    pub days: Days,
    /// What would be pulled had nothing been asked for.
    pub default: Days,
}

/// Why a number of days cannot be preferred. The text tells a person what can.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Fewer than no days.
    #[error("{subject}: days of history to pull cannot be negative; 0 pulls none")]
    Negative {
        /// What was asked about, such as `oura` or `sleep of oura`.
        subject: String,
    },
    /// More than the limit.
    #[error("{subject}: at most {} of history can be pulled, since {reason}", .limit.spoken())]
    AboveLimit {
        /// What was asked about.
        subject: String,
        /// The most that can be asked for.
        limit: Days,
        /// Why, as the end of a sentence.
        reason: String,
    },
    /// Another figure than the fixed one.
    #[error("{subject}: {days} days of history are pulled and no other number can be set, since {reason}")]
    Fixed {
        /// What was asked about.
        subject: String,
        /// The fixed figure.
        days: Days,
        /// Why, as the end of a sentence.
        reason: String,
    },
}

/// A number of days as it stands, with the most it could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Days of history to pull.
    pub days: Days,
    /// The most that can be asked for.
    pub limit: Days,
}

/// What an answer shows for one provider of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// For every resource that is not listed.
    pub default: Setting,
    /// Resources with a figure of their own: set by the team, or always listed by the rule.
    pub overrides: BTreeMap<Resource, Setting>,
}

impl Rule {
    /// Whether `asked` days can be preferred for `resource` of `provider`, or as its default.
    pub fn admit(&self, provider: Provider, resource: Option<Resource>, asked: i64) -> Result<Days, Refusal> {
        let subject = || match resource {
            Some(resource) => format!("{resource} of {provider}"),
            None => provider.to_string(),
        };
        if asked < 0 {
            return Err(Refusal::Negative { subject: subject() });
        }
        let allowance = self.allowance(resource);
        let days = Days::try_from(asked).ok().filter(|&days| days <= allowance.limit());
        match (allowance, days) {
            (Allowance::UpTo(_), Some(days)) => Ok(days),
            (Allowance::Exactly(fixed, _), Some(days)) if days == fixed => Ok(days),
            (Allowance::Exactly(days, reason), Some(_)) => {
                Err(Refusal::Fixed { subject: subject(), days, reason: reason.to_owned() })
            }
            (Allowance::Exactly(limit, reason), None) => {
                Err(Refusal::AboveLimit { subject: subject(), limit, reason: reason.to_owned() })
            }
            (Allowance::UpTo(limit), None) => {
                let reason = "that is the configurable maximum".to_owned();
                Err(Refusal::AboveLimit { subject: subject(), limit, reason })
            }
        }
    }

    /// Whether `preference` asks for more than the default. A resource's fixed figure is not asked for.
    pub fn raised(&self, preference: &Preference) -> Option<Raised> {
        let asked = |(&resource, &days): (&Resource, &Days)| {
            matches!(self.allowance(Some(resource)), Allowance::UpTo(_)).then_some(days)
        };
        let days = preference.overrides.iter().filter_map(asked).chain([preference.default]).max()?;
        let default = self.history.default.days;
        (days > default).then_some(Raised { days, default })
    }

    /// What an answer shows where `stored` was preferred. Whatever it shows, [`Rule::admit`] accepts.
    pub fn settings(&self, stored: Option<&Preference>) -> Settings {
        let show = |resource: Option<Resource>, days: Days| {
            let allowance = self.allowance(resource);
            Setting { days: allowance.apply(days), limit: allowance.limit() }
        };
        let default = stored.map_or(self.history.default.days, |preference| preference.default);
        let listed = self.listed_resources().map(|resource| (resource, show(Some(resource), Days::ZERO)));
        let set = stored.into_iter().flat_map(|preference| &preference.overrides);
        let set = set.map(|(&resource, &days)| (resource, show(Some(resource), days)));
        Settings { default: show(None, default), overrides: listed.chain(set).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalog;

    fn admit(provider: Provider, resource: Option<Resource>, asked: i64) -> Result<Days, String> {
        let catalog = Catalog::bundled().unwrap();
        catalog.rule(provider).admit(provider, resource, asked).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn anything_up_to_the_limit_can_be_preferred_where_it_is_configurable() {
        for days in [0, 1, 365] {
            assert_eq!(admit(Provider::Oura, None, days).map(i64::from), Ok(days));
            assert_eq!(admit(Provider::Oura, Some(Resource::Sleep), days).map(i64::from), Ok(days));
        }
    }

    #[test]
    fn a_refusal_names_provider_resource_limit_and_reason() {
        let said = |provider, resource, asked| admit(provider, resource, asked).unwrap_err();
        assert_eq!(
            said(Provider::Oura, Some(Resource::Sleep), 366),
            "sleep of oura: at most 365 days of history can be pulled, since that is the configurable maximum"
        );
        assert_eq!(
            said(Provider::Fitbit, Some(Resource::Heartrate), 15),
            "heartrate of fitbit: at most 14 days of history can be pulled, since activity and heart-rate \
             timeseries are fixed to 14 days"
        );
        assert_eq!(
            said(Provider::AbbottLibreview, None, 30),
            "abbott_libreview: 90 days of history are pulled and no other number can be set, since its history is \
             not configurable"
        );
        assert_eq!(
            said(Provider::Polar, Some(Resource::Activity), 28),
            "activity of polar: at most 0 days of history can be pulled, since only sleep and sleep_stream can be \
             backfilled"
        );
        assert_eq!(
            said(Provider::Oura, None, -1),
            "oura: days of history to pull cannot be negative; 0 pulls none"
        );
        assert!(said(Provider::Oura, None, i64::MAX).contains("at most 365"));
    }

    #[test]
    fn more_than_the_default_is_raised_as_a_default_or_for_a_resource() {
        let catalog = Catalog::bundled().unwrap();
        let raised = |provider, default: i64, overrides: &[(Resource, i64)]| {
            let days = |n: i64| Days::try_from(n).unwrap();
            let overrides = overrides.iter().map(|&(resource, n)| (resource, days(n))).collect();
            let raised = catalog.rule(provider).raised(&Preference { default: days(default), overrides });
            raised.map(|raised| (i64::from(raised.days), i64::from(raised.default)))
        };
        assert_eq!(raised(Provider::Strava, 14, &[(Resource::Workouts, 14)]), None);
        assert_eq!(raised(Provider::Strava, 15, &[(Resource::Workouts, 0)]), Some((15, 14)));
        assert_eq!(raised(Provider::Strava, 0, &[(Resource::Workouts, 365)]), Some((365, 14)));
        assert_eq!(raised(Provider::AppleHealthKit, 30, &[(Resource::Steps, 31)]), Some((31, 30)));
        assert_eq!(raised(Provider::Polar, 28, &[(Resource::Steps, 0)]), None);
        assert_eq!(raised(Provider::Fitbit, 14, &[(Resource::Heartrate, 14)]), None);
    }

    #[test]
    fn what_is_shown_can_always_be_sent_back() {
        let catalog = Catalog::bundled().unwrap();
        let everything = Resource::ALL.iter().map(|&resource| (resource, Days::MAX)).collect();
        let stored = [
            None,
            Some(Preference { default: Days::MAX, overrides: BTreeMap::new() }),
            Some(Preference { default: Days::ZERO, overrides: everything }),
        ];
        for &provider in Provider::ALL {
            let rule = catalog.rule(provider);
            for preference in &stored {
                let shown = rule.settings(preference.as_ref());
                let back = |resource, setting: Setting| rule.admit(provider, resource, setting.days.into());
                assert_eq!(back(None, shown.default), Ok(shown.default.days), "{provider}");
                for (&resource, &setting) in &shown.overrides {
                    assert_eq!(back(Some(resource), setting), Ok(setting.days), "{provider} {resource}");
                }
            }
        }
    }

    #[test]
    fn fitbits_five_timeseries_are_always_listed_and_polars_resources_never() {
        let catalog = Catalog::bundled().unwrap();
        let listed = |provider: Provider| {
            catalog.rule(provider).settings(None).overrides.into_keys().collect::<Vec<_>>()
        };
        use Resource::{CaloriesActive, Distance, FloorsClimbed, Heartrate, Steps};
        assert_eq!(listed(Provider::Fitbit), [Heartrate, Steps, CaloriesActive, Distance, FloorsClimbed]);
        assert_eq!(listed(Provider::Polar), []);
    }
}

//! How what a team has stored in one of its environments stands in a column, in every store.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lookback_domain::{Days, Preference, Provider, Resource};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// By provider, each with when it was set last.
///
/// As JSON: `{"oura": {"default": 120, "overrides": {"sleep": 180}, "updated_at_us": …}, …}`, times in microseconds
/// since 1970. Where there is nothing a column has no value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept(pub BTreeMap<Provider, (Preference, Timestamp)>);

impl Kept {
    /// Without the times.
    pub fn preferences(&self) -> BTreeMap<Provider, Preference> {
        self.0.iter().map(|(&provider, (preference, _))| (provider, preference.clone())).collect()
    }

    /// Replaces these as a whole, where they are not as they are asked for. Says whether any was.
    pub fn set(&mut self, changes: &BTreeMap<Provider, Preference>, at: Timestamp) -> bool {
        let mut is_changed = false;
        for (&provider, preference) in changes {
            if self.0.get(&provider).is_none_or(|(kept, _)| kept != preference) {
                self.0.insert(provider, (preference.clone(), at));
                is_changed = true;
            }
        }
        is_changed
    }

    /// Takes those out that `is_meant` says, and answers them.
    pub fn take(&mut self, is_meant: impl Fn(Provider) -> bool) -> BTreeMap<Provider, Preference> {
        let taken = self.0.extract_if(.., |&provider, _| is_meant(provider));
        taken.map(|(provider, (preference, _))| (provider, preference)).collect()
    }
}

#[derive(Serialize, Deserialize)]
struct Entry {
    default: Days,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    overrides: BTreeMap<Resource, Days>,
    /// For whoever looks into the database, and for moving house.
    updated_at_us: i64,
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = BTreeMap::<Provider, Entry>::deserialize(deserializer)?;
        let kept = |(provider, Entry { default, overrides, updated_at_us })| {
            let at = Timestamp::from_microsecond(updated_at_us).map_err(de::Error::custom)?;
            Ok((provider, (Preference { default, overrides }, at)))
        };
        entries.into_iter().map(kept).collect::<Result<_, _>>().map(Self)
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(provider, (preference, at))| {
            let Preference { default, overrides } = preference.clone();
            (provider, Entry { default, overrides, updated_at_us: at.as_microsecond() })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let json = r#"{"oura":{"default":120,"overrides":{"sleep":180},"updated_at_us":5},"polar":{"default":0,"updated_at_us":6}}"#;
        let kept: Kept = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&kept).unwrap(), json);
        for (unknown, fault) in [
            (
                r#"{"pigeon_post": {"default": 9, "updated_at_us": 0}}"#,
                "`pigeon_post` is not a known provider",
            ),
            (r#"{"oura": {"default": 366, "updated_at_us": 0}}"#, "366 is not between 0 and 365 days"),
        ] {
            assert!(serde_json::from_str::<Kept>(unknown).unwrap_err().to_string().contains(fault));
        }
    }

    #[test]
    fn what_is_set_again_as_it_is_keeps_its_time() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let days = |days| Preference { default: Days::try_from(days).unwrap(), overrides: BTreeMap::new() };
        let mut kept = Kept::default();
        assert!(kept.set(&[(Provider::Oura, days(1)), (Provider::Polar, days(2))].into(), at(1)));
        assert!(!kept.set(&[(Provider::Oura, days(1))].into(), at(2)));
        assert!(kept.set(&[(Provider::Oura, days(1)), (Provider::Polar, days(3))].into(), at(3)));
        let times = |kept: &Kept| kept.0.values().map(|(_, at)| *at).collect::<Vec<_>>();
        assert_eq!(times(&kept), [at(1), at(3)]);
        assert_eq!(kept.take(|provider| provider == Provider::Oura), [(Provider::Oura, days(1))].into());
        assert_eq!(times(&kept), [at(3)]);
    }
}

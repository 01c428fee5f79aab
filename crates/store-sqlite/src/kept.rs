//! How what a team has stored in an environment stands in its column.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lookback_domain::{Days, Preference, Provider, Resource};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize};

/// By provider, each with when it was set. Nothing at all is no value.
pub(crate) struct Kept(pub(crate) BTreeMap<Provider, (Preference, Timestamp)>);

impl Kept {
    /// Without the times.
    pub(crate) fn preferences(&self) -> BTreeMap<Provider, Preference> {
        self.0.iter().map(|(&provider, (preference, _))| (provider, preference.clone())).collect()
    }

    /// Without the times.
    pub(crate) fn into_preferences(self) -> BTreeMap<Provider, Preference> {
        self.0.into_iter().map(|(provider, (preference, _))| (provider, preference)).collect()
    }
}

/// An entry of the column.
#[derive(Serialize, Deserialize)]
struct Entry {
    default: Days,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    overrides: BTreeMap<Resource, Days>,
    /// For whoever looks into the file, and for moving house.
    updated_at_us: i64,
}

impl FromSql for Kept {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let Some(json) = value.as_str_or_null()? else { return Ok(Self(BTreeMap::new())) };
        let entries: BTreeMap<Provider, Entry> = serde_json::from_str(json).map_err(FromSqlError::other)?;
        let kept = |(provider, Entry { default, overrides, updated_at_us })| {
            let at = Timestamp::from_microsecond(updated_at_us).map_err(FromSqlError::other)?;
            Ok((provider, (Preference { default, overrides }, at)))
        };
        entries.into_iter().map(kept).collect::<FromSqlResult<_>>().map(Self)
    }
}

impl ToSql for Kept {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        if self.0.is_empty() {
            return Ok(ToSqlOutput::Borrowed(ValueRef::Null));
        }
        let entry = |(provider, (preference, at)): (&Provider, &(Preference, Timestamp))| {
            let Preference { default, overrides } = preference.clone();
            (*provider, Entry { default, overrides, updated_at_us: at.as_microsecond() })
        };
        let entries: BTreeMap<_, _> = self.0.iter().map(entry).collect();
        let json = serde_json::to_string(&entries);
        json.map(ToSqlOutput::from).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }
}

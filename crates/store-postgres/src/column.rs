//! How values stand in columns. What a column holds that we do not know is an error, never a panic: it may be from a
//! newer version.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::Timestamp;
use lookback_domain::{Days, Resource};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::failure::{Failure, Outcome};

/// The first id that a page may hold: what follows this one, or the least of all. Nothing follows the greatest.
pub(crate) fn first_after(after: Option<Uuid>) -> Option<Uuid> {
    after.map_or(Some(Uuid::nil()), |id| id.as_u128().checked_add(1).map(Uuid::from_u128))
}

/// How many rows at most.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A moment as microseconds since 1970 in UTC.
pub(crate) fn time(row: &Row, column: usize) -> Outcome<Timestamp> {
    Timestamp::from_microsecond(row.try_get(column)?).map_err(unreadable)
}

/// A member of a closed set by its name on the wire.
pub(crate) fn slug<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(name: &str) -> Outcome<T> {
    name.parse().map_err(unreadable)
}

/// 0 to 365 days.
pub(crate) fn days(row: &Row, column: usize) -> Outcome<Days> {
    Days::try_from(i64::from(row.try_get::<_, i16>(column)?)).map_err(unreadable)
}

/// Days by resource from JSON; no value is none at all.
pub(crate) fn overrides(row: &Row, column: usize) -> Outcome<BTreeMap<Resource, Days>> {
    match row.try_get::<_, Option<&str>>(column)? {
        Some(json) => serde_json::from_str(json).map_err(unreadable),
        None => Ok(BTreeMap::new()),
    }
}

/// The way back.
pub(crate) fn overrides_column(overrides: &BTreeMap<Resource, Days>) -> Option<String> {
    let json = || serde_json::to_string(overrides).expect("slugs and numbers are JSON");
    (!overrides.is_empty()).then(json)
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::Unreadable(Box::new(error))
}

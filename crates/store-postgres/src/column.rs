//! How values stand in columns. What a column holds that we do not know is an error, never a panic: it may be from a
//! newer version.

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::Timestamp;
use lookback_domain::KeyId;
use lookback_store::Actor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::failure::{Failure, Outcome};

/// The first id that a page may hold: what follows this one, or the least of all. Nothing follows the greatest.
pub(crate) fn first_after(after: Option<Uuid>) -> Option<Uuid> {
    after.map_or(Some(Uuid::nil()), |id| id.as_u128().checked_add(1).map(Uuid::from_u128))
}

/// The ids that stand in the first column.
pub(crate) fn ids_of(rows: &[Row]) -> Outcome<BTreeSet<Uuid>> {
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// How many rows at most.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A moment as microseconds since 1970 in UTC.
pub(crate) fn time(row: &Row, column: usize) -> Outcome<Timestamp> {
    Timestamp::from_microsecond(row.try_get(column)?).map_err(unreadable)
}

/// The same where there may be none.
pub(crate) fn time_or_none(row: &Row, column: usize) -> Outcome<Option<Timestamp>> {
    let us = row.try_get::<_, Option<i64>>(column)?;
    us.map(Timestamp::from_microsecond).transpose().map_err(unreadable)
}

/// Who did something: a management key's id, or no value for the command line.
pub(crate) fn actor(row: &Row, column: usize) -> Outcome<Actor> {
    let key = row.try_get::<_, Option<Uuid>>(column)?;
    Ok(key.map_or(Actor::CommandLine, |id| Actor::Key(KeyId(id))))
}

/// The way back.
pub(crate) fn actor_column(actor: Actor) -> Option<Uuid> {
    match actor {
        Actor::Key(KeyId(id)) => Some(id),
        Actor::CommandLine => None,
    }
}

/// Any value as JSON, where there may be none.
pub(crate) fn json<T: DeserializeOwned>(row: &Row, column: usize) -> Outcome<Option<T>> {
    let text = row.try_get::<_, Option<&str>>(column)?;
    text.map(serde_json::from_str).transpose().map_err(unreadable)
}

/// The way back.
pub(crate) fn json_column<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("what is kept has text keys, which is all that JSON asks for")
}

/// So many bytes, where there may be none.
pub(crate) fn bytes<const N: usize>(row: &Row, column: usize) -> Outcome<Option<[u8; N]>> {
    let bytes = row.try_get::<_, Option<&[u8]>>(column)?;
    bytes.map(<[u8; N]>::try_from).transpose().map_err(unreadable)
}

/// A member of a closed set by its name on the wire.
pub(crate) fn slug<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(name: &str) -> Outcome<T> {
    name.parse().map_err(unreadable)
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::Unreadable(Box::new(error))
}

//! How values stand in columns. What a column holds that we do not know is an error, never a panic: it may
//! be from a newer version.

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::Timestamp;
use lookback_domain::{KeyId, TeamId};
use lookback_store::{Actor, Kept};
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// A UUID as its 16 bytes, which sort as the UUIDs do.
pub(crate) struct Id(pub(crate) Uuid);

impl ToSql for Id {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
    }
}

impl FromSql for Id {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 16]>::column_result(value).map(|bytes| Self(Uuid::from_bytes(bytes)))
    }
}

/// The number that a team's row stands under unless another team has it, which is rare: the first 48 bits of the
/// id, which tell its time in milliseconds, and the last 15, which are random (RFC 9562, version 7). So rows stand
/// in the order of their ids, and new ones at the end.
#[derive(Clone, Copy)]
pub(crate) struct ClusterKey(pub(crate) i64);

impl ClusterKey {
    pub(crate) fn of(id: Uuid) -> Self {
        let (time, random) = (id.as_u128() >> 80, id.as_u128() & 0x7fff);
        Self((time << 15 | random) as i64)
    }
}

impl ToSql for ClusterKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for ClusterKey {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self)
    }
}

/// Where a page begins: after this id, or before all of them, as an empty blob is.
pub(crate) struct After(pub(crate) Option<Uuid>);

impl ToSql for After {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_ref().map_or(&[], |id| id.as_bytes()))))
    }
}

/// How many rows at most.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A moment as microseconds since 1970 in UTC.
pub(crate) struct Time(pub(crate) Timestamp);

impl ToSql for Time {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_microsecond().into())
    }
}

impl FromSql for Time {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Timestamp::from_microsecond(value.as_i64()?).map(Self).map_err(FromSqlError::other)
    }
}

/// A member of a closed set as its name on the wire.
pub(crate) struct Slug<T>(pub(crate) T);

impl<T: FromStr<Err: std::error::Error + Send + Sync + 'static>> FromSql for Slug<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Self).map_err(FromSqlError::other)
    }
}

/// Who did something: a management key's id, or no value for the command line.
pub(crate) struct Who(pub(crate) Actor);

impl ToSql for Who {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match &self.0 {
            Actor::Key(KeyId(id)) => ValueRef::Blob(id.as_bytes()),
            Actor::CommandLine => ValueRef::Null,
        }))
    }
}

impl FromSql for Who {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let key = Option::<Id>::column_result(value)?;
        Ok(Self(key.map_or(Actor::CommandLine, |Id(id)| Actor::Key(KeyId(id)))))
    }
}

/// A set of teams as a text of their ids in hexadecimal, with commas between; none is no value.
pub(crate) struct Teams(pub(crate) BTreeSet<TeamId>);

impl FromSql for Teams {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        // Written out by `group_concat`, which knows texts only.
        let Some(text) = value.as_str_or_null()? else { return Ok(Self(BTreeSet::new())) };
        let id = |text: &str| text.parse().map_err(FromSqlError::other);
        text.split(',').map(id).collect::<Result<_, _>>().map(Self)
    }
}

/// What a team has stored; no value is nothing.
pub(crate) fn kept(row: &Row<'_>, column: usize) -> rusqlite::Result<Kept> {
    Ok(row.get::<_, Option<Json<Kept>>>(column)?.map_or_else(Kept::default, |Json(kept)| kept))
}

/// Any value as JSON.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let json = serde_json::to_string(&self.0);
        json.map(ToSqlOutput::from).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

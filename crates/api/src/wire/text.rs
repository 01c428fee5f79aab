//! Strings, and what is written as one.

use jiff::{Timestamp, civil::Date};
use lookback_domain::{CredentialId, KeyId, OrgId, TeamId};
use uuid::Uuid;

use super::{Loc, Problems, Read, Value};

impl Read for String {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        match value {
            Value::String(text) => Some(text.clone()),
            _ => {
                problems.add("string_type", loc, "Input should be a valid string", value);
                None
            }
        }
    }
}

impl Read for Uuid {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        let Value::String(text) = value else {
            let message = "UUID input should be a string, bytes or UUID object";
            problems.add("uuid_type", loc, message, value);
            return None;
        };
        match Uuid::parse_str(text) {
            Ok(uuid) => Some(uuid),
            Err(error) => {
                let error = error.to_string();
                let message = format!("Input should be a valid UUID, {error}");
                problems.add_with("uuid_parsing", loc, message, value, ("error", error));
                None
            }
        }
    }
}

macro_rules! ids {
    ($($name:ident),+) => {$(
        impl Read for $name {
            fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
                Uuid::read(value, loc, problems).map(Self)
            }
        }
    )+};
}

ids!(OrgId, TeamId, KeyId, CredentialId);

impl Read for Timestamp {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        parsed(
            value,
            loc,
            problems,
            "datetime_from_date_parsing",
            "a time with its offset from UTC, such as 2026-11-23T20:07:00Z",
        )
    }
}

impl Read for Date {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        parsed(value, loc, problems, "date_from_datetime_parsing", "a date such as 2026-11-23")
    }
}

/// Times and dates stand only in our extensions, so their wording is our own.
fn parsed<T: std::str::FromStr>(
    value: &Value,
    loc: &Loc<'_>,
    problems: &mut Problems,
    kind: &'static str,
    expected: &'static str,
) -> Option<T> {
    let parsed = if let Value::String(text) = value { text.parse().ok() } else { None };
    if parsed.is_none() {
        problems.add_with(kind, loc, format!("Input should be {expected}"), value, ("expected", expected));
    }
    parsed
}

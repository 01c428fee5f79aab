//! Strings, and what is written as one.

use jiff::civil::Date;
use jiff::{Timestamp, fmt::temporal::Pieces};
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
        let expected = if is_too_late(value) { LATEST } else { TIME };
        parsed(value, loc, problems, "datetime_from_date_parsing", expected)
    }
}

const TIME: &str = "a time with its offset from UTC, such as 2026-11-23T20:07:00Z";

/// As late as can be: a day before the end of the last year, so that it can be told with any offset.
const LATEST: &str = "a time no later than 9999-12-30T22:00:00Z";

/// Whether something is written as a time and is none since it comes after the latest.
fn is_too_late(value: &Value) -> bool {
    let Value::String(text) = value else { return false };
    let Ok(pieces) = Pieces::parse(text) else { return false };
    let is_whole = pieces.time().is_some() && pieces.offset().is_some();
    is_whole && pieces.date() > Date::constant(9999, 12, 29) && text.parse::<Timestamp>().is_err()
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

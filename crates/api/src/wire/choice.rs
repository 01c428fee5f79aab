//! Strings out of a closed set.
//!
//! The contract writes them in two ways, and the reference answers each in its own: a set written inline is a
//! `Literal`, a named one an `Enum` class.

use std::str::FromStr;

use lookback_domain::{Environment, OAuthApplication, Provider, Region, Resource};
use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, ObjectBuilder, Schema, Type};

use super::{Describe, Loc, Problems, Read, Value};

/// A provider that a preference can be set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Configurable(pub Provider);

impl Describe for Configurable {
    fn schema() -> RefOr<Schema> {
        choice_schema(Provider::CONFIGURABLE.iter().map(|provider| provider.as_str())).into()
    }
}

impl Read for Configurable {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        read_literal(Provider::CONFIGURABLE, value, loc, problems).map(Self)
    }
}

/// Sets by how the contract writes them, or would.
macro_rules! choices {
    ($($read:ident: $($name:ty),+;)+) => {$($(
        impl Read for $name {
            fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
                $read(Self::ALL, value, loc, problems)
            }
        }
    )+)+};
}

choices! {
    read_literal: Region, OAuthApplication;
    read_enum: Environment, Provider, Resource;
}

/// The schema of a closed set of strings.
pub fn choice_schema(slugs: impl Iterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(slugs.map(|slug| json!(slug)))).build()
}

/// Reads a set that the contract writes inline.
pub fn read_literal<T>(members: &[T], value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<T>
where
    T: Copy + PartialEq + FromStr + Into<&'static str>,
{
    read("literal_error", members, value, loc, problems)
}

/// Reads a set that the contract names.
pub fn read_enum<T>(members: &[T], value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<T>
where
    T: Copy + PartialEq + FromStr + Into<&'static str>,
{
    read("enum", members, value, loc, problems)
}

fn read<T>(
    kind: &'static str,
    members: &[T],
    value: &Value,
    loc: &Loc<'_>,
    problems: &mut Problems,
) -> Option<T>
where
    T: Copy + PartialEq + FromStr + Into<&'static str>,
{
    if let Value::String(slug) = value
        && let Ok(member) = slug.parse::<T>()
        && members.contains(&member)
    {
        return Some(member);
    }
    let expected = expected(members);
    problems.add_with(kind, loc, format!("Input should be {expected}"), value, ("expected", expected));
    None
}

/// `'a', 'b' or 'c'`.
fn expected<T: Copy + Into<&'static str>>(members: &[T]) -> String {
    let quoted: Vec<_> = members.iter().map(|&member| format!("'{}'", member.into())).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

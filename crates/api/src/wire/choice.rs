//! Strings out of a closed set.
//!
//! The contract writes them in two ways, and the reference answers each in its own: a set written inline is a
//! `Literal`, a named one an `Enum` class.

use lookback_domain::{Environment, OAuthApplication, Provider, Region, Resource, Role, Unit, WindowKind};
use serde::{Serialize, Serializer};
use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, ObjectBuilder, Schema, Type};

use super::{Describe, Loc, Problems, Read, Value};

/// A provider that a preference can be set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Configurable(pub Provider);

impl Serialize for Configurable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

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
    read_literal: Region, Role, OAuthApplication;
    read_enum: Environment, Provider, Resource;
}

/// The schema of a closed set of strings.
pub fn choice_schema(slugs: impl Iterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(slugs.map(|slug| json!(slug)))).build()
}

/// Reads a set that the contract writes inline.
pub fn read_literal<T>(members: &[T], value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<T>
where
    T: Copy + Into<&'static str>,
{
    read("literal_error", members, value, loc, problems)
}

/// Reads a set that the contract names.
pub fn read_enum<T>(members: &[T], value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<T>
where
    T: Copy + Into<&'static str>,
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
    T: Copy + Into<&'static str>,
{
    if let Value::String(slug) = value
        && let Some(&member) = members.iter().find(|&&member| member.into() == slug)
    {
        return Some(member);
    }
    if problems.is_full() {
        return None;
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

/// Sets of Lookback's own, by their names on the wire.
macro_rules! own_choices {
    ($($name:ident { $($member:ident = $slug:literal,)+ })+) => {$(
        impl Slug for $name {
            const ALL: &'static [Self] = &[$(Self::$member,)+];

            fn slug(self) -> &'static str {
                match self { $(Self::$member => $slug,)+ }
            }
        }

        impl Read for $name {
            fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
                let slugs: Vec<_> = <Self as Slug>::ALL.iter().map(|member| member.slug()).collect();
                let slug = read_literal(&slugs, value, loc, problems)?;
                <Self as Slug>::ALL.iter().copied().find(|member| member.slug() == slug)
            }
        }

        impl Describe for $name {
            fn schema() -> RefOr<Schema> {
                choice_schema(<Self as Slug>::ALL.iter().map(|member| member.slug())).into()
            }
        }
    )+};
}

/// A member of a set that has a name on the wire.
trait Slug: Copy + 'static {
    const ALL: &'static [Self];

    fn slug(self) -> &'static str;
}

own_choices! {
    WindowKind {
        Aligned = "aligned",
        Anchored = "anchored",
        Log = "log",
        TwoCounter = "two_counter",
        Bucket = "bucket",
        Unknown = "unknown",
    }
    Unit { Requests = "requests", DaysOfData = "days_of_data", }
    QuotaBasis { Own = "own", Configuration = "configuration", Catalog = "catalog", }
}

/// Who says what an OAuth application may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaBasis {
    /// Somebody set it for this application.
    Own,
    /// The configuration says it of all of the provider's.
    Configuration,
    /// It is what the catalog says.
    Catalog,
}

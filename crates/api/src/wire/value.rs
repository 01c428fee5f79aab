//! A value as it came in, and reading it.

use indexmap::IndexMap;
use num_bigint::BigInt;
use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Loc, Problems};

/// A value as it came in: from a JSON body, or from a query or path, where everything is a string or a list of
/// strings. Errors echo it, so nothing of it may be lost.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without fraction and exponent, of any size.
    Integer(BigInt),
    /// Any other number; finite.
    Float(f64),
    /// A string.
    String(String),
    /// An array.
    List(Vec<Value>),
    /// An object. Of a repeated key the last value counts, at the place of the first.
    Map(IndexMap<String, Value>),
}

/// What stands in an error in place of a secret.
const REDACTED: &str = "**********";

impl Value {
    /// About how many bytes it is written in.
    pub fn bytes(&self) -> usize {
        let punctuation = 2;
        punctuation
            + match self {
                Self::Null | Self::Bool(_) => 4,
                Self::Float(_) => 8,
                Self::Integer(number) => usize::try_from(number.bits() / 3).unwrap_or(usize::MAX),
                Self::String(text) => text.len(),
                Self::List(items) => items.iter().map(Self::bytes).sum(),
                Self::Map(entries) => entries.iter().map(|(key, value)| key.len() + value.bytes()).sum(),
            }
    }

    /// Replaces the values of fields with these names, texts in which such a field may be written out, and all of it where
    /// it is itself the value of one.
    pub fn redact(&mut self, secrets: &[&str], is_secret: bool) {
        match self {
            Self::Null => {}
            Self::List(items) => items.iter_mut().for_each(|item| item.redact(secrets, is_secret)),
            Self::Map(entries) => {
                for (key, value) in entries {
                    value.redact(secrets, is_secret || secrets.contains(&key.as_str()));
                }
            }
            Self::String(text) if secrets.iter().any(|secret| text.contains(secret)) => {
                REDACTED.clone_into(text);
            }
            secret if is_secret => *secret = Self::String(REDACTED.to_owned()),
            _ => {}
        }
    }
}

/// A type that can be read from a request.
pub trait Read: Sized {
    /// Whether a query parameter of this type collects all its values; otherwise the last one counts.
    const REPEATED: bool = false;

    /// Fields whose values are never repeated in an error.
    const SECRETS: &'static [&'static str] = &[];

    /// Reads `value`, which stands at `loc`. Whatever is wrong with it goes to `problems`, and then the answer
    /// is `None`.
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self>;

    /// What an absent field means; `None` where the field is required.
    fn absent() -> Option<Self> {
        None
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => match i64::try_from(value) {
                Ok(value) => serializer.serialize_i64(value),
                Err(_) => {
                    RawValue::from_string(value.to_string()).map_err(S::Error::custom)?.serialize(serializer)
                }
            },
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::String(value) => serializer.serialize_str(value),
            Self::List(values) => serializer.collect_seq(values),
            Self::Map(entries) => {
                // The reference echoes no key that begins like this, wherever it stands.
                serializer.collect_map(entries.iter().filter(|(key, _)| !key.starts_with("_sa")))
            }
        }
    }
}
